package conf

import "net/netip"

// Address is one line of virtual_ipaddress, virtual_ipaddress_excluded or static_ipaddress.
type Address struct {
	Prefix        netip.Prefix `json:"prefix"`                // address and its own prefix length, host bits kept
	Interface     string       `json:"dev,omitempty"`         // resolved: never empty for virtual addresses; the VMAC where one carries it
	Parent        string       `json:"parent,omitempty"`      // the interface that was written, where a VMAC on it carries the address
	Scope         uint8        `json:"scope,omitempty"`       // rtnetlink value; 0 = global
	Broadcast     netip.Addr   `json:"brd,omitzero"`          // resolved from "+" and "-"
	Label         string       `json:"label,omitempty"`       //
	Peer          netip.Prefix `json:"peer,omitzero"`         //
	Home          bool         `json:"home,omitempty"`        //
	DAD           bool         `json:"dad,omitempty"`         // -nodad: do duplicate address detection
	ManageTemp    bool         `json:"mngtmp,omitempty"`      // mngtmpaddr
	NoPrefixRoute bool         `json:"nopfx,omitempty"`       // noprefixroute
	AutoJoin      bool         `json:"autojoin,omitempty"`    //
	NoTrack       bool         `json:"no_track,omitempty"`    //
	UseVMAC       bool         `json:"use_vmac,omitempty"`    // on a VMAC of its own; virtual addresses only
	TrackGroup    string       `json:"track_group,omitempty"` // static addresses: the TrackGroup that its loss faults
	// PreferredLifetime in seconds; Forever unless set. An IPv6 /128 without
	// preferred_lft gets 0 (deprecated), as keepalived does.
	PreferredLifetime uint32 `json:"preferred_lft"`
}

// Forever is the kernel's infinite lifetime.
const Forever uint32 = 0xffffffff
