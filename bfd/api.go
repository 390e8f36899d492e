// Package bfd holds BFD sessions (RFC 5880) with neighbours one hop (RFC 5881)
// or several hops (RFC 5883) away: asynchronous mode, without echo, demand mode
// and authentication, as keepalived does it.
//
// Core is the protocol: a function of (state, event, now) that returns actions
// and a next deadline. It reads no clock, draws no random number of its own and
// touches no socket. Run is the shell that feeds a Core from real sockets and
// timers. What a session means for a VRRP role is not this package's business:
// it publishes an event, and the parent hands that on.
package bfd

import (
	"net/netip"
	"time"

	"halbd/event"
)

// Time is monotonic: the time since an origin that the caller chooses.
type Time = time.Duration

// Event is something that happened to a Core: *PacketReceived or Tick.
type Event interface{ isEvent() }

// Tick tells a Core that its deadline has passed.
type Tick struct{}

// PacketReceived is one datagram as a socket delivered it.
type PacketReceived struct {
	Src, Dst netip.Addr
	TTL      int  // or hop limit; -1 when not known
	Multihop bool // it came to port 4784, not 3784
	Payload  []byte
}

func (Tick) isEvent()            {}
func (*PacketReceived) isEvent() {}

// Actions is what a Core wants done. It is valid until the next call.
type Actions struct {
	Packets []SendPacket
	Events  []event.Event
	Log     []event.LogLine
}

// SendPacket is one control packet, complete but for the headers below it.
type SendPacket struct {
	Path    Path
	Payload [packetLen]byte
}

// Path is what tells two sessions apart, and how their packets travel.
type Path struct {
	Neighbor, Source netip.Addr // Source is zero when the kernel chooses it
	Multihop         bool
}

// Output is where the process publishes; none of its methods may block.
type Output interface {
	Publish(event.Event)
	Ready()                 // the sockets are open and every session has begun
	Status([]SessionStatus) // the answer to a StatusRequest
}

// StatusRequest asks for the state of every session.
type StatusRequest struct{}

// Input is what the parent tells a running process: *conf.Config for a reload,
// or a StatusRequest.
type Input any
