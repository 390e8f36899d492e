package conf

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"
)

// at gives "line:code" in the order of the text for each diagnostic of a text that is no notice of
// keywords that do not act yet; the line is the one that keepalived names.
func at(ds Diagnostics) string {
	var out []string
	for _, d := range ds {
		if d.Code == notActedOn {
			continue
		}
		line := d.Pos.Line
		if d.End != 0 {
			line = d.End
		}
		out = append(out, fmt.Sprintf("%d:%v", line, d.Code))
	}
	return strings.Join(out, " ")
}

// service makes a virtual server: its head, statements, and the body of its
// one real server, whose block begins on line 5 after those statements.
func service(head, statements, real string) string {
	return "virtual_server " + head + " {\n" + statements + "\nreal_server 10.0.1.1 80 {\n" + real + "\n}\n}\n"
}

const nat = "protocol TCP\nlvs_sched rr\nlvs_method NAT"

// What is wrong with virtual servers, where it is said, and the exit status;
// keepalived gives the same status and names no other line.
func TestServerDiagnostics(t *testing.T) {
	checker := func(kind, body string) string { return service("10.0.0.1 80", nat, kind+" {\n"+body+"\n}") }
	group := func(items, statements string) string {
		return "virtual_server_group g {\n" + items + "\n}\n" + service("group g", statements, "")
	}
	for _, c := range []struct {
		name, text string
		status     int
		want       string
	}{
		{"flag after its scheduler", service("10.0.0.1 80", "protocol TCP\nlvs_sched sh\nsh-port\nlvs_method NAT", ""), 0, ""},
		{"flag before its scheduler", service("10.0.0.1 80", "protocol TCP\nsh-port\nlvs_sched sh\nlvs_method NAT", ""), 5, "3:HB0515"},
		{"numbered flag", service("10.0.0.1 80", nat+"\nflag-1", ""), 0, ""},
		{"hashed", service("10.0.0.1 80", nat+"\nhashed", ""), 5, "5:HB0803 5:HB0515"},
		{"ops of TCP", service("10.0.0.1 80", nat+"\nops", ""), 5, "1:HB0516"},
		{"ops of a fwmark", service("fwmark 1", "lvs_sched rr\nlvs_method NAT\nops", ""), 0, ""},
		{"port 0", service("10.0.0.1", nat, ""), 5, "1:HB0517"},
		{"port 0 and persistence", service("10.0.0.1", nat+"\npersistence_granularity 255.255.0.0", ""), 0, ""},
		{"family of an address", service("10.0.0.1 80", nat+"\nip_family inet6", ""), 5, "5:HB0212"},
		{"family decided by a netmask", service("fwmark 1", "lvs_sched rr\nlvs_method NAT\npersistence_granularity 64", ""), 5, "8:HB0501 7:HB0212"},
		{"number as netmask", service("10.0.0.1 80", nat+"\npersistence_granularity 24", ""), 0, "5:HB0525"},
		{"suspend of a fwmark", service("fwmark 1", "lvs_sched rr\nlvs_method NAT\nha_suspend", ""), 5, "1:HB0521"},
		{"gue without port", service("10.0.0.1 80", "protocol TCP\nlvs_sched rr\nlvs_method TUN type gue", ""), 5, "4:HB0218"},
		{"gre with remcsum", service("10.0.0.1 80", "protocol TCP\nlvs_sched rr\nlvs_method TUN type gre remcsum", ""), 5, "4:HB0218"},
		{"options of DR", service("10.0.0.1 80", "protocol TCP\nlvs_sched rr\nlvs_method DR type gue port 5", ""), 0, "4:HB0527"},
		{"sorry server alone", "virtual_server 10.0.0.1 80 {\n" + nat + "\nsorry_server 10.0.0.9 80\n}\n", 5, "6:HB0501"},
		{"sorry options first", service("10.0.0.1 80", nat+"\nsorry_server_inhibit\nsorry_server 10.0.0.9 80", ""), 5, "5:HB0510"},
		{"sorry of another family", service("10.0.0.1 80", nat+"\nsorry_server 2001:db8::1 80", ""), 5, "9:HB0212"},
		{"sorry is real", service("10.0.0.1 80", nat+"\nsorry_server 10.0.1.1 80", ""), 0, "5:HB0524"},
		{"ports of DR", service("10.0.0.1 81", "protocol TCP\nlvs_sched rr\nlvs_method DR", ""), 5, "5:HB0507"},
		{"ports of a fwmark", service("fwmark 1", "lvs_sched rr\nlvs_method DR", ""), 5, "4:HB0518"},
		{"range as address", service("10.0.0.1-5 80", nat, ""), 0, "1:HB0526"},
		{"interface in an address", service("fe80::1%eth0 80", nat, ""), 5, "1:HB0210"},
		{"two words for a label", service("10.0.0.1 80", nat+"\nsnmp_name a b", ""), 5, "5:HB0216"},
		{"the same service", service("10.0.0.1 80", nat, "") + service("10.0.0.1 80", nat, ""), 0, "9:HB0513"},
		{"service of a group", "virtual_server_group g {\n10.0.0.1-9 80\n}\n" + service("group g", nat, "") + service("10.0.0.5 80", nat, ""), 0, "12:HB0514"},
		{"fwmark of two families", service("fwmark 1", "ip_family inet6\nlvs_sched rr\nlvs_method TUN", "") + service("fwmark 1", "lvs_sched rr\nlvs_method NAT", ""), 5, "5:HB0518"},

		{"group range of one", group("10.0.0.1-1 80", nat), 5, "3:HB0304 2:HB0210 4:HB0512"},
		{"group host bits", group("10.0.0.1/24 80", nat), 5, "3:HB0304 2:HB0210 4:HB0512"},
		{"group too large", group("10.0.0.0/8 80", nat), 0, "2:HB0520"},
		{"group of two families", group("10.0.0.1 80\n2001:db8::1 80", nat), 0, "5:HB0519"},
		{"group fwmark unknown family", group("10.0.0.1 80\nfwmark 1 ipv6", nat), 5, "3:HB0209"},
		{"group fwmark alone", group("10.0.0.1 80\nfwmark", nat), 2, "3:HB0201"},
		{"group fwmark with protocol", group("fwmark 1", nat), 5, "4:HB0506"},
		{"group name twice", "virtual_server_group g {\n10.0.0.1 80\n}\n" + group("10.0.0.2 80", nat), 0, "4:HB0302"},

		{"HTTP_GET without url", checker("HTTP_GET", ""), 5, "8:HB0304"},
		{"url without path", checker("HTTP_GET", "url {\n}\nurl {\npath /\n}"), 5, "8:HB0304"},
		{"second digest", checker("HTTP_GET", "url {\npath /\ndigest "+strings.Repeat("a", 32)+"\ndigest "+strings.Repeat("b", 32)+"\n}"), 5, "10:HB0214"},
		{"regex without pattern", checker("HTTP_GET", "url {\npath /\nregex\nregex_stack 2 1\n}"), 0, "9:HB0202 10:HB0528"},
		{"regex escapes", checker("SSL_GET", "url {\npath /\nregex \"\\d+\"\nregex \"\\\\d\"\n}"), 0, "9:HB0529 10:HB0215"},
		{"bind and target", checker("TCP_CHECK", "bindto 10.0.0.9\nconnect_ip 2001:db8::1"), 5, "8:HB0511"},
		{"bind and server", checker("PING_CHECK", "bindto 2001:db8::1"), 5, "7:HB0511"},
		{"bind of SMTP", checker("SMTP_CHECK", "bindto 2001:db8::1"), 0, "6:HB0511"},
		{"bind of a SMTP host", checker("SMTP_CHECK", "host {\nbindto 2001:db8::1\n}"), 5, "8:HB0511"},
		{"link-local target", checker("UDP_CHECK", "connect_ip fe80::1"), 5, "8:HB0522"},
		{"long interface", checker("TCP_CHECK", "bind_if abcdefghijklmnop"), 5, "7:HB0213"},
		{"reply lengths", checker("UDP_CHECK", "require_reply 00\nmin_reply_length 256"), 0, "9:HB0523"},
		{"reply lengths without a pattern", checker("UDP_CHECK", "require_reply\nmax_reply_length 4"), 0, "6:HB0531"},
		{"payload", checker("UDP_CHECK", "payload 0x\nrequire_reply 0x"), 5, "7:HB0217"},
		{"payload of several words", checker("UDP_CHECK", "payload 0 1\nrequire_reply 0x 1"), 0, ""},
		{"pattern of several words", checker("HTTP_GET", "url {\npath /\nregex 'a b'\nregex a b\n}"), 0, "10:HB0528"},
		{"record type", checker("DNS_CHECK", "type PTR"), 5, "7:HB0209"},
		{"name", checker("DNS_CHECK", "name ab..c"), 5, "7:HB0217"},
		{"name of one letter", checker("DNS_CHECK", "name a."), 5, "7:HB0530"},
		{"names", checker("DNS_CHECK", "name .") + checker("DNS_CHECK", "name a") + checker("DNS_CHECK", "name ab.c.d"), 0, "11:HB0513 21:HB0513"},
		{"no track file", checker("FILE_CHECK", "track_file later") + "track_file later {\nfile /x\n}\n", 5, "8:HB0304 7:HB0303 11:HB0351"},
		{"no session", checker("BFD_CHECK", "name later") + "bfd_instance later {\nneighbor_ip 10.0.0.9\n}\n", 5, "7:HB0303 11:HB0351"},
		{"a session for VRRP alone", "bfd_instance far {\nneighbor_ip 10.0.0.9\nvrrp\n}\n" + checker("BFD_CHECK", "name far"), 5, "1:HB0351 11:HB0303"},
		{"no script", checker("MISC_CHECK", "misc_timeout 4"), 5, "8:HB0304"},
		{"no account", checker("MISC_CHECK", "misc_path /bin/true\nuser nobody.here"), 5, "8:HB0602"},
		{"SSL twice", "SSL {\nca /a\nca /b\n}\nSSL {\nkey /c\n}\n", 5, "3:HB0215 5:HB0215"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, ds := loadText(t, c.text, fakeHost{scripts: true, users: c.name != "no account"})
			if got := at(ds); got != c.want || ds.ExitStatus() != c.status {
				t.Errorf("%s, status %d, want %s, status %d\n%v", got, ds.ExitStatus(), c.want, c.status, ds)
			}
		})
	}
}

