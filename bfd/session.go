package bfd

import (
	"fmt"
	"time"

	"halbd/conf"
	"halbd/internal/duequeue"
)

// never is the deadline of a timer that is not set.
const never = duequeue.Never

// session is one session's state: the variables of RFC 5880, 6.8.1, and its timers.
type session struct {
	conf conf.BFDInstance
	path Path

	state         State
	diag          Diag
	local, remote uint32 // discriminators; remote 0: not known
	peer          Packet // the last valid one; what was never heard has RFC 5880's initial values
	desiredTx     Time   // DesiredMinTxInterval as announced
	activeTx      Time   // as in use: a longer one waits for the end of the poll sequence
	requiredRx    Time   // RequiredMinRxInterval as announced
	activeRx      Time   // as in use: a shorter one waits, too
	polling       bool   // a poll sequence runs
	changedAgain  bool   // an interval changed during the poll sequence: another must follow
	reported      bool   // the operator knows whether it is up

	since    Time   // of its state; 0: from the beginning
	cause    string // of its last change
	counters Counters

	sentAt                     Time
	sendAt, expireAt, reportAt Time
	duequeue.Place             // due at the earliest of them, ordered by age
}

func pathOf(b *conf.BFDInstance) Path {
	return Path{Neighbor: b.Neighbor, Source: b.Source, Multihop: b.Multihop}
}

// silentPeer is what a session knows of a neighbour that it has not heard.
func silentPeer() Packet { return Packet{State: Down, Multiplier: 1, RequiredRx: 1} }

// packet is what the session says now.
func (s *session) packet(final bool) Packet {
	return Packet{Diag: s.diag, State: s.state, Poll: s.polling && !final, Final: final, Multiplier: s.conf.Multiplier, My: s.local, Your: s.remote,
		DesiredMinTx: micros(s.desiredTx), RequiredRx: micros(s.requiredRx)}
}

// interval is the time between two periodic packets before jitter; 0 means
// that none must be sent (RFC 5880, 6.8.7).
func (s *session) interval() Time {
	switch {
	case s.conf.Passive && s.remote == 0:
		return 0
	case s.peer.RequiredRx == 0:
		return 0
	case s.peer.Demand && s.state == Up && s.peer.State == Up && !s.polling:
		return 0
	}
	return max(s.activeTx, fromMicros(s.peer.RequiredRx))
}

// detection is how long the neighbour may be silent (RFC 5880, 6.8.4).
func (s *session) detection() Time {
	return Time(s.peer.Multiplier) * max(s.activeRx, fromMicros(s.peer.DesiredMinTx))
}

// wantedTx is the transmit interval that the session's state asks for: a
// session that is not up is not worth a fast one (RFC 5880, 6.8.3).
func (s *session) wantedTx() Time {
	if s.state == Up {
		return s.conf.MinTx
	}
	return s.conf.IdleTx
}

// renegotiate announces the intervals that configuration and state ask for. In
// an established session a change that makes the neighbour wait longer for a
// packet, or expect one earlier, comes into use when the neighbour has
// answered the poll sequence.
func (s *session) renegotiate() {
	tx, rx := s.wantedTx(), s.conf.MinRx
	changed := tx != s.desiredTx || rx != s.requiredRx
	s.desiredTx, s.requiredRx = tx, rx
	switch {
	case s.state != Up:
		s.polling, s.changedAgain = false, false
		s.activeTx, s.activeRx = tx, rx
	case changed:
		s.changedAgain = s.polling
		s.polling = true
		s.activeTx, s.activeRx = min(s.activeTx, tx), max(s.activeRx, rx)
	}
}

// pollAnswered ends a poll sequence.
func (s *session) pollAnswered() {
	if s.changedAgain {
		s.changedAgain = false
		return
	}
	s.polling = false
	s.activeTx, s.activeRx = s.desiredTx, s.requiredRx
}

// fewestHops is the lowest TTL that a packet may arrive with.
func (s *session) fewestHops() int { return int(s.conf.TTL) - int(s.conf.MaxHops) }

func (s *session) parameters() string {
	return fmt.Sprintf("detection time %v, sending every %v", s.detection(), s.interval())
}

func micros(d Time) uint32 { return uint32(min(d/time.Microsecond, 1<<32-1)) }

func fromMicros(n uint32) Time { return Time(n) * time.Microsecond }
