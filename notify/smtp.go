package notify

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"halbd/conf"
)

// refusal is an answer of a mail server that is not the one that was hoped for.
type refusal struct {
	to   string // what it answers
	code int
	text string
}

func (r *refusal) Error() string {
	return fmt.Sprintf("the server answers %d %q to %s", r.code, r.text, r.to)
}

// forGood reports whether it makes no sense to try again (RFC 5321, 4.2.1).
func (r *refusal) forGood() bool { return r.code >= 500 }

// sendMail delivers one alert over a connection of its own.
func sendMail(ctx context.Context, c *conf.Mail, a alert) error {
	d := net.Dialer{Timeout: c.ConnectTimeout}
	conn, err := d.DialContext(ctx, "tcp", net.JoinHostPort(c.Server, strconv.Itoa(int(c.Port))))
	if err != nil {
		return err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	if c.TLS != "" {
		return sendSecurely(ctx, conn, c, a, &tls.Config{})
	}
	return newDialogue(conn, c.ConnectTimeout).deliver(newEnvelope(c), a)
}

// envelope is who sends to whom.
type envelope struct {
	helo, from string
	to         []string
}

func newEnvelope(c *conf.Mail) envelope {
	e := envelope{helo: c.HELO, from: c.From, to: c.To}
	if e.helo == "" {
		e.helo = hostName()
	}
	if e.from == "" {
		e.from = userName() + "@" + hostName()
	}
	return e
}

// dialogue is the client's side of an SMTP session. Each answer must come
// within the limit.
type dialogue struct {
	conn  net.Conn
	in    *bufio.Reader
	limit time.Duration
}

func newDialogue(conn net.Conn, limit time.Duration) *dialogue {
	return &dialogue{conn: conn, in: bufio.NewReaderSize(conn, 1024), limit: limit}
}

// deliver hands over one mail. A recipient whom the server refuses does not
// keep it from the others.
func (d *dialogue) deliver(e envelope, a alert) error {
	if err := d.expect("the connection", 220); err != nil {
		return err
	}
	if err := d.ask("HELO "+e.helo, 250); err != nil {
		return err
	}
	if err := d.ask("MAIL FROM:<"+bare(e.from)+">", 250); err != nil {
		return err
	}
	if err := eachRecipient(e.to, func(to string) error { return d.ask("RCPT TO:<"+to+">", 250, 251) }); err != nil {
		return err
	}
	if err := d.ask("DATA", 354); err != nil {
		return err
	}
	if err := d.ask(message(e, a)+"\r\n.", 250); err != nil {
		return err
	}
	d.say("QUIT") // whatever becomes of it, the mail is delivered
	d.expect("QUIT", 221)
	return nil
}

// eachRecipient names the recipients to the server. One that it refuses is no
// error as long as another is accepted.
func eachRecipient(list []string, name func(address string) error) error {
	var refused error
	accepted := 0
	for _, to := range list {
		var r *refusal
		switch err := name(bare(to)); {
		case err == nil:
			accepted++
		case errors.As(err, &r):
			refused = err
		default:
			return err
		}
	}
	if accepted == 0 {
		return refused
	}
	return nil
}

// bare is the address within angle brackets, where there are any.
func bare(address string) string {
	if _, rest, ok := strings.Cut(address, "<"); ok {
		rest, _, _ = strings.Cut(rest, ">")
		return rest
	}
	return address
}

// message is the mail as keepalived writes it.
func message(e envelope, a alert) string {
	return "Date: " + a.at.Format(time.RFC1123Z) + "\r\n" +
		"From: " + e.from + "\r\n" +
		"Subject: " + a.subject + "\r\n" +
		"X-Mailer: Keepalived\r\n" +
		"To: " + strings.Join(e.to, ",\r\n ") + "\r\n" +
		"\r\n=> " + a.body + " <=\r\n"
}

func (d *dialogue) ask(line string, good ...int) error {
	if err := d.say(line); err != nil {
		return err
	}
	what, _, _ := strings.Cut(line, "\r\n")
	if len(what) < len(line) {
		what = "the message"
	}
	return d.expect(what, good...)
}

func (d *dialogue) say(line string) error {
	d.conn.SetDeadline(time.Now().Add(d.limit))
	if _, err := d.conn.Write([]byte(line + "\r\n")); err != nil {
		return fmt.Errorf("send to the mail server: %w", err)
	}
	return nil
}

// longestAnswer bounds the lines of one answer.
const longestAnswer = 100

// expect reads an answer, of several lines maybe (RFC 5321, 4.2.1).
func (d *dialogue) expect(to string, good ...int) error {
	d.conn.SetDeadline(time.Now().Add(d.limit))
	for range longestAnswer {
		raw, err := d.in.ReadSlice('\n')
		if err != nil {
			return fmt.Errorf("answer of the mail server to %s: %w", to, err)
		}
		line := strings.TrimRight(string(raw), "\r\n")
		code, err := strconv.Atoi(line[:min(3, len(line))])
		if err != nil || len(line) < 3 {
			return fmt.Errorf("answer of the mail server to %s: %q has no code", to, line)
		}
		if len(line) > 3 && line[3] == '-' {
			continue
		}
		if slices.Contains(good, code) {
			return nil
		}
		return &refusal{to: to, code: code, text: strings.TrimSpace(line[3:])}
	}
	return fmt.Errorf("answer of the mail server to %s has more than %d lines", to, longestAnswer)
}

// hostName is the local host's name, as /etc/hosts completes it.
func hostName() string {
	name, err := os.Hostname()
	if err != nil || name == "" || name == "(none)" { // the kernel's word for no name
		return "localhost"
	}
	hosts, _ := os.ReadFile("/etc/hosts")
	for line := range strings.Lines(string(hosts)) {
		line, _, _ = strings.Cut(line, "#")
		if f := strings.Fields(line); len(f) > 1 && slices.Contains(f[1:], name) {
			return f[1]
		}
	}
	return name
}

// userName is the account that the daemon runs under.
func userName() string {
	name, uid := "root", strconv.Itoa(os.Geteuid())
	eachLine("/etc/passwd", func(f []string) bool {
		if len(f) > 2 && f[2] == uid {
			name = f[0]
			return false
		}
		return true
	})
	return name
}
