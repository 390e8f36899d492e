package vrrp

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"halbd/conf"
	"halbd/event"
)

// guard watches a network: how long it has no master of a virtual router, and
// how long more than one, is bounded by the protocol.
type guard struct {
	n         *network
	delay     Time   // no packet is longer on its way
	rough     bool   // packets are lost or hosts parted: there may be two masters
	settled   Time   // from then on there may not
	none, two []Time // since when, by instance; never
	wrong     string
}

func watch(n *network, delay Time) *guard {
	g := &guard{n: n, delay: delay}
	for range n.hosts[0].cfg.Instances {
		g.none, g.two = append(g.none, n.now), append(g.two, never)
	}
	n.watch = g.look
	return g
}

// disturb says that something has happened that may lead to a second master.
// One of two sends an advert within an interval; the worse one yields, or is
// answered at once. Two that both did not run listen for a skew longer.
func (g *guard) disturb() {
	in := &g.n.hosts[0].cfg.Instances[0]
	g.settled = g.n.now + in.AdvertInterval + 2*g.delay
	listening := 0
	for _, h := range g.n.hosts {
		if h.core != nil && h.core.instances[0].listening {
			listening++
		}
	}
	if listening > 1 {
		g.settled += skewTime(in.Version, 1, in.AdvertInterval)
	}
	if g.rough {
		g.settled = never
	}
	g.look()
}

func (g *guard) look() {
	for k := range g.none {
		masters := g.n.masters(k)
		if none := g.none[k]; none != never {
			for i, h := range g.n.hosts {
				if h.healthy != never && g.n.now > max(none, h.healthy)+g.delay+h.longestWait() {
					g.fail("no master of %d since %v, though host %d is healthy since %v", k, none, i, h.healthy)
				}
			}
		}
		// A claim, or some at about the same time, reach the others after the delay.
		if g.two[k] != never && g.settled != never && g.n.now > max(g.two[k], g.settled)+Time(len(g.n.hosts))*g.delay {
			g.fail("masters %v of %d since %v, settled at %v", masters, k, g.two[k], g.settled)
		}
		g.none[k] = since(g.none[k], len(masters) == 0, g.n.now)
		g.two[k] = since(g.two[k], len(masters) > 1, g.n.now)
	}
}

func (g *guard) fail(format string, args ...any) {
	if g.wrong == "" {
		g.wrong = fmt.Sprintf("%v: ", g.n.now) + fmt.Sprintf(format, args...)
	}
}

func since(was Time, is bool, now Time) Time {
	switch {
	case !is:
		return never
	case was == never:
		return now
	}
	return was
}

// longestWait is the master-down interval of the instance that waits longest: a
// sync group claims when all have waited.
func (h *simHost) longestWait() (d Time) {
	for _, in := range h.core.instances {
		d = max(d, time.Duration(in.cfg.DownTimerAdverts)*in.cfg.AdvertInterval+skewTime(in.cfg.Version, in.priority, in.cfg.AdvertInterval))
	}
	return d
}

// drawCluster draws two or three hosts with the same virtual routers.
func drawCluster(t *rapid.T) []*conf.Config {
	version := rapid.SampledFrom([]uint8{2, 3}).Draw(t, "version")
	interval := s
	if version == 3 {
		interval = rapid.SampledFrom([]Time{s, 250 * ms, 50 * ms}).Draw(t, "interval")
	}
	group := rapid.Bool().Draw(t, "sync group")
	nopreempt := rapid.Bool().Draw(t, "nopreempt")
	delay := rapid.SampledFrom([]Time{0, 0, 4 * interval}).Draw(t, "preempt_delay")
	down := rapid.SampledFrom([]int{3, 3, 1, 5}).Draw(t, "down_timer_adverts")
	silent := rapid.Bool().Draw(t, "lower_prio_no_advert")
	var cfgs []*conf.Config
	for range rapid.IntRange(2, 3).Draw(t, "hosts") {
		priority := uint8(rapid.OneOf(rapid.IntRange(1, 254), rapid.Just(100), rapid.Just(255)).Draw(t, "priority"))
		if silent || group && len(cfgs) > 0 {
			priority = min(priority, 254) // several owners are a mistake, which takes longer to settle
		}
		edit := func(in *conf.Instance) {
			in.Version, in.AdvertInterval, in.NoPreempt, in.DownTimerAdverts = version, interval, nopreempt, down
			in.HigherPrioAdv, in.LowerPrioNoAdv = true, silent
			if !nopreempt {
				in.PreemptDelay = delay
			}
		}
		cfg := config(router("A", 1, priority, edit))
		if group {
			cfg = config(router("A", 1, priority, edit), router("B", 2, priority, edit))
			cfg.SyncGroups = []conf.SyncGroup{{Name: "G", Members: []string{"A", "B"}}}
		}
		cfgs = append(cfgs, cfg)
	}
	return cfgs
}

