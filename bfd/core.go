package bfd

import (
	"fmt"
	"log/slog"
	"time"

	"halbd/conf"
	"halbd/event"
	"halbd/internal/duequeue"
)

// Core holds every session. It is not safe for concurrent use.
type Core struct {
	random  func() uint32
	byName  map[string]*session
	byLocal map[uint32]*session
	byPath  map[Path]*session
	queue   duequeue.Queue[*session]
	made    int
	acts    Actions
	strays  strays
	now     Time // of the call that is being served
}

// NewCore returns a Core without sessions; Start gives it some. random gives
// evenly distributed numbers, for jitter and discriminators.
func NewCore(random func() uint32) *Core {
	return &Core{random: random, byName: map[string]*session{}, byLocal: map[uint32]*session{}, byPath: map[Path]*session{}, strays: strays{next: -never}}
}

// Start begins every configured session. A session that does not come up is
// reported as down only when the neighbour had the time to answer: after the
// crash of this process the neighbour is probably still there.
func (c *Core) Start(now Time, cfg *conf.Config) *Actions {
	c.begin(now)
	for i := range cfg.BFDs {
		s := c.open(now, cfg.BFDs[i])
		s.reportAt = now + Time(s.conf.Multiplier)*s.conf.IdleTx
		c.requeue(s)
	}
	return &c.acts
}

// Step handles one event.
func (c *Core) Step(now Time, ev Event) *Actions {
	c.begin(now)
	switch ev := ev.(type) {
	case Tick:
		c.tick(now)
	case *PacketReceived:
		c.receive(now, ev)
	}
	return &c.acts
}

// Reload begins what is new, ends what is gone and changes the rest in place:
// a session whose addresses stay keeps its state, and the neighbour sees at
// most a poll sequence.
func (c *Core) Reload(now Time, cfg *conf.Config) *Actions {
	c.begin(now)
	keep := map[string]bool{}
	for i := range cfg.BFDs {
		b := &cfg.BFDs[i]
		s := c.byName[b.Name]
		keep[b.Name] = s != nil && s.path == pathOf(b)
	}
	for _, s := range c.inOrder() {
		if !keep[s.conf.Name] {
			c.end(now, s, "the configuration has it no longer")
		}
	}
	for i := range cfg.BFDs {
		b := cfg.BFDs[i]
		if keep[b.Name] {
			c.change(now, c.byName[b.Name], b)
			continue
		}
		s := c.open(now, b)
		c.report(s, "it is new", 0)
	}
	return &c.acts
}

// Stop ends every session and tells the neighbours that it is on purpose
// (RFC 5880, 6.8.16).
func (c *Core) Stop(now Time) *Actions {
	c.begin(now)
	for _, s := range c.inOrder() {
		c.end(now, s, "")
	}
	return &c.acts
}

func (c *Core) begin(now Time) {
	c.now = now
	c.acts.Packets, c.acts.Events, c.acts.Log = c.acts.Packets[:0], c.acts.Events[:0], c.acts.Log[:0]
}

// inOrder lists the sessions by age.
func (c *Core) inOrder() []*session {
	list := make([]*session, 0, len(c.byName))
	for _, s := range c.byName {
		list = append(list, s)
	}
	sortSessions(list)
	return list
}

func (c *Core) open(now Time, b conf.BFDInstance) *session {
	c.made++
	s := &session{conf: b, path: pathOf(&b), state: Down, peer: silentPeer(), sentAt: now, sendAt: never, expireAt: never, reportAt: never,
		Place: duequeue.Place{Due: never, Order: c.made}}
	s.renegotiate()
	c.identify(s)
	c.byName[b.Name], c.byPath[s.path] = s, s
	c.queue.Add(s)
	if s.interval() > 0 {
		s.sendAt = now
	}
	c.requeue(s)
	return s
}

// identify gives a session a new local discriminator.
func (c *Core) identify(s *session) {
	delete(c.byLocal, s.local)
	for {
		s.local = c.random()
		if s.local != 0 && c.byLocal[s.local] == nil {
			c.byLocal[s.local] = s
			return
		}
	}
}

// end says AdminDown to a neighbour that knows the session, and forgets it.
func (c *Core) end(now Time, s *session, why string) {
	if s.remote != 0 {
		s.state, s.diag = AdminDown, Administrative
		s.renegotiate()
		c.send(now, s, false)
	}
	if why != "" {
		c.logf(slog.LevelInfo, "(%s) The session with %v ends: %s", s.conf.Name, s.conf.Neighbor, why)
	}
	delete(c.byName, s.conf.Name)
	delete(c.byLocal, s.local)
	delete(c.byPath, s.path)
	c.queue.Remove(s)
}

