package e2e

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"halbd/internal/lab"
)

// Every option of an item, one line each: what keepalived makes of it is what
// halbd makes of it. The kernel of the test may lack what a line needs; then
// neither has it.
const (
	addressItems = `
  10.9.1.1/24
  10.9.1.2
  10.9.2.1/24 brd + label eth0:x
  10.9.3.1/24 brd - scope link
  10.9.4.1/24 broadcast 10.9.4.77 scope site
  10.9.5.1/32 peer 10.9.5.2
  10.9.6.1/24 noprefixroute
  10.8.1.1/24 dev eth1
  10.9.8.1/24 preferred_lft 1000
  10.9.9.1/24 scope 200`
	address6Items = `
  fd09:1::1/64
  fd09:2::1
  fd09:3::1/64 home
  fd09:4::1/64 -nodad
  fd09:5::1/64 mngtmpaddr
  fd09:6::1/64 noprefixroute
  fd09:7::1/64 preferred_lft 0
  fd09:8::1/128 preferred_lft forever
  fd09:9::1/64 dev eth1
  239.1.1.1/32 autojoin
  10.9.10.1/24 home`
	routeItems = `
  10.20.0.0/16 via 10.9.0.9 dev eth0
  10.20.1.0/24 dev eth0 scope link
  10.20.2.0/24 via 10.9.0.9 dev eth0 src 10.9.1.1 metric 7
  10.20.3.0/24 via 10.9.0.9 dev eth0 tos 0x10 table 77
  10.20.4.0/24 via 10.9.0.9 dev eth0 table 1000
  10.20.5.0/24 via 10.9.0.9 dev eth0 mtu lock 1400 advmss 1300 hoplimit 33
  10.20.6.0/24 via 10.9.0.9 dev eth0 rtt 300ms rttvar 400ms rto_min 1s reordering 4
  10.20.7.0/24 via 10.9.0.9 dev eth0 window 1000 cwnd 10 ssthresh 20 initcwnd 30 initrwnd 40
  10.20.8.0/24 via 10.9.0.9 dev eth0 realms 3/4
  10.20.9.0/24 via 10.9.0.9 dev eth0 features ecn quickack 1 congctl reno
  10.20.10.0/24 via 10.9.0.9 dev eth0 fastopen_no_cookie 1
  10.20.11.0/24 via 10.9.0.9 dev eth0 congctl lock reno
  10.20.12.0/24 via 203.0.113.9 dev eth0 onlink
  10.20.13.0/24 via 10.9.0.9 dev eth0 protocol static no_track
  10.20.14.0/24 via 10.9.0.8 dev eth0
  10.20.14.0/24 via 10.9.0.9 dev eth0 append
  10.20.15.0/24 via 10.9.0.9 dev eth0 add
  10.20.16.0/24 via 10.9.0.9 dev eth0 ttl-propagate enabled
  blackhole 10.21.0.0/24
  unreachable 10.21.1.0/24 metric 5
  prohibit 10.21.2.0/24 table 77
  throw 10.21.3.0/24 table 77
  local 10.21.4.1/32 dev eth0 scope host
  broadcast 10.21.5.255/32 dev eth0 scope link
  10.22.0.0/24 no_track nexthop via 10.9.0.8 dev eth0 weight 3 nexthop via 10.9.0.9 dev eth0
  10.22.1.0/24 no_track nexthop via 10.9.0.8 dev eth0 realms 5 nexthop via 10.8.0.9 dev eth1 onlink
  10.23.0.0/24 via 10.9.0.9 dev eth0 encap ip id 5 dst 192.0.2.1 tos 4 ttl 5
  10.23.1.0/24 via 10.9.0.9 dev eth0 encap mpls 16/17
  10.23.2.0/24 via 10.9.0.9
  default via 10.9.0.9 dev eth0 table 78
  fd20::/64 via fd09::9 dev eth0
  fd20:1::/64 dev eth0 metric 5
  fd20:2::/64 via fd09::9 dev eth0 pref high
  fd20:3::/64 via fd09::9 dev eth0 pref low mtu 1300
  fd20:4::/64 via fd09::9 dev eth0 table 77 hoplimit 9
  fd20:5::/64 via fd09::9 dev eth0 src fd09:1::1
  fd20:6::/64 from fd09:1::/64 via fd09::9 dev eth0
  fd20:7::/64 no_track nexthop via fd09::8 dev eth0 weight 3 nexthop via fd09::9 dev eth0
  fd20:8::/64 via fd09::9 dev eth0 expires 1000
  fd20:9::/64 via fd09::9 dev eth0 advmss 1200 congctl reno
  blackhole fd21::/64
  unreachable fd21:1::/64
  prohibit fd21:2::/64 metric 3
  fd23::/64 via fd09::9 dev eth0 encap ip6 id 5 dst 2001:db8::1 tc 4 hoplimit 5
  fd23:1::/64 via fd09::9 dev eth0 encap ila 1:2:3:4
  fd23:2::/64 via fd09::9 dev eth0 encap mpls 16`
	ruleItems = `
  from 10.9.1.1 table 77 priority 100
  to 10.30.0.0/16 iif eth0 blackhole priority 101
  not from 10.31.0.0/16 fwmark 3/7 table 77 priority 102 suppress_prefixlength 0
  from fd09::/64 table 77 priority 103 uidrange 1-100 ipproto tcp sport 10-20 dport 30-40
  from 10.32.0.0/16 priority 104 goto 200
  l3mdev priority 105
  from 10.33.0.0/16 priority 106 nop
  from 10.34.0.0/16 realms 2/3 table 77 priority 107 tunnel-id 4 oif eth0
  from 10.35.0.0/16 tos 0x10 lookup 1000 order 108
  fwmark 9 unreachable preference 109
  to fd30::/64 prohibit priority 110
  iif lo oif eth1 table 77 priority 111
  from 10.36.0.0/16 table 77 priority 112 suppress_ifgroup 3
  from 10.37.0.0/16 table 77 priority 113 protocol 9 no_track`
)

