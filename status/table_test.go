package status

import (
	"flag"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"halbd/bfd"
	"halbd/conf"
	"halbd/event"
	"halbd/healthcheck"
	"halbd/notify"
	"halbd/vrrp"
)

var update = flag.Bool("update", false, "write what is printed into testdata")

var now = time.Date(2026, 1, 2, 15, 4, 5, 0, time.UTC)

func ago(d time.Duration) time.Time { return now.Add(-d) }

// sample has one of everything that a table shows.
func sample() *Status {
	addr := netip.MustParseAddr
	at := netip.MustParseAddrPort
	return &Status{
		At: now,
		Daemon: Daemon{Version: "1.0", PID: 77, Started: ago(75 * time.Hour), Config: "/etc/keepalived/keepalived.conf", Warnings: 2,
			Reloads:   Reloads{Done: 1, Refused: 1, Last: ago(90 * time.Second), Error: "1 new error(s), the first is x"},
			Processes: []Process{{Role: "vrrp", PID: 78}, {Role: "checker", Problem: "it does not answer"}}},
		VRRP: vrrp.Status{
			Instances: []vrrp.InstanceStatus{
				{Name: "V", State: event.Master, Since: ago(3*time.Hour + 4*time.Minute), BasePriority: 150, Priority: 150, VRID: 51, Interface: "eth0",
					Cause: "no master heard for 3.6s (master-down timer)", Next: &vrrp.Deadline{What: "advert", At: now.Add(400 * time.Millisecond)}},
				{Name: "W", State: event.Backup, Since: ago(12 * time.Second), BasePriority: 100, Priority: 80, VRID: 52, Interface: "eth0",
					Master: addr("10.0.0.2"), MasterPriority: 200, Order: &vrrp.OrderStatus{Action: vrrp.Hold, Until: now.Add(10 * time.Minute)}, Next: &vrrp.Deadline{What: "claims the role", At: now.Add(3 * time.Second)}},
				{Name: "long-name", State: event.Fault, Since: ago(time.Second), BasePriority: 100, Priority: 100, VRID: 53, Interface: "eth1",
					Faults: []string{"interface eth1 is down", "script chk failed: exit status 1"}},
			},
			Groups: []vrrp.GroupStatus{{Name: "G", State: event.Backup, Members: []string{"W"}}},
		},
		VirtualServers: []healthcheck.ServiceStatus{{Name: "[10.0.0.100]:tcp:80", Scheduler: "rr", State: event.Down, Since: ago(20 * time.Minute),
			Quorum: 2, AliveWeight: 1, OutWeight: 1, Sorry: at("10.0.0.9:80"), SorryActive: true, Cause: "lost quorum 2-0=2 > 1",
			Servers: []healthcheck.ServerStatus{
				{Name: "[10.0.0.20]:tcp:80", Method: conf.NAT, State: event.Up, Since: ago(time.Hour), Weight: 1, Configured: 1, Connections: &healthcheck.ConnectionCount{Active: 12, Inactive: 345}},
				{Name: "[10.0.0.22]:tcp:80", Method: conf.NAT, State: event.Up, Since: ago(time.Hour), Configured: 1,
					Order: &healthcheck.OrderStatus{State: event.Draining, Until: now.Add(30 * time.Hour), Counted: true, Active: 12, Inactive: 3}},
				{Name: "[10.0.0.21]:tcp:80", Method: conf.NAT, State: event.Down, Since: ago(20 * time.Minute), Weight: 3, Configured: 5, Cause: "TCP_CHECK: connection refused",
					Checkers: []healthcheck.CheckerStatus{{Kind: conf.TCPCheck, State: event.Down, Error: "connection refused"}, {Kind: conf.PingCheck, State: event.Up}}},
			}}},
		BFD: []bfd.SessionStatus{{Name: "B", State: "Up", Since: ago(time.Minute), Neighbor: addr("10.0.0.2"), Detection: 0.05, Cause: "the neighbour is up"}},
		Notify: notify.Status{Runs: notify.Runs{Succeeded: 7, Failed: 2, TimedOut: 1, Seconds: 12.5, Running: 1, Waiting: 3}, Mails: notify.Delivery{Delivered: 4},
			Webhooks: []notify.Webhook{{Name: "https://hooks.example.org", Delivery: notify.Delivery{Delivered: 9, Lost: 1, Retries: 5, Waiting: 2}}}},
		Trackers: []Tracker{{Kind: "script", Name: "chk", Known: true, Value: 1, Why: "exit status 1", Since: ago(time.Second)}, {Kind: "file", Name: "f", Known: true, Value: 7}, {Kind: "process", Name: "p"}},
	}
}

// What people read, on a terminal and in a pipe.
func TestText(t *testing.T) {
	for name, colour := range map[string]bool{"plain": false, "colour": true} {
		var b strings.Builder
		sample().Text(&b, colour)
		golden(t, "testdata/"+name+".txt", b.String())
	}
}

// golden compares with a file, or writes it.
func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s: got\n%s", path, got)
	}
}

// What Prometheus reads; promtool judges it in the end-to-end tests.
func TestMetrics(t *testing.T) {
	s := sample()
	s.VRRP.Instances[0].Name = "a \"quoted\\ name\nof two lines"
	var b strings.Builder
	if err := s.Metrics(&b); err != nil {
		t.Fatal(err)
	}
	golden(t, "testdata/metrics.txt", b.String())
}
