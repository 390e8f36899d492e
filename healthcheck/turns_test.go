package healthcheck

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

// Programs that hang hold up the others for a second, and not longer.
func TestTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		turns, ctx := newTurns(), t.Context()
		begin := time.Now()
		take := func() func() {
			end, ok := turns.take(ctx)
			if !ok {
				t.Fatal("no turn")
			}
			return end
		}
		hung := make([]func(), maxTurns)
		for i := range hung {
			hung[i] = take()
		}
		if waited := time.Since(begin); waited != 0 {
			t.Errorf("the first waited %v", waited)
		}
		end := take()
		if waited := time.Since(begin); waited != turnLimit {
			t.Errorf("behind hung programs: %v, want %v", waited, turnLimit)
		}
		end()
		for _, end := range hung {
			end() // a turn that was over long ago is not given back twice
		}
		for range maxTurns {
			defer take()()
		}
		cancelled, cancel := context.WithCancel(ctx)
		cancel()
		if _, ok := turns.take(cancelled); ok {
			t.Error("a turn beyond the limit")
		}
	})
}
