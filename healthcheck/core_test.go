package healthcheck

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"halbd/conf"
	"halbd/event"
)

const s = time.Second

func tcp(edit ...func(*conf.Checker)) conf.Checker {
	k := conf.Checker{Kind: conf.TCPCheck, ConnectTimeout: 5 * s, DelayLoop: 10 * s, Warmup: 0, Retry: 2, RetryDelay: s}
	for _, e := range edit {
		e(&k)
	}
	return k
}

func real(n, weight int, checks ...conf.Checker) conf.RealServer {
	return conf.RealServer{Addr: netip.MustParseAddrPort(fmt.Sprintf("10.0.0.%d:80", n)), Weight: weight, Checkers: checks}
}

func virtual(servers []conf.RealServer, edit ...func(*conf.VirtualServer)) *conf.Config {
	v := conf.VirtualServer{Kind: conf.ByAddress, Addr: netip.MustParseAddrPort("10.0.0.100:80"), Family: conf.IPv4, Protocol: conf.ProtoTCP,
		Scheduler: "rr", Forwarding: conf.Forwarding{Method: conf.NAT}, Quorum: 1, RealServers: servers}
	for _, e := range edit {
		e(&v)
	}
	return &conf.Config{VirtualServers: []conf.VirtualServer{v}}
}

func sorry(v *conf.VirtualServer) {
	v.Sorry = &conf.SorryServer{Addr: netip.MustParseAddrPort("10.0.0.9:80"), Forwarding: v.Forwarding}
}

// bench runs a core by hand: its clock, its probes and what it publishes.
type bench struct {
	t       *testing.T
	c       *Core
	now     Time
	waiting map[string]StartProbe // probes that run, by server
	events  []string

	published []event.Event
}

func newBench(t *testing.T, cfg *conf.Config) *bench {
	b := &bench{t: t, waiting: map[string]StartProbe{}}
	var a []Action
	b.c, a = NewCore(cfg, 0, func(time.Duration) time.Duration { return 0 })
	b.take(a)
	return b
}

func (b *bench) take(actions []Action) {
	for _, a := range actions {
		switch a := a.(type) {
		case StartProbe:
			b.waiting[b.c.checkers[a.ID].server.conf.Addr.String()] = a
		case CancelProbe:
			for name, p := range b.waiting {
				if p.ID == a.ID {
					delete(b.waiting, name)
				}
			}
		case Publish:
			e := a.Event
			b.published = append(b.published, e)
			if e.Quiet || e.Kind == event.Checker {
				continue
			}
			name := strings.TrimSuffix(strings.TrimPrefix(e.Name, "["), ":tcp:80")
			b.events = append(b.events, fmt.Sprintf("%s %s %s", e.Kind, strings.TrimSuffix(name, "]"), e.State))
			if e.Cause == "" {
				b.t.Errorf("%s %s without a cause", e.Name, e.State)
			}
		}
	}
}

// until lets the time pass; probes start and wait for an answer.
func (b *bench) until(end Time) *bench {
	for {
		d, ok := b.c.Deadline()
		if !ok || d > end {
			b.now = end
			return b
		}
		b.now = d
		b.take(b.c.Step(Tick{}, d))
	}
}

// answer gives the running probe of server n its result.
func (b *bench) answer(n int, r Result) *bench {
	b.t.Helper()
	name := fmt.Sprintf("10.0.0.%d:80", n)
	p, ok := b.waiting[name]
	if !ok {
		b.t.Fatalf("%v: no probe of %s runs", b.now, name)
	}
	delete(b.waiting, name)
	b.take(b.c.Step(ProbeResult{p.ID, r}, b.now))
	return b
}

func (b *bench) good(n int) *bench { return b.answer(n, Result{OK: true}) }
func (b *bench) bad(n int) *bench  { return b.answer(n, Result{Detail: "refused"}) }

func (b *bench) skipped(n int) *bench {
	return b.answer(n, Result{Skipped: true, Detail: "on this host: bind: cannot assign requested address"})
}

func (b *bench) want(events ...string) *bench {
	b.t.Helper()
	if !slices.Equal(b.events, events) {
		b.t.Errorf("%v: events %q, want %q", b.now, b.events, events)
	}
	b.events = nil
	return b
}

