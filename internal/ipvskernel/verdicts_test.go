package ipvskernel

import (
	"encoding/hex"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"halbd/internal/lab"
)

// specimen is a real server with one check, and what becomes of it.
type specimen struct {
	name   string
	kind   string
	opts   string
	addr   string // default: a loopback address of its own
	serve  func(d *director, at string) error
	up     bool // with keepalived
	differ bool // halbd says the opposite (docs/differences.md)
}

func smtpSpecimens() []specimen {
	var list []specimen
	long := strings.Repeat("x", 3000)
	for _, c := range []struct {
		name       string
		up, differ bool
		texts      []string
	}{
		{"good", true, false, []string{"220 hi\r\n", "250 ok\r\n", "221 bye\r\n"}},
		{"greeting of two lines", false, true, []string{"220-hi\r\n220 hi\r\n", "250 ok\r\n", "221 bye\r\n"}},
		{"answer of two lines", false, true, []string{"220 hi\r\n", "250-ok\r\n250 x\r\n", "221 bye\r\n"}},
		{"codes alone", false, true, []string{"220\r\n", "250\r\n", "221\r\n"}},
		{"codes that run on", false, false, []string{"220hi\r\n", "250ok\r\n", "221bye\r\n"}},
		{"bare line feeds", true, false, []string{"220 hi\n", "250 ok\n", "221 x\n"}},
		{"slow, but within the limit", true, false, []string{"drip:220 h\r\n", "250 ok\r\n", "221 x\r\n"}},
		{"drips", true, true, []string{"drip:220 hello this is slow\r\n", "250 ok\r\n", "221 x\r\n"}},
		{"554 for a greeting", false, false, []string{"554 go\r\n"}},
		{"550 for HELO", false, false, []string{"220 hi\r\n", "550 no\r\n", "221 x\r\n"}},
		{"251 for HELO", false, false, []string{"220 hi\r\n", "251 no\r\n", "221 x\r\n"}},
		{"500 for QUIT", true, false, []string{"220 hi\r\n", "250 ok\r\n", "500 what\r\n"}},
		{"garbage before the greeting", false, false, []string{"garbage\r\n220 hi\r\n", "250 ok\r\n", "221 x\r\n"}},
		{"talks unasked", false, false, []string{"220 hi\r\n250 ok\r\n221 bye\r\n"}},
		{"greeting of 3000 bytes", false, false, []string{"220 " + long + "\r\n", "250 ok\r\n", "221 x\r\n"}},
		{"greeting of 604 bytes", false, false, []string{"220 " + long[:600] + "\r\n", "250 ok\r\n", "221 x\r\n"}},
		{"closes after the greeting", false, false, []string{"220 hi\r\n"}},
		{"closes after QUIT", false, false, []string{"220 hi\r\n", "250 ok\r\n", ""}},
		{"closes within the line for QUIT", false, false, []string{"220 hi\r\n", "250 ok\r\n", "22"}},
		{"silent", false, false, []string{"silent"}},
		{"silent after HELO", false, false, []string{"220 hi\r\n", "silent"}},
		{"silent after QUIT", false, false, []string{"220 hi\r\n", "250 ok\r\n", "silent"}},
		{"resets", false, false, []string{"reset"}},
		{"resets after HELO", false, false, []string{"220 hi\r\n", "reset"}},
		{"resets after QUIT", false, false, []string{"220 hi\r\n", "250 ok\r\n", "reset"}},
	} {
		list = append(list, specimen{name: "SMTP: " + c.name, kind: "SMTP_CHECK", up: c.up, differ: c.differ,
			serve: func(d *director, at string) error { return d.serveTCP(at, mail(c.texts...)) }})
	}
	return list
}

// replies serves UDP with the datagrams that f makes of a query.
func replies(f func(query []byte) [][]byte) func(*director, string) error {
	return func(d *director, at string) error {
		return d.serveUDP(at, func(query []byte, _ net.Addr, send func([]byte)) {
			for _, r := range f(query) {
				send(r)
			}
		})
	}
}

