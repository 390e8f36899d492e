package sched

import (
	"fmt"
	"log/slog"
	"runtime"
	"time"

	"golang.org/x/sys/unix"

	"halbd/conf"
)

// Auto raises the real-time priority (SCHED_RR) of a loop's thread by one each
// time that its timers come too late, up to a limit (max_auto_priority,
// min_auto_priority_delay). One goroutine, the loop's, uses it.
type Auto struct {
	limit conf.AutoPriority
	now   int // the priority that the thread has; 0: not real-time
	log   *slog.Logger
}

// NewAuto starts from the priority that Apply has given the thread.
func NewAuto(g *conf.Global, p *conf.Process, log *slog.Logger) *Auto {
	return &Auto{limit: g.AutoPriority, now: p.RTPriority, log: log}
}

// Late is told how long after its deadline a timer acted; it tells whether the
// goroutine has a thread of its own for that from now on.
func (a *Auto) Late(by time.Duration) (ownThread bool) {
	if by < a.limit.Delay || a.now >= a.limit.Max {
		return false
	}
	runtime.LockOSThread() // never unlocked: the priority is the thread's
	attr := &unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_RR, Priority: uint32(a.now + 1)}
	if err := unix.SchedSetAttr(0, attr, 0); err != nil {
		a.log.Warn("max_auto_priority has no effect", "err", err)
		a.limit.Max = 0
		return true
	}
	a.now++
	a.log.Warn(fmt.Sprintf("a timer was %v late: real-time priority %d from now on", by, a.now))
	return true
}
