package ipvskernel

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"halbd/control"
	"halbd/event"
	"halbd/healthcheck"
	"halbd/internal/lab"
)

// talk is an echo that notes when a connection said its first word: a health
// check says none.
type talk struct {
	mu    sync.Mutex
	first []time.Time
}

func (k *talk) since(from time.Time) (n int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, at := range k.first {
		if at.After(from) {
			n++
		}
	}
	return n
}

func (k *talk) serve(c net.Conn) {
	defer c.Close()
	begun := false
	for s := bufio.NewScanner(c); s.Scan(); {
		if !begun {
			k.mu.Lock()
			k.first = append(k.first, time.Now())
			k.mu.Unlock()
			begun = true
		}
		fmt.Fprintln(c, s.Text())
	}
}

func talks(t *testing.T, n *lab.Net, node string) *talk {
	t.Helper()
	k := new(talk)
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
				go k.serve(c)
			}
		}()
		return nil
	}))
	return k
}

// hangUp ends a connection with a reset: IPVS forgets it after ten seconds, and
// after a good end only after two minutes.
func (l *line) hangUp() {
	l.conn.(*net.TCPConn).SetLinger(0)
	l.conn.Close()
}

// A server is drained under traffic: no client sees an error, the connection
// that it has lives, through a reload and a restart of the checker too; the
// quorum is as it was; with the last connection it leaves the table, and comes
// back by order.
func TestDrainUnderTraffic(t *testing.T) {
	f := forwardings[0]
	n := f.plant(t, "d")
	w1, w2 := talks(t, n, "w1"), talks(t, n, "w2")
	d := &director{net: n, dir: t.TempDir()}
	conf := f.service("10.1.0.100 80", " lb_algo rr\n protocol TCP\n quorum 2\n")
	p := d.startOn(t, "d", os.Getenv(binary), conf)
	steer := control.Dial(strings.TrimSuffix(p.Conf(), ".conf") + ".sock")
	service := func() (v healthcheck.ServiceStatus) {
		if s, err := steer.Status(t.Context()); err == nil && len(s.VirtualServers) == 1 {
			v = s.VirtualServers[0]
		}
		return v
	}
	state := func() event.State {
		if v := service(); len(v.Servers) == 2 && v.Servers[0].Order != nil {
			return v.Servers[0].Order.State
		}
		return ""
	}

	var kept []*line // one on each server
	t.Cleanup(func() {
		for _, l := range kept {
			l.hangUp()
		}
	})
	wait(t, "a connection to each server", 20*time.Second, func() bool {
		l, err := call(n, "10.1.0.100:80")
		if err != nil {
			return false
		}
		kept = append(kept, l)
		return l.say("first", 5*time.Second) == nil && w1.since(time.Time{}) > 0 && w2.since(time.Time{}) > 0
	})

	ctx, cancel := context.WithCancel(t.Context())
	var traffic sync.WaitGroup
	var calls, errors int
	traffic.Go(func() {
		for ctx.Err() == nil {
			l, err := call(n, "10.1.0.100:80")
			if err == nil {
				err = l.say("hello", 5*time.Second)
				l.hangUp()
			}
			if calls++; err != nil {
				errors++
				t.Log(err)
			}
			time.Sleep(2 * time.Millisecond) // a client's pause
		}
	})
	defer func() { cancel(); traffic.Wait() }()
	wait(t, "traffic on w1", 10*time.Second, func() bool { return w1.since(time.Time{}) > 10 })

	order := control.ServerOrder{Action: healthcheck.Drain, Service: "10.1.0.100:80", Server: "10.2.0.11:80", Terms: control.Terms{Why: "a test"}}
	_, err := steer.Server(t.Context(), order)
	must(t, err)
	wait(t, "no weight", 2*time.Second, func() bool {
		table, err := d.table()
		return err == nil && strings.Contains(table, "-r 10.2.0.11:80 -m -w 0")
	})
	// The one client may just be at it, and this kernel is slow to let it say so.
	since := time.Now().Add(250 * time.Millisecond)
	wait(t, "the connections counted", 10*time.Second, func() bool {
		v := service()
		return len(v.Servers) == 2 && v.Servers[0].Order != nil && v.Servers[0].Order.Counted && v.Servers[0].Order.Active >= 1
	})
	quiet := func(step string) {
		t.Helper()
		if n := w1.since(since); n > 0 {
			t.Errorf("%s: %d new connections on a server that is drained", step, n)
		}
		for _, l := range kept {
			if err := l.say(step, 5*time.Second); err != nil {
				t.Errorf("%s: an established connection has ended: %v", step, err)
			}
		}
		if v := service(); v.State != event.Up || v.Quorum != 2 {
			t.Errorf("%s: the virtual server is %s: %s", step, v.State, v.Cause)
		}
		if s := state(); s != event.Draining {
			t.Errorf("%s: the server is %q", step, s)
		}
	}
	quiet("drained")

	must(t, d.rewrite(func(s string) string { return strings.Replace(s, "lb_algo rr", "lb_algo wrr", 1) }))
	wait(t, "the reload", 10*time.Second, func() bool { return service().Scheduler == "wrr" })
	quiet("after a reload")

	checker := func() int {
		if s, err := steer.Status(t.Context()); err == nil && len(s.Daemon.Processes) == 1 && s.Daemon.Processes[0].Problem == "" {
			return s.Daemon.Processes[0].PID
		}
		return 0
	}
	before := checker()
	must(t, syscall.Kill(before, syscall.SIGKILL))
	wait(t, "a new checker", 20*time.Second, func() bool { pid := checker(); return pid != 0 && pid != before && state() == event.Draining })
	quiet("after a restart of the checker")
	if log := p.Log(); strings.Contains(log, "changed by somebody else") {
		t.Error("our own work is taken for somebody else's")
	}

	for _, l := range kept {
		l.hangUp()
	}
	kept = nil
	wait(t, "out of the table", 60*time.Second, func() bool { return state() == event.Drained })
	table, err := d.table()
	must(t, err)
	if strings.Contains(table, "10.2.0.11") || !strings.Contains(table, "10.2.0.12") {
		t.Errorf("the table is\n%s", table)
	}
	order.Action = healthcheck.Enable
	begin := time.Now()
	_, err = steer.Server(t.Context(), order)
	must(t, err)
	wait(t, "traffic on w1 again", 10*time.Second, func() bool { return w1.since(begin) > 0 })
	cancel()
	traffic.Wait()
	if errors > 0 || calls < 100 {
		t.Errorf("%d errors in %d connections", errors, calls)
	}
}
