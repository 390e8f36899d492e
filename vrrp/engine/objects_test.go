package engine

import (
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"halbd/conf"
	"halbd/netstate"
	"halbd/vrrp"
)

// fakeKernel is as much of a kernel as objects have to do with: it takes the
// writer's jobs, and tells what happens as a Watcher does.
type fakeKernel struct {
	links   map[string]*netstate.Link
	addrs   map[addressKey]uint8 // protocol
	routes  map[string]*netstate.Route
	rules   map[netstate.RuleKey]bool
	events  []netstate.Change
	suspect bool // routes have gone without a notice
	done    uint64
	next    int
}

func newFakeKernel() *fakeKernel {
	return &fakeKernel{links: map[string]*netstate.Link{}, addrs: map[addressKey]uint8{}, routes: map[string]*netstate.Route{}, rules: map[netstate.RuleKey]bool{}, next: 2}
}

func (k *fakeKernel) tell(c netstate.Change) { k.events = append(k.events, c) }

func (k *fakeKernel) byIndex(index int) *netstate.Link {
	for _, l := range k.links {
		if l.Index == index {
			return l
		}
	}
	return nil
}

// plug makes an interface, up.
func (k *fakeKernel) plug(name string) {
	if k.links[name] != nil {
		return
	}
	k.links[name] = &netstate.Link{Index: k.next, Name: name, Up: true, AdminUp: true}
	k.next++
	k.tellLink(k.links[name])
}

func (k *fakeKernel) tellLink(l *netstate.Link) {
	seen := *l
	k.tell(netstate.Change{Link: &seen})
}

func (k *fakeKernel) unplug(name string) {
	l := k.links[name]
	if l == nil {
		return
	}
	k.setUp(name, false)
	for a := range k.addrs {
		if a.index == l.Index {
			k.removeAddress(a)
		}
	}
	delete(k.links, name)
	gone := *l
	k.tell(netstate.Change{Gone: true, Link: &gone})
}

func (k *fakeKernel) rename(from, to string) {
	if l := k.links[from]; l != nil && k.links[to] == nil {
		delete(k.links, from)
		l.Name = to
		k.links[to] = l
		k.tellLink(l)
	}
}

// setUp: a link that goes down loses its routes without a notice.
func (k *fakeKernel) setUp(name string, up bool) {
	l := k.links[name]
	if l == nil || l.AdminUp == up {
		return
	}
	l.Up, l.AdminUp = up, up
	k.tellLink(l)
	if !up {
		k.suspect = true
		maps.DeleteFunc(k.routes, func(_ string, r *netstate.Route) bool { return r.Legs[0].Index == l.Index })
	}
}

// removeAddress takes the secondaries of a subnet's first address along.
func (k *fakeKernel) removeAddress(a addressKey) {
	delete(k.addrs, a)
	k.suspect = true
	k.tell(netstate.Change{Gone: true, Address: &netstate.Address{Index: a.index, Prefix: a.prefix}})
	if a.prefix.Addr().As4()[3] != 1 || a.prefix.IsSingleIP() {
		return
	}
	for other := range k.addrs {
		if other.index == a.index && other.prefix.Masked() == a.prefix.Masked() {
			k.removeAddress(other)
		}
	}
}

func (k *fakeKernel) addAddress(a addressKey, protocol uint8) {
	k.addrs[a] = protocol
	k.tell(netstate.Change{Address: &netstate.Address{Index: a.index, Prefix: a.prefix, Protocol: protocol, Usable: true}})
}

func routeName(r *netstate.Route) string { return fmt.Sprintf("%v %s", r.RouteKey, legsText(r)) }

func (k *fakeKernel) removeRoute(r *netstate.Route) {
	if k.routes[routeName(r)] != nil {
		delete(k.routes, routeName(r))
		k.tell(netstate.Change{Gone: true, Route: r})
	}
}

func (k *fakeKernel) setRule(r netstate.RuleKey, there bool) {
	if k.rules[r] != there {
		k.tell(netstate.Change{Gone: !there, Rule: &r})
	}
	k.rules[r] = there
	if !there {
		delete(k.rules, r)
	}
}

// do carries out a job and returns what it refuses.
func (k *fakeKernel) do(j job) (refused []*netstate.Failure) {
	for _, op := range j.ops {
		ok := true
		switch o := op.Object.(type) {
		case *netstate.AddressOn:
			a := addressKey{o.Index, netstate.Prefix(o.Address)}
			_, there := k.addrs[a]
			switch {
			case op.Remove && there:
				k.removeAddress(a)
			case !op.Remove && k.byIndex(o.Index) == nil:
				ok = false
			case !op.Remove && !there:
				k.addAddress(a, netstate.AddressProtocol)
			}
		case *netstate.RouteOn:
			r := o.Shown()
			l := k.byIndex(r.Legs[0].Index)
			switch {
			case op.Remove:
				k.removeRoute(r)
			case l == nil || !l.AdminUp:
				ok = false
			case k.routes[routeName(r)] == nil:
				k.routes[routeName(r)] = r
				k.tell(netstate.Change{Route: r})
			}
		case *netstate.RuleFor:
			k.setRule(o.Key, !op.Remove)
		}
		if !ok {
			refused = append(refused, &netstate.Failure{Op: op, Err: io.ErrUnexpectedEOF})
		}
	}
	k.done = max(k.done, j.number)
	return refused
}

