package lab

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Proc is a daemon in a node.
type Proc struct {
	cmd  *exec.Cmd
	log  string
	done chan struct{}
	err  error
}

// Start runs a program in a node; what it prints goes to a file.
func (n *Net) Start(node, log string, args ...string) (*Proc, error) {
	f, err := os.Create(log)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	cmd := exec.Command("ip", append([]string{"netns", "exec", n.prefix + node}, args...)...)
	cmd.Stdout, cmd.Stderr = f, f
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s in %s: %w", args[0], node, err)
	}
	p := &Proc{cmd: cmd, log: log, done: make(chan struct{})}
	go func() {
		p.err = cmd.Wait()
		close(p.done)
	}()
	n.procs = append(n.procs, p)
	return p, nil
}

// Daemon runs keepalived or anything with its options, in the foreground, with
// a configuration and files of its own in dir.
func (n *Net) Daemon(node, binary, dir, conf string, more ...string) (*Proc, error) {
	base := filepath.Join(dir, fmt.Sprintf("%s-%s-%d", node, filepath.Base(binary), len(n.procs)))
	if err := os.WriteFile(base+".conf", []byte(conf), 0o644); err != nil {
		return nil, err
	}
	args := append([]string{binary, "-n", "-l", "-G", "-f", base + ".conf", "-p", base + ".pid", "-r", base + ".vrrp", "-c", base + ".checkers", "-b", base + ".bfd"}, more...)
	return n.Start(node, base+".log", args...)
}

// Conf is the configuration file of a Daemon.
func (p *Proc) Conf() string { return strings.TrimSuffix(p.log, ".log") + ".conf" }

// Log is what the program has printed so far.
func (p *Proc) Log() string {
	b, _ := os.ReadFile(p.log)
	return string(b)
}

// Alive reports whether the program runs.
func (p *Proc) Alive() bool {
	select {
	case <-p.done:
		return false
	default:
		return true
	}
}

// PID is the daemon's own ("ip netns exec" becomes the program).
func (p *Proc) PID() int { return p.cmd.Process.Pid }

// Signal sends a signal to the daemon.
func (p *Proc) Signal(s syscall.Signal) error { return p.cmd.Process.Signal(s) }

// Stop asks the daemon to end and waits for it.
func (p *Proc) Stop(limit time.Duration) error {
	p.Signal(syscall.SIGTERM)
	select {
	case <-p.done:
		return p.err
	case <-time.After(limit):
		p.Crash()
		return fmt.Errorf("the daemon did not stop within %v", limit)
	}
}

// Crash kills the daemon and its children at once, as a power failure would.
func (p *Proc) Crash() {
	if !p.Alive() {
		return
	}
	for _, pid := range p.Tree() {
		syscall.Kill(pid, syscall.SIGKILL)
	}
	<-p.done
}

// Tree lists the daemon's processes, itself first.
func (p *Proc) Tree() []int {
	list := []int{p.PID()}
	for i := 0; i < len(list); i++ {
		tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", list[i]))
		for _, t := range tasks {
			b, _ := os.ReadFile(t)
			for _, f := range strings.Fields(string(b)) {
				if pid, err := strconv.Atoi(f); err == nil {
					list = append(list, pid)
				}
			}
		}
	}
	return list
}
