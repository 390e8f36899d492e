// Package healthcheck is the checker process: it probes real servers, decides
// which of them are up, and keeps the kernel's IPVS table equal to that verdict.
//
// Core holds every verdict rule (retries, alpha, quorum with hysteresis, sorry
// servers) as a function of (state, event, now); it reads no clock and touches
// no socket. Run is the shell that feeds a Core from real probes and timers and
// reconciles the kernel. Nothing here runs a notify script: a transition is
// published as an event, and the parent finds the hooks by the event's keys.
package healthcheck

import (
	"errors"
	"time"

	"halbd/conf"
	"halbd/event"
	"halbd/ipvs"
)

// Time is monotonic: the time since an origin that the caller chooses.
type Time = time.Duration

// Input is what the parent tells a running checker: *conf.Config for a
// reload, a Role, a Fact, an Order or a StatusRequest.
type Input any

// Role is the relayed role of a VRRP instance; lvs_sync_daemon follows it.
type Role struct {
	Instance string `json:"instance"`
	Master   bool   `json:"master"`
}

var (
	_ Input = (*conf.Config)(nil)
	_ Input = Role{}
	_ Input = Fact{}
	_ Input = Order{}
	_ Input = StatusRequest{}
)

// Output is where the checker publishes; none of its methods may block.
type Output interface {
	Publish(event.Event)
	Ready()              // the kernel's table is programmed and the checks are scheduled
	Status(Status)       // the answer to a StatusRequest
	Ordered(OrderAnswer) // the answer to an Order
}

// ErrNoIPVS is returned by Run when the kernel has no IPVS. The daemon cannot
// do its job then: supervise ends with status 1, as keepalived does.
var ErrNoIPVS = errors.New("the kernel has no IPVS (modprobe ip_vs)")

// ErrNoNamespace is returned by Run when the namespace of net_namespace_ipvs
// cannot be entered; it ends the daemon in the same way.
var ErrNoNamespace = errors.New("cannot enter the network namespace of IPVS")

// Options are the command line's wishes and the shell's replaceable parts.
type Options struct {
	DontRelease bool        // -I: leave the kernel's table in place on stop
	Kernel      ipvs.Kernel // nil: the real one
	Facts       []Fact      // what is known at the start
	Orders      []Order     // that hold from the start on; each is answered
}
