package vrrp

import (
	"fmt"
	"slices"
	"strings"

	"halbd/conf"
	"halbd/event"
)

// review is level-triggered: it looks at everything that an instance depends
// on and makes state and priority fit, whatever has happened before.
func (c *Core) review(in *instance, now Time) {
	faults, known := c.assess(in)
	if !known && in.state == "" {
		return // nothing can be decided before the first result of each tracker
	}
	in.faults = faults
	if len(faults) == 0 {
		c.reprioritise(in) // a router in FAULT has no use for a priority; it keeps the last one
	}
	if in.group == nil {
		c.place(in, now, faults)
		return
	}
	c.placeGroup(in, now)
}

// placeGroup gives every member the faults of all, the reviewed one first.
func (c *Core) placeGroup(in *instance, now Time) {
	g := in.group
	starting := in.state == ""
	members := append([]*instance{in}, slices.DeleteFunc(slices.Clone(g.members), func(m *instance) bool { return m == in })...)
	for _, m := range members {
		if m.state == "" && m != in {
			continue
		}
		faults := m.faults
		if len(faults) == 0 {
			faults = c.groupFaults(m, starting)
		}
		c.place(m, now, faults)
	}
}

// groupFaults words what is wrong with the other members.
func (c *Core) groupFaults(in *instance, starting bool) []string {
	var list []string
	for _, m := range in.group.members {
		if m == in {
			continue
		}
		faults := m.faults
		if starting && m.state == "" {
			faults, _ = c.assess(m) // it has not been placed yet
		}
		if len(faults) > 0 {
			list = append(list, fmt.Sprintf("sync group %s: %s: %s", in.group.cfg.Name, m.cfg.Name, strings.Join(faults, ", ")))
		}
	}
	return list
}

// place moves an instance into or out of FAULT, or into its first state.
func (c *Core) place(in *instance, now Time, faults []string) {
	cause := strings.Join(faults, ", ")
	switch {
	case len(faults) > 0 && in.state == event.Fault:
	case len(faults) > 0:
		c.becomeFault(in, cause)
	case in.state == event.Fault:
		c.waken(in, now, "every fault is gone")
	case in.state == "":
		c.waken(in, now, "start")
	}
}

// waken starts the wait for a master, or claims at once as the owner; in a
// sync group the owner too waits for the others.
func (c *Core) waken(in *instance, now Time, cause string) {
	in.masterInterval = in.cfg.AdvertInterval
	owner := in.owner() && in.deafUntil <= now
	if owner && in.group == nil {
		c.becomeMaster(in, now, 0, cause+" as the owner (priority 255)")
		return
	}
	c.becomeBackup(in, now, cause)
	if in.cfg.PreemptDelay > 0 {
		in.preemptAt = now + in.cfg.PreemptDelay // it runs from the start, too
	}
	if owner {
		in.instant = true
		c.set(in, timerMain, now)
	}
}

// assess lists the reasons for FAULT; known is false while a tracker has not
// reported yet.
func (c *Core) assess(in *instance) (faults []string, known bool) {
	link := c.links[in.cfg.Interface]
	switch {
	case !link.Exists:
		faults = append(faults, "interface "+in.cfg.Interface+" does not exist")
	case !link.Up && !in.cfg.DontTrackPrimary:
		faults = append(faults, "interface "+in.cfg.Interface+" is down")
	case !in.source.IsValid():
		faults = append(faults, fmt.Sprintf("no %s on %s to send adverts from", in.addressWanted(), in.cfg.Interface))
	case in.cfg.TrackSource && !slices.Contains(link.Addrs, in.source):
		faults = append(faults, fmt.Sprintf("source address %v is not on %s", in.source, in.cfg.Interface))
	}
	for _, t := range in.tracking.Interfaces {
		if l := c.links[t.Name]; t.Weight == 0 && (l.Exists && l.Up) == t.Reverse {
			faults = append(faults, "tracked interface "+t.Name+upDown(t.Reverse))
		}
	}
	known = true
	for _, t := range in.tracking.Scripts {
		r := c.trackers[trackerID{TrackScript, t.Name}]
		known = known && r.Known
		if t.Weight == 0 && r.Known && (r.Value == 0) == t.Reverse {
			faults = append(faults, fmt.Sprintf("script %s %s", t.Name, succeedsFails(t.Reverse)))
		}
	}
	for _, t := range in.tracking.Files {
		r := c.trackers[trackerID{TrackFile, t.Name}]
		known = known && r.Known
		switch product := fileProduct(t, r.Value); {
		case !r.Known:
		case t.Weight == 0 && (r.Value == 0) == t.Reverse:
			faults = append(faults, fmt.Sprintf("tracked file %s holds %d", t.Name, r.Value))
		case product <= -254:
			faults = append(faults, fmt.Sprintf("tracked file %s holds %d (weight %d)", t.Name, r.Value, t.Weight))
		}
	}
	return faults, known
}

