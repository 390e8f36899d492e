package vrrp

import (
	"fmt"
	"slices"

	"halbd/conf"
)

// trackerKind is one row of what a role can depend on: the list of references,
// and the words that say what a result means. Contracts of a reference: with
// weight 0 a bad result is a fault, else the weight moves the priority.
type trackerKind struct {
	kind TrackerKind
	list func(*conf.Tracking) *[]conf.Track
	bad  string // "script x failed", with the reason behind it
	good string // the same for a reference with reverse, whose good result is the fault
}

var trackerKinds = []trackerKind{
	{TrackInterface, func(t *conf.Tracking) *[]conf.Track { return &t.Interfaces }, "is down", "is up"},
	{TrackScript, func(t *conf.Tracking) *[]conf.Track { return &t.Scripts }, "failed", "succeeds"},
	{TrackFile, func(t *conf.Tracking) *[]conf.Track { return &t.Files }, "", ""}, // its number speaks
	{TrackProcess, func(t *conf.Tracking) *[]conf.Track { return &t.Processes }, "misses its quorum", "has its quorum"},
	{TrackBFD, func(t *conf.Tracking) *[]conf.Track { return &t.BFDs }, "is down", "is up"},
}

// eachTracked calls f for everything that an instance tracks.
func (c *Core) eachTracked(in *instance, f func(*trackerKind, conf.Track, TrackerResult)) {
	for i := range trackerKinds {
		k := &trackerKinds[i]
		for _, t := range *k.list(&in.tracking) {
			f(k, t, c.result(k.kind, t.Name))
		}
	}
}

// result is the latest of a tracker. An interface is always known: it is good
// when it exists and is up.
func (c *Core) result(kind TrackerKind, name string) TrackerResult {
	if kind != TrackInterface {
		return c.trackers[trackerID{kind, name}]
	}
	r := TrackerResult{Kind: kind, Name: name, Known: true}
	switch l := c.links[name]; {
	case !l.Exists:
		r.Value, r.Why = 1, "it does not exist"
	case !l.Up:
		r.Value = 1
	}
	return r
}

// fault words why a result is a reason for FAULT; "" when it is none.
func (k *trackerKind) fault(t conf.Track, r TrackerResult) string {
	if !r.Known {
		return ""
	}
	good := r.Value == 0
	if k.kind == TrackFile {
		switch {
		case t.Weight == 0 && good == t.Reverse:
			return fmt.Sprintf("tracked file %s holds %d", t.Name, r.Value)
		case k.change(t, r) <= -maxChange:
			return fmt.Sprintf("tracked file %s holds %d (weight %d)", t.Name, r.Value, t.Weight)
		}
		return ""
	}
	if t.Weight != 0 || good != t.Reverse {
		return ""
	}
	if good {
		return fmt.Sprintf("%s %s %s (reverse)", k.noun(), t.Name, k.good)
	}
	text := fmt.Sprintf("%s %s %s", k.noun(), t.Name, k.bad)
	if r.Why != "" {
		text += ": " + r.Why
	}
	return text
}

func (k *trackerKind) noun() string {
	if k.kind == TrackInterface {
		return "tracked interface"
	}
	return string(k.kind)
}

// maxChange is the most that a tracked file moves a priority by; down by so
// much is a fault.
const maxChange = 254

// holds reports whether an instance cannot start before the first result. A
// script that can only move the priority holds nothing up.
func (k *trackerKind) holds(t conf.Track, r TrackerResult) bool {
	return !r.Known && (t.Weight == 0 || k.kind != TrackScript)
}

// change is what a result adds to the priority. A file adds its number times
// the weight. For the others a positive weight rewards good, a negative one
// punishes bad. reverse turns the sign. Before the first result nothing is
// added, unless bad is assumed (init_fail).
func (k *trackerKind) change(t conf.Track, r TrackerResult) int {
	if !r.Known && r.Value == 0 {
		return 0
	}
	n := t.Weight
	switch {
	case k.kind == TrackFile:
		n = min(max(r.Value*t.Weight, -maxChange), maxChange)
	case (t.Weight > 0) != (r.Value == 0):
		n = 0
	}
	if t.Reverse {
		return -n
	}
	return n
}

// effectiveTracking joins the instance's own trackers and its group's. What an
// owner or a member of a group must not have is gone from the configuration
// already.
func (in *instance) effectiveTracking() conf.Tracking {
	all := in.cfg.Track
	if in.group == nil {
		return all
	}
	for i := range trackerKinds {
		list := trackerKinds[i].list
		*list(&all) = slices.Concat(*list(&all), *list(&in.group.cfg.Track))
	}
	return all
}

func (in *instance) tracks(kind TrackerKind, name string) bool {
	for i := range trackerKinds {
		if k := &trackerKinds[i]; k.kind == kind {
			return slices.ContainsFunc(*k.list(&in.tracking), func(t conf.Track) bool { return t.Name == name })
		}
	}
	return false
}