// everyObject has all of them, and static ones too.
func everyObject() string {
	return `static_ipaddress {
  10.40.0.1/24 dev eth1
  fd40::1/64 dev eth1
}
static_routes {
  10.41.0.0/24 via 10.9.0.9 dev eth0
  fd41::/64 via fd09::9 dev eth0
}
static_rules {
  from 10.40.0.1 table 79 priority 90
}
` + instance("V", 1, 255, " virtual_ipaddress {"+addressItems+"\n }\n virtual_ipaddress_excluded {"+address6Items+
		"\n }\n virtual_routes {"+routeItems+"\n }\n virtual_rules {"+ruleItems+"\n }")
}

var (
	// varying is what differs from run to run, and the protocol number of an
	// address, which keepalived 2.2 does not set.
	varying = regexp.MustCompile(`\d+sec|\bproto (keepalived|0x12|18)\b`)
	linkID  = regexp.MustCompile(`^\d+: |@if\d+`)
)

// objectsIn lists addresses, routes and rules of a host in the kernel's order.
func objectsIn(t *testing.T, n *lab.Net, host string) []string {
	t.Helper()
	var list []string
	for _, command := range []string{"ip -d -o -4 addr", "ip -d -o -6 addr", "ip -d -o -4 route show table all", "ip -d -o -6 route show table all", "ip -d -4 rule", "ip -d -6 rule"} {
		out, err := n.Run(host, command)
		must(t, err)
		for line := range strings.Lines(out) {
			if strings.Contains(line, "fe80") || strings.Contains(line, "ff00::") {
				continue // of this host's MACs alone
			}
			line = varying.ReplaceAllString(linkID.ReplaceAllString(line, ""), "")
			list = append(list, strings.Join(strings.Fields(line), " "))
		}
	}
	return list
}

// has reports whether a host has a line with that text among its objects.
func has(t *testing.T, n *lab.Net, host, text string) bool {
	t.Helper()
	return strings.Contains(strings.Join(objectsIn(t, n, host), "\n"), text)
}

// twoLinks is a lan of one host with a second interface on the same switch.
func twoLinks(t *testing.T) *lab.Net {
	t.Helper()
	n := lan(t, "a")
	must(t, n.Plug("a", "eth1", "sw", "10.8.0.1/16", "fd08::1/64"))
	return n
}

