package ipvskernel

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"halbd/internal/lab"
)

// forwarding is a way from the director to the servers, and what a server
// needs to take the packets: N is the server's number.
type forwarding struct {
	name, method string
	v6           bool
	server       string
}

const (
	onLoopback4 = "sysctl -qw net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.all.arp_announce=2 net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0 && ip addr add 10.1.0.100/32 dev lo"
	onLoopback6 = "ip addr add fd01::100/128 dev lo nodad"
)

var forwardings = []forwarding{
	{name: "NAT", method: "NAT", server: "ip route add default via 10.2.0.1"},
	{name: "DR", method: "DR", server: onLoopback4},
	{name: "ipip", method: "TUN", server: onLoopback4 + " && ip link set tunl0 up"},
	{name: "gue", method: "TUN type gue port 6080", server: onLoopback4 + " && ip link set tunl0 up && ip fou add port 6080 gue"},
	{name: "gue with checksum", method: "TUN type gue port 6080 csum", server: onLoopback4 + " && ip link set tunl0 up && ip fou add port 6080 gue"},
	{name: "gue with remote checksum", method: "TUN type gue port 6080 remcsum", server: onLoopback4 + " && ip link set tunl0 up && ip fou add port 6080 gue"},
	{name: "gre", method: "TUN type gre", server: onLoopback4 + " && ip tunnel add g1 mode gre local 10.1.0.1N && ip link set g1 up"},
	{name: "gre with checksum", method: "TUN type gre csum", server: onLoopback4 + " && ip tunnel add g1 mode gre local 10.1.0.1N icsum && ip link set g1 up"},
	{name: "NAT of IPv6", method: "NAT", v6: true, server: "ip -6 route add default via fd02::1"},
	{name: "DR of IPv6", method: "DR", v6: true, server: onLoopback6},
	{name: "ip6ip6", method: "TUN", v6: true, server: onLoopback6 + " && ip link set ip6tnl0 up"},
	{name: "gue of IPv6", method: "TUN type gue port 6080", v6: true, server: onLoopback6 + " && ip link set ip6tnl0 up && ip fou add port 6080 gue -6"},
	{name: "gre of IPv6", method: "TUN type gre", v6: true, server: onLoopback6 + " && ip -6 tunnel add g1 mode ip6gre local fd01::1N && ip link set g1 up"},
}

func (f *forwarding) vip() string {
	if f.v6 {
		return "fd01::100"
	}
	return "10.1.0.100"
}

// address is a server's: behind the director for NAT, else on the client's network.
func (f *forwarding) address(i int) string {
	network := 1
	if f.method == "NAT" {
		network = 2
	}
	if f.v6 {
		return fmt.Sprintf("fd0%d::1%d", network, i)
	}
	return fmt.Sprintf("10.%d.0.1%d", network, i)
}

// plant is a client c, directors, which have the virtual address when there is
// one of them, and servers w1 and w2.
func (f *forwarding) plant(t *testing.T, directors ...string) *lab.Net {
	t.Helper()
	n := lab.New()
	t.Cleanup(n.Close)
	must(t, n.Bridge("front"))
	must(t, n.Bridge("back"))
	must(t, n.Add("c", "w1", "w2"))
	must(t, n.Plug("c", "eth0", "front", "10.1.0.1/16", "fd01::1/64"))
	for i, d := range directors {
		must(t, n.Add(d))
		must(t, n.Plug(d, "eth0", "front", fmt.Sprintf("10.1.0.%d/16", i+2), fmt.Sprintf("fd01::%d/64", i+2)))
		must(t, n.Plug(d, "eth1", "back", fmt.Sprintf("10.2.0.%d/16", i+2)))
		_, err := n.Run(d, "sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1")
		must(t, err)
		if len(directors) == 1 {
			_, err := n.Run(d, "ip addr add 10.1.0.100/32 dev eth0 && ip addr add fd01::100/128 dev eth0 nodad preferred_lft 0 && ip addr add 10.2.0.1/16 dev eth1 && ip addr add fd02::1/64 dev eth1 nodad")
			must(t, err)
		}
	}
	for i := 1; i <= 2; i++ {
		w, bridge := fmt.Sprintf("w%d", i), "front"
		if f.method == "NAT" {
			bridge = "back"
		}
		bits := "/16"
		if f.v6 {
			bits = "/64"
		}
		must(t, n.Plug(w, "eth0", bridge, f.address(i)+bits))
		_, err := n.Run(w, "modprobe -a ipip fou fou6 ip_gre ip6_tunnel ip6_gre; "+strings.ReplaceAll(f.server, "N", fmt.Sprint(i)))
		must(t, err)
	}
	return n
}

