package sched

import (
	"time"

	"golang.org/x/sys/unix"
)

// Budget keeps a loop with much to do below its LimitRealTime. The kernel
// counts the time of a thread from its last sleep on, so a loop that sleeps for
// a moment now and then is ended only when it has gone wild.
type Budget struct {
	share time.Duration // of the limit, to use up between two sleeps; 0: no limit
	since time.Time     // the last one
}

// NewBudget makes the budget of a loop whose limit this is (0: none).
func NewBudget(limit time.Duration) *Budget { return &Budget{share: limit / 4} }

// Slept is told that the loop has waited for something.
func (b *Budget) Slept() {
	if b.share > 0 {
		b.since = time.Now()
	}
}

// nap is longer than it takes to fall asleep.
const nap = 50 * time.Microsecond

// Use is called between two pieces of work. It sleeps when the share is used up.
func (b *Budget) Use() {
	if b.share == 0 || time.Since(b.since) < b.share {
		return
	}
	ts := unix.NsecToTimespec(int64(nap))
	unix.Nanosleep(&ts, nil)
	b.since = time.Now()
}
