package supervise

import (
	"time"

	"halbd/conf"
	"halbd/healthcheck"
	"halbd/track"
	"halbd/vrrp"
)

// fileWait is how long a start or a reload waits for the numbers in files.
const fileWait = time.Second

// readFiles reads the tracked files that are new, so that servers with
// FILE_CHECK begin with what is in them.
func (p *parent) readFiles() {
	known := p.results[track.File]
	var fresh []conf.TrackFile
	for _, f := range p.cfg.TrackFiles {
		if _, ok := known[f.Name]; !ok {
			fresh = append(fresh, f)
		}
	}
	for _, r := range track.First(fresh, fileWait) {
		p.keep(r)
		p.tellChecker(r)
	}
}

// onTracker hands a result to those whom it concerns.
func (p *parent) onTracker(r track.Result) {
	p.keep(r)
	if c := p.children[roleVRRP]; c != nil {
		c.conn.Send(msgTracker, trackerResult(r))
	}
	p.tellChecker(r)
}

func (p *parent) tellChecker(r track.Result) {
	if f, ok := factOf(r); ok && p.children[roleChecker] != nil {
		p.children[roleChecker].conn.Send(msgFact, f)
	}
}

// keep notes the latest result of a tracker.
func (p *parent) keep(r track.Result) {
	kind := vrrp.TrackerKind(r.Kind)
	if p.results[kind] == nil {
		p.results[kind] = map[string]tracked{}
	}
	p.results[kind][r.Name] = tracked{r, time.Now()}
}

// tracked is a tracker's latest result and when it came.
type tracked struct {
	track.Result
	Since time.Time
}

// factOf is a result as checkers follow it; they do not follow every kind.
func factOf(r track.Result) (f healthcheck.Fact, ok bool) {
	f = healthcheck.Fact{Name: r.Name, Value: r.Value, Why: r.Why}
	switch r.Kind {
	case track.File:
		f.Kind = healthcheck.FileFact
	case string(vrrp.TrackBFD):
		f.Kind = healthcheck.BFDFact
	}
	return f, f.Kind != ""
}

// facts are the latest results of a kind.
func (p *parent) facts(kind healthcheck.FactKind) (list []healthcheck.Fact) {
	for _, byName := range p.results {
		for _, r := range byName {
			if f, _ := factOf(r.Result); f.Kind == kind {
				list = append(list, f)
			}
		}
	}
	return list
}
