// Package ipvsctl is halbd ipvs: what ipvsadm(8) does for an operator, under
// names of its own and under ipvsadm's letters, and a live view. It touches
// nothing that it was not told to touch.
package ipvsctl

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"halbd/internal/live"
	"halbd/ipvs"
)

// kernel is what the commands need of IPVS.
type kernel interface {
	Info() (ipvs.Info, error)
	Usage() ([]ipvs.Usage, error)
	UsageOf(ipvs.ServiceKey) (ipvs.Usage, error)
	Services() ([]ipvs.Service, error)
	Do(ipvs.Change) error
	Apply([]ipvs.Change) error
	Zero(*ipvs.ServiceKey) error
	Flush() error
	Daemons() ([]ipvs.Daemon, error)
	StartDaemon(ipvs.Daemon) error
	EndDaemon(master bool) error
	Timeouts() (ipvs.Timeouts, error)
	SetTimeouts(ipvs.Timeouts) error
	Close() error
}

var _ kernel = (*ipvs.Client)(nil)

// session is a run of the command with all that it touches.
type session struct {
	in          io.Reader
	out, err    io.Writer
	names       names
	kernel      kernel
	connections func() ([]ipvs.Conn, error)
	terminal    func() (*live.Terminal, error) // nil, nil: the output is none
}

// Run carries out the words behind "halbd ipvs" in the network namespace of
// this process and returns the exit status.
func Run(args []string) int {
	s := &session{in: os.Stdin, out: os.Stdout, err: os.Stderr, names: &hostNames{}, connections: ipvs.Connections,
		terminal: func() (*live.Terminal, error) { return live.Open(os.Stdin, os.Stdout) }}
	return s.run(args, dial)
}

func (s *session) run(args []string, dial func() (kernel, error)) int {
	if wantsHelp(args) {
		writeHelp(s.out, args)
		return statusOK
	}
	err := func() error {
		r, err := parse(s.names, args)
		if err != nil {
			return err
		}
		if s.kernel, err = dial(); err != nil {
			return &statusError{statusUsage, err}
		}
		defer s.kernel.Close()
		return r.command.perform(s, r)
	}()
	if err != nil {
		s.complain(err)
	}
	return statusOf(err)
}

func (s *session) complain(err error) { fmt.Fprintln(s.err, "halbd ipvs:", err) }

// dial opens the kernel's IPVS, and loads its module when it is not there.
func dial() (kernel, error) {
	c, err := ipvs.Dial()
	if errors.Is(err, ipvs.ErrNotSupported) {
		if out, failed := exec.Command("modprobe", "ip_vs").CombinedOutput(); failed != nil {
			return nil, fmt.Errorf("%w: modprobe ip_vs: %w: %s", err, failed, out)
		}
		c, err = ipvs.Dial()
	}
	if err != nil {
		return nil, err
	}
	return c, nil
}

// refusal words what the kernel says of a change.
func refusal(c *ipvs.Change, err error) error {
	said := ""
	switch {
	case err == nil:
		return nil
	case errors.Is(err, unix.EEXIST):
		said = "it exists already"
	case errors.Is(err, unix.ESRCH):
		said = "there is no such service"
	case errors.Is(err, unix.ENOENT) && c.Dest == nil:
		said = "the kernel has no such scheduler or persistence engine"
	case errors.Is(err, unix.ENOENT):
		said = "there is no such server"
	case errors.Is(err, unix.ERANGE):
		said = "the lower threshold is above the upper one"
	}
	if said == "" {
		return fmt.Errorf("%s: %w", c, permission(err))
	}
	return fmt.Errorf("%s: %s", c, said)
}

func permission(err error) error {
	if errors.Is(err, unix.EPERM) {
		return fmt.Errorf("%w (it takes root)", err)
	}
	return err
}

// change is the commands that add, edit and delete.
func (s *session) change(r *request) error {
	c := r.change()
	return refusal(&c, s.kernel.Do(c))
}

func (s *session) flush(*request) error { return permission(s.kernel.Flush()) }

func (s *session) zero(r *request) error {
	if !r.has(optService) {
		return permission(s.kernel.Zero(nil))
	}
	err := s.kernel.Zero(&r.service.ServiceKey)
	if errors.Is(err, unix.ESRCH) {
		return fmt.Errorf("there is no virtual service %s", r.service.ServiceKey)
	}
	return permission(err)
}

func (s *session) setTimeouts(r *request) error {
	var t ipvs.Timeouts
	for i, to := range []*time.Duration{&t.TCP, &t.TCPFin, &t.UDP} {
		n, err := number("timeout", r.operands[i], 0, maxTimeout)
		if err != nil {
			return err
		}
		*to = time.Duration(n) * time.Second
	}
	return permission(s.kernel.SetTimeouts(t))
}

func (s *session) startDaemon(r *request) error {
	var err error
	if r.daemon.Master, err = r.master(); err != nil {
		return err
	}
	err = s.kernel.StartDaemon(r.daemon)
	switch what := roleName(r.daemon.Master) + " synchronisation daemon"; {
	case errors.Is(err, unix.EEXIST):
		return fmt.Errorf("start the %s: it runs already", what)
	case errors.Is(err, unix.ENODEV):
		return fmt.Errorf("start the %s: there is no interface %s", what, strconv.Quote(r.daemon.Interface))
	}
	return permission(err)
}

func (s *session) stopDaemon(r *request) error {
	master, err := r.master()
	if err != nil {
		return err
	}
	err = s.kernel.EndDaemon(master)
	if errors.Is(err, unix.ESRCH) {
		return fmt.Errorf("stop the %s synchronisation daemon: none is running", roleName(master))
	}
	return permission(err)
}
