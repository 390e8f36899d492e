package bfd

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"halbd/conf"
)

func (l *lab) reload(at Time, list ...conf.BFDInstance) {
	l.until(at)
	l.write(l.Reload(at, config(list...)))
}

func TestReloadKeepsASession(t *testing.T) {
	l := established(t)
	l.reload(50*ms, configured())
	l.reload(60*ms, configured(func(b *conf.BFDInstance) { b.Weight, b.VRRP = 10, true }))
	l.until(100 * ms)
	l.did("100ms Up diag 0, 1 to 77, tx 100ms rx 200ms x3")
}

// A slower min_tx is announced by a poll sequence and comes into use when the
// neighbour has answered: it must not take us for dead.
func TestSlowerSendingWaitsForTheNeighbor(t *testing.T) {
	l := established(t)
	l.reload(50*ms, configured(func(b *conf.BFDInstance) { b.MinTx = 400 * ms }))
	l.until(200 * ms)
	l.did("100ms Up poll diag 0, 1 to 77, tx 400ms rx 200ms x3", "190ms Up poll diag 0, 1 to 77, tx 400ms rx 200ms x3")
	l.hear(200*ms, Packet{State: Up, Final: true, Your: 1})
	l.until(700 * ms)
	l.did("280ms Up diag 0, 1 to 77, tx 400ms rx 200ms x3", "640ms Up diag 0, 1 to 77, tx 400ms rx 200ms x3")
}

func TestFasterSendingBeginsAtOnce(t *testing.T) {
	l := established(t)
	l.hear(20*ms, Packet{State: Up, Your: 1, RequiredRx: 10000})
	l.reload(50*ms, configured(func(b *conf.BFDInstance) { b.MinTx = 20 * ms }))
	l.until(70 * ms)
	l.did("50ms Up poll diag 0, 1 to 77, tx 20ms rx 200ms x3", "68ms Up poll diag 0, 1 to 77, tx 20ms rx 200ms x3")
}

// A smaller min_rx shortens the detection time when the neighbour has agreed
// to send faster: 4 x 200 ms at first, then 4 x 50 ms.
func TestShorterDetectionWaitsForTheNeighbor(t *testing.T) {
	l := established(t)
	l.reload(50*ms, configured(func(b *conf.BFDInstance) { b.MinRx = 20 * ms }))
	l.hear(300*ms, Packet{State: Up, Your: 1})
	if s := l.byName["B"]; s.detection() != 800*ms || s.expireAt != 1100*ms {
		t.Errorf("before the answer: detection time %v, until %v", s.detection(), s.expireAt)
	}
	l.hear(310*ms, Packet{State: Up, Final: true, Your: 1})
	if s := l.byName["B"]; s.detection() != 200*ms || s.expireAt != 510*ms {
		t.Errorf("after the answer: detection time %v, until %v", s.detection(), s.expireAt)
	}
}

func TestLongerDetectionBeginsAtOnce(t *testing.T) {
	l := established(t)
	l.reload(50*ms, configured(func(b *conf.BFDInstance) { b.MinRx = 500 * ms }))
	l.hear(60*ms, Packet{State: Up, Your: 1})
	if s := l.byName["B"]; s.expireAt != 2060*ms {
		t.Errorf("until %v, want 2.06s", s.expireAt)
	}
}

// An answer to the first poll is none to the second.
func TestChangeDuringAPollSequence(t *testing.T) {
	l := established(t)
	l.reload(20*ms, configured(func(b *conf.BFDInstance) { b.MinTx = 300 * ms }))
	l.reload(30*ms, configured(func(b *conf.BFDInstance) { b.MinTx = 400 * ms }))
	l.hear(40*ms, Packet{State: Up, Final: true, Your: 1})
	if s := l.byName["B"]; !s.polling || s.activeTx != 100*ms {
		t.Errorf("after the first answer: polling %v, interval %v", s.polling, s.activeTx)
	}
	l.hear(50*ms, Packet{State: Up, Final: true, Your: 1})
	if s := l.byName["B"]; s.polling || s.activeTx != 400*ms {
		t.Errorf("after the second answer: polling %v, interval %v", s.polling, s.activeTx)
	}
}

