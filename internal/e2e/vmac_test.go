package e2e

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"halbd/internal/lab"
)

// ear hears every frame that one host puts on the wire.
type ear struct {
	mu     sync.Mutex // guards frames
	frames [][]byte
}

func listenTo(t *testing.T, n *lab.Net, host string) *ear {
	t.Helper()
	fd := -1
	must(t, n.Inside("sw", func() error {
		ifi, err := net.InterfaceByName(lab.Cable(host, "eth0"))
		if err != nil {
			return err
		}
		all := binary.NativeEndian.Uint16([]byte{0, unix.ETH_P_ALL})
		if fd, err = unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0); err != nil {
			return err
		}
		unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Usec: 100000})
		return unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: all, Ifindex: ifi.Index})
	}))
	e, done, over := &ear{}, make(chan struct{}), make(chan struct{})
	go func() {
		defer close(over)
		e.run(fd, done)
	}()
	t.Cleanup(func() {
		close(done)
		<-over
		unix.Close(fd)
	})
	return e
}

func (e *ear) run(fd int, done <-chan struct{}) {
	b := make([]byte, 2048)
	for {
		select {
		case <-done:
			return
		default:
		}
		n, from, err := unix.Recvfrom(fd, b, 0)
		if err != nil {
			continue
		}
		if ll, ok := from.(*unix.SockaddrLinklayer); !ok || ll.Pkttype == unix.PACKET_OUTGOING {
			continue // on its way to the host
		}
		e.mu.Lock()
		e.frames = append(e.frames, append([]byte(nil), b[:n]...))
		e.mu.Unlock()
	}
}

// since returns what was heard after the first n frames.
func (e *ear) since(n int) [][]byte {
	e.mu.Lock()
	defer e.mu.Unlock()
	return append([][]byte(nil), e.frames[n:]...)
}

func (e *ear) count() int { return len(e.since(0)) }

// kind tells adverts and announcements from the rest.
func kind(f []byte) string {
	switch ether, b := binary.BigEndian.Uint16(f[12:]), f[14:]; {
	case ether == unix.ETH_P_ARP && string(b[14:18]) == string(b[24:28]):
		return "announcement"
	case ether == unix.ETH_P_IP && b[9] == 112, ether == unix.ETH_P_IPV6 && b[6] == 112:
		return "advert"
	case ether == unix.ETH_P_IPV6 && b[6] == unix.IPPROTO_ICMPV6 && b[40] == 136 && string(b[24:40]) == string(net.ParseIP("ff02::1")):
		return "announcement"
	}
	return "other"
}

// sentBy checks that all frames of a kind have a MAC, and that there are some.
func sentBy(t *testing.T, who string, frames [][]byte, what, mac string) {
	t.Helper()
	seen := 0
	for _, f := range frames {
		if kind(f) != what {
			continue
		}
		seen++
		if from := net.HardwareAddr(f[6:12]).String(); from != mac {
			t.Errorf("an %s of %s comes from %s, want %s", what, who, from, mac)
			return
		}
	}
	if seen == 0 {
		t.Errorf("%s has sent no %s", who, what)
	}
}

// silent checks that no frame has the MAC.
func silent(t *testing.T, who string, frames [][]byte, mac string) {
	t.Helper()
	for _, f := range frames {
		if net.HardwareAddr(f[6:12]).String() == mac {
			t.Errorf("%s is not master and sends from %s: % x", who, mac, f)
			return
		}
	}
}

// holds reports whether a host has an address on any interface.
func holds(n *lab.Net, host, addr string) bool {
	out, err := n.Run(host, "ip -o addr show")
	return err == nil && strings.Contains(out, " "+addr+"/")
}

func macOf(t *testing.T, n *lab.Net, host, iface string) string {
	t.Helper()
	out, err := n.Run(host, "cat /sys/class/net/"+iface+"/address")
	must(t, err)
	return strings.TrimSpace(out)
}

// made lists the macvlans of a host.
func made(n *lab.Net, host string) string {
	out, _ := n.Run(host, "ip -o link show type macvlan")
	return out
}