func TestObjectsAreThoseOfKeepalived(t *testing.T) {
	t.Parallel()
	var before, held, after [2][]string
	for i, binary := range []string{keepalived, halbd} {
		n := twoLinks(t)
		before[i] = objectsIn(t, n, "a")
		p := start(t, n, "a", binary, everyObject())
		wait(t, "the last rule", 20*time.Second, func() bool { return has(t, n, "a", "10.37.0.0/16") })
		held[i] = objectsIn(t, n, "a")
		if binary == halbd && strings.Contains(p.Log(), "was taken") {
			t.Errorf("what is there is not recognised:\n%s", p.Log())
		}
		must(t, p.Stop(8*time.Second))
		after[i] = objectsIn(t, n, "a")
	}
	if d := cmp.Diff(held[0], held[1]); d != "" {
		t.Errorf("as master (- keepalived, + halbd):\n%s", d)
	}
	if d := cmp.Diff(before[1], after[1]); d != "" {
		t.Errorf("what halbd leaves behind:\n%s", d)
	}
	for _, want := range []string{"10.23.2.0/24 via 10.9.0.9 dev eth0", "fd20:7::/64", "tun_id 4"} {
		if !strings.Contains(strings.Join(held[1], "\n"), want) {
			t.Errorf("%s is missing", want)
		}
	}
	if len(held[1])-len(before[1]) < 60 {
		t.Errorf("only %d objects", len(held[1])-len(before[1]))
	}
}

// theftConf is a host with one object of each kind.
func theftConf() string {
	return `static_ipaddress {
  10.40.0.1/24 dev eth1
}
static_rules {
  from 10.40.0.1 table 79 priority 90
}
` + instance("V", 1, 150, ` virtual_ipaddress {
  10.9.1.1/24
  10.9.1.2/24
 }
 virtual_ipaddress_excluded {
  fd09:1::1/64
 }
 virtual_routes {
  10.20.0.0/16 via 10.9.0.9 dev eth0 mtu 1400
  10.20.1.0/24 via 10.9.0.9 dev eth0 src 10.9.1.2 table 77
  10.22.0.0/24 nexthop via 10.9.0.8 dev eth0 nexthop via 10.9.0.9 dev eth0
  10.23.0.0/24 via 10.9.0.9 dev eth0 no_track
  blackhole 10.21.0.0/24
  fd20::/64 via fd09::9 dev eth0
 }
 virtual_rules {
  from 10.9.1.1 table 77 priority 100
  from fd09:1::/64 table 77 priority 101
 }`)
}

// Whatever is taken is put back at once, the role is kept, and the log names it.
func TestStolenObjectsArePutBack(t *testing.T) {
	t.Parallel()
	n := twoLinks(t)
	p := start(t, n, "a", halbd, theftConf())
	wait(t, "master", 10*time.Second, func() bool { return has(t, n, "a", "101: from fd09:1::/64") })
	_, err := n.Run("a", "ip route del 10.23.0.0/24") // no_track: somebody else may take it away
	must(t, err)
	whole := objectsIn(t, n, "a")
	for _, theft := range []struct{ command, named string }{
		{"ip addr del 10.9.1.2/24 dev eth0", "address 10.9.1.2/24 on eth0"}, // takes the route with its source along
		{"ip -6 addr flush to fd09:1::1", "address fd09:1::1/64 on eth0"},
		{"ip addr del 10.40.0.1/24 dev eth1", "address 10.40.0.1/24 on eth1"},
		{"ip route flush table main proto 18", "route 10.20.0.0/16 via 10.9.0.9 dev eth0"},
		{"ip -6 route flush table main proto 18", "route fd20::/64 via fd09::9 dev eth0"},
		{"ip route del blackhole 10.21.0.0/24", "route blackhole 10.21.0.0/24"},
		{"ip route change 10.20.0.0/16 via 10.9.0.9 dev eth0 mtu 1300 proto 18", ""},
		{"ip route replace 10.20.0.0/16 via 10.9.0.7 dev eth0 && sleep 0.3 && ip route del 10.20.0.0/16 via 10.9.0.7 dev eth0", ""},
		{"ip rule del pref 100", "rule 100: from 10.9.1.1/32 table 77"},
		{"ip -6 rule flush && ip -6 rule add pref 32766 table main protocol kernel", "rule 101: from fd09:1::/64 table 77"},
		{"ip rule del pref 90", "rule 90: from 10.40.0.1/32 table 79"},
		{"ip addr del 10.9.1.1/24 dev eth0", "address 10.9.1.1/24 on eth0"}, // its secondary goes too
	} {
		if _, err := n.Run("a", theft.command); err != nil {
			t.Error(err)
		}
		back := lab.Wait(5*time.Second, func() bool { return cmp.Equal(sorted(whole), sorted(objectsIn(t, n, "a"))) })
		if back != nil {
			t.Fatalf("%s: not put back (- wanted, + there):\n%s\n%s", theft.command, cmp.Diff(sorted(whole), sorted(objectsIn(t, n, "a"))), p.Log())
		}
		if theft.named != "" {
			wait(t, theft.command+" in the log", 2*time.Second, func() bool {
				for line := range strings.Lines(p.Log()) {
					if strings.Contains(line, theft.named) && strings.Contains(line, "taken by someone else") {
						return true
					}
				}
				return false
			})
		}
	}
	if got := strings.Count(p.Log(), " STATE"); got != 2 {
		t.Errorf("%d changes of role, want BACKUP and MASTER alone", got)
	}
}

