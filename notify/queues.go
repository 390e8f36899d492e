package notify

import (
	"context"
	"sync"
	"time"

	"halbd/conf"
)

// call is one script that is to run because of an event.
type call struct {
	object string // whose queue it is in
	cmd    conf.Command
	extra  []string // arguments behind the configured ones
	env    []string // in addition
	stdin  []byte
	limit  time.Duration // 0: none
	state  bool          // it tells the object's state, so that a newer one supersedes it
}

// queues runs scripts: those of one object one after the other, those of
// different objects beside each other.
type queues struct {
	start    func(call) (ended <-chan struct{}) // begins a run
	overtake time.Duration                      // how long a run may hold up the next one of its object
	overdue  func(call)                         // is told of a run that is not waited for any longer

	mu      sync.Mutex
	waiting map[string][]call // by object; there is an entry while one of its scripts runs
	serving sync.WaitGroup
}

func newQueues(overtake time.Duration, start func(call) <-chan struct{}, overdue func(call)) *queues {
	return &queues{start: start, overtake: overtake, overdue: overdue, waiting: map[string][]call{}}
}

// queueLimit is how many calls of an object may wait; beyond it the oldest are left out.
const queueLimit = 1000

// add takes the scripts of one event of an object. The first begins at once
// unless one of the object runs, so that those of different objects begin in
// the order of their events. With coalesce it takes the place of calls that
// wait with older states. add says how many calls are left out.
func (q *queues) add(object string, calls []call, coalesce bool) (superseded int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	queue, busy := q.waiting[object]
	if !busy {
		q.waiting[object] = calls[1:]
		ended := q.start(calls[0])
		q.serving.Go(func() { q.serve(object, calls[0], ended) })
		return 0
	}
	if coalesce && calls[0].state {
		kept := make([]call, 0, len(queue)+len(calls))
		for _, c := range queue {
			if !c.state {
				kept = append(kept, c)
			}
		}
		superseded, queue = len(queue)-len(kept), kept
	}
	queue = append(queue, calls...)
	if more := len(queue) - queueLimit; more > 0 {
		superseded, queue = superseded+more, queue[more:]
	}
	q.waiting[object] = queue
	return superseded
}

// serve runs what waits for an object, one call after the other.
func (q *queues) serve(object string, running call, ended <-chan struct{}) {
	for {
		q.await(running, ended)
		q.mu.Lock()
		queue := q.waiting[object]
		if len(queue) == 0 {
			delete(q.waiting, object)
			q.mu.Unlock()
			return
		}
		running, q.waiting[object] = queue[0], queue[1:]
		ended = q.start(running)
		q.mu.Unlock()
	}
}

// await waits for a run, but not for ever: some operators' scripts never end,
// and the next event must be told.
func (q *queues) await(c call, ended <-chan struct{}) {
	timer := time.NewTimer(max(q.overtake, c.limit+2*killDelay))
	defer timer.Stop()
	select {
	case <-ended:
	case <-timer.C:
		q.overdue(c)
	}
}

// depth counts the calls that wait.
func (q *queues) depth() (n int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, list := range q.waiting {
		n += len(list)
	}
	return n
}

// drain waits until everything has run or ctx ends; what waits then begins at
// once, beside what runs: a stop must be told.
func (q *queues) drain(ctx context.Context) {
	done := make(chan struct{})
	go func() { q.serving.Wait(); close(done) }()
	select {
	case <-done:
		return
	case <-ctx.Done():
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	for object, list := range q.waiting {
		for _, c := range list {
			q.start(c)
		}
		q.waiting[object] = nil
	}
}
