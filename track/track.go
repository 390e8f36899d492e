// Package track watches what a VRRP role may depend on outside the network:
// scripts and files. It turns them into facts (good or bad, a number); what a
// fact means for a role is the vrrp package's business. It belongs into the
// parent: nothing here may run beside the adverts.
package track

import (
	"context"
	"log/slog"
	"reflect"
	"sync"

	"halbd/conf"
)

// The kinds of a Result, as vrrp.TrackerKind spells them.
const (
	Script = "script"
	File   = "file"
)

// Result is what a tracker found out: for a script Value 0 is good and 1 bad,
// for a file it is the number in it.
type Result struct {
	Kind, Name string
	Known      bool
	Value      int
	Why        string // of a bad result
}

// Tracker runs every configured tracker until Close.
type Tracker struct {
	report  func(Result)
	log     *slog.Logger
	scripts map[string]*running[conf.TrackScript]
	files   map[string]*running[conf.TrackFile]
}

// running is one tracker at work.
type running[T any] struct {
	conf   T
	cancel context.CancelFunc
	done   sync.WaitGroup
}

// New starts the trackers of a configuration. report is called from several
// goroutines, and only when a result changes.
func New(cfg *conf.Config, report func(Result), log *slog.Logger) *Tracker {
	t := &Tracker{report: report, log: log, scripts: map[string]*running[conf.TrackScript]{}, files: map[string]*running[conf.TrackFile]{}}
	t.Reload(cfg)
	return t
}

// Reload starts what is new, stops what is gone and leaves the rest alone.
func (t *Tracker) Reload(cfg *conf.Config) {
	fit(t.scripts, cfg.Scripts, func(s *conf.TrackScript) string { return s.Name }, func(ctx context.Context, s *conf.TrackScript) {
		(&script{conf: s, report: t.report, log: t.log}).run(ctx)
	})
	fit(t.files, cfg.TrackFiles, func(f *conf.TrackFile) string { return f.Name }, func(ctx context.Context, f *conf.TrackFile) {
		(&file{conf: f, report: t.report, log: t.log}).run(ctx)
	})
}

// fit makes the running trackers of one kind fit the configured ones.
func fit[T any](have map[string]*running[T], want []T, name func(*T) string, run func(context.Context, *T)) {
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
		r.done.Go(func() { run(ctx, &r.conf) })
		have[n], keep[n] = r, true
	}
}

func (r *running[T]) stop() {
	r.cancel()
	r.done.Wait()
}

// Close ends every tracker and waits for it.
func (t *Tracker) Close() {
	for _, r := range t.scripts {
		r.stop()
	}
	for _, r := range t.files {
		r.stop()
	}
}