func sorted(list []string) map[string]int {
	m := map[string]int{}
	for _, s := range list {
		m[s]++
	}
	return m
}

// What is taken is back within a tenth of a second, by the kernel's own clock.
// No other test runs beside it, for the time that this host takes is no matter
// of the daemon.
func TestPutBackIsQuick(t *testing.T) {
	n := twoLinks(t)
	start(t, n, "a", halbd, theftConf())
	wait(t, "master", 10*time.Second, func() bool { return has(t, n, "a", "101: from fd09:1::/64") })
	m, err := n.Start("a", t.TempDir()+"/monitor", "ip", "-ts", "-o", "monitor", "address", "route", "rule")
	must(t, err)
	wait(t, "a notice", 5*time.Second, func() bool {
		n.Run("a", "ip route add 10.99.0.0/24 dev eth0; ip route del 10.99.0.0/24")
		return strings.Contains(m.Log(), "10.99.0.0/24")
	})
	quick(t, func() (longest time.Duration) {
		_, err := n.Run("a", "ip addr del 10.9.1.2/24 dev eth0; ip route del 10.20.0.0/16; ip rule del pref 100; ip -6 route del fd20::/64")
		must(t, err)
		for _, text := range []string{"10.9.1.2/24", "10.20.0.0/16", "100:", "fd20::/64"} {
			longest = max(longest, away(t, m, text, ""))
		}
		return longest
	})
}

// quick wants a theft to be undone within a tenth of a second, in one of three
// attempts: others may have work on this host, too.
func quick(t *testing.T, theft func() time.Duration) {
	t.Helper()
	var took []time.Duration
	for range 3 {
		d := theft()
		if d <= 100*time.Millisecond {
			return
		}
		took = append(took, d)
	}
	t.Errorf("what was taken was away for %v", took)
}

// away waits until a monitor (ip -ts -o) has told that an object was deleted
// and is back, and gives the time between by the kernel's clock, of the last
// time. whole is what the line that counts as its return has besides.
func away(t *testing.T, m *lab.Proc, object, whole string) time.Duration {
	t.Helper()
	var gone, back time.Time
	wait(t, object+" back", 5*time.Second, func() bool {
		gone, back = time.Time{}, time.Time{}
		for line := range strings.Lines(m.Log()) {
			if len(line) < 28 || !strings.Contains(line, object) {
				continue
			}
			at, err := time.Parse("2006-01-02T15:04:05.000000", line[1:27])
			switch {
			case err != nil:
			case strings.Contains(line, "Deleted"):
				gone, back = at, time.Time{}
			case !gone.IsZero() && back.IsZero() && strings.Contains(line, whole):
				back = at
			}
		}
		return !back.IsZero()
	})
	return back.Sub(gone)
}