// A cluster under everything that can befall it: there are never two masters
// for longer than an advertisement interval and the way there and back after
// it has ended, and at no time, whatever is lost, none for longer than a
// healthy host's master-down interval (which has its skew in it) and the way.
func TestClusterBounds(t *testing.T) {
	for range 10 { // times rapid's own number
		rapid.Check(t, checkBounds)
	}
}

func checkBounds(t *rapid.T) {
	cfgs := drawCluster(t)
	interval := cfgs[0].Instances[0].AdvertInterval
	delay := rapid.SampledFrom([]Time{0, interval / 1000, interval / 20}).Draw(t, "delay")
	if cfgs[0].Instances[0].DownTimerAdverts == 1 {
		delay = 0 // one advert that is later than the last by more than the skew makes a master down
	}
	w := newWeather(t, onOneWire(cfgs...), delay)
	for i := range cfgs {
		w.n.boot(i)
	}
	w.disturb()
	for range rapid.IntRange(0, 10).Draw(t, "events") {
		w.n.until(w.n.now + interval*Time(rapid.IntRange(0, 9000).Draw(t, "thousandths of an interval"))/1000)
		w.befall(t)
	}
	w.clear()
	w.n.until(w.n.now + 30*interval)
	if w.wrong != "" {
		t.Fatalf("%s\n%s", w.wrong, strings.Join(w.story, "\n"))
	}
	checkOutcome(t, w.n)
}

// weather is what befalls a network.
type weather struct {
	*guard
	loss  int // percent
	story []string
}

func newWeather(t *rapid.T, n *network, delay Time) *weather {
	w := &weather{guard: watch(n, delay)}
	rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
	double := rapid.SampledFrom([]int{0, 30}).Draw(t, "duplicates in percent")
	n.delay = func() Time { return Time(rng.Int64N(int64(delay) + 1)) }
	n.lost = func() bool { return rng.IntN(100) < w.loss }
	n.twice = func() bool { return rng.IntN(100) < double }
	return w
}

// befall lets one thing happen to one host or to the wire.
func (w *weather) befall(t *rapid.T) {
	i := rapid.IntRange(0, len(w.n.hosts)-1).Draw(t, "host")
	h := w.n.hosts[i]
	what := rapid.SampledFrom([]string{"link", "stop", "suspend", "crash", "shutdown", "part", "loss", "reload"}).Draw(t, "what")
	switch {
	case h.core == nil:
		what = "boot"
		w.n.boot(i)
	case h.stopped:
		what = "run"
		w.n.run(i)
	case what == "link":
		w.n.setLink(i, !h.down)
	case what == "stop", what == "suspend":
		w.n.pause(i, what == "suspend")
	case what == "crash":
		w.n.crash(i)
	case what == "shutdown":
		w.n.shutdown(i)
	case what == "part":
		h.side = 1 - h.side
	case what == "loss":
		w.loss = 60 - w.loss
	case what == "reload":
		w.n.reload(i)
	}
	w.rough = w.loss > 0 || slices.ContainsFunc(w.n.hosts, func(o *simHost) bool { return o.side != w.n.hosts[0].side })
	w.disturb()
	w.story = append(w.story, fmt.Sprintf("%v: %s of host %d", w.n.now, what, i))
}

// clear ends everything that has befallen.
func (w *weather) clear() {
	w.loss, w.rough = 0, false
	for i, h := range w.n.hosts {
		h.side = 0
		if h.core == nil {
			w.n.boot(i)
		}
		if h.stopped {
			w.n.run(i)
		}
		w.n.setLink(i, false)
	}
	w.disturb()
}

// checkOutcome expects one master of everything in the end: the best host,
// where pre-emption is allowed.
func checkOutcome(t *rapid.T, n *network) {
	for k := range n.hosts[0].cfg.Instances {
		masters := n.masters(k)
		if len(masters) != 1 {
			t.Fatalf("%v: masters %v of instance %d", n.now, masters, k)
		}
		best := n.hosts[masters[0]].core
		for i, h := range n.hosts {
			if better(h.core, best) && !h.cfg.Instances[k].NoPreempt {
				t.Fatalf("host %d, which is better, is not master, but host %d is", i, masters[0])
			}
		}
	}
}

// better reports whether every instance of a host has the higher priority: a
// sync group stays where one of its members is preferred.
func better(a, b *Core) bool {
	for k := range a.instances {
		if a.instances[k].priority <= b.instances[k].priority {
			return false
		}
	}
	return true
}

func pairOf(priorities ...uint8) *network {
	var cfgs []*conf.Config
	for _, p := range priorities {
		cfgs = append(cfgs, config(router("A", 1, p, func(in *conf.Instance) { in.HigherPrioAdv = true })))
	}
	n := onOneWire(cfgs...)
	for i := range cfgs {
		n.boot(i)
	}
	return n
}

