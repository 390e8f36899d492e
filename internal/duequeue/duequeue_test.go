package duequeue

import (
	"cmp"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

type item struct{ Place }

// Whatever was added, moved and removed: the first is the one that a sort puts first.
func TestFirstIsTheEarliest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var q Queue[*item]
		var in, out []*item
		for range rapid.IntRange(1, 50).Draw(t, "steps") {
			due := time.Duration(rapid.IntRange(0, 9).Draw(t, "due"))
			switch op := rapid.IntRange(0, 3).Draw(t, "op"); {
			case op == 0 || len(in) == 0:
				x := &item{Place{Due: due, Order: len(in) + len(out)}}
				q.Add(x)
				in = append(in, x)
			case op == 1:
				q.Move(rapid.SampledFrom(in).Draw(t, "moved"), due)
			case op == 2:
				x := rapid.SampledFrom(in).Draw(t, "removed")
				q.Remove(x)
				q.Remove(x) // is out already
				q.Move(x, due)
				in = slices.DeleteFunc(in, func(y *item) bool { return y == x })
				out = append(out, x)
			default:
				x := q.Pop()
				in = slices.DeleteFunc(in, func(y *item) bool { return y == x })
				out = append(out, x)
			}
			slices.SortFunc(in, func(a, b *item) int { return cmp.Or(cmp.Compare(a.Due, b.Due), a.Order-b.Order) })
			first, ok := q.First()
			if q.Len() != len(in) || ok != (len(in) > 0) || ok && first != in[0] {
				t.Fatalf("first of %d is %+v, want one of %d: %+v", q.Len(), first, len(in), in)
			}
		}
	})
}

func TestNeverIsNotNext(t *testing.T) {
	var q Queue[*item]
	q.Add(&item{Place{Due: Never}})
	if at, ok := q.Next(); ok {
		t.Errorf("due at %v, want nothing", at)
	}
	q.Add(&item{Place{Due: 7}})
	if at, ok := q.Next(); !ok || at != 7 {
		t.Errorf("next is %v, %v", at, ok)
	}
}
