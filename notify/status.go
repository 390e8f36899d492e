package notify

import (
	"fmt"
	"sync"
	"time"
)

// Status is what has become of notifications since the start of the daemon.
type Status struct {
	Runs     Runs      `json:"runs"`
	Mails    Delivery  `json:"mails"`
	Webhooks []Webhook `json:"webhooks,omitempty"`
}

// Runs counts the runs of notify scripts.
type Runs struct {
	Succeeded  uint64  `json:"succeeded"`
	Failed     uint64  `json:"failed"` // a status other than 0, or a signal
	TimedOut   uint64  `json:"timed_out"`
	NotStarted uint64  `json:"not_started"`
	Superseded uint64  `json:"superseded"` // left out because of notify_coalesce, or beyond the queue's bound
	Seconds    float64 `json:"seconds"`    // that those which have ended took together
	Running    int     `json:"running"`
	Waiting    int     `json:"waiting"`
}

// Delivery is what an outbox has done.
type Delivery struct {
	Delivered uint64 `json:"delivered"`
	Lost      uint64 `json:"lost"`    // refused for good, too old, or beyond the queue's bound
	Retries   uint64 `json:"retries"` // attempts that failed and are made again
	Waiting   int    `json:"waiting"`
	Error     string `json:"error,omitempty"` // of the last attempt; none when it succeeded
}

// Webhook is one sink.
type Webhook struct {
	Name string `json:"name"` // scheme and host
	Delivery
}

// runResult is how a run ended.
type runResult int

const (
	runSucceeded runResult = iota
	runFailed
	runTimedOut
)

// counts counts runs.
type counts struct {
	mu   sync.Mutex
	runs Runs
}

func (c *counts) runBegins() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.runs.Running++
}

func (c *counts) notStarted() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.runs.NotStarted++
}

func (c *counts) supersede(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.runs.Superseded += uint64(n)
}

func (c *counts) runIsOver(r runResult, took time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch r {
	case runSucceeded:
		c.runs.Succeeded++
	case runFailed:
		c.runs.Failed++
	case runTimedOut:
		c.runs.TimedOut++
	}
	c.runs.Running--
	c.runs.Seconds += took.Seconds()
}

// Status describes the notifier.
func (n *Notifier) Status() Status {
	n.counts.mu.Lock()
	s := Status{Runs: n.counts.runs}
	n.counts.mu.Unlock()
	s.Runs.Waiting = n.queues.depth()
	s.Mails = n.mailer.status()
	n.mu.Lock()
	defer n.mu.Unlock()
	seen := map[string]int{}
	for _, w := range n.webhooks {
		name := w.name
		if seen[name]++; seen[name] > 1 { // another path there
			name += fmt.Sprintf(" (%d)", seen[name])
		}
		s.Webhooks = append(s.Webhooks, Webhook{name, w.status()})
	}
	return s
}
