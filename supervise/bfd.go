package supervise

import (
	"halbd/event"
	"halbd/track"
	"halbd/vrrp"
)

// onBFD hands the state of a BFD session to the VRRP process.
func (p *parent) onBFD(ev event.Event) {
	p.onTracker(bfdResult(ev.Name, ev.State == event.Up, ev.Cause))
}

// bfdResult is a session's state as a tracker's result: 0 is good.
func bfdResult(name string, up bool, why string) track.Result {
	r := track.Result{Kind: string(vrrp.TrackBFD), Name: name, Known: true}
	if !up {
		r.Value, r.Why = 1, why
	}
	return r
}

// assumeBFD makes the sessions of the configuration known: one that was never
// up counts as down from the start, as keepalived has it, and whether or not
// there is a BFD process. Sessions that are gone are forgotten.
func (p *parent) assumeBFD() {
	if p.opt.NoBFD && len(p.cfg.BFDs) > 0 {
		p.log.Warn("no BFD process is wanted (-B): every bfd_instance counts as down")
	}
	known := p.results[vrrp.TrackBFD]
	delete(p.results, vrrp.TrackBFD)
	for i := range p.cfg.BFDs {
		name := p.cfg.BFDs[i].Name
		r, found := known[name]
		if !found {
			r.Result = bfdResult(name, false, "it has not come up yet")
		}
		p.onTracker(r.Result)
	}
}

// loseBFD counts every session as down: the BFD process has died again before
// it could say how they are. After its first death the sessions keep their
// state until the new process reports.
func (p *parent) loseBFD() {
	for i := range p.cfg.BFDs {
		p.onTracker(bfdResult(p.cfg.BFDs[i].Name, false, "the BFD process keeps dying"))
	}
}