// table wants the destinations of the one service: "last byte of the address=weight".
func (b *bench) table(want string) *bench {
	b.t.Helper()
	var list []string
	for _, svc := range b.c.Table() {
		for _, d := range svc.Dests {
			list = append(list, fmt.Sprintf("%d=%d", d.Addr.As4()[3], d.Weight))
		}
	}
	if got := strings.Join(list, " "); got != want {
		b.t.Errorf("%v: table %q, want %q", b.now, got, want)
	}
	return b
}

func (b *bench) stop() *bench { b.take(b.c.Step(Stop{}, b.now)); return b }

func (b *bench) next(want Time) *bench {
	b.t.Helper()
	if got, _ := b.c.Deadline(); got != want {
		b.t.Errorf("next check at %v, want %v", got, want)
	}
	return b
}

func TestFirstFailureCountsAtOnce(t *testing.T) {
	b := newBench(t, virtual([]conf.RealServer{real(1, 1, tcp())}))
	b.want("VS 10.0.0.100 UP").table("1=1").next(s)
	b.until(s).bad(1).want("RS 10.0.0.1 DOWN", "VS 10.0.0.100 DOWN").table("").next(11 * s)
	b.until(11*s).good(1).want("RS 10.0.0.1 UP", "VS 10.0.0.100 UP").table("1=1").next(21 * s)
}

func TestRetries(t *testing.T) {
	b := newBench(t, virtual([]conf.RealServer{real(1, 1, tcp()), real(2, 1)})).until(s).good(1).want("VS 10.0.0.100 UP")
	b.until(11 * s).bad(1).next(12 * s).until(12 * s).bad(1).next(13 * s).want().table("1=1 2=1")
	b.until(13 * s).bad(1).want("RS 10.0.0.1 DOWN").table("2=1").next(21 * s)
	b.until(21 * s).good(1).want("RS 10.0.0.1 UP").table("1=1 2=1")
	t.Run("a success in between starts over", func(t *testing.T) {
		b := newBench(t, virtual([]conf.RealServer{real(1, 1, tcp())})).until(s).good(1)
		b.until(11 * s).bad(1).until(12 * s).good(1).until(21 * s).bad(1).until(22 * s).bad(1).table("1=1")
		b.until(23 * s).bad(1).table("")
	})
}

func TestAlpha(t *testing.T) {
	cfg := virtual([]conf.RealServer{real(1, 1, tcp(func(k *conf.Checker) { k.Alpha = true }))}, func(v *conf.VirtualServer) { v.Alpha = true })
	newBench(t, cfg).want().table("").until(s).good(1).want("RS 10.0.0.1 UP", "VS 10.0.0.100 UP").table("1=1")
	t.Run("the first failure is told, the next is not", func(t *testing.T) {
		newBench(t, cfg).until(s).bad(1).want("RS 10.0.0.1 DOWN").until(11*s).bad(1).want().until(21*s).good(1).want("RS 10.0.0.1 UP", "VS 10.0.0.100 UP")
	})
	t.Run("with a sorry server", func(t *testing.T) {
		sorry(&cfg.VirtualServers[0])
		newBench(t, cfg).want("VS 10.0.0.100 DOWN").table("9=1")
	})
}

func TestSorryServer(t *testing.T) {
	b := newBench(t, virtual([]conf.RealServer{real(1, 3, tcp())}, sorry)).table("1=3")
	b.until(s).bad(1).table("9=1").until(11 * s).good(1).table("1=3")
	t.Run("inhibit", func(t *testing.T) {
		rs := real(1, 3, tcp())
		rs.Inhibit = true
		b := newBench(t, virtual([]conf.RealServer{rs, real(2, 1)}, sorry, func(v *conf.VirtualServer) { v.Sorry.Inhibit = true }))
		b.table("1=3 2=1 9=0").until(s).bad(1).table("1=0 2=1 9=0")
	})
}

