package notify

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"
)

const (
	// outboxAge is how long a parcel is worth sending.
	outboxAge = time.Hour
	// outboxGrace is how long what waits at the end may take.
	outboxGrace     = 3 * time.Second
	firstOutboxWait = time.Second
	longOutboxWait  = 30 * time.Second
)

// parcel is something to be delivered.
type parcel interface {
	title() string   // for the log
	born() time.Time // when it was posted
}

// finalError is a failure that another attempt would meet again.
type finalError interface {
	error
	forGood() bool
}

// outbox delivers parcels one after the other, in the order in which they were
// posted. What cannot be delivered now is tried again, with pauses that grow;
// what is refused for good is lost. Nobody waits for it.
type outbox[T parcel] struct {
	what  string // the parcels are called so in the log
	limit int    // how many may wait; beyond it the oldest are lost
	log   *slog.Logger
	send  func(context.Context, T) error

	mu      sync.Mutex
	queue   []queued[T] // the first one is on its way
	number  uint64      // of the last parcel posted
	lost    int         // parcels that found no place
	hurried bool        // the next attempt is to be made now
	closing bool
	stats   Delivery
	wake    chan struct{} // something above has changed
	quit    context.CancelFunc
	done    chan struct{}
}

type queued[T parcel] struct {
	number uint64
	parcel T
}

func newOutbox[T parcel](what string, limit int, log *slog.Logger, send func(context.Context, T) error) *outbox[T] {
	ctx, quit := context.WithCancel(context.Background())
	o := &outbox[T]{what: what, limit: limit, log: log, send: send, wake: make(chan struct{}, 1), quit: quit, done: make(chan struct{})}
	go o.run(ctx)
	return o
}

func (o *outbox[T]) awake() {
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

// post takes a parcel; it never waits.
func (o *outbox[T]) post(p T) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closing {
		return
	}
	if len(o.queue) == o.limit {
		if o.lost++; o.lost == 1 {
			o.log.Error(fmt.Sprintf("%s: %d wait, the oldest are lost from now on", o.what, o.limit))
		}
		o.stats.Lost++
		o.queue = o.queue[1:]
	}
	o.number++
	o.queue = append(o.queue, queued[T]{o.number, p})
	o.awake()
}

// clear forgets what waits.
func (o *outbox[T]) clear() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.queue = nil
}

// hurry ends the pause before the next attempt.
func (o *outbox[T]) hurry() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.hurried = true
	o.awake()
}

func (o *outbox[T]) status() Delivery {
	o.mu.Lock()
	defer o.mu.Unlock()
	s := o.stats
	s.Waiting = len(o.queue)
	return s
}

// close delivers what still waits, within outboxGrace and without trying anything twice.
func (o *outbox[T]) close() {
	o.mu.Lock()
	o.closing = true
	o.mu.Unlock()
	o.awake()
	timer := time.NewTimer(outboxGrace)
	defer timer.Stop()
	select {
	case <-o.done:
	case <-timer.C:
	}
	o.quit()
	<-o.done
	if n := len(o.queue); n > 0 {
		o.log.Warn(fmt.Sprintf("%s: %d have not been sent", o.what, n))
	}
}

// run delivers until everything is delivered after close, or ctx ends.
func (o *outbox[T]) run(ctx context.Context) {
	defer close(o.done)
	wait := firstOutboxWait
	for {
		q, ok := o.next(ctx)
		if !ok {
			return
		}
		err := o.send(ctx, q.parcel)
		if ctx.Err() != nil && err != nil {
			return
		}
		var final finalError
		switch {
		case err == nil:
			if wait > firstOutboxWait {
				o.log.Info(o.what + " can be sent again")
			}
			wait = firstOutboxWait
			o.settle(q, nil)
		case errors.As(err, &final) && final.forGood():
			o.log.Error(fmt.Sprintf("%s %q is refused: %v", o.what, q.parcel.title(), err))
			o.settle(q, err)
		default:
			if wait == firstOutboxWait {
				o.log.Error(fmt.Sprintf("%s %q cannot be sent, it is tried again for %v: %v", o.what, q.parcel.title(), outboxAge, err))
			}
			if !o.pause(ctx, wait, err) {
				return
			}
			wait = min(2*wait, longOutboxWait)
		}
	}
}

// next waits for the parcel to deliver; false when there will be none.
func (o *outbox[T]) next(ctx context.Context) (q queued[T], ok bool) {
	for {
		o.mu.Lock()
		for len(o.queue) > 0 && time.Since(o.queue[0].parcel.born()) > outboxAge {
			o.log.Error(fmt.Sprintf("%s %q could not be sent within %v", o.what, o.queue[0].parcel.title(), outboxAge))
			o.stats.Lost++
			o.queue = o.queue[1:]
		}
		o.hurried = false
		if len(o.queue) > 0 {
			q = o.queue[0]
			o.mu.Unlock()
			return q, true
		}
		closing := o.closing
		o.mu.Unlock()
		if closing {
			return q, false
		}
		select {
		case <-o.wake:
		case <-ctx.Done():
			return q, false
		}
	}
}

// settle takes a parcel that is done with off the queue, where it still is there.
func (o *outbox[T]) settle(q queued[T], err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.stats.Error = ""
	if err != nil {
		o.stats.Lost++
		o.stats.Error = err.Error()
	} else {
		o.stats.Delivered++
	}
	if len(o.queue) > 0 && o.queue[0].number == q.number {
		o.queue = o.queue[1:]
	}
	if len(o.queue) < o.limit/2 && o.lost > 0 {
		o.log.Error(fmt.Sprintf("%s: %d were lost", o.what, o.lost))
		o.lost = 0
	}
}

// pause waits before another attempt; false when there is none, because of close.
func (o *outbox[T]) pause(ctx context.Context, wait time.Duration, why error) bool {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	o.mu.Lock()
	o.stats.Retries++
	o.stats.Error = why.Error()
	o.mu.Unlock()
	for {
		o.mu.Lock()
		closing, hurried := o.closing, o.hurried
		o.mu.Unlock()
		switch {
		case closing:
			return false
		case hurried:
			return true
		}
		select {
		case <-o.wake:
		case <-timer.C:
			return true
		case <-ctx.Done():
			return false
		}
	}
}
