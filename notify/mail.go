package notify

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"halbd/conf"
)

// mailLimit is how many alerts may wait.
const mailLimit = 1000

// mailer is the outbox of alerts, each of which gets a connection of its own.
type mailer struct {
	*outbox[alert]
	send func(context.Context, *conf.Mail, alert) error

	mu   sync.Mutex
	conf conf.Mail
}

// alert is a mail without its envelope.
type alert struct {
	subject, body string
	at            time.Time
}

func (a alert) title() string   { return a.subject }
func (a alert) born() time.Time { return a.at }

func newMailer(log *slog.Logger, send func(context.Context, *conf.Mail, alert) error) *mailer {
	m := &mailer{send: send}
	m.outbox = newOutbox("mail", mailLimit, log, func(ctx context.Context, a alert) error {
		c := m.settings()
		return m.send(ctx, &c, a)
	})
	return m
}

func (m *mailer) settings() conf.Mail {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.conf
}

// configure takes the settings of a new configuration; what waits is sent by
// them, or not at all when mail has been switched off.
func (m *mailer) configure(c conf.Mail) {
	m.mu.Lock()
	same := sameServer(&m.conf, &c)
	m.conf = c
	m.mu.Unlock()
	if !c.Sent() {
		m.clear()
	}
	if !same {
		m.hurry()
	}
}

// sameServer tells whether an attempt by one of two settings would meet what
// one by the other did.
func sameServer(a, b *conf.Mail) bool {
	return a.Server == b.Server && a.Port == b.Port && a.TLS == b.TLS && a.User == b.User && a.Password == b.Password
}

// post takes an alert if mail is configured; it never waits.
func (m *mailer) post(a alert) {
	if c := m.settings(); c.Sent() {
		m.outbox.post(a)
	}
}
