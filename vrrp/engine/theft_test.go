package engine

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"halbd/internal/duequeue"
	"halbd/vrrp"
)

// Ten thefts within ten seconds are answered at once; the eleventh gives the
// object up, for twice as long each time, until it is left alone.
func TestThefts(t *testing.T) {
	w := newThefts()
	by := owner{instance: "V"}
	const what = "address 10.0.0.1/32 on eth0"
	now := vrrp.Time(0)
	steal := func(times int) (putBack int) {
		for range times {
			now += 100 * ms
			if w.taken(now, by, what) {
				putBack++
			}
		}
		return putBack
	}
	if n := steal(10); n != 10 {
		t.Errorf("%d of 10 put back", n)
	}
	for _, pause := range []time.Duration{10 * s, 20 * s, 40 * s, 80 * s, 160 * s, 320 * s, 320 * s} {
		if n := steal(1); n != 0 {
			t.Errorf("the eleventh theft is answered")
		}
		if f := w.faults()["V"]; len(f) != 1 || !strings.HasPrefix(f[0], what) {
			t.Errorf("faults %q", f)
		}
		if at := w.next(); at != now+pause {
			t.Errorf("given up for %v, want %v", at-now, pause)
		}
		if w.expire(now + pause - 1) {
			t.Error("it ends early")
		}
		now += pause
		if !w.expire(now) || len(w.faults()) > 0 || w.next() != duequeue.Never {
			t.Error("it does not end")
		}
		steal(10)
	}
	now += contestForgotten + 1
	steal(11)
	if at := w.next(); at != now+10*s {
		t.Errorf("after a long peace it is given up for %v", at-now)
	}
	if n := w.counted()["V"]; n != 90 {
		t.Errorf("counted %d, want 90", n)
	}
	if n := len(w.counted()); n != 0 {
		t.Errorf("counted twice")
	}
}

// Slow thefts are answered for ever, and a flush of thousands is one line.
func TestTheftsInTheLog(t *testing.T) {
	w := newThefts()
	for i := range 100 {
		if !w.taken(vrrp.Time(i)*1100*ms, owner{}, "rule 100") {
			t.Fatalf("theft %d is not answered", i)
		}
		if lines := w.report(); len(lines) != 1 || lines[0] != "rule 100 was taken by someone else: it is put back" {
			t.Fatalf("%q", lines)
		}
	}
	for i := range 5000 {
		w.taken(200*s, owner{}, fmt.Sprintf("address %d", i))
	}
	lines := w.report()
	if len(lines) != 1 || !strings.Contains(lines[0], "address 9 and 4990 more were taken") {
		t.Errorf("%d lines: %.200q", len(lines), lines)
	}
}
