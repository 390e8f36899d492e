package bfd

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"halbd/conf"
)

const ms = time.Millisecond

var (
	here  = netip.MustParseAddr("10.0.0.1")
	there = netip.MustParseAddr("10.0.0.2")
)

// lab is a Core under a clock that the test moves, with all that it does
// written down.
type lab struct {
	*Core
	t     *testing.T
	now   Time
	lines []string
	mine  []uint32 // local discriminators in the order of their appearance: they are written as 1, 2, ...
}

// counter gives 1, 2, 3, ...: the first discriminator is 1, and the shortening
// by jitter is 10 % each time.
func counter() func() uint32 {
	n := uint32(0)
	return func() uint32 { n++; return n }
}

func configured(edit ...func(*conf.BFDInstance)) conf.BFDInstance {
	b := conf.BFDInstance{Name: "B", Neighbor: there, Source: here, MinRx: 200 * ms, MinTx: 100 * ms, IdleTx: time.Second, Multiplier: 3, TTL: 255}
	for _, e := range edit {
		e(&b)
	}
	return b
}

func config(list ...conf.BFDInstance) *conf.Config { return &conf.Config{BFDs: list} }

func begin(t *testing.T, list ...conf.BFDInstance) *lab {
	l := &lab{Core: NewCore(counter()), t: t}
	l.write(l.Start(0, config(list...)))
	return l
}

// until lets every timer fire up to end.
func (l *lab) until(end Time) {
	for {
		at, ok := l.Deadline()
		if !ok || at > end {
			break
		}
		l.now = at
		l.write(l.Step(at, Tick{}))
	}
	l.now = end
}

// hear delivers a packet of the neighbour, 50 ms intervals and multiplier 4 if
// not said otherwise, at a time.
func (l *lab) hear(at Time, p Packet, edit ...func(*PacketReceived)) {
	l.t.Helper()
	l.until(at)
	if p.Multiplier == 0 {
		p.Multiplier = 4
	}
	if p.My == 0 {
		p.My = 77
	}
	if p.DesiredMinTx == 0 {
		p.DesiredMinTx = 50000
	}
	if p.RequiredRx == 0 {
		p.RequiredRx = 50000
	}
	b := p.Bytes()
	in := &PacketReceived{Src: there, Dst: here, TTL: 255, Payload: b[:]}
	for _, e := range edit {
		e(in)
	}
	l.write(l.Step(at, in))
}

func (l *lab) write(a *Actions) {
	for _, s := range a.Packets {
		p, err := ParsePacket(s.Payload[:])
		if err != nil {
			l.t.Errorf("at %v an invalid packet is sent: %v", l.now, err)
		}
		if !slices.Contains(l.mine, p.My) {
			l.mine = append(l.mine, p.My)
		}
		p.My = uint32(slices.Index(l.mine, p.My) + 1)
		l.line("%s", text(p))
	}
	for _, e := range a.Events {
		late := ""
		if e.Late > 0 {
			late = fmt.Sprintf(", %v late", e.Late)
		}
		l.line("%s %s: %s%s", e.Name, e.State, e.Cause, late)
	}
	for _, m := range a.Log {
		if !strings.Contains(m.Text, "detection time ") && !strings.Contains(m.Text, "Entering Init") {
			l.line("log: %s", m.Text)
		}
	}
}

func text(p Packet) string {
	flags := ""
	if p.Poll {
		flags += " poll"
	}
	if p.Final {
		flags += " final"
	}
	return fmt.Sprintf("%v%s diag %d, %d to %d, tx %v rx %v x%d", p.State, flags, p.Diag, p.My, p.Your, fromMicros(p.DesiredMinTx), fromMicros(p.RequiredRx), p.Multiplier)
}

func (l *lab) line(format string, args ...any) {
	l.lines = append(l.lines, fmt.Sprintf("%v ", l.now)+fmt.Sprintf(format, args...))
}

// did compares what was done since the last time.
func (l *lab) did(want ...string) {
	l.t.Helper()
	if d := cmp.Diff(want, l.lines); d != "" {
		l.t.Errorf("-want +got\n%s", d)
	}
	l.lines = nil
}

// forget makes did begin here.
func (l *lab) forget() { l.lines = nil }

// established is a session that is up at 10 ms, with its poll sequence over
// and the next packet due at 100 ms. The last packet of the neighbour, which
// is silent for at most 800 ms, came at 10 ms.
func established(t *testing.T, edit ...func(*conf.BFDInstance)) *lab {
	t.Helper()
	l := begin(t, configured(edit...))
	l.hear(10*ms, Packet{State: Init, Your: 1})
	l.hear(10*ms, Packet{State: Up, Final: true, Your: 1})
	l.forget()
	return l
}

