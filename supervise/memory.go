package supervise

import (
	"bufio"
	"fmt"
	"math"
	"os"
	"runtime"
	"runtime/debug"
	"strings"

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
}

// forgetStart gives back the pages of the program itself (code and constants)
// that are mapped: most of them only the start needed, and what is needed again
// is in the kernel's cache. It is not for vrrp and bfd: the first take-over after
// a rest took a millisecond longer where its code had to be mapped again. Pages
// that the loader has written to (relocations of a program that is linked
// dynamically) are nowhere else, and stay.
func forgetStart() {
	f, err := os.Open("/proc/self/smaps")
	if err != nil {
		return
	}
	defer f.Close()
	var from, to uintptr // of the mapping whose fields follow; to 0: one to leave alone
	for lines := bufio.NewScanner(f); lines.Scan(); {
		line := lines.Text()
		name, _, _ := strings.Cut(line, " ")
		switch {
		case !strings.HasSuffix(name, ":"):
			from, to = ofFile(line)
		case name == "Anonymous:" && to > 0 && strings.HasSuffix(line, " 0 kB"):
			unix.RawSyscall(unix.SYS_MADVISE, from, to-from, unix.MADV_DONTNEED)
		}
	}
}

// ofFile is the range of a mapping of a file that cannot be written to, by its
// line in /proc/self/smaps.
func ofFile(line string) (from, to uintptr) {
	var mode, offset, device string
	var inode uint64
	n, _ := fmt.Sscanf(line, "%x-%x %s %s %s %d", &from, &to, &mode, &offset, &device, &inode)
	if n != 6 || inode == 0 || mode[1] != '-' {
		return 0, 0
	}
	return from, to
}