// service is a virtual server with both servers; each line of options ends in \n.
func (f *forwarding) service(head, options string) string {
	text := "virtual_server " + head + " {\n delay_loop 0.5\n warmup 0\n lb_kind " + f.method + "\n" + options
	for i := 1; i <= 2; i++ {
		text += " real_server " + f.address(i) + " 80 {\n" + tcpCheck + "\n }\n"
	}
	return text + "}\n"
}

// serve starts web servers that say their name.
func serve(t *testing.T, n *lab.Net) map[string]*lab.Web {
	t.Helper()
	web := map[string]*lab.Web{}
	for _, w := range []string{"w1", "w2"} {
		s, err := n.Serve(w, ":80", w)
		must(t, err)
		t.Cleanup(s.Close)
		web[w] = s
	}
	return web
}

// asker asks the virtual address for a page, and says who answered.
func (f *forwarding) asker(n *lab.Net) func() string {
	return func() string {
		text, err := n.Get("c", net.JoinHostPort(f.vip(), "80"), time.Second)
		if err != nil {
			return err.Error()
		}
		return text
	}
}

// inRow waits for ten answers in a row from one of the servers.
func inRow(t *testing.T, ask func() string, want string) {
	t.Helper()
	row, last := 0, ""
	if lab.Wait(20*time.Second, func() bool {
		if last = ask(); last == want {
			row++
		} else {
			row = 0
		}
		return row >= 10
	}) != nil {
		t.Fatalf("not every answer is of %s; the last is %q", want, last)
	}
}

// Real requests of a client reach every server through the director, whichever
// way it forwards them, and go on when one of them dies.
func TestTraffic(t *testing.T) {
	for _, f := range forwardings {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			n := f.plant(t, "d")
			web := serve(t, n)
			d := &director{net: n}
			d.start(t, os.Getenv(binary), f.service(f.vip()+" 80", " lb_algo rr\n protocol TCP\n"))
			answers, ask := map[string]int{}, f.asker(n)
			if lab.Wait(20*time.Second, func() bool { answers[ask()]++; return answers["w1"] >= 5 && answers["w2"] >= 5 }) != nil {
				out, _ := n.Run("d", "ipvsadm -Sn")
				t.Fatalf("answers %v, want some of both servers; the table is\n%s", answers, out)
			}
			web["w1"].Close()
			inRow(t, ask, "w2")
		})
	}
}

