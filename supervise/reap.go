package supervise

import (
	"os"
	"time"

	"golang.org/x/sys/unix"

	"halbd/notify"
)

// reapPause is far above the time that any of our own waits takes to fetch an
// ended child.
const reapPause = 5 * time.Second

// reapOrphans fetches, for ever, ended processes that nobody waits for. In a
// container the daemon may be process 1, which inherits what scripts leave behind.
func reapOrphans() {
	if os.Getpid() != 1 {
		return
	}
	before := map[int]bool{}
	for range time.Tick(reapPause) {
		now := map[int]bool{}
		for _, pid := range notify.Children(1) {
			var s unix.Siginfo
			err := unix.Waitid(unix.P_PID, pid, &s, unix.WEXITED|unix.WNOHANG|unix.WNOWAIT, nil)
			switch {
			case err != nil || s.Signo == 0: // it lives
			case before[pid]:
				unix.Wait4(pid, nil, unix.WNOHANG, nil)
			default:
				now[pid] = true
			}
		}
		before = now
	}
}
