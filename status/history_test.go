package status

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"

	"halbd/event"
)

func named(i int) event.Event { return event.Event{Name: fmt.Sprint(i)} }

// The last ones, in order, however many there were.
func TestHistory(t *testing.T) {
	var h History
	for range h.Last(context.Background(), 5, false) {
		t.Error("something of nothing")
	}
	for i := range 2*historySize + 7 {
		h.Add(named(i))
		if i != 2 && i != historySize && i != 2*historySize+6 {
			continue
		}
		for _, n := range []int{0, 1, 3, historySize, 10 * historySize} {
			want := max(0, i+1-min(n, historySize))
			for e := range h.Last(context.Background(), n, false) {
				if e.Name != fmt.Sprint(want) {
					t.Fatalf("of %d, the last %d: %s, want %d", i+1, n, e.Name, want)
				}
				want++
			}
			if want != i+1 {
				t.Fatalf("of %d, the last %d end before %d", i+1, n, want)
			}
		}
	}
}

// A follower gets what was and what comes, once each, until it is over.
func TestHistoryFollowed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var h History
		h.Add(named(0))
		ctx, cancel := context.WithCancel(context.Background())
		var got []string
		done := make(chan struct{})
		go func() {
			defer close(done)
			for e := range h.Last(ctx, 10, true) {
				got = append(got, e.Name)
			}
		}()
		synctest.Wait()
		h.Add(named(1))
		h.Add(named(2))
		synctest.Wait()
		h.Add(named(3))
		synctest.Wait()
		cancel()
		<-done
		if fmt.Sprint(got) != "[0 1 2 3]" {
			t.Errorf("followed %v", got)
		}
	})
}