// vmacPair runs a host with priority 150 and one with 100, with a third one on the same switch.
type vmacPair struct {
	t         *testing.T
	n         *lab.Net
	vip, body string
	ears      map[string]*ear
}

func (p *vmacPair) start(host, binary string, priority int) *lab.Proc {
	return start(p.t, p.n, host, binary, "global_defs {\n router_id t\n vrrp_garp_master_delay 1\n}\n"+
		instance("V", 51, priority, p.body+"\n virtual_ipaddress {\n "+p.vip+"\n }"))
}

// reach makes the third host speak with the virtual address and tells the MAC
// that it does so with.
func (p *vmacPair) reach() string {
	addr, _, _ := strings.Cut(p.vip, "/")
	wait(p.t, "an answer of "+addr, 3*time.Second, func() bool {
		return errors.Is(p.n.Inside("c", func() error {
			c, err := net.DialTimeout("tcp", net.JoinHostPort(addr, "9"), time.Second)
			if err == nil {
				c.Close()
			}
			return err
		}), syscall.ECONNREFUSED)
	})
	out, err := p.n.Run("c", "ip neigh show "+addr)
	must(p.t, err)
	m := regexp.MustCompile(`lladdr (\S+)`).FindStringSubmatch(out)
	if m == nil {
		return out
	}
	return m[1]
}

// The VMAC follows the role: the master uses it, and from the others not one
// frame comes from it. Beside keepalived, in both roles, and among themselves.
func TestVMAC(t *testing.T) {
	for _, v := range []struct {
		name, body, vip, mac string
		base                 bool // adverts come from the interface's own MAC
	}{
		{name: "v2", body: "use_vmac", vip: "10.9.1.1/16", mac: "00:00:5e:00:01:33"},
		{name: "v2 xmit_base", body: "use_vmac vmac0\n vmac_xmit_base", vip: "10.9.1.1/32", mac: "00:00:5e:00:01:33", base: true},
		{name: "v3 own MAC", body: "version 3\n use_vmac 02:00:00:00:77:77", vip: "10.9.1.1/32", mac: "02:00:00:00:77:77"},
		{name: "IPv6", body: "use_vmac", vip: "fd09::99/64", mac: "00:00:5e:00:02:33"},
		{name: "IPv6 xmit_base", body: "use_vmac\n vmac_xmit_base", vip: "fd09::99/64", mac: "00:00:5e:00:02:33", base: true},
	} {
		for _, pair := range [][2]string{{halbd, halbd}, {halbd, keepalived}, {keepalived, halbd}} {
			name := func(binary string) string {
				if binary == halbd {
					return "halbd"
				}
				return "keepalived"
			}
			t.Run(fmt.Sprintf("%s, %s before %s", v.name, name(pair[0]), name(pair[1])), func(t *testing.T) {
				t.Parallel()
				p := &vmacPair{t: t, n: lan(t, "a", "b", "c"), vip: v.vip, body: v.body, ears: map[string]*ear{}}
				addr, _, _ := strings.Cut(v.vip, "/")
				for _, h := range []string{"a", "b"} {
					p.ears[h] = listenTo(t, p.n, h)
				}
				advertMAC := func(host string) string {
					if v.base {
						return macOf(t, p.n, host, "eth0")
					}
					return v.mac
				}
				used := func(host, binary string, frames [][]byte) {
					t.Helper()
					if binary == halbd { // the other one is not under test
						sentBy(t, host, frames, "advert", advertMAC(host))
						sentBy(t, host, frames, "announcement", v.mac)
					}
				}

				found := func(host, binary string) {
					t.Helper()
					// keepalived asks for its neighbours in the name of the virtual address, from its own MAC.
					if got := p.reach(); got != v.mac && binary == halbd {
						t.Errorf("with %s as master the address is at %s, want %s", host, got, v.mac)
					}
				}

				a := p.start("a", pair[0], 150)
				wait(t, "a master", 10*time.Second, func() bool { return holds(p.n, "a", addr) })
				p.start("b", pair[1], 100)
				heard := p.ears["a"].count()
				wait(t, "more adverts of a", 8*time.Second, func() bool { return adverts(p.ears["a"].since(heard)) >= 4 })
				if holds(p.n, "b", addr) {
					t.Fatal("two masters")
				}
				used("a", pair[0], p.ears["a"].since(0))
				if pair[1] == halbd {
					silent(t, "b", p.ears["b"].since(0), v.mac)
				}
				found("a", pair[0])

				must(t, a.Stop(8*time.Second))
				wait(t, "b master after a resignation", 3*time.Second, func() bool { return holds(p.n, "b", addr) })
				if links := made(p.n, "a"); links != "" {
					t.Errorf("a has stopped and leaves behind %s", links)
				}
				found("b", pair[1])
				used("b", pair[1], p.ears["b"].since(0))

				p.start("a", pair[0], 150)
				wait(t, "a master again", 10*time.Second, func() bool { return holds(p.n, "a", addr) && !holds(p.n, "b", addr) })
				after, heard := p.ears["b"].count(), p.ears["a"].count()
				wait(t, "more adverts of a", 8*time.Second, func() bool { return adverts(p.ears["a"].since(heard)) >= 3 })
				if pair[1] == halbd {
					silent(t, "b", p.ears["b"].since(after), v.mac)
				}
			})
		}
	}
}

