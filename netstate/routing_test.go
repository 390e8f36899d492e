package netstate

import (
	"context"
	"fmt"
	"net/netip"
	"os/exec"
	"strings"
	"testing"
	"time"

	mdl "github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"

	"halbd/conf"
)

func route(to string, edit ...func(*RouteOn)) *RouteOn {
	p := netip.MustParsePrefix(to)
	r := &RouteOn{Index: 1, Route: &conf.Route{Family: conf.IPv4, Type: conf.RouteUnicast, Destination: p, Interface: "lo", Table: 254, Protocol: AddressProtocol}}
	if p.Addr().Is6() {
		r.Route.Family = conf.IPv6
	}
	for _, e := range edit {
		e(r)
	}
	r.Hops = make([]int, len(r.Route.NextHops))
	return r
}

func rule(priority uint32, edit ...func(*conf.RoutingRule)) *RuleFor {
	r := &conf.RoutingRule{Family: conf.IPv4, Priority: priority, Action: conf.RuleTable, Table: 77, Protocol: AddressProtocol}
	for _, e := range edit {
		e(r)
	}
	return &RuleFor{RuleKeyOf(r)}
}

// routingNamespace is a namespace with its loopback up, a Writer and a Watcher
// that follows routes.
func routingNamespace(t *testing.T) (*Writer, *Watcher) {
	t.Helper()
	namespace(t)
	sh(t, "ip link set lo up && ip addr add 10.0.0.1/24 dev lo && ip addr add fd00::1/64 dev lo")
	w, err := NewWriter()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	watch, err := Watch(nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(watch.Close)
	watch.FollowRoutes(true)
	return w, watch
}

// sh runs a command in the namespace of the test's thread.
func sh(t *testing.T, script string) {
	t.Helper()
	if out, err := exec.Command("sh", "-c", script).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v: %s", script, err, out)
	}
}

func mirrorOf(t *testing.T, watch *Watcher) *Mirror {
	t.Helper()
	m := NewMirror()
	u, err := watch.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	m.Apply(u)
	return m
}

