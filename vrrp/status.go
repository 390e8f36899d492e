package vrrp

import (
	"net/netip"
	"time"

	"halbd/conf"
	"halbd/event"
)

// Status is what a VRRP process says of itself on request.
type Status struct {
	Instances []InstanceStatus `json:"instances"` // in file order
	Groups    []GroupStatus    `json:"groups,omitempty"`
}

// InstanceStatus is the state of one virtual router. Times are the time of
// day; spans are in seconds.
type InstanceStatus struct {
	Name      string      `json:"name"`
	Group     string      `json:"group,omitempty"`
	Interface string      `json:"interface,omitempty"` // where its adverts arrive
	VRID      uint8       `json:"vrid"`
	Family    int         `json:"family"`  // 4 or 6
	Version   uint8       `json:"version"` // of the protocol
	State     event.State `json:"state"`   // "INIT" until everything that it tracks is known
	Since     time.Time   `json:"since,omitzero"`
	Cause     string      `json:"cause,omitempty"` // of the last change of state
	Late      float64     `json:"late_seconds,omitempty"`
	Faults    []string    `json:"faults,omitempty"` // every reason of FAULT; in INIT what is waited for

	BasePriority uint8 `json:"base_priority"`
	Priority     uint8 `json:"priority"` // effective
	Holds        bool  `json:"holds_addresses"`

	Source         netip.Addr `json:"source,omitzero"` // of its own adverts
	Master         netip.Addr `json:"master,omitzero"` // whom a BACKUP has heard
	MasterPriority uint8      `json:"master_priority,omitempty"`
	Heard          time.Time  `json:"last_advert_received,omitzero"` // from any router, that passed the checks
	Sent           time.Time  `json:"last_advert_sent,omitzero"`
	AdvertInterval float64    `json:"advert_interval_seconds"`
	MasterInterval float64    `json:"master_advert_interval_seconds"`
	MasterDown     float64    `json:"master_down_seconds"` // how long a master may be silent

	Order    *OrderStatus    `json:"order,omitempty"` // of the operator
	Next     *Deadline       `json:"next,omitempty"`
	Trackers []TrackerStatus `json:"trackers,omitempty"`
	Counters Counters        `json:"stats"`
}

// Deadline is what an instance waits for.
type Deadline struct {
	What string    `json:"what"`
	At   time.Time `json:"at"`
}

// TrackerStatus is what an instance tracks, its group's trackers among it.
type TrackerStatus struct {
	Kind   TrackerKind `json:"kind"`
	Name   string      `json:"name"`
	Known  bool        `json:"known"`
	Value  int         `json:"value"` // 0 good, 1 bad; of a file its number
	Why    string      `json:"why,omitempty"`
	Weight int         `json:"weight"`
	Change int         `json:"change"` // what it adds to the priority at present
	Fault  bool        `json:"fault,omitempty"`
}

// GroupStatus is the state of a vrrp_sync_group.
type GroupStatus struct {
	Name    string      `json:"name"`
	State   event.State `json:"state"`
	Since   time.Time   `json:"since,omitzero"`
	Cause   string      `json:"cause,omitempty"`
	Members []string    `json:"members"`
}

// initial is the state of what has none yet.
const initial event.State = "INIT"

// Status describes every instance and group, in file order. timeOfDay gives
// the time of day of a Time, and the zero time for 0, which stands for never.
func (c *Core) Status(timeOfDay func(Time) time.Time) Status {
	s := Status{Instances: make([]InstanceStatus, 0, len(c.instances))}
	for _, in := range c.instances {
		s.Instances = append(s.Instances, c.instanceStatus(in, timeOfDay))
	}
	for _, g := range c.groups {
		members := make([]string, 0, len(g.members))
		for _, m := range g.members {
			members = append(members, m.cfg.Name)
		}
		s.Groups = append(s.Groups, GroupStatus{Name: g.cfg.Name, State: stateOrInitial(g.state),
			Since: timeOfDay(g.since), Cause: g.cause, Members: members})
	}
	return s
}

func (c *Core) instanceStatus(in *instance, timeOfDay func(Time) time.Time) InstanceStatus {
	s := InstanceStatus{
		Name: in.cfg.Name, Interface: in.cfg.ListenInterface(), VRID: in.cfg.VRID, Version: in.cfg.Version, Family: 4,
		State: stateOrInitial(in.state), Since: timeOfDay(in.entered.since), Cause: in.entered.cause, Late: in.entered.late.Seconds(),
		BasePriority: in.cfg.Priority, Priority: in.priority, Holds: in.held,
		Source: in.source, Master: in.master, MasterPriority: in.masterPriority, Heard: timeOfDay(in.heardAt), Sent: timeOfDay(in.sentAt),
		AdvertInterval: in.cfg.AdvertInterval.Seconds(), MasterInterval: in.masterInterval.Seconds(), MasterDown: in.masterDownInterval().Seconds(),
		Order: in.orderStatus(timeOfDay), Next: in.next(timeOfDay), Counters: in.counters,
	}
	if in.cfg.Family == conf.IPv6 {
		s.Family = 6
	}
	if in.group != nil {
		s.Group = in.group.cfg.Name
	}
	if in.state == event.Fault || in.state == "" {
		s.Faults = append(s.Faults, in.faults...)
		s.Faults = append(s.Faults, c.waiting(in)...)
		if len(s.Faults) == 0 && in.group != nil {
			s.Faults = c.groupFaults(in, in.state == "")
		}
	}
	c.eachTracked(in, func(k *trackerKind, t conf.Track, r TrackerResult) {
		s.Trackers = append(s.Trackers, TrackerStatus{Kind: k.kind, Name: t.Name, Known: r.Known, Value: r.Value, Why: r.Why,
			Weight: t.Weight, Change: k.change(t, r), Fault: k.fault(t, r) != ""})
	})
	return s
}

func stateOrInitial(s event.State) event.State {
	if s == "" {
		return initial
	}
	return s
}

// next is the next deadline that decides about the role.
func (in *instance) next(timeOfDay func(Time) time.Time) *Deadline {
	at := in.at[timerMain]
	if at == never {
		return nil
	}
	what := "advert"
	switch {
	case in.listening:
		what = "speaks again"
	case in.state != event.Master:
		what = "claims the role"
	}
	return &Deadline{What: what, At: timeOfDay(at)}
}