func adverts(frames [][]byte) (n int) {
	for _, f := range frames {
		if kind(f) == "advert" {
			n++
		}
	}
	return n
}

// Whatever is done to a VMAC: it comes back, with the role where that is possible.
func TestVMACIsKept(t *testing.T) {
	t.Parallel()
	n := lan(t, "a", "b")
	conf := instance("V", 51, 150, "use_vmac\n virtual_ipaddress {\n 10.9.1.1/16\n }") +
		instance("W", 52, 150, "use_vmac\n virtual_ipaddress {\n fd09::99/64\n }")
	p := start(t, n, "a", halbd, conf)
	on := func(iface, addr string) bool {
		out, err := n.Run("a", "ip -o addr show dev "+iface)
		return err == nil && strings.Contains(out, " "+addr+"/")
	}
	both := func() bool { return on("vrrp.51", "10.9.1.1") && on("vrrp.52", "fd09::99") }
	wait(t, "master", 10*time.Second, both)
	states := func() int { return strings.Count(p.Log(), " STATE") }
	before := states()

	for _, script := range []string{"ip link del vrrp.51; ip link del vrrp.52", "ip link set vrrp.51 name other", "ip addr del 10.9.1.1/16 dev vrrp.51",
		"ip link set vrrp.51 address 02:00:00:00:00:99; ip link set vrrp.52 group 7"} {
		_, err := n.Run("a", script)
		must(t, err)
		wait(t, "put back after "+script, 2*time.Second, func() bool {
			group, _ := n.Run("a", "ip -o link show dev vrrp.52")
			return both() && macOf(t, n, "a", "vrrp.51") == "00:00:5e:00:01:33" && strings.Contains(group, "group default")
		})
	}
	if links := made(n, "a"); strings.Contains(links, "other") {
		t.Errorf("the renamed one is still there: %s", links)
	}
	if got := states(); got != before {
		t.Errorf("%d changes of state; the role was to be kept", got-before)
	}
	if !strings.Contains(p.Log(), "macvlan vrrp.51 on eth0 was taken by someone else") {
		t.Error("the log does not tell what was taken")
	}

	_, err := n.Run("a", "ip link set vrrp.51 down")
	must(t, err)
	wait(t, "a fault", 2*time.Second, func() bool { return strings.Contains(p.Log(), "(V) Entering FAULT STATE: VMAC vrrp.51 is down") })
	_, err = n.Run("a", "ip link set vrrp.51 up")
	must(t, err)
	wait(t, "master again", 10*time.Second, both)

	// The interface below goes and comes back as another.
	_, err = n.Run("a", "ip link del eth0")
	must(t, err)
	wait(t, "a fault", 2*time.Second, func() bool { return strings.Contains(p.Log(), "(V) stays in FAULT: interface eth0 does not exist") })
	must(t, n.Plug("a", "eth0", "sw", "10.9.0.1/16", "fd09::1/64"))
	wait(t, "master on the new interface", 15*time.Second, both)
	must(t, p.Stop(8*time.Second))
	if links := made(n, "a"); links != "" {
		t.Errorf("left behind: %s", links)
	}
}

