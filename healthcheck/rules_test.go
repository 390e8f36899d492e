package healthcheck

import (
	"errors"
	"fmt"
	"math"
	"net/netip"
	"slices"
	"testing"
	"time"

	"halbd/conf"
)

func file(name string, weight int, edit ...func(*conf.FileOptions)) conf.Checker {
	o := &conf.FileOptions{TrackFile: name, Weight: weight}
	for _, e := range edit {
		e(o)
	}
	return conf.Checker{Kind: conf.FileCheck, File: o}
}

func reverse(o *conf.FileOptions) { o.Reverse = true }

func session(name string) conf.Checker {
	return conf.Checker{Kind: conf.BFDCheck, BFD: &conf.BFDOptions{Name: name}}
}

func (b *bench) tell(f Fact) *bench { b.take(b.c.Step(f, b.now)); return b }

func (b *bench) file(name string, value int) *bench {
	return b.tell(Fact{Kind: FileFact, Name: name, Value: value})
}

// As keepalived 2.2.7 does it, at the edges too.
func TestFileVerdict(t *testing.T) {
	for _, c := range []struct {
		o     conf.FileOptions
		value int
		up    bool
		delta int64
	}{
		{conf.FileOptions{}, 0, true, 0},
		{conf.FileOptions{}, -1, false, 0},
		{conf.FileOptions{Reverse: true}, 1, true, 0},
		{conf.FileOptions{Reverse: true}, 0, false, 0},
		{conf.FileOptions{Weight: 1}, 3, true, 3},
		{conf.FileOptions{Weight: 2, Reverse: true}, 3, true, -6},
		{conf.FileOptions{Weight: 1}, -2147483647, true, -2147483647},
		{conf.FileOptions{Weight: 1}, -2147483648, false, 0},
		{conf.FileOptions{Weight: -2}, 2147483647, false, 0},
		{conf.FileOptions{Weight: 3}, 2147483647, true, math.MaxInt32},
	} {
		if up, delta := fileVerdict(&c.o, c.value); up != c.up || delta != c.delta {
			t.Errorf("%+v, %d: %v, %d", c.o, c.value, up, delta)
		}
	}
}

func TestFilesMoveTheWeight(t *testing.T) {
	b := newBench(t, virtual([]conf.RealServer{real(1, 6, file("f", 1)), real(2, 5, file("f", -2), file("g", 3))}, sorry, func(v *conf.VirtualServer) { v.Quorum = 9 }))
	b.table("1=6 2=5").want("VS 10.0.0.100 UP")
	b.file("f", 2).table("1=8 2=1").want().file("f", 1).table("1=7 2=3").want()
	b.file("f", -1).file("g", -3).table("9=1").want("VS 10.0.0.100 DOWN") // 5 + 0: a server goes no lower
	b.file("g", 1).table("1=5 2=10").want("VS 10.0.0.100 UP")
	b.file("f", -300).table("1=0 2=608").file("f", 300).table("1=306 2=0").want()
	b.file("f", 0).file("g", 0).table("1=6 2=5").want()
}

func TestFileOfWeightZeroDecides(t *testing.T) {
	b := newBench(t, virtual([]conf.RealServer{real(1, 1, file("f", 0)), real(2, 1, file("f", 0, reverse), tcp())}, sorry))
	b.file("f", 1).want("VS 10.0.0.100 UP", "RS 10.0.0.1 DOWN").table("2=1")
	b.file("f", 0).want("RS 10.0.0.1 UP", "RS 10.0.0.2 DOWN").table("1=1") // and the virtual server stays up
	b.file("f", 2).until(s).bad(2).want("RS 10.0.0.1 DOWN", "RS 10.0.0.2 UP", "RS 10.0.0.2 DOWN", "VS 10.0.0.100 DOWN").table("9=1")
}

// What is known at the start counts from the start, without an event.
func TestFactsAtStart(t *testing.T) {
	cfg := virtual([]conf.RealServer{real(1, 6, file("f", 1)), real(2, 6, file("z", 0))})
	b := &bench{t: t, waiting: map[string]StartProbe{}}
	var a []Action
	b.c, a = NewCore(cfg, 0, func(time.Duration) time.Duration { return 0 }, Fact{Kind: FileFact, Name: "f", Value: 3}, Fact{Kind: FileFact, Name: "z", Value: 1})
	b.take(a)
	b.want("VS 10.0.0.100 UP").table("1=9")
	b.file("z", 1).want()
	b.take(b.c.Step(Reload{cfg}, s))
	b.want().table("1=9")
}

// Weights of several checkers come from the present state only, in any order.
func TestWeightsOfSeveralCheckers(t *testing.T) {
	misc := conf.Checker{Kind: conf.MiscCheck, DelayLoop: s, RetryDelay: s, Misc: &conf.MiscOptions{Dynamic: true}}
	b := newBench(t, virtual([]conf.RealServer{real(1, 10, misc, file("f", 1))}))
	b.file("f", 3).table("1=13").until(s).answer(1, Result{Exit: 22}).table("1=23")
	b.file("f", 0).table("1=20").until(2*s).answer(1, Result{Exit: 0}).table("1=10")
	b.file("f", -4).until(3*s).answer(1, Result{Exit: 7}).table("1=1")
}

