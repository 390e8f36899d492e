package supervise

import (
	"bufio"
	"fmt"
	"math"
	"os"
	"runtime"
	"runtime/debug"

	"golang.org/x/sys/unix"
)

// eagerLimit is how much memory (bytes) a process may use before it collects
// garbage while it starts: to read a large configuration quickly matters more
// then than the memory that it takes for a moment.
const eagerLimit = 32 << 20

func startEagerly() {
	debug.SetGCPercent(-1)
	debug.SetMemoryLimit(eagerLimit)
}

// Percentages of garbage to live memory at which a running process collects.
// vrrp and bfd have little memory and make next to no garbage.
const (
	parentGarbage  = 25
	ownGarbage     = 100 // vrrp, bfd
	checkerGarbage = 25
)

func garbageOf(r role) int {
	if r == roleChecker {
		return checkerGarbage
	}
	return ownGarbage
}

// runSparingly is for a process that has started: what the start needed goes
// back to the system.
func runSparingly(percent int) {
	debug.SetGCPercent(percent)
	debug.SetMemoryLimit(math.MaxInt64)
	runtime.GC() // what sync.Pools hold (the encoder's buffers) survives one collection
	debug.FreeOSMemory()
	forgetStart()
}

// forgetStart gives back the pages of the program itself (code and constants)
// that are mapped: most of them only the start needed, and what is needed again
// is in the kernel's cache. That holds for a static program; in one with shared
// libraries (a test's, with the race detector) the loader has written into
// pages that cannot be written any more, and nothing brings that back.
func forgetStart() {
	f, err := os.Open("/proc/self/maps")
	if err != nil {
		return
	}
	defer f.Close()
	type mapping struct{ from, to uintptr }
	var list []mapping
	program := uint64(0) // its inode
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var m mapping
		var mode, offset, device string
		var inode uint64
		n, _ := fmt.Sscanf(lines.Text(), "%x-%x %s %s %s %d", &m.from, &m.to, &mode, &offset, &device, &inode)
		switch {
		case n < 6 || inode == 0:
		case program != 0 && inode != program:
			return
		default:
			program = inode
			if mode[1] == '-' {
				list = append(list, m)
			}
		}
	}
	for _, m := range list {
		unix.RawSyscall(unix.SYS_MADVISE, m.from, m.to-m.from, unix.MADV_DONTNEED)
	}
}
