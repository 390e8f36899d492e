package vrrp

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"halbd/conf"
	"halbd/event"
)

// tracked gives an instance, or its sync group, one reference of a kind.
func tracked(kind TrackerKind, t conf.Track) (tr conf.Tracking) {
	for i := range trackerKinds {
		if trackerKinds[i].kind == kind {
			*trackerKinds[i].list(&tr) = []conf.Track{t}
		}
	}
	return tr
}

// tell delivers a result of any kind, an interface's as its state.
func (p *script) tell(kind TrackerKind, name string, value int) *script {
	if kind == TrackInterface {
		return p.step(InterfaceState{Name: name, Exists: true, Up: value == 0})
	}
	return p.step(TrackerResult{Kind: kind, Name: name, Known: true, Value: value})
}

// Contracts 4.8: what weight and reverse make of good and bad, for every kind
// whose result is one of the two, for an instance and for its sync group.
func TestWeightTable(t *testing.T) {
	const fault = 0
	for _, row := range []struct {
		weight    int
		reverse   bool
		good, bad uint8
	}{
		{0, false, 100, fault}, {0, true, fault, 100},
		{20, false, 120, 100}, {-20, false, 100, 80},
		{20, true, 80, 100}, {-20, true, 100, 120},
		{253, false, 254, 100}, {-253, false, 100, 1},
	} {
		for _, kind := range []TrackerKind{TrackInterface, TrackScript, TrackProcess, TrackBFD} {
			for _, byGroup := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s %d %v group=%v", kind, row.weight, row.reverse, byGroup), func(t *testing.T) {
					list := tracked(kind, conf.Track{Name: "x", Weight: row.weight, Reverse: row.reverse})
					cfg := config(router("A", 1, 100))
					if byGroup {
						cfg.SyncGroups = []conf.SyncGroup{{Name: "G", Members: []string{"A"}, Track: list}}
					} else {
						cfg.Instances[0].Track = list
					}
					p := play(t, cfg, eth0("10.0.0.1"), InterfaceState{Name: "x", Exists: true, Up: true})
					for _, step := range []struct {
						value int
						want  uint8
					}{{0, row.good}, {1, row.bad}, {0, row.good}} {
						p.tell(kind, "x", step.value)
						in := p.c.instances[0]
						if got := in.state == event.Fault; got != (step.want == fault) {
							t.Errorf("result %d: state %s, faults %q", step.value, in.state, in.faults)
						}
						if step.want != fault && in.priority != step.want {
							t.Errorf("result %d: priority %d, want %d", step.value, in.priority, step.want)
						}
					}
				})
			}
		}
	}
}

// Contracts 4.8 for track_file: number x weight, within +-254, where -254 is a
// fault; with weight 0 any number but 0 is.
func TestFileTable(t *testing.T) {
	for _, row := range []struct {
		weight, value int
		reverse       bool
		want          uint8 // 0: FAULT
	}{
		{1, 20, false, 120}, {1, -20, false, 80}, {2, 10, false, 120}, {-2, 10, false, 80}, {1, 20, true, 80}, {-3, 10, true, 130},
		{1, -253, false, 1}, {1, -254, false, 0}, {2, -127, false, 0}, {254, -2147483648, false, 0}, {1, 254, true, 0},
		{1, 254, false, 254}, {254, 2147483647, false, 254}, {1, -254, true, 254},
		{0, 0, false, 100}, {0, 1, false, 0}, {0, -1, false, 0}, {0, 0, true, 0}, {0, 7, true, 100},
	} {
		in := router("A", 1, 100)
		in.Track = tracked(TrackFile, conf.Track{Name: "f", Weight: row.weight, Reverse: row.reverse})
		p := play(t, config(in)).tell(TrackFile, "f", row.value)
		got := p.c.instances[0]
		if (got.state == event.Fault) != (row.want == 0) || row.want != 0 && got.priority != row.want {
			t.Errorf("%+v: %s, priority %d", row, got.state, got.priority)
		}
	}
}

