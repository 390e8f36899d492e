package vrrp

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"halbd/conf"
	"halbd/event"
)

func down0(addr string) InterfaceState {
	st := eth0(addr)
	st.Up = false
	return st
}

// interface_up_down_delays, 1.5 s down and 2.5 s up, exact times.
func TestLinkDelays(t *testing.T) {
	for _, row := range []struct {
		name  string
		steps func(p *script)
		want  []string
	}{
		{"a short loss does not count", func(p *script) { p.step(down0("10.0.0.1")).until(10499 * ms).step(eth0("10.0.0.1")) }, nil},
		{"a long one does", func(p *script) { p.step(down0("10.0.0.1")) }, []string{"10.5s INSTANCE A FAULT"}},
		{"it begins anew after a return", func(p *script) {
			p.step(down0("10.0.0.1")).until(10 * s).step(eth0("10.0.0.1")).until(10400 * ms).step(down0("10.0.0.1"))
		}, []string{"11.9s INSTANCE A FAULT"}},
		{"so does the way up", func(p *script) {
			p.step(down0("10.0.0.1")).until(12 * s).step(eth0("10.0.0.1")).until(13 * s).step(down0("10.0.0.1")).until(14 * s).step(eth0("10.0.0.1"))
		}, []string{"10.5s INSTANCE A FAULT", "16.5s INSTANCE A BACKUP"}},
		{"what is gone is gone at once", func(p *script) { p.step(InterfaceState{Name: "eth0"}) }, []string{"9s INSTANCE A FAULT"}},
		{"and comes back as a link that goes up", func(p *script) {
			p.step(InterfaceState{Name: "eth0"}).until(12 * s).step(eth0("10.0.0.1"))
		}, []string{"9s INSTANCE A FAULT", "14.5s INSTANCE A BACKUP"}},
		{"addresses that go with the link wait too", func(p *script) {
			p.step(InterfaceState{Name: "eth0", Exists: true}).until(10 * s).step(eth0("10.0.0.1"))
		}, nil},
		{"an address that goes alone does not", func(p *script) { p.step(InterfaceState{Name: "eth0", Exists: true, Up: true}) }, []string{"9s INSTANCE A FAULT"}},
		{"a reload that takes the delay away ends it", func(p *script) {
			p.step(down0("10.0.0.1")).until(10 * s).note(p.c.Reload(p.now, config(router("A", 1, 150))))
			p.until(10 * s)
		}, []string{"10s INSTANCE A FAULT"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			cfg := config(router("A", 1, 150))
			cfg.LinkDelays = []conf.LinkDelay{{Interface: "eth0", Down: 1500 * ms, Up: 2500 * ms}}
			p := play(t, cfg).until(9 * s)
			p.out = nil
			row.steps(p)
			p.until(18 * s)
			if got := only(p.out, "INSTANCE"); !slices.Equal(slices.DeleteFunc(got, func(l string) bool { return strings.HasSuffix(l, "MASTER") }), row.want) {
				t.Errorf("got %q, want %q", got, row.want)
			}
		})
	}
	t.Run("at the start the state counts at once", func(t *testing.T) {
		cfg := config(router("A", 1, 150))
		cfg.LinkDelays = []conf.LinkDelay{{Interface: "eth0", Down: 1500 * ms, Up: 2500 * ms}}
		play(t, cfg, down0("10.0.0.1")).want("0s INSTANCE A FAULT")
	})
	t.Run("a tracked interface too", func(t *testing.T) {
		in := router("A", 1, 150)
		in.Track.Interfaces = []conf.Track{{Name: "eth1", Weight: -20}}
		cfg := config(in)
		cfg.LinkDelays = []conf.LinkDelay{{Interface: "eth1", Down: s}}
		p := play(t, cfg, eth0("10.0.0.1"), InterfaceState{Name: "eth1", Exists: true, Up: true})
		p.tell(TrackInterface, "eth1", 1).until(999 * ms)
		before := p.c.instances[0].priority
		if p.until(s); before != 150 || p.c.instances[0].priority != 130 {
			t.Errorf("priority %d, then %d", before, p.c.instances[0].priority)
		}
	})
}

