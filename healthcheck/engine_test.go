package healthcheck

import (
	"net"
	"net/netip"
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
	p, err := poll.New()
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	e := newEngine(p)
	defer e.close()
	e.start(StartProbe{ID: 1, Check: k, Target: k.Connect}, new(web), poll.Now())
	events := make([]unix.EpollEvent, 4)
	for {
		if done := e.take(); len(done) > 0 {
			return done[0].Result
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