// dump is a snapshot; routes alone after a suspicion.
func (k *fakeKernel) dump(full bool) netstate.Update {
	u := netstate.Update{Full: full, Routes: !full, Mark: k.done}
	if full {
		for _, l := range k.links {
			seen := *l
			u.Changes = append(u.Changes, netstate.Change{Link: &seen})
		}
		for a, protocol := range k.addrs {
			u.Changes = append(u.Changes, netstate.Change{Address: &netstate.Address{Index: a.index, Prefix: a.prefix, Protocol: protocol, Usable: true}})
		}
		for r := range k.rules {
			u.Changes = append(u.Changes, netstate.Change{Rule: &r})
		}
	}
	for _, r := range k.routes {
		u.Changes = append(u.Changes, netstate.Change{Route: r})
	}
	return u
}

// has is everything that the kernel has, in words.
func (k *fakeKernel) has() (list []string) {
	for a, protocol := range k.addrs {
		if name := k.byIndex(a.index).Name; protocol != 0 || name == "eth0" { // on another interface it is no virtual address
			list = append(list, fmt.Sprintf("address %v on %s", a.prefix, name))
		}
	}
	for _, r := range k.routes {
		list = append(list, fmt.Sprintf("route %v on %s", r.To, k.byIndex(r.Legs[0].Index).Name))
	}
	for r := range k.rules {
		list = append(list, fmt.Sprintf("rule %d", r.Priority))
	}
	slices.Sort(list)
	return list
}

// bench is objects on a fake kernel.
type objectBench struct {
	*fakeKernel
	o    *objects
	cfg  *conf.Config
	held map[string]bool
	now  vrrp.Time
	jobs []job
}

func newObjectBench(cfg *conf.Config) *objectBench {
	m := netstate.NewMirror()
	b := &objectBench{fakeKernel: newFakeKernel(), cfg: cfg, held: map[string]bool{}}
	b.o = manageObjects(m, &writer{wake: make(chan struct{}, 1)}, slog.New(slog.DiscardHandler))
	return b
}

func (b *objectBench) masters() (list []*conf.Instance) {
	for i := range b.cfg.Instances {
		if in := &b.cfg.Instances[i]; b.held[in.Name] {
			list = append(list, in)
		}
	}
	return list
}

func (b *objectBench) reconcile() { b.o.reconcile(b.now, b.cfg, b.masters()) }

// role gives or takes an instance's role the way the engine does.
func (b *objectBench) role(in *conf.Instance, master bool) {
	b.held[in.Name] = master
	if master {
		b.o.gain(b.now, in)
	} else {
		b.reconcile()
	}
}

// write lets the kernel do the next jobs.
func (b *objectBench) write(n int) {
	b.jobs = append(b.jobs, b.o.writer.jobs...)
	b.o.writer.jobs = nil
	for ; n > 0 && len(b.jobs) > 0; n-- {
		b.o.refused(b.do(b.jobs[0]), b.jobs[0].number)
		b.jobs = b.jobs[1:]
	}
}

// hear delivers the next events, or all of them and what must be read again.
func (b *objectBench) hear(n int) {
	n = min(n, len(b.events))
	u := netstate.Update{Changes: slices.Clone(b.events[:n])}
	b.events = b.events[n:]
	b.o.apply(u)
	if len(b.events) == 0 && b.suspect {
		b.suspect = false
		b.o.apply(b.dump(false))
	}
	b.reconcile()
}

// overrun loses every event that was not heard yet.
func (b *objectBench) overrun() {
	b.events, b.suspect = nil, false
	b.o.apply(b.dump(true))
	b.reconcile()
}

// settle lets everything come to rest.
func (b *objectBench) settle(t interface{ Fatalf(string, ...any) }) {
	for range 30 {
		b.write(1 << 20)
		b.hear(1 << 20)
		if len(b.events)+len(b.o.writer.jobs)+len(b.jobs) == 0 && !b.suspect {
			return
		}
	}
	t.Fatalf("no rest: %d events, %d jobs", len(b.events), len(b.o.writer.jobs))
}

// wants is what must be there, in words.
func (b *objectBench) wants() []string {
	wanted := map[string]bool{}
	there := func(name string) bool { return b.links[name] != nil }
	up := func(name string) bool { return there(name) && b.links[name].AdminUp }
	addresses := func(list []conf.Address) {
		for _, a := range list {
			if there(a.Interface) {
				wanted[fmt.Sprintf("address %v on %s", a.Prefix, a.Interface)] = true
			}
		}
	}
	routes := func(list []conf.Route) {
		for _, r := range list {
			if up(r.Interface) {
				wanted[fmt.Sprintf("route %v on %s", r.Destination, r.Interface)] = true
			}
		}
	}
	rules := func(list []conf.RoutingRule) {
		for _, r := range list {
			wanted[fmt.Sprintf("rule %d", r.Priority)] = true
		}
	}
	addresses(b.cfg.StaticAddresses)
	routes(b.cfg.StaticRoutes)
	rules(b.cfg.StaticRules)
	for _, in := range b.masters() {
		addresses(in.Addresses)
		addresses(in.Excluded)
		routes(in.Routes)
		rules(in.Rules)
	}
	return slices.Sorted(maps.Keys(wanted))
}

