package engine

import (
	"time"

	"halbd/internal/poll"
)

// gatherTime is how long packets of a burst may come together before they are
// read: the adverts of many routers follow each other closely, and to wake for
// each costs more than to handle it. Nothing is decided later by that than it
// should: packets bear the time of their arrival.
const gatherTime = time.Millisecond

// gather pauses while a burst goes on, unless something is due soon. A loop
// with a scheduling class does not: it is there to be quick.
func (e *engine) gather(packets bool) {
	if !packets {
		return
	}
	now := monotonic()
	burst := now-e.lastPackets < gatherTime
	e.lastPackets = now
	if d, ok := e.core.Deadline(); burst && !e.poll.OwnThread && (!ok || d-now > 3*gatherTime) {
		poll.Pause(gatherTime)
		e.lastPackets += gatherTime
	}
}