func (in *instance) addressWanted() string {
	if in.cfg.Family == conf.IPv6 {
		return "link-local IPv6 address"
	}
	return "IPv4 address"
}

func upDown(up bool) string {
	if up {
		return " is up (reverse)"
	}
	return " is down"
}

func succeedsFails(succeeds bool) string {
	if succeeds {
		return "succeeds (reverse)"
	}
	return "failed"
}

// reprioritise computes the effective priority: the configured one and every
// weight, within 1..254. The owner's 255 never moves.
func (c *Core) reprioritise(in *instance) {
	p, why := c.effectivePriority(in)
	if p == in.priority {
		return
	}
	in.priority = p
	state := event.BackupPriority
	switch in.state {
	case event.Master:
		state = event.MasterPriority
	case event.Backup:
	default:
		return
	}
	c.acts.Events = append(c.acts.Events, event.Event{Kind: event.Instance, Name: in.cfg.Name, State: state, Previous: in.state,
		Priority: int(p), Cause: why, Quiet: !in.cfg.Notify.PriorityChange})
}

func (c *Core) effectivePriority(in *instance) (uint8, string) {
	base := int(in.cfg.Priority)
	why := fmt.Sprintf("configured %d", base)
	if base == 255 {
		return 255, why
	}
	sum := base
	add := func(kind string, t conf.Track, n int) {
		if n != 0 {
			sum += n
			why += fmt.Sprintf(", %s %s %+d", kind, t.Name, n)
		}
	}
	for _, t := range in.tracking.Interfaces {
		l := c.links[t.Name]
		add("interface", t, boolWeight(t, l.Exists && l.Up))
	}
	for _, t := range in.tracking.Scripts {
		if r := c.trackers[trackerID{TrackScript, t.Name}]; r.Known {
			add("script", t, boolWeight(t, r.Value == 0))
		}
	}
	for _, t := range in.tracking.Files {
		add("file", t, fileProduct(t, c.trackers[trackerID{TrackFile, t.Name}].Value))
	}
	return uint8(min(max(sum, 1), 254)), why
}

// boolWeight is what a tracker that is good or bad adds: a positive weight
// rewards good, a negative one punishes bad; reverse turns the sign.
func boolWeight(t conf.Track, good bool) int {
	if (t.Weight > 0) != good {
		return 0
	}
	if t.Reverse {
		return -t.Weight
	}
	return t.Weight
}

func fileProduct(t conf.Track, value int) int {
	p := value * t.Weight
	if t.Reverse {
		p = -p
	}
	return min(max(p, -254), 254)
}

// effectiveTracking joins the instance's own trackers and its group's. In a
// group without sync_group_tracking_weight a member's priority must not move:
// a weight becomes a fault or is dropped.
func (in *instance) effectiveTracking() conf.Tracking {
	own := in.cfg.Track
	if in.cfg.Priority == 255 {
		own = unweighted(own, false)
	}
	g := in.group
	if g == nil {
		return own
	}
	if !g.cfg.TrackingWeight {
		own = unweighted(own, true)
	}
	return conf.Tracking{
		Interfaces: slices.Concat(own.Interfaces, g.cfg.Track.Interfaces),
		Scripts:    slices.Concat(own.Scripts, g.cfg.Track.Scripts),
		Files:      slices.Concat(own.Files, g.cfg.Track.Files),
	}
}

func unweighted(t conf.Tracking, asFault bool) conf.Tracking {
	u := conf.Tracking{}
	for _, i := range t.Interfaces {
		if asFault {
			i.Weight = 0
		}
		if i.Weight == 0 {
			u.Interfaces = append(u.Interfaces, i)
		}
	}
	for _, s := range t.Scripts {
		if s.Weight == 0 {
			u.Scripts = append(u.Scripts, s)
		}
	}
	for _, f := range t.Files {
		if asFault && f.Weight == 1 {
			f.Weight = 0
		}
		if f.Weight == 0 {
			u.Files = append(u.Files, f)
		}
	}
	return u
}

func (in *instance) tracksInterface(name string) bool {
	return slices.ContainsFunc(in.tracking.Interfaces, func(t conf.Track) bool { return t.Name == name })
}

func (in *instance) tracks(kind TrackerKind, name string) bool {
	list := in.tracking.Scripts
	if kind == TrackFile {
		list = in.tracking.Files
	}
	return slices.ContainsFunc(list, func(t conf.Track) bool { return t.Name == name })
}
