package supervise

import (
	"cmp"
	"context"
	"os"
	"slices"
	"time"

	"halbd/bfd"
	"halbd/conf"
	"halbd/healthcheck"
	"halbd/status"
	"halbd/vrrp"
	"halbd/vrrp/engine"
)

// answerTime is how long a picture waits for the processes. One that hangs is
// left out, with a note.
const answerTime = 2 * time.Second

// pictures gathers the state of every process, one round at a time: who asks
// during a round waits for the next, so that what he gets is from after his
// question.
type pictures struct {
	running *round
	next    []pictureRequest
}

// pictureRequest asks for a picture; then is called with it by the parent's
// goroutine. clear makes the counters of VRRP start again.
type pictureRequest struct {
	clear bool
	then  func(*status.Status)
}

// round is one question to every process.
type round struct {
	waiting map[*process]bool
	then    []func(*status.Status)
	picture status.Status
	timer   *time.Timer
}

// roundOver says that a round has lasted too long.
type roundOver struct{ *round }

// askPicture has then called with a picture from now on.
func (p *parent) askPicture(r pictureRequest) {
	p.pictures.next = append(p.pictures.next, r)
	if p.pictures.running == nil {
		p.startRound()
	}
}

func (p *parent) startRound() {
	r := &round{waiting: map[*process]bool{}}
	clear := false
	for _, q := range p.pictures.next {
		clear = clear || q.clear
		r.then = append(r.then, q.then)
	}
	p.pictures = pictures{running: r}
	for _, c := range p.children {
		r.waiting[c] = true
		c.asked++
		c.conn.Send(msgStatus, engine.StatusRequest{Clear: clear})
	}
	r.timer = time.AfterFunc(answerTime, func() { p.inbox <- roundOver{r} })
	p.finishRound()
}

// onStatus takes a process's answer. One to an earlier question is too old.
func (p *parent) onStatus(m childMessage) {
	m.from.asked--
	r := p.pictures.running
	if r == nil || !r.waiting[m.from] || m.from.asked > 0 {
		return
	}
	delete(r.waiting, m.from)
	switch m.from.role {
	case roleVRRP:
		p.decoded(m, &r.picture.VRRP)
	case roleChecker:
		var s healthcheck.Status
		if p.decoded(m, &s) {
			r.picture.VirtualServers, r.picture.Repairs = s.VirtualServers, s.Repairs
		}
	case roleBFD:
		p.decoded(m, &r.picture.BFD)
	}
	p.finishRound()
}

// forgetInRound ends the waiting for a process that has died.
func (p *parent) forgetInRound(c *process) {
	if r := p.pictures.running; r != nil && r.waiting[c] {
		delete(r.waiting, c)
		p.finishRound()
	}
}

// finishRound hands the picture out if every answer is there.
func (p *parent) finishRound() {
	if r := p.pictures.running; len(r.waiting) == 0 {
		p.endRound(r)
	}
}

func (p *parent) endRound(r *round) {
	if p.pictures.running != r {
		return
	}
	r.timer.Stop()
	r.picture.At = time.Now()
	r.picture.Daemon = p.describe(r)
	r.picture.Trackers = p.trackers()
	r.picture.Notify = p.notifier.Status()
	p.pictures.running = nil
	for _, then := range r.then {
		then(&r.picture)
	}
	if len(p.pictures.next) > 0 && p.pictures.running == nil {
		p.startRound()
	}
}

// Picture asks the parent for a picture, from any goroutine.
func (p *parent) Picture(ctx context.Context) (*status.Status, error) {
	return call(ctx, p, func(then func(*status.Status)) { p.askPicture(pictureRequest{then: then}) })
}

// call has the parent's goroutine run start, and waits until that calls then.
func call[T any](ctx context.Context, p *parent, start func(then func(T))) (answer T, err error) {
	done := make(chan T, 1)
	select {
	case p.inbox <- func() { start(func(a T) { done <- a }) }:
	case <-ctx.Done():
		return answer, ctx.Err()
	}
	select {
	case answer = <-done:
		return answer, nil
	case <-ctx.Done():
		return answer, ctx.Err()
	}
}

// History is what has changed lately.
func (p *parent) History() *status.History { return &p.history }

// describe is the parent's own part of a picture.
func (p *parent) describe(r *round) status.Daemon {
	g := &p.cfg.Global
	d := status.Daemon{Version: p.opt.Version, PID: os.Getpid(), Started: p.since, Config: p.opt.File, Loaded: p.loadedAt,
		RouterID: g.RouterID, Instance: g.InstanceName, Namespace: g.Namespaces.Name, Reloads: p.reload.count}
	d.Reloads.Scheduled = p.schedule.at
	for _, f := range p.found {
		if f.Severity == conf.Error {
			d.Errors++
		} else {
			d.Warnings++
		}
	}
	for _, role := range roles {
		c := p.children[role]
		if c == nil && !p.wanted(role) {
			continue
		}
		s := status.Process{Role: string(role), Deaths: p.died[role]}
		switch {
		case c == nil:
			s.Problem = "it is not running"
		case r.waiting[c]:
			s.Problem = "it does not answer"
		}
		if c != nil {
			s.PID, s.Started = c.cmd.Process.Pid, c.started
		}
		d.Processes = append(d.Processes, s)
	}
	return d
}

// trackers lists the latest results by kind and name.
func (p *parent) trackers() []status.Tracker {
	var list []status.Tracker
	for _, byName := range p.results {
		for _, r := range byName {
			list = append(list, status.Tracker{Kind: r.Kind, Name: r.Name, Known: r.Known, Value: r.Value, Why: r.Why, Since: r.Since})
		}
	}
	slices.SortFunc(list, func(a, b status.Tracker) int { return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name)) })
	return list
}

// The engines answer the parent's question through these.
func (a vrrpOutput) Status(s vrrp.Status)           { a.conn.Post(msgStatus, s) }
func (a checkerOutput) Status(s healthcheck.Status) { a.conn.Post(msgStatus, s) }
func (a bfdOutput) Status(s []bfd.SessionStatus)    { a.conn.Post(msgStatus, s) }

// What became of the operator's orders.
func (a vrrpOutput) Ordered(o vrrp.OrderAnswer)           { a.conn.Post(msgOrdered, o) }
func (a checkerOutput) Ordered(o healthcheck.OrderAnswer) { a.conn.Post(msgOrdered, o) }

// Each engine's Output is the child with the answer of that engine.
type (
	vrrpOutput    struct{ *child }
	checkerOutput struct{ *child }
	bfdOutput     struct{ *child }
)
