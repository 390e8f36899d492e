package vrrp

import (
	"halbd/conf"
	"halbd/event"
)

// group is a vrrp_sync_group: its members have one role together.
type group struct {
	cfg     *conf.SyncGroup
	members []*instance
	state   event.State // "" until every member has one
	since   Time        // of its state
	cause   string      // of the last change of a member
}

// loadGroups links instances and groups; a group of the same name keeps its state.
func (c *Core) loadGroups(before []*group) {
	known := map[string]*group{}
	for _, g := range before {
		known[g.cfg.Name] = g
	}
	for i := range c.cfg.SyncGroups {
		g := &group{cfg: &c.cfg.SyncGroups[i]}
		if was := known[g.cfg.Name]; was != nil {
			g.state, g.since, g.cause = was.state, was.since, was.cause
		}
		for _, name := range g.cfg.Members {
			if in := c.byName[name]; in != nil {
				in.group = g
				g.members = append(g.members, in)
			}
		}
		if len(g.members) > 0 {
			c.groups = append(c.groups, g)
		}
	}
}

// allReady reports whether every member can start without a fault.
func (c *Core) allReady(g *group) bool {
	for _, in := range g.members {
		if faults, known := c.assess(in); !known || len(faults) > 0 {
			return false
		}
	}
	return true
}

// claimGroup makes every member MASTER, the one that asks first, if each of
// them has waited long enough.
func (c *Core) claimGroup(in *instance, now, late Time) {
	g := in.group
	for _, m := range g.members {
		if m.holdsBack() || m.state != event.Master && !(m.state == event.Backup && m.expired) {
			return
		}
	}
	c.claimRole(in, now, late, in.downCause())
	for _, m := range g.members {
		if m != in && m.state != event.Master {
			c.claimRole(m, now, 0, "sync group "+g.cfg.Name+" follows "+in.cfg.Name)
		}
	}
}

// syncBackup takes the other masters of the group along into BACKUP. They
// resign, so that their peers need not wait.
func (c *Core) syncBackup(in *instance, now Time) {
	if in.group == nil {
		return
	}
	for _, m := range in.group.members {
		if m.state == event.Master {
			c.resign(m)
			c.becomeBackup(m, now, "sync group "+in.group.cfg.Name+" follows "+in.cfg.Name)
		}
	}
}

// settle publishes the state of a group when its members' states have changed it.
func (c *Core) settle(g *group) {
	masters, faults := 0, 0
	for _, in := range g.members {
		switch in.state {
		case "":
			return
		case event.Master:
			masters++
		case event.Fault:
			faults++
		}
	}
	state := event.Backup
	switch {
	case faults > 0:
		state = event.Fault
	case masters == len(g.members):
		state = event.Master
	}
	if state != g.state {
		c.publishGroup(g, state, g.cause)
	}
}

func (c *Core) publishGroup(g *group, state event.State, cause string) {
	was := g.state
	g.state, g.since = state, c.now
	c.acts.Events = append(c.acts.Events, event.Event{Kind: event.Group, Name: g.cfg.Name, State: state, Previous: was, Cause: cause})
}