func benchConfig() *conf.Config {
	addr := func(p, dev string) conf.Address {
		return conf.Address{Prefix: netip.MustParsePrefix(p), Interface: dev, PreferredLifetime: conf.Forever}
	}
	route := func(p, dev string) conf.Route {
		return conf.Route{Family: conf.IPv4, Type: conf.RouteUnicast, Destination: netip.MustParsePrefix(p), Interface: dev, Table: 254, Protocol: 18}
	}
	rule := func(priority uint32) conf.RoutingRule {
		return conf.RoutingRule{Family: conf.IPv4, Priority: priority, Action: conf.RuleTable, Table: 77, Protocol: 18}
	}
	return &conf.Config{
		StaticAddresses: []conf.Address{addr("10.40.0.1/24", "eth1")},
		StaticRoutes:    []conf.Route{route("10.41.0.0/24", "eth1")},
		StaticRules:     []conf.RoutingRule{rule(90)},
		Instances: []conf.Instance{
			{Name: "A", Interface: "eth0", Priority: 100, Addresses: []conf.Address{addr("10.0.0.1/24", "eth0"), addr("10.0.0.2/24", "eth0")},
				Routes: []conf.Route{route("10.20.0.0/16", "eth0"), route("10.21.0.0/16", "eth1")}, Rules: []conf.RoutingRule{rule(100)}},
			{Name: "B", Interface: "eth1", Priority: 100, Addresses: []conf.Address{addr("10.1.0.1/32", "eth1")}, Excluded: []conf.Address{addr("10.0.0.3/24", "eth0")},
				Rules: []conf.RoutingRule{rule(101), rule(102)}},
		},
	}
}

// Whatever happens in whatever order, and however late it is heard of: in the
// end the kernel has what roles and configuration say, and nothing else.
func TestObjectsConverge(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := newObjectBench(benchConfig())
		b.plug("eth0")
		b.plug("eth1")
		b.overrun()
		name := rapid.SampledFrom([]string{"eth0", "eth1", "eth2"})
		pick := func(n int) int { return rapid.IntRange(0, max(n-1, 0)).Draw(t, "which") }
		t.Repeat(map[string]func(*rapid.T){
			"gain":   func(t *rapid.T) { b.role(&b.cfg.Instances[pick(2)], true) },
			"lose":   func(t *rapid.T) { b.role(&b.cfg.Instances[pick(2)], false) },
			"write":  func(t *rapid.T) { b.write(1 + pick(3)) },
			"hear":   func(t *rapid.T) { b.hear(1 + pick(5)) },
			"lost":   func(t *rapid.T) { b.overrun() },
			"plug":   func(t *rapid.T) { b.plug(name.Draw(t, "link")) },
			"unplug": func(t *rapid.T) { b.unplug(name.Draw(t, "link")) },
			"rename": func(t *rapid.T) { b.rename(name.Draw(t, "from"), name.Draw(t, "to")) },
			"down":   func(t *rapid.T) { b.setUp(name.Draw(t, "link"), false) },
			"up":     func(t *rapid.T) { b.setUp(name.Draw(t, "link"), true) },
			"wait":   func(t *rapid.T) { b.now += vrrp.Time(pick(20)) * s },
			"steal address": func(t *rapid.T) {
				if list := slices.SortedFunc(maps.Keys(b.addrs), compareAddresses); len(list) > 0 {
					b.removeAddress(list[pick(len(list))])
				}
			},
			"steal route": func(t *rapid.T) {
				if list := slices.Sorted(maps.Keys(b.routes)); len(list) > 0 {
					b.removeRoute(b.routes[list[pick(len(list))]])
				}
			},
			"steal rules": func(t *rapid.T) {
				for r := range b.rules {
					b.setRule(r, false)
				}
			},
			"someone adds a virtual address": func(t *rapid.T) {
				if l := b.links["eth0"]; l != nil {
					b.addAddress(addressKey{l.Index, netip.MustParsePrefix("10.0.0.2/24")}, 0)
				}
			},
		})
		b.settle(t)
		b.now += contestPauseMax + contestForgotten // what was contested is tried again
		b.o.thefts.expire(b.now)
		b.reconcile()
		b.settle(t)
		if got, want := b.has(), b.wants(); !slices.Equal(got, want) {
			t.Fatalf("the kernel has\n %s\nwant\n %s", strings.Join(got, "\n "), strings.Join(want, "\n "))
		}
	})
}

func compareAddresses(a, b addressKey) int {
	return strings.Compare(fmt.Sprint(a), fmt.Sprint(b))
}
