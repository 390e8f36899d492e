package notify

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"halbd/conf"
	"halbd/event"
)

var mailAt = time.Date(2026, 11, 5, 2, 20, 45, 0, time.FixedZone("", 2*3600))

// server plays the lines of a mail server: each is sent as soon as the client
// has said something, the first one at once. It returns what the client said.
func server(conn net.Conn, lines ...string) (said string) {
	in := bufio.NewReader(conn)
	for _, l := range lines {
		conn.Write([]byte(l + "\r\n"))
		data := strings.HasPrefix(l, "354")
		for {
			got, err := in.ReadString('\n')
			said += got
			if err != nil {
				return said
			}
			if !data || got == ".\r\n" {
				break
			}
		}
	}
	conn.Close()
	return said
}

func converse(e envelope, a alert, lines ...string) (string, error) {
	near, far := net.Pipe()
	said := make(chan string)
	go func() { said <- server(far, lines...) }()
	err := newDialogue(near, time.Second).deliver(e, a)
	near.Close()
	return <-said, err
}

// The bytes are those of keepalived 2.4.
func TestMailBytes(t *testing.T) {
	e := envelope{helo: "box", from: "Keep <k@example.org>", to: []string{"a@example.org", "Carl <c@example.org>"}}
	ev := event.Event{Kind: event.RealServer, Name: "[10.0.0.1]:tcp:80", Service: "[10.0.0.100]:tcp:80", State: event.Down, Alert: "Removing", At: mailAt}
	a, ok := alertOf(ev, "lb1")
	said, err := converse(e, a, "220-hello\r\n220 there", "250-box\r\n250 ok", "250 ok", "250 ok", "251 forwarded", "354 go", "250 taken", "221 bye")
	want := "HELO box\r\nMAIL FROM:<k@example.org>\r\nRCPT TO:<a@example.org>\r\nRCPT TO:<c@example.org>\r\nDATA\r\n" +
		"Date: Thu, 05 Nov 2026 02:20:45 +0200\r\nFrom: Keep <k@example.org>\r\nSubject: [lb1] Realserver [10.0.0.1]:tcp:80 of virtual server [10.0.0.100]:tcp:80 - DOWN\r\n" +
		"X-Mailer: Keepalived\r\nTo: a@example.org,\r\n Carl <c@example.org>\r\n\r\n=> Removing <=\r\n\r\n.\r\nQUIT\r\n"
	if !ok || err != nil || said != want {
		t.Errorf("%v\n%q\nwant\n%q", err, said, want)
	}
}

func TestAlertWords(t *testing.T) {
	for _, c := range []struct {
		ev   event.Event
		want string
	}{
		{event.Event{Kind: event.Instance, Name: "V", State: event.Master}, "VRRP Instance V - Entering MASTER state|VRRP Instance is now owning VRRP VIPs"},
		{event.Event{Kind: event.Instance, Name: "V", State: event.Backup}, "VRRP Instance V - Entering BACKUP state|VRRP Instance is no longer owning VRRP VIPs"},
		{event.Event{Kind: event.Instance, Name: "V", State: event.Fault}, "VRRP Instance V - Entering FAULT state|VRRP Instance is no longer owning VRRP VIPs"},
		{event.Event{Kind: event.Instance, Name: "V", State: event.Stop}, "VRRP Instance V - Stopping|VRRP Instance is no longer owning VRRP VIPs"},
		{event.Event{Kind: event.Instance, Name: "V", State: event.Deleted}, "VRRP Instance V - Deleted|VRRP Deleted at reload"},
		{event.Event{Kind: event.Instance, Name: "V", State: event.RxLowerPri}, ""},
		{event.Event{Kind: event.Group, Name: "G", State: event.Fault}, "VRRP Group G - Entering FAULT state|All VRRP group instances are now in FAULT state"},
		{event.Event{Kind: event.Group, Name: "G", State: event.Stop}, ""},
		{event.Event{Kind: event.VirtualServer, Name: "FWM 9", State: event.Up, Alert: "Gained quorum 3+1=4 <= 4"}, "Virtualserver FWM 9 - UP|Gained quorum 3+1=4 <= 4"},
		{event.Event{Kind: event.RealServer, Name: "R", Service: "S", State: event.Down}, ""},
		{event.Event{Kind: event.Checker, Name: "R", Service: "S", State: event.Down, Alert: "TCP CHECK succeed on service"}, "Realserver R of virtual server S - DOWN|TCP CHECK succeed on service"},
	} {
		a, ok := alertOf(c.ev, "lb")
		got := strings.TrimPrefix(a.subject, "[lb] ") + "|" + a.body
		if ok != (c.want != "") || ok && got != c.want {
			t.Errorf("%+v: %v %q, want %q", c.ev, ok, got, c.want)
		}
	}
}

