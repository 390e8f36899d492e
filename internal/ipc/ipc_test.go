package ipc

import (
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
)

func pair(t *testing.T) (*Conn, *Conn) {
	t.Helper()
	a, f, err := Pair()
	if err != nil {
		t.Fatal(err)
	}
	b := New(f)
	t.Cleanup(func() { a.Close(); b.Close() })
	return a, b
}

func TestMessagesArriveInOrder(t *testing.T) {
	a, b := pair(t)
	for i := range 1000 {
		if err := a.Send(Kind(i%7+1), i); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 1000 {
		k, raw, err := b.Receive()
		if err != nil {
			t.Fatal(err)
		}
		var got int
		if err := json.Unmarshal(raw, &got); err != nil || got != i || k != Kind(i%7+1) {
			t.Fatalf("message %d: kind %d value %d, %v", i, k, got, err)
		}
	}
}

func TestSendNeverWaitsAndOfferDrops(t *testing.T) {
	a, b := pair(t)
	long := strings.Repeat("x", 1<<20)
	for range 20 { // nobody reads yet
		a.Send(1, long)
	}
	for range 5 {
		a.Offer(2, "log line")
	}
	if n := a.Dropped(); n != 5 {
		t.Errorf("dropped %d lines while 20 MB waited, want 5", n)
	}
	for range 20 {
		if k, raw, err := b.Receive(); err != nil || k != 1 || len(raw) != len(long)+2 {
			t.Fatalf("kind %d, %d bytes, %v", k, len(raw), err)
		}
	}
}

func TestEndOfTheOtherSide(t *testing.T) {
	a, b := pair(t)
	a.Send(1, "last words")
	a.Flush()
	a.Close()
	if _, _, err := b.Receive(); err != nil {
		t.Fatalf("what was flushed before the end is lost: %v", err)
	}
	if _, _, err := b.Receive(); !errors.Is(err, io.EOF) {
		t.Fatalf("got %v, want io.EOF", err)
	}
}
