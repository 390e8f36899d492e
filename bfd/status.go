package bfd

import (
	"net/netip"
	"time"
)

// SessionStatus is the state of one session. Spans are in seconds.
type SessionStatus struct {
	Name       string     `json:"name"`
	Neighbor   netip.Addr `json:"neighbor"`
	Source     netip.Addr `json:"source,omitzero"` // as configured
	Multihop   bool       `json:"multihop,omitempty"`
	State      string     `json:"state"` // AdminDown, Down, Init, Up
	Diag       string     `json:"diagnostic"`
	Since      time.Time  `json:"since,omitzero"`
	Cause      string     `json:"cause,omitempty"`
	Local      uint32     `json:"local_discriminator"`
	Remote     uint32     `json:"remote_discriminator"` // 0: not known
	RemoteSays string     `json:"remote_state"`
	Interval   float64    `json:"transmit_interval_seconds"` // before jitter; 0: nothing is sent
	Detection  float64    `json:"detection_time_seconds"`
	Counters   Counters   `json:"stats"`
}

// Counters are what one session has counted since it began.
type Counters struct {
	Received uint64 `json:"packets_received"` // that passed the checks
	Sent     uint64 `json:"packets_sent"`
	WentUp   uint64 `json:"went_up"`
	WentDown uint64 `json:"went_down"`
}

// Status describes every session in the order of their start. timeOfDay gives
// the time of day of a Time, and the zero time for 0, which stands for never.
func (c *Core) Status(timeOfDay func(Time) time.Time) []SessionStatus {
	list := make([]SessionStatus, 0, len(c.byName))
	for _, s := range c.inOrder() {
		list = append(list, SessionStatus{
			Name: s.conf.Name, Neighbor: s.path.Neighbor, Source: s.path.Source, Multihop: s.path.Multihop,
			State: s.state.String(), Diag: s.diag.String(), Since: timeOfDay(s.since), Cause: s.cause,
			Local: s.local, Remote: s.remote, RemoteSays: s.peer.State.String(),
			Interval: s.interval().Seconds(), Detection: s.detection().Seconds(), Counters: s.counters,
		})
	}
	return list
}
