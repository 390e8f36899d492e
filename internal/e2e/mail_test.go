package e2e

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"halbd/internal/lab"
)

const mailDefs = `global_defs {
 router_id t
 smtp_server 127.0.0.1 2525
 smtp_helo_name box.example.org
 notification_email_from k@example.org
 notification_email {
  a@example.org
  c@example.org
 }
`

var reloaded = regexp.MustCompile(`Reload (finished|complete)`)

var mailDate = regexp.MustCompile(`Date: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d [+-]\d{4}\r\n`)

// mailsOf waits for so many mails. They come side by side from keepalived, so
// they are sorted; the date is checked and taken out.
func mailsOf(t *testing.T, s *lab.MailSink, count int) []string {
	t.Helper()
	if lab.Wait(20*time.Second, func() bool { return len(s.Sessions()) >= count }) != nil {
		t.Fatalf("%d mails, want %d: %q", len(s.Sessions()), count, s.Sessions())
	}
	list := s.Sessions()
	for i, m := range list {
		if len(mailDate.FindAllString(m, -1)) != 1 {
			t.Errorf("no date in %q", m)
		}
		list[i] = mailDate.ReplaceAllString(m, "Date: X\r\n")
	}
	slices.Sort(list)
	return list
}

// The mails about instances and groups are keepalived's, to the byte, but for
// the folded To of version 2.4, and those at the end, which keepalived loses.
func TestMails(t *testing.T) {
	t.Parallel()
	vip := func(n string) string { return "virtual_ipaddress {\n 10.9.1." + n + "/32\n }\n" }
	group := "vrrp_sync_group G {\n group {\n V1\n V2\n }\n smtp_alert\n}\n"
	body := func(extra string) string {
		return mailDefs + " smtp_alert_vrrp\n " + extra + "}\n" + group + instance("V1", 1, 150, vip("1")) + instance("V2", 2, 150, "smtp_alert off\n"+vip("2")) + instance("V3", 3, 150, vip("3"))
	}
	var got [2][]string
	for i, binary := range []string{keepalived, halbd} {
		t.Run(filepath.Base(binary), func(t *testing.T) {
			n := lan(t, "a")
			s, err := n.MailSink("a", "127.0.0.1:2525")
			must(t, err)
			t.Cleanup(s.Close)
			p := start(t, n, "a", binary, body(""))
			mailsOf(t, s, 6) // BACKUP and MASTER of V1, V3 and G
			n.Run("a", "ip link set eth0 down")
			mailsOf(t, s, 9)
			must(t, os.WriteFile(p.Conf(), []byte(body("no_email_faults\n")), 0o644))
			must(t, p.Signal(syscall.SIGHUP))
			wait(t, "reloaded", 5*time.Second, func() bool { return reloaded.MatchString(p.Log()) })
			n.Run("a", "ip link set eth0 up")
			mailsOf(t, s, 15)
			n.Run("a", "ip link set eth0 down") // no mail
			wait(t, "FAULT", 5*time.Second, func() bool { return strings.Count(p.Log(), "(V3) Entering FAULT STATE") == 2 })
			n.Run("a", "ip link set eth0 up")
			got[i] = mailsOf(t, s, 21)
			must(t, p.Stop(8*time.Second))
			if binary == halbd {
				last := mailsOf(t, s, 23)
				stops := slices.DeleteFunc(last, func(m string) bool { return !strings.Contains(m, " - Stopping\r\n") })
				if len(stops) != 2 {
					t.Errorf("%d mails about the stop: %q", len(stops), stops)
				}
			}
			for j := range got[i] {
				got[i][j] = strings.ReplaceAll(got[i][j], ",\r\n ", ", ")
			}
		})
	}
	if d := cmp.Diff(got[0], got[1]); d != "" {
		t.Errorf("- keepalived, + halbd:\n%s", d)
	}
}

// Mail that nobody takes delays nothing: not the role, not the stop. It is
// delivered when somebody does.
func TestMailServerThatHangs(t *testing.T) {
	t.Parallel()
	n := lan(t, "a")
	conf := func(server string) string {
		return strings.Replace(mailDefs, "127.0.0.1 2525", server, 1) + " smtp_alert\n}\n" + instance("V1", 1, 150, "virtual_ipaddress {\n 10.9.1.1/32\n }")
	}
	p := start(t, n, "a", halbd, conf("127.0.0.1 2599"))
	wait(t, "MASTER", 8*time.Second, func() bool { return owns(n, "a", "10.9.1.1") })
	wait(t, "a log line", 5*time.Second, func() bool { return strings.Contains(p.Log(), "cannot be sent") })
	s, err := n.MailSink("a", "127.0.0.1:2525")
	must(t, err)
	t.Cleanup(s.Close)
	must(t, os.WriteFile(p.Conf(), []byte(conf("127.0.0.1 2525")), 0o644))
	must(t, p.Signal(syscall.SIGHUP))
	mailsOf(t, s, 2)
	first := s.Sessions()[0]
	if !strings.Contains(first, "Entering BACKUP state") {
		t.Errorf("the first mail is %q", first)
	}
	must(t, os.WriteFile(p.Conf(), []byte(conf("127.0.0.1 2598")), 0o644))
	must(t, p.Signal(syscall.SIGHUP))
	begin := time.Now()
	must(t, p.Stop(8*time.Second))
	if took := time.Since(begin); took > 3*time.Second {
		t.Errorf("the stop took %v", took)
	}
}
