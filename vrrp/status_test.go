package vrrp

import (
	"net/netip"
	"testing"
	"time"

	"halbd/conf"
	"halbd/event"
)

// What an operator asks first: which role, since when, why, whom it follows,
// and what happens next.
func TestStatus(t *testing.T) {
	a, b := router("A", 1, 100), router("B", 2, 150)
	b.Track.Scripts = []conf.Track{{Name: "chk", Weight: -20}}
	c := NewCore(config(a, b))
	boot := time.Unix(1_000_000, 0)
	day := func(t Time) time.Time {
		if t == 0 {
			return time.Time{}
		}
		return boot.Add(t)
	}
	c.Step(s, eth0("10.0.0.1"))
	c.Step(s, TrackerResult{Kind: TrackScript, Name: "chk", Known: true, Value: 1, Why: "exit status 1"})
	c.Start(s)
	c.Step(2*s, advertOf(&a, "10.0.0.9", 200))
	st := c.Status(day)

	got := st.Instances[0]
	if got.State != event.Backup || !got.Since.Equal(boot.Add(s)) || got.Cause == "" {
		t.Errorf("A is %s since %v because %q", got.State, got.Since, got.Cause)
	}
	if got.Master != netip.MustParseAddr("10.0.0.9") || got.MasterPriority != 200 || !got.Heard.Equal(boot.Add(2*s)) {
		t.Errorf("A follows %v with priority %d, heard at %v", got.Master, got.MasterPriority, got.Heard)
	}
	if want := boot.Add(2*s + c.instances[0].masterDownInterval()); got.Next == nil || !got.Next.At.Equal(want) {
		t.Errorf("A's deadline is %+v, want %v", got.Next, want)
	}
	got = st.Instances[1]
	if got.Priority != 130 || got.BasePriority != 150 || len(got.Trackers) != 1 || got.Trackers[0].Change != -20 || got.Trackers[0].Why != "exit status 1" {
		t.Errorf("B has priority %d of %d by %+v", got.Priority, got.BasePriority, got.Trackers)
	}

	c.Step(3*s, InterfaceState{Name: "eth0", Exists: true})
	got = c.Status(day).Instances[0]
	if got.State != event.Fault || len(got.Faults) != 2 || got.Master.IsValid() || got.Next != nil {
		t.Errorf("without a carrier: %+v", got)
	}
}
