package notify

import (
	"context"
	"errors"
	"os"
	"time"

	"halbd/conf"
)

// begin starts the script of a call. The channel is closed when it has ended.
func (n *Notifier) begin(c call) <-chan struct{} {
	done := make(chan struct{})
	out, err := newOutput()
	if err == nil {
		var r *Run
		if r, err = c.run(out.file); err == nil {
			began := time.Now()
			n.counts.runBegins()
			go func() {
				ended := n.watch(r, c, out)
				n.report(c, ended, time.Since(began), out.text())
				close(done)
				out.linger(r.cmd.Process.Pid)
			}()
			return done
		}
		out.file.Close()
	}
	n.counts.notStarted()
	n.log.Error("notify script cannot be started", "object", c.object, "script", c.cmd.Args[0], "err", err)
	close(done)
	return done
}

// run starts the script with the event on its standard input.
func (c *call) run(out *os.File) (*Run, error) {
	in, err := memoryFile(c.stdin)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	cmd := NewCmd(c.cmd, c.extra...)
	cmd.Env = append(cmd.Env, c.env...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = in, out, out
	return startCmd(cmd)
}

// watch waits for the end of a run, which it brings about at the limit.
func (n *Notifier) watch(r *Run, c call, out *output) error {
	over := make(chan error, 1)
	go func() {
		err := r.Wait(context.Background(), c.limit)
		if errors.Is(err, ErrLimit) {
			r.Kill(context.Background())
		}
		over <- err
	}()
	tick := time.NewTicker(outputLook)
	defer tick.Stop()
	for {
		select {
		case err := <-over:
			return err
		case <-tick.C:
			out.bound()
		}
	}
}

// report tells of the end of a run in log and metrics.
func (n *Notifier) report(c call, err error, took time.Duration, output string) {
	n.counts.runIsOver(resultOf(err), took)
	details := []any{"object", c.object, "script", c.cmd.Args[0], "took", took.Round(time.Millisecond)}
	if output != "" {
		details = append(details, "output", output)
	}
	if err != nil {
		n.log.Warn("notify script failed", append(details, "err", err)...)
		return
	}
	n.log.Debug("notify script ended", details...)
}

func resultOf(err error) runResult {
	switch {
	case err == nil:
		return runSucceeded
	case errors.Is(err, ErrLimit):
		return runTimedOut
	}
	return runFailed
}

// callsOf prepares the scripts of an event.
func callsOf(object string, scripts []scriptCall, d *document, limit time.Duration) []call {
	env, stdin := variables(&d.Event), d.encode()
	list := make([]call, len(scripts))
	for i, s := range scripts {
		list[i] = call{object: object, cmd: s.cmd, extra: s.extra, env: env, stdin: stdin, limit: limit, state: isState(d.State)}
	}
	return list
}

// scriptCall is a script and what is added to its arguments.
type scriptCall struct {
	cmd   conf.Command
	extra []string
}