// What a server may answer, and what becomes of the mail.
func TestMailAnswers(t *testing.T) {
	e := envelope{helo: "h", from: "f", to: []string{"a", "b"}}
	for name, c := range map[string]struct {
		lines []string
		want  string // part of the error; "": delivered
		final bool
	}{
		"no greeting":           {[]string{"554 go away"}, "554 \"go away\" to the connection", true},
		"busy":                  {[]string{"421 later"}, "421", false},
		"HELO refused":          {[]string{"220 x", "550 who"}, "HELO h", true},
		"sender refused":        {[]string{"220 x", "250 x", "553 no"}, "MAIL FROM:<f>", true},
		"one recipient refused": {[]string{"220 x", "250 x", "250 x", "550 no", "250 x", "354 x", "250 x", "221 x"}, "", false},
		"all refused":           {[]string{"220 x", "250 x", "250 x", "550 no", "450 greylisted"}, "450", false},
		"message refused":       {[]string{"220 x", "250 x", "250 x", "250 x", "250 x", "354 x", "552 too big"}, "the message", true},
		"QUIT not answered":     {[]string{"220 x", "250 x", "250 x", "250 x", "250 x", "354 x", "250 x"}, "", false},
		"garbage":               {[]string{"hello"}, "has no code", false},
		"a short line":          {[]string{"25"}, "has no code", false},
		"nothing":               {[]string{""}, "has no code", false},
		"a line without end":    {[]string{strings.Repeat("2", 5000)}, "buffer full", false},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := converse(e, alert{subject: "s", body: "b"}, c.lines...)
			var r *refusal
			switch {
			case c.want == "" && err != nil, c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
				t.Errorf("%v, want %q", err, c.want)
			case errors.As(err, &r) && r.forGood() != c.final:
				t.Errorf("%v: final %v", err, r.forGood())
			}
		})
	}
}

// lines is a log that a test can read.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *lines) has(part string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Contains(l.text.String(), part)
}

// postbox is a mailer whose server fails as a test wants.
type postbox struct {
	*mailer
	log lines

	mu   sync.Mutex
	sent []string
	fail error
	slow time.Duration
}

// failWith makes the server fail from now on, or work again.
func (p *postbox) failWith(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fail = err
}

// taken gives what was sent since the last time.
func (p *postbox) taken() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	sent := p.sent
	p.sent = nil
	return sent
}

