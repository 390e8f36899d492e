package notify

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"halbd/conf"
)

// NewCmd prepares a script as keepalived runs its own: a process group of its
// own, nothing on the standard files, the account's uid and gid with only those
// supplementary groups that are asked for, and an environment without what
// would change the shell or the loader.
func NewCmd(c conf.Command, extra ...string) *exec.Cmd {
	args := append(append([]string{}, c.Args...), extra...)
	if c.Shell {
		args = append([]string{"/bin/sh"}, args...)
	}
	cmd := &exec.Cmd{Path: args[0], Args: args, Env: environment(os.Environ())}
	if !strings.Contains(cmd.Path, "/") {
		if p, err := exec.LookPath(cmd.Path); err == nil {
			cmd.Path = p
		}
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if os.Geteuid() == 0 {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: c.UID, Gid: c.GID, Groups: c.Groups}
	}
	return cmd
}

// environment leaves out what a script must not inherit.
func environment(env []string) []string {
	var out []string
	for _, kv := range env {
		switch name, _, _ := strings.Cut(kv, "="); name {
		case "IFS", "LD_PRELOAD", "LD_LIBRARY_PATH", "NOTIFY_SOCKET":
		default:
			out = append(out, kv)
		}
	}
	return out
}

// killDelay is what a script that got TERM at its limit has to end by itself.
const killDelay = 2 * time.Second

// ErrLimit says that a script did not end in time.
var ErrLimit = errors.New("timed out")

// Run is a script that has been started.
type Run struct {
	cmd  *exec.Cmd
	done chan struct{}
	err  error // of cmd.Wait, once done
}

// Start starts a script.
func Start(c conf.Command) (*Run, error) {
	return startCmd(NewCmd(c))
}

func startCmd(cmd *exec.Cmd) (*Run, error) {
	r := &Run{cmd: cmd, done: make(chan struct{})}
	if err := r.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", cmd.Args[0], err)
	}
	go func() {
		defer close(r.done)
		r.err = r.cmd.Wait()
	}()
	return r, nil
}

// Wait waits for the end of the script, with a limit of 0 as long as it takes. A status other than 0 gives an
// *exec.ExitError, the limit an ErrLimit; then, as after the end of ctx, the
// script still runs and has to be ended with Kill.
func (r *Run) Wait(ctx context.Context, limit time.Duration) error {
	var over <-chan time.Time
	if limit > 0 {
		timer := time.NewTimer(limit)
		defer timer.Stop()
		over = timer.C
	}
	select {
	case <-r.done:
		return r.err
	case <-over:
		return fmt.Errorf("%w after %v", ErrLimit, limit)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Kill ends the script, its process group and whatever it has started, in a
// group of its own too: TERM, and two seconds later KILL; KILL at once when ctx
// ends. It returns when the script is gone.
func (r *Run) Kill(ctx context.Context) {
	f := newFamily(r.cmd.Process.Pid)
	defer f.close()
	if ctx.Err() == nil {
		f.signal(unix.SIGTERM)
		timer := time.NewTimer(killDelay)
		defer timer.Stop()
		select {
		case <-r.done:
			if !f.awaitEnd(ctx, timer.C) {
				break
			}
			return
		case <-timer.C:
		case <-ctx.Done():
		}
	}
	f.grow()
	f.signal(unix.SIGKILL)
	<-r.done
}

// RunScript runs a script to its end, within a limit.
func RunScript(ctx context.Context, c conf.Command, limit time.Duration) error {
	r, err := Start(c)
	if err != nil {
		return err
	}
	err = r.Wait(ctx, limit)
	if errors.Is(err, ErrLimit) || ctx.Err() != nil {
		r.Kill(ctx)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", c.Args[0], err)
	}
	return nil
}
