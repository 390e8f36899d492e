package healthcheck

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"halbd/conf"
)

// smtpStages is how many times connect_timeout a whole SMTP check may take:
// connecting, the greeting, HELO, QUIT.
const smtpStages = 4

// Limits of one reply: that of a line is RFC 5321's (4.5.3.1.5), CRLF included.
const (
	maxSMTPLine  = 512
	maxSMTPReply = 16 << 10
)

// probeSMTP greets a mail server and takes leave (RFC 5321, 4.3).
func probeSMTP(ctx context.Context, k *conf.Checker) error {
	ctx, cancel := context.WithTimeout(ctx, smtpStages*k.ConnectTimeout)
	defer cancel()
	server := fmt.Sprintf("server [%v]:%d", k.Connect.Addr(), k.Connect.Port())
	c, err := connect(ctx, k)
	if err != nil {
		return alertError{err, "CHECK failed on service : Could not connect to " + server}
	}
	defer c.Close()
	if err := talkSMTP(ctx, c, k.SMTP.HELO, k.ConnectTimeout); err != nil {
		return alertError{fmt.Errorf("%v: %w", k.Connect, err), "CHECK failed on service : " + smtpWords(err) + " from " + server}
	}
	return nil
}

// smtpError is what went wrong in which stage of the dialogue.
type smtpError struct {
	stage   string
	err     error
	timeout bool
}

func (e *smtpError) Error() string { return e.stage + ": " + e.err.Error() }

// The stages of the dialogue.
const (
	greeting   = "greeting"
	heloAnswer = "answer to HELO"
	quitAnswer = "answer to QUIT"
)

// smtpWords is keepalived's name of a failure.
func smtpWords(err error) string {
	var e *smtpError
	switch {
	case !errors.As(err, &e) || e.timeout:
		return "Read timeout"
	case e.stage == greeting:
		return "Bad greeting banner"
	case e.stage == heloAnswer:
		return "Bad HELO response"
	}
	return "Bad QUIT response"
}

// talkSMTP holds the dialogue. Each read may take the idle limit, all of them
// what ctx leaves.
func talkSMTP(ctx context.Context, c net.Conn, name string, idle time.Duration) error {
	defer context.AfterFunc(ctx, func() { c.Close() })()
	buf := make([]byte, maxSMTPLine)
	for _, step := range []struct {
		say, stage string
		code       int
	}{
		{"", greeting, 220},
		{"HELO " + name + "\r\n", heloAnswer, 250},
		{"QUIT\r\n", quitAnswer, anyCode},
	} {
		if step.say != "" {
			c.SetWriteDeadline(time.Now().Add(idle))
			if _, err := io.WriteString(c, step.say); err != nil {
				return smtpFailure(ctx, step.stage, err, idle)
			}
		}
		r := smtpReply{want: step.code}
		for done := false; !done; {
			c.SetReadDeadline(time.Now().Add(idle))
			n, err := c.Read(buf)
			if n == 0 && err != nil {
				return smtpFailure(ctx, step.stage, err, idle)
			}
			if done, err = r.feed(buf[:n]); err != nil {
				return &smtpError{stage: step.stage, err: err}
			}
		}
	}
	return nil
}

// smtpFailure words what ended the dialogue.
func smtpFailure(ctx context.Context, stage string, err error, idle time.Duration) error {
	e := &smtpError{stage: stage, err: plain(err, idle), timeout: errors.Is(err, os.ErrDeadlineExceeded)}
	switch {
	case ctx.Err() != nil:
		e.err, e.timeout = fmt.Errorf("the check is not complete within %v", smtpStages*idle), true
	case errors.Is(err, io.EOF):
		e.err = errors.New("the server closed the connection")
	}
	return e
}

// anyCode is a smtpReply's want when every line will do.
const anyCode = 0

// smtpReply takes a reply in pieces of any size. A reply may have several
// lines (RFC 5321, 4.2.1).
type smtpReply struct {
	want  int // code; anyCode
	line  []byte
	total int // bytes
}

// feed takes the next bytes; done means that the reply is complete and good.
func (r *smtpReply) feed(b []byte) (done bool, err error) {
	if r.total += len(b); r.total > maxSMTPReply {
		return false, fmt.Errorf("longer than %d bytes", maxSMTPReply)
	}
	for !done {
		part, rest, complete := bytes.Cut(b, []byte("\n"))
		if len(r.line)+len(part) >= maxSMTPLine {
			return false, fmt.Errorf("a line of more than %d bytes", maxSMTPLine)
		}
		r.line = append(r.line, part...)
		if !complete {
			return false, nil
		}
		if done, err = r.judge(bytes.TrimSuffix(r.line, []byte("\r"))); err != nil {
			return false, err
		}
		r.line, b = r.line[:0], rest
	}
	if len(b) > 0 && r.want != anyCode {
		return false, fmt.Errorf("the server goes on without being asked: %.60q", b)
	}
	return true, nil
}

// judge takes one line: its code, then a blank or nothing in the last line of
// a reply, and a hyphen in the others.
func (r *smtpReply) judge(line []byte) (last bool, err error) {
	if r.want == anyCode {
		return true, nil
	}
	if rest, ok := bytes.CutPrefix(line, fmt.Append(nil, r.want)); ok {
		switch {
		case len(rest) == 0 || rest[0] == ' ':
			return true, nil
		case rest[0] == '-':
			return false, nil
		}
	}
	return false, fmt.Errorf("%.60q, not %d", line, r.want)
}
