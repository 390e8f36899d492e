// Package status is the one model of what a running halbd is doing, and its
// views. The processes fill in their own parts; dump files, tables, JSON and
// metrics are made from it, so that all of them say the same. It asks nobody
// and decides nothing.
package status

import (
	"time"

	"halbd/bfd"
	"halbd/healthcheck"
	"halbd/notify"
	"halbd/vrrp"
)

// Status is a picture of the whole daemon. Its JSON form is what /status and
// `halbd status --json` give: times in RFC 3339, spans in seconds.
type Status struct {
	At             time.Time                   `json:"at"`
	Daemon         Daemon                      `json:"daemon"`
	VRRP           vrrp.Status                 `json:"vrrp"`
	VirtualServers []healthcheck.ServiceStatus `json:"virtual_servers"`
	Repairs        healthcheck.Repairs         `json:"ipvs_repairs"` // changes of others in our part of the IPVS table that were undone
	BFD            []bfd.SessionStatus         `json:"bfd"`
	Trackers       []Tracker                   `json:"trackers"`
	Notify         notify.Status               `json:"notify"`
}

// Daemon is what the parent process knows of itself and its children.
type Daemon struct {
	Version   string    `json:"version"`
	PID       int       `json:"pid"`
	Started   time.Time `json:"started"`
	Config    string    `json:"config_file"`
	Loaded    time.Time `json:"config_loaded"` // when the running configuration was taken
	RouterID  string    `json:"router_id,omitempty"`
	Instance  string    `json:"instance,omitempty"`      // keyword instance
	Namespace string    `json:"net_namespace,omitempty"` // keyword net_namespace
	Errors    int       `json:"config_errors"`           // of the running configuration
	Warnings  int       `json:"config_warnings"`
	Reloads   Reloads   `json:"reloads"`
	Processes []Process `json:"processes"`
}

// Reloads counts them and shows the last one.
type Reloads struct {
	Done      int       `json:"done"`
	Refused   int       `json:"refused"`
	Last      time.Time `json:"last,omitzero"`
	Scheduled time.Time `json:"scheduled,omitzero"`   // keyword reload_time_file
	Error     string    `json:"last_error,omitempty"` // why the last one was refused; none when it was not
}

// Process is one child process.
type Process struct {
	Role    string    `json:"role"` // vrrp, checker, bfd
	PID     int       `json:"pid,omitempty"`
	Started time.Time `json:"started,omitzero"`
	Deaths  int       `json:"deaths"`            // that were not asked for, since the daemon started
	Problem string    `json:"problem,omitempty"` // why this picture lacks its part
}

// Tracker is the latest result of something outside the network that roles
// or servers depend on.
type Tracker struct {
	Kind  string    `json:"kind"` // script, file, process, bfd
	Name  string    `json:"name"`
	Known bool      `json:"known"`
	Value int       `json:"value"` // 0 good, 1 bad; of a file its number
	Why   string    `json:"why,omitempty"`
	Since time.Time `json:"since,omitzero"`
}

// Problems lists what is wrong with the daemon itself: a process that is not
// there or does not answer, a configuration that was refused. A role in FAULT
// or a server that is down is none.
func (s *Status) Problems() []string {
	var bad []string
	for _, p := range s.Daemon.Processes {
		if p.Problem != "" {
			bad = append(bad, "the "+p.Role+" process: "+p.Problem)
		}
	}
	if e := s.Daemon.Reloads.Error; e != "" {
		bad = append(bad, "the last reload was refused: "+e)
	}
	return bad
}
