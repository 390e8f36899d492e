package e2e

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"net"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/vishvananda/netlink"

	"halbd/internal/lab"
)

const (
	stormSeed      = 1
	stormEvents    = 10_000
	stormInstances = 8
	stormVIPs      = 20 // of each instance, as many routes and rules as below
	stormRoutes    = 10
	stormRules     = 5
)

// stormConf has instances on two interfaces. Half of them claim at once, the
// others after a wait; two track the other interface.
func stormConf() string {
	var b strings.Builder
	b.WriteString("global_defs {\n dynamic_interfaces\n vrrp_version 3\n}\nstatic_ipaddress {\n 10.40.0.1/24 dev eth1\n}\nstatic_routes {\n 10.41.0.0/24 dev eth1\n}\nstatic_rules {\n from 10.40.0.1 table 79 priority 90\n}\n")
	for i := range stormInstances {
		priority, link := 255-155*(i%2), i/2%2
		fmt.Fprintf(&b, "vrrp_instance V%d {\n interface eth%d\n virtual_router_id %d\n priority %d\n advert_int 0.1\n", i, link, i+1, priority)
		if i >= 6 {
			fmt.Fprintf(&b, " track_interface {\n  eth%d\n }\n", 1-link)
		}
		b.WriteString(" virtual_ipaddress {\n")
		for k := range stormVIPs {
			fmt.Fprintf(&b, "  %v\n", stormVIP(i, k))
		}
		b.WriteString(" }\n virtual_routes {\n")
		for k := range stormRoutes {
			fmt.Fprintf(&b, "  %v dev eth%d\n", stormRoute(i, k), link)
		}
		b.WriteString(" }\n virtual_rules {\n")
		for k := range stormRules {
			fmt.Fprintf(&b, "  from 10.20.%d.%d priority %d table 77\n", i, k, stormRule(i, k))
		}
		b.WriteString(" }\n}\n")
	}
	return b.String()
}

func stormVIP(instance, k int) string   { return fmt.Sprintf("10.30.%d.%d/32", instance, k+1) }
func stormRoute(instance, k int) string { return fmt.Sprintf("10.50.%d.%d/32", instance, k) }
func stormRule(instance, k int) int     { return 100 + 10*instance + k }

// storm does random things to the links, addresses, routes and rules of a
// host. What it does depends on its seed alone, not on what it finds.
type storm struct {
	n      *lab.Net
	nl     *netlink.Handle
	rand   *rand.Rand
	events map[string]int
}

func newStorm(t *testing.T, n *lab.Net) *storm {
	t.Helper()
	s := &storm{n: n, rand: rand.New(rand.NewPCG(stormSeed, 0)), events: map[string]int{}}
	must(t, n.Inside("a", func() (err error) { s.nl, err = netlink.NewHandle(); return err }))
	t.Cleanup(s.nl.Close)
	return s
}

// link gives one of the two interfaces; without it the event has no effect.
func (s *storm) link() (netlink.Link, string) {
	name := fmt.Sprintf("eth%d", s.rand.IntN(2))
	l, err := s.nl.LinkByName(name)
	if err != nil {
		return &netlink.Dummy{LinkAttrs: netlink.LinkAttrs{Index: 1 << 20}}, name
	}
	return l, name
}

// step lets one event happen.
func (s *storm) step() {
	weights := []struct {
		name  string
		share int
		do    func()
	}{
		{"down", 30, func() { l, _ := s.link(); s.nl.LinkSetDown(l) }},
		{"up", 60, func() { l, _ := s.link(); s.nl.LinkSetUp(l) }},
		{"away", 3, s.unplug},
		{"back", 6, s.plug},
		{"renamed", 6, s.rename},
		{"host address gone", 20, func() { l, name := s.link(); s.nl.AddrDel(l, parse(hostAddress(name))) }},
		{"host address back", 60, func() { l, name := s.link(); s.nl.AddrAdd(l, parse(hostAddress(name))) }},
		{"address stolen", 120, func() {
			l, _ := s.link()
			s.nl.AddrDel(l, parse(stormVIP(s.rand.IntN(stormInstances), s.rand.IntN(stormVIPs))))
		}},
		{"static address stolen", 2, func() { l, _ := s.link(); s.nl.AddrDel(l, parse("10.40.0.1/24")) }},
		{"address from elsewhere", 20, func() {
			i := 2*s.rand.IntN(stormInstances/2) + 1 // not an owner's, which would be the host's own
			if l, name := s.link(); name == fmt.Sprintf("eth%d", i/2%2) {
				s.nl.AddrAdd(l, parse(stormVIP(i, s.rand.IntN(stormVIPs))))
			}
		}},
		{"route stolen", 100, func() {
			s.nl.RouteDel(&netlink.Route{Dst: destination(stormRoute(s.rand.IntN(stormInstances), s.rand.IntN(stormRoutes))), Protocol: 18})
		}},
		{"rule stolen", 60, func() {
			r := netlink.NewRule()
			r.Priority, r.Table = stormRule(s.rand.IntN(stormInstances), s.rand.IntN(stormRules)), 77
			s.nl.RuleDel(r)
		}},
		{"other address", 200, func() { s.other(func(l netlink.Link, a string) { s.nl.AddrAdd(l, parse(a)) }) }},
		{"other address gone", 200, func() { s.other(func(l netlink.Link, a string) { s.nl.AddrDel(l, parse(a)) }) }},
		{"other route", 100, func() {
			s.other(func(l netlink.Link, a string) {
				s.nl.RouteReplace(&netlink.Route{Dst: destination(a), LinkIndex: l.Attrs().Index, Protocol: 4, Table: 99})
			})
		}},
		{"other rule", 13, func() {
			r := netlink.NewRule()
			r.Priority, r.Table = 1000+s.rand.IntN(5), 98
			if s.nl.RuleAdd(r) != nil {
				s.nl.RuleDel(r)
			}
		}},
	}
	total := 0
	for _, w := range weights {
		total += w.share
	}
	at := s.rand.IntN(total)
	for _, w := range weights {
		if at -= w.share; at < 0 {
			s.events[w.name]++
			w.do()
			return
		}
	}
}