func newPostbox() *postbox {
	p := &postbox{}
	p.mailer = newMailer(slog.New(slog.NewTextHandler(&p.log, nil)), func(ctx context.Context, c *conf.Mail, a alert) error {
		select {
		case <-time.After(p.slow):
		case <-ctx.Done():
			return ctx.Err()
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.fail == nil {
			p.sent = append(p.sent, a.subject+" to "+c.Server)
		}
		return p.fail
	})
	p.configure(conf.Mail{Server: "s", To: []string{"a"}})
	return p
}

func (p *postbox) put(list ...string) {
	for _, l := range list {
		p.post(alert{subject: l, at: time.Now()})
	}
}

func (p *postbox) want(t *testing.T, list string) {
	t.Helper()
	synctest.Wait()
	if got := strings.Join(p.taken(), ", "); got != list {
		t.Errorf("sent %q, want %q", got, list)
	}
}

func TestMailIsTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPostbox()
		defer p.close()
		p.failWith(errors.New("no route"))
		p.put("one", "two")
		time.Sleep(5 * time.Minute) // tried after 1, 2, 4, 8, 16, 30, 30 ... s
		p.want(t, "")
		p.failWith(nil)
		time.Sleep(30 * time.Second)
		p.want(t, "one to s, two to s")
		if !p.log.has("no route") || !p.log.has("can be sent again") {
			t.Error("log: ", p.log.text.String())
		}
		p.failWith(&refusal{code: 550})
		p.put("three")
		synctest.Wait()
		p.failWith(nil)
		p.put("four")
		p.want(t, "four to s")
	})
}

// A reload that names another server makes the mails that wait go there at once.
func TestMailFollowsAReload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPostbox()
		defer p.close()
		p.failWith(errors.New("no route"))
		p.put("one")
		time.Sleep(20 * time.Second)
		p.failWith(nil)
		p.configure(conf.Mail{Server: "other", To: []string{"a"}})
		p.want(t, "one to other")
		p.failWith(errors.New("no route"))
		p.put("two")
		synctest.Wait()
		p.configure(conf.Mail{})
		p.failWith(nil)
		time.Sleep(time.Hour)
		p.want(t, "")
	})
}

func TestMailIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPostbox()
		defer p.close()
		p.failWith(errors.New("no route"))
		p.put("old")
		time.Sleep(50 * time.Minute)
		p.put("new")
		time.Sleep(20 * time.Minute)
		p.failWith(nil)
		time.Sleep(time.Minute)
		p.want(t, "new to s")
	})
}

// The queue is bounded: the latest alerts stay.
func TestMailQueueIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPostbox()
		p.failWith(errors.New("no route"))
		for i := range mailLimit + 7 {
			p.put(fmt.Sprint(i))
		}
		synctest.Wait()
		p.failWith(nil)
		time.Sleep(time.Minute)
		synctest.Wait()
		if sent := p.taken(); len(sent) != mailLimit || sent[0] != "7 to s" || !p.log.has("mail: 7 were lost") {
			t.Errorf("%d sent: %.100s\n%s", len(sent), sent, p.log.text.String())
		}
		p.close()
	})
}

// At the end what waits is sent within three seconds; a server that cannot be
// reached costs no time.
func TestMailAtTheEnd(t *testing.T) {
	for name, c := range map[string]struct {
		fail error
		slow time.Duration
		took time.Duration
		want string
	}{
		"fast":   {nil, 100 * time.Millisecond, 200 * time.Millisecond, "one to s, two to s"},
		"slow":   {nil, 2 * time.Second, outboxGrace, "one to s"},
		"failed": {errors.New("no route"), 0, 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newPostbox()
				p.fail, p.slow = c.fail, c.slow
				p.put("one", "two")
				begin := time.Now()
				p.close()
				if took := time.Since(begin); took != c.took {
					t.Errorf("took %v, want %v", took, c.took)
				}
				p.want(t, c.want)
			})
		})
	}
}

// Whatever a mail server says, the dialogue ends.
func FuzzMailAnswers(f *testing.F) {
	f.Add("220 x\r\n250 x\r\n250 x\r\n250 x\r\n354 x\r\n250 x\r\n221 x\r\n")
	f.Add("220-a\r\n220-b\r\n220")
	f.Add("2\n")
	f.Fuzz(func(t *testing.T, answers string) {
		near, far := net.Pipe()
		go func() { io.Copy(io.Discard, far) }()
		go func() { io.WriteString(far, answers); far.Close() }()
		newDialogue(near, 50*time.Millisecond).deliver(envelope{to: []string{"a"}}, alert{})
		near.Close()
	})
}
