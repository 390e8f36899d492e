package sched

import (
	"io"
	"log/slog"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"halbd/conf"
)

func TestLateTimersRaiseThePriority(t *testing.T) {
	type step struct {
		late time.Duration
		want uint32
	}
	done := make(chan struct{})
	go func() { // whose thread ends with it
		defer close(done)
		g := &conf.Global{AutoPriority: conf.AutoPriority{Max: 2, Delay: time.Second}}
		a := NewAuto(g, &conf.Process{}, slog.New(slog.NewTextHandler(io.Discard, nil)))
		for i, s := range []step{{999 * time.Millisecond, 0}, {time.Second, 1}, {0, 1}, {time.Minute, 2}, {time.Minute, 2}} {
			a.Late(s.late)
			if a.limit.Max == 0 {
				t.Log("this system allows no real-time priority")
				return
			}
			attr, err := unix.SchedGetAttr(0, 0)
			if err != nil || attr.Priority != s.want {
				t.Errorf("step %d: %+v, %v; want priority %d", i, attr, err, s.want)
			}
		}
	}()
	<-done
}