func TestBringUpAnswersAtOnce(t *testing.T) {
	l := begin(t, configured())
	l.until(2 * time.Second)
	l.did("0s Down diag 0, 1 to 0, tx 1s rx 200ms x3",
		"900ms Down diag 0, 1 to 0, tx 1s rx 200ms x3",
		"1.8s Down diag 0, 1 to 0, tx 1s rx 200ms x3")
	l.hear(2*time.Second, Packet{State: Down})
	l.hear(2010*ms, Packet{State: Up, Poll: true, Your: 1})
	l.until(2200 * ms)
	l.did("2s Init diag 0, 1 to 77, tx 1s rx 200ms x3",
		"2.01s Up final diag 0, 1 to 77, tx 100ms rx 200ms x3",
		"2.01s B UP: 10.0.0.2 says Up",
		"2.1s Up poll diag 0, 1 to 77, tx 100ms rx 200ms x3",
		"2.19s Up poll diag 0, 1 to 77, tx 100ms rx 200ms x3")
	l.hear(2200*ms, Packet{State: Up, Final: true, Your: 1})
	l.until(2300 * ms)
	l.did("2.28s Up diag 0, 1 to 77, tx 100ms rx 200ms x3")
}

func TestInitBringsUp(t *testing.T) {
	l := begin(t, configured())
	l.until(99 * ms)
	l.forget()
	l.hear(100*ms, Packet{State: Init, Your: 1})
	l.did("100ms Up poll diag 0, 1 to 77, tx 100ms rx 200ms x3", "100ms B UP: 10.0.0.2 says Init")
}

func TestStateMachine(t *testing.T) {
	for _, tc := range []struct {
		state, heard, want State
		diag               Diag
	}{
		{Down, AdminDown, Down, NeighborSignal}, {Down, Down, Init, 0}, {Down, Init, Up, 0}, {Down, Up, Down, 0},
		{Init, AdminDown, Down, NeighborSignal}, {Init, Down, Init, 0}, {Init, Init, Up, 0}, {Init, Up, Up, 0},
		{Up, AdminDown, Down, NeighborSignal}, {Up, Down, Down, NeighborSignal}, {Up, Init, Up, 0}, {Up, Up, Up, 0},
	} {
		if got, diag := next(tc.state, tc.heard); got != tc.want || diag != tc.diag {
			t.Errorf("%v hears %v: %v with diag %d; want %v with %d", tc.state, tc.heard, got, diag, tc.want, tc.diag)
		}
	}
}

// The detection time is the neighbour's multiplier times the slower of what we
// take and what it sends: 4 x 200 ms.
func TestSilenceEndsASession(t *testing.T) {
	l := established(t)
	l.hear(500*ms, Packet{State: Up, Your: 1})
	l.until(1299 * ms)
	l.forget()
	l.until(2300 * ms)
	l.did("1.3s Down diag 1, 2 to 0, tx 1s rx 200ms x3",
		"1.3s B DOWN: no packet of 10.0.0.2 for 800ms (diag 1, control detection time expired); it was Up",
		"2.2s Down diag 1, 2 to 0, tx 1s rx 200ms x3")
}

func TestLateDetectionSaysHowLate(t *testing.T) {
	l := established(t)
	l.now = 815 * ms // the process slept
	l.write(l.Step(l.now, Tick{}))
	l.until(816 * ms)
	if got := strings.Join(l.lines, "\n"); !strings.Contains(got, "it was Up, 5ms late") {
		t.Errorf("lines: %s", got)
	}
}

// A packet under the discriminator of before the timeout cannot revive the
// session; the neighbour's new one can.
func TestStalePacketsAreDropped(t *testing.T) {
	l := established(t)
	l.until(900 * ms)
	l.forget()
	l.hear(901*ms, Packet{State: Up, Your: 1})
	l.hear(902*ms, Packet{State: Down, My: 78})
	l.did("901ms log: Packet of 10.0.0.2 to 10.0.0.1 dropped: no session has the discriminator 0x1",
		"902ms Init diag 0, 2 to 78, tx 1s rx 200ms x3")
}