// In a network that loses nothing there are never two, whatever comes and goes.
func TestClusterTakeover(t *testing.T) {
	n := pairOf(150, 100)
	n.until(10 * s)
	if m := n.masters(0); !slices.Equal(m, []int{0}) {
		t.Fatalf("masters %v", m)
	}
	last := 3*s + 106*s/256 + 6*s // the last advert before the crash
	n.crash(0)
	n.until(last + 3*s + 156*s/256 - 1)
	if m := n.masters(0); len(m) != 0 {
		t.Fatalf("too early: masters %v", m)
	}
	n.until(n.now + 1)
	if m := n.masters(0); !slices.Equal(m, []int{1}) {
		t.Fatalf("master-down and skew have passed: masters %v", m)
	}
	n.until(20 * s)
	n.boot(0)
	n.until(20*s + 3*s + 106*s/256)
	if m := n.masters(0); !slices.Equal(m, []int{0}) {
		t.Fatalf("pre-emption: masters %v", m)
	}
	n.until(30 * s)
	n.shutdown(0)
	n.until(30*s + 156*s/256)
	if m := n.masters(0); !slices.Equal(m, []int{1}) {
		t.Fatalf("after a resignation only the skew passes: masters %v", m)
	}
}

// When a network heals the winner announces its addresses again, whoever
// speaks first, and the loser is gone within an interval.
func TestSplitBrainHeals(t *testing.T) {
	for cut := range 40 {
		n := pairOf(150, 100)
		n.until(10 * s)
		n.hosts[1].side = 1
		n.until(20*s + Time(cut)*25*ms)
		if m := n.masters(0); len(m) != 2 {
			t.Fatalf("masters %v", m)
		}
		n.hosts[1].side = 0
		announced := Time(-1)
		inner := n.hosts[0].core
		n.watch = func() {
			if announced < 0 && inner.instances[0].healFrom > 0 {
				announced = n.now
			}
		}
		healed := n.now
		n.until(healed + s)
		if m := n.masters(0); !slices.Equal(m, []int{0}) {
			t.Errorf("cut %d: masters %v", cut, m)
		}
		if announced < 0 || announced-healed > s {
			t.Errorf("cut %d: announced at %v, healed at %v", cut, announced, healed)
		}
	}
}

// A master whose process is stopped for any time: at most one transition of
// either host follows when it runs again, and only the winner announces.
func TestStoppedMaster(t *testing.T) {
	for _, tc := range []struct {
		name    string
		machine bool
		backup  uint8
		stop    Time
		want    int // who is MASTER in the end
	}{
		{"process, 2 s: nobody took over", false, 100, 2 * s, 0},
		{"process, 5 s: the backup took over and gives way", false, 100, 5 * s, 0},
		{"machine, 5 s", true, 100, 5 * s, 0},
		{"process, 5 s, an equal backup with the higher address", false, 150, 5 * s, 1},
		{"machine, 5 s, an equal backup with the higher address", true, 150, 5 * s, 1},
	} {
		n := pairOf(150, tc.backup)
		if tc.backup == 150 {
			n = pairOf(150)
			n.until(5 * s)
			n.hosts = append(n.hosts, &simHost{cfg: config(router("A", 1, 150)), addr: "10.0.0.2", healthy: never})
			n.boot(1)
		}
		n.until(10200 * ms)
		n.pause(0, tc.machine)
		n.until(n.now + tc.stop)
		n.run(0)
		changes := [2]int{}
		var was [2]event.State
		n.watch = func() {
			for i, h := range n.hosts {
				if st := h.core.instances[0].state; st != was[i] {
					if was[i] != "" {
						changes[i]++
					}
					was[i] = st
				}
			}
		}
		n.watch()
		n.until(n.now + 20*s)
		if m := n.masters(0); !slices.Equal(m, []int{tc.want}) {
			t.Errorf("%s: masters %v", tc.name, m)
		}
		if changes[0]+changes[1] > 1 {
			t.Errorf("%s: %v transitions", tc.name, changes)
		}
	}
}

// A backup that sleeps, at any moment and for any time longer than a master is
// waited for, does not claim the role of a master that lives.
func TestSleepingBackupDoesNotClaim(t *testing.T) {
	const down = 3*s + 156*s/256
	for phase := Time(0); phase < s; phase += 47 * ms {
		for sleep := down; sleep < down+3*s; sleep += 131 * ms {
			for _, machine := range []bool{false, true} {
				n := pairOf(150, 100)
				n.until(10*s + phase)
				n.pause(1, machine)
				n.until(n.now + sleep)
				n.watch = func() {
					if m := n.masters(0); !slices.Equal(m, []int{0}) {
						t.Fatalf("asleep at %v for %v, machine %t: masters %v", phase, sleep, machine, m)
					}
				}
				n.run(1)
				n.until(n.now + 6*s)
			}
		}
	}
}