func TestQuorumWithHysteresis(t *testing.T) {
	var servers []conf.RealServer
	for n := range 4 {
		servers = append(servers, real(n+1, 1, tcp(func(k *conf.Checker) { k.Retry = 0 })))
	}
	b := newBench(t, virtual(servers, sorry, func(v *conf.VirtualServer) { v.Quorum, v.Hysteresis = 3, 1 }))
	b.until(s).good(1).good(2).good(3).good(4).want("VS 10.0.0.100 UP")
	step := func(n int, ok bool, events ...string) {
		t.Helper()
		if ok {
			b.good(n)
		} else {
			b.bad(n)
		}
		b.want(events...)
	}
	b.until(11 * s)
	step(1, false, "RS 10.0.0.1 DOWN")                       // weight 3
	step(2, false, "RS 10.0.0.2 DOWN")                       // 2 = quorum - hysteresis holds
	step(3, false, "RS 10.0.0.3 DOWN", "VS 10.0.0.100 DOWN") // 1
	b.table("9=1").good(4).until(21 * s)
	step(3, true, "RS 10.0.0.3 UP")
	step(2, true, "RS 10.0.0.2 UP") // 3 is not yet quorum + hysteresis
	b.table("9=1")
	step(1, true, "RS 10.0.0.1 UP", "VS 10.0.0.100 UP")
	b.table("1=1 2=1 3=1 4=1")
}

func TestMiscDynamicWeightsDoNotAddUp(t *testing.T) {
	misc := conf.Checker{Kind: conf.MiscCheck, DelayLoop: s, RetryDelay: s, Misc: &conf.MiscOptions{Dynamic: true}}
	b := newBench(t, virtual([]conf.RealServer{real(1, 10, misc)}))
	for i, step := range []struct {
		exit  int
		table string
	}{{52, "1=50"}, {52, "1=50"}, {2, "1=0"}, {255, "1=253"}, {0, "1=10"}, {1, ""}, {52, "1=50"}} {
		b.until(Time(i+1)*s).answer(1, Result{Exit: step.exit}).table(step.table)
	}
}

func TestSeveralURLs(t *testing.T) {
	web := conf.Checker{Kind: conf.HTTPGet, DelayLoop: 10 * s, RetryDelay: 3 * s, HTTP: &conf.HTTPCheck{URLs: make([]conf.URL, 2)}}
	b := newBench(t, virtual([]conf.RealServer{real(1, 1, web)}))
	asked := func() int { return b.waiting["10.0.0.1:80"].URL }
	b.until(s)
	if asked() != 0 {
		t.Errorf("first url %d", asked())
	}
	b.good(1).until(11 * s)
	if asked() != 1 {
		t.Errorf("second url %d", asked())
	}
	b.bad(1).table("").until(21 * s)
	if asked() != 1 {
		t.Errorf("after a failure url %d, want the bad one alone", asked())
	}
	b.good(1).table("").until(31 * s).good(1).table("1=1") // UP needs a full cycle
}

func TestOmega(t *testing.T) {
	b := newBench(t, virtual([]conf.RealServer{real(1, 1)}, func(v *conf.VirtualServer) { v.Omega = true })).want("VS 10.0.0.100 UP")
	b.stop().want("RS 10.0.0.1 DOWN", "VS 10.0.0.100 DOWN")
	t.Run("a sorry server stands in", func(t *testing.T) { // a server of weight 0 is up, and not in the table
		newBench(t, virtual([]conf.RealServer{real(1, 0)}, sorry, func(v *conf.VirtualServer) { v.Omega = true })).stop().want("VS 10.0.0.100 DOWN", "VS 10.0.0.100 DOWN")
	})
	t.Run("down already", func(t *testing.T) {
		b := newBench(t, virtual([]conf.RealServer{real(1, 1, tcp())}, func(v *conf.VirtualServer) { v.Omega = true })).until(s).bad(1)
		b.events = nil
		b.stop().want("VS 10.0.0.100 DOWN")
	})
}

