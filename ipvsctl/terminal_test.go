package ipvsctl

import (
	"context"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"halbd/internal/live"
)

// pseudoTerminal is a terminal of so many columns and lines: the operator's
// end, and the program's.
func pseudoTerminal(t *testing.T, width, height uint16) (operator, program *os.File) {
	t.Helper()
	operator, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK, 0)
	if err != nil {
		t.Skip("no pseudo terminals here: ", err)
	}
	t.Cleanup(func() { operator.Close() })
	raw, err := operator.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	number := 0
	raw.Control(func(fd uintptr) {
		if err = unix.IoctlSetPointerInt(int(fd), unix.TIOCSPTLCK, 0); err == nil {
			number, err = unix.IoctlGetInt(int(fd), unix.TIOCGPTN)
		}
	})
	if err != nil {
		t.Skip("no pseudo terminals here: ", err)
	}
	program, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip("no pseudo terminals here: ", err)
	}
	t.Cleanup(func() { program.Close() })
	resize(t, program, width, height)
	return operator, program
}

func resize(t *testing.T, program *os.File, width, height uint16) {
	t.Helper()
	if err := unix.IoctlSetWinsize(int(program.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Col: width, Row: height}); err != nil {
		t.Fatal(err)
	}
}

// screen is what the operator sees.
type screen struct {
	*os.File
	seen string
}

// expect reads until a text is shown, and forgets all up to it.
func (s *screen) expect(t *testing.T, text string) {
	t.Helper()
	s.SetReadDeadline(time.Now().Add(20 * time.Second))
	b := make([]byte, 4096)
	for !strings.Contains(s.seen, text) {
		n, err := s.Read(b)
		if err != nil {
			t.Fatalf("%v; %q was not shown in %q", err, text, s.seen)
		}
		s.seen += string(b[:n])
	}
	_, s.seen, _ = strings.Cut(s.seen, text)
}

// On a terminal watch draws at once, follows a change of size and keys, ends
// with q or with a signal, and leaves the terminal as it was.
func TestWatchTerminal(t *testing.T) {
	for _, end := range []string{"q", "signal"} {
		t.Run(end, func(t *testing.T) {
			file, program := pseudoTerminal(t, 120, 5)
			operator := &screen{File: file}
			before, err := unix.IoctlGetTermios(int(program.Fd()), unix.TCGETS)
			if err != nil {
				t.Fatal(err)
			}
			term, err := live.Open(program, program)
			if err != nil {
				t.Fatal(err)
			}
			ctx, interrupt := context.WithCancel(t.Context())
			defer interrupt()
			s := &session{names: book{}, kernel: &moving{newFake(), movingTables(t)[:1]}}
			r, err := parse(book{}, []string{"watch", "--interval", "1h"})
			if err != nil {
				t.Fatal(err)
			}
			done := make(chan error, 1)
			go func() {
				done <- s.watchOn(ctx, r, term)
			}()
			operator.expect(t, "\x1b[?1049h")
			operator.expect(t, "rows 1-3 of 6")
			if now, _ := unix.IoctlGetTermios(int(program.Fd()), unix.TCGETS); now.Lflag&(unix.ECHO|unix.ICANON) != 0 || now.Lflag&unix.ISIG == 0 {
				t.Error("keys are echoed, or wait for a line, or give no signals")
			}
			operator.WriteString("jj\x1b[B")
			operator.expect(t, "rows 4-6 of 6")
			resize(t, program, 120, 40)
			unix.Kill(os.Getpid(), unix.SIGWINCH)
			operator.expect(t, "[2001:db8::9]:80")
			if end == "q" {
				operator.WriteString("q")
			} else {
				interrupt()
			}
			operator.expect(t, "\x1b[?1049l")
			if err := <-done; err != nil {
				t.Error(err)
			}
			if after, _ := unix.IoctlGetTermios(int(program.Fd()), unix.TCGETS); !reflect.DeepEqual(after, before) {
				t.Errorf("the terminal is left as %+v, it was %+v", after, before)
			}
		})
	}
}