// change takes the new configuration of a session over.
func (c *Core) change(now Time, s *session, b conf.BFDInstance) {
	if s.conf == b {
		return
	}
	s.conf = b
	before := s.interval()
	s.renegotiate()
	if s.interval() != before {
		c.reschedule(now, s, s.sentAt)
	}
	c.requeue(s)
}

// tick acts on every deadline that has passed. A packet that is due does not
// wait for a detection that is due at the same time, and tells of its outcome.
func (c *Core) tick(now Time) {
	for {
		s, ok := c.queue.First()
		if !ok || s.Due > now {
			return
		}
		if s.expireAt <= now {
			c.expire(now, s)
		}
		if s.sendAt <= now {
			c.send(now, s, false)
			c.reschedule(now, s, now)
		}
		if s.reportAt <= now {
			c.report(s, fmt.Sprintf("no session with %v has come up", s.conf.Neighbor), 0)
		}
		c.requeue(s)
	}
}

// expire: the neighbour has been silent for the detection time (RFC 5880,
// 6.8.4). A session that was on its way goes down under a new discriminator,
// so that late packets of the old one cannot revive it.
func (c *Core) expire(now Time, s *session) {
	late := now - s.expireAt
	was, silence := s.peer.State, s.detection()
	s.expireAt = never
	s.remote, s.peer = 0, silentPeer()
	if s.state == Down {
		c.reschedule(now, s, s.sentAt)
		return
	}
	c.identify(s)
	c.become(s, Down, TimeExpired, fmt.Sprintf("no packet of %v for %v (%v); it was %v", s.conf.Neighbor, silence, TimeExpired, was), late)
	c.announce(now, s)
}

// become changes a session's state.
func (c *Core) become(s *session, state State, diag Diag, cause string, late Time) {
	was := s.state
	s.state, s.diag = state, diag
	s.since, s.cause = c.now, cause
	if state == Up {
		s.counters.WentUp++
	} else if was == Up {
		s.counters.WentDown++
	}
	s.renegotiate()
	if was == Up || state == Up {
		s.reported = false
		c.report(s, cause, late)
		return
	}
	c.logf(slog.LevelDebug, "(%s) Entering %v state: %s", s.conf.Name, state, cause)
}

// report publishes whether a session is up.
func (c *Core) report(s *session, cause string, late Time) {
	s.reportAt = never
	if s.reported {
		return
	}
	s.reported = true
	e := event.Event{Kind: event.BFD, Name: s.conf.Name, State: event.Down, Previous: event.Up, Cause: cause, Late: late, Quiet: true}
	if s.state == Up {
		e.State, e.Previous = e.Previous, e.State
	}
	c.acts.Events = append(c.acts.Events, e)
}

// announce sends a packet at once, because its contents have changed (RFC
// 5880, 6.8.7), and starts the interval again.
func (c *Core) announce(now Time, s *session) {
	c.send(now, s, false)
	c.reschedule(now, s, now)
}

func (c *Core) send(now Time, s *session, final bool) {
	p := s.packet(final)
	c.acts.Packets = append(c.acts.Packets, SendPacket{Path: s.path, Payload: p.Bytes()})
	s.sentAt = now
	s.counters.Sent++
}

// reschedule sets the time of the next packet: an interval after since,
// shortened by a random 10 to 25 % (RFC 5880, 6.8.7, allows it for every
// multiplier).
func (c *Core) reschedule(now Time, s *session, since Time) {
	i := s.interval()
	if i == 0 {
		s.sendAt = never
		return
	}
	part := Time(c.random() >> 16) // of 1 << 16
	s.sendAt = max(now, since+i-i/10-i*15/100*part>>16)
}

func (c *Core) logf(level slog.Level, format string, args ...any) {
	c.acts.Log = append(c.acts.Log, event.LogLine{Level: level, Text: fmt.Sprintf(format, args...)})
}

// strays counts packets that no session takes: one log line in strayPause
// tells of them, however many an attacker sends.
type strays struct {
	next  Time // when the next line may be written
	count int  // since the last one
}

const strayPause = 10 * time.Second

func (c *Core) drop(now Time, p *PacketReceived, why string) {
	c.strays.count++
	if now < c.strays.next {
		return
	}
	more := ""
	if n := c.strays.count - 1; n > 0 {
		more = fmt.Sprintf(" (and %d more since the last such line)", n)
	}
	c.logf(slog.LevelWarn, "Packet of %v to %v dropped: %s%s", p.Src, p.Dst, why, more)
	c.strays = strays{next: now + strayPause}
}
