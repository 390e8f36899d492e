package notify

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// family is a script and all processes that come from it, as long as their
// ancestors live: its process group, and those that left the group (setsid).
// Each of them is held by a pidfd, so that no signal can reach a stranger that
// has got the number of one that ended.
type family struct {
	group   int
	members map[int]int // pid -> pidfd; -1 for the script itself, which is a child of ours and keeps its number
}

func newFamily(pid int) *family {
	f := &family{group: pid, members: map[int]int{pid: -1}}
	f.grow()
	return f
}

// grow takes in the children of the members, and theirs. A child whose pidfd
// cannot be had has ended.
func (f *family) grow() {
	var look []int
	for pid := range f.members {
		look = append(look, pid)
	}
	for len(look) > 0 {
		pid := look[0]
		look = look[1:]
		for _, child := range Children(pid) {
			if _, known := f.members[child]; known {
				continue
			}
			if fd, err := unix.PidfdOpen(child, 0); err == nil {
				f.members[child] = fd
				look = append(look, child)
			}
		}
	}
}

// Children lists the children of a process (proc_pid_children(5)).
func Children(pid int) (list []int) {
	files, _ := filepath.Glob("/proc/" + strconv.Itoa(pid) + "/task/*/children")
	for _, file := range files {
		b, _ := os.ReadFile(file)
		for _, field := range strings.Fields(string(b)) {
			if n, err := strconv.Atoi(field); err == nil {
				list = append(list, n)
			}
		}
	}
	return list
}

// signal sends to the process group and to every member.
func (f *family) signal(s unix.Signal) {
	unix.Kill(-f.group, s)
	for _, fd := range f.members {
		if fd >= 0 {
			unix.PidfdSendSignal(fd, s, nil, 0)
		}
	}
}

// awaitEnd waits until everybody has ended; false when the time is over first.
func (f *family) awaitEnd(ctx context.Context, over <-chan time.Time) bool {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !f.ended() {
		select {
		case <-tick.C:
		case <-over:
			return false
		case <-ctx.Done():
			return false
		}
	}
	return true
}

// ended reports whether the group is empty and every member has ended.
func (f *family) ended() bool {
	if unix.Kill(-f.group, 0) == nil {
		return false
	}
	for _, fd := range f.members {
		if fd < 0 {
			continue
		}
		if n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, 0); err == nil && n == 0 {
			return false
		}
	}
	return true
}

func (f *family) close() {
	for _, fd := range f.members {
		if fd >= 0 {
			unix.Close(fd)
		}
	}
}
