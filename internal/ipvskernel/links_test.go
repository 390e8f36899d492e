package ipvskernel

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"halbd/internal/lab"
)

const keepalived = "/usr/sbin/keepalived"

// place is a kind of interface that VRRP runs on, and what its two hosts need for it.
type place struct {
	name    string
	setup   string // on each host; N is its number
	iface   string
	body    string // of the instance; N and M are this host's and the other's number
	carrier string // interface that has the virtual address in the end
	alone   bool   // keepalived 2.2.7 does not know it
}

var places = []place{
	{name: "VLAN", setup: "ip link add link eth0 name eth0.5 type vlan id 5; ip addr add 10.5.0.N/24 dev eth0.5; ip link set eth0.5 up", iface: "eth0.5", carrier: "eth0.5"},
	{name: "VMAC on a VLAN", setup: "ip link add link eth0 name eth0.5 type vlan id 5; ip addr add 10.5.0.N/24 dev eth0.5; ip link set eth0.5 up",
		iface: "eth0.5", body: "use_vmac", carrier: "vrrp.51"},
	{name: "macvlan", setup: "ip link add mv0 link eth0 type macvlan mode bridge; ip addr add 10.5.0.N/24 dev mv0; ip link set mv0 up", iface: "mv0", carrier: "mv0"},
	{name: "bond", setup: "ip link add bond0 type bond mode active-backup miimon 50; ip link set eth0 down; ip link set eth0 master bond0; ip addr add 10.5.0.N/24 dev bond0; ip link set bond0 up",
		iface: "bond0", carrier: "bond0"},
	{name: "VRF", setup: "ip link add red type vrf table 10; ip link set red up; ip link set eth0 master red; ip addr add 10.5.0.N/24 dev eth0", iface: "eth0", carrier: "eth0"},
	{name: "VMAC in a VRF", setup: "ip link add red type vrf table 10; ip link set red up; ip link set eth0 master red; ip addr add 10.5.0.N/24 dev eth0",
		iface: "eth0", body: "use_vmac", carrier: "vrrp.51"},
	{name: "ipvlan", setup: "ip addr add 10.5.0.N/24 dev eth0", iface: "eth0", body: "use_ipvlan 10.5.0.1N/24", carrier: "eth0"},
	{name: "unicast in a VRF", setup: "ip link add red type vrf table 10; ip link set red up; ip link set eth0 master red; ip addr add 10.5.0.N/24 dev eth0",
		body: "vrf red\n unicast_src_ip 10.5.0.N\n unicast_peer {\n 10.5.0.M\n }", carrier: "eth0", alone: true},
	{name: "unicast by any interface", setup: "ip addr add 10.5.0.N/24 dev eth0",
		body: "unicast_src_ip 10.5.0.N\n unicast_peer {\n 10.5.0.M\n }", carrier: "eth0", alone: true},
}

func (p *place) text(text string, host int) string {
	return strings.NewReplacer("N", fmt.Sprint(host), "M", fmt.Sprint(3-host)).Replace(text)
}

func (p *place) conf(host, priority int) string {
	where, dev := "", " dev eth0"
	if p.iface != "" {
		where, dev = " interface "+p.iface+"\n", ""
	}
	return fmt.Sprintf("vrrp_instance V {\n%s virtual_router_id 51\n priority %d\n advert_int 1\n %s\n virtual_ipaddress {\n  10.5.0.100/24%s\n }\n}\n",
		where, priority, p.text(p.body, host), dev)
}

// VRRP runs on every kind of interface: one master, who hands over when it
// stops and leaves nothing behind.
func TestVRRPOnLinks(t *testing.T) {
	for _, m := range []string{"ipvlan", "vrf", "8021q", "bonding", "macvlan"} {
		must(t, exec.Command("modprobe", m).Run())
	}
	halbd := os.Getenv(binary)
	for _, p := range places {
		pairs := [][2]string{{halbd, keepalived}, {keepalived, halbd}}
		switch {
		case p.alone:
			pairs = [][2]string{{halbd, halbd}}
		case p.body == "": // what differs is the link, not what is said on it
			pairs = pairs[:1]
		}
		for _, pair := range pairs {
			kind := map[string]string{halbd: "halbd", keepalived: "keepalived"}
			t.Run(fmt.Sprintf("%s, %s before %s", p.name, kind[pair[0]], kind[pair[1]]), func(t *testing.T) {
				t.Parallel()
				n := lab.New()
				t.Cleanup(n.Close)
				must(t, n.Bridge("sw"))
				for i, h := range []string{"a", "b"} {
					must(t, n.Add(h))
					must(t, n.Plug(h, "eth0", "sw"))
					_, err := n.Run(h, p.text(p.setup, i+1))
					must(t, err)
				}
				has := func(h string) bool {
					out, err := n.Run(h, "ip -o addr show dev "+p.carrier)
					return err == nil && strings.Contains(out, " 10.5.0.100/")
				}
				run := func(h, bin string, host, priority int) *lab.Proc {
					d, err := n.Daemon(h, bin, t.TempDir(), p.conf(host, priority))
					must(t, err)
					t.Cleanup(func() {
						if t.Failed() {
							t.Logf("log of %s on %s:\n%s", kind[bin], h, d.Log())
						}
					})
					return d
				}
				links, err := n.Run("a", "ip -o link show | wc -l")
				must(t, err)
				a := run("a", pair[0], 1, 150)
				wait(t, "a master", 12*time.Second, func() bool { return has("a") })
				b := run("b", pair[1], 2, 100)
				sniff, err := n.Sniff("sw", lab.Cable("a", "eth0"))
				must(t, err)
				defer sniff.Close()
				wait(t, "adverts of a", 12*time.Second, func() bool { return len(sniff.Frames()) >= 4 || strings.Contains(p.iface, ".") })
				if has("b") {
					t.Fatal("two masters")
				}
				must(t, a.Stop(8*time.Second))
				wait(t, "b master", 6*time.Second, func() bool { return has("b") })
				if has("a") {
					t.Error("the address is still on a")
				}
				if after, err := n.Run("a", "ip -o link show | wc -l"); err != nil || after != links {
					t.Errorf("a has %s links, and had %s", strings.TrimSpace(after), strings.TrimSpace(links))
				}
				must(t, b.Stop(8*time.Second))
			})
		}
	}
}

// wait fails the test when something does not happen in time.
func wait(t *testing.T, what string, limit time.Duration, cond func() bool) {
	t.Helper()
	if lab.Wait(limit, cond) != nil {
		t.Fatalf("within %v: not %s", limit, what)
	}
}
