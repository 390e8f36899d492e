package healthcheck

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"halbd/conf"
	"halbd/event"
)

// order gives an order and returns why it was refused.
func (b *bench) order(o Order) string {
	b.t.Helper()
	o.ID, o.By = 7, "uid 0 (root)"
	if o.Service == "" {
		o.Service = "10.0.0.100:80"
	}
	actions := b.c.Step(o, b.now)
	b.take(actions)
	for _, a := range actions {
		if a, ok := a.(Answer); ok && a.ID == 7 {
			return a.Refused
		}
	}
	b.t.Fatal("no answer")
	return ""
}

func (b *bench) obeyed(o Order) *bench {
	b.t.Helper()
	if why := b.order(o); why != "" {
		b.t.Fatalf("%v: refused: %s", b.now, why)
	}
	return b
}

// left tells of the connections of server n.
func (b *bench) left(n string, active, inactive uint64) *bench {
	b.take(b.c.Step(Connections{Service: b.c.services[0].key, Server: netip.MustParseAddrPort(n), Active: active, Inactive: inactive}, b.now))
	return b
}

// told lists what the operator has ordered as the events tell it.
func (b *bench) told() string {
	var list []string
	for _, e := range b.published {
		switch e.State {
		case event.Draining, event.Drained, event.Disabled, event.Enabled:
			list = append(list, string(e.State))
		}
	}
	return strings.Join(list, " ")
}

func two(edit ...func(*conf.VirtualServer)) *conf.Config {
	return virtual([]conf.RealServer{real(1, 2), real(2, 3)}, edit...)
}

// A drain: weight 0 at once, out with the last connection, back by order.
func TestDrain(t *testing.T) {
	b := newBench(t, two()).table("1=2 2=3")
	b.events = nil
	b.obeyed(Order{Action: Drain, Server: "10.0.0.1:80"}).table("1=0 2=3").left("10.0.0.1:80", 3, 4).table("1=0 2=3")
	if st := b.c.Status(func(Time) time.Time { return time.Time{} })[0].Servers[0]; st.Weight != 0 || st.Order.State != event.Draining || st.Order.Active != 3 || st.Order.Inactive != 4 {
		t.Errorf("%+v, order %+v", st, st.Order)
	}
	b.left("10.0.0.1:80", 0, 1).table("1=0 2=3").left("10.0.0.1:80", 0, 0).table("2=3").left("10.0.0.1:80", 0, 0)
	b.until(60 * 60 * s).obeyed(Order{Action: Enable, Server: "10.0.0.1:80"}).table("1=2 2=3").want()
	if got := b.told(); got != "DRAINING DRAINED ENABLED" {
		t.Error(got)
	}
}

// A drain with a deadline ends there, whatever is open, and the server stays out.
func TestDrainUntil(t *testing.T) {
	b := newBench(t, two()).until(5*s).obeyed(Order{Action: Drain, Server: "10.0.0.1:80", For: 10 * s}).left("10.0.0.1:80", 3, 4)
	b.next(15 * s).until(15*s - 1).table("1=0 2=3").until(15 * s).table("2=3").until(60 * 60 * s).table("2=3")
}

// A server that is disabled is out at once, and with a time comes back by itself.
func TestDisable(t *testing.T) {
	b := newBench(t, two()).until(5 * s).obeyed(Order{Action: Disable, Server: "10.0.0.1:80", For: 10 * s}).table("2=3")
	b.until(15*s - 1).table("2=3").until(15 * s).table("1=2 2=3")
	b.obeyed(Order{Action: Disable, Server: "10.0.0.1:80"}).until(60 * 60 * s).table("2=3")
	if got := b.told(); got != "DISABLED ENABLED DISABLED" {
		t.Error(got)
	}
}

// Who is taken out counts for the quorum as if it was up, whatever its checks
// say; but somebody must serve.
func TestOrdersAndQuorum(t *testing.T) {
	quorum := func(n int) func(*conf.VirtualServer) { return func(v *conf.VirtualServer) { v.Quorum = n } }
	once := func() conf.Checker { return tcp(func(k *conf.Checker) { k.Retry = 0 }) }
	servers := func() []conf.RealServer {
		return []conf.RealServer{real(1, 1, once()), real(2, 1, once()), real(3, 1, once())}
	}
	for _, action := range []OrderAction{Drain, Disable} {
		b := newBench(t, virtual(servers(), quorum(3)))
		b.events = nil
		b.until(s).good(1).good(2).good(3).obeyed(Order{Action: action, Server: "10.0.0.1:80"}).want()
		b.until(11 * s).bad(1).good(2).good(3).want("RS 10.0.0.1 DOWN") // it is rebooted
		b.until(21*s).bad(2).want("RS 10.0.0.2 DOWN", "VS 10.0.0.100 DOWN")
		b.obeyed(Order{Action: action, Server: "10.0.0.2:80"}).want("VS 10.0.0.100 UP") // it is under maintenance, too
		b.obeyed(Order{Action: Enable, Server: "10.0.0.1:80"}).want("VS 10.0.0.100 DOWN")
	}
	// The default quorum: the last one that serves is missed whatever is drained.
	b := newBench(t, virtual(servers()[:2], sorry))
	b.events = nil
	b.until(s).good(1).good(2).obeyed(Order{Action: Drain, Server: "10.0.0.1:80"}).until(11 * s).bad(2).table("1=0 9=1")
	if want := []string{"RS 10.0.0.2 DOWN", "VS 10.0.0.100 DOWN"}; !slices.Equal(b.events, want) {
		t.Errorf("%q", b.events)
	}
}

