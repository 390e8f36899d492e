package track

import (
	"fmt"
	"reflect"
	"slices"
	"time"

	"halbd/conf"
)

// cause is what changed the number of matching processes. It decides which
// delay applies, as in keepalived.
type cause int

const (
	causeStart cause = iota // a program was started or renamed, or is found for the first time: no delay
	causeFork               // a matching process has made another: fork_delay
	causeExit               // one has ended: terminate_delay
)

// quorum is one vrrp_track_process: its count, and what has been said of it.
type quorum struct {
	conf    conf.TrackProcess
	match   matcher
	count   int
	judged  int  // the count of the last verdict; -1 before the first
	forked  bool // since then a member was found whose parent is one
	good    bool // the verdict that was told
	pending bool // the opposite verdict waits until due
	due     time.Time
}

// census counts processes for every quorum. It is a pure table: what runs is
// told to it, and it reads no clock.
type census struct {
	quorums []*quorum
	members map[int]member
	tell    func(*quorum)
}

// member is a process that at least one quorum counts.
type member struct {
	start uint64 // field 22 of /proc/PID/stat: tells a process from a later one of the same number; 0: not known
	of    []*quorum
}

func newCensus(list []conf.TrackProcess, tell func(*quorum)) *census {
	c := &census{members: map[int]member{}, tell: tell}
	for i := range list {
		c.quorums = append(c.quorums, &quorum{conf: list[i], match: newMatcher(&list[i]), judged: -1})
	}
	return c
}

// place counts a process for the quorums that it belongs to, which may be
// none, and judges those that it changes.
func (c *census) place(pid int, m member, why cause, now time.Time) {
	for _, q := range c.count(pid, m) {
		c.judge(q, why, now)
	}
}

// count is place without a verdict; it returns the quorums that changed.
func (c *census) count(pid int, m member) (changed []*quorum) {
	old := c.members[pid]
	for _, q := range old.of {
		if !slices.Contains(m.of, q) {
			q.count--
			changed = append(changed, q)
		}
	}
	for _, q := range m.of {
		if !slices.Contains(old.of, q) {
			q.count++
			changed = append(changed, q)
		}
	}
	if len(m.of) == 0 {
		delete(c.members, pid)
	} else {
		c.members[pid] = m
	}
	return changed
}

// judgeAll ends a look at every process that there is.
func (c *census) judgeAll(now time.Time) {
	for _, q := range c.quorums {
		why := causeStart
		switch {
		case q.count < q.judged:
			why = causeExit
		case q.forked:
			why = causeFork
		}
		q.forked = false
		if q.count != q.judged {
			c.judge(q, why, now)
		}
	}
}

func (q *quorum) met() bool {
	return q.count >= q.conf.Quorum && (q.conf.QuorumMax < 0 || q.count <= q.conf.QuorumMax)
}

// judge takes a new count. A verdict that is to wait is forgotten when the
// count returns meanwhile.
func (c *census) judge(q *quorum, why cause, now time.Time) {
	first := q.judged < 0
	q.judged = q.count
	met := q.met()
	if !first && met == q.good {
		q.pending = false
		return
	}
	delay := time.Duration(0)
	switch {
	case first:
	case why == causeFork:
		delay = q.conf.ForkDelay
	case why == causeExit:
		delay = q.conf.TerminateDelay
	}
	switch {
	case delay == 0:
		c.settle(q)
	case !q.pending:
		q.pending, q.due = true, now.Add(delay)
	}
}

func (c *census) settle(q *quorum) {
	q.good, q.pending = q.met(), false
	c.tell(q)
}

// expire settles what has waited long enough.
func (c *census) expire(now time.Time) {
	for _, q := range c.quorums {
		if q.pending && !q.due.After(now) {
			c.settle(q)
		}
	}
}

// deadline is when expire has something to do; ok is false for never.
func (c *census) deadline() (at time.Time, ok bool) {
	for _, q := range c.quorums {
		if q.pending && (!ok || q.due.Before(at)) {
			at, ok = q.due, true
		}
	}
	return at, ok
}

// keep takes over what was told of the quorums that are configured as before.
// The members must be counted again.
func (c *census) keep(old *census) {
	for _, q := range c.quorums {
		for _, o := range old.quorums {
			if o.judged >= 0 && reflect.DeepEqual(o.conf, q.conf) {
				q.judged, q.good, q.pending, q.due = o.judged, o.good, o.pending, o.due
			}
		}
	}
}

// why words a verdict.
func (q *quorum) why() string {
	instances := "instances"
	if q.count == 1 {
		instances = "instance"
	}
	if q.conf.QuorumMax >= 0 && (q.good || q.count > q.conf.QuorumMax) {
		return fmt.Sprintf("%d %s, quorum %d to %d", q.count, instances, q.conf.Quorum, q.conf.QuorumMax)
	}
	return fmt.Sprintf("%d %s, quorum %d", q.count, instances, q.conf.Quorum)
}
