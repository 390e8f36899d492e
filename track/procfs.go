package track

import (
	"bytes"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// procfs reads what a matcher must know of processes. It keeps one buffer and
// is for one goroutine.
type procfs struct {
	root string // "/proc"
	buf  []byte
}

// read returns the beginning of a file of a process, at most limit bytes; nil
// when the process is gone. It is valid until the next call.
func (p *procfs) read(pid int, file string, limit int) []byte {
	if cap(p.buf) < limit {
		p.buf = make([]byte, limit)
	}
	fd, err := unix.Open(p.root+"/"+strconv.Itoa(pid)+"/"+file, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil
	}
	defer unix.Close(fd)
	n, err := unix.Read(fd, p.buf[:limit])
	if err != nil {
		return nil
	}
	return p.buf[:n]
}

// name is the process's name, at most 15 bytes.
func (p *procfs) name(pid int) string {
	return string(bytes.TrimSuffix(p.read(pid, "comm", 32), []byte{'\n'}))
}

// command is the process's command line, at most limit bytes of it. Programs
// that write a title over it may leave no NUL at the end; it gets one.
func (p *procfs) command(pid, limit int) []byte {
	b := p.read(pid, "cmdline", limit)
	if len(b) > 0 && len(b) < limit && b[len(b)-1] != 0 {
		b = append(b, 0)
	}
	return b
}

// stat is what /proc/PID/stat says.
type stat struct {
	dead   bool // ended, and only waits for its parent (state Z or X)
	parent int
	start  uint64
}

func (p *procfs) stat(pid int) (stat, bool) { return parseStat(p.read(pid, "stat", 1024)) }

// parseStat reads proc_pid_stat(5): fields 3 (state), 4 (ppid) and 22
// (starttime). The name in field 2 may hold anything, even parentheses.
func parseStat(b []byte) (s stat, ok bool) {
	_, rest, ok := cutLast(string(b), ") ")
	f := strings.Fields(rest)
	if !ok || len(f) < 20 {
		return s, false
	}
	s.dead = f[0] == "Z" || f[0] == "X"
	var err error
	if s.parent, err = strconv.Atoi(f[1]); err != nil {
		return s, false
	}
	s.start, err = strconv.ParseUint(f[19], 10, 64)
	return s, err == nil
}

func cutLast(s, sep string) (before, after string, ok bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

// pids lists every process.
func (p *procfs) pids() ([]int, error) {
	dir, err := os.Open(p.root)
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	names, err := dir.Readdirnames(-1)
	list := make([]int, 0, len(names))
	for _, n := range names {
		if pid, err := strconv.Atoi(n); err == nil {
			list = append(list, pid)
		}
	}
	return list, err
}

// newest is the number of the process that was made last (proc_loadavg(5)).
func (p *procfs) newest() string {
	b, _ := os.ReadFile(p.root + "/loadavg")
	f := strings.Fields(string(b))
	if len(f) == 0 {
		return ""
	}
	return f[len(f)-1]
}
