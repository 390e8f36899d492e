package ipvskernel

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"halbd/internal/lab"
)

// The mails about servers are keepalived's to the byte, but for what version
// 2.4 has changed: the folded To, and the words of a HTTP_GET that fails.
func TestServerMails(t *testing.T) {
	const defs = `global_defs {
 smtp_server 127.0.0.1 2525
 smtp_helo_name box
 notification_email_from k@example.org
 notification_email {
  a@example.org
  c@example.org
 }
}
`
	conf := defs + vs("10.50.0.1 80", natRules+"smtp_alert\n quorum 2\n hysteresis 1\n "+sorryRule,
		rs(1, 1, tcpCheck)+rs(2, 1, httpCheck)+rs(3, 1, tcpCheck+httpCheck)+rs(4, 1, "smtp_alert off\n"+tcpCheck))
	date := regexp.MustCompile(`Date: [^\r]*\r\n`)
	newer := strings.NewReplacer("HTTP request failed", "HTTP/SSL request failed", ",\r\n ", ", ")
	programs := []string{keepalived, os.Getenv(binary)}
	got := make([][]string, len(programs))
	t.Run("each", func(t *testing.T) {
		for i, program := range programs {
			t.Run(filepath.Base(program), func(t *testing.T) {
				t.Parallel()
				d := newDirector(t)
				s, err := d.net.MailSink("d", "127.0.0.1:2525")
				must(t, err)
				t.Cleanup(s.Close)
				part := 0
				// Mails of one step come in any order: they are sorted.
				collect := func(what string, count int) {
					t.Helper()
					if lab.Wait(30*time.Second, func() bool { return len(s.Sessions()) >= part+count }) != nil {
						t.Fatalf("%s: %d mails, want %d: %q", what, len(s.Sessions())-part, count, s.Sessions()[part:])
					}
					list := s.Sessions()[part : part+count]
					part += count
					for j, m := range list {
						list[j] = fmt.Sprintf("%s: %s", what, newer.Replace(date.ReplaceAllString(m, "")))
					}
					slices.Sort(list)
					got[i] = append(got[i], list...)
				}
				d.start(t, program, conf)
				collect("start", 1)
				change(d, 2*time.Second) // the first checks
				d.down(1)
				collect("1 down", 1)
				d.down(2)
				collect("2 down", 1)
				d.down(3)
				collect("3 down: each of its checks", 2)
				d.down(4)
				collect("4 down: of the quorum alone", 1)
				must(t, d.up(1, 2, 3))
				collect("up", 5)
				must(t, d.rewrite(func(text string) string { return strings.ReplaceAll(text, "10.50.0.1", "10.50.0.2") }))
				collect("another key: three servers and a quorum go, another comes", 5)
			})
		}
	})
	if d := cmp.Diff(got[0], got[1]); d != "" {
		t.Errorf("- keepalived, + halbd:\n%s", d)
	}
}
