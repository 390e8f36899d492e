package engine

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"halbd/internal/duequeue"
	"halbd/vrrp"
)

// An object that somebody else takes away is put back at once. If it is taken
// again and again, somebody has a reason: fighting at full speed would help
// nobody, so its owner goes to FAULT and tries again after a pause that grows.
const (
	// contestLimit is how often an object may be taken within contestWindow.
	contestLimit  = 10
	contestWindow = 10 * time.Second
	// contestPause is how long a contested object is given up at first; each time
	// that follows is twice as long, up to contestPauseMax. An object that is
	// left alone for contestForgotten begins anew.
	contestPause     = 10 * time.Second
	contestPauseMax  = 320 * time.Second
	contestForgotten = 10 * time.Minute
)

// owner is who has an object: an instance by its role, or the configuration.
type owner struct {
	instance string // "": a static object
	group    string // track_group of a static object
}

// theft is what is known of one object that was taken.
type theft struct {
	by    owner
	at    []vrrp.Time // the last ones, at most contestLimit of them
	last  vrrp.Time   // the last one of all
	pause vrrp.Time   // the last pause
	until vrrp.Time   // contested until then; 0: not
}

// thefts remembers what was taken. It is pure: time is an argument.
type thefts struct {
	byName  map[string]*theft
	putBack map[string]uint64 // objects put back since the last look, by instance
	news    []string          // what was put back since the last look
	given   []string          // what is left away since the last look, in words
}

func newThefts() *thefts { return &thefts{byName: map[string]*theft{}, putBack: map[string]uint64{}} }

// taken notes a theft; true if the object is to be put back.
func (t *thefts) taken(now vrrp.Time, by owner, what string) bool {
	o := t.byName[what]
	if o == nil {
		o = &theft{}
		t.byName[what] = o
	}
	if now-o.last > contestForgotten {
		o.pause = 0
	}
	o.last = now
	o.by = by
	o.at = slices.DeleteFunc(o.at, func(at vrrp.Time) bool { return now-at > contestWindow })
	if len(o.at) >= contestLimit {
		o.pause = min(max(2*o.pause, contestPause), contestPauseMax)
		o.until = now + o.pause
		o.at = o.at[:0]
		t.given = append(t.given, fmt.Sprintf("%s was taken by someone else more than %d times in %v: it is left away for %v", what, contestLimit, contestWindow, o.pause))
		return false
	}
	o.at = append(o.at, now)
	if by.instance != "" {
		t.putBack[by.instance]++
	}
	t.news = append(t.news, what)
	return true
}

// counted gives the number of objects put back since the last call, by instance.
func (t *thefts) counted() map[string]uint64 {
	if len(t.putBack) == 0 {
		return nil
	}
	n := t.putBack
	t.putBack = map[string]uint64{}
	return n
}

// contested says whether an object is left away for now.
func (t *thefts) contested(now vrrp.Time, what fmt.Stringer) bool {
	if len(t.byName) == 0 {
		return false
	}
	o := t.byName[what.String()]
	return o != nil && now < o.until
}

// expire ends contests; true if one ended.
func (t *thefts) expire(now vrrp.Time) (ended bool) {
	for name, o := range t.byName {
		switch {
		case o.until != 0 && o.until <= now:
			o.until = 0
			ended = true
		case o.until == 0 && now-o.last > contestForgotten:
			delete(t.byName, name)
		}
	}
	return ended
}

// next is when the next contest ends.
func (t *thefts) next() vrrp.Time {
	at := duequeue.Never
	for _, o := range t.byName {
		if o.until != 0 {
			at = min(at, o.until)
		}
	}
	return at
}

// faults lists what is contested of instances' objects, by instance.
func (t *thefts) faults() map[string][]string {
	list := map[string][]string{}
	for _, name := range slices.Sorted(maps.Keys(t.byName)) {
		if o := t.byName[name]; o.until != 0 && o.by.instance != "" {
			list[o.by.instance] = append(list[o.by.instance], name+contestedText)
		}
	}
	return list
}

const contestedText = " is taken by someone else again and again"

// namesInLine is how many objects one line of the log names.
const namesInLine = 10

// report gives the lines for the log since the last call.
func (t *thefts) report() []string {
	lines := t.given
	if n := len(t.news); n == 1 {
		lines = append(lines, t.news[0]+" was taken by someone else: it is put back")
	} else if n > 1 {
		more := ""
		if n > namesInLine {
			more = fmt.Sprintf(" and %d more", n-namesInLine)
		}
		lines = append(lines, strings.Join(t.news[:min(n, namesInLine)], ", ")+more+" were taken by someone else: they are put back")
	}
	t.given, t.news = nil, nil
	return lines
}