// Diagnostics that keepalived gives at the end of a block name both lines.
func TestEndOfBlockIsNamed(t *testing.T) {
	_, ds := loadText(t, service("10.0.0.1 80", nat, "TCP_CHECK {\nconnect_ip fe80::1\n}"), fakeHost{})
	if len(ds) != 1 || ds[0].Pos.Line != 6 {
		t.Fatal(ds)
	}
	if got := ds[0].Keepalived(ds[0].Pos.File); !strings.HasPrefix(got, "(Line 8) ") || !strings.HasSuffix(got, "(of line 6)") {
		t.Error(got)
	}
}

// Settings go down from virtual server over real server to checker, and mail
// settings come from the globals.
func TestServerInheritance(t *testing.T) {
	cfg, _ := loadText(t, `
global_defs {
smtp_alert off
smtp_alert_checker
no_checker_emails
}
virtual_server fwmark 3 {
lvs_sched rr
lvs_method TUN
delay_loop 7
smtp_alert off
real_server 10.0.0.1 80 {
retry 5
DNS_CHECK {
}
UDP_CHECK {
payload 1 23 x
require_reply 4x 5
}
SMTP_CHECK {
connect_port 25
host {
connect_ip 10.0.0.7
connect_timeout 2
}
connect_timeout 3
host {
connect_port 26
}
}
}
real_server 10.0.0.2 80 {
smtp_alert off
}
}
`, fakeHost{})
	v := cfg.VirtualServers[0]
	if v.SMTPAlert || !v.RealServers[0].SMTPAlert || v.RealServers[1].SMTPAlert || !cfg.Global.NoCheckerEmails {
		t.Errorf("smtp_alert: %+v", v)
	}
	k := v.RealServers[0].Checkers
	if len(k) != 5 {
		t.Fatalf("%d checkers: %+v", len(k), k)
	}
	if d := k[0]; d.Retry != 5 || d.RetryDelay != 7*time.Second || d.Warmup != 7*time.Second || *d.DNS != (DNSOptions{"SOA", "."}) {
		t.Errorf("DNS_CHECK: %+v %+v", d, d.DNS)
	}
	if u := k[1].UDP; len(u.Payload) != 0 || !reflect.DeepEqual(u.Reply, []byte{0x40, 5}) || !reflect.DeepEqual(u.ReplyMask, []byte{0xf0, 0xff}) || u.MaxReply != 255 {
		t.Errorf("UDP_CHECK: %+v", u)
	}
	for i, want := range []string{"10.0.0.1:25 3s", "10.0.0.7:80 2s", "10.0.0.1:26 3s"} {
		if got := fmt.Sprint(k[i+2].Connect, " ", k[i+2].ConnectTimeout); got != want || k[i+2].SMTP.HELO != "smtpchecker.keepalived.org" {
			t.Errorf("SMTP_CHECK %d: %s, want %s", i, got, want)
		}
	}
	survivesJSON(t, cfg)
}

