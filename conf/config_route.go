package conf

import "net/netip"

// RouteType is rtnetlink's number of a route's type (RTN_*).
type RouteType uint8

const (
	RouteUnicast     RouteType = 1
	RouteLocal       RouteType = 2
	RouteBroadcast   RouteType = 3
	RouteAnycast     RouteType = 4
	RouteMulticast   RouteType = 5
	RouteBlackhole   RouteType = 6
	RouteUnreachable RouteType = 7
	RouteProhibit    RouteType = 8
	RouteThrow       RouteType = 9
	RouteNAT         RouteType = 10
	RouteXResolve    RouteType = 11
)

var routeTypeNames = [...]string{"", "unicast", "local", "broadcast", "anycast", "multicast", "blackhole", "unreachable", "prohibit", "throw", "nat", "xresolve"}

// String gives the word of virtual_routes.
func (t RouteType) String() string {
	if int(t) < len(routeTypeNames) {
		return routeTypeNames[t]
	}
	return ""
}

// RouteMode says where a route goes among equal ones.
type RouteMode uint8

const (
	RoutePrepend RouteMode = iota // ahead of equal routes; the default of unicast routes without a type word
	RouteAdd                      // only if there is no equal route; the default behind a type word
	RouteAppend                   // behind equal routes
)

// String gives the word of virtual_routes.
func (m RouteMode) String() string { return [...]string{"prepend", "add", "append"}[m%3] }

// MetricKind is rtnetlink's number of a path metric (RTAX_*).
type MetricKind uint8

const (
	MetricMTU              MetricKind = 2
	MetricWindow           MetricKind = 3
	MetricRTT              MetricKind = 4 // in 1/8 ms
	MetricRTTVar           MetricKind = 5 // in 1/4 ms
	MetricSSThresh         MetricKind = 6
	MetricCWnd             MetricKind = 7
	MetricAdvMSS           MetricKind = 8
	MetricReordering       MetricKind = 9
	MetricHopLimit         MetricKind = 10
	MetricInitCWnd         MetricKind = 11
	MetricFeatures         MetricKind = 12 // bit 0: ecn
	MetricRTOMin           MetricKind = 13 // in ms
	MetricInitRWnd         MetricKind = 14
	MetricQuickACK         MetricKind = 15
	MetricFastOpenNoCookie MetricKind = 17
)

var metricNames = [...]string{
	MetricMTU: "mtu", MetricWindow: "window", MetricRTT: "rtt", MetricRTTVar: "rttvar", MetricSSThresh: "ssthresh",
	MetricCWnd: "cwnd", MetricAdvMSS: "advmss", MetricReordering: "reordering", MetricHopLimit: "hoplimit",
	MetricInitCWnd: "initcwnd", MetricFeatures: "features", MetricRTOMin: "rto_min", MetricInitRWnd: "initrwnd",
	MetricQuickACK: "quickack", MetricFastOpenNoCookie: "fastopen_no_cookie",
}

// String gives the word of virtual_routes.
func (k MetricKind) String() string {
	if int(k) < len(metricNames) {
		return metricNames[k]
	}
	return ""
}

// RouteMetric is one path metric of a route, in the kernel's unit.
type RouteMetric struct {
	Kind  MetricKind `json:"kind"`
	Value uint32     `json:"value"`
	Lock  bool       `json:"lock,omitempty"` // path MTU discovery and the like leave it alone
}

// Realms are the routing realms of a route or a rule; 0 is none.
type Realms struct {
	Source      uint8 `json:"src,omitempty"`
	Destination uint8 `json:"dst,omitempty"`
}

// Route is one line of virtual_routes or static_routes.
type Route struct {
	Family       Family        `json:"family"`
	Type         RouteType     `json:"type"`
	Destination  netip.Prefix  `json:"to"`                // without host bits; default is the prefix of length 0
	From         netip.Prefix  `json:"from,omitzero"`     // source-specific routing, IPv6
	Gateway      netip.Addr    `json:"via,omitzero"`      //
	Source       netip.Addr    `json:"src,omitzero"`      // preferred source address
	Interface    string        `json:"dev,omitempty"`     // dev, oif; "": the kernel finds it by the gateway
	OnLink       bool          `json:"onlink,omitempty"`  //
	NextHops     []NextHop     `json:"nexthop,omitempty"` // of a multipath route, which has no Gateway
	Table        uint32        `json:"table"`             // default 254, main; 0 leaves it to the kernel
	VRF          string        `json:"vrf,omitempty"`     // Table is this device's
	Protocol     uint8         `json:"protocol"`          // default 18, keepalived
	Scope        uint8         `json:"scope,omitempty"`   // rtnetlink value; 0 = global
	TOS          uint8         `json:"tos,omitempty"`     // tos, dsfield
	Metric       uint32        `json:"metric,omitempty"`  // metric, priority, preference; 0 leaves it to the kernel
	Metrics      []RouteMetric `json:"metrics,omitempty"` // path metrics by Kind, each once
	Congestion   string        `json:"congctl,omitempty"` // TCP congestion control
	LockCongest  bool          `json:"congctl_lock,omitempty"`
	Realms       Realms        `json:"realms,omitzero"`
	Encap        *Encap        `json:"encap,omitempty"`
	Expires      uint32        `json:"expires,omitempty"`       // seconds, IPv6; 0: never
	Preference   uint8         `json:"pref,omitempty"`          // router preference of RFC 4191, IPv6: 0 medium, 1 high, 3 low
	TTLPropagate *bool         `json:"ttl-propagate,omitempty"` // nil leaves it to the kernel
	Mode         RouteMode     `json:"mode,omitempty"`          // add, prepend, append
	NoTrack      bool          `json:"no_track,omitempty"`      // its loss demotes nobody
	TrackGroup   string        `json:"track_group,omitempty"`   // static routes: the TrackGroup that its loss faults
}

