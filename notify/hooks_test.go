package notify

import (
	"net/netip"
	"testing"

	"halbd/conf"
	"halbd/event"
)

// After a reload a removed server keeps its hooks for its last events; one
// that stays has those of the new configuration, also when these are none.
func TestHooksOverAReload(t *testing.T) {
	down := &conf.Command{Args: []string{"/bin/down"}}
	vip := netip.MustParseAddrPort("10.0.0.100:80")
	real := func(addr string, c *conf.Command) conf.RealServer {
		return conf.RealServer{Addr: netip.MustParseAddrPort(addr), NotifyDown: c}
	}
	config := func(list ...conf.RealServer) *conf.Config {
		return &conf.Config{VirtualServers: []conf.VirtualServer{{Kind: conf.ByAddress, Addr: vip, Protocol: conf.ProtoTCP, QuorumDown: down, RealServers: list}}}
	}
	a, b := real("10.1.0.1:80", down), real("10.1.0.2:80", down)
	ask := func(h hooks, server string) bool {
		ev := event.Event{Kind: event.RealServer, State: event.Down, ServiceKey: "tcp 10.0.0.100:80", ServerKey: server}
		return len(h.calls(ev)) > 0
	}
	for name, c := range map[string]struct {
		now          *conf.Config
		a, b, itself bool
	}{
		"same":           {now: config(a, b), a: true, b: true, itself: true},
		"server removed": {now: config(b), a: true, b: true, itself: true},
		"hook removed":   {now: config(real("10.1.0.1:80", nil), b), a: false, b: true, itself: true},
		"both":           {now: config(real("10.1.0.2:80", nil)), a: true, b: false, itself: true},
		"service gone":   {now: &conf.Config{}, a: true, b: true, itself: true},
	} {
		h := newHooks(c.now)
		h.keepRemoved(newHooks(config(a, b)), c.now)
		again := newHooks(c.now) // one more reload
		again.keepRemoved(h, c.now)
		for _, h := range []hooks{h, again} {
			if ask(h, "10.1.0.1:80") != c.a || ask(h, "10.1.0.2:80") != c.b || ask(h, "") != c.itself {
				t.Errorf("%s: %v %v %v", name, ask(h, "10.1.0.1:80"), ask(h, "10.1.0.2:80"), ask(h, ""))
			}
		}
	}
}

// An instance that a reload removes is in FAULT, without notify_deleted; that
// is told to the generic script only.
func TestHooksOfARemovedInstance(t *testing.T) {
	c := &conf.Command{Args: []string{"/bin/x"}}
	h := newHooks(&conf.Config{Instances: []conf.Instance{{Name: "V", Notify: conf.Notify{Fault: c, Deleted: c, Any: c}}}})
	for _, test := range []struct {
		ev   event.Event
		want int
	}{
		{event.Event{State: event.Fault}, 2}, {event.Event{State: event.Fault, Removed: true}, 1}, {event.Event{State: event.Deleted, Removed: true}, 2},
	} {
		test.ev.Kind, test.ev.Name = event.Instance, "V"
		if got := len(h.calls(test.ev)); got != test.want {
			t.Errorf("%+v: %d scripts, want %d", test.ev, got, test.want)
		}
	}
}
