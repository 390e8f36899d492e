package engine

import (
	"slices"
	"testing"
	"time"

	"halbd/conf"
)

// The interfaces of a group share one clock for each kind of packet; another
// interface has its own, with the global gaps.
func TestPacersOfGroups(t *testing.T) {
	const ms = time.Millisecond
	p := paces{garp: 500 * ms, na: 300 * ms, groups: []conf.GARPGroup{
		{Interfaces: []string{"eth0", "eth1"}, GARPInterval: 100 * ms},
		{Interfaces: []string{"eth2"}, GARPInterval: 200 * ms, GNAInterval: 50 * ms}}}
	start := time.Unix(1000, 0)
	for _, c := range []struct {
		name string
		ask  []string // the interfaces that want to send, all at once
		v6   bool
		want []time.Duration
	}{
		{"one interface", []string{"eth9", "eth9", "eth9"}, false, []time.Duration{0, 500 * ms, 1000 * ms}},
		{"two of no group", []string{"eth8", "eth9", "eth8"}, false, []time.Duration{0, 0, 500 * ms}},
		{"a group", []string{"eth0", "eth1", "eth1", "eth0"}, false, []time.Duration{0, 100 * ms, 200 * ms, 300 * ms}},
		{"a group without gna_interval", []string{"eth0", "eth1", "eth1"}, true, []time.Duration{0, 0, 0}},
		{"two groups", []string{"eth0", "eth2", "eth1", "eth2"}, false, []time.Duration{0, 0, 100 * ms, 200 * ms}},
		{"neighbour advertisements", []string{"eth2", "eth9", "eth2", "eth9"}, true, []time.Duration{0, 0, 50 * ms, 300 * ms}},
	} {
		pacers := map[string]*pacer{}
		var got []time.Duration
		for _, name := range c.ask {
			w := p.find(pacers, name)
			other := &w.na
			clock := &w.garp
			if c.v6 {
				clock, other = other, clock
			}
			other.after(start) // the other kind takes no time from this one
			got = append(got, clock.after(start))
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: waits %v, want %v", c.name, got, c.want)
		}
	}
}

// A clock that was not asked for a while owes nothing.
func TestClockDoesNotCatchUp(t *testing.T) {
	c := clock{gap: time.Second}
	start := time.Unix(1000, 0)
	for _, step := range []struct{ at, want time.Duration }{
		{0, 0}, {0, time.Second}, {500 * time.Millisecond, 1500 * time.Millisecond}, {10 * time.Second, 0}, {10 * time.Second, time.Second},
	} {
		if got := c.after(start.Add(step.at)); got != step.want {
			t.Errorf("at %v: waits %v, want %v", step.at, got, step.want)
		}
	}
}
