package engine

import (
	"sync"
	"sync/atomic"

	"halbd/netstate"
)

// job is one piece of work for the writer: changes of objects, or a set of
// announcements of addresses that earlier jobs have set.
type job struct {
	number   uint64 // of a job with ops: one more than that before
	ops      []netstate.Op
	announce *announcement
	paces    *paces
	filter   *packetFilter // to use from now on
	rules    *rules
}

// writer changes objects and starts announcements in the order of the jobs,
// away from the thread that keeps the adverts' time.
type writer struct {
	kernel     *netstate.Writer
	announcers *announcers
	filter     *packetFilter     // nil: not needed so far
	failed     func(writeFailed) // called from the writer's goroutine
	finished   atomic.Uint64     // the last job with ops that is done

	mu   sync.Mutex // guards jobs and over
	jobs []job
	over bool
	wake chan struct{}
	done chan struct{}
}

func startWriter(k *netstate.Writer, failed func(writeFailed), complain func(error)) *writer {
	w := &writer{kernel: k, announcers: newAnnouncers(complain), failed: failed, wake: make(chan struct{}, 1), done: make(chan struct{})}
	go w.run()
	return w
}

func (w *writer) post(j job) {
	w.mu.Lock()
	w.jobs = append(w.jobs, j)
	w.mu.Unlock()
	w.ring()
}

func (w *writer) ring() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// close finishes every job and ends the goroutine.
func (w *writer) close() {
	w.mu.Lock()
	w.over = true
	w.mu.Unlock()
	w.ring()
	<-w.done
	w.announcers.close()
	w.kernel.Close()
	if w.filter != nil {
		w.filter.backend.Close()
	}
}

func (w *writer) run() {
	defer close(w.done)
	for range w.wake {
		for {
			w.mu.Lock()
			jobs, over := w.jobs, w.over
			w.jobs = nil
			w.mu.Unlock()
			if len(jobs) == 0 {
				if over {
					return
				}
				break
			}
			w.do(jobs)
		}
	}
}

// do carries out what has come together: every change in one go, then the
// announcements. An instance that gave its addresses up meanwhile is silent.
func (w *writer) do(jobs []job) {
	var ops []netstate.Op
	number := uint64(0)
	for i := range jobs {
		ops = append(ops, jobs[i].ops...)
		number = max(number, jobs[i].number)
		if f := jobs[i].filter; f != nil {
			f.previous, w.filter = w.filter, f
		}
	}
	change := func() {
		if len(ops) == 0 {
			return
		}
		if refused, err := w.kernel.Apply(ops); err != nil || len(refused) > 0 {
			w.failed(writeFailed{refused, err, number})
		}
		w.finished.Store(number)
	}
	if w.filter != nil {
		w.filter.around(jobs, change)
	} else {
		change()
	}
	for i := range jobs {
		if p := jobs[i].paces; p != nil {
			w.announcers.pace(*p)
		}
		if a := jobs[i].announce; a != nil {
			w.announcers.send(*a)
		}
	}
}
