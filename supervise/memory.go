package supervise

import (
	"math"
	"runtime/debug"
)

// eagerLimit is how much memory (bytes) a process may use before it collects
// garbage while it starts: to read a large configuration quickly matters more
// then than the memory that it takes for a moment.
const eagerLimit = 192 << 20

func startEagerly() {
	debug.SetGCPercent(-1)
	debug.SetMemoryLimit(eagerLimit)
}

// Percentages of garbage to live memory at which a running process collects.
const (
	parentGarbage = 50
	childGarbage  = 100
)

// runSparingly is for a process that has started: what the start needed goes
// back to the system.
func runSparingly(percent int) {
	debug.SetGCPercent(percent)
	debug.SetMemoryLimit(math.MaxInt64)
	debug.FreeOSMemory()
}
