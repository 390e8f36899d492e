package track

import (
	"context"
	"sync"
)

// outbox carries results to their reader without ever holding up a tracker.
// Of each tracker the latest result counts.
type outbox struct {
	mu     sync.Mutex
	order  []trackerName
	latest map[trackerName]Result
	wake   chan struct{}
}

type trackerName struct{ kind, name string }

func newOutbox() *outbox {
	return &outbox{latest: map[trackerName]Result{}, wake: make(chan struct{}, 1)}
}

func (o *outbox) add(r Result) {
	o.mu.Lock()
	n := trackerName{r.Kind, r.Name}
	if _, waiting := o.latest[n]; !waiting {
		o.order = append(o.order, n)
	}
	o.latest[n] = r
	o.mu.Unlock()
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

// deliver reports results in the order in which they first came.
func (o *outbox) deliver(ctx context.Context, report func(Result)) {
	for {
		select {
		case <-o.wake:
		case <-ctx.Done():
			return
		}
		for r, ok := o.take(); ok && ctx.Err() == nil; r, ok = o.take() {
			report(r)
		}
	}
}

func (o *outbox) take() (r Result, ok bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.order) == 0 {
		return r, false
	}
	n := o.order[0]
	o.order = o.order[1:]
	r = o.latest[n]
	delete(o.latest, n)
	return r, true
}
