package e2e

import (
	"encoding/json"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"halbd/event"
)

// sink takes events that are posted to it.
type sink struct {
	mu     sync.Mutex
	states []string
}

func (s *sink) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var ev event.Event
	if json.NewDecoder(r.Body).Decode(&ev) != nil || ev.Cause == "" {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.states = append(s.states, string(ev.State))
}

func (s *sink) has(want ...string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Equal(s.states, want)
}

// A receiver that comes late gets everything in order, a script that hangs
// ends at its limit with all its children, and the roles wait for neither.
func TestWebhookAndScriptThatHangs(t *testing.T) {
	t.Parallel()
	n := lan(t, "a")
	n.Run("a", "ip link set lo up")
	tr := newTranscript(t)
	tr.put("hang", "#!/bin/sh\ntrap '' TERM\necho it hangs\nsleep 1000 &\necho $! > "+tr.dir+"/child\nwait\nsleep 1000\n")
	began := time.Now()
	p := start(t, n, "a", halbd, tr.conf(instance("V1", 1, 150, "notify_backup DIR/hang\n notify \"SCRIPT\"\n"+oneVIP), "notify_timeout 1", "notify_webhook http://127.0.0.1:8765/events"))
	wait(t, "MASTER", 8*time.Second, func() bool { return owns(n, "a", "10.9.1.1") })
	if took := time.Since(began); took > 6*time.Second {
		t.Errorf("MASTER after %v", took)
	}
	tr.called(2) // after the one that hung
	wait(t, "a log line with the output", 5*time.Second, func() bool {
		return strings.Contains(p.Log(), "notify script failed") && strings.Contains(p.Log(), "it hangs") && strings.Contains(p.Log(), "timed out after 1s")
	})
	child, err := os.ReadFile(filepath.Join(tr.dir, "child"))
	must(t, err)
	wait(t, "the end of the script's child", 5*time.Second, func() bool {
		_, err := os.Stat("/proc/" + strings.TrimSpace(string(child)))
		return err != nil
	})

	var l net.Listener
	must(t, n.Inside("a", func() (err error) {
		l, err = net.Listen("tcp", "127.0.0.1:8765")
		return err
	}))
	s := &sink{}
	server := &http.Server{Handler: s}
	go server.Serve(l)
	t.Cleanup(func() { server.Close() })
	wait(t, "the events", 40*time.Second, func() bool { return s.has("BACKUP", "MASTER") })
	metrics := string(page(t, strings.TrimSuffix(p.Conf(), ".conf")+".sock", "/metrics"))
	for _, line := range []string{
		`halbd_notify_runs_total{result="timed_out"} 1`, `halbd_notify_runs_total{result="succeeded"} 2`, `halbd_notify_duration_seconds_count 3`,
		`halbd_notify_deliveries_total{sink="http://127.0.0.1:8765",result="delivered"} 2`,
	} {
		if !strings.Contains(metrics, line+"\n") {
			t.Errorf("no %s in\n%s", line, metrics)
		}
	}
	must(t, p.Stop(8*time.Second))
	wait(t, "the last event", 5*time.Second, func() bool { return s.has("BACKUP", "MASTER", "STOP") })
}
