package engine

import (
	"log/slog"
	"net/netip"
	"slices"
	"sync/atomic"

	"halbd/conf"
	"halbd/netstate"
	"halbd/vrrp"
)

// objects makes what the kernel has equal to what roles and configuration
// imply. It looks at nothing but the mirror, and leaves the work to a writer.
type objects struct {
	mirror    *netstate.Mirror
	writer    *writer
	log       *slog.Logger
	links     *links
	thefts    *thefts
	addresses *set[addressKey, conf.Address]
	routes    *set[routeKey, conf.Route]
	rules     *set[netstate.RuleKey, conf.RoutingRule]
	routeKind *routeKind
	promote   promotion
	jobs      uint64                  // posted
	sure      uint64                  // the mirror knows the outcome of jobs up to this one
	alive     map[string]*atomic.Bool // of each instance's announcements
	breathe   func()                  // called between two pieces of a long piece of work
}

func manageObjects(m *netstate.Mirror, w *writer, log *slog.Logger) *objects {
	o := &objects{mirror: m, writer: w, log: log, thefts: newThefts(), routeKind: newRouteKind(m), sure: allJobs, promote: promotion{}, alive: map[string]*atomic.Bool{}, breathe: func() {}}
	o.links = manageLinks(m, o.thefts, o.usable)
	o.addresses = newSet[addressKey, conf.Address](addressKind{m, o.links}, o.thefts)
	o.routes = newSet[routeKey, conf.Route](o.routeKind, o.thefts)
	o.rules = newSet[netstate.RuleKey, conf.RoutingRule](ruleKind{m}, o.thefts)
	return o
}

// allJobs is objects.sure while the mirror follows the kernel event by event:
// an object that is missing then was there.
const allJobs = ^uint64(0)

// reconcile computes what must change. held are the instances that have their
// role's objects; cfg lists those that may not be there otherwise.
func (o *objects) reconcile(now vrrp.Time, cfg *conf.Config, held []*conf.Instance) {
	o.post(o.links.roles(held))
	w := o.work(now)
	o.addresses.begin(now)
	o.routes.begin(now)
	o.rules.begin(now)
	o.wantStatic(w, cfg)
	o.addresses.want(w, owner{}, o.links.addresses())
	for _, in := range held {
		o.addresses.want(w, owner{instance: in.Name}, in.Addresses)
		o.addresses.want(w, owner{instance: in.Name}, in.Excluded)
		o.addresses.want(w, owner{instance: in.Name}, o.links.linkLocals(in))
		o.breathe()
	}
	for _, in := range held { // behind every address: a source or a gateway may be another instance's
		o.routes.want(w, owner{instance: in.Name}, in.Routes)
		o.rules.want(w, owner{instance: in.Name}, in.Rules)
	}
	o.rules.unwanted(w)
	o.routes.unwanted(w)
	o.addresses.unwanted(w)
	o.removeLeftovers(w, cfg)
	o.excuseSecondaries(w)
	o.promote.change(w, cfg, o.mirror) // behind the addresses that go
	o.sure = allJobs
	o.finish(w)
}

// placeStatic makes the static objects before any role is decided, so that they
// come first in the kernel's order.
func (o *objects) placeStatic(now vrrp.Time, cfg *conf.Config) {
	w := o.work(now)
	o.addresses.begin(now)
	o.routes.begin(now)
	o.rules.begin(now)
	o.wantStatic(w, cfg)
	o.finish(w)
}

func (o *objects) work(now vrrp.Time) *work { return &work{job: o.jobs + 1, now: now, sure: o.sure} }

// wantStatic asks for the objects that do not depend on roles.
func (o *objects) wantStatic(w *work, cfg *conf.Config) {
	for i := range cfg.StaticAddresses {
		o.addresses.want(w, owner{group: cfg.StaticAddresses[i].TrackGroup}, cfg.StaticAddresses[i:i+1])
	}
	for i := range cfg.StaticRoutes {
		o.routes.want(w, owner{group: cfg.StaticRoutes[i].TrackGroup}, cfg.StaticRoutes[i:i+1])
	}
	for i := range cfg.StaticRules {
		o.rules.want(w, owner{group: cfg.StaticRules[i].TrackGroup}, cfg.StaticRules[i:i+1])
	}
}

// removeLeftovers removes the virtual objects of a former run. An owner's
// address may be the host's own, unless it bears our mark.
func (o *objects) removeLeftovers(w *work, cfg *conf.Config) {
	for i := range cfg.Instances {
		in := &cfg.Instances[i]
		may := func(k addressKey) bool {
			at, _ := o.mirror.Find(k.index, k.prefix)
			return at.Protocol == netstate.AddressProtocol || in.Priority < 255
		}
		o.rules.leftovers(w, in.Rules, func(k netstate.RuleKey) bool { return k.Protocol == netstate.AddressProtocol })
		o.routes.leftovers(w, in.Routes, func(routeKey) bool { return true })
		o.addresses.leftovers(w, in.Addresses, may)
		o.addresses.leftovers(w, in.Excluded, may)
		o.breathe()
	}
}

// excuseSecondaries expects the kernel to remove addresses of ours along with
// one that is removed: those that are secondary to it. They are put back
// without anybody being blamed.
func (o *objects) excuseSecondaries(w *work) {
	subnets := map[addressKey]bool{}
	for _, op := range w.drops {
		if a, ok := op.Object.(*netstate.AddressOn); ok {
			if p := netstate.Prefix(a.Address); p.Addr().Is4() && !p.IsSingleIP() {
				subnets[addressKey{a.Index, p.Masked()}] = true
			}
		}
	}
	if len(subnets) == 0 {
		return
	}
	for k := range o.addresses.ours {
		if subnets[addressKey{k.index, k.prefix.Masked()}] {
			o.addresses.gone[k] = w.now
		}
	}
}

