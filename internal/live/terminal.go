// Package live shows something again and again: over itself on a terminal, with
// keys to scroll and to end, or one picture below the other elsewhere. It is
// the view of `halbd ipvs watch` and of `halbd status --watch`.
package live

import (
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Terminal is the operator's, with keys that come one by one and the
// alternate screen, until it is closed.
type Terminal struct {
	Keys    <-chan string // a key, or the sequence that it sends
	Resized <-chan os.Signal

	out    *os.File
	in     *os.File // opened anew, so that reading can be ended without touching the operator's
	saved  unix.Termios
	resize chan os.Signal
	quit   chan struct{} // closed when keys are of no use any more
	read   chan struct{} // closed when nobody reads any more
}

// Sequences of xterm that nearly every terminal knows.
const (
	enterScreen = "\x1b[?1049h\x1b[?25l\x1b[H\x1b[J" // alternate screen, no cursor
	leaveScreen = "\x1b[?25h\x1b[?1049l"
)

// Open returns nil when the output is no terminal. Keys are read if the
// input is one too.
func Open(in, out *os.File) (*Terminal, error) {
	if _, err := unix.IoctlGetTermios(int(out.Fd()), unix.TCGETS); err != nil {
		return nil, nil // a file, a pipe
	}
	t := &Terminal{out: out, resize: make(chan os.Signal, 1), quit: make(chan struct{}), read: make(chan struct{})}
	t.Resized = t.resize
	if err := t.openKeys(in); err != nil {
		return nil, err
	}
	signal.Notify(t.resize, unix.SIGWINCH)
	if _, err := io.WriteString(out, enterScreen); err != nil {
		t.Close()
		return nil, fmt.Errorf("terminal: %w", err)
	}
	return t, nil
}

// openKeys makes keys arrive at once and without an echo. Signals still come from them.
func (t *Terminal) openKeys(in *os.File) error {
	saved, err := unix.IoctlGetTermios(int(in.Fd()), unix.TCGETS)
	if err != nil {
		close(t.read)
		return nil // no keys
	}
	t.saved = *saved
	if t.in, err = os.OpenFile(fmt.Sprintf("/proc/self/fd/%d", in.Fd()), os.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK, 0); err != nil {
		return fmt.Errorf("terminal: %w", err)
	}
	cbreak := t.saved
	cbreak.Lflag &^= unix.ICANON | unix.ECHO
	cbreak.Cc[unix.VMIN], cbreak.Cc[unix.VTIME] = 1, 0
	if err := t.set(&cbreak); err != nil {
		t.in.Close()
		return err
	}
	keys := make(chan string)
	t.Keys = keys
	go t.readKeys(keys)
	return nil
}

// readKeys ends when the terminal is closed.
func (t *Terminal) readKeys(keys chan<- string) {
	defer close(t.read)
	b := make([]byte, 64)
	for {
		n, err := t.in.Read(b)
		if err != nil {
			return
		}
		for _, key := range splitKeys(string(b[:n])) {
			select {
			case keys <- key:
			case <-t.quit:
				return
			}
		}
	}
}

// splitKeys separates keys that came together: letters, and sequences from
// ESC to the next ESC.
func splitKeys(s string) []string {
	var keys []string
	for s != "" {
		n := 1
		if s[0] == '\x1b' {
			if n = 1 + strings.IndexByte(s[1:], '\x1b'); n == 0 {
				n = len(s)
			}
		}
		keys, s = append(keys, s[:n]), s[n:]
	}
	return keys
}

func (t *Terminal) set(to *unix.Termios) error {
	raw, err := t.in.SyscallConn()
	if err != nil {
		return fmt.Errorf("terminal: %w", err)
	}
	var failed error
	if err := raw.Control(func(fd uintptr) { failed = unix.IoctlSetTermios(int(fd), unix.TCSETS, to) }); err != nil {
		failed = err
	}
	if failed != nil {
		return fmt.Errorf("terminal: %w", failed)
	}
	return nil
}

// Draw shows a frame.
func (t *Terminal) Draw(frame string) error {
	_, err := io.WriteString(t.out, frame)
	return err
}

// Size is columns and lines.
func (t *Terminal) Size() (width, height int) {
	w, err := unix.IoctlGetWinsize(int(t.out.Fd()), unix.TIOCGWINSZ)
	if err != nil || w.Col == 0 || w.Row == 0 {
		return 80, 24
	}
	return int(w.Col), int(w.Row)
}

// Close gives the terminal back as it was.
func (t *Terminal) Close() {
	signal.Stop(t.resize)
	io.WriteString(t.out, leaveScreen)
	if t.in == nil {
		return
	}
	close(t.quit)
	t.set(&t.saved)
	t.in.SetReadDeadline(time.Now())
	<-t.read
	t.in.Close()
}
