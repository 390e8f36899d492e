package status

import (
	"context"
	"iter"
	"sync"

	"halbd/event"
)

// historySize is how many transitions are remembered.
const historySize = 1000

// History remembers the latest transitions and wakes those who follow them. Its
// zero value is empty. It may be used from any goroutine.
type History struct {
	mu   sync.Mutex
	list []event.Event // a ring once it is full
	next int           // how many were ever added
	more chan struct{} // closed when something is added; nil: nobody waits
}

// Add remembers a transition. It never blocks.
func (h *History) Add(e event.Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.list) < historySize {
		h.list = append(h.list, e)
	} else {
		h.list[h.next%historySize] = e
	}
	h.next++
	if h.more != nil {
		close(h.more)
		h.more = nil
	}
}

// from returns what was added as number at and later, the number of the next
// one, and a channel that is closed when there is one.
func (h *History) from(at int) (list []event.Event, next int, more <-chan struct{}) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for i := max(at, h.next-len(h.list), 0); i < h.next; i++ {
		list = append(list, h.list[i%historySize])
	}
	if h.more == nil {
		h.more = make(chan struct{})
	}
	return list, h.next, h.more
}

// Last gives the last n transitions, oldest first, and with follow those to come
// until ctx ends. A follower that falls behind by more than is remembered
// misses some.
func (h *History) Last(ctx context.Context, n int, follow bool) iter.Seq[event.Event] {
	return func(yield func(event.Event) bool) {
		_, next, _ := h.from(0)
		at := max(0, next-n)
		for {
			list, next, more := h.from(at)
			for _, e := range list {
				if !yield(e) {
					return
				}
			}
			if !follow {
				return
			}
			at = next
			select {
			case <-more:
			case <-ctx.Done():
				return
			}
		}
	}
}
