package vrrp

import (
	"fmt"
	"log/slog"
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
	if !known && in.state == event.Fault {
		faults = append(faults, c.waiting(in)...) // no way out of FAULT before all have spoken
	}
	if in.state == event.Fault && len(faults) > 0 && !slices.Equal(faults, in.faults) {
		c.logf(slog.LevelInfo, "(%s) stays in FAULT: %s", in.cfg.Name, strings.Join(faults, ", "))
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
	owner := in.owner() && c.deafUntil <= now && in.order == nil
	if owner && in.group == nil {
		c.claimRole(in, now, 0, cause+" as the owner (priority 255)")
		return
	}
	c.becomeBackup(in, now, cause)
	if in.cfg.PreemptDelay > 0 {
		in.preemptAt = now + in.cfg.PreemptDelay // it runs from the start, too
	}
	if owner {
		in.instant = true
		in.at[timerAwake] = never
		c.set(in, timerMain, now)
	}
}

// assess lists the reasons for FAULT; known is false while a tracker has not
// reported yet.
func (c *Core) assess(in *instance) (faults []string, known bool) {
	faults = c.assessLinks(in)
	if in.mute != "" {
		faults = append(faults, in.mute)
	}
	faults = append(faults, c.impliedFaults(in)...)
	faults = append(faults, in.objectFaults...)
	known = len(faults) > 0 || !c.links[in.ownLink].Pending
	c.eachTracked(in, func(k *trackerKind, t conf.Track, r TrackerResult) {
		known = known && !k.holds(t, r)
		if why := k.fault(t, r); why != "" {
			faults = append(faults, why)
		}
	})
	return faults, known
}

// assessLinks lists what is wrong with what the instance sends and receives
// by, the lowest link first. What follows from an earlier reason is left out.
func (c *Core) assessLinks(in *instance) (faults []string) {
	base := in.cfg.Interface
	if base == "" {
		base = in.cfg.VRF // "": any interface, as the routes say
	}
	link := c.links[base]
	switch {
	case base == "":
		return nil
	case !link.Exists:
		return []string{"interface " + base + " does not exist"}
	case !link.Up && !in.cfg.DontTrackPrimary:
		faults = append(faults, "interface "+base+" is down")
	}
	if own := c.links[in.ownLink]; in.ownLink != "" {
		switch {
		case own.Fault != "":
			return append(faults, in.linkWord()+" "+in.ownLink+": "+own.Fault)
		case own.Pending:
			return faults // what it must have is not decided yet
		case !own.AdminUp:
			faults = append(faults, in.linkWord()+" "+in.ownLink+" is down")
		}
	}
	from := in.cfg.ListenInterface()
	switch {
	case !in.source.IsValid():
		faults = append(faults, fmt.Sprintf("no %s on %s to send adverts from", in.addressWanted(), from))
	case in.lacksPeers():
		faults = append(faults, "no unicast peer is configured (unicast_fault_no_peer)")
	case in.cfg.TrackSource && !slices.Contains(c.links[from].Addrs, in.source):
		faults = append(faults, fmt.Sprintf("source address %v is not on %s", in.source, from))
	}
	return faults
}

func (in *instance) linkWord() string {
	if in.cfg.IPVLAN != nil {
		return "ipvlan"
	}
	return "VMAC"
}

// dependsOn reports whether a link decides about FAULT.
func (in *instance) dependsOn(link string) bool {
	return link == in.cfg.Interface || link == in.ownLink || link == in.cfg.VRF && link != ""
}

// waiting names what has not been decided yet: trackers that have not reported,
// a link that is being made.
func (c *Core) waiting(in *instance) (list []string) {
	if c.links[in.ownLink].Pending {
		list = append(list, in.linkWord()+" "+in.ownLink+" is being made")
	}
	c.eachTracked(in, func(k *trackerKind, t conf.Track, r TrackerResult) {
		if k.holds(t, r) {
			list = append(list, fmt.Sprintf("%s %s has no result yet", k.kind, t.Name))
		}
	})
	return list
}

func (in *instance) addressWanted() string {
	if in.cfg.Family == conf.IPv6 {
		return "link-local IPv6 address"
	}
	return "IPv4 address"
}

// reprioritise computes the effective priority: the configured one and every
// weight, within 1..254. The owner's 255 never moves.
func (c *Core) reprioritise(in *instance) {
	p, why := c.effectivePriority(in)
	reloaded := in.base != in.cfg.Priority
	in.base = in.cfg.Priority
	if p == in.priority {
		return
	}
	before := in.skew()
	in.priority = p
	state := event.BackupPriority
	switch in.state {
	case event.Master:
		state = event.MasterPriority
	case event.Backup:
		if !reloaded { // a reload leaves the timer alone
			c.reskew(in, in.skew()-before)
		}
	default:
		return
	}
	c.acts.Events = append(c.acts.Events, event.Event{Kind: event.Instance, Name: in.cfg.Name, State: state, Previous: in.state,
		Priority: int(p), Cause: why, Quiet: !in.cfg.Notify.PriorityChange})
}

// reskew moves a running master-down timer by what a new priority changes of
// its skew, as keepalived does: not into the past.
func (c *Core) reskew(in *instance, change Time) {
	if at := in.at[timerMain]; at != never && at+change > c.now {
		c.set(in, timerMain, at+change)
	}
}

func (c *Core) effectivePriority(in *instance) (uint8, string) {
	base := int(in.cfg.Priority)
	why := fmt.Sprintf("configured %d", base)
	switch {
	case base == 255 && in.demoted:
		return highestBackup, "another router has priority 255 too"
	case base == 255:
		return 255, why
	}
	sum := base
	c.eachTracked(in, func(k *trackerKind, t conf.Track, r TrackerResult) {
		if n := k.change(t, r); n != 0 {
			sum += n
			why += fmt.Sprintf(", %s %s %+d", k.kind, t.Name, n)
		}
	})
	return uint8(min(max(sum, 1), 254)), why
}
