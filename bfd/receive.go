package bfd

import (
	"cmp"
	"fmt"
	"log/slog"
	"slices"
)

func sortSessions(list []*session) {
	slices.SortFunc(list, func(a, b *session) int { return cmp.Compare(a.Order, b.Order) })
}

// receive handles one datagram (RFC 5880, 6.8.6).
func (c *Core) receive(now Time, in *PacketReceived) {
	p, err := ParsePacket(in.Payload)
	if err != nil {
		c.drop(now, in, err.Error())
		return
	}
	s, err := c.find(in, &p)
	if err != nil {
		c.drop(now, in, err.Error())
		return
	}
	s.counters.Received++
	before := s.interval()
	detection := s.detection()
	s.peer, s.remote = p, p.My
	if p.Final && s.polling {
		s.pollAnswered()
	}
	changed := c.advance(s, &p)
	s.expireAt = now + s.detection()
	switch {
	case p.Poll:
		c.send(now, s, true) // it tells of a change as well
		c.resume(now, s, before, changed)
	case changed:
		c.announce(now, s)
	default:
		c.resume(now, s, before, false)
	}
	if s.detection() != detection || s.interval() != before {
		c.logf(slog.LevelDebug, "(%s) %s", s.conf.Name, s.parameters())
	}
	c.requeue(s)
}

// resume sets the next packet's time anew when the interval has changed. What
// is due earlier stays.
func (c *Core) resume(now Time, s *session, before Time, changed bool) {
	if i := s.interval(); i == before && !changed {
		return
	}
	due := s.sendAt
	c.reschedule(now, s, s.sentAt)
	if s.sendAt != never && !changed {
		s.sendAt = min(s.sendAt, due)
	}
}

// find gives the session that a packet belongs to: by our discriminator, or by
// the addresses while the neighbour does not know that yet.
func (c *Core) find(in *PacketReceived, p *Packet) (*session, error) {
	var s *session
	if p.Your != 0 {
		s = c.byLocal[p.Your]
		if s == nil {
			return nil, fmt.Errorf("no session has the discriminator %#x", p.Your)
		}
		if s.path.Neighbor != in.Src || s.path.Multihop != in.Multihop {
			return nil, fmt.Errorf("it has the discriminator of session %s, but is not from that one's neighbor %v", s.conf.Name, s.path.Neighbor)
		}
	} else {
		s = c.byPath[Path{in.Src, in.Dst, in.Multihop}]
		if s == nil {
			s = c.byPath[Path{Neighbor: in.Src, Multihop: in.Multihop}]
		}
		if s == nil {
			return nil, fmt.Errorf("no session with %v is configured%s", in.Src, multihopText(in.Multihop))
		}
	}
	if in.TTL >= 0 && in.TTL < s.fewestHops() {
		return nil, fmt.Errorf("its TTL %d is below %d (ttl %d, max_hops %d of session %s)", in.TTL, s.fewestHops(), s.conf.TTL, s.conf.MaxHops, s.conf.Name)
	}
	return s, nil
}

func multihopText(multihop bool) string {
	if multihop {
		return " with multihop"
	}
	return " without multihop"
}

// advance takes the state that the neighbour is in into account, and tells
// whether the session's own has changed.
func (c *Core) advance(s *session, p *Packet) bool {
	state, diag := next(s.state, p.State)
	if state == s.state {
		return false
	}
	said := fmt.Sprintf("%v says %v", s.conf.Neighbor, p.State)
	if p.Diag != NoDiag {
		said += fmt.Sprintf(" (%v)", p.Diag)
	}
	c.become(s, state, diag, said, 0)
	return true
}

// next is the state machine of RFC 5880, 6.8.6: what a session that is in a
// state becomes when the neighbour says its own.
func next(state, heard State) (State, Diag) {
	switch {
	case heard == AdminDown, heard == Down && state == Up:
		return Down, NeighborSignal
	case heard == Down:
		return Init, NoDiag
	case heard == Init, heard == Up && state == Init:
		return Up, NoDiag
	}
	return state, NoDiag
}