// The sum of all weights counts, and the order of the results does not.
func TestWeightsAddUp(t *testing.T) {
	kinds := []TrackerKind{TrackInterface, TrackScript, TrackFile, TrackProcess, TrackBFD}
	rapid.Check(t, func(rt *rapid.T) {
		in := router("A", 1, uint8(rapid.IntRange(1, 254).Draw(rt, "priority")))
		sum := int(in.Priority)
		type result struct {
			kind  TrackerKind
			name  string
			value int
		}
		var results []result
		for i := range rapid.IntRange(1, 6).Draw(rt, "trackers") {
			kind := rapid.SampledFrom(kinds).Draw(rt, "kind")
			track := conf.Track{Name: fmt.Sprint("t", i), Weight: rapid.IntRange(1, 50).Draw(rt, "weight"), Reverse: rapid.Bool().Draw(rt, "reverse")}
			if rapid.Bool().Draw(rt, "negative") {
				track.Weight = -track.Weight
			}
			value := rapid.IntRange(0, 1).Draw(rt, "value")
			change := track.Weight
			switch {
			case kind == TrackFile:
				change *= value
			case (value == 0) != (track.Weight > 0):
				change = 0
			}
			if track.Reverse {
				change = -change
			}
			sum += change
			list := tracked(kind, track)
			for k := range trackerKinds {
				l := trackerKinds[k].list
				*l(&in.Track) = append(*l(&in.Track), *l(&list)...)
			}
			results = append(results, result{kind, track.Name, value})
		}
		p := play(t, config(in))
		for _, r := range rapid.Permutation(results).Draw(rt, "order") {
			p.tell(r.kind, r.name, r.value)
		}
		if got, want := p.c.instances[0].priority, uint8(min(max(sum, 1), 254)); got != want {
			rt.Fatalf("priority %d, want %d", got, want)
		}
	})
}

// A fault names every reason, and the reasons change while it lasts.
func TestFaultReasons(t *testing.T) {
	cfg := config(router("A", 1, 150, func(i *conf.Instance) {
		i.Track = conf.Tracking{
			Interfaces: []conf.Track{{Name: "eth1"}}, Scripts: []conf.Track{{Name: "chk"}}, Files: []conf.Track{{Name: "f"}},
			Processes: []conf.Track{{Name: "httpd"}}, BFDs: []conf.Track{{Name: "peer"}},
		}
	}))
	p := play(t, cfg, eth0("10.0.0.1"), InterfaceState{Name: "eth1", Exists: true})
	for _, r := range []TrackerResult{
		{TrackScript, "chk", true, 1, "timed out after 1s"}, {TrackFile, "f", true, 3, ""},
		{TrackProcess, "httpd", true, 1, "0 instances, quorum 1"},
	} {
		p.step(r).want() // nothing is decided before all have spoken
	}
	a := p.c.Step(0, TrackerResult{TrackBFD, "peer", true, 1, "Control Detection Time Expired"})
	want := "tracked interface eth1 is down, script chk failed: timed out after 1s, tracked file f holds 3, " +
		"process httpd misses its quorum: 0 instances, quorum 1, bfd peer is down: Control Detection Time Expired"
	if len(a.Events) != 1 || a.Events[0].State != event.Fault || a.Events[0].Cause != want {
		t.Fatalf("got %+v, want FAULT: %s", a.Events, want)
	}
	a = p.c.Step(0, TrackerResult{TrackScript, "chk", true, 0, ""})
	if len(a.Events) != 0 || len(a.Log) != 1 || !strings.Contains(a.Log[0].Text, "stays in FAULT") || strings.Contains(a.Log[0].Text, "chk") {
		t.Errorf("one reason gone: %+v %+v", a.Events, a.Log)
	}
	p.tell(TrackInterface, "eth1", 0).tell(TrackFile, "f", 0).tell(TrackProcess, "httpd", 0).want()
	p.tell(TrackBFD, "peer", 0).want("0s INSTANCE A BACKUP")
}

