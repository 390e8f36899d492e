package notify

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"halbd/conf"
)

// NewCmd prepares a script as keepalived runs its own: a process group of its
// own, nothing on the standard files, the account's uid and gid without
// supplementary groups, and an environment without what would change the
// shell or the loader.
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
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: c.UID, Gid: c.GID}
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

// RunScript runs a script to its end. At the limit its process group gets
// TERM, and two seconds later KILL; when ctx ends it gets KILL at once. A
// script that ended with a status other than 0 gives an *exec.ExitError.
func RunScript(ctx context.Context, c conf.Command, limit time.Duration) error {
	cmd := NewCmd(c)
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start %s: %w", c.Args[0], err)
	}
	done := make(chan struct{})
	var ended error
	go func() {
		defer close(done)
		ended = cmd.Wait()
	}()
	timer := time.NewTimer(limit)
	defer timer.Stop()
	var why error
	select {
	case <-done:
		if ended != nil {
			return fmt.Errorf("%s: %w", c.Args[0], ended)
		}
		return nil
	case <-timer.C:
		why = fmt.Errorf("%s did not end within %v and was stopped", c.Args[0], limit)
	case <-ctx.Done():
		why = ctx.Err()
	}
	if ctx.Err() == nil {
		syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM)
		timer.Reset(killDelay)
		select {
		case <-done:
		case <-timer.C:
		case <-ctx.Done():
		}
	}
	syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // its children too, whatever became of itself
	<-done
	return why
}
