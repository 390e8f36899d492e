// Package event holds the one structured record of a transition that log,
// notify, status and metrics all show. It is data only: it delivers nothing.
package event

import (
	"time"
)

// Kind is the kind of object that changed.
type Kind string

const (
	Instance      Kind = "INSTANCE" // a vrrp_instance
	Group         Kind = "GROUP"    // a vrrp_sync_group
	VirtualServer Kind = "VS"
	RealServer    Kind = "RS"
	Checker       Kind = "CHECK" // a checker of a real server has changed its verdict; State is the server's
	BFD           Kind = "BFD"   // a bfd_instance: UP or DOWN
	Table         Kind = "TABLE" // the IPVS table: somebody else had changed our part of it
)

// State is the state an object entered, in keepalived's words.
type State string

const (
	Master         State = "MASTER"
	Backup         State = "BACKUP"
	Fault          State = "FAULT"
	Stop           State = "STOP"
	Deleted        State = "DELETED"
	RxLowerPri     State = "MASTER_RX_LOWER_PRI" // a master heard a lower priority advert; no change of role
	MasterPriority State = "MASTER_PRIORITY"     // effective priority changed while MASTER
	BackupPriority State = "BACKUP_PRIORITY"     // effective priority changed while BACKUP
	Up             State = "UP"
	Down           State = "DOWN"
	Repaired       State = "REPAIRED" // what somebody else did was undone

	// Orders of the operator; always Quiet, and no state of the object.
	Held     State = "HELD"     // an instance does not claim
	Yielding State = "YIELDING" // an instance has handed its role over and does not pre-empt
	Released State = "RELEASED" // an order on an instance has ended
	Draining State = "DRAINING" // a real server gets no new connections
	Drained  State = "DRAINED"  // and is taken out of the table
	Disabled State = "DISABLED" // a real server is out
	Enabled  State = "ENABLED"  // an order on a real server has ended
)

// Event says what changed and why. Name is the configured name of an instance
// or a group; for servers it is the FIFO's spelling ("[10.0.0.100]:tcp:80",
// "FWM 9", "[g1]:0"), and Service names the virtual server of a real server.
type Event struct {
	Kind     Kind          `json:"kind"`
	Name     string        `json:"name"`
	Service  string        `json:"service,omitempty"`
	State    State         `json:"state"`
	Previous State         `json:"previous,omitempty"`
	Priority int           `json:"priority,omitempty"` // effective priority of an instance; 0 for groups and servers
	Cause    string        `json:"cause"`              // the advert, the timer, the tracker, the probe, the operator
	Late     time.Duration `json:"late,omitempty"`     // how long after its deadline a timer acted
	At       time.Time     `json:"at"`                 // wall clock, for people

	// Quiet events are for log and status only: keepalived writes no FIFO line
	// and runs no script for them.
	Quiet bool `json:"quiet,omitempty"`

	// Removed: a reload has taken the instance away. Without notify_deleted
	// keepalived calls the state FAULT then, and runs no notify_fault.
	Removed bool `json:"removed,omitempty"`

	// Alert is the line that keepalived's mail has for this transition of a
	// virtual or real server or a checker; "" when no mail tells of it. Those of
	// VRRP objects follow from State.
	Alert string `json:"alert,omitempty"`

	// Key of the virtual server (conf.VirtualServer.Key) and address of the
	// real server, for finding the hooks to run. Empty for VRRP objects.
	ServiceKey string `json:"service_key,omitempty"`
	ServerKey  string `json:"server_key,omitempty"`
}
