package ipvskernel

import (
	"fmt"
	"net"
	"testing"
)

const serviceHead = "lb_algo rr\n lb_kind NAT\n protocol TCP\n "

// check is one check of a real server, with the times of the others.
func check(kind, opts string) string {
	if kind == "MISC_CHECK" {
		return fmt.Sprintf(" %s {\n %s\n }\n", kind, opts)
	}
	return fmt.Sprintf(" %s {\n%s %s\n }\n", kind, checkTimes, opts)
}

func target(addr string, port int, body string) string {
	return fmt.Sprintf(" real_server %s %d {\n weight 1\n%s\n }\n", addr, port, body)
}

// mailUp starts mail servers.
func mailUp(at ...string) step {
	return step{fmt.Sprint("mail at ", at), func(d *director) error {
		for _, a := range at {
			if err := d.serveTCP(a, goodMail()); err != nil {
				return err
			}
		}
		return nil
	}}
}

// refusing starts a mail server that wants nothing of us.
func refusing(at string) step {
	return step{"no mail at " + at, func(d *director) error { return d.serveTCP(at, mail("554 no\r\n")) }}
}

// dnsUp starts name servers that answer with these flags.
func dnsUp(flags byte, at ...string) step {
	return step{fmt.Sprintf("DNS at %v says %02x", at, flags), func(d *director) error {
		for _, a := range at {
			err := d.serveUDP(a, func(q []byte, _ net.Addr, send func([]byte)) { send(response(q, 0x81, flags)) })
			if err != nil {
				return err
			}
		}
		return nil
	}}
}

// echoUp starts UDP servers that say a text.
func echoUp(text string, at ...string) step {
	return step{fmt.Sprintf("UDP at %v says %s", at, text), func(d *director) error {
		for _, a := range at {
			if err := d.serveUDP(a, func(_ []byte, _ net.Addr, send func([]byte)) { send([]byte(text)) }); err != nil {
				return err
			}
		}
		return nil
	}}
}

