package notify

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"halbd/conf"
)

const (
	// mailLimit is how many alerts may wait; beyond it the oldest are lost.
	mailLimit = 1000
	// mailAge is how long an alert is worth sending.
	mailAge = time.Hour
	// mailGrace is how long the alerts that wait at the end may take.
	mailGrace     = 3 * time.Second
	firstMailWait = time.Second
	longMailWait  = 30 * time.Second
)

// mailer sends alerts one after the other, each over a connection of its own,
// in the order in which they were posted. What the server cannot take now is
// tried again, what it refuses for good is lost; both are logged.
type mailer struct {
	log  *slog.Logger
	send func(context.Context, *conf.Mail, alert) error

	mu      sync.Mutex
	conf    conf.Mail
	queue   []alert // the first one is on its way
	lost    int     // alerts that found no place
	closing bool
	wake    chan struct{} // something above has changed
	quit    context.CancelFunc
	done    chan struct{}
}

// alert is a mail without its envelope.
type alert struct {
	subject, body string
	at            time.Time
}

func newMailer(log *slog.Logger) *mailer {
	ctx, quit := context.WithCancel(context.Background())
	m := &mailer{log: log, send: sendMail, wake: make(chan struct{}, 1), quit: quit, done: make(chan struct{})}
	go m.run(ctx)
	return m
}

// configure takes the settings of a new configuration; what waits is sent by
// them, or not at all when mail has been switched off.
func (m *mailer) configure(c conf.Mail) {
	m.mu.Lock()
	m.conf = c
	if !c.Sent() {
		m.queue = nil
	}
	m.mu.Unlock()
	m.awake()
}

func (m *mailer) awake() {
	select {
	case m.wake <- struct{}{}:
	default:
	}
}

// post takes an alert; it never waits.
func (m *mailer) post(a alert) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.conf.Sent() || m.closing {
		return
	}
	if len(m.queue) == mailLimit {
		if m.lost++; m.lost == 1 {
			m.log.Error(fmt.Sprintf("%d mails wait for %s: the oldest are lost from now on", mailLimit, m.conf.Server))
		}
		m.queue = m.queue[1:]
	}
	m.queue = append(m.queue, a)
	m.awake()
}

// close sends what still waits, within mailGrace and without trying anything twice.
func (m *mailer) close() {
	m.mu.Lock()
	m.closing = true
	m.mu.Unlock()
	m.awake()
	timer := time.NewTimer(mailGrace)
	defer timer.Stop()
	select {
	case <-m.done:
	case <-timer.C:
	}
	m.quit()
	<-m.done
	if n := len(m.queue); n > 0 {
		m.log.Warn(fmt.Sprintf("%d mails have not been sent", n))
	}
}

// run sends until everything is sent after close, or ctx ends.
func (m *mailer) run(ctx context.Context) {
	defer close(m.done)
	wait := firstMailWait
	for {
		a, c, ok := m.next(ctx)
		if !ok {
			return
		}
		err := m.send(ctx, &c, a)
		var refused *refusal
		switch {
		case err == nil:
			if wait > firstMailWait {
				m.log.Info("mail can be sent again")
			}
			wait = firstMailWait
			m.drop(a)
		case ctx.Err() != nil:
			return
		case errors.As(err, &refused) && refused.forGood():
			m.log.Error(fmt.Sprintf("mail %q is refused: %v", a.subject, err))
			m.drop(a)
		default:
			if wait == firstMailWait {
				m.log.Error(fmt.Sprintf("mail %q cannot be sent, it is tried again for %v: %v", a.subject, mailAge, err))
			}
			if !m.pause(ctx, wait) {
				return
			}
			wait = min(2*wait, longMailWait)
		}
	}
}

// next waits for the alert to send; false when there will be none.
func (m *mailer) next(ctx context.Context) (alert, conf.Mail, bool) {
	for {
		m.mu.Lock()
		for len(m.queue) > 0 && time.Since(m.queue[0].at) > mailAge {
			m.log.Error(fmt.Sprintf("mail %q could not be sent within %v", m.queue[0].subject, mailAge))
			m.queue = m.queue[1:]
		}
		if len(m.queue) > 0 {
			a, c := m.queue[0], m.conf
			m.mu.Unlock()
			return a, c, true
		}
		closing := m.closing
		m.mu.Unlock()
		if closing {
			return alert{}, conf.Mail{}, false
		}
		select {
		case <-m.wake:
		case <-ctx.Done():
			return alert{}, conf.Mail{}, false
		}
	}
}

// drop takes an alert that is done with off the queue, where it still is there.
func (m *mailer) drop(a alert) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.queue) > 0 && m.queue[0] == a {
		m.queue = m.queue[1:]
	}
	if len(m.queue) < mailLimit/2 && m.lost > 0 {
		m.log.Error(fmt.Sprintf("%d mails were lost", m.lost))
		m.lost = 0
	}
}

// pause waits before another try; false when there is none, because of close.
// A new configuration ends it early.
func (m *mailer) pause(ctx context.Context, wait time.Duration) bool {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	m.mu.Lock()
	before := m.conf
	m.mu.Unlock()
	for {
		m.mu.Lock()
		closing, same := m.closing, sameServer(&before, &m.conf)
		m.mu.Unlock()
		switch {
		case closing:
			return false
		case !same:
			return true
		}
		select {
		case <-m.wake:
		case <-timer.C:
			return true
		case <-ctx.Done():
			return false
		}
	}
}

func sameServer(a, b *conf.Mail) bool { return a.Server == b.Server && a.Port == b.Port }