// Somebody who takes an object again and again has a reason: the role is given
// up with that reason, and tried again later.
func TestRepeatedTheftIsAFault(t *testing.T) {
	t.Parallel()
	n := twoLinks(t)
	p := start(t, n, "a", halbd, instance("V", 1, 255, vips(2)))
	wait(t, "master", 10*time.Second, func() bool { return owns(n, "a", "10.9.1.2") })
	for range 11 {
		_, err := n.Run("a", "ip addr del 10.9.1.2/32 dev eth0")
		must(t, err)
		lab.Wait(time.Second, func() bool { return owns(n, "a", "10.9.1.2") })
	}
	wait(t, "FAULT with the reason", 5*time.Second, func() bool {
		return strings.Contains(p.Log(), "Entering FAULT STATE: address 10.9.1.2/32 on eth0 is taken by someone else again and again") && !owns(n, "a", "10.9.1.1")
	})
	wait(t, "master again", 20*time.Second, func() bool { return owns(n, "a", "10.9.1.1") && owns(n, "a", "10.9.1.2") })
}

// A route whose gateway cannot be reached comes when it can.
func TestRouteWaitsForItsGateway(t *testing.T) {
	t.Parallel()
	n := lan(t, "a")
	p := start(t, n, "a", halbd, "global_defs {\n dynamic_interfaces\n}\n"+instance("V", 1, 255, vips(1)+" virtual_routes {\n 10.20.0.0/16 via 10.8.0.9 dev eth1 no_track\n 10.20.1.0/24 via 10.8.0.9\n }"))
	wait(t, "a refusal in the log", 10*time.Second, func() bool {
		return strings.Contains(p.Log(), "add route 10.20.1.0/24 via 10.8.0.9: network is unreachable")
	})
	must(t, n.Plug("a", "eth1", "sw", "10.8.0.1/16"))
	wait(t, "both routes", 5*time.Second, func() bool { return has(t, n, "a", "10.20.0.0/16 via") && has(t, n, "a", "10.20.1.0/24 via") })
	_, err := n.Run("a", "ip link set eth1 down")
	must(t, err)
	wait(t, "no route", 5*time.Second, func() bool { return !has(t, n, "a", "10.20.") })
	_, err = n.Run("a", "ip link set eth1 up")
	must(t, err)
	wait(t, "both routes again", 5*time.Second, func() bool { return has(t, n, "a", "10.20.0.0/16 via") && has(t, n, "a", "10.20.1.0/24 via") })
	if strings.Contains(p.Log(), "was taken") {
		t.Errorf("nobody took anything:\n%s", p.Log())
	}
	if got := strings.Count(p.Log(), "10.20.1.0/24 via 10.8.0.9: network is unreachable"); got != 1 {
		t.Errorf("the refusal is told %d times", got)
	}
}

// static_routes without the interface of the track_group: FAULT until it comes.
func TestTrackGroup(t *testing.T) {
	t.Parallel()
	n := twoLinks(t)
	conf := "track_group TG {\n group {\n  V\n }\n}\nstatic_routes {\n 10.20.0.0/16 via 10.8.0.9 dev eth1 track_group TG\n}\n"
	for i, name := range []string{"V", "W"} {
		conf += instance(name, i+1, 255, fmt.Sprintf("virtual_ipaddress {\n 10.9.1.%d/32\n }", i+1))
	}
	p := start(t, n, "a", halbd, conf)
	wait(t, "both masters", 10*time.Second, func() bool { return owns(n, "a", "10.9.1.1") && owns(n, "a", "10.9.1.2") })
	_, err := n.Run("a", "ip link set eth1 down")
	must(t, err)
	wait(t, "FAULT of its member alone", 5*time.Second, func() bool { return !owns(n, "a", "10.9.1.1") && owns(n, "a", "10.9.1.2") })
	wait(t, "the reason", 5*time.Second, func() bool {
		return strings.Contains(p.Log(), "(V) Entering FAULT STATE: interface eth1 is down (static route 10.20.0.0/16, track_group TG)")
	})
	_, err = n.Run("a", "ip link set eth1 up")
	must(t, err)
	wait(t, "the route and the role", 10*time.Second, func() bool { return owns(n, "a", "10.9.1.1") && has(t, n, "a", "10.20.0.0/16 via") })
}

