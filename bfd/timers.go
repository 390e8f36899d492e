package bfd

import "container/heap"

// queue is a heap of sessions by their earliest deadline, then by their age, so
// that a run can be repeated exactly.
type queue []*session

func (q queue) Len() int { return len(q) }
func (q queue) Less(i, j int) bool {
	if q[i].due != q[j].due {
		return q[i].due < q[j].due
	}
	return q[i].order < q[j].order
}
func (q queue) Swap(i, j int) {
	q[i], q[j] = q[j], q[i]
	q[i].index, q[j].index = i, j
}
func (q *queue) Push(x any) {
	s := x.(*session)
	s.index = len(*q)
	*q = append(*q, s)
}
func (q *queue) Pop() any {
	old := *q
	s := old[len(old)-1]
	old[len(old)-1] = nil
	*q = old[:len(old)-1]
	return s
}

// requeue puts a session where its timers say.
func (c *Core) requeue(s *session) {
	if due := min(s.sendAt, s.expireAt, s.reportAt); due != s.due {
		s.due = due
		heap.Fix(&c.queue, s.index)
	}
}

// Deadline is when the next Tick is due; false when nothing waits.
func (c *Core) Deadline() (Time, bool) {
	if len(c.queue) == 0 || c.queue[0].due == never {
		return 0, false
	}
	return c.queue[0].due, true
}
