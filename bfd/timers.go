package bfd

// requeue puts a session where its timers say.
func (c *Core) requeue(s *session) {
	c.queue.Move(s, min(s.sendAt, s.expireAt, s.reportAt))
}

// Deadline is when the next Tick is due; false when nothing waits.
func (c *Core) Deadline() (Time, bool) { return c.queue.Next() }
