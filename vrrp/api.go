// Package vrrp is a VRRP router (RFC 9568, RFC 3768, and what keepalived does
// beyond them).
//
// Core is the protocol: a function of (state, event, now) that returns actions
// and a next deadline. It reads no clock and touches no socket. Package engine
// is the shell that feeds a Core from real sockets, netlink and timers.
package vrrp

import (
	"net/netip"
	"time"

	"halbd/event"
)

// Time is monotonic: the time since the host booted, with the time that it was suspended.
type Time = time.Duration

// Event is something that happened to a Core: *PacketReceived, InterfaceState,
// TrackerResult, ObjectFaults, ObjectsTaken, Order, WallClock, Tick.
type Event interface{ isEvent() }

// Tick tells a Core that its deadline has passed.
type Tick struct{}

// PacketReceived is one VRRP packet as a socket delivered it.
type PacketReceived struct {
	Interface string
	Src, Dst  netip.Addr
	TTL       int    // or hop limit; -1 when not known
	Header    []byte // the IPv4 header, which an authentication header covers; nil for IPv6
	AH        bool   // the payload begins with an authentication header (IP protocol 51)
	Payload   []byte // the VRRP PDU, without the IP header
}

// WallClock tells a Core the time of day, which signed adverts carry: at Time
// t it is Offset+t after the Unix epoch. The shell sends it before the first
// packet and whenever the time of day is set.
type WallClock struct{ Offset time.Duration }

// InterfaceState is what an instance must know of an interface. It is level,
// not edge: the shell sends it whenever it may have changed.
type InterfaceState struct {
	Name   string
	Exists bool
	Up     bool         // administratively up and with carrier
	Addrs  []netip.Addr // usable (not tentative) addresses of this host, without virtual ones, primary first

	// Of a VMAC or ipvlan that this process makes:
	AdminUp bool   // nobody has set it down
	Pending bool   // it is being made, for the first time or again
	Fault   string // why it cannot be made
}

// TrackerResult is the state of a script, a process or a BFD session (Value 0
// good, 1 bad) or the number in a tracked file. Known is false until the first
// result; then Value 1 means that bad is to be assumed. Why explains a bad result; it is shown behind the tracker's name.
type TrackerResult struct {
	Kind  TrackerKind
	Name  string
	Known bool
	Value int
	Why   string
}

// TrackerKind says which of conf.Tracking's lists a tracker is in.
type TrackerKind string

const (
	TrackInterface TrackerKind = "interface" // of InterfaceState; never in a TrackerResult of the shell
	TrackScript    TrackerKind = "script"
	TrackFile      TrackerKind = "file"
	TrackProcess   TrackerKind = "process"
	TrackBFD       TrackerKind = "bfd"
)

// ObjectFaults says why the objects in the kernel keep an instance from its
// role: an address, route or rule of it is taken by someone else again and
// again, or a static one of its track_group is missing. It is level: no reasons
// means that all is well.
type ObjectFaults struct {
	Instance string
	Reasons  []string
}

// ObjectsTaken says that so many objects of an instance were removed by someone
// else and put back.
type ObjectsTaken struct {
	Instance string
	Count    uint64
}

func (Tick) isEvent()            {}
func (WallClock) isEvent()       {}
func (*PacketReceived) isEvent() {}
func (InterfaceState) isEvent()  {}
func (TrackerResult) isEvent()   {}
func (ObjectFaults) isEvent()    {}
func (ObjectsTaken) isEvent()    {}

// Actions is what a Core wants done, to be executed field by field: every
// advert first, then the addresses, then the announcements, then the rest.
// At last Core.Sent is told what became of the adverts, if one of them could
// not be sent or if Confirm is set: a claim waits for it.
type Actions struct {
	Adverts   []SendAdvert
	Gained    []string // instances that have just come to hold their addresses, routes and rules (Core.HeldBy)
	Addresses bool     // what is held may have changed in any other way (Core.Held)
	Announce  []Announce
	Events    []event.Event
	Log       []event.LogLine
	Answers   []OrderAnswer
	Confirm   bool
}

// SendAdvert is one advert to one destination, complete but for the IP header.
type SendAdvert struct {
	Instance  string
	Interface string
	Src, Dst  netip.Addr
	TTL       int
	ID        uint16 // IPv4 identification, counted for each instance
	Priority  uint8
	AH        bool // IP protocol 51: the payload begins with an authentication header
	Payload   []byte
}

// Announce asks for one set of gratuitous ARPs and unsolicited NAs for every
// address of the instance (of those in Only, if that is not nil), each Repeat
// times, interleaved.
type Announce struct {
	Instance string
	Repeat   int
	Only     []netip.Addr
}
