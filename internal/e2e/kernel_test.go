package e2e

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"halbd/internal/lab"
)

func vips(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, " 10.9.1.%d/32\n", i+1)
	}
	return "virtual_ipaddress {\n" + b.String() + " }"
}

// lone is one halbd that is master of 10.9.1.1.
func lone(t *testing.T, body string) (*lab.Net, *lab.Proc) {
	t.Helper()
	n := lan(t, "a")
	p := start(t, n, "a", halbd, instance("V", 1, 255, body))
	wait(t, "master", 10*time.Second, func() bool { return owns(n, "a", "10.9.1.1") })
	return n, p
}

func TestStolenAddressIsPutBack(t *testing.T) {
	t.Parallel()
	n, p := lone(t, vips(2))
	sniff, err := n.Sniff("sw", lab.Cable("a", "eth0"))
	must(t, err)
	defer sniff.Close()
	_, err = n.Run("a", "ip addr del 10.9.1.2/32 dev eth0")
	must(t, err)
	wait(t, "the address back", 2*time.Second, func() bool { return owns(n, "a", "10.9.1.2") })
	wait(t, "a line in the log", 2*time.Second, func() bool { return strings.Contains(p.Log(), "address 10.9.1.2/32 on eth0 was taken by someone else") })
	for _, f := range sniff.Frames() {
		if !f.GARP && f.Advert.Priority == 0 {
			t.Error("the role was given up")
		}
	}
}

func TestStopLeavesNothing(t *testing.T) {
	t.Parallel()
	n := lan(t, "a")
	before, err := n.Run("a", "ip -o addr; ip route; ip -6 route | grep -v fe80")
	must(t, err)
	p := start(t, n, "a", halbd, instance("V", 1, 255, vips(3)+"\n virtual_ipaddress_excluded {\n fd09::77/64\n 10.9.2.1/24 label eth0:x scope link\n }"))
	wait(t, "every address", 10*time.Second, func() bool { return owns(n, "a", "10.9.1.3") && owns(n, "a", "fd09::77") && owns(n, "a", "10.9.2.1") })
	out, _ := n.Run("a", "ip -o addr show dev eth0 to 10.9.2.1")
	if !strings.Contains(out, "scope link") || !strings.Contains(out, "eth0:x") {
		t.Errorf("options of the address are missing: %s", out)
	}
	must(t, p.Stop(8*time.Second))
	after, err := n.Run("a", "ip -o addr; ip route; ip -6 route | grep -v fe80")
	must(t, err)
	if before != after {
		t.Errorf("before:\n%s\nafter:\n%s", before, after)
	}
}

// A VRRP process that dies is started again; the addresses it left do not stay
// while nobody holds the role.
func TestCrashOfTheVRRPProcess(t *testing.T) {
	t.Parallel()
	n := lan(t, "a")
	p := start(t, n, "a", halbd, instance("V", 1, 150, vips(1)))
	wait(t, "master", 10*time.Second, func() bool { return owns(n, "a", "10.9.1.1") })
	tree := p.Tree()
	if len(tree) != 2 {
		t.Fatalf("processes %v, want parent and vrrp", tree)
	}
	must(t, syscall.Kill(tree[1], syscall.SIGKILL))
	wait(t, "the leftover removed", 5*time.Second, func() bool { return !owns(n, "a", "10.9.1.1") })
	wait(t, "master again", 10*time.Second, func() bool { return owns(n, "a", "10.9.1.1") })
	if !p.Alive() {
		t.Error("the daemon is gone")
	}
}

func TestInterfaceGoesAndComesBack(t *testing.T) {
	t.Parallel()
	n := lan(t, "a")
	p := start(t, n, "a", halbd, "global_defs {\n dynamic_interfaces\n}\n"+instance("V", 1, 150, vips(1)))
	wait(t, "master", 10*time.Second, func() bool { return owns(n, "a", "10.9.1.1") })
	_, err := n.Run("a", "ip link del eth0")
	must(t, err)
	wait(t, "FAULT", 5*time.Second, func() bool { return strings.Contains(p.Log(), "Entering FAULT STATE: interface eth0 ") })
	must(t, n.Plug("a", "eth0", "sw", "10.9.0.1/16"))
	wait(t, "master on the new interface", 10*time.Second, func() bool { return owns(n, "a", "10.9.1.1") })
}