// A VMAC that somebody deletes is there again, up and with its address, within
// a tenth of a second by the kernel's own clock.
func TestVMACIsBackQuickly(t *testing.T) {
	n := lan(t, "a")
	start(t, n, "a", halbd, instance("V", 51, 255, "use_vmac\n virtual_ipaddress {\n 10.9.1.1/16\n }"))
	wait(t, "master", 10*time.Second, func() bool { return holds(n, "a", "10.9.1.1") })
	m, err := n.Start("a", t.TempDir()+"/monitor", "ip", "-ts", "-o", "monitor", "link", "address")
	must(t, err)
	wait(t, "a notice", 5*time.Second, func() bool {
		n.Run("a", "ip addr add 10.7.7.7/32 dev lo; ip addr del 10.7.7.7/32 dev lo")
		return strings.Contains(m.Log(), "Deleted")
	})
	quick(t, func() time.Duration {
		_, err := n.Run("a", "ip link del vrrp.51")
		must(t, err)
		// The kernel tells of the operational state up to a second later.
		return max(away(t, m, "vrrp.51", "inet 10.9.1.1/16"), away(t, m, "vrrp.51", "LOWER_UP"))
	})
}

// The settings that keepalived makes, and the interface below as it was when
// the daemon has stopped.
func TestVMACSettings(t *testing.T) {
	t.Parallel()
	n := lan(t, "a")
	_, err := n.Run("a", "sysctl -q net.ipv4.conf.all.rp_filter=1 net.ipv4.conf.eth0.arp_announce=1")
	must(t, err)
	p := start(t, n, "a", halbd, "global_defs {\n disable_local_igmp\n}\n"+instance("V", 51, 150, "use_vmac vm0 group 7\n virtual_ipaddress {\n 10.9.1.1/16\n }"))
	wait(t, "master", 10*time.Second, func() bool { return holds(n, "a", "10.9.1.1") })
	expect := func(when string, values map[string]string) {
		t.Helper()
		for path, want := range values {
			if got, err := n.Run("a", "cat /proc/sys/net/"+path); err != nil || strings.TrimSpace(got) != want {
				t.Errorf("%s: %s is %s (%v), want %s", when, path, strings.TrimSpace(got), err, want)
			}
		}
	}
	expect("while it runs", map[string]string{
		"ipv4/conf/vm0/accept_local": "1", "ipv4/conf/vm0/arp_ignore": "1", "ipv4/conf/vm0/promote_secondaries": "1", "ipv4/conf/vm0/rp_filter": "2",
		"ipv6/conf/vm0/disable_ipv6": "1", "ipv6/conf/vm0/addr_gen_mode": "1",
		"ipv4/conf/eth0/arp_ignore": "1", "ipv4/conf/eth0/arp_filter": "1", "ipv4/conf/eth0/arp_announce": "2", "ipv4/conf/all/rp_filter": "1",
		"ipv4/igmp_link_local_mcast_reports": "0",
	})
	out, err := n.Run("a", "ip -d link show vm0")
	must(t, err)
	if !strings.Contains(out, "macvlan mode private") || !strings.Contains(out, "group 7 ") {
		t.Errorf("the link is %s", out)
	}
	must(t, p.Stop(8*time.Second))
	expect("afterwards", map[string]string{
		"ipv4/conf/eth0/arp_ignore": "0", "ipv4/conf/eth0/arp_filter": "0", "ipv4/conf/eth0/arp_announce": "1", "ipv4/igmp_link_local_mcast_reports": "1",
	})
}

