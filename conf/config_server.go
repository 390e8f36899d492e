package conf

import (
	"net/netip"
	"strconv"
)

// Protocol is the IP protocol number of a virtual service; 0 for fwmark services.
type Protocol uint8

const (
	ProtoNone Protocol = 0
	ProtoTCP  Protocol = 6
	ProtoUDP  Protocol = 17
	ProtoSCTP Protocol = 132
)

// Forwarding is lvs_method with its tunnel options.
type Forwarding struct {
	Method     Method     `json:"method"`
	TunnelType TunnelType `json:"type,omitempty"`
	TunnelPort uint16     `json:"port,omitempty"`
	TunnelCsum TunnelCsum `json:"csum,omitempty"`
}

type Method string

const (
	NAT Method = "NAT"
	DR  Method = "DR"
	TUN Method = "TUN"
)

// TunnelType has the kernel's numbers (IP_VS_CONN_F_TUNNEL_TYPE_*).
type TunnelType uint8

const (
	TunnelIPIP TunnelType = 0
	TunnelGUE  TunnelType = 1
	TunnelGRE  TunnelType = 2
)

// TunnelCsum has the kernel's bits (IP_VS_TUNNEL_ENCAP_FLAG_*).
type TunnelCsum uint16

const (
	TunnelNoCsum  TunnelCsum = 0
	TunnelCsumOn  TunnelCsum = 1
	TunnelRemCsum TunnelCsum = 2
)

// ServiceKind says which of VirtualServer's three ways of naming itself is used.
type ServiceKind string

const (
	ByAddress ServiceKind = "address"
	ByFwmark  ServiceKind = "fwmark"
	ByGroup   ServiceKind = "group"
)

// GroupMember is one item of a virtual_server_group: an address range with a
// port (First == Last for one address), or a fwmark.
type GroupMember struct {
	First  netip.Addr `json:"first,omitzero"`
	Last   netip.Addr `json:"last,omitzero"`
	Port   uint16     `json:"port,omitempty"`
	Fwmark uint32     `json:"fwmark,omitempty"`
	Family Family     `json:"family,omitempty"` // of a fwmark member
}

// VirtualServer is a virtual_server with everything inherited already resolved.
type VirtualServer struct {
	Kind          ServiceKind    `json:"kind"`
	Addr          netip.AddrPort `json:"addr,omitzero"`
	Fwmark        uint32         `json:"fwmark,omitempty"`
	Group         string         `json:"group,omitempty"`
	Members       []GroupMember  `json:"members,omitempty"` // of the group
	Family        Family         `json:"family"`
	Protocol      Protocol       `json:"protocol,omitempty"`
	Scheduler     string         `json:"scheduler"`
	SchedFlags    uint32         `json:"flags,omitempty"` // IP_VS_SVC_F_SCHED1..3 (8, 16, 32)
	OnePacket     bool           `json:"ops,omitempty"`
	Forwarding    Forwarding     `json:"forwarding"`                    //
	Persistence   uint32         `json:"persistence_timeout,omitempty"` // seconds, 0: none
	Granularity   uint32         `json:"persistence_gran,omitempty"`    // IPv4: netmask as a big-endian number; IPv6: prefix length; default 255.255.255.255 / 128
	PersistEngine string         `json:"persistence_engine,omitempty"`  //
	VirtualHost   string         `json:"virtualhost,omitempty"`         //
	SNMPName      string         `json:"snmp_name,omitempty"`           //
	HASuspend     bool           `json:"ha_suspend,omitempty"`          // check only while an address of the service is on this host
	SMTPAlert     bool           `json:"smtp_alert,omitempty"`          // resolved: own, smtp_alert_checker, smtp_alert, false
	Alpha         bool           `json:"alpha,omitempty"`               //
	Omega         bool           `json:"omega,omitempty"`               //
	Quorum        int            `json:"quorum"`                        // default 1; already lowered to the total weight
	Hysteresis    int            `json:"hysteresis,omitempty"`          //
	QuorumUp      *Command       `json:"quorum_up,omitempty"`           //
	QuorumDown    *Command       `json:"quorum_down,omitempty"`         //
	Sorry         *SorryServer   `json:"sorry_server,omitempty"`        //
	RealServers   []RealServer   `json:"real_servers,omitempty"`        //
}

// SorryServer takes the traffic when the quorum is lost.
type SorryServer struct {
	Addr       netip.AddrPort `json:"addr"`
	Inhibit    bool           `json:"inhibit,omitempty"`
	Forwarding Forwarding     `json:"forwarding"`
}

// RealServer is a real_server block.
type RealServer struct {
	Addr           netip.AddrPort `json:"addr"`
	Weight         int            `json:"weight"`
	Forwarding     Forwarding     `json:"forwarding"`
	UpperThreshold uint32         `json:"uthreshold,omitempty"`
	LowerThreshold uint32         `json:"lthreshold,omitempty"`
	Inhibit        bool           `json:"inhibit_on_failure,omitempty"`
	Alpha          bool           `json:"alpha,omitempty"`
	SNMPName       string         `json:"snmp_name,omitempty"`
	SMTPAlert      bool           `json:"smtp_alert,omitempty"` // resolved: own, smtp_alert_checker, smtp_alert, true
	NotifyUp       *Command       `json:"notify_up,omitempty"`
	NotifyDown     *Command       `json:"notify_down,omitempty"`
	Checkers       []Checker      `json:"checkers,omitempty"`
}

// Key is the stable identity of a virtual server over a reload.
func (v *VirtualServer) Key() string {
	switch v.Kind {
	case ByFwmark:
		return "FWM " + strconv.FormatUint(uint64(v.Fwmark), 10) + "/" + strconv.Itoa(int(v.Family))
	case ByGroup:
		return "group " + v.Group + " " + v.Protocol.String() + " " + strconv.Itoa(int(v.Addr.Port()))
	}
	return v.Protocol.String() + " " + v.Addr.String()
}

// String is the lower-case name that log lines and FIFO lines use; "none" for a fwmark service.
func (p Protocol) String() string {
	switch p {
	case ProtoTCP:
		return "tcp"
	case ProtoUDP:
		return "udp"
	case ProtoSCTP:
		return "sctp"
	}
	return "none"
}