// What the settings of a service do to the requests of a client.
func TestTrafficOfServices(t *testing.T) {
	f := forwardings[0]
	begin := func(t *testing.T, options string) (*director, map[string]*lab.Web, func() string) {
		n := f.plant(t, "d")
		web := serve(t, n)
		d := &director{net: n}
		d.start(t, os.Getenv(binary), f.service("10.1.0.100 80", " lb_algo rr\n protocol TCP\n"+options))
		ask := f.asker(n)
		wait(t, "an answer", 15*time.Second, func() bool { a := ask(); return a == "w1" || a == "w2" })
		return d, web, ask
	}
	t.Run("persistence", func(t *testing.T) {
		t.Parallel()
		_, _, ask := begin(t, " persistence_timeout 60\n")
		inRow(t, ask, ask())
	})
	t.Run("weight 0 drains", func(t *testing.T) {
		t.Parallel()
		d, _, ask := begin(t, "")
		must(t, d.rewrite(func(text string) string {
			return strings.Replace(text, "real_server 10.2.0.11 80 {\n", "real_server 10.2.0.11 80 {\n weight 0\n", 1)
		}))
		inRow(t, ask, "w2")
		if out, _ := d.net.Run("d", "ipvsadm -Sn"); !strings.Contains(out, "-r 10.2.0.11:80 -m -w 0") {
			t.Errorf("the drained server is not in the table:\n%s", out)
		}
	})
	t.Run("sorry server", func(t *testing.T) {
		t.Parallel()
		d, web, ask := begin(t, " sorry_server 10.2.0.12 81\n")
		sorry, err := d.net.Serve("w2", ":81", "sorry")
		must(t, err)
		t.Cleanup(sorry.Close)
		web["w1"].Close()
		web["w2"].Close()
		inRow(t, ask, "sorry")
		again, err := d.net.Serve("w2", ":80", "w2")
		must(t, err)
		t.Cleanup(again.Close)
		inRow(t, ask, "w2")
	})
	t.Run("fwmark", func(t *testing.T) {
		t.Parallel()
		n := f.plant(t, "d")
		serve(t, n)
		_, err := n.Run("d", "tc qdisc add dev eth0 ingress && tc filter add dev eth0 parent ffff: protocol ip matchall action skbedit mark 9")
		must(t, err)
		d := &director{net: n}
		d.start(t, os.Getenv(binary), f.service("fwmark 9", " lb_algo rr\n"))
		answers, ask := map[string]int{}, f.asker(n)
		if lab.Wait(20*time.Second, func() bool { answers[ask()]++; return answers["w1"] >= 5 && answers["w2"] >= 5 }) != nil {
			t.Fatalf("answers %v, want some of both servers", answers)
		}
	})
	for ops, want := range map[string]int{" ops\n": 2, "": 1} {
		t.Run("datagrams of one socket reach "+fmt.Sprint(want), func(t *testing.T) {
			t.Parallel()
			f := forwardings[1] // NAT of one-packet services would need a translation of the answers
			n := f.plant(t, "d")
			serve(t, n) // for the check
			for _, w := range []string{"w1", "w2"} {
				tells(t, n, w)
			}
			d := &director{net: n}
			d.start(t, os.Getenv(binary), f.service("10.1.0.100 80", " lb_algo rr\n protocol UDP\n"+ops))
			var c net.Conn
			must(t, n.Inside("c", func() (err error) { c, err = net.Dial("udp", "10.1.0.100:80"); return err }))
			defer c.Close()
			answers, last := map[string]int{}, make([]byte, 16)
			wait(t, "20 answers", 20*time.Second, func() bool {
				c.Write([]byte("?"))
				c.SetReadDeadline(time.Now().Add(200 * time.Millisecond))
				if k, err := c.Read(last); err == nil {
					answers[string(last[:k])]++
				}
				return answers["w1"]+answers["w2"] >= 20
			})
			if len(answers) != want {
				t.Errorf("answers %v", answers)
			}
		})
	}
}

// tells answers each datagram with the server's name.
func tells(t *testing.T, n *lab.Net, node string) {
	t.Helper()
	must(t, n.Inside(node, func() error {
		c, err := net.ListenPacket("udp", "10.1.0.100:80") // the answer comes from there
		if err != nil {
			return err
		}
		t.Cleanup(func() { c.Close() })
		go func() {
			b := make([]byte, 16)
			for {
				_, from, err := c.ReadFrom(b)
				if err != nil {
					return
				}
				c.WriteTo([]byte(node), from)
			}
		}()
		return nil
	}))
}

