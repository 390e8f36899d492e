package notify

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/textproto"
	"slices"
	"strings"
	"time"

	"github.com/wneessen/go-mail/smtp"

	"halbd/conf"
)

// sendSecurely delivers one alert through TLS (smtp_tls), with a login if one is
// configured (smtp_auth). The server's name is checked against its certificate.
func sendSecurely(ctx context.Context, conn net.Conn, c *conf.Mail, a alert, settings *tls.Config) error {
	settings.ServerName = c.Server
	patient := &patientConn{conn, c.ConnectTimeout}
	var lower net.Conn = patient
	if c.TLS == conf.MailOverTLS {
		over := tls.Client(patient, settings)
		if err := over.HandshakeContext(ctx); err != nil {
			return fmt.Errorf("TLS with the mail server: %w", err)
		}
		lower = over
	}
	client, err := smtp.NewClient(lower, c.Server)
	if err != nil {
		return answerTo("the connection", err)
	}
	defer client.Close()
	e := newEnvelope(c)
	if err := client.Hello(e.helo); err != nil {
		return answerTo("EHLO", err)
	}
	if c.TLS == conf.MailSTARTTLS {
		if offered, _ := client.Extension("STARTTLS"); !offered {
			return errors.New("the mail server offers no STARTTLS")
		}
		if err := client.StartTLS(settings); err != nil {
			return fmt.Errorf("TLS with the mail server: %w", err)
		}
	}
	if err := logIn(client, c); err != nil {
		return err
	}
	return handOver(client, e, a)
}

// logIn takes the best of the mechanisms that the server offers. A refusal is
// not for good: the operator may set the password right.
func logIn(client *smtp.Client, c *conf.Mail) error {
	if c.User == "" {
		return nil
	}
	_, offered := client.Extension("AUTH")
	mechanisms := strings.Fields(offered)
	for _, m := range []struct {
		name string
		auth smtp.Auth
	}{
		{"SCRAM-SHA-256", smtp.ScramSHA256Auth(c.User, c.Password)},
		{"PLAIN", smtp.PlainAuth("", c.User, c.Password, c.Server, false)},
		{"LOGIN", smtp.LoginAuth(c.User, c.Password, c.Server, false)},
	} {
		if !slices.Contains(mechanisms, m.name) {
			continue
		}
		if err := client.Auth(m.auth); err != nil {
			return fmt.Errorf("log in to the mail server as %s by %s: %s", c.User, m.name, err)
		}
		return nil
	}
	return fmt.Errorf("the mail server offers no way to log in that is known here, but %q", offered)
}

// handOver gives the server a mail.
func handOver(client *smtp.Client, e envelope, a alert) error {
	if err := client.Mail("<" + bare(e.from) + ">"); err != nil {
		return answerTo("MAIL FROM", err)
	}
	if err := eachRecipient(e.to, func(to string) error { return answerTo("RCPT TO:<"+to+">", client.Rcpt("<"+to+">")) }); err != nil {
		return err
	}
	w, err := client.Data()
	if err != nil {
		return answerTo("DATA", err)
	}
	if _, err := w.Write([]byte(message(e, a))); err != nil {
		return fmt.Errorf("send to the mail server: %w", err)
	}
	if err := w.Close(); err != nil {
		return answerTo("the message", err)
	}
	client.Quit() // whatever becomes of it, the mail is delivered
	return nil
}

// answerTo makes a refusal of a library's error.
func answerTo(what string, err error) error {
	var answer *textproto.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &answer):
		return &refusal{to: what, code: answer.Code, text: answer.Msg}
	}
	return fmt.Errorf("answer of the mail server to %s: %w", what, err)
}

// patientConn is a connection on which each step must come within the limit.
type patientConn struct {
	net.Conn
	limit time.Duration
}

func (c *patientConn) Read(b []byte) (int, error) {
	c.SetReadDeadline(time.Now().Add(c.limit))
	return c.Conn.Read(b)
}

func (c *patientConn) Write(b []byte) (int, error) {
	c.SetWriteDeadline(time.Now().Add(c.limit))
	return c.Conn.Write(b)
}