// promote_secondaries is set while the daemon runs, and is what it was
// afterwards. With it the addresses of a subnet stay when the first one goes.
func TestPromoteSecondaries(t *testing.T) {
	t.Parallel()
	for _, binary := range []string{keepalived, halbd} {
		n := lan(t, "a")
		value := func() string {
			out, err := n.Run("a", "cat /proc/sys/net/ipv4/conf/eth0/promote_secondaries")
			must(t, err)
			return strings.TrimSpace(out)
		}
		_, err := n.Run("a", "echo 0 > /proc/sys/net/ipv4/conf/eth0/promote_secondaries")
		must(t, err)
		p := start(t, n, "a", binary, instance("V", 1, 255, "promote_secondaries\nvirtual_ipaddress {\n 10.9.1.1/24\n 10.9.1.2/24\n }"))
		wait(t, "master", 10*time.Second, func() bool { return owns(n, "a", "10.9.1.2") })
		wait(t, "the sysctl", 5*time.Second, func() bool { return value() == "1" })
		if binary == halbd {
			_, err = n.Run("a", "ip addr del 10.9.1.1/24 dev eth0")
			must(t, err)
			wait(t, "the address back", 5*time.Second, func() bool { return owns(n, "a", "10.9.1.1") })
			if strings.Contains(p.Log(), "10.9.1.2/24 on eth0 was taken") {
				t.Error("the other address went, too")
			}
		}
		must(t, p.Stop(8*time.Second))
		if v := value(); v != "0" {
			t.Errorf("%s leaves %s behind", binary, v)
		}
	}
}

// "-nodad" asks for duplicate address detection: what it finds is said.
func TestDuplicateAddress(t *testing.T) {
	t.Parallel()
	n := lan(t, "a", "b")
	_, err := n.Run("b", "ip addr add fd09::77/64 dev eth0 nodad")
	must(t, err)
	p := start(t, n, "a", halbd, instance("V", 1, 255, vips(1)+" virtual_ipaddress_excluded {\n fd09::77/64 -nodad\n fd09::78/64\n }"))
	wait(t, "the address without detection at once", 10*time.Second, func() bool {
		out, err := n.Run("a", "ip -6 -o addr show dev eth0 to fd09::78")
		return err == nil && out != "" && !strings.Contains(out, "tentative")
	})
	wait(t, "a line in the log", 10*time.Second, func() bool { return strings.Contains(p.Log(), "address fd09::77/64 on eth0: another host has it too") })
}

// A reload changes what the file has changed, and nothing else.
func TestReloadOfObjects(t *testing.T) {
	t.Parallel()
	n := twoLinks(t)
	text := func(static, route, rule string) string {
		return "static_routes {\n " + static + "\n}\n" + instance("V", 1, 255, vips(1)+
			" virtual_routes {\n 10.20.0.0/16 via 10.9.0.9 dev eth0\n "+route+"\n }\n virtual_rules {\n from 10.9.1.1 table 77 priority 100\n "+rule+"\n }")
	}
	p := start(t, n, "a", halbd, text("10.41.0.0/24 dev eth1", "10.21.0.0/16 dev eth0 mtu 1400", "from 10.9.1.1 table 78 priority 101"))
	wait(t, "master", 10*time.Second, func() bool { return has(t, n, "a", "101:") })
	before := sorted(objectsIn(t, n, "a"))
	reload := func(text string) {
		t.Helper()
		must(t, os.WriteFile(p.Conf(), []byte(text), 0o644))
		must(t, p.Signal(syscall.SIGHUP))
	}
	reload(text("10.42.0.0/24 dev eth1", "10.21.0.0/16 dev eth0 mtu 1300", "from 10.9.1.1 table 79 priority 101"))
	wait(t, "what is new, and nothing of the old", 10*time.Second, func() bool {
		all := strings.Join(objectsIn(t, n, "a"), "\n")
		return strings.Contains(all, "10.42.0.0/24") && strings.Contains(all, "mtu 1300") && strings.Contains(all, "lookup 79") &&
			!strings.Contains(all, "10.41.0.0/24") && !strings.Contains(all, "mtu 1400") && !strings.Contains(all, "lookup 78")
	})
	reload(text("10.41.0.0/24 dev eth1", "10.21.0.0/16 dev eth0 mtu 1400", "from 10.9.1.1 table 78 priority 101"))
	wait(t, "all as before", 10*time.Second, func() bool { return cmp.Equal(before, sorted(objectsIn(t, n, "a"))) })
	if strings.Contains(p.Log(), "taken by") || strings.Count(p.Log(), " STATE") != 1 {
		t.Errorf("the reloads disturb:\n%s", p.Log())
	}
}
