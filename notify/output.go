package notify

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

const (
	outputTail  = 2048                   // bytes of a script's output that are kept
	outputLimit = 1 << 20                // bytes that it may occupy
	outputLook  = 250 * time.Millisecond // how often its size is looked at
	lingerLook  = 5 * time.Second        // the same for what a script has left behind
)

// memoryFile makes a file that has no name. A script's standard files are such
// files and no pipes: nobody waits for the other side, and nobody dies of the
// other's end, a STOP script that outlives the daemon for one.
func memoryFile(content []byte) (*os.File, error) {
	// Hardened hosts allow only what can never be executed (vm.memfd_noexec); kernels before 6.3 do not know the flag.
	fd, err := unix.MemfdCreate("halbd-notify", unix.MFD_CLOEXEC|unix.MFD_NOEXEC_SEAL)
	if err == unix.EINVAL {
		fd, err = unix.MemfdCreate("halbd-notify", unix.MFD_CLOEXEC)
	}
	if err != nil {
		return nil, fmt.Errorf("make a file in memory: %w", err)
	}
	f := os.NewFile(uintptr(fd), "halbd-notify")
	if _, err = f.Write(content); err == nil {
		_, err = f.Seek(0, io.SeekStart)
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("write a file in memory: %w", err)
	}
	return f, nil
}

// output collects what a script and its children write.
type output struct {
	file *os.File
	tail []byte // of what was thrown away
}

func newOutput() (*output, error) {
	f, err := memoryFile(nil)
	if err != nil {
		return nil, err
	}
	// Appending, so that after a truncation the writers go on at the beginning.
	if _, err := unix.FcntlInt(f.Fd(), unix.F_SETFL, unix.O_APPEND|unix.O_RDWR); err != nil {
		f.Close()
		return nil, fmt.Errorf("append to a file in memory: %w", err)
	}
	return &output{file: f}, nil
}

// bound throws away the beginning of what is too much.
func (o *output) bound() {
	if st, err := o.file.Stat(); err == nil && st.Size() > outputLimit {
		o.tail = o.last()
		o.file.Truncate(0)
	}
}

// last gives the last outputTail bytes.
func (o *output) last() []byte {
	st, err := o.file.Stat()
	if err != nil {
		return nil
	}
	b := make([]byte, min(st.Size(), outputTail))
	n, _ := o.file.ReadAt(b, st.Size()-int64(len(b)))
	all := append(o.tail, b[:n]...)
	return all[max(0, len(all)-outputTail):]
}

// text is the end of the output for a log line.
func (o *output) text() string {
	return strings.TrimSpace(strings.ToValidUTF8(string(o.last()), "?"))
}

// linger keeps the output small while the process group of its script has
// members, then gives it back.
func (o *output) linger(group int) {
	defer o.file.Close()
	o.tail = nil
	o.file.Truncate(0)
	for unix.Kill(-group, 0) == nil {
		time.Sleep(lingerLook)
		o.bound()
	}
}
