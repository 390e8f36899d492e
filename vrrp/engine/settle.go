package engine

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"halbd/conf"
	"halbd/internal/duequeue"
	"halbd/netstate"
	"halbd/vrrp"
)

// writeFailed tells the loop what the kernel did not take.
type writeFailed struct {
	refused []*netstate.Failure
	err     error  // of the connection
	job     uint64 // the last one that was tried
}

// refusals is what was said of changes that the kernel refused, and when each
// was last true.
type refusals map[string]vrrp.Time

// forgetRefusal is when a refusal that is over may be told again.
const forgetRefusal = 10 * retryPause

// news keeps those that were not told yet, however often they are tried.
func (r refusals) news(now vrrp.Time, texts []string) (fresh []string) {
	for _, text := range texts {
		if at, told := r[text]; !told || now-at > forgetRefusal {
			fresh = append(fresh, text)
		}
		r[text] = now
	}
	maps.DeleteFunc(r, func(_ string, at vrrp.Time) bool { return now-at > forgetRefusal })
	return fresh
}

// settle makes the kernel fit once for all that has happened together, and
// tells the core what keeps it from being so.
func (e *engine) settle() {
	for e.stale {
		e.reconcile()
		e.tellFaults()
	}
	for name, n := range e.objects.thefts.counted() {
		e.core.Step(monotonic(), vrrp.ObjectsTaken{Instance: name, Count: n})
	}
	e.announceReturned()
}

func (e *engine) reconcile() {
	e.stale = false
	e.held = e.core.Held(e.held[:0])
	e.converge(e.cfg, e.held)
}

// converge makes the kernel have what these instances hold, and nothing else
// of the configuration's.
func (e *engine) converge(cfg *conf.Config, held []*conf.Instance) {
	e.filter.cover(held)
	e.objects.reconcile(monotonic(), cfg, held)
	e.filter.settle()
}

// tellFaults lets the core see what has changed of the objects' faults.
func (e *engine) tellFaults() {
	faults := e.objects.faults(monotonic(), e.cfg)
	for i := range e.cfg.Instances {
		name := e.cfg.Instances[i].Name
		if e.faults == nil || !slices.Equal(faults[name], e.faults[name]) {
			e.act(e.core.Step(monotonic(), vrrp.ObjectFaults{Instance: name, Reasons: faults[name]}))
		}
	}
	e.faults = faults
}

// writeFailed takes back what was assumed of the kernel, and tries again later.
func (e *engine) writeFailed(m writeFailed) {
	var texts []string
	for _, f := range m.refused {
		texts = append(texts, f.Error())
		e.notMade(f)
	}
	if m.err != nil {
		texts = append(texts, m.err.Error())
	}
	now := monotonic()
	if fresh := e.refusals.news(now, texts); len(fresh) > 0 {
		e.log.Error("the kernel refuses changes; trying again every second", "err", strings.Join(fresh, "; "))
	}
	e.reread = e.objects.refused(m.refused, m.job) || m.err != nil || e.reread
	e.retry = min(e.retry, now+retryPause)
	e.tellFaults()
}

// notMade notes a link among what could not be written.
func (e *engine) notMade(f *netstate.Failure) {
	switch o := f.Op.Object.(type) {
	case *netstate.MadeLink:
		if !f.Op.Remove {
			e.linkFailed(o.Link.Name, fmt.Sprintf("it cannot be made on %s: %v", o.Link.Parent, f.Err))
		}
	case *netstate.LinkUp:
		e.linkFailed(o.Name, fmt.Sprintf("it cannot be set up: %v", f.Err))
	}
}

func (e *engine) linkFailed(name, why string) {
	e.links.failed(name, why)
	e.act(e.core.Step(monotonic(), e.level(name)))
}

// again tries what the kernel refused.
func (e *engine) again() {
	e.retry = duequeue.Never
	e.stale = true
	e.openSockets()
	e.makeLinks()
	if e.reread {
		e.reread = false
		e.watcher.Refresh()
	}
}
