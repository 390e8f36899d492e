// Package track watches what a VRRP role may depend on outside the network:
// scripts, files and processes. It turns them into facts (good or bad, a number); what a
// fact means for a role is the vrrp package's business. It belongs into the
// parent: nothing here may run beside the adverts.
package track

import (
	"context"
	"log/slog"
	"reflect"
	"sync"
	"time"

	"halbd/conf"
)

// The kinds of a Result, as vrrp.TrackerKind spells them.
const (
	Script  = "script"
	File    = "file"
	Process = "process"
)

// Result is what a tracker found out: for a script and a process Value 0 is
// good and 1 bad, for a file it is the number in it.
type Result struct {
	Kind, Name string
	Known      bool
	Value      int
	Why        string // of a bad result
}

// Tracker runs every configured tracker until Close.
type Tracker struct {
	out       *outbox
	log       *slog.Logger
	scripts   map[string]*running[conf.TrackScript]
	files     map[string]*running[conf.TrackFile]
	processes *processes
	stop      context.CancelFunc
	work      sync.WaitGroup // of processes and out
}

// running is one tracker at work.
type running[T any] struct {
	conf   T
	cancel context.CancelFunc
	done   sync.WaitGroup
}

// New starts the trackers of a configuration. report is called from one
// goroutine, and only when a result changes; it may block.
func New(cfg *conf.Config, report func(Result), log *slog.Logger) *Tracker {
	t := &Tracker{out: newOutbox(), log: log, scripts: map[string]*running[conf.TrackScript]{}, files: map[string]*running[conf.TrackFile]{}}
	t.processes = newProcesses(t.out.add, log)
	ctx, cancel := context.WithCancel(context.Background())
	t.stop = cancel
	t.work.Go(func() { t.processes.run(ctx) })
	go t.out.deliver(ctx, report)
	t.Reload(cfg)
	return t
}

// Reload starts what is new, stops what is gone and leaves the rest alone.
func (t *Tracker) Reload(cfg *conf.Config) {
	spread := &spread{total: len(cfg.Scripts)}
	fit(t.scripts, cfg.Scripts, func(s *conf.TrackScript) string { return s.Name }, func(ctx context.Context, s *conf.TrackScript) func(context.Context) {
		delay, shift := spread.next(s.Interval)
		return (&script{conf: s, delay: delay, shift: shift, report: t.report(ctx), log: t.log}).run
	})
	fit(t.files, cfg.TrackFiles, func(f *conf.TrackFile) string { return f.Name }, func(ctx context.Context, f *conf.TrackFile) func(context.Context) {
		return (&file{conf: f, report: t.report(ctx), log: t.log}).run
	})
	t.processes.reload(processConf{list: cfg.TrackProcesses, buffer: cfg.Global.Buffers.ProcessMonitor})
}

// report takes the results of a tracker until it has been told to stop.
func (t *Tracker) report(ctx context.Context) func(Result) {
	return func(r Result) {
		if ctx.Err() == nil {
			t.out.add(r)
		}
	}
}

// spread keeps many scripts from starting at once: their first runs begin
// within a second, the later ones are spread over their interval.
type spread struct{ total, given int }

// fewScripts need not be spread over their interval.
const fewScripts = 50

// next gives the delay of the next script's first run, and what its rhythm is
// moved by after that: by half an interval at most, either way.
func (s *spread) next(interval time.Duration) (delay, shift time.Duration) {
	n := time.Duration(s.given)
	s.given++
	delay = n * min(2*time.Millisecond, time.Second/time.Duration(max(s.total, 1)))
	if s.total <= fewScripts {
		return delay, 0
	}
	place := interval / time.Duration(s.total) * n
	shift = (place - delay) % interval
	switch {
	case shift >= interval/2:
		shift -= interval
	case shift < -interval/2:
		shift += interval
	}
	return delay, shift
}

// fit makes the running trackers of one kind fit the configured ones.
func fit[T any](have map[string]*running[T], want []T, name func(*T) string, begin func(context.Context, *T) func(context.Context)) {
	keep := map[string]bool{}
	for i := range want {
		r := have[name(&want[i])]
		if r != nil && reflect.DeepEqual(r.conf, want[i]) {
			keep[name(&want[i])] = true
		}
	}
	for n, r := range have {
		if !keep[n] {
			r.stop()
			delete(have, n)
		}
	}
	for i := range want {
		n := name(&want[i])
		if keep[n] {
			continue
		}
		ctx, cancel := context.WithCancel(context.Background())
		r := &running[T]{conf: want[i], cancel: cancel}
		run := begin(ctx, &r.conf)
		r.done.Go(func() { run(ctx) })
		have[n], keep[n] = r, true
	}
}

func (r *running[T]) stop() {
	r.cancel()
	r.await()
}

// stopLimit is how long a tracker may take to stop. More than that it needs
// only when the kernel holds it, say on a file server that does not answer.
const stopLimit = 5 * time.Second

func (r *running[T]) await() {
	done := make(chan struct{})
	go func() { defer close(done); r.done.Wait() }()
	select {
	case <-done:
	case <-time.After(stopLimit):
	}
}

// Close ends every tracker and waits for it.
func (t *Tracker) Close() {
	stop(t.scripts)
	stop(t.files)
	t.stop()
	t.work.Wait()
}

// stop ends trackers beside each other: a script takes its time to die.
func stop[T any](list map[string]*running[T]) {
	for _, r := range list {
		r.cancel()
	}
	for _, r := range list {
		r.await()
	}
}
