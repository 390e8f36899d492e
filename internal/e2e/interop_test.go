package e2e

import (
	"strings"
	"testing"
	"time"

	"halbd/internal/lab"
)

// Each variant is a pair of one halbd and one keepalived: the better one is
// master, hands over when it stops, and takes the role back.
func TestInterop(t *testing.T) {
	for _, v := range []struct {
		name, global, body, vip string
		unicast                 bool
	}{
		{name: "v2", body: "virtual_ipaddress {\n 10.9.1.1/32\n }", vip: "10.9.1.1"},
		{name: "v2 PASS", body: "authentication {\n auth_type PASS\n auth_pass s3cret\n }\n virtual_ipaddress {\n 10.9.1.1/32\n }", vip: "10.9.1.1"},
		{name: "v2 AH", body: "authentication {\n auth_type AH\n auth_pass s3cret\n }\n virtual_ipaddress {\n 10.9.1.1/32\n }", vip: "10.9.1.1"},
		{name: "v2 AH unicast", body: "authentication {\n auth_type AH\n auth_pass s3cret\n }\n virtual_ipaddress {\n 10.9.1.1/32\n }", vip: "10.9.1.1", unicast: true},
		{name: "v3 strict", global: "vrrp_version 3\n vrrp_strict", body: "virtual_ipaddress {\n 10.9.1.1/32\n }", vip: "10.9.1.1"},
		{name: "v3 unicast, old checksum", global: "vrrp_version 3", body: "old_unicast_checksum\n virtual_ipaddress {\n 10.9.1.1/32\n }", vip: "10.9.1.1", unicast: true},
		{name: "v2 unicast", body: "virtual_ipaddress {\n 10.9.1.1/32\n }", vip: "10.9.1.1", unicast: true},
		{name: "v3", global: "vrrp_version 3", body: "virtual_ipaddress {\n 10.9.1.1/32\n }", vip: "10.9.1.1"},
		{name: "v3 unicast", global: "vrrp_version 3", body: "virtual_ipaddress {\n 10.9.1.1/32\n }", vip: "10.9.1.1", unicast: true},
		{name: "v3 IPv6", global: "vrrp_version 3", body: "virtual_ipaddress {\n fe80::99/64\n fd09::99/64\n }", vip: "fd09::99"},
		{name: "v3 IPv6 unicast", global: "vrrp_version 3", body: "virtual_ipaddress {\n fe80::99/64\n fd09::99/64\n }", vip: "fd09::99", unicast: true},
	} {
		for _, better := range []string{"halbd", "keepalived"} {
			t.Run(v.name+", "+better+" is better", func(t *testing.T) {
				t.Parallel()
				n := lan(t, "a", "b")
				conf := func(me, peer, priority int) string {
					body := v.body
					if v.unicast {
						body += strings.NewReplacer("SRC", host(v.vip, me), "PEER", host(v.vip, peer)).
							Replace("\n unicast_src_ip SRC\n unicast_peer {\n PEER\n }")
					}
					return "global_defs {\n router_id t\n " + v.global + "\n}\n" + instance("V", 51, priority, body)
				}
				good, other := halbd, keepalived
				if better == "keepalived" {
					good, other = other, good
				}
				a := start(t, n, "a", good, conf(1, 2, 150))
				wait(t, "a master", 10*time.Second, func() bool { return owns(n, "a", v.vip) })
				start(t, n, "b", other, conf(2, 1, 100))
				handover(t, n, v.vip, a, func() *lab.Proc { return start(t, n, "a", good, conf(1, 2, 150)) })
			})
		}
	}
}

func host(vip string, n int) string {
	if strings.Contains(vip, ":") {
		return []string{"", "fd09::1", "fd09::2"}[n]
	}
	return []string{"", "10.9.0.1", "10.9.0.2"}[n]
}

// handover stops the master, wants the other to follow, and starts it again.
func handover(t *testing.T, n *lab.Net, vip string, master *lab.Proc, again func() *lab.Proc) {
	t.Helper()
	sniff, err := n.Sniff("sw", lab.Cable("b", "eth0"))
	must(t, err)
	defer sniff.Close()
	wait(t, "four adverts of the master", 8*time.Second, func() bool { return len(sniff.Frames()) >= 4 })
	if owns(n, "b", vip) {
		t.Fatal("two masters")
	}
	must(t, master.Stop(8*time.Second))
	wait(t, "the backup master after a resignation", 3*time.Second, func() bool { return owns(n, "b", vip) })
	if owns(n, "a", vip) {
		t.Error("the address is still on the host that stopped")
	}
	back := again()
	wait(t, "the better one master again", 10*time.Second, func() bool { return owns(n, "a", vip) && !owns(n, "b", vip) })
	back.Crash()
	wait(t, "the backup master after a crash", 6*time.Second, func() bool { return owns(n, "b", vip) })
}
