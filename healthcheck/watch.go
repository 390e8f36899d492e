package healthcheck

import (
	"context"
	"io"
	"log/slog"
	"time"

	"halbd/ipvs"
)

// lookout finds services that somebody else may have changed.
type lookout interface {
	Suspects(ipvs.Wanted) ([]Key, error)
}

// IPVS sends no notice of a change, so the table is looked at again and again,
// so often that a change is undone within a second and the looking costs about
// a hundredth of a processor.
const (
	shortestLook = 250 * time.Millisecond
	longestLook  = 600 * time.Millisecond
	lookShare    = 60 // pause / time of a look
)

// watch looks at the kernel's table from a goroutine of its own: the checks go on meanwhile.
type watch struct {
	view lookout
	log  *slog.Logger
	kick chan struct{} // look at once
}

// suspicion is a message to the loop: services to look at closely, none mostly.
type suspicion struct {
	keys   []Key
	judged chan<- struct{} // gets the loop's answer; never blocks
}

func newWatch(v lookout, log *slog.Logger) *watch {
	return &watch{view: v, log: log, kick: make(chan struct{}, 1)}
}

// now asks for a look at once, after a reload.
func (w *watch) now() {
	select {
	case w.kick <- struct{}{}:
	default:
	}
}

// run looks until ctx is cancelled. expected is what the table should be; post
// hands a suspicion to the loop.
func (w *watch) run(ctx context.Context, expected func() ipvs.Wanted, post func(any)) {
	if c, ok := w.view.(io.Closer); ok {
		defer c.Close()
	}
	timer := time.NewTimer(shortestLook)
	defer timer.Stop()
	failed := false
	judged := make(chan struct{}, 1)
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		case <-w.kick:
		}
		begin := time.Now()
		suspects, err := w.view.Suspects(expected())
		if err != nil && !failed {
			w.log.Error("the IPVS table cannot be compared with the wanted one: " + err.Error())
		}
		failed = err != nil
		cost := time.Since(begin)
		post(suspicion{suspects, judged})
		select {
		case <-judged:
		case <-ctx.Done():
			return
		}
		timer.Reset(min(max(lookShare*cost, shortestLook), longestLook))
	}
}