func TestNeighborSignalsDown(t *testing.T) {
	l := established(t)
	l.hear(20*ms, Packet{State: Down, Diag: TimeExpired, Your: 1})
	l.did("20ms Down diag 3, 1 to 77, tx 1s rx 200ms x3", "20ms B DOWN: 10.0.0.2 says Down (diag 1, control detection time expired)")

	l = established(t)
	l.hear(20*ms, Packet{State: AdminDown, Diag: Administrative, Your: 1})
	l.hear(30*ms, Packet{State: AdminDown, Diag: Administrative, Your: 1})
	l.did("20ms Down diag 3, 1 to 77, tx 1s rx 200ms x3", "20ms B DOWN: 10.0.0.2 says AdminDown (diag 7, administratively down)")
}

// A neighbour that starts again does not know our discriminator.
func TestRestartedNeighbor(t *testing.T) {
	l := established(t)
	l.hear(20*ms, Packet{State: Down, My: 78})
	l.hear(21*ms, Packet{State: Init, My: 78, Your: 1})
	l.did("20ms Down diag 3, 1 to 78, tx 1s rx 200ms x3", "20ms B DOWN: 10.0.0.2 says Down",
		"21ms Up poll diag 0, 1 to 78, tx 100ms rx 200ms x3", "21ms B UP: 10.0.0.2 says Init")
}

func TestPollIsAnsweredBesideThePeriodicPackets(t *testing.T) {
	l := established(t)
	l.hear(50*ms, Packet{State: Up, Poll: true, Your: 1})
	l.until(100 * ms)
	l.did("50ms Up final diag 0, 1 to 77, tx 100ms rx 200ms x3", "100ms Up diag 0, 1 to 77, tx 100ms rx 200ms x3")
}

func TestPassiveWaitsForTheNeighbor(t *testing.T) {
	l := begin(t, configured(func(b *conf.BFDInstance) { b.Passive = true }))
	l.until(10 * time.Second)
	l.did("3s B DOWN: no session with 10.0.0.2 has come up")
	l.hear(10*time.Second, Packet{State: Down, DesiredMinTx: 1000000})
	l.until(11 * time.Second)
	l.did("10s Init diag 0, 1 to 77, tx 1s rx 200ms x3", "10.9s Init diag 0, 1 to 77, tx 1s rx 200ms x3")
	l.until(30 * time.Second)
	if last := l.lines[len(l.lines)-1]; last != "14s Down diag 1, 2 to 0, tx 1s rx 200ms x3" {
		t.Errorf("the last it says to a silent neighbor is %s", last)
	}
}

func TestSendingRate(t *testing.T) {
	for _, tc := range []struct {
		name string
		edit func(*Packet)
		want []string
	}{
		{"the neighbor takes fewer", func(p *Packet) { p.RequiredRx = 400000 }, []string{"100ms", "460ms"}}, // what was due before the interval grew is still sent
		{"the neighbor takes none", func(p *Packet) { p.RequiredRx, p.RequiredEcho = 0, 0 }, nil},
		{"demand mode", func(p *Packet) { p.Demand = true }, nil},
		{"the neighbor takes more", func(p *Packet) { p.RequiredRx = 1000 }, []string{"100ms", "190ms", "280ms", "370ms", "460ms", "550ms", "640ms", "730ms"}},
	} {
		l := begin(t, configured())
		l.hear(10*ms, Packet{State: Init, Your: 1})
		p := Packet{State: Up, Final: true, Your: 1, Multiplier: 4, My: 77, DesiredMinTx: 50000}
		tc.edit(&p)
		b := p.Bytes()
		l.write(l.Step(10*ms, &PacketReceived{Src: there, Dst: here, TTL: 255, Payload: b[:]}))
		l.forget()
		l.until(750 * ms)
		var got []string
		for _, line := range l.lines {
			at, _, _ := strings.Cut(line, " ")
			got = append(got, at)
		}
		if d := cmp.Diff(tc.want, got); d != "" {
			t.Errorf("%s: %s", tc.name, d)
		}
	}
}

func TestJitterIsTenToTwentyFivePercent(t *testing.T) {
	random := uint32(0)
	l := begin(t)
	l.random = func() uint32 { return random }
	s := &session{peer: silentPeer()}
	for _, tc := range []struct {
		random   uint32
		interval Time
		want     Time
	}{
		{0, 100 * ms, 90 * ms}, {1<<32 - 1, 100 * ms, 75*ms + 229}, {1 << 31, 100 * ms, 82500 * time.Microsecond}, {0, 4294967 * ms, 38654703 * ms / 10},
	} {
		random = tc.random
		s.activeTx = tc.interval
		if l.reschedule(0, s, 0); s.sendAt != tc.want {
			t.Errorf("random %#x of %v: %v, want %v", tc.random, tc.interval, s.sendAt, tc.want)
		}
	}
}
