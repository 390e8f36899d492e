package healthcheck

import (
	"bufio"
	"io"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"halbd/conf"
	"halbd/internal/poll"
)

// ask runs one check in an engine.
func ask(t *testing.T, k *conf.Checker) Result {
	t.Helper()
	return askAll(t, k)[0]
}

// askAll runs checks in one engine until each has its result.
func askAll(t *testing.T, list ...*conf.Checker) []Result {
	t.Helper()
	p, err := poll.New()
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	e := newEngine(p)
	defer e.close()
	for i, k := range list {
		e.start(StartProbe{ID: CheckerID(i), Check: k, Target: k.Connect}, new(web), poll.Now())
	}
	results := make([]Result, len(list))
	events := make([]unix.EpollEvent, 4)
	for got := 0; ; {
		for _, r := range e.take() {
			results[r.ID] = r.Result
			got++
		}
		if got == len(list) {
			if len(e.byID)+len(e.byFD)+e.limits.Len() > 0 {
				t.Errorf("left behind: %d checks, %d sockets, %d limits", len(e.byID), len(e.byFD), e.limits.Len())
			}
			return results
		}
		ready, err := p.Wait(e.deadline(), events)
		if err != nil {
			t.Fatal(err)
		}
		now := poll.Now()
		for i := range ready {
			e.ready(&ready[i], now)
		}
		e.more(now)
		e.expire(now)
	}
}

// reset makes the kernel end a connection with a RST.
func reset(c net.Conn) {
	c.(*net.TCPConn).SetLinger(0)
	c.Close()
}

// What servers do to a check of the engine, and what becomes of it.
func TestEngineAgainstServers(t *testing.T) {
	const limit = 150 * time.Millisecond
	pour := func(c net.Conn, _ string) {
		io.WriteString(c, "HTTP/1.0 200 OK\r\n\r\n")
		for block := make([]byte, 1<<16); ; {
			if _, err := c.Write(block); err != nil {
				return
			}
		}
	}
	for name, tc := range map[string]struct {
		serve func(c net.Conn, request string)
		fails string // "" for success
	}{
		"answers":                {func(c net.Conn, _ string) { io.WriteString(c, "HTTP/1.0 200 OK\r\n\r\nhello") }, ""},
		"in two pieces":          {func(c net.Conn, _ string) { io.WriteString(c, "HTTP/1.0 20"); io.WriteString(c, "0 OK\r\n\r\n") }, ""},
		"one megabyte":           {func(c net.Conn, _ string) { io.WriteString(c, "HTTP/1.0 200 OK\r\n\r\n"+strings.Repeat("x", 1<<20)) }, ""},
		"silent":                 {func(c net.Conn, _ string) { io.Copy(io.Discard, c) }, "no answer within"},
		"drips":                  {drip, "within"},
		"pours without end":      {pour, "not complete within"},
		"closes at once":         {func(c net.Conn, _ string) {}, "before the end of the HTTP header"},
		"resets at once":         {func(c net.Conn, _ string) { reset(c) }, "reset"},
		"resets within the head": {func(c net.Conn, _ string) { io.WriteString(c, "HTTP/1.0 2"); reset(c) }, "reset"},
	} {
		t.Run(name, func(t *testing.T) {
			k := httpCheck(conf.HTTPGet, answering(t, tc.serve))
			k.ConnectTimeout = limit
			r := ask(t, k)
			if r.OK != (tc.fails == "") || !strings.Contains(r.Detail, tc.fails) || r.Skipped {
				t.Errorf("got %+v, want %q", r, tc.fails)
			}
		})
	}
}

