package vrrp

import (
	"container/heap"

	"halbd/event"
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
	timers
)

// never is the deadline of a timer that is not set.
const never = Time(1<<63 - 1)

// deadlines are an instance's timers; due is the earliest of them.
type deadlines struct {
	at    [timers]Time
	due   Time
	index int // in the queue
}

// queue is a heap of instances by their earliest deadline, then by their
// place in the file, so that a run can be repeated exactly.
type queue []*instance

func (q queue) Len() int { return len(q) }
func (q queue) Less(i, j int) bool {
	if q[i].due != q[j].due {
		return q[i].due < q[j].due
	}
	return q[i].order < q[j].order
}
func (q queue) Swap(i, j int) {
	q[i], q[j] = q[j], q[i]
	q[i].index, q[j].index = i, j
}
func (q *queue) Push(x any) {
	in := x.(*instance)
	in.index = len(*q)
	*q = append(*q, in)
}
func (q *queue) Pop() any {
	old := *q
	in := old[len(old)-1]
	old[len(old)-1] = nil
	*q = old[:len(old)-1]
	return in
}

// set starts a timer, or stops it with never.
func (c *Core) set(in *instance, t timer, at Time) {
	in.at[t] = at
	due := never
	for _, d := range in.at {
		due = min(due, d)
	}
	if due != in.due {
		in.due = due
		heap.Fix(&c.queue, in.index)
	}
}

func (c *Core) stopTimers(in *instance) {
	for t := range timers {
		in.at[t] = never
	}
	c.set(in, timerMain, never)
}

// Deadline is when the next Tick is due; false when nothing waits.
func (c *Core) Deadline() (Time, bool) {
	due := c.linkDeadline()
	if len(c.queue) > 0 {
		due = min(due, c.queue[0].due)
	}
	return due, due != never
}

// ClaimIsNext reports whether what the deadline will bring is a claim of a role.
func (c *Core) ClaimIsNext() bool {
	if len(c.queue) == 0 {
		return false
	}
	in := c.queue[0]
	return in.state == event.Backup && in.at[timerMain] == in.due
}