// What a killed run has left is replaced, addresses and all.
func TestVMACLeftover(t *testing.T) {
	t.Parallel()
	n := lan(t, "a")
	conf := instance("V", 51, 150, "use_vmac\n virtual_ipaddress {\n 10.9.1.1/16\n }")
	p := start(t, n, "a", halbd, conf)
	wait(t, "master", 10*time.Second, func() bool { return holds(n, "a", "10.9.1.1") })
	pids := p.Tree()
	for _, pid := range pids { // nobody may notice that another is gone
		must(t, syscall.Kill(pid, syscall.SIGSTOP))
	}
	for _, pid := range pids {
		wait(t, "stopped", 2*time.Second, func() bool {
			b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
			return err == nil && strings.Contains(string(b), ") T ")
		})
	}
	for _, pid := range slices.Backward(pids) { // the parent last: its end wakes children that are stopped
		must(t, syscall.Kill(pid, syscall.SIGKILL))
	}
	if !holds(n, "a", "10.9.1.1") {
		t.Fatal("the address went with the process: nothing is left to test")
	}
	q := start(t, n, "a", halbd, strings.Replace(conf, "10.9.1.1", "10.9.1.2", 1))
	wait(t, "master again", 10*time.Second, func() bool { return holds(n, "a", "10.9.1.2") })
	if holds(n, "a", "10.9.1.1") {
		t.Error("an address of the former run is still there")
	}
	must(t, q.Stop(8*time.Second))
	if links := made(n, "a"); links != "" {
		t.Errorf("left behind: %s", links)
	}
}

// A reload that changes the VMAC makes the new one and removes the old one. A
// new name alone costs no role.
func TestVMACReload(t *testing.T) {
	t.Parallel()
	n := lan(t, "a")
	conf := func(vmac string) string {
		return instance("V", 51, 150, vmac+"\n virtual_ipaddress {\n 10.9.1.1/16\n }")
	}
	p := start(t, n, "a", halbd, conf(""))
	wait(t, "master", 10*time.Second, func() bool { return owns(n, "a", "10.9.1.1") })
	for _, c := range []struct {
		vmac, iface, mac string
		role             bool // kept
	}{
		{"use_vmac", "vrrp.51", "00:00:5e:00:01:33", false},
		{"use_vmac vm0", "vm0", "00:00:5e:00:01:33", true},
		{"use_vmac vm0 02:00:00:00:00:51", "vm0", "02:00:00:00:00:51", false},
		{"use_vmac vm0 02:00:00:00:00:51\n vmac_xmit_base", "vm0", "02:00:00:00:00:51", true},
		{"", "eth0", "", false},
	} {
		states := strings.Count(p.Log(), " STATE")
		must(t, os.WriteFile(p.Conf(), []byte(conf(c.vmac)), 0o600))
		must(t, p.Signal(syscall.SIGHUP))
		wait(t, "the address on "+c.iface, 10*time.Second, func() bool {
			out, err := n.Run("a", "ip -o addr show dev "+c.iface)
			return err == nil && strings.Contains(out, " 10.9.1.1/") && (c.mac == "" || macOf(t, n, "a", c.iface) == c.mac)
		})
		if kept := strings.Count(p.Log(), " STATE") == states; kept != c.role {
			t.Errorf("%q: the role was kept: %v, want %v", c.vmac, kept, c.role)
		}
		wait(t, "one macvlan at most", 2*time.Second, func() bool { return strings.Count(made(n, "a"), "\n") <= 1 })
	}
	if links := made(n, "a"); links != "" {
		t.Errorf("left behind: %s", links)
	}
}

// Two macvlans of one interface cannot have the same MAC: the instance that
// comes second is in FAULT and says why.
func TestVMACCannotBeMade(t *testing.T) {
	t.Parallel()
	n := lan(t, "a")
	p := start(t, n, "a", halbd, instance("T", 52, 100, "use_vmac vrrp.52 02:00:00:00:00:01\n virtual_ipaddress {\n 10.9.1.2\n }")+
		instance("U", 53, 100, "use_vmac vrrp.53 02:00:00:00:00:01\n virtual_ipaddress {\n 10.9.1.3\n }"))
	wait(t, "a fault of the second owner of a MAC", 5*time.Second, func() bool {
		return strings.Contains(p.Log(), "(U) Entering FAULT STATE: VMAC vrrp.53: it cannot be set up: ")
	})
	wait(t, "the first one master", 10*time.Second, func() bool { return holds(n, "a", "10.9.1.2") })
	must(t, p.Stop(8*time.Second))
	if links := made(n, "a"); links != "" {
		t.Errorf("left behind: %s", links)
	}
}
