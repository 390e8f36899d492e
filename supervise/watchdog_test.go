package supervise

import (
	"log/slog"
	"net"
	"path/filepath"
	"testing"
	"time"

	"halbd/internal/ipc"
)

// The service manager hears of a daemon whose processes answer, and of one whose
// process waits for its next start; not while one owes its answer.
func TestWatchdogWaitsForAnswers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notify")
	manager, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer manager.Close()
	t.Setenv("NOTIFY_SOCKET", path)
	told := func() bool {
		manager.SetReadDeadline(time.Now().Add(10 * time.Millisecond))
		b := make([]byte, 64)
		n, err := manager.Read(b)
		return err == nil && string(b[:n]) == "WATCHDOG=1"
	}

	conn, far, err := ipc.Pair()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	defer far.Close()
	c := &process{role: roleVRRP, conn: conn}
	p := &parent{log: slog.New(slog.DiscardHandler), children: map[role]*process{roleVRRP: c}}
	tick := watchdogTick{time.Hour}
	for _, step := range []struct {
		name   string
		before func()
		want   bool
	}{
		{"nothing is owed yet", func() {}, true},
		{"an answer is owed", func() {}, false},
		{"it has come", func() { p.onMessage(childMessage{c, msgAlive, nil}) }, true},
		{"the process has died", func() { delete(p.children, roleVRRP) }, true},
		{"the daemon stops", func() { p.children[roleVRRP], c.owes, p.stopping = c, time.Now(), true }, true},
	} {
		step.before()
		p.onWatchdog(tick)
		if got := told(); got != step.want {
			t.Errorf("%s: told %v, want %v", step.name, got, step.want)
		}
	}
}