// A reload leaves orders as they are; a server that goes takes its own along.
func TestOrdersSurviveAReload(t *testing.T) {
	b := newBench(t, two()).obeyed(Order{Action: Drain, Server: "10.0.0.1:80", For: 20 * s}).until(5 * s)
	next := two(func(v *conf.VirtualServer) { v.Scheduler = "wrr" })
	next.VirtualServers[0].RealServers[0].Weight = 7
	b.take(b.c.Step(Reload{next}, b.now))
	b.table("1=0 2=3").left("10.0.0.1:80", 1, 0).until(20 * s).table("2=3").obeyed(Order{Action: Enable, Server: "10.0.0.1:80"}).table("1=7 2=3")
	b.obeyed(Order{Action: Disable, Server: "10.0.0.1:80", For: 20 * s})
	b.take(b.c.Step(Reload{virtual([]conf.RealServer{real(2, 3)})}, b.now))
	b.take(b.c.Step(Reload{two()}, b.now))
	b.table("1=2 2=3").until(100 * s)
	if d := b.c.orderDeadline(); d != time.Duration(1<<63-1) {
		t.Errorf("an order of a server that has gone is due at %v", d)
	}
}

// A process that starts again is told what holds: nothing of it gets traffic first.
func TestOrdersAtStart(t *testing.T) {
	b := newBench(t, two())
	b.obeyed(Order{Action: Drain, Server: "10.0.0.1:80", Drained: true, Force: true}).table("2=3")
	b.obeyed(Order{Action: Disable, Server: "10.0.0.2:80", Force: true}).table("")
	if b.c.services[0].quorum {
		t.Error("a virtual server that nobody serves has its quorum")
	}
}

// A server is found by every name that it has; each row of refusals says why.
func TestRefusedOrders(t *testing.T) {
	for _, name := range []string{"10.0.0.100:80", "tcp:10.0.0.100:80", "[10.0.0.100]:tcp:80", "tcp 10.0.0.100:80"} {
		newBench(t, two()).obeyed(Order{Action: Drain, Service: name, Server: "[10.0.0.1]:tcp:80"}).table("1=0 2=3")
	}
	both := two()
	udp := both.VirtualServers[0]
	udp.Protocol = conf.ProtoUDP
	both.VirtualServers = append(both.VirtualServers, udp)
	for _, tc := range []struct {
		name string
		cfg  *conf.Config
		o    Order
		want string
	}{
		{"no such virtual server", two(), Order{Action: Drain, Service: "10.0.0.101:80", Server: "10.0.0.1:80"}, "no virtual server 10.0.0.101:80; there are [10.0.0.100]:tcp:80"},
		{"no such real server", two(), Order{Action: Drain, Server: "10.0.0.3:80"}, "has no real server 10.0.0.3:80; it has 10.0.0.1:80, 10.0.0.2:80"},
		{"two of that name", both, Order{Action: Drain, Server: "10.0.0.1:80"}, "not one real server: it is in [10.0.0.100]:tcp:80 and in [10.0.0.100]:udp:80"},
		{"drain the last", virtual([]conf.RealServer{real(1, 1)}), Order{Action: Drain, Server: "10.0.0.1:80"}, "the last server of [10.0.0.100]:tcp:80 that serves: without it its quorum is lost and nobody serves"},
		{"disable the last", virtual([]conf.RealServer{real(1, 1)}, sorry), Order{Action: Disable, Server: "10.0.0.1:80"}, "the sorry server serves"},
		{"enable one that serves", two(), Order{Action: Enable, Server: "10.0.0.1:80"}, "neither drained nor disabled"},
		{"an unknown order", two(), Order{Action: "dance", Server: "10.0.0.1:80"}, `unknown order "dance"`},
	} {
		b := newBench(t, tc.cfg)
		before := len(b.c.Table()[0].Dests)
		if why := b.order(tc.o); !strings.Contains(why, tc.want) {
			t.Errorf("%s: refused %q, want %q", tc.name, why, tc.want)
		}
		if len(b.c.Table()[0].Dests) != before || b.told() != "" {
			t.Errorf("%s: it is obeyed all the same", tc.name)
		}
	}
	newBench(t, virtual([]conf.RealServer{real(1, 1)}, sorry)).obeyed(Order{Action: Disable, Server: "10.0.0.1:80", Force: true}).table("9=1")
}
