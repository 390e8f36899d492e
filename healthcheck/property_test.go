package healthcheck

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"halbd/conf"
	"halbd/event"
	"halbd/ipvs"
)

// drawConfig draws a virtual server with every rule and every kind of checker.
func drawConfig(t *rapid.T, probes bool) *conf.Config {
	small := func(name string, max int) int { return rapid.IntRange(0, max).Draw(t, name) }
	yes := rapid.Bool()
	var servers []conf.RealServer
	total := 0
	for n := 1; n <= 4; n++ {
		if !yes.Draw(t, "server") {
			continue
		}
		r := real(n, small("weight", 3))
		r.Inhibit = yes.Draw(t, "inhibit")
		for range small("checkers", 3) {
			switch k := small("kind", 4); {
			case k == 0:
				r.Checkers = append(r.Checkers, file("f", rapid.IntRange(-2, 2).Draw(t, "file weight")))
			case k == 1:
				r.Checkers = append(r.Checkers, file("g", rapid.IntRange(0, 1).Draw(t, "file weight"), reverse))
			case k == 2 || !probes:
				r.Checkers = append(r.Checkers, session("b"))
			case k == 3:
				r.Checkers = append(r.Checkers, tcp(func(c *conf.Checker) { c.Alpha = yes.Draw(t, "alpha"); c.Retry = small("retry", 2) }))
			default:
				r.Checkers = append(r.Checkers, conf.Checker{Kind: conf.MiscCheck, DelayLoop: 10 * s, RetryDelay: s, Misc: &conf.MiscOptions{Dynamic: true}})
			}
		}
		total += r.Weight
		servers = append(servers, r)
	}
	return virtual(servers, func(v *conf.VirtualServer) {
		v.Quorum = min(1+small("quorum", 4), total)
		if probes {
			v.Hysteresis = small("hysteresis", max(0, v.Quorum-1))
			v.HASuspend = small("ha_suspend", 3) == 0
		}
		if yes.Draw(t, "sorry") {
			sorry(v)
			v.Sorry.Inhibit = yes.Draw(t, "sorry inhibit")
		}
	})
}

// model is what the rules make of the checkers' present states, and of the
// quorum before.
func model(svc *service, quorum bool) (want []ipvs.Destination, now bool) {
	alive := int64(0)
	weights := map[*server]int32{}
	for _, r := range svc.servers {
		w, up := int64(r.conf.Weight), true
		for _, k := range r.checkers {
			up = up && k.up
			if k.asked != noWish && k.up {
				w += int64(k.asked) - int64(r.conf.Weight)
			}
			w += k.delta
		}
		w = min(max(w, 0), math.MaxInt32)
		weights[r] = -1
		if up {
			alive += w
			weights[r] = int32(w)
		}
	}
	limit := int64(svc.conf.Quorum + svc.conf.Hysteresis)
	if quorum {
		limit = int64(svc.conf.Quorum - svc.conf.Hysteresis)
	}
	now = alive > 0 && alive >= limit
	for _, r := range svc.servers {
		switch w := weights[r]; {
		case w >= 0 && (now || svc.conf.Sorry == nil):
			want = append(want, ipvs.Destination{Addr: r.conf.Addr.Addr(), Port: 80, Weight: w})
		case r.conf.Inhibit:
			want = append(want, ipvs.Destination{Addr: r.conf.Addr.Addr(), Port: 80})
		}
	}
	if v := svc.conf.Sorry; v != nil && (!now || v.Inhibit) {
		d := ipvs.Destination{Addr: v.Addr.Addr(), Port: 80}
		if !now {
			d.Weight = 1
		}
		want = append(want, d)
	}
	return want, now
}

// destinationsOf is the table, whatever its servers are forwarded by.
func destinationsOf(c *Core) []ipvs.Destination {
	var list []ipvs.Destination
	for _, svc := range c.Table() {
		for _, d := range svc.Dests {
			list = append(list, ipvs.Destination{Addr: d.Addr, Port: d.Port, Weight: d.Weight})
		}
	}
	return list
}

var sameTable = cmp.Options{cmpopts.EquateComparable(ipvs.Destination{}), cmpopts.EquateEmpty()}

