package healthcheck

import (
	"context"
	"sync"

	"golang.org/x/sys/unix"

	"halbd/conf"
	"halbd/internal/poll"
)

// probes runs what the Core asks for: TCP and plain HTTP in the loop itself,
// each other probe in a goroutine, which posts its result to the loop.
type probes struct {
	ctx     context.Context
	poll    *poll.Poller
	web     *web // of the configuration
	engine  *engine
	cancels map[CheckerID]context.CancelFunc // of the goroutines
	turns   *turns                           // of programs
	running sync.WaitGroup
}

func newProbes(ctx context.Context, p *poll.Poller, w *web) *probes {
	return &probes{ctx: ctx, poll: p, web: w, engine: newEngine(p), cancels: map[CheckerID]context.CancelFunc{}, turns: newTurns()}
}

func (p *probes) start(a StartProbe, now Time) {
	if p.engine.handles(a.Check.Kind) && !p.web.slow(a) {
		p.engine.start(a, p.web, now)
		return
	}
	ctx, cancel := context.WithCancel(p.ctx)
	p.cancels[a.ID] = cancel
	w, k := p.web, a.question()
	p.running.Go(func() {
		if k.Kind == conf.MiscCheck {
			end, ok := p.turns.take(ctx)
			if !ok {
				return
			}
			defer end()
		}
		p.poll.Post(ProbeResult{ID: a.ID, Result: probe(ctx, &k, a.URL, w)})
	})
}

// ended is told that a goroutine's result has arrived.
func (p *probes) ended(id CheckerID) {
	if cancel := p.cancels[id]; cancel != nil {
		cancel()
		delete(p.cancels, id)
	}
}

// cancel ends a probe whose result nobody wants.
func (p *probes) cancel(id CheckerID) {
	p.ended(id)
	p.engine.cancel(id)
}

// advance goes on with the connections that are ready and ends those whose time
// is over. What the servers have said comes first: a process that was late
// itself must not blame them.
func (p *probes) advance(ready []unix.EpollEvent, now Time) {
	for i := range ready {
		p.engine.ready(&ready[i], now)
	}
	p.engine.more(now)
	p.engine.expire(now)
}

// take returns the results of the connections since the last call.
func (p *probes) take() []ProbeResult { return p.engine.take() }

// deadline is when advance must be called though no connection is ready.
func (p *probes) deadline() Time { return p.engine.deadline() }

// close cancels everything and waits for it.
func (p *probes) close() {
	p.engine.close()
	for id := range p.cancels {
		p.ended(id)
	}
	p.running.Wait()
}
