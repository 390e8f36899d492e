package healthcheck

import (
	"fmt"
	"math"

	"halbd/conf"
)

// FactKind says what a Fact is about.
type FactKind string

const (
	FileFact FactKind = "file" // a track_file; Value is the number in it
	BFDFact  FactKind = "bfd"  // a bfd_instance; Value is 0 when the session is up
)

// Fact is what the parent has found out, which FILE_CHECK and BFD_CHECK follow.
type Fact struct {
	Kind  FactKind `json:"kind"`
	Name  string   `json:"name"`
	Value int      `json:"value"`
	Why   string   `json:"why,omitempty"` // of a bad value
}

func (Fact) isEvent() {}

// subject names what a fact is about.
type subject struct {
	kind FactKind
	name string
}

func (f *Fact) subject() subject { return subject{f.Kind, f.Name} }

// follows says what a checker follows; false for one that probes.
func follows(k *conf.Checker) (subject, bool) {
	switch k.Kind {
	case conf.FileCheck:
		return subject{FileFact, k.File.TrackFile}, true
	case conf.BFDCheck:
		return subject{BFDFact, k.BFD.Name}, true
	}
	return subject{}, false
}

// learn passes a fact on to the checkers that follow it.
func (c *Core) learn(f Fact, now Time) {
	c.facts[f.subject()] = f
	if c.stopped {
		return
	}
	var changes []change
	for _, ck := range c.followers[f.subject()] {
		wasUp, delta := ck.up, ck.delta
		ck.follow(f, now)
		if ck.up != wasUp || ck.delta != delta {
			changes = append(changes, change{checker: ck, verdict: ck.up != wasUp, cause: ck.followCause(f)})
		}
	}
	c.apply(changes...)
	for _, ck := range c.followers[f.subject()] {
		if !ck.up && f.Kind == BFDFact { // of a file that is bad from the start keepalived says nothing
			c.tellDown(ck.server, ck.followCause(f))
		}
	}
}

// follow applies a fact. A file moves the weight, or decides by itself when its
// own weight is 0.
func (k *checker) follow(f Fact, now Time) {
	k.proven = true
	if k.conf.Kind == conf.BFDCheck {
		k.up = f.Value == 0
	} else {
		k.up, k.delta = fileVerdict(k.conf.File, f.Value)
	}
	k.note(&Result{OK: k.up, Detail: k.followCause(f)}, now)
}

// fileVerdict is what a number in a file means: without a weight any other
// number than 0 is a failure, or 0 with reverse; with one the weight moves by
// their product. Only a product below the least weight of IPVS is a failure.
func fileVerdict(o *conf.FileOptions, value int) (up bool, delta int64) {
	if o.Weight == 0 {
		return (value == 0) != o.Reverse, 0
	}
	w := int64(o.Weight)
	if o.Reverse {
		w = -w
	}
	d := int64(value) * w
	if d <= math.MinInt32 {
		return false, 0
	}
	return true, min(d, math.MaxInt32)
}

// followCause words the reason of a change.
func (k *checker) followCause(f Fact) string {
	switch {
	case k.conf.Kind == conf.FileCheck:
		return fmt.Sprintf("%s: track_file %s holds %d", k.conf.Kind, f.Name, f.Value)
	case f.Value == 0:
		return fmt.Sprintf("%s: session %s is up", k.conf.Kind, f.Name)
	case f.Why != "":
		return fmt.Sprintf("%s: session %s is down: %s", k.conf.Kind, f.Name, f.Why)
	}
	return fmt.Sprintf("%s: session %s is down", k.conf.Kind, f.Name)
}
