package poll

import (
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"halbd/internal/duequeue"
)

// both runs a test with each way to wait.
func both(t *testing.T, test func(*testing.T, *Poller)) {
	for name, own := range map[string]bool{"in Go's poller": false, "on a thread of its own": true} {
		t.Run(name, func(t *testing.T) {
			p := open(t)
			p.OwnThread = own
			test(t, p)
		})
	}
}

func open(t *testing.T) *Poller {
	t.Helper()
	p, err := New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

func wait(t *testing.T, p *Poller, deadline Time) []unix.EpollEvent {
	t.Helper()
	ready, err := p.Wait(deadline, make([]unix.EpollEvent, 4))
	if err != nil {
		t.Fatal(err)
	}
	return ready
}

func TestDeadlineIsNeverEarly(t *testing.T) { both(t, neverEarly) }

func neverEarly(t *testing.T, p *Poller) {
	for range 3 {
		deadline := Now() + 2*time.Millisecond
		if ready := wait(t, p, deadline); len(ready) != 0 || Now() < deadline {
			t.Errorf("%v descriptors, %v before the deadline", len(ready), deadline-Now())
		}
	}
	wait(t, p, Now()-time.Second) // one that has passed does not block
}

func TestMessagesWakeTheLoop(t *testing.T) { both(t, messagesWake) }

func messagesWake(t *testing.T, p *Poller) {
	go func() {
		p.Post("first")
		p.Post("second")
	}()
	var got []any
	for len(got) < 2 {
		wait(t, p, duequeue.Never)
		got = append(got, p.Take()...)
	}
	if got[0] != "first" || got[1] != "second" || len(p.Take()) != 0 {
		t.Errorf("messages %v", got)
	}
}

func TestPacketsWakeTheLoop(t *testing.T) { both(t, packetsWake) }

func packetsWake(t *testing.T, p *Poller) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_DGRAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(pair[0])
	defer unix.Close(pair[1])
	if err := p.Add(pair[0]); err != nil {
		t.Fatal(err)
	}
	unix.Write(pair[1], []byte("x"))
	if ready := wait(t, p, duequeue.Never); len(ready) != 1 || int(ready[0].Fd) != pair[0] {
		t.Errorf("ready: %v", ready)
	}
	p.Remove(pair[0])
	if ready := wait(t, p, Now()); len(ready) != 0 {
		t.Errorf("a removed descriptor is ready: %v", ready)
	}
}

// A question whether the loop runs is answered where the loop takes its mail,
// and is no message for it.
func TestPingIsAnsweredByTake(t *testing.T) {
	p, err := New()
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	answered := 0
	ping := Ping{Answer: func() { answered++ }}
	for _, m := range []any{ping, "a", ping, "b"} {
		p.Post(m)
	}
	if answered != 0 {
		t.Error("answered before the loop came to it")
	}
	if got := p.Take(); len(got) != 2 || got[0] != "a" || got[1] != "b" || answered != 2 {
		t.Errorf("took %v, answered %d", got, answered)
	}
}
