package supervise

import (
	"context"
	"runtime/debug"

	"halbd/conf"
	"halbd/conf/diff"
	"halbd/control"
	"halbd/status"
)

// Reload reloads the configuration for the operator and waits until every
// process has it; a dry run only says what a reload would do. It may be called
// from any goroutine.
func (p *parent) Reload(ctx context.Context, dryRun bool, by string) (*control.ReloadAnswer, error) {
	if dryRun {
		return p.tryReload(ctx, by)
	}
	done := make(chan *control.ReloadAnswer, 1)
	if err := p.do(ctx, func() {
		p.log.Info("Order reload by " + by)
		p.reloadThen(func(a *control.ReloadAnswer) { done <- a })
	}); err != nil {
		return nil, err
	}
	select {
	case a := <-done:
		return a, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// do has the parent's goroutine do something.
func (p *parent) do(ctx context.Context, what func()) error {
	done := make(chan struct{})
	select {
	case p.inbox <- func() { what(); close(done) }:
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// reloadThen starts a reload; then is called at its end.
func (p *parent) reloadThen(then func(*control.ReloadAnswer)) {
	switch {
	case p.stopping:
		then(&control.ReloadAnswer{File: p.opt.File, Refused: "the daemon is stopping"})
		return
	case p.reload.running: // what that one reads may be older than the order
		p.reload.next = append(p.reload.next, then)
	default:
		p.reload.then = append(p.reload.then, then)
	}
	p.startReload()
}

// answerReload tells those who wait for the reload that has ended. The
// processes answer in order: when they have answered a question they have the
// new configuration.
func (p *parent) answerReload(a *control.ReloadAnswer) {
	then := p.reload.then
	p.reload.then, p.reload.next = p.reload.next, nil
	if len(then) == 0 {
		return
	}
	tell := func(*status.Status) {
		for _, f := range then {
			f(a)
		}
	}
	if a.Refused != "" {
		tell(nil)
		return
	}
	p.askPicture(pictureRequest{then: tell})
}

// tryReload reads the file and compares it with what runs.
func (p *parent) tryReload(ctx context.Context, by string) (*control.ReloadAnswer, error) {
	defer debug.FreeOSMemory()
	m := p.reread(p.opt.File, "", LoadOptions(p.opt.ConfigID, p.opt.StrictIncludes))
	var running keptConfig
	var refused error
	if err := p.do(ctx, func() { running, refused = p.keptConfig(), p.refusal(&m) }); err != nil {
		return nil, err
	}
	p.log.Info("Order reload --dry-run by " + by)
	a := reloadAnswer(p.opt.File, m.found, refused)
	if m.err != nil {
		return a, nil
	}
	from, err := running.whole()
	if err != nil {
		return nil, err
	}
	a.Changes = diff.Compare(from, m.cfg)
	return a, nil
}

func reloadAnswer(file string, found conf.Diagnostics, err error) *control.ReloadAnswer {
	a := &control.ReloadAnswer{File: file}
	if err != nil {
		a.Refused = err.Error()
	}
	for _, d := range found {
		switch d.Severity {
		case conf.Error:
			a.Errors++
		case conf.Warning:
			a.Warnings++
		default:
			continue
		}
		a.Diagnostics = append(a.Diagnostics, d.String())
	}
	return a
}
