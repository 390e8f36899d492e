package healthcheck

import (
	"context"
	"sync"
	"time"
)

// turns bounds how many programs of MISC_CHECK begin at once, however many are
// due. A program that runs for longer than turnLimit waits for something and
// uses no processor: it keeps nobody from beginning.
type turns struct{ slots chan struct{} }

const (
	maxTurns  = 128
	turnLimit = time.Second
)

func newTurns() *turns { return &turns{make(chan struct{}, maxTurns)} }

// take waits for a turn; end must be called when the program has ended. false:
// ctx was cancelled first.
func (t *turns) take(ctx context.Context) (end func(), ok bool) {
	select {
	case t.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, false
	}
	release := sync.OnceFunc(func() { <-t.slots })
	timer := time.AfterFunc(turnLimit, release)
	return func() {
		timer.Stop()
		release()
	}, true
}
