// Package ipvs speaks to the kernel's IPVS over generic netlink: a typed
// client, a desired table, and the difference between two tables. It decides
// nothing about health and never flushes a table in order to rebuild it.
package ipvs

import (
	"cmp"
	"net/netip"
	"time"
)

// ServiceKey names a virtual service as the kernel does: an address, port and
// protocol, or a firewall mark with a family.
type ServiceKey struct {
	Addr     netip.Addr // invalid for a fwmark service
	Port     uint16
	Protocol uint8 // IPPROTO_TCP, _UDP, _SCTP; 0 for a fwmark service
	Fwmark   uint32
	IPv6     bool // family of a fwmark service; equals Addr.Is6 otherwise
}

// Compare puts services in an order: by family, address, protocol, port, fwmark.
func (k ServiceKey) Compare(o ServiceKey) int {
	return cmp.Or(k.Addr.Compare(o.Addr), cmp.Compare(k.Protocol, o.Protocol), cmp.Compare(k.Port, o.Port), cmp.Compare(k.Fwmark, o.Fwmark),
		cmp.Compare(family(k.IPv6), family(o.IPv6)))
}

// Service is a virtual service with its destinations.
type Service struct {
	ServiceKey
	Scheduler   string // "rr", "wlc", ...
	Flags       uint32 // kernel flags without IP_VS_SVC_F_HASHED
	Timeout     uint32 // persistence, seconds
	Netmask     uint32 // IPv4: netmask as a big-endian number (0xffffff00 is /24); IPv6: prefix length
	PersistName string // persistence engine ("sip"), "" for none
	Dests       []Destination
}

// Service flags of linux/ip_vs.h.
const (
	FlagPersistent = 0x0001
	FlagHashed     = 0x0002
	FlagOnePacket  = 0x0004
	FlagSched1     = 0x0008
	FlagSched2     = 0x0010
	FlagSched3     = 0x0020
)

// Method is how packets are forwarded (IP_VS_CONN_F_FWD_MASK values).
type Method uint32

const (
	Masquerade  Method = 0
	LocalNode   Method = 1
	Tunnel      Method = 2
	DirectRoute Method = 3
)

// Destination is a real server in one service.
type Destination struct {
	Addr           netip.Addr
	Port           uint16
	Method         Method
	Weight         int32
	UpperThreshold uint32
	LowerThreshold uint32
	TunnelType     uint8
	TunnelPort     uint16
	TunnelFlags    uint16
	ActiveConns    uint32 // from the kernel only; not compared
	InactiveConns  uint32
}

// Daemon is a connection-synchronisation daemon of the kernel.
type Daemon struct {
	Master    bool // else backup
	Interface string
	SyncID    uint8
	MaxLen    uint16     // 0: kernel default
	Port      uint16     // 0: kernel default
	TTL       uint8      // 0: kernel default
	Group     netip.Addr // invalid: kernel default
}

// Timeouts are IPVS's connection timeouts; zero leaves a value as it is.
type Timeouts struct {
	TCP, TCPFin, UDP time.Duration
}

// Or fills in what is zero.
func (t Timeouts) Or(o Timeouts) Timeouts {
	return Timeouts{TCP: cmp.Or(t.TCP, o.TCP), TCPFin: cmp.Or(t.TCPFin, o.TCPFin), UDP: cmp.Or(t.UDP, o.UDP)}
}