// Connections outlive their director: the other one has them from the
// connection synchronisation, and takes over the addresses.
func TestConnectionsOutliveADirector(t *testing.T) {
	for _, f := range forwardings[:2] {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			n := f.plant(t, "d1", "d2")
			for _, w := range []string{"w1", "w2"} {
				echoes(t, n, w)
			}
			conf := "global_defs {\n lvs_sync_daemon eth0 V id 7\n}\nvrrp_instance V {\n interface eth0\n virtual_router_id 7\n advert_int 1\n priority PRIORITY\n" +
				" virtual_ipaddress {\n  10.1.0.100/32\n  10.2.0.1/16 dev eth1\n }\n}\n" + f.service("10.1.0.100 80", " lb_algo rr\n protocol TCP\n")
			d := &director{net: n}
			p := d.startOn(t, "d1", os.Getenv(binary), strings.Replace(conf, "PRIORITY", "150", 1))
			d.startOn(t, "d2", os.Getenv(binary), strings.Replace(conf, "PRIORITY", "100", 1))
			has := func(node, command, what string) func() bool {
				return func() bool { out, _ := n.Run(node, command); return strings.Contains(out, what) }
			}
			wait(t, "d1 master", 15*time.Second, has("d1", "ipvsadm -Ln --daemon", "master sync daemon (mcast=eth0, syncid=7"))
			wait(t, "d2 backup", 15*time.Second, has("d2", "ipvsadm -Ln --daemon", "backup sync daemon (mcast=eth0, syncid=7"))
			var lines []*line
			for range 6 {
				var l *line
				wait(t, "connected", 15*time.Second, func() bool {
					var err error
					l, err = call(n, "10.1.0.100:80")
					return err == nil
				})
				t.Cleanup(func() { l.conn.Close() })
				lines = append(lines, l)
			}
			wait(t, "the connections on d2", 20*time.Second, func() bool {
				for _, l := range lines {
					must(t, l.say("before", 5*time.Second))
				}
				out, _ := n.Run("d2", "ipvsadm -Lnc")
				return strings.Count(out, "ESTABLISHED") == len(lines)
			})
			p.Crash()
			_, err := n.Run("d1", "ip link set eth0 down; ip link set eth1 down")
			must(t, err)
			for _, l := range lines {
				if err := l.say("after", 20*time.Second); err != nil {
					t.Fatal("a connection did not outlive its director: ", err)
				}
			}
			wait(t, "d2 with the master daemon", 5*time.Second, has("d2", "ipvsadm -Ln --daemon", "master sync daemon"))
		})
	}
}

// echoes repeats each line.
func echoes(t *testing.T, n *lab.Net, node string) {
	t.Helper()
	must(t, n.Inside(node, func() error {
		l, err := net.Listen("tcp", ":80")
		if err != nil {
			return err
		}
		t.Cleanup(func() { l.Close() })
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				go func() {
					defer c.Close()
					for s := bufio.NewScanner(c); s.Scan(); {
						fmt.Fprintln(c, s.Text())
					}
				}()
			}
		}()
		return nil
	}))
}

// line is an open connection to an echo.
type line struct {
	conn net.Conn
	read *bufio.Reader
}

func call(n *lab.Net, addr string) (*line, error) {
	l := &line{}
	err := n.Inside("c", func() (err error) { l.conn, err = net.DialTimeout("tcp", addr, 5*time.Second); return err })
	if err == nil {
		l.read = bufio.NewReader(l.conn)
	}
	return l, err
}

// say wants the same line back in time.
func (l *line) say(text string, limit time.Duration) error {
	l.conn.SetDeadline(time.Now().Add(limit))
	fmt.Fprintln(l.conn, text)
	answer, err := l.read.ReadString('\n')
	if err == nil && answer != text+"\n" {
		err = fmt.Errorf("the answer to %q is %q", text, answer)
	}
	return err
}