func TestReload(t *testing.T) {
	t.Parallel()
	var conf strings.Builder
	const many = 40
	for i := range many {
		conf.WriteString(instance(fmt.Sprintf("V%d", i+1), i+1, 255, fmt.Sprintf("virtual_ipaddress {\n 10.9.1.%d/32\n }", i+1)))
	}
	n := lan(t, "a")
	p := start(t, n, "a", halbd, conf.String())
	wait(t, "master of all", 10*time.Second, func() bool { return owns(n, "a", fmt.Sprintf("10.9.1.%d", many)) })
	sniff, err := n.Sniff("sw", lab.Cable("a", "eth0"))
	must(t, err)
	defer sniff.Close()
	reload := func(text string) {
		t.Helper()
		must(t, os.WriteFile(p.Conf(), []byte(text), 0o644))
		must(t, p.Signal(syscall.SIGHUP))
	}
	wider := strings.Replace(conf.String(), " 10.9.1.1/32\n", " 10.9.1.1/32\n 10.9.2.1/32\n", 1)
	reload(wider)
	wait(t, "the new address", 10*time.Second, func() bool { return owns(n, "a", "10.9.2.1") })
	// A file with an error that the running one does not have changes nothing and says so.
	reload(strings.Replace(conf.String(), "priority 255", "prioriti 255", 1))
	wait(t, "a refusal", 10*time.Second, func() bool { return strings.Contains(p.Log(), "reload refused") })
	if !owns(n, "a", "10.9.2.1") {
		t.Error("the refused file took an address away")
	}
	reload(conf.String())
	wait(t, "the address gone again", 10*time.Second, func() bool { return !owns(n, "a", "10.9.2.1") })
	adverts := len(sniff.Frames())
	wait(t, "another round of adverts", 5*time.Second, func() bool { return len(sniff.Frames()) >= adverts+2*many })
	last := map[uint8]time.Time{}
	for _, f := range sniff.Frames() {
		if f.GARP {
			continue
		}
		if f.Advert.Priority == 0 {
			t.Errorf("VRID %d resigned during a reload", f.Advert.VRID)
		}
		if at, ok := last[f.Advert.VRID]; ok && f.At.Sub(at) > 3*time.Second {
			t.Errorf("VRID %d: %v without an advert, a backup would have taken over", f.Advert.VRID, f.At.Sub(at))
		}
		last[f.Advert.VRID] = f.At
	}
	if strings.Count(p.Log(), "STATE") != many {
		t.Errorf("a role changed:\n%s", p.Log())
	}
}

func TestTrackInterface(t *testing.T) {
	t.Parallel()
	n := lan(t, "a")
	must(t, n.Plug("a", "eth1", "sw", "10.8.0.1/16"))
	p := start(t, n, "a", halbd, instance("V", 1, 150, vips(1)+"\n track_interface {\n eth1\n }"))
	wait(t, "master", 10*time.Second, func() bool { return owns(n, "a", "10.9.1.1") })
	_, err := n.Run("sw", "ip link set "+lab.Cable("a", "eth1")+" down")
	must(t, err)
	wait(t, "FAULT with its reason", 5*time.Second, func() bool {
		return strings.Contains(p.Log(), "Entering FAULT STATE: tracked interface eth1 is down") && !owns(n, "a", "10.9.1.1")
	})
	_, err = n.Run("sw", "ip link set "+lab.Cable("a", "eth1")+" up")
	must(t, err)
	wait(t, "master again", 10*time.Second, func() bool { return owns(n, "a", "10.9.1.1") })
}