// Every route and rule that the kernel takes is recognised when it is read
// again, and can be removed: no option of it looks like somebody's change.
func TestRoutesAndRulesAreRecognised(t *testing.T) {
	w, watch := routingNamespace(t)
	one, addr := uint32(1), netip.MustParseAddr
	yes := true
	metrics := func(o *RouteOn) {
		for kind := conf.MetricMTU; kind <= conf.MetricFastOpenNoCookie; kind++ {
			if kind != 16 && kind != conf.MetricFeatures {
				o.Route.Metrics = append(o.Route.Metrics, conf.RouteMetric{Kind: kind, Value: 1, Lock: kind == conf.MetricMTU})
			}
		}
		o.Route.Metrics[0].Value = 70_000 // more than the kernel keeps
	}
	objects := []Object{
		route("10.1.0.0/16"), route("0.0.0.0/0", func(o *RouteOn) { o.Route.Table = 1000 }), route("10.2.0.0/16", metrics), route("fd02::/64", metrics),
		route("10.3.0.0/16", func(o *RouteOn) {
			o.Route.Gateway, o.Route.Source, o.Route.TOS, o.Route.Metric = addr("10.0.0.9"), addr("10.0.0.1"), 0x10, 7
			o.Route.Realms, o.Route.Congestion, o.Route.TTLPropagate = conf.Realms{Source: 3, Destination: 4}, "reno", &yes
		}),
		route("10.4.0.0/16", func(o *RouteOn) { o.Route.Type, o.Index = conf.RouteBlackhole, 0 }),
		route("fd04::/64", func(o *RouteOn) { o.Route.Type, o.Index = conf.RouteUnreachable, 0 }),
		route("10.5.0.0/16", func(o *RouteOn) { o.Route.Gateway, o.Index = addr("10.0.0.9"), 0 }),
		route("10.6.0.0/16", func(o *RouteOn) {
			o.Index, o.Route.NextHops = 0, []conf.NextHop{{Gateway: addr("10.0.0.8"), Weight: 3}, {Gateway: addr("10.0.0.9"), Weight: 1, Realms: conf.Realms{Destination: 9}}}
		}),
		route("10.7.0.0/16", func(o *RouteOn) {
			o.Route.Encap = &conf.Encap{Type: conf.EncapIP, ID: 5, Destination: addr("192.0.2.1"), TOS: 4, TTL: 9, Flags: 0}
		}),
		route("fd07::/64", func(o *RouteOn) {
			o.Route.Encap = &conf.Encap{Type: conf.EncapIP6, ID: 1 << 40, Source: addr("2001:db8::2"), Destination: addr("2001:db8::1")}
		}),
		rule(100), rule(101, func(r *conf.RoutingRule) {
			r.Not, r.From, r.To, r.TOS = true, netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("10.1.0.0/16"), 0x10
			r.FwMark, r.FwMask, r.Input, r.Output, r.TunnelID = 3, 7, "lo", "eth9", 1<<40
			r.UIDs, r.IPProtocol, r.SourcePorts, r.DestPorts = &conf.UIDRange{}, 6, conf.PortRange{Low: 1, High: 2}, conf.PortRange{Low: 3, High: 3}
			r.Realms, r.SuppressLength, r.SuppressGroup, r.Table = conf.Realms{Source: 1, Destination: 2}, &one, &one, 1<<31
		}),
		rule(102, func(r *conf.RoutingRule) { r.Family, r.Action, r.Goto, r.Table = conf.IPv6, conf.RuleGoto, 200, 0 }),
		rule(103, func(r *conf.RoutingRule) { r.Action, r.Table = conf.RuleProhibit, 0 }),
		rule(104, func(r *conf.RoutingRule) { r.L3MDev, r.Table = true, 0 }),
	}
	var adds, removals []Op
	for _, o := range objects {
		adds, removals = append(adds, Op{Object: o}), append(removals, Op{Remove: true, Object: o})
	}
	present := func(m *Mirror, o Object) (there, otherwise bool) {
		if r, ok := o.(*RouteOn); ok {
			return m.HasRoute(r.Shown())
		}
		return m.HasRule(o.(*RuleFor).Key), false
	}
	for range 2 { // twice: what is there already is no failure
		if refused, err := w.Apply(adds); err != nil || len(refused) > 0 {
			t.Fatal(refused, err)
		}
	}
	m := mirrorOf(t, watch)
	for _, o := range objects {
		if there, otherwise := present(m, o); !there || otherwise {
			t.Errorf("%v: there %v, otherwise %v", o, there, otherwise)
		}
	}
	sh(t, "ip route change 10.1.0.0/16 dev lo proto 18 mtu 1300 && ip route del 10.3.0.0/16 tos 0x10 metric 7")
	m = mirrorOf(t, watch)
	if there, otherwise := present(m, objects[0]); there || !otherwise {
		t.Errorf("a route that somebody has changed: there %v, otherwise %v", there, otherwise)
	}
	for range 2 {
		if refused, err := w.Apply(removals); err != nil || len(refused) > 0 {
			t.Fatal(refused, err)
		}
	}
	m = mirrorOf(t, watch)
	for _, o := range objects {
		if there, otherwise := present(m, o); there || otherwise {
			t.Errorf("%v was not removed", o)
		}
	}
}

// follow applies what a Watcher delivers until a condition holds.
func follow(t *testing.T, watch *Watcher, m *Mirror, until func(overruns, updates int) bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	overruns, updates, held := 0, 0, false
	err := watch.Run(ctx, func(u Update) {
		m.Apply(u)
		updates++
		if held = until(overruns, updates); held {
			cancel()
		}
	}, func(string) { overruns++ })
	if !held {
		t.Errorf("it did not happen: %v", err)
	}
}

