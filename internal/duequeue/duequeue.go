// Package duequeue orders things by when they are due, so that the next one is
// found at once among thousands. It knows neither clocks nor what waits.
package duequeue

import (
	"container/heap"
	"time"
)

// Never is when something is due that does not wait.
const Never = time.Duration(1<<63 - 1)

// Place is what a thing that waits embeds. Things that are due at the same time
// come in their Order, so that a run can be repeated exactly.
type Place struct {
	Due   time.Duration
	Order int
	slot  int // in the heap, counted from 1; 0: not in a queue
}

func (p *Place) place() *Place { return p }

// Item is a pointer to something that embeds Place.
type Item interface{ place() *Place }

// Queue holds things by their Due. The zero value is empty.
type Queue[T Item] struct{ list list[T] }

// Len is how many things there are, those that never are due among them.
func (q *Queue[T]) Len() int { return len(q.list) }

// First is the next thing; false if there is none.
func (q *Queue[T]) First() (first T, ok bool) {
	if len(q.list) == 0 {
		return first, false
	}
	return q.list[0], true
}

// Next is when the first thing is due; false when nothing waits.
func (q *Queue[T]) Next() (time.Duration, bool) {
	if len(q.list) == 0 || q.list[0].place().Due == Never {
		return 0, false
	}
	return q.list[0].place().Due, true
}

// Add puts a thing in that is not in, where its Due says.
func (q *Queue[T]) Add(x T) { heap.Push(&q.list, x) }

// Pop takes the first thing out; there must be one.
func (q *Queue[T]) Pop() T { return heap.Pop(&q.list).(T) }

// Remove takes a thing out, if it is in.
func (q *Queue[T]) Remove(x T) {
	if slot := x.place().slot; slot > 0 {
		heap.Remove(&q.list, slot-1)
	}
}

// Move changes when a thing is due; it need not be in.
func (q *Queue[T]) Move(x T, due time.Duration) {
	p := x.place()
	if p.Due == due {
		return
	}
	p.Due = due
	if p.slot > 0 {
		heap.Fix(&q.list, p.slot-1)
	}
}

// list is a heap.
type list[T Item] []T

func (l list[T]) Len() int { return len(l) }

func (l list[T]) Less(i, j int) bool {
	a, b := l[i].place(), l[j].place()
	if a.Due != b.Due {
		return a.Due < b.Due
	}
	return a.Order < b.Order
}

func (l list[T]) Swap(i, j int) {
	l[i], l[j] = l[j], l[i]
	l[i].place().slot, l[j].place().slot = i+1, j+1
}

func (l *list[T]) Push(x any) {
	item := x.(T)
	*l = append(*l, item)
	item.place().slot = len(*l)
}

func (l *list[T]) Pop() any {
	old := *l
	last := old[len(old)-1]
	var none T
	old[len(old)-1] = none
	*l = old[:len(old)-1]
	last.place().slot = 0
	return last
}
