package supervise

import (
	"context"
	"errors"
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
	return call(ctx, p, func(then func(*control.ReloadAnswer)) {
		p.log.Info("Order reload by " + by)
		p.reloadThen(then)
	})
}

// reloadThen starts a reload; then is called at its end.
func (p *parent) reloadThen(then func(*control.ReloadAnswer)) {
	switch {
	case p.stopping:
		then(reloadAnswer(p.opt.File, nil, errStopping))
		return
	case p.reload.running: // what that one reads may be older than the order
		p.reload.next = append(p.reload.next, then)
	default:
		p.reload.then = append(p.reload.then, then)
	}
	p.startReload()
}

// errStopping is why a daemon that ends takes no configuration any more.
var errStopping = errors.New("the daemon is stopping")

// answerReload tells those who wait for the reload that has ended, with what was
// found and why it was refused. The processes answer in order: when they have
// answered a question they have the new configuration.
func (p *parent) answerReload(found conf.Diagnostics, refused error) {
	then := p.reload.then
	p.reload.then, p.reload.next = p.reload.next, nil
	if len(then) == 0 {
		return
	}
	a := reloadAnswer(p.opt.File, found, refused)
	tell := func(*status.Status) {
		for _, f := range then {
			f(a)
		}
	}
	if refused != nil {
		tell(nil)
		return
	}
	p.askPicture(pictureRequest{then: tell})
}

// tryReload reads the file and compares it with what runs.
func (p *parent) tryReload(ctx context.Context, by string) (*control.ReloadAnswer, error) {
	defer debug.FreeOSMemory()
	m := p.reread(p.opt.File, "", LoadOptions(p.opt.ConfigID, p.opt.StrictIncludes))
	type verdict struct {
		running keptConfig
		refused error
	}
	v, err := call(ctx, p, func(then func(verdict)) { then(verdict{p.keptConfig(), p.refusal(&m)}) })
	if err != nil {
		return nil, err
	}
	p.log.Info("Order reload --dry-run by " + by)
	a := reloadAnswer(p.opt.File, m.found, v.refused)
	if m.err != nil {
		return a, nil
	}
	from, err := v.running.whole()
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