// other concerns an address that is nobody's.
func (s *storm) other(do func(netlink.Link, string)) {
	l, _ := s.link()
	do(l, fmt.Sprintf("10.60.0.%d/32", s.rand.IntN(50)))
}

func (s *storm) unplug() {
	if l, _ := s.link(); l.Type() == "veth" {
		s.nl.LinkDel(l)
	}
}

func (s *storm) plug() {
	if l, name := s.link(); l.Type() != "veth" {
		s.n.Plug("a", name, "sw", hostAddress(name))
	}
}

// calm leaves one interface in order.
func (s *storm) calm() {
	if _, err := s.nl.LinkByName("eth0"); err != nil {
		s.n.Plug("a", "eth0", "sw", hostAddress("eth0"))
	}
	if l, err := s.nl.LinkByName("eth0"); err == nil {
		s.nl.LinkSetUp(l)
		s.nl.AddrAdd(l, parse(hostAddress("eth0")))
	}
}

func (s *storm) rename() {
	l, name := s.link()
	s.nl.LinkSetDown(l)
	s.nl.LinkSetName(l, name+"x")
	s.nl.LinkSetUp(l)
	if s.rand.IntN(2) == 0 {
		time.Sleep(2 * time.Millisecond) // sometimes it is away for longer than others
	}
	s.nl.LinkSetDown(l)
	s.nl.LinkSetName(l, name)
	s.nl.LinkSetUp(l)
}

func hostAddress(link string) string {
	if link == "eth0" {
		return "10.9.0.1/16"
	}
	return "10.8.0.1/16"
}

func parse(text string) *netlink.Addr {
	a, err := netlink.ParseAddr(text)
	if err != nil {
		panic(err)
	}
	return a
}

func destination(text string) *net.IPNet {
	p := netip.MustParsePrefix(text)
	return &net.IPNet{IP: p.Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen())}
}

// counted is the label that the kernel makes up when an interface is renamed.
var counted = regexp.MustCompile(`(eth\d)x?:\d+`)

// stormState is what is there, in any order; which address of a subnet came
// first, and what labels the kernel has made up, is no part of it.
func stormState(t *testing.T, n *lab.Net) map[string]int {
	t.Helper()
	list := objectsIn(t, n, "a")
	for i := range list {
		list[i] = counted.ReplaceAllString(strings.ReplaceAll(list[i], " secondary", ""), "$1")
	}
	return sorted(slices.DeleteFunc(list, func(line string) bool { return strings.Contains(line, "inet6") || strings.Contains(line, "::") }))
}

// After ten thousand random events a host has the same roles, addresses,
// routes and rules as one that starts on what the events have left.
func TestStorm(t *testing.T) {
	t.Parallel()
	var nets [2]*lab.Net
	for i := range nets {
		nets[i] = lan(t, "a")
		must(t, nets[i].Plug("a", "eth1", "sw", "10.8.0.1/16"))
	}
	p := start(t, nets[0], "a", halbd, stormConf())
	wait(t, "the daemon", 20*time.Second, func() bool { return owns(nets[0], "a", "10.30.0.1") })
	begin := time.Now()
	var made map[string]int
	done := make(chan struct{})
	for i := range nets {
		s := newStorm(t, nets[i])
		go func() {
			for range stormEvents {
				s.step()
			}
			s.calm()
			if i == 0 {
				made = s.events
			}
			done <- struct{}{}
		}()
	}
	<-done
	<-done
	t.Logf("%v in %v, seed %d", made, time.Since(begin), stormSeed)
	cold := start(t, nets[1], "a", halbd, stormConf())
	role := func(i int) bool {
		log := cold.Log()
		return strings.Contains(log, fmt.Sprintf("(V%d) Entering MASTER", i)) || strings.Contains(log, fmt.Sprintf("(V%d) Entering FAULT", i))
	}
	wait(t, "each role at the cold start", 20*time.Second, func() bool {
		for i := range stormInstances {
			if !role(i) {
				return false
			}
		}
		return true
	})
	var diff string
	if lab.Wait(45*time.Second, func() bool { // what was contested is left away for a while
		diff = cmp.Diff(stormState(t, nets[1]), stormState(t, nets[0]))
		return diff == ""
	}) != nil {
		t.Errorf("after the storm (-) other than at a cold start (+):\n%s", diff)
	}
	if !p.Alive() {
		t.Error("the daemon has died")
	}
	if masters := strings.Count(strings.Join(slices.Collect(maps.Keys(stormState(t, nets[1]))), "\n"), "10.30."); masters < stormVIPs {
		t.Errorf("only %d virtual addresses are there in the end: the storm proves little", masters)
	}
}
