package vrrp

import (
	"fmt"
	"slices"

	"halbd/conf"
)

// implied is an interface that an instance depends on because an object of it
// is there, as keepalived has it: an address, a route or a rule without
// no_track, or a static one of a track_group that the instance is in.
type implied struct {
	name   string
	object string // the first one, in words
}

// impliedBy lists the interfaces of an instance's objects, each once, without
// its own: dont_track_primary decides about that one.
func impliedBy(cfg *conf.Config, in *conf.Instance) []implied {
	l := impliedList{parent: map[string]string{in.Interface: "", in.ListenInterface(): "", in.SendInterface(): ""}}
	if own, ok := in.OwnLink(); ok {
		l.parent[own.Name] = ""
	}
	for i := range in.AddressLinks {
		l.parent[in.AddressLinks[i].Name] = in.AddressLinks[i].Parent
	}
	l.addresses(in.Addresses)
	l.addresses(in.Excluded)
	l.routes(in.Routes)
	l.rules(in.Rules)
	for i := range cfg.TrackGroups {
		g := &cfg.TrackGroups[i]
		if !slices.Contains(g.Members, in.Name) {
			continue
		}
		l.group = g.Name
		l.addresses(cfg.StaticAddresses)
		l.routes(cfg.StaticRoutes)
		l.rules(cfg.StaticRules)
	}
	return l.list
}

// Interfaces names the interfaces that the roles of a configuration depend on.
func Interfaces(cfg *conf.Config) map[string]bool {
	names := map[string]bool{}
	for i := range cfg.Instances {
		in := &cfg.Instances[i]
		for _, name := range []string{in.Interface, in.ListenInterface(), in.SendInterface()} {
			names[name] = true
		}
		if own, ok := in.OwnLink(); ok {
			names[own.Name] = true
		}
		for _, t := range in.Track.Interfaces {
			names[t.Name] = true
		}
		for _, t := range impliedBy(cfg, in) {
			names[t.name] = true
		}
	}
	for i := range cfg.SyncGroups {
		for _, t := range cfg.SyncGroups[i].Track.Interfaces {
			names[t.Name] = true
		}
	}
	return names
}

// impliedList gathers interfaces.
type impliedList struct {
	list   []implied
	group  string            // of the static objects that count; "": virtual ones
	parent map[string]string // the interface below one of the instance's own; "": it does not count
}

func (l *impliedList) add(name string, noTrack bool, group, kind string, what fmt.Stringer) {
	if p, own := l.parent[name]; own {
		name = p
	}
	if name == "" || noTrack || group != l.group || slices.ContainsFunc(l.list, func(i implied) bool { return i.name == name }) {
		return
	}
	text := kind + " " + what.String()
	if group != "" {
		text = "static " + text + ", track_group " + group
	}
	l.list = append(l.list, implied{name, text})
}

func (l *impliedList) addresses(list []conf.Address) {
	for i := range list {
		a := &list[i]
		l.add(a.Interface, a.NoTrack, a.TrackGroup, "address", a.Prefix)
	}
}

func (l *impliedList) routes(list []conf.Route) {
	for i := range list {
		r := &list[i]
		l.add(r.Interface, r.NoTrack, r.TrackGroup, "route", r.Destination)
	}
}

func (l *impliedList) rules(list []conf.RoutingRule) {
	for i := range list {
		r := &list[i]
		priority := priorityText(r.Priority)
		l.add(r.Input, r.NoTrack, r.TrackGroup, "rule", priority)
		l.add(r.Output, r.NoTrack, r.TrackGroup, "rule", priority)
	}
}

// priorityText names a rule.
type priorityText uint32

func (p priorityText) String() string { return fmt.Sprintf("%d", uint32(p)) }

// impliedFaults says which of them are not usable.
func (c *Core) impliedFaults(in *instance) (faults []string) {
	for _, i := range in.implied {
		switch l := c.links[i.name]; {
		case !l.Exists:
			faults = append(faults, fmt.Sprintf("interface %s does not exist (%s)", i.name, i.object))
		case !l.Up:
			faults = append(faults, fmt.Sprintf("interface %s is down (%s)", i.name, i.object))
		}
	}
	return faults
}

func (in *instance) implies(name string) bool {
	return slices.ContainsFunc(in.implied, func(i implied) bool { return i.name == name })
}