func TestReload(t *testing.T) {
	down := func(t *testing.T) *bench {
		return newBench(t, virtual([]conf.RealServer{real(1, 1, tcp()), real(2, 1)})).until(s).bad(1).want("VS 10.0.0.100 UP", "RS 10.0.0.1 DOWN")
	}
	reload := func(b *bench, cfg *conf.Config) *bench { b.take(b.c.Step(Reload{cfg}, b.now)); return b }
	t.Run("nothing changed", func(t *testing.T) {
		reload(down(t), virtual([]conf.RealServer{real(1, 1, tcp()), real(2, 1)})).want().table("2=1").next(11 * s)
	})
	t.Run("weight of a server that is down", func(t *testing.T) {
		reload(down(t), virtual([]conf.RealServer{real(1, 7, tcp()), real(2, 3)})).want().table("2=3").until(11 * s).good(1).table("1=7 2=3")
	})
	t.Run("its checker is edited", func(t *testing.T) {
		edited := tcp(func(k *conf.Checker) { k.ConnectTimeout = s })
		reload(down(t), virtual([]conf.RealServer{real(1, 1, edited), real(2, 1)})).want("RS 10.0.0.1 UP").table("1=1 2=1").
			until(2 * s).bad(1).want("RS 10.0.0.1 DOWN")
	})
	t.Run("a server added and one removed", func(t *testing.T) {
		reload(down(t), virtual([]conf.RealServer{real(1, 1, tcp()), real(3, 1)})).want("RS 10.0.0.2 DOWN").table("3=1")
	})
	t.Run("the service is another", func(t *testing.T) {
		b := reload(down(t), virtual([]conf.RealServer{real(1, 1)}, func(v *conf.VirtualServer) { v.Addr = netip.MustParseAddrPort("10.0.0.101:80") }))
		b.want("RS 10.0.0.2 DOWN", "VS 10.0.0.100 DOWN", "VS 10.0.0.101 UP").table("1=1")
	})
	t.Run("while a probe runs", func(t *testing.T) {
		b := newBench(t, virtual([]conf.RealServer{real(1, 1, tcp())})).until(s)
		late := b.waiting["10.0.0.1:80"]
		reload(b, virtual([]conf.RealServer{real(2, 1)})).want("VS 10.0.0.100 UP", "RS 10.0.0.1 DOWN")
		b.take(b.c.Step(ProbeResult{late.ID, Result{Detail: "too late"}}, b.now))
		b.want().table("2=1")
	})
}

func TestEventsNameTheirHooks(t *testing.T) {
	cfg := virtual([]conf.RealServer{real(1, 1)})
	cfg.Global.RSInitNotifies = true
	c, actions := NewCore(cfg, 0, func(time.Duration) time.Duration { return 0 })
	_ = c
	var got []event.Event
	for _, a := range actions {
		if p, ok := a.(Publish); ok {
			got = append(got, p.Event)
		}
	}
	if len(got) != 2 || got[0].Kind != event.RealServer || got[0].ServerKey != "10.0.0.1:80" || got[0].Name != "[10.0.0.1]:tcp:80" ||
		got[0].Service != "[10.0.0.100]:tcp:80" || got[1].ServiceKey != cfg.VirtualServers[0].Key() {
		t.Errorf("got %+v", got)
	}
}

// A check that this host cannot make says nothing of the server, up or down,
// and costs no retry. It is tried again at the next regular time.
func TestSkippedChecks(t *testing.T) {
	b := newBench(t, virtual([]conf.RealServer{real(1, 1, tcp()), real(2, 1, tcp())})).until(s).good(1).bad(2).table("1=1")
	b.until(11 * s).skipped(1).skipped(2).table("1=1")
	b.until(21 * s).bad(1).good(2).table("1=1 2=1") // the first of 1's failures
	b.until(22 * s).skipped(1).table("1=1 2=1")
	b.until(31 * s).bad(1).good(2).until(32 * s).bad(1).table("2=1")
}

// A program that cannot be run never succeeds: with alpha its server stays out,
// also over a reload that makes the checks more frequent. With a program that
// runs it comes in.
func TestDisabledChecks(t *testing.T) {
	gone := conf.Checker{Kind: conf.MiscCheck, DelayLoop: 10 * s, Alpha: true, Disabled: true, Misc: &conf.MiscOptions{}}
	b := newBench(t, virtual([]conf.RealServer{real(1, 1, gone), real(2, 1)}))
	b.until(1000 * s).table("2=1")
	gone.DelayLoop = s
	b.take(b.c.Step(Reload{virtual([]conf.RealServer{real(1, 1, gone), real(2, 1)})}, b.now))
	b.until(2000 * s).table("2=1")
	if at, ok := b.c.Deadline(); ok {
		t.Errorf("a check is due at %v", at)
	}
	gone.Disabled = false
	b.take(b.c.Step(Reload{virtual([]conf.RealServer{real(1, 1, gone), real(2, 1)})}, b.now))
	b.until(2001 * s).good(1).table("1=1 2=1")
}
