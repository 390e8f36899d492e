package notify

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"net"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"halbd/conf"
)

// relay is a mail server with TLS that wants a login.
type relay struct {
	offers   []string // extensions before TLS; after it AUTH with these mechanisms
	auth     string
	refuses  string // the recipient that it does not take
	password string
	mail     []string // sender, recipients, then the message's lines
}

// certificate is one for example.com, and a pool that trusts it.
func certificate(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	s := httptest.NewUnstartedServer(nil)
	s.StartTLS()
	defer s.Close()
	pool := x509.NewCertPool()
	pool.AddCert(s.Certificate())
	return s.TLS.Certificates[0], pool
}

// serve plays one session.
func (r *relay) serve(conn net.Conn, cert tls.Certificate, overTLS bool) {
	defer conn.Close()
	secure := func() { conn = tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{cert}}) }
	if overTLS {
		secure()
	}
	in := bufio.NewReader(conn)
	say := func(s string) { conn.Write([]byte(s + "\r\n")) }
	encrypted := overTLS
	loggedIn := false
	say("220 relay")
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		line = strings.TrimRight(line, "\r\n")
		verb, rest, _ := strings.Cut(line, " ")
		switch {
		case verb == "EHLO" && encrypted:
			say("250-relay\r\n250 AUTH " + r.auth)
		case verb == "EHLO":
			say("250-relay\r\n250 " + strings.Join(r.offers, "\r\n250 "))
		case verb == "STARTTLS":
			say("220 go")
			secure()
			in, encrypted = bufio.NewReader(conn), true
		case verb == "AUTH":
			_, what, _ := strings.Cut(rest, " ")
			got, _ := base64.StdEncoding.DecodeString(what)
			if loggedIn = string(got) == "\x00lb\x00"+r.password; loggedIn {
				say("235 welcome")
			} else {
				say("535 wrong password")
			}
		case verb == "MAIL" && !loggedIn:
			say("530 log in first")
		case verb == "RCPT" && strings.Contains(rest, r.refuses) && r.refuses != "":
			say("550 unknown")
		case verb == "MAIL", verb == "RCPT":
			r.mail = append(r.mail, rest)
			say("250 ok")
		case verb == "DATA":
			say("354 go")
			for line != ".\r\n" {
				if line, err = in.ReadString('\n'); err != nil {
					return
				}
				r.mail = append(r.mail, strings.TrimRight(line, "\r\n"))
			}
			say("250 taken")
		case verb == "QUIT":
			say("221 bye")
			return
		default:
			say("502 what?")
		}
	}
}

// Mail through TLS with a login, and all that must keep it from being sent.
func TestSecureMail(t *testing.T) {
	cert, pool := certificate(t)
	for name, c := range map[string]struct {
		relay  relay
		tls    conf.MailTLS
		server string // that the certificate is to be for
		want   string // part of the error; "": delivered
		final  bool
	}{
		"starttls":               {relay: relay{offers: []string{"STARTTLS"}, auth: "PLAIN LOGIN"}, tls: conf.MailSTARTTLS},
		"tls":                    {relay: relay{auth: "PLAIN"}, tls: conf.MailOverTLS},
		"one recipient refused":  {relay: relay{auth: "PLAIN", refuses: "a@"}, tls: conf.MailOverTLS},
		"all refused":            {relay: relay{auth: "PLAIN", refuses: "@"}, tls: conf.MailOverTLS, want: "550", final: true},
		"no STARTTLS":            {relay: relay{offers: []string{"SIZE 1000"}, auth: "PLAIN"}, tls: conf.MailSTARTTLS, want: "offers no STARTTLS"},
		"another name":           {relay: relay{auth: "PLAIN"}, tls: conf.MailOverTLS, server: "other.example.org", want: "certificate"},
		"another name, starttls": {relay: relay{offers: []string{"STARTTLS"}, auth: "PLAIN"}, tls: conf.MailSTARTTLS, server: "other.example.org", want: "certificate"},
		"wrong password":         {relay: relay{auth: "PLAIN", password: "another"}, tls: conf.MailOverTLS, want: "wrong password"},
		"strange mechanisms":     {relay: relay{auth: "GSSAPI"}, tls: conf.MailOverTLS, want: "no way to log in"},
	} {
		t.Run(name, func(t *testing.T) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			r := c.relay
			if r.password == "" {
				r.password = "sesame"
			}
			served := make(chan struct{})
			go func() {
				defer close(served)
				if conn, err := l.Accept(); err == nil {
					r.serve(conn, cert, c.tls == conf.MailOverTLS)
				}
			}()
			m := conf.Mail{Server: "example.com", HELO: "lb1", From: "lb@example.org", To: []string{"a@example.org", "b@example.com"},
				TLS: c.tls, User: "lb", Password: "sesame", ConnectTimeout: 5 * time.Second}
			if c.server != "" {
				m.Server = c.server
			}
			conn, err := net.Dial("tcp", l.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			err = sendSecurely(context.Background(), conn, &m, alert{subject: "s", body: "b", at: mailAt}, &tls.Config{RootCAs: pool})
			conn.Close()
			<-served
			if c.want != "" {
				var f finalError
				if err == nil || !strings.Contains(err.Error(), c.want) || errors.As(err, &f) && f.forGood() != c.final || strings.Contains(err.Error(), "sesame") {
					t.Errorf("%v, want %q", err, c.want)
				}
				if len(r.mail) > 1 {
					t.Errorf("the relay has %q", r.mail)
				}
				return
			}
			got := strings.Join(r.mail, "\n")
			if err != nil || !strings.HasPrefix(got, "FROM:<lb@example.org>") || !strings.Contains(got, "TO:<b@example.com>\nDate: Thu, 05 Nov 2026 02:20:45 +0200\nFrom: lb@example.org\nSubject: s\nX-Mailer: Keepalived\n") ||
				!strings.HasSuffix(got, "\n\n=> b <=\n.") {
				t.Errorf("%v\n%s", err, got)
			}
		})
	}
}