func drip(c net.Conn, _ string) {
	for {
		if _, err := c.Write([]byte("H")); err != nil {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// A request that does not fit into the socket goes out as the server reads it.
func TestEngineSendsLongRequests(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	length := make(chan int, 1)
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		in := bufio.NewReader(c)
		request, _ := in.ReadString('\n')
		length <- len(request)
		for line := request; line != "\r\n" && err == nil; {
			line, err = in.ReadString('\n')
		}
		io.WriteString(c, "HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n")
	}()
	const path = 8 << 20
	k := httpCheck(conf.HTTPGet, netip.MustParseAddrPort(l.Addr().String()), func(h *conf.HTTPCheck) { h.URLs[0].Path = "/" + strings.Repeat("x", path) })
	if r := ask(t, k); !r.OK {
		t.Errorf("got %+v", r)
	}
	if n := <-length; n < path {
		t.Errorf("%d bytes of the request line came, want more than %d", n, path)
	}
}

// Hung servers hold up nobody: the others have their results long before.
func TestEngineHungServers(t *testing.T) {
	hung := answering(t, func(c net.Conn, _ string) { io.Copy(io.Discard, c) })
	good := answering(t, func(c net.Conn, _ string) { io.WriteString(c, "HTTP/1.0 200 OK\r\n\r\n") })
	var list []*conf.Checker
	for range 64 {
		k := httpCheck(conf.HTTPGet, hung)
		k.ConnectTimeout = 300 * time.Millisecond
		list = append(list, k, httpCheck(conf.HTTPGet, good))
	}
	for i, r := range askAll(t, list...) {
		if r.OK != (i%2 == 1) {
			t.Errorf("check %d: %+v", i, r)
		}
	}
}

// What this host cannot do says nothing of the server.
func TestEngineSkips(t *testing.T) {
	at := answering(t, func(net.Conn, string) {})
	for name, edit := range map[string]func(*conf.Checker){
		"a foreign source address": func(k *conf.Checker) { k.Bind = netip.MustParseAddrPort("192.0.2.1:0") },
		"no such interface":        func(k *conf.Checker) { k.BindInterface = "nosuch0" },
	} {
		k := &conf.Checker{Kind: conf.TCPCheck, Connect: at, ConnectTimeout: time.Second}
		edit(k)
		if r := ask(t, k); r.OK || !r.Skipped {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

func TestEngineIPv6(t *testing.T) {
	l, err := net.Listen("tcp", "[::1]:0")
	if err != nil {
		t.Skip("no IPv6 here")
	}
	defer l.Close()
	k := &conf.Checker{Kind: conf.TCPCheck, Connect: netip.MustParseAddrPort(l.Addr().String()), ConnectTimeout: time.Second}
	if r := ask(t, k); !r.OK {
		t.Errorf("got %+v", r)
	}
}

// Servers share equal checks, and each is still asked at its own address.
func TestCompact(t *testing.T) {
	cfg := virtual([]conf.RealServer{real(1, 1, tcp()), real(2, 1, tcp()), real(3, 1, tcp(func(k *conf.Checker) { k.Retry = 7 }))})
	var want []netip.AddrPort
	for i := range cfg.VirtualServers[0].RealServers {
		r := &cfg.VirtualServers[0].RealServers[i]
		r.Checkers[0].Connect = r.Addr
		want = append(want, r.Addr)
	}
	compact(cfg)
	list := cfg.VirtualServers[0].RealServers
	if &list[0].Checkers[0] != &list[1].Checkers[0] || &list[1].Checkers[0] == &list[2].Checkers[0] {
		t.Error("equal checks are not one, or others are")
	}
	c, _ := NewCore(cfg, 0, func(time.Duration) time.Duration { return 0 })
	var got []netip.AddrPort
	for _, a := range c.Step(Tick{}, time.Hour) {
		if a, ok := a.(StartProbe); ok {
			got = append(got, a.Target)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("asked %v, want %v", got, want)
	}
}

func TestTCPCheck(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	k := &conf.Checker{Kind: conf.TCPCheck, Connect: netip.MustParseAddrPort(l.Addr().String()), ConnectTimeout: 5 * time.Second,
		Bind: netip.MustParseAddrPort("127.0.0.2:0")}
	from := make(chan string, 1)
	go func() {
		if c, err := l.Accept(); err == nil {
			from <- c.RemoteAddr().(*net.TCPAddr).IP.String()
			c.Close()
		}
	}()
	if r := ask(t, k); !r.OK || <-from != "127.0.0.2" {
		t.Errorf("got %+v", r)
	}
	l.Close()
	if r := ask(t, k); r.OK || !strings.Contains(r.Detail, "refused") {
		t.Errorf("a closed port gives %+v", r)
	}
}
