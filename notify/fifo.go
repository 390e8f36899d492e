package notify

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"

	"halbd/conf"
	"halbd/event"
)

// fifo is one notify FIFO with the script that reads it.
type fifo struct {
	conf    conf.FIFO
	fd      int
	created bool
	script  *exec.Cmd
	dropped int
}

// openFIFO makes the FIFO if there is none. It is opened for reading too, so
// that a write never waits for a reader nor fails without one.
func openFIFO(c conf.FIFO) (*fifo, error) {
	f := &fifo{conf: c, fd: -1}
	if err := syscall.Mkfifo(c.Path, 0o644); err == nil {
		f.created = true
		if os.Geteuid() == 0 {
			if err := os.Chown(c.Path, int(c.UID), int(c.GID)); err != nil {
				return nil, fmt.Errorf("owner of FIFO: %w", err)
			}
		}
	} else if !errors.Is(err, syscall.EEXIST) {
		return nil, fmt.Errorf("make FIFO %s: %w", c.Path, err)
	}
	fd, err := syscall.Open(c.Path, syscall.O_RDWR|syscall.O_NONBLOCK|syscall.O_CLOEXEC|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return nil, fmt.Errorf("open FIFO %s: %w", c.Path, err)
	}
	f.fd = fd
	var st syscall.Stat_t
	if err := syscall.Fstat(fd, &st); err != nil || st.Mode&syscall.S_IFMT != syscall.S_IFIFO {
		f.close()
		return nil, fmt.Errorf("%s exists and is no FIFO", c.Path)
	}
	return f, nil
}

// write puts one line into the FIFO; a full one loses it.
func (f *fifo) write(line string) error {
	_, err := syscall.Write(f.fd, []byte(line))
	if err == nil {
		f.dropped = 0
		return nil
	}
	f.dropped++
	if f.dropped > 1 {
		return nil // said once until it works again
	}
	return fmt.Errorf("FIFO %s: %w; its reader does not keep up and loses lines", f.conf.Path, err)
}

// startScript starts the reader; the one before has been stopped.
func (f *fifo) startScript() error {
	if f.conf.Script == nil {
		return nil
	}
	cmd := NewCmd(*f.conf.Script, f.conf.Path)
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start FIFO script %s: %w", f.conf.Script.Args[0], err)
	}
	f.script = cmd
	return nil
}

func (f *fifo) stopScript() {
	if f.script != nil {
		syscall.Kill(-f.script.Process.Pid, syscall.SIGTERM)
		go f.script.Wait()
		f.script = nil
	}
}

func (f *fifo) close() {
	f.stopScript()
	if f.fd >= 0 {
		syscall.Close(f.fd)
		f.fd = -1
	}
	if f.created {
		os.Remove(f.conf.Path)
	}
}

// fifoLine is the line that keepalived writes for an event; lines of the
// checker end with a zero byte after the newline.
func fifoLine(ev event.Event) string {
	switch ev.Kind {
	case event.Instance:
		return fmt.Sprintf("INSTANCE \"%s\" %s %d\n", ev.Name, ev.State, ev.Priority)
	case event.Group:
		return fmt.Sprintf("GROUP \"%s\" %s 0\n", ev.Name, ev.State)
	case event.VirtualServer:
		return fmt.Sprintf("VS %s %s\n\x00", ev.Name, ev.State)
	case event.RealServer:
		return fmt.Sprintf("RS %s %s %s\n\x00", ev.Name, ev.Service, ev.State)
	}
	return ""
}