// The table follows servers of every protocol down and back, and the options
// say where the checks come from and go to.
func TestCheckersFollow(t *testing.T) {
	playScenarios(t, []scenario{
		{
			name: "check smtp",
			conf: vs("10.50.0.1 25", serviceHead,
				target("127.0.0.6", 25, check("SMTP_CHECK", ""))+
					target("127.0.0.7", 25, check("SMTP_CHECK", "helo_name me.example\n alpha"))+
					target("127.0.0.8", 25, " SMTP_CHECK {\n warmup 0\n host {\n connect_port 26\n connect_timeout 1\n }\n host {\n connect_ip 127.0.0.9\n bindto 127.0.0.10\n connect_timeout 2\n }\n }\n")+
					target("127.0.0.10", 25, check("SMTP_CHECK", "host {\n connect_ip 127.0.0.9\n connect_timeout 2\n }"))),
			steps: []step{
				mailUp("127.0.0.6:25", "127.0.0.7:25", "127.0.0.8:26"), mailUp("127.0.0.9:25"), mailUp("127.0.0.10:25"),
				stop("tcp 127.0.0.6:25"), refusing("127.0.0.6:25"), stop("tcp 127.0.0.8:26"), stop("tcp 127.0.0.6:25"),
				mailUp("127.0.0.6:25", "127.0.0.8:26"), stop("tcp 127.0.0.9:25"),
			},
		},
		{
			name: "check dns",
			conf: vs("10.50.0.1 53", serviceHead,
				target("127.0.0.6", 53, check("DNS_CHECK", ""))+
					target("127.0.0.7", 53, check("DNS_CHECK", "type AAAA\n name www.example.com\n alpha"))+
					target("127.0.0.8", 53, check("DNS_CHECK", "connect_ip 127.0.0.9\n connect_port 5353"))+
					target("127.0.0.10", 53, " DNS_CHECK {\n connect_timeout 0.2\n retry 2\n }\n")),
			steps: []step{
				dnsUp(0x80, "127.0.0.6:53", "127.0.0.7:53", "127.0.0.9:5353", "127.0.0.10:53"),
				stop("udp 127.0.0.6:53", "udp 127.0.0.9:5353"), dnsUp(0x83, "127.0.0.6:53"), stop("udp 127.0.0.7:53", "udp 127.0.0.10:53"),
				stop("udp 127.0.0.6:53"), dnsUp(0x80, "127.0.0.6:53", "127.0.0.7:53", "127.0.0.9:5353"), dnsUp(0x80, "127.0.0.10:53"),
			},
		},
		{
			name: "check udp",
			conf: vs("10.50.0.1 53", serviceHead,
				target("127.0.0.6", 53, check("UDP_CHECK", ""))+
					target("127.0.0.7", 53, check("UDP_CHECK", "payload 70696e67\n require_reply 706fxx67"))+
					target("127.0.0.8", 53, check("UDP_CHECK", "require_reply\n alpha\n connect_port 54"))),
			steps: []step{
				echoUp("pong", "127.0.0.6:53", "127.0.0.7:53", "127.0.0.8:54"), stop("udp 127.0.0.7:53"), echoUp("ping", "127.0.0.7:53"),
				stop("udp 127.0.0.6:53", "udp 127.0.0.8:54"), stop("udp 127.0.0.7:53"), echoUp("poNg", "127.0.0.7:53", "127.0.0.6:53", "127.0.0.8:54"),
			},
		},
		{
			name:  "check ping",
			setup: "ip addr add 10.60.0.1/32 dev lo; ip addr add 2001:db8:60::1/128 dev lo; ip link add v0 type veth peer name v1; ip addr add 10.61.0.1/24 dev v0; ip link set v0 up; ip link set v1 up",
			conf: vs("10.50.0.1 80", serviceHead,
				target("10.60.0.1", 80, check("PING_CHECK", ""))+target("10.61.0.9", 80, check("PING_CHECK", "alpha"))+target("127.0.0.99", 80, check("PING_CHECK", "connect_ip 10.60.0.1"))) +
				vs("2001:db8::100 80", serviceHead, target("2001:db8:60::1", 80, check("PING_CHECK", ""))),
			steps: []step{
				shell("ip addr del 10.60.0.1/32 dev lo"), shell("ip addr add 10.61.0.9/32 dev v1"), shell("ip addr del 2001:db8:60::1/128 dev lo"),
				shell("ip addr add 10.60.0.1/32 dev lo; ip addr del 10.61.0.9/32 dev v1; ip addr add 2001:db8:60::1/128 dev lo"),
			},
		},
		{
			name:  "check of several kinds",
			setup: "ip addr add 10.60.0.1/32 dev lo",
			conf:  vs("10.50.0.1 25", serviceHead, target("10.60.0.1", 25, check("PING_CHECK", "")+check("SMTP_CHECK", "")+check("DNS_CHECK", "")+check("TCP_CHECK", "connect_port 26"))),
			steps: []step{
				mailUp("10.60.0.1:25", "10.60.0.1:26"), dnsUp(0x80, "10.60.0.1:25"), stop("tcp 10.60.0.1:26"), mailUp("10.60.0.1:26"),
				stop("udp 10.60.0.1:25"), stop("tcp 10.60.0.1:25"), dnsUp(0x80, "10.60.0.1:25"), mailUp("10.60.0.1:25"),
			},
		},
		{
			name:  "check with a mark",
			setup: "for i in 1 2 3 4 5; do ip addr add 10.62.0.$i/32 dev lo; done; ip rule add pref 100 lookup local; ip rule del pref 0; ip rule add pref 10 to 10.62.0.0/24 unreachable; ip rule add pref 9 to 10.62.0.0/24 fwmark 7 lookup local",
			conf: vs("10.50.0.1 25", serviceHead,
				target("10.62.0.1", 25, check("SMTP_CHECK", "fwmark 7\n bindto 127.0.0.10"))+target("10.62.0.2", 25, check("TCP_CHECK", "fwmark 7\n bindto 127.0.0.10"))+
					target("10.62.0.3", 25, check("DNS_CHECK", "fwmark 7\n bindto 127.0.0.10"))+target("10.62.0.4", 25, check("UDP_CHECK", "fwmark 7\n bindto 127.0.0.10"))+
					target("10.62.0.5", 25, check("TCP_CHECK", "bindto 127.0.0.10"))),
			steps: []step{
				mailUp("0.0.0.0:25"), dnsUp(0x80, "10.62.0.3:25"), shell("ip rule del pref 9"), shell("ip rule add pref 9 to 10.62.0.0/24 fwmark 7 lookup local"),
			},
		},
		{
			name:  "check from an address that goes",
			setup: "ip addr add 10.63.0.1/32 dev lo",
			conf: vs("10.50.0.1 25", serviceHead,
				target("127.0.0.6", 26, check("TCP_CHECK", "bindto 10.63.0.1"))+target("127.0.0.6", 53, check("DNS_CHECK", "bindto 10.63.0.1"))+
					target("127.0.0.7", 26, check("TCP_CHECK", "bindto 10.63.0.1"))),
			steps: []step{
				mailUp("127.0.0.6:26"), dnsUp(0x80, "127.0.0.6:53"), shell("ip addr del 10.63.0.1/32 dev lo"), mailUp("127.0.0.7:26"),
				stop("tcp 127.0.0.6:26", "udp 127.0.0.6:53"), shell("ip addr add 10.63.0.1/32 dev lo"),
			},
		},
		{
			name:  "check through an interface",
			setup: "ip link add v0 type veth peer name v1; for i in v0 v1; do ip link set $i addrgenmode none; ip link set $i up; done; ip addr add fe80::1/64 dev v0 nodad; ip addr add fe80::9/64 dev v1 nodad",
			conf: vs("2001:db8::100 80", serviceHead,
				target("2001:db8:60::1", 25, check("SMTP_CHECK", "connect_ip fe80::9\n bind_if v0"))+target("2001:db8:60::2", 25, check("TCP_CHECK", "connect_ip fe80::9\n bind_if v0"))+
					target("2001:db8:60::3", 25, check("DNS_CHECK", "connect_ip fe80::9\n bind_if v0"))),
			steps: []step{
				mailUp("[::]:25"), dnsUp(0x80, "[::]:25"), shell("ip link set v1 down"), shell("ip link set v1 up; ip addr add fe80::9/64 dev v1 nodad"), stop("tcp [::]:25"), stop("udp [::]:25"),
			},
		},
		{
			name: "check by a program that is not there",
			conf: vs("10.50.0.1 80", serviceHead, target("127.0.0.6", 80, check("MISC_CHECK", "misc_path /usr/bin/nothing-of-this-name\n alpha"))+target("127.0.0.7", 80, check("MISC_CHECK", "misc_path /usr/bin/nothing-of-this-name"))) +
				vs("10.50.0.2 80", serviceHead+"alpha", target("127.0.0.6", 80, check("MISC_CHECK", "misc_path /usr/bin/nothing-of-this-name"))+target("127.0.0.7", 80, "")),
		},
		{
			name:  "ping and udp through an interface",
			ours:  true, // keepalived 2.2 ignores bind_if here
			setup: "ip link add v0 type veth peer name v1; for i in v0 v1; do ip link set $i addrgenmode none; ip link set $i up; done; ip addr add fe80::1/64 dev v0 nodad; ip addr add fe80::9/64 dev v1 nodad",
			conf: vs("2001:db8::100 80", serviceHead, target("2001:db8:60::1", 25, check("PING_CHECK", "connect_ip fe80::9\n bind_if v0\n alpha"))+
				target("2001:db8:60::2", 25, check("UDP_CHECK", "require_reply\n connect_ip fe80::9\n bind_if v0"))),
			steps: []step{echoUp("pong", "[::]:25"), shell("ip link set v1 down"), shell("ip link set v1 up; ip addr add fe80::9/64 dev v1 nodad")},
		},
	})
}
