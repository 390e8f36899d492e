package supervise

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"

	"halbd/internal/ipc"
)

// process is one running child as the parent sees it.
type process struct {
	role    role
	cmd     *exec.Cmd
	conn    *ipc.Conn
	ready   bool
	fatal   *fatal
	asked   int       // questions for its status that it has not answered
	owes    time.Time // since when it owes the watchdog an answer; zero: it does not
	started time.Time
}

// What a process reports into the parent's inbox.
type (
	childMessage struct {
		from *process
		kind ipc.Kind
		raw  json.RawMessage
	}
	childExit struct {
		from *process
		err  error // of Wait; nil for status 0
	}
)

// startProcess runs this binary again as a child. setup and the encoded
// configuration are its first messages; everything it says, and its end, goes
// to inbox. What it writes to standard error (a crash) goes to the log.
func startProcess(r role, s setup, snapshot []byte, inbox chan<- any, log *slog.Logger) (*process, error) {
	conn, theirs, err := ipc.Pair()
	if err != nil {
		return nil, err
	}
	defer theirs.Close()
	cmd := exec.Command("/proc/self/exe", childArg, string(r))
	cmd.Args[0] = "halbd"
	cmd.ExtraFiles = []*os.File{theirs} // becomes childFD
	cmd.Stderr = &lineWriter{log: log}
	cmd.Dir = "/"
	// A group of its own: an INT typed at the terminal is for the parent, which stops its children.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		conn.Close()
		return nil, fmt.Errorf("start the %s process: %w", r, err)
	}
	p := &process{role: r, cmd: cmd, conn: conn, started: time.Now()}
	if err := conn.Send(msgSetup, s); err != nil {
		return nil, err
	}
	conn.SendEncoded(snapshot)
	go p.read(inbox)
	return p, nil
}

// read delivers messages until the child has ended, then its exit.
func (p *process) read(inbox chan<- any) {
	iptables := serveChains(p.conn)
	for {
		kind, raw, err := p.conn.Receive()
		if err != nil {
			break
		}
		if kind == msgChains {
			iptables.jobs <- raw
			continue
		}
		inbox <- childMessage{p, kind, raw}
	}
	iptables.close()
	err := p.cmd.Wait()
	p.conn.Close()
	inbox <- childExit{p, err}
}

func (p *process) kill() { p.cmd.Process.Kill() }

// lineWriter logs what a child writes to standard error, line by line.
type lineWriter struct {
	log *slog.Logger
	mu  sync.Mutex
	buf []byte
}

func (w *lineWriter) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.buf = append(w.buf, b...)
	for {
		i := bytes.IndexByte(w.buf, '\n')
		if i < 0 {
			return len(b), nil
		}
		w.log.Error(string(w.buf[:i]))
		w.buf = w.buf[i+1:]
	}
}