// A tracker that begins anew (its script was changed) neither moves a role nor
// opens the way out of FAULT before its first result.
func TestTrackerBeginsAnew(t *testing.T) {
	unknown := TrackerResult{Kind: TrackScript, Name: "chk"}
	in := router("A", 1, 150)
	in.Track = tracked(TrackScript, conf.Track{Name: "chk"})
	p := play(t, config(in)).tell(TrackScript, "chk", 0).until(9 * s)
	p.out = nil
	p.step(unknown).want()
	p.tell(TrackScript, "chk", 1)
	if !slices.Contains(p.out, "9s INSTANCE A FAULT") {
		t.Fatalf("got %q", p.out)
	}
	p.out = nil
	p.step(unknown).want()
	p.tell(TrackScript, "chk", 0).want("9s INSTANCE A BACKUP")
}

// track_src_ip faults when the configured source is gone, and heals.
func TestTrackSource(t *testing.T) {
	in := router("A", 1, 150, func(i *conf.Instance) { i.Source, i.TrackSource = eth0("10.0.0.7").Addrs[0], true })
	both := eth0("10.0.0.1")
	both.Addrs = append(both.Addrs, in.Source)
	p := play(t, config(in), eth0("10.0.0.1")).want("0s INSTANCE A FAULT")
	p.step(both).want("0s INSTANCE A BACKUP")
	p.step(eth0("10.0.0.1")).want("0s INSTANCE A FAULT")
}

// Only a script whose failure is a fault is waited for; a weighted one begins
// to count with its first result, or as bad with init_fail.
func TestWeightedScriptsHoldNothingUp(t *testing.T) {
	for _, row := range []struct {
		weight, assumed int
		starts          bool
		before, after   uint8 // the first result, which is good
	}{
		{0, 0, false, 100, 100}, {0, 1, false, 100, 100},
		{10, 0, true, 100, 110}, {10, 1, true, 100, 110},
		{-10, 0, true, 100, 100}, {-10, 1, true, 90, 100},
	} {
		in := router("A", 1, 100)
		in.Track = tracked(TrackScript, conf.Track{Name: "chk", Weight: row.weight})
		c := NewCore(config(in))
		c.Step(0, eth0("10.0.0.1"))
		c.Step(0, TrackerResult{Kind: TrackScript, Name: "chk", Value: row.assumed})
		c.Start(0)
		got := c.instances[0]
		if (got.state != "") != row.starts || got.priority != row.before {
			t.Errorf("%+v: before the first result %q, priority %d", row, got.state, got.priority)
		}
		c.Step(0, TrackerResult{Kind: TrackScript, Name: "chk", Known: true})
		if got.state != event.Backup || got.priority != row.after {
			t.Errorf("%+v: after it %q, priority %d", row, got.state, got.priority)
		}
	}
}

// A priority that changes while the instance waits for a master changes the
// skew of that wait; one that would have ended already goes on as it was.
func TestPriorityMovesTheRunningSkew(t *testing.T) {
	for _, row := range []struct {
		at    Time
		value int
		want  Time
	}{
		{2 * s, 100, 3*s + 56*s/256}, {2 * s, -50, 3*s + 206*s/256}, {3300 * ms, 150, 3*s + 156*s/256}, {3300 * ms, -50, 3*s + 206*s/256},
	} {
		in := router("A", 1, 100)
		in.Track = tracked(TrackFile, conf.Track{Name: "f", Weight: 1})
		p := play(t, config(in)).tell(TrackFile, "f", 0).until(row.at).tell(TrackFile, "f", row.value)
		if at := claims(p.c, "A"); at != row.want {
			t.Errorf("%+v: master at %v", row, at)
		}
	}
}