// Whatever happens, the table follows from the present state of the checkers
// and from the quorum: no weight adds up, no server that is down is in it, and
// what is told alternates.
func TestTableFollowsFromTheState(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cfg := drawConfig(t, true)
		c, actions := NewCore(cfg, 0, func(time.Duration) time.Duration { return 0 })
		var now Time
		running := map[CheckerID]bool{}
		told := map[string]event.State{}
		take := func(actions []Action) {
			for _, a := range actions {
				switch a := a.(type) {
				case StartProbe:
					if running[a.ID] {
						t.Fatal("two probes of one checker")
					}
					running[a.ID] = true
				case CancelProbe:
					delete(running, a.ID)
				case Publish:
					name := string(a.Event.Kind) + a.Event.Name
					if told[name] == a.Event.State {
						t.Fatalf("%s %s told twice", name, a.Event.State)
					}
					told[name] = a.Event.State
				}
			}
		}
		take(actions)
		quorum := c.services[0].quorum
		step := func(ev Event) {
			take(c.Step(ev, now))
			want, has := model(c.services[0], quorum)
			if has != c.services[0].quorum {
				t.Fatalf("%T: quorum %v, want %v", ev, c.services[0].quorum, has)
			}
			quorum = has
			if d := cmp.Diff(want, destinationsOf(c), sameTable); d != "" {
				t.Fatalf("%T: - model, + table:\n%s", ev, d)
			}
		}
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			switch rapid.IntRange(0, 5).Draw(t, "event") {
			case 0:
				step(Fact{Kind: FileFact, Name: rapid.SampledFrom([]string{"f", "g"}).Draw(t, "file"), Value: rapid.IntRange(-4, 4).Draw(t, "value")})
			case 1:
				step(Fact{Kind: BFDFact, Name: "b", Value: rapid.IntRange(0, 1).Draw(t, "down")})
			case 2:
				step(AddressChange{cfg.VirtualServers[0].Addr.Addr(), rapid.Bool().Draw(t, "present")})
			case 3:
				if d, ok := c.Deadline(); ok {
					now = max(now, d)
					step(Tick{})
				}
			default:
				ids := slices.Sorted(maps.Keys(running))
				if len(ids) == 0 {
					continue
				}
				id := rapid.SampledFrom(ids).Draw(t, "probe")
				delete(running, id)
				ok := rapid.Bool().Draw(t, "ok")
				exit := 0
				if !ok {
					exit = rapid.SampledFrom([]int{1, 2, 5, 255}).Draw(t, "exit")
				}
				step(ProbeResult{id, Result{OK: ok, Exit: exit}})
			}
		}
	})
}

// Where no history counts - facts, no probes, no hysteresis - a row of reloads
// leaves what a cold start with the last file would.
func TestReloadsAreAColdStart(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		facts := map[string]Fact{}
		known := func() []Fact {
			return slices.SortedFunc(maps.Values(facts), func(a, b Fact) int { return strings.Compare(a.Name, b.Name) })
		}
		none := func(time.Duration) time.Duration { return 0 }
		c, _ := NewCore(drawConfig(t, false), 0, none)
		for i := range rapid.IntRange(1, 6).Draw(t, "reloads") {
			for range rapid.IntRange(0, 3).Draw(t, "facts") {
				f := rapid.SampledFrom([]Fact{{Kind: FileFact, Name: "f"}, {Kind: FileFact, Name: "g"}, {Kind: BFDFact, Name: "b"}}).Draw(t, "about")
				f.Value = rapid.IntRange(0, 2).Draw(t, "value")
				facts[f.Name] = f
				c.Step(f, Time(i))
			}
			cfg := drawConfig(t, false)
			c.Step(Reload{cfg}, Time(i))
			cold, _ := NewCore(cfg, 0, none, known()...)
			if d := cmp.Diff(destinationsOf(cold), destinationsOf(c), sameTable); d != "" {
				t.Fatalf("- cold start, + reload %d:\n%s", i, d)
			}
		}
		for about, list := range c.followers {
			for _, ck := range list {
				if c.checkers[ck.id] != ck {
					t.Fatal(fmt.Sprint("a checker that is gone follows ", about))
				}
			}
		}
	})
}