func TestSessionDecides(t *testing.T) {
	alpha := session("b")
	alpha.Alpha = true
	b := newBench(t, virtual([]conf.RealServer{real(1, 1, session("b")), real(2, 1, alpha)})).table("1=1")
	b.tell(Fact{Kind: BFDFact, Name: "b", Value: 1, Why: "no packets"}).want("VS 10.0.0.100 UP", "RS 10.0.0.1 DOWN", "VS 10.0.0.100 DOWN", "RS 10.0.0.2 DOWN").table("")
	b.tell(Fact{Kind: BFDFact, Name: "b", Value: 1}).want()
	b.tell(Fact{Kind: BFDFact, Name: "other"}).want()
	b.tell(Fact{Kind: BFDFact, Name: "b"}).want("RS 10.0.0.1 UP", "VS 10.0.0.100 UP", "RS 10.0.0.2 UP").table("1=1 2=1")
	t.Run("the server that has gone is not remembered", func(t *testing.T) {
		b.take(b.c.Step(Reload{virtual([]conf.RealServer{real(2, 1)})}, b.now))
		b.tell(Fact{Kind: BFDFact, Name: "b", Value: 1}).want("RS 10.0.0.1 DOWN").table("2=1")
	})
}

func TestSuspension(t *testing.T) {
	host := netip.MustParseAddr("10.0.0.100")
	cfg := virtual([]conf.RealServer{real(1, 1, tcp()), real(2, 1, file("f", 0))}, func(v *conf.VirtualServer) { v.HASuspend = true })
	b := newBench(t, cfg)
	idle := func() {
		t.Helper()
		if d, ok := b.c.Deadline(); ok {
			t.Errorf("%v: a check waits for %v", b.now, d)
		}
	}
	here := func(yes bool) *bench { b.take(b.c.Step(AddressChange{host, yes}, b.now)); return b }
	idle()
	b.until(5*s).want("VS 10.0.0.100 UP").file("f", 1).want("RS 10.0.0.2 DOWN")
	here(true).next(11 * s).until(11 * s).good(1)
	b.until(21 * s).bad(1).next(22 * s).until(22 * s) // a probe runs
	late := b.waiting["10.0.0.1:80"]
	here(false).want().table("1=1")
	idle()
	if len(b.waiting) > 0 {
		t.Error("the probe goes on")
	}
	b.until(60 * s)
	here(true).next(61 * s).until(61 * s)
	b.take(b.c.Step(ProbeResult{late.ID, Result{Detail: "too late"}}, b.now))
	b.bad(1).next(62 * s) // the second of three tries, the one that was given up aside
	t.Run("a reload in between", func(t *testing.T) {
		here(false)
		edited := virtual([]conf.RealServer{real(1, 1, tcp(func(k *conf.Checker) { k.ConnectTimeout = s })), real(2, 1)}, func(v *conf.VirtualServer) { v.HASuspend = true })
		b.take(b.c.Step(Reload{edited}, b.now))
		idle()
		edited = virtual([]conf.RealServer{real(1, 1, tcp()), real(2, 1)})
		b.take(b.c.Step(Reload{edited}, b.now))
		b.next(62 * s)
	})
}

// alerts are the lines of the mails that the events so far give.
func (b *bench) alerts() (list []string) {
	for _, ev := range b.published {
		if ev.Alert != "" {
			list = append(list, fmt.Sprintf("%s %s %s", ev.Kind, ev.State, ev.Alert))
		}
	}
	return list
}

// Mails about checkers come last; no_checker_emails and a file without mail
// keep those back that tell of nothing else.
func TestAlerts(t *testing.T) {
	mail := conf.Mail{Server: "127.0.0.1", To: []string{"a@b"}}
	const start, lost = "VS UP Starting with quorum up 2+1=3 <= 3", "VS DOWN Lost quorum 2+1=1 <= 0"
	const tcpFailed, bfdFailed = "CHECK DOWN TCP CHECK failed on service", "CHECK DOWN BFD CHECK b failed on service"
	for name, c := range map[string]struct {
		global conf.Global
		want   []string
	}{
		"every checker":     {conf.Global{Mail: mail}, []string{start, lost, tcpFailed, bfdFailed, lost}},
		"no_checker_emails": {conf.Global{Mail: mail, NoCheckerEmails: true}, []string{start, lost, tcpFailed, lost}},
		"no smtp_server":    {conf.Global{}, []string{start, lost, lost}},
	} {
		r := real(1, 3, tcp(), session("b"))
		r.SMTPAlert = true
		cfg := virtual([]conf.RealServer{r}, func(v *conf.VirtualServer) { v.Quorum, v.Hysteresis, v.Omega = 2, 1, true })
		cfg.Global = c.global
		b := newBench(t, cfg).until(s).bad(1).tell(Fact{Kind: BFDFact, Name: "b", Value: 1})
		b.take(b.c.Step(Stop{}, b.now))
		if got := b.alerts(); !slices.Equal(got, c.want) {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}

// What keepalived's mails say of a SMTP_CHECK that fails depends on where.
func TestSMTPAlerts(t *testing.T) {
	for _, c := range []struct {
		err  smtpError
		want string
	}{
		{smtpError{stage: greeting}, "Bad greeting banner"},
		{smtpError{stage: greeting, timeout: true}, "Read timeout"},
		{smtpError{stage: heloAnswer}, "Bad HELO response"},
	} {
		c.err.err = errors.New("x")
		if got := smtpWords(fmt.Errorf("1.2.3.4: %w", &c.err)); got != c.want {
			t.Errorf("%+v: %q, want %q", c.err, got, c.want)
		}
	}
	refused := alertError{errors.New("connection refused"), "CHECK failed on service : Could not connect to server [1.2.3.4]:25"}
	if r := verdictOf(refused); r.Alert != refused.alert || r.Detail != "connection refused" {
		t.Errorf("got %+v", r)
	}
}