func dnsSpecimens() []specimen {
	const good, no = 0x80, 0x83
	spoiled := func(query []byte, at int) []byte {
		r := response(query, 0x81, good)
		r[at] ^= 1
		return r
	}
	var list []specimen
	for _, c := range []struct {
		name       string
		up, differ bool
		f          func(q []byte) [][]byte
	}{
		{"good, without a record", true, false, func(q []byte) [][]byte { return [][]byte{response(q, 0x81, good)} }},
		{"wrong id", false, false, func(q []byte) [][]byte { return [][]byte{spoiled(q, 0)} }},
		{"wrong id, then the right one", true, false, func(q []byte) [][]byte { return [][]byte{spoiled(q, 0), response(q, 0x81, good)} }},
		{"another question", true, false, func(q []byte) [][]byte { return [][]byte{spoiled(q, 14)} }},
		{"the query itself", false, false, func(q []byte) [][]byte { return [][]byte{q} }},
		{"NXDOMAIN", false, false, func(q []byte) [][]byte { return [][]byte{response(q, 0x81, no)} }},
		{"SERVFAIL", false, false, func(q []byte) [][]byte { return [][]byte{response(q, 0x81, 0x82)} }},
		{"truncated", true, false, func(q []byte) [][]byte { return [][]byte{response(q, 0x83, good)} }},
		{"another opcode", true, false, func(q []byte) [][]byte { return [][]byte{response(q, 0x91, good)} }},
		{"header alone", true, false, func(q []byte) [][]byte { return [][]byte{response(q, 0x81, good)[:12]} }},
		{"ends in the header", true, true, func(q []byte) [][]byte { return [][]byte{response(q, 0x81, good)[:11]} }},
		{"ends in the flags", false, false, func(q []byte) [][]byte { return [][]byte{response(q, 0x81, good)[:3]} }},
		{"empty", false, false, func(q []byte) [][]byte { return [][]byte{{}} }},
		{"garbage behind", true, false, func(q []byte) [][]byte {
			return [][]byte{append(response(q, 0x81, good), make([]byte, 3000)...)}
		}},
		{"silent", false, false, func([]byte) [][]byte { return nil }},
	} {
		list = append(list, specimen{name: "DNS: " + c.name, kind: "DNS_CHECK", opts: "name example.com", up: c.up, differ: c.differ, serve: replies(c.f)})
	}
	return append(list, specimen{name: "DNS: refused", kind: "DNS_CHECK"})
}

func udpSpecimens() []specimen {
	pattern := func(text string) string { return "require_reply " + hex.EncodeToString([]byte(text)) }
	long := strings.Repeat("x", 300)
	var list []specimen
	for _, c := range []struct {
		name, opts string
		up         bool
		said       []string
	}{
		{"silent", "", true, nil},
		{"silent, reply required", "require_reply", false, nil},
		{"any reply", "require_reply", true, []string{"pong"}},
		{"any reply, empty", "require_reply", true, []string{""}},
		{"reply without need", "", true, []string{"pong"}},
		{"any reply, longer than max", "require_reply\n max_reply_length 2", true, []string{"pong"}},
		{"any reply, shorter than min", "require_reply\n min_reply_length 10", true, []string{"pong"}},
		{"pattern", pattern("pong"), true, []string{"pong"}},
		{"wrong", pattern("ping"), false, []string{"pong"}},
		{"masked", "require_reply 70 xx 6e 6x", true, []string{"pong"}},
		{"pattern longer than the reply", pattern("pongpong"), true, []string{"pong"}},
		{"reply longer than the pattern", pattern("po"), true, []string{"pong"}},
		{"pattern, empty reply", pattern("po"), true, []string{""}},
		{"wrong, then right", pattern("pong"), false, []string{"ping", "pong"}},
		{"pattern, shorter than min", pattern("po") + "\n min_reply_length 5", false, []string{"pong"}},
		{"pattern, as long as max", pattern("po") + "\n max_reply_length 4", true, []string{"pong"}},
		{"pattern, longer than max", pattern("po") + "\n max_reply_length 3", false, []string{"pong"}},
		{"pattern longer than max", pattern("ponh") + "\n max_reply_length 3", false, []string{"pong"}},
		{"pattern, 255 bytes", pattern("xx"), true, []string{long[:255]}},
		{"pattern, 256 bytes", pattern("xx"), false, []string{long[:256]}},
	} {
		list = append(list, specimen{name: "UDP: " + c.name, kind: "UDP_CHECK", opts: c.opts, up: c.up,
			serve: replies(func([]byte) (out [][]byte) {
				for _, text := range c.said {
					out = append(out, []byte(text))
				}
				return out
			})})
	}
	return append(list, specimen{name: "UDP: refused", kind: "UDP_CHECK"}, specimen{name: "UDP: refused, reply required", kind: "UDP_CHECK", opts: "require_reply"})
}

