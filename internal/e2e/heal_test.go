package e2e

import (
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"halbd/internal/lab"
)

const vip = "virtual_ipaddress {\n 10.9.1.1/32\n }"

// mac is the hardware address of a host's eth0.
func mac(t *testing.T, n *lab.Net, host string) string {
	t.Helper()
	out, err := n.Run(host, "cat /sys/class/net/eth0/address")
	must(t, err)
	return strings.TrimSpace(out)
}

// neighbour is what a host's table says of 10.9.1.1.
func neighbour(n *lab.Net, host string) string {
	out, _ := n.Run(host, "ip neigh show to 10.9.1.1 dev eth0")
	_, after, _ := strings.Cut(out, "lladdr ")
	addr, _, _ := strings.Cut(after, " ")
	return addr
}

// believe makes a host know 10.9.1.1 at another's address, for longer than a
// neighbour entry is protected from being overwritten.
func believe(t *testing.T, n *lab.Net, host, addr string) {
	t.Helper()
	_, err := n.Run(host, "sysctl -qw net.ipv4.neigh.eth0.locktime=0 && ip neigh replace 10.9.1.1 lladdr "+addr+" dev eth0 nud stale")
	must(t, err)
}

// After a partition the winner announces its addresses again, whichever of the
// two speaks first: a client that knows the loser's address learns the
// winner's. The loser's last word makes a keepalived do so, too. A keepalived
// that loses yields without a word: then the winner must hear it first.
func TestSplitBrainHeals(t *testing.T) {
	for _, pair := range [][2]string{{halbd, halbd}, {keepalived, halbd}, {halbd, keepalived}} {
		winner, loser := pair[0], pair[1]
		t.Run(filepath.Base(winner)+" wins, "+filepath.Base(loser)+" loses", func(t *testing.T) {
			t.Parallel()
			n := lan(t, "a", "b", "c")
			a := start(t, n, "a", winner, instance("V", 51, 150, vip))
			start(t, n, "b", loser, instance("V", 51, 100, vip))
			wait(t, "a master", 10*time.Second, func() bool { return owns(n, "a", "10.9.1.1") })
			cable := lab.Cable("b", "eth0")
			for _, phase := range []time.Duration{0, 350 * time.Millisecond, 700 * time.Millisecond} {
				_, err := n.Run("sw", "ip link set "+cable+" nomaster")
				must(t, err)
				wait(t, "b master, too", 10*time.Second, func() bool { return owns(n, "b", "10.9.1.1") })
				believe(t, n, "c", mac(t, n, "b"))
				if loser == keepalived {
					afterAdvert(t, n, "a") // b speaks 0.61 s after a, when it waited for 3.61 s
				} else {
					time.Sleep(phase) // of the masters' adverts when the cable is back
				}
				_, err = n.Run("sw", "ip link set "+cable+" master br0")
				must(t, err)
				wait(t, "the loser gone", 2*time.Second, func() bool { return !owns(n, "b", "10.9.1.1") })
				wait(t, "the client at the winner", 2*time.Second, func() bool { return neighbour(n, "c") == mac(t, n, "a") })
			}
			if strings.Contains(a.Log(), "Entering BACKUP STATE: 10.9.0.2") {
				t.Error("the winner gave way")
			}
		})
	}
}

// afterAdvert waits until a host has just sent an advert.
func afterAdvert(t *testing.T, n *lab.Net, host string) {
	t.Helper()
	sniff, err := n.Sniff("sw", lab.Cable(host, "eth0"))
	must(t, err)
	defer sniff.Close()
	wait(t, "an advert of "+host, 5*time.Second, func() bool {
		return slices.ContainsFunc(sniff.Frames(), func(f lab.Frame) bool { return !f.GARP })
	})
}