// The scripts of servers that are not used do not count for the exit status.
func TestScriptsOfUnusedServers(t *testing.T) {
	for _, text := range []string{
		"virtual_server 10.0.0.1 80 {\n" + nat + "\nquorum_up /bin/true\n}\n",
		service("10.0.0.1 80", nat, "") + "virtual_server 2001:db8::1 80 {\n" + nat + "\nreal_server 10.0.0.1 80 {\nnotify_up /bin/true\nMISC_CHECK {\nmisc_path /bin/true\n}\n}\n}\n",
	} {
		if _, ds := loadText(t, text, fakeHost{scripts: true}); ds.ExitStatus() != 5 {
			t.Errorf("status %d: %v", ds.ExitStatus(), ds)
		}
	}
}

// A service in two blocks has the real servers of both, once each, under the
// settings of the first.
func TestServiceInTwoBlocks(t *testing.T) {
	block := func(sched, servers string) string {
		return "virtual_server 10.0.0.1 80 {\nprotocol TCP\nlvs_method NAT\nlvs_sched " + sched + "\n" + servers + "\n}\n"
	}
	cfg, ds := loadText(t, block("rr", "real_server 10.0.1.1 80 {\n}")+block("wrr", "real_server 10.0.1.1 80 {\n}\nreal_server 10.0.1.2 80 {\n}"), fakeHost{})
	if len(cfg.VirtualServers) != 1 || cfg.VirtualServers[0].Scheduler != "rr" || len(cfg.VirtualServers[0].RealServers) != 2 || ds.HasErrors() {
		t.Errorf("%+v %v", cfg.VirtualServers, ds)
	}
}

// With alpha a server waits for a first success, which a program that is not
// there cannot have: the checker stays, and keeps its server out.
func TestMiscWithoutProgram(t *testing.T) {
	for opts, want := range map[string]int{"": 0, "alpha\n": 1} {
		cfg, _ := loadText(t, service("10.0.0.1 80", nat, "MISC_CHECK {\n"+opts+"misc_path /usr/bin/nothing-of-this-name\n}"), fakeHost{})
		list := cfg.VirtualServers[0].RealServers[0].Checkers
		if len(list) != want || want > 0 && !list[0].Disabled {
			t.Errorf("%q: %+v", opts, list)
		}
	}
}