// However a link flaps, once it has kept still for longer than the delays the
// state is what it would be without them.
func TestLinkDelaysSettle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		draw := func(what string) time.Duration { return time.Duration(rapid.IntRange(0, 3000).Draw(t, what)) * ms }
		cfg := config(router("A", 1, 150))
		cfg.LinkDelays = []conf.LinkDelay{{Interface: "eth0", Down: draw("down"), Up: draw("up")}}
		c := NewCore(cfg)
		c.Step(0, eth0("10.0.0.1"))
		c.Start(0)
		now, last := Time(0), eth0("10.0.0.1")
		tick := func(end Time) {
			for d, ok := c.Deadline(); ok && d <= end; d, ok = c.Deadline() {
				confirm(c, d, c.Step(d, Tick{}))
			}
			now = end
		}
		for range rapid.IntRange(0, 12).Draw(t, "changes") {
			tick(now + draw("pause"))
			last = InterfaceState{Name: "eth0", Exists: rapid.IntRange(0, 5).Draw(t, "exists") > 0}
			if last.Exists {
				last.Up = rapid.Bool().Draw(t, "up")
				last.Addrs = []netip.Addr{netip.MustParseAddr("10.0.0.1")}
			}
			confirm(c, now, c.Step(now, last))
		}
		tick(now + 10*s)
		if fault := c.instances[0].state == event.Fault; fault != !last.Up {
			t.Fatalf("state %s with %+v", c.instances[0].state, last)
		}
	})
}

// vrrp_startup_delay counts from the daemon's start, vrrp_delay_after_boot from
// the host's (time 0); the later one holds. A reload delays nothing.
func TestDelayedStart(t *testing.T) {
	for _, row := range []struct{ startup, afterBoot, start, want Time }{
		{0, 0, 5 * s, 5 * s}, {10 * s, 0, 5 * s, 15 * s}, {0, 60 * s, 50 * s, 60 * s}, {0, 60 * s, 70 * s, 70 * s},
		{3 * s, 60 * s, 50 * s, 60 * s}, {20 * s, 60 * s, 50 * s, 70 * s},
	} {
		cfg := config(router("A", 1, 150))
		cfg.Global.StartupDelay, cfg.Global.DelayAfterBoot = row.startup, row.afterBoot
		c := NewCore(cfg)
		c.Step(0, eth0("10.0.0.1"))
		c.Start(row.start)
		if at := claims(c, "A"); at != row.want+3*s+106*s/256 {
			t.Errorf("%+v: master at %v", row, at)
		}
		more := config(router("A", 1, 150), router("B", 2, 150))
		more.Global = cfg.Global
		c.Reload(100*s, more)
		if at := claims(c, "B"); at != 103*s+106*s/256 {
			t.Errorf("%+v: an instance that a reload at 100 s adds is master at %v", row, at)
		}
	}
}

// Every reason stands in the cause, except what follows from another.
func TestLinkFaultsAreListed(t *testing.T) {
	for _, row := range []struct {
		link InterfaceState
		want string
	}{
		{InterfaceState{Name: "eth0"}, "interface eth0 does not exist"},
		{InterfaceState{Name: "eth0", Exists: true}, "interface eth0 is down, no IPv4 address on eth0 to send adverts from"},
		{down0("10.0.0.1"), "interface eth0 is down"},
	} {
		p := play(t, config(router("A", 1, 150))).until(9 * s)
		a := p.c.Step(p.now, row.link)
		if i := slices.IndexFunc(a.Events, func(e event.Event) bool { return e.State == event.Fault }); i < 0 || a.Events[i].Cause != row.want {
			t.Errorf("%+v: %v, want %s", row.link, fmt.Sprint(a.Events), row.want)
		}
	}
}

// claims lets time pass until an instance is MASTER.
func claims(c *Core, name string) Time {
	for {
		d, _ := c.Deadline()
		confirm(c, d, c.Step(d, Tick{}))
		if c.byName[name].state == event.Master {
			return d
		}
	}
}

// confirm tells a core that every advert has left.
func confirm(c *Core, now Time, a *Actions) {
	for a.Confirm {
		a = c.Sent(now, nil)
	}
}
