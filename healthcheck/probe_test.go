package healthcheck

import (
	"io"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"halbd/conf"
)

// network returns a checker of each kind that asks an address.
func network(at netip.AddrPort) []*conf.Checker {
	var list []*conf.Checker
	for _, kind := range []conf.CheckKind{conf.TCPCheck, conf.HTTPGet, conf.SSLGet, conf.SMTPCheck, conf.DNSCheck, conf.UDPCheck, conf.PingCheck} {
		k := &conf.Checker{Kind: kind, Connect: at, ConnectTimeout: 200 * time.Millisecond}
		switch kind {
		case conf.HTTPGet, conf.SSLGet:
			k.HTTP = &conf.HTTPCheck{Version: "1.0", URLs: []conf.URL{{Path: "/", Status: []conf.StatusRange{{From: 200, To: 299}}}}}
		case conf.SMTPCheck:
			k.SMTP = &conf.SMTPOptions{HELO: "me"}
		case conf.DNSCheck:
			k.DNS = &conf.DNSOptions{Type: "SOA", Name: "."}
		case conf.UDPCheck:
			k.UDP = &conf.UDPOptions{RequireReply: true, MaxReply: 255}
		}
		list = append(list, k)
	}
	return list
}

// outcome runs one check the way that the shell does.
func outcome(t *testing.T, k *conf.Checker) Result {
	t.Helper()
	if new(engine).handles(k.Kind) {
		return ask(t, k)
	}
	return probe(t.Context(), k, 0, new(web))
}

// What this host lacks is not the server's fault, whatever the kind.
func TestProbesThatCannotBeMade(t *testing.T) {
	for _, edit := range []struct {
		want string
		do   func(*conf.Checker)
	}{
		{"cannot assign requested address", func(k *conf.Checker) { k.Bind = netip.MustParseAddrPort("192.0.2.77:0") }},
		{"cannot assign requested address", func(k *conf.Checker) { k.Bind = netip.MustParseAddrPort("192.0.2.77:4000") }},
		{"no such device", func(k *conf.Checker) { k.BindInterface = "nosuchif0" }},
	} {
		for _, k := range network(netip.MustParseAddrPort("127.0.0.1:9")) {
			edit.do(k)
			if r := outcome(t, k); r.OK || !r.Skipped || !strings.Contains(r.Detail, "on this host: ") || !strings.Contains(r.Detail, edit.want) {
				t.Errorf("%s: %+v, want %q", k.Kind, r, edit.want)
			}
		}
	}
}

// A failure always says which address and what happened there.
func TestDetailsNameTheServer(t *testing.T) {
	silent, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	mute, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer mute.Close()
	tcp, udp := netip.MustParseAddrPort(mute.Addr().String()), netip.MustParseAddrPort(silent.LocalAddr().String())
	for _, k := range network(tcp) {
		want := map[conf.CheckKind]string{
			conf.SMTPCheck: "greeting: no answer within 200ms",
			conf.DNSCheck:  "SOA .: wait for the answer: connection refused",
			conf.UDPCheck:  "wait for the answer: connection refused",
		}[k.Kind]
		if want == "" {
			continue
		}
		if r := outcome(t, k); r.OK || r.Skipped || r.Detail != k.Connect.String()+": "+want {
			t.Errorf("%s: %+v, want %q", k.Kind, r, want)
		}
	}
	for _, k := range network(udp) {
		want := "connect to " + udp.String() + ": connection refused"
		switch k.Kind {
		case conf.DNSCheck:
			want = udp.String() + ": SOA .: no answer within 200ms"
		case conf.UDPCheck:
			want = udp.String() + ": no answer within 200ms"
		case conf.PingCheck:
			continue
		}
		if r := outcome(t, k); r.OK || r.Skipped || r.Detail != want {
			t.Errorf("%s: %+v, want %q", k.Kind, r, want)
		}
	}
}

// Silence is good for UDP_CHECK, and a name server or a host that answers is good.
func TestGoodProbes(t *testing.T) {
	for _, host := range []string{"127.0.0.1", "::1"} {
		l, err := net.ListenPacket("udp", net.JoinHostPort(host, "0"))
		if err != nil {
			t.Skip(err) // no IPv6
		}
		defer l.Close()
		go func() {
			b := make([]byte, 512)
			for {
				n, from, err := l.ReadFrom(b)
				if err != nil {
					return
				}
				if n == 17 { // the query for the root
					b[2] |= 0x80
					l.WriteTo([]byte("noise"), from)
					l.WriteTo(b[:n], from)
				}
			}
		}()
		for _, k := range network(netip.MustParseAddrPort(l.LocalAddr().String())) {
			if !slices.Contains([]conf.CheckKind{conf.DNSCheck, conf.UDPCheck, conf.PingCheck}, k.Kind) {
				continue
			}
			if k.UDP != nil {
				k.UDP.RequireReply = false
			}
			if r := outcome(t, k); !r.OK {
				t.Errorf("%s of %s: %+v", k.Kind, host, r)
			}
		}
	}
}

// A mail server that resets the connection fails the check at that stage.
func TestSMTPResets(t *testing.T) {
	for texts, want := range map[string]string{
		"":                      "greeting: ",
		"220 mx\r\n":            "answer to HELO: ",
		"220 mx\r\n|250 ok\r\n": "answer to QUIT: ",
	} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		go func() {
			c, err := l.Accept()
			if err != nil {
				return
			}
			c.(*net.TCPConn).SetLinger(0)
			buf := make([]byte, 99)
			for i, text := range strings.Split(texts, "|") {
				if i > 0 {
					c.Read(buf)
				}
				c.Write([]byte(text))
			}
			if texts != "" {
				c.Read(buf)
			}
			c.Close()
		}()
		k := network(netip.MustParseAddrPort(l.Addr().String()))[3]
		k.ConnectTimeout = 5 * time.Second
		if r := outcome(t, k); r.OK || !strings.HasPrefix(r.Detail, k.Connect.String()+": "+want) && texts != "" || !strings.Contains(r.Detail, "reset") {
			t.Errorf("%q: %+v", texts, r)
		}
	}
}

// A check that leaves from bind_port can do so again at once, and two checks
// can leave from one port: nothing waits for TIME_WAIT.
func TestBindPortIsFreeForTheNextCheck(t *testing.T) {
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := netip.MustParseAddrPort(free.Addr().String())
	free.Close()
	at := answering(t, func(c net.Conn, _ string) { io.WriteString(c, "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok") })
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go mailServer(c, 0, "220 mx\r\n", "250 ok\r\n", "221 bye\r\n")
		}
	}()
	for range 3 {
		for _, k := range append(network(at)[:2], network(netip.MustParseAddrPort(l.Addr().String()))[3]) {
			k.Bind, k.ConnectTimeout = port, 5*time.Second
			if r := outcome(t, k); !r.OK {
				t.Errorf("%s: %+v", k.Kind, r)
			}
		}
	}
}
