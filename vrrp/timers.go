package vrrp

import (
	"halbd/event"
	"halbd/internal/duequeue"
)

// timer names what an instance may wait for. Each instance has one of each.
type timer int

const (
	timerMain     timer = iota // master-down while BACKUP, next advert while MASTER
	timerAnnounce              // garp_master_delay: the second set
	timerRefresh               // garp_master_refresh
	timerLower                 // garp_lower_prio_delay
	timerExtra                 // garp_extra_if
	timerHeal                  // the next announcement because of a conflict
	timerAwake                 // half of master-down: the process runs
	timerProbe                 // while adverts cannot be sent
	timerOrder                 // the end of an operator's order
	timerOffer                 // the end of the search for a successor
	timers
)

// never is the deadline of a timer that is not set.
const never = duequeue.Never

// deadlines are an instance's timers; it is due when the earliest of them is.
type deadlines struct {
	at [timers]Time
	duequeue.Place
}

// set starts a timer, or stops it with never.
func (c *Core) set(in *instance, t timer, at Time) {
	in.at[t] = at
	due := never
	for _, d := range in.at {
		due = min(due, d)
	}
	c.queue.Move(in, due)
}

// stopTimers stops what belongs to a role; an operator's order is none of it.
func (c *Core) stopTimers(in *instance) {
	for t := range timerOrder {
		in.at[t] = never
	}
	c.set(in, timerMain, never)
}

// Deadline is when the next Tick is due; false when nothing waits.
func (c *Core) Deadline() (Time, bool) {
	due := c.linkDeadline()
	if at, ok := c.queue.Next(); ok {
		due = min(due, at)
	}
	return due, due != never
}

// ClaimIsNext reports whether what the deadline will bring is a claim of a role.
func (c *Core) ClaimIsNext() bool {
	in, ok := c.queue.First()
	return ok && in.state == event.Backup && in.at[timerMain] == in.Due
}
