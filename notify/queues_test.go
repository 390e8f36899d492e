package notify

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"halbd/conf"
)

// theatre runs scripts that only take time; NAME:SECONDS is one of them.
type theatre struct {
	*queues
	began   time.Time
	mu      sync.Mutex
	log     []string // "SECOND NAME" when a run begins, "SECOND NAME." when it ends
	overdue int
}

func newTheatre() *theatre {
	th := &theatre{began: time.Now()}
	th.queues = newQueues(time.Minute, func(c call) <-chan struct{} {
		name, seconds, _ := strings.Cut(c.cmd.Args[0], ":")
		th.note(name)
		ended := make(chan struct{})
		var n int
		fmt.Sscan(seconds, &n)
		time.AfterFunc(time.Duration(n)*time.Second, func() { th.note(name + "."); close(ended) })
		return ended
	}, func(call) { th.overdue++ })
	return th
}

func (th *theatre) note(what string) {
	th.mu.Lock()
	defer th.mu.Unlock()
	th.log = append(th.log, fmt.Sprintf("%d %s", int(time.Since(th.began)/time.Second), what))
}

func (th *theatre) told() string {
	th.mu.Lock()
	defer th.mu.Unlock()
	return strings.Join(th.log, ", ")
}

func (th *theatre) tell(object string, coalesce bool, scripts ...string) int {
	var list []call
	for _, s := range scripts {
		list = append(list, call{object: object, cmd: conf.Command{Args: []string{s}}, state: !strings.HasPrefix(s, "rx")})
	}
	n := th.add(object, list, coalesce)
	synctest.Wait()
	return n
}

// Which run begins when: runs of an object never overlap, also the two scripts
// of one event; objects do not wait for each other.
func TestQueueOrder(t *testing.T) {
	for name, c := range map[string]struct {
		play func(*theatre)
		want string
	}{
		"one object": {func(th *theatre) {
			th.tell("a", false, "m:2", "any:1")
			th.tell("a", false, "b:1", "any2:1")
		}, "0 m, 2 m., 2 any, 3 any., 3 b, 4 b., 4 any2, 5 any2."},
		"two objects": {func(th *theatre) {
			th.tell("a", false, "a1:5")
			th.tell("b", false, "b1:1")
			th.tell("b", false, "b2:1")
			th.tell("a", false, "a2:1")
		}, "0 a1, 0 b1, 1 b1., 1 b2, 2 b2., 5 a1., 5 a2, 6 a2."},
		"all states are told": {func(th *theatre) {
			for i := range 4 {
				th.tell("a", false, fmt.Sprint("s", i, ":1"))
			}
		}, "0 s0, 1 s0., 1 s1, 2 s1., 2 s2, 3 s2., 3 s3, 4 s3."},
		"superseded states are left out": {func(th *theatre) {
			th.tell("a", true, "s0:3")
			for i, n := range []int{0, 0, 1, 1} { // what waits goes, what is no state stays
				script := fmt.Sprint("s", i+1, ":1")
				if i == 1 {
					script = "rx:1"
				}
				if got := th.tell("a", true, script); got != n {
					th.note(fmt.Sprint("superseded ", got, " at ", i))
				}
			}
		}, "0 s0, 3 s0., 3 rx, 4 rx., 4 s4, 5 s4."},
		"one that does not end": {func(th *theatre) {
			th.tell("a", false, "m:1000")
			th.tell("a", false, "b:1")
		}, "0 m, 60 b, 61 b., 1000 m."},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				th := newTheatre()
				c.play(th)
				time.Sleep(2000 * time.Second)
				if got := th.told(); got != c.want {
					t.Errorf("got  %s\nwant %s", got, c.want)
				}
			})
		})
	}
}

// At the stop what waits has a second; then it begins, whatever runs.
func TestQueueAtTheStop(t *testing.T) {
	for name, c := range map[string]struct {
		scripts []string
		want    string
		took    time.Duration
	}{
		"nothing": {nil, "", 0},
		"fast":    {[]string{"m:0", "stop:0"}, "0 m, 0 m., 0 stop, 0 stop.", 0},
		"hangs":   {[]string{"m:50", "stop:1", "any:1"}, "0 m, 1 stop, 1 any", time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				th := newTheatre()
				for _, s := range c.scripts {
					th.tell("a", false, s)
				}
				ctx, cancel := context.WithTimeout(t.Context(), stopGrace)
				defer cancel()
				begin := time.Now()
				th.drain(ctx)
				if got := th.told(); got != c.want || time.Since(begin) != c.took {
					t.Errorf("got %s after %v\nwant %s after %v", got, time.Since(begin), c.want, c.took)
				}
				time.Sleep(time.Hour)
			})
		})
	}
}

// A queue is bounded; the latest calls stay.
func TestQueueIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		th := newTheatre()
		th.tell("a", false, "first:30")
		left := 0
		for i := range queueLimit + 5 {
			left += th.tell("a", false, fmt.Sprint(i, ":0"))
		}
		if left != 5 || th.depth() != queueLimit {
			t.Errorf("%d left out, %d wait", left, th.depth())
		}
		time.Sleep(time.Hour)
		if got := th.told(); !strings.Contains(got, "first., 30 5, 30 5.") {
			t.Errorf("%.100s", got)
		}
	})
}

// A run with a time limit is waited for: it ends.
func TestQueueWaitsForTheLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		th := newTheatre()
		th.add("a", []call{{cmd: conf.Command{Args: []string{"m:120"}}, limit: 2 * time.Minute}, {cmd: conf.Command{Args: []string{"n:1"}}}}, false)
		time.Sleep(time.Hour)
		if got := th.told(); got != "0 m, 120 m., 120 n, 121 n." || th.overdue != 0 {
			t.Errorf("%s, %d overdue", got, th.overdue)
		}
	})
}