// A node whose adverts a firewall drops never has the addresses; it says why
// and takes part again when it can send.
func TestWhoCannotSendDoesNotClaim(t *testing.T) {
	t.Parallel()
	n := lan(t, "a", "b")
	block := func() {
		_, err := n.Run("a", "nft 'add table ip t; add chain ip t out { type filter hook output priority 0; }; add rule ip t out ip protocol 112 drop'")
		must(t, err)
	}
	allow := func() {
		_, err := n.Run("a", "nft delete table ip t")
		must(t, err)
	}
	block()
	a := start(t, n, "a", halbd, instance("V", 51, 150, vip))
	wait(t, "a fault", 10*time.Second, func() bool {
		return strings.Contains(a.Log(), "Entering FAULT STATE: adverts cannot be sent on eth0: operation not permitted")
	})
	if strings.Contains(a.Log(), "Entering MASTER STATE") {
		t.Error("it was MASTER")
	}
	allow()
	wait(t, "a master when it can send", 10*time.Second, func() bool { return owns(n, "a", "10.9.1.1") })
	start(t, n, "b", keepalived, instance("V", 51, 100, vip))
	sniff, err := n.Sniff("sw", lab.Cable("b", "eth0"))
	must(t, err)
	defer sniff.Close()
	wait(t, "adverts at b", 5*time.Second, func() bool { return len(sniff.Frames()) >= 2 })
	block()
	wait(t, "the addresses given up", 3*time.Second, func() bool { return !owns(n, "a", "10.9.1.1") })
	wait(t, "the other one master", 6*time.Second, func() bool { return owns(n, "b", "10.9.1.1") })
	allow()
	wait(t, "a master again", 10*time.Second, func() bool { return owns(n, "a", "10.9.1.1") && !owns(n, "b", "10.9.1.1") })
}

// A master whose processes are stopped until the backup has taken over listens
// first, keeps its role and tells the clients where the addresses are.
func TestStoppedMaster(t *testing.T) {
	t.Parallel()
	n := lan(t, "a", "b", "c")
	a := start(t, n, "a", halbd, instance("V", 51, 150, vip))
	b := start(t, n, "b", halbd, instance("V", 51, 100, vip))
	wait(t, "a master", 10*time.Second, func() bool { return owns(n, "a", "10.9.1.1") })
	signal := func(sig syscall.Signal) {
		for _, pid := range a.Tree() {
			must(t, syscall.Kill(pid, sig))
		}
	}
	signal(syscall.SIGSTOP)
	wait(t, "the backup master", 8*time.Second, func() bool { return owns(n, "b", "10.9.1.1") })
	believe(t, n, "c", mac(t, n, "b"))
	signal(syscall.SIGCONT)
	wait(t, "one master", 3*time.Second, func() bool { return owns(n, "a", "10.9.1.1") && !owns(n, "b", "10.9.1.1") })
	wait(t, "the client at the winner", 2*time.Second, func() bool { return neighbour(n, "c") == mac(t, n, "a") })
	if log := a.Log(); !strings.Contains(log, "a backup may have taken over") || strings.Count(log, "Entering") != 2 {
		t.Error("it did not listen, or its role changed")
	}
	if strings.Count(b.Log(), "Entering MASTER STATE") != 1 {
		t.Error("the backup did not take over once")
	}
}

// With dont_track_primary a MASTER stays one while its link is down, though
// nothing can be sent; without, the link is the fault, not the sending.
func TestLinkDownIsNoFailureToSend(t *testing.T) {
	for name, down := range map[string]func(n *lab.Net, state string) error{
		"interface": func(n *lab.Net, state string) error { _, err := n.Run("a", "ip link set eth0 "+state); return err },
		"carrier": func(n *lab.Net, state string) error {
			_, err := n.Run("sw", "ip link set "+lab.Cable("a", "eth0")+" "+state)
			return err
		},
	} {
		t.Run(name+", dont_track_primary", func(t *testing.T) {
			t.Parallel()
			n, p := lone(t, vip+"\n dont_track_primary")
			must(t, down(n, "down"))
			sniff, err := n.Sniff("sw", "br0")
			must(t, err)
			defer sniff.Close()
			if name == "interface" {
				wait(t, "a line in the log", 5*time.Second, func() bool { return strings.Contains(p.Log(), "cannot be sent: network is") })
			}
			must(t, down(n, "up"))
			wait(t, "adverts again", 5*time.Second, func() bool { return len(sniff.Frames()) > 2 })
			if strings.Contains(p.Log(), "FAULT") || !owns(n, "a", "10.9.1.1") {
				t.Error("the role was given up")
			}
		})
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n, p := lone(t, vip)
			must(t, down(n, "down"))
			wait(t, "FAULT", 5*time.Second, func() bool { return strings.Contains(p.Log(), "Entering FAULT STATE: interface eth0 is down") })
			must(t, down(n, "up"))
			wait(t, "MASTER again", 8*time.Second, func() bool { return owns(n, "a", "10.9.1.1") })
		})
	}
}