// Routes that the kernel removes without a notice are missed, and so are those
// that an operator's replace.
func TestSilentLossOfRoutes(t *testing.T) {
	for name, theft := range map[string]string{
		"interface down": "ip link set lo down",
		"source gone":    "ip addr del 10.77.0.7/32 dev lo",
		"replaced":       "ip route replace 10.1.0.0/16 dev lo",
	} {
		t.Run(name, func(t *testing.T) {
			w, watch := routingNamespace(t)
			sh(t, "ip addr add 10.77.0.7/32 dev lo")
			r := route("10.1.0.0/16", func(o *RouteOn) { o.Route.Source = netip.MustParseAddr("10.77.0.7") })
			if refused, err := w.Apply([]Op{{Object: r}}); err != nil || len(refused) > 0 {
				t.Fatal(refused, err)
			}
			m := mirrorOf(t, watch)
			if there, _ := m.HasRoute(r.Shown()); !there {
				t.Fatal("the route is not there")
			}
			sh(t, theft)
			follow(t, watch, m, func(int, int) bool {
				there, _ := m.HasRoute(r.Shown())
				return !there
			})
		})
	}
}

// A routing daemon that loads a table wakes nobody; and what is lost in an
// overrun is read again, routes and rules too.
func TestRouteFloodAndOverrun(t *testing.T) {
	w, watch := routingNamespace(t)
	m := mirrorOf(t, watch)
	var flood strings.Builder
	for i := range 2000 {
		fmt.Fprintf(&flood, "route replace 10.9.%d.%d/32 dev lo proto bird\n", i/250, i%250)
	}
	sh(t, "ip -batch - <<E\n"+flood.String()+"E")
	ours := Op{Object: route("10.1.0.0/16")}
	if refused, err := w.Apply([]Op{ours, {Object: rule(100)}}); err != nil || len(refused) > 0 {
		t.Fatal(refused, err)
	}
	has := func() bool {
		there, _ := m.HasRoute(ours.Object.(*RouteOn).Shown())
		return there && m.HasRule(rule(100).Key)
	}
	follow(t, watch, m, func(overruns, updates int) bool {
		if overruns > 0 || updates > 2 {
			t.Errorf("%d updates, %d overruns for two changes", updates, overruns)
		}
		return has()
	})

	again, err := Watch(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	again.FollowRoutes(true)
	if err := again.events.SetReadBuffer(4096); err != nil {
		t.Fatal(err)
	}
	var ops []Op
	for i := range 100 {
		ops = append(ops, Op{Object: route(fmt.Sprintf("10.2.0.%d/32", i))}, Op{Object: rule(uint32(1000 + i))})
	}
	if refused, err := w.Apply(ops); err != nil || len(refused) > 0 { // nobody reads meanwhile
		t.Fatal(refused, err)
	}
	last := route("10.2.0.99/32").Shown()
	follow(t, again, m, func(overruns, _ int) bool {
		there, _ := m.HasRoute(last)
		return there && m.HasRule(rule(1099).Key) && overruns > 0
	})
}

// The kernel's messages are taken as they come; what cannot be read is an
// error, never a crash.
func FuzzDecode(f *testing.F) {
	for _, o := range []Object{route("10.1.0.0/16"), route("fd00::/64", func(o *RouteOn) {
		o.Route.NextHops = []conf.NextHop{{Gateway: netip.MustParseAddr("fd00::9"), Weight: 1}}
	}), rule(100), &AddressOn{1, address("10.0.0.1/24")}} {
		m, err := o.request(false)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(uint16(m.Header.Type), m.Data)
	}
	f.Add(uint16(unix.RTM_NEWLINK), make([]byte, unix.SizeofIfInfomsg))
	f.Fuzz(func(t *testing.T, kind uint16, data []byte) {
		if kind == unix.RTM_NEWLINK || kind == unix.RTM_DELLINK {
			return // the library's
		}
		c, ok, err := decode(mdl.Message{Header: mdl.Header{Type: mdl.HeaderType(kind)}, Data: data})
		if ok && err == nil {
			NewMirror().Apply(Update{Changes: []Change{c}})
		}
		messages(data)
	})
}