// gain makes the objects of an instance that has just come to hold them.
func (o *objects) gain(now vrrp.Time, in *conf.Instance) {
	o.post(o.links.gain(in))
	w := o.work(now)
	w.adds = make([]netstate.Op, 0, len(in.Addresses)+len(in.Excluded)+len(in.Routes)+len(in.Rules))
	by := owner{instance: in.Name}
	o.addresses.gain(w, by, in.Addresses)
	o.addresses.gain(w, by, in.Excluded)
	o.addresses.gain(w, by, o.links.linkLocals(in))
	o.routes.gain(w, by, in.Routes)
	o.rules.gain(w, by, in.Rules)
	o.finish(w)
}

// finish hands work to the writer: what must go frees the place of what must come.
func (o *objects) finish(w *work) {
	for _, line := range o.thefts.report() {
		o.log.Warn(line)
	}
	o.post(append(w.drops, w.adds...))
}

func (o *objects) post(ops []netstate.Op) {
	if len(ops) > 0 {
		o.jobs++
		o.writer.post(job{number: o.jobs, ops: ops})
	}
}

// refused takes note of what the kernel did not take of the jobs up to this
// one; true if the mirror is wrong now, because something is still there.
func (o *objects) refused(list []*netstate.Failure, job uint64) (wrong bool) {
	for _, f := range list {
		if f.Op.Remove {
			wrong = true
			continue
		}
		switch v := f.Op.Object.(type) {
		case *netstate.AddressOn:
			o.addresses.refused(addressKey{v.Index, netstate.Prefix(v.Address)}, job)
		case *netstate.RouteOn:
			shown := v.Shown()
			o.routes.refused(routeKey{shown.RouteKey, legsText(shown)}, job)
		case *netstate.RuleFor:
			o.rules.refused(v.Key, job)
		}
	}
	return wrong
}

// faults lists, by instance, why what the kernel has keeps it from its role.
func (o *objects) faults(now vrrp.Time, cfg *conf.Config) map[string][]string {
	list := o.thefts.faults()
	missing := func(group string, what netstate.Object) {
		text := "static " + what.String() + " is missing"
		if o.thefts.contested(now, what) {
			text = "static " + what.String() + contestedText
		}
		for i := range cfg.TrackGroups {
			if g := &cfg.TrackGroups[i]; g.Name == group {
				for _, name := range g.Members {
					list[name] = append(list[name], text+" (track_group "+group+")")
				}
			}
		}
	}
	up := func(name string) bool { // when not, that is the reason: impliedFaults has it
		l := o.mirror.Link(name)
		return name == "" || l != nil && l.Up
	}
	for i := range cfg.StaticAddresses {
		if a := &cfg.StaticAddresses[i]; a.TrackGroup != "" && up(a.Interface) && !o.addresses.has(a) {
			missing(a.TrackGroup, &netstate.AddressOn{Address: a})
		}
	}
	for i := range cfg.StaticRoutes {
		if r := &cfg.StaticRoutes[i]; r.TrackGroup != "" && up(r.Interface) && !o.routes.has(r) {
			missing(r.TrackGroup, &netstate.RouteOn{Route: r})
		}
	}
	for i := range cfg.StaticRules {
		if r := &cfg.StaticRules[i]; r.TrackGroup != "" && !o.rules.has(r) {
			missing(r.TrackGroup, &netstate.RuleFor{Key: netstate.RuleKeyOf(r)})
		}
	}
	return list
}

// configure takes a new configuration; true if it has routes.
func (o *objects) configure(cfg *conf.Config) (routes bool) {
	o.routeKind.forgetConfig(o.routes.ours)
	return len(cfg.StaticRoutes) > 0 || slices.ContainsFunc(cfg.Instances, func(in conf.Instance) bool { return len(in.Routes) > 0 })
}

// apply enters what the kernel says into the mirror.
func (o *objects) apply(u netstate.Update) (touched map[string]bool, routing bool) {
	if u.Full || u.Routes {
		o.sure = min(o.sure, u.Mark)
	}
	for i := range u.Changes {
		if a := u.Changes[i].Address; a != nil && a.Failed {
			o.duplicate(a)
		}
	}
	touched, routing = o.mirror.Apply(u)
	if len(touched) > 0 {
		o.addresses.forget(func(k addressKey) bool { return o.mirror.ByIndex(k.index) == nil })
	}
	return touched, routing
}

// duplicate says once that another host has an address of ours (RFC 4862
// section 5.4.5): the kernel does not use it.
func (o *objects) duplicate(a *netstate.Address) {
	k := addressKey{a.Index, a.Prefix}
	was, _ := o.mirror.Find(k.index, k.prefix)
	if e, ours := o.addresses.ours[k]; ours && !was.Failed {
		o.log.Warn(o.addresses.kind.object(k, e.v).String() + ": another host has it too (duplicate address detection), so this one does not use it")
	}
}

// abandon leaves everything where it is from now on.
func (o *objects) abandon() {
	o.addresses.forget(func(addressKey) bool { return true })
	o.routes.forget(func(routeKey) bool { return true })
	o.rules.forget(func(netstate.RuleKey) bool { return true })
}

// usable lists the host's own addresses of an interface, primary first.
func (o *objects) usable(index int) []netip.Addr {
	list := o.mirror.Addresses(index, func(at *netstate.Address) bool {
		_, ours := o.addresses.ours[addressKey{index, at.Prefix}]
		return at.Usable && (at.Protocol != netstate.AddressProtocol && !ours || o.links.fixed(index, at.Prefix))
	})
	out := make([]netip.Addr, len(list))
	for i := range list {
		out[i] = list[i].Prefix.Addr()
	}
	return out
}
