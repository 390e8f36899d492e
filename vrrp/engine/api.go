// Package engine runs a vrrp.Core on real sockets, netlink and timers: the
// adverts, and the addresses, routes, rules, links and packet filters that
// follow from the roles.
//
// It imports neither net/http nor os/exec nor regexp, and nothing here writes a
// log or a file synchronously: the process that runs it must never wait.
package engine

import (
	"halbd/event"
	"halbd/vrrp"
)

// Options are the command line's wishes for the engine.
type Options struct {
	DontRelease  bool // -V: leave addresses in place on stop
	LogAddresses bool // -a: log every address that netlink reports
	// Chains has iptables changed by a process that may start programs; it must
	// not block. nil: iptables is not used.
	Chains func(ChainsRequest)
}

// Output is where an engine publishes; none of its methods may block.
type Output interface {
	Publish(event.Event)
	Ready()             // every socket is open and the first state has been decided
	Status(vrrp.Status) // the answer to a StatusRequest
	Ordered(vrrp.OrderAnswer)
}

// StatusRequest asks for the state of every instance, and with Clear to count
// from 0 again then.
type StatusRequest struct {
	Clear bool `json:"clear,omitempty"`
}

// Input is what the parent tells a running engine: *conf.Config for a reload,
// a vrrp.TrackerResult, a vrrp.Order, or a StatusRequest.
type Input any
