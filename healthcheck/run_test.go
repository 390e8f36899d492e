package healthcheck

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"testing"
	"time"

	"halbd/conf"
	"halbd/event"
	"halbd/ipvs"
)

// output collects what the checker publishes.
type output struct {
	events chan event.Event
	ready  chan struct{}
}

func (o *output) Publish(e event.Event) { o.events <- e }
func (o *output) Ready()                { close(o.ready) }
func (o *output) Status(Status)         {}
func (o *output) Ordered(OrderAnswer)   {}

func (o *output) next(t *testing.T) string {
	t.Helper()
	select {
	case e := <-o.events:
		return fmt.Sprintf("%s %s", e.Kind, e.State)
	case <-time.After(20 * time.Second):
		t.Fatal("no event")
		return ""
	}
}

func (o *output) want(t *testing.T, events ...string) {
	t.Helper()
	for _, e := range events {
		if got := o.next(t); got != e {
			t.Fatalf("event %s, want %s", got, e)
		}
	}
}

func destinations(t *testing.T, m *ipvs.Memory) int {
	t.Helper()
	list, err := m.Services()
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, s := range list {
		n += len(s.Dests)
	}
	return n
}

// The shell with real connections and real time: a port that closes leaves the
// table before its event is told, and comes back; at the end nothing is left.
func TestRun(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	at := l.Addr().String()
	fast := func(k *conf.Checker) {
		k.Connect = netip.MustParseAddrPort(at)
		k.DelayLoop, k.Retry, k.RetryDelay = 20*time.Millisecond, 1, 10*time.Millisecond
	}
	cfg := virtual([]conf.RealServer{real(1, 1, tcp(fast)), real(2, 1)})
	kernel := &ipvs.Memory{}
	out := &output{events: make(chan event.Event, 64), ready: make(chan struct{})}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	in := make(chan Input)
	done := make(chan error, 1)
	go func() { done <- Run(ctx, cfg, in, out, slog.New(slog.DiscardHandler), Options{Kernel: kernel}) }()

	out.want(t, "VS UP")
	<-out.ready
	if n := destinations(t, kernel); n != 2 {
		t.Errorf("%d destinations at start, want 2", n)
	}
	l.Close()
	out.want(t, "RS DOWN")
	if n := destinations(t, kernel); n != 1 {
		t.Errorf("%d destinations after the port closed, want 1", n)
	}
	if l, err = net.Listen("tcp", at); err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	out.want(t, "RS UP")
	if n := destinations(t, kernel); n != 2 {
		t.Errorf("%d destinations after the port opened, want 2", n)
	}

	in <- virtual([]conf.RealServer{real(1, 1, tcp(fast))}, func(v *conf.VirtualServer) { v.Omega = true })
	out.want(t, "RS DOWN")
	cancel()
	out.want(t, "RS DOWN", "VS DOWN")
	if err := <-done; err != nil {
		t.Error(err)
	}
	if list, _ := kernel.Services(); len(list) != 0 {
		t.Errorf("left behind: %+v", list)
	}
}

// What a former run left in the kernel is made right, not made anew.
func TestRunAdoptsTheTable(t *testing.T) {
	cfg := virtual([]conf.RealServer{real(1, 1), real(2, 5)})
	core, _ := NewCore(cfg, 0, func(time.Duration) time.Duration { return 0 })
	kernel := &ipvs.Memory{}
	left := core.Table()[0]
	left.Dests = append(left.Dests[:1:1], ipvs.Destination{Addr: netip.MustParseAddr("10.0.0.7"), Port: 80, Weight: 1})
	kernel.Apply(ipvs.Diff(nil, nil, &left))
	var changes []string
	kernel.Log = func(c ipvs.Change) { changes = append(changes, c.String()) }
	table, err := openTable(kernel, core, &cfg.Global, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	table.update(kernelKeys(&cfg.VirtualServers[0]), 0)
	want := "[add real server 10.0.0.2:80 in tcp 10.0.0.100:80 delete real server 10.0.0.7:80 in tcp 10.0.0.100:80]"
	if got := fmt.Sprint(changes); got != want {
		t.Errorf("changes %s, want %s", got, want)
	}
}

func TestSyncDaemonRoles(t *testing.T) {
	kernel := &ipvs.Memory{}
	s := newSyncDaemons(kernel, slog.New(slog.DiscardHandler))
	running := func() string {
		list, _ := kernel.Daemons()
		text := ""
		for _, d := range list {
			text += daemonName(d.Master) + " "
		}
		return text
	}
	for _, step := range []struct {
		do   func()
		want string
	}{
		{func() { s.configure(&conf.SyncDaemon{Interface: "eth0", Instance: "V"}) }, "backup "},
		{func() { s.role(Role{"V", true}) }, "master "},
		{func() { s.role(Role{"other", false}) }, "master "},
		{func() { s.role(Role{"V", false}) }, "backup "},
		{func() { s.configure(&conf.SyncDaemon{Interface: "eth0"}) }, "backup master "},
		{func() { s.stop() }, ""},
	} {
		step.do()
		if got := running(); got != step.want {
			t.Errorf("running %q, want %q", got, step.want)
		}
	}
}