// A session that goes down forgets its poll sequence, also when it is as slow
// up as it is down.
func TestPollSequenceEndsWithTheSession(t *testing.T) {
	slow := func(b *conf.BFDInstance) { b.MinTx = time.Second }
	l := established(t, slow)
	l.reload(20*ms, configured(slow, func(b *conf.BFDInstance) { b.MinRx = 100 * ms }))
	l.hear(30*ms, Packet{State: Down, Your: 1})
	l.did("30ms Down diag 3, 1 to 77, tx 1s rx 100ms x3", "30ms B DOWN: 10.0.0.2 says Down")
	if s := l.byName["B"]; s.activeRx != 100*ms {
		t.Errorf("the detection time still counts with %v", s.activeRx)
	}
}

func TestReloadOfOtherAddresses(t *testing.T) {
	l := established(t)
	l.reload(50*ms, configured(func(b *conf.BFDInstance) { b.Neighbor = netip.MustParseAddr("10.0.0.9") }))
	l.until(60 * ms)
	l.did("50ms AdminDown diag 7, 1 to 77, tx 1s rx 200ms x3", "50ms B DOWN: it is new",
		"50ms log: (B) The session with 10.0.0.2 ends: the configuration has it no longer", "50ms Down diag 0, 2 to 0, tx 1s rx 200ms x3")
	if len(l.byLocal) != 1 || len(l.byPath) != 1 || l.queue.Len() != 1 {
		t.Errorf("left behind: %v %v", l.byLocal, l.byPath)
	}
}

func TestReloadExchangesNames(t *testing.T) {
	other := func(b *conf.BFDInstance) { b.Name, b.Neighbor = "C", netip.MustParseAddr("10.0.0.9") }
	l := begin(t, configured(), configured(other))
	l.reload(50*ms, configured(func(b *conf.BFDInstance) { b.Name = "C" }), configured(other, func(b *conf.BFDInstance) { b.Name = "B" }))
	for _, name := range []string{"B", "C"} {
		if s := l.byName[name]; l.byPath[s.path] != s || l.byLocal[s.local] != s {
			t.Errorf("session %s is not found by its path or discriminator", name)
		}
	}
}

func TestRemovedSessionSaysAdminDown(t *testing.T) {
	l := established(t)
	l.reload(50 * ms)
	l.until(time.Minute)
	l.did("50ms AdminDown diag 7, 1 to 77, tx 1s rx 200ms x3", "50ms log: (B) The session with 10.0.0.2 ends: the configuration has it no longer")
}

func TestStopSaysAdminDown(t *testing.T) {
	l := established(t)
	l.write(l.Stop(20 * ms))
	l.did("10ms AdminDown diag 7, 1 to 77, tx 1s rx 200ms x3")
	l = begin(t, configured()) // a neighbour that was never heard need not be told
	l.forget()
	l.write(l.Stop(20 * ms))
	l.did()
}

// After a crash of the process the neighbour gets the time to answer before
// the session counts as down.
func TestStartWaitsBeforeItReports(t *testing.T) {
	l := begin(t, configured())
	l.until(2999 * ms)
	for _, line := range l.lines {
		if strings.Contains(line, "B DOWN") {
			t.Errorf("too early: %s", line)
		}
	}
	l.forget()
	l.until(3 * time.Second)
	l.did("3s B DOWN: no session with 10.0.0.2 has come up")

	l = established(t)
	l.hear(500*ms, Packet{State: Up, Your: 1})
	for at := 1000 * ms; at < 4*time.Second; at += 500 * ms {
		l.hear(at, Packet{State: Up, Your: 1})
	}
	for _, line := range l.lines {
		if strings.Contains(line, "B ") {
			t.Errorf("an established session: %s", line)
		}
	}
}