// NextHop is one leg of a multipath route; it has a Gateway or an Interface.
type NextHop struct {
	Gateway   netip.Addr `json:"via,omitzero"`
	Interface string     `json:"dev,omitempty"`
	Weight    uint16     `json:"weight"` // 1 to 256, default 1
	OnLink    bool       `json:"onlink,omitempty"`
	Realms    Realms     `json:"realms,omitzero"`
	Encap     *Encap     `json:"encap,omitempty"`
}

// EncapType is the word behind encap.
type EncapType string

const (
	EncapIP   EncapType = "ip"
	EncapIP6  EncapType = "ip6"
	EncapMPLS EncapType = "mpls"
	EncapILA  EncapType = "ila"
)

// Encap is the lightweight tunnel of a route or of a leg.
type Encap struct {
	Type        EncapType  `json:"type"`
	ID          uint64     `json:"id,omitempty"`
	Source      netip.Addr `json:"src,omitzero"`
	Destination netip.Addr `json:"dst,omitzero"`
	TOS         uint8      `json:"tos,omitempty"` // tos of ip, tc of ip6
	TTL         uint8      `json:"ttl,omitempty"` // ttl of ip, hoplimit of ip6
	Flags       uint16     `json:"flags,omitempty"`
	Labels      []uint32   `json:"labels,omitempty"`  // mpls: one or two, outermost first
	Locator     uint64     `json:"locator,omitempty"` // ila
}

// RuleAction is the kernel's number of what a routing rule does (FR_ACT_*).
type RuleAction uint8

const (
	RuleTable       RuleAction = 1 // look up Table, or the table of the L3 master device
	RuleGoto        RuleAction = 2
	RuleNop         RuleAction = 3
	RuleBlackhole   RuleAction = 6
	RuleUnreachable RuleAction = 7
	RuleProhibit    RuleAction = 8
)

var ruleActionNames = [...]string{RuleTable: "table", RuleGoto: "goto", RuleNop: "nop", RuleBlackhole: "blackhole", RuleUnreachable: "unreachable", RuleProhibit: "prohibit"}

// String gives the word of virtual_rules.
func (a RuleAction) String() string {
	if int(a) < len(ruleActionNames) {
		return ruleActionNames[a]
	}
	return ""
}

// PortRange is sport or dport; both ends belong to it. The zero value is no selector.
type PortRange struct {
	Low  uint16 `json:"low"`
	High uint16 `json:"high"`
}

// UIDRange is uidrange; both ends belong to it.
type UIDRange struct {
	Low  uint32 `json:"low"`
	High uint32 `json:"high"`
}

// RoutingRule is one line of virtual_rules or static_rules.
type RoutingRule struct {
	Family         Family       `json:"family"`
	Not            bool         `json:"not,omitempty"`
	From           netip.Prefix `json:"from,omitzero"` // zero: any
	To             netip.Prefix `json:"to,omitzero"`   // zero: any
	Priority       uint32       `json:"priority"`      // preference, order; without one 16384 downwards in file order
	TOS            uint8        `json:"tos,omitempty"`
	FwMark         uint32       `json:"fwmark,omitempty"`
	FwMask         uint32       `json:"fwmask,omitempty"` // 0: no fwmark selector
	Input          string       `json:"iif,omitempty"`    // dev, iif
	Output         string       `json:"oif,omitempty"`
	TunnelID       uint64       `json:"tunnel-id,omitempty"`
	UIDs           *UIDRange    `json:"uidrange,omitempty"`
	IPProtocol     uint8        `json:"ipproto,omitempty"`
	SourcePorts    PortRange    `json:"sport,omitzero"`
	DestPorts      PortRange    `json:"dport,omitzero"`
	Action         RuleAction   `json:"action"`
	Table          uint32       `json:"table,omitempty"`  // of RuleTable
	L3MDev         bool         `json:"l3mdev,omitempty"` // RuleTable by the L3 master device; Table is 0
	Goto           uint32       `json:"goto,omitempty"`   // of RuleGoto: larger than Priority
	Realms         Realms       `json:"realms,omitzero"`
	SuppressLength *uint32      `json:"suppress_prefixlength,omitempty"`
	SuppressGroup  *uint32      `json:"suppress_ifgroup,omitempty"`
	Protocol       uint8        `json:"protocol"` // default 18, keepalived
	NoTrack        bool         `json:"no_track,omitempty"`
	TrackGroup     string       `json:"track_group,omitempty"` // static rules
}

// TrackGroup is a track_group: the instances that fault when a static
// address, route or rule of the group is lost.
type TrackGroup struct {
	Name    string   `json:"name"`
	Members []string `json:"members"` // instances that exist
}