// hostSpecimens are hosts that are there, or not, for each kind of check.
func hostSpecimens() []specimen {
	list := []specimen{{name: "PING: good", kind: "PING_CHECK", up: true}, {name: "TCP: refused", kind: "TCP_CHECK"}}
	for _, kind := range []string{"TCP_CHECK", "SMTP_CHECK", "DNS_CHECK", "UDP_CHECK", "PING_CHECK"} {
		list = append(list,
			specimen{name: kind + ": nobody answers", kind: kind, addr: "10.9.0.9", up: kind == "UDP_CHECK"},
			specimen{name: kind + ": no neighbour within 5 s", kind: kind, addr: "10.9.0.8", opts: "connect_timeout 5"},
			specimen{name: kind + ": no route", kind: kind, addr: "10.77.0.9"},
			specimen{name: kind + ": unreachable route", kind: kind, addr: "10.78.0.9"})
	}
	return list
}

// miscSpecimens are programs: how they end, and how their line is read.
func miscSpecimens() []specimen {
	var list []specimen
	for _, c := range []struct {
		name, opts string
		up         bool
	}{
		{"exit 0", `misc_path "/bin/sh -c 'exit 0'"`, true},
		{"exit 1", `misc_path "/bin/sh -c 'exit 1'"`, false},
		{"exit 2", `misc_path "/bin/sh -c 'exit 2'"`, false},
		{"dynamic, exit 1", `misc_path "/bin/sh -c 'exit 1'"` + "\n misc_dynamic", false},
		{"dynamic, exit 2", `misc_path "/bin/sh -c 'exit 2'"` + "\n misc_dynamic", true},
		{"dynamic, exit 255", `misc_path "/bin/sh -c 'exit 255'"` + "\n misc_dynamic", true},
		{"killed", `misc_path "/bin/sh -c 'kill -9 $$'"`, false},
		{"over its time", `misc_path "/bin/sleep 5"` + "\n misc_timeout 1", false},
		{"over its time, ignores TERM", `misc_path "/bin/sh -c 'trap true TERM; while :; do sleep 1; done'"` + "\n misc_timeout 1", false},
		{"within its time", `misc_path "/bin/sleep 1"` + "\n misc_timeout 4", true},
		{"of another user", `misc_path "/bin/sh -c 'test $(id -un) = nobody'"` + "\n user nobody", true},
		{"of root", `misc_path "/bin/sh -c 'test $(id -un) = root'"`, true},
		{"words without quotes", "misc_path /usr/bin/test x", false}, // x has no effect
		{"a word with a blank", `misc_path "/usr/bin/test 'a b' = 'a b'"`, true},
		{"does not exist", "misc_path /usr/bin/nothing-of-this-name", true}, // the checker is removed
	} {
		list = append(list, specimen{name: "MISC: " + c.name, kind: "MISC_CHECK", opts: c.opts, up: c.up})
	}
	return list
}

// What a check makes of what servers do, good or bad: each server must end in
// the table or outside of it, as with keepalived. With alpha the good ones
// come in, without it the bad ones go.
func TestVerdicts(t *testing.T) {
	testVerdicts(t, slices.Concat(smtpSpecimens(), dnsSpecimens(), udpSpecimens(), hostSpecimens()))
}

// testVerdicts plays specimens with keepalived, where it is installed, and with halbd.
func testVerdicts(t *testing.T, list []specimen) {
	for _, alpha := range []string{"", "alpha"} {
		t.Run("service "+alpha, func(t *testing.T) {
			for _, program := range programs() {
				t.Run(filepath.Base(program), func(t *testing.T) {
					t.Parallel()
					playSpecimens(t, list, program, alpha)
				})
			}
		})
	}
}

func playSpecimens(t *testing.T, list []specimen, program, alpha string) {
	d := newDirector(t)
	must(t, d.net.Bridge("sw"))
	must(t, d.net.Plug("d", "eth0", "sw", "10.9.0.1/16"))
	setup := "ip route add unreachable 10.78.0.0/16"
	if alpha != "" { // datagram sockets for ICMP; else halbd takes raw ones
		setup += "; sysctl -qw net.ipv4.ping_group_range='0 0'"
	}
	_, err := d.net.Run("d", setup)
	must(t, err)
	d.judge(t, program, "delay_loop 2\n "+alpha, " connect_timeout 1\n", list)
}

// The same of programs. They are dear here, so they run seldom.
func TestMiscVerdicts(t *testing.T) {
	for _, program := range programs() {
		t.Run(filepath.Base(program), func(t *testing.T) {
			t.Parallel()
			list := miscSpecimens()
			if program == keepalived { // 2.2 loses track of programs over their time on a busy host
				list = slices.DeleteFunc(list, func(s specimen) bool { return strings.Contains(s.name, "over its time") })
			}
			newDirector(t).judge(t, program, "delay_loop 6", "", list)
		})
	}
}

func programs() []string {
	list := []string{os.Getenv(binary)}
	if _, err := os.Stat(keepalived); err == nil {
		list = append(list, keepalived)
	}
	return list
}

// judge runs a daemon with one virtual server of all specimens, until each of
// them is where it belongs.
func (d *director) judge(t *testing.T, program, service, times string, list []specimen) {
	t.Helper()
	body, want := "", map[string]string{}
	for i, s := range list {
		addr, port := s.addr, 8000
		if addr == "" {
			addr = fmt.Sprintf("127.0.1.%d", i+1)
		} else {
			port = 1000 + i
		}
		at := fmt.Sprintf("%s:%d", addr, port)
		if s.serve != nil {
			must(t, s.serve(d, at))
		}
		body += target(addr, port, fmt.Sprintf(" %s {\n%s retry 0\n warmup 0\n %s\n }\n", s.kind, times, s.opts))
		state := "out"
		if s.up != (s.differ && program != keepalived) {
			state = "in"
		}
		want[fmt.Sprintf("-r %s ", at)] = state + ": " + s.name
	}
	d.start(t, program, "virtual_server 10.50.0.1 80 {\n lb_algo rr\n lb_kind NAT\n protocol TCP\n "+service+"\n"+body+"}\n")
	var wrong []string
	err := lab.Wait(60*time.Second, func() bool {
		table, err := d.table()
		must(t, err)
		wrong = nil
		for server, state := range want {
			if strings.Contains(table, server) != strings.HasPrefix(state, "in") {
				wrong = append(wrong, server+"is not "+state)
			}
		}
		return len(wrong) == 0
	})
	if err != nil {
		t.Errorf("%s", strings.Join(wrong, "\n"))
	}
}
