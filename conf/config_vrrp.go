package conf

import (
	"net/netip"
	"time"
)

// SyncGroup is a vrrp_sync_group; Members are instance names that exist.
type SyncGroup struct {
	Name           string   `json:"name"`
	Members        []string `json:"members"`
	Track          Tracking `json:"track,omitzero"` // applies to every member; not repeated in the members
	TrackingWeight bool     `json:"sync_group_tracking_weight,omitempty"`
	SMTPAlert      bool     `json:"smtp_alert,omitempty"` // resolved: own, smtp_alert_vrrp, smtp_alert, false
	Notify         Notify   `json:"notify,omitzero"`
}

// AuthType is auth_type of VRRPv2.
type AuthType uint8

const (
	AuthNone AuthType = 0
	AuthPass AuthType = 1
	AuthAH   AuthType = 2
)

// Family is the address family of an instance or of a fwmark service.
type Family uint8

const (
	IPv4 Family = 4
	IPv6 Family = 6
)

// Instance is a vrrp_instance.
type Instance struct {
	Name             string        `json:"name"`
	Interface        string        `json:"interface"` // "": a unicast instance without one
	Family           Family        `json:"family"`
	Version          uint8         `json:"version"` // 2 or 3
	VRID             uint8         `json:"vrid"`
	Priority         uint8         `json:"priority"`
	StateMaster      bool          `json:"state_master,omitempty"` // state MASTER; alone it does not make a master (contracts 4.5)
	StateBackup      bool          `json:"state_backup,omitempty"` // state BACKUP was written
	AdvertInterval   time.Duration `json:"advert_int"`
	DownTimerAdverts int           `json:"down_timer_adverts"` // default 3
	NoPreempt        bool          `json:"nopreempt,omitempty"`
	PreemptDelay     time.Duration `json:"preempt_delay,omitempty"`
	AuthType         AuthType      `json:"auth_type,omitempty"`
	AuthPass         []byte        `json:"auth_pass,omitempty"` // at most 8 bytes
	Unicast          bool          `json:"unicast,omitempty"`
	UnicastPeers     []UnicastPeer `json:"unicast_peer,omitempty"`
	UnicastTTL       int           `json:"unicast_ttl,omitempty"`       // 0: 255 for IPv4, kernel default (64) for IPv6
	Source           netip.Addr    `json:"src_ip,omitzero"`             // unicast_src_ip or mcast_src_ip
	Destination      netip.Addr    `json:"dst_ip,omitzero"`             // multicast group, resolved
	CheckUnicastSrc  bool          `json:"check_unicast_src,omitempty"` //
	OldChecksum      OldChecksum   `json:"old_unicast_checksum,omitempty"`
	ChecksumAsV2     bool          `json:"v3_checksum_as_v2,omitempty"`
	TrackSource      bool          `json:"track_src_ip,omitempty"`
	DontTrackPrimary bool          `json:"dont_track_primary,omitempty"`
	VMAC             *VMAC         `json:"use_vmac,omitempty"`
	VMACAddresses    bool          `json:"use_vmac_addr,omitempty"`  // VMACs for addresses on other interfaces too
	XmitBase         bool          `json:"vmac_xmit_base,omitempty"` // adverts leave by the base interface; only with VMAC
	IPVLAN           *IPVLAN       `json:"use_ipvlan,omitempty"`     // never together with VMAC
	AddressLinks     []Link        `json:"address_links,omitempty"`  // VMACs of addresses on other interfaces or of the other family; not the instance's own
	VRF              string        `json:"vrf,omitempty"`            // of a unicast instance without an interface
	FaultNoPeer      bool          `json:"unicast_fault_no_peer,omitempty"`
	PromoteSecondary bool          `json:"promote_secondaries,omitempty"`  // set the interface's sysctl while running
	LinkbeatPolling  bool          `json:"linkbeat_use_polling,omitempty"` // poll the carrier of Interface
	NoAccept         bool          `json:"no_accept,omitempty"`            // drop traffic to the addresses; resolved with strict_mode
	Strict           bool          `json:"strict_mode,omitempty"`          // its effects are in the other fields already
	HMAC             *AuthHMAC     `json:"auth_hmac,omitempty"`
	ExpiredBackup    uint8         `json:"timer_expired_backup,omitempty"` // priority of the peer that may have taken over meanwhile; 0: off
	ReceiveBuffer    uint32        `json:"kernel_rx_buf_size,omitempty"`   // bytes; 0: vrrp_rx_bufs_policy
	Debug            uint8         `json:"debug,omitempty"`                // 0 to 4; without effect in keepalived too
	SMTPAlert        bool          `json:"smtp_alert,omitempty"`           // resolved: own, smtp_alert_vrrp, smtp_alert, false
	SkipCheckAddr    bool          `json:"skip_check_adv_addr,omitempty"`
	LowerPrioNoAdv   bool          `json:"lower_prio_no_advert,omitempty"`
	HigherPrioAdv    bool          `json:"higher_prio_send_advert,omitempty"`
	OwnerIgnore      bool          `json:"owner_ignore_adverts,omitempty"`
	Addresses        []Address     `json:"vips,omitempty"`   // virtual_ipaddress: in adverts, in this order
	Excluded         []Address     `json:"evips,omitempty"`  // virtual_ipaddress_excluded
	Routes           []Route       `json:"routes,omitempty"` // virtual_routes
	Rules            []RoutingRule `json:"rules,omitempty"`  // virtual_rules
	GARP             GARP          `json:"garp"`
	Track            Tracking      `json:"track,omitzero"`
	Notify           Notify        `json:"notify,omitzero"`
}

// OldChecksum is old_unicast_checksum.
type OldChecksum uint8

const (
	OldChecksumDetect OldChecksum = iota // default: switch when the peer uses it
	OldChecksumAlways
	OldChecksumNever
)

// UnicastPeer is one item of unicast_peer. Zero TTL limits mean "not checked".
type UnicastPeer struct {
	Addr   netip.Addr `json:"addr"`
	MinTTL int        `json:"min_ttl,omitempty"`
	MaxTTL int        `json:"max_ttl,omitempty"`
}

// GARP holds the announcement settings of one instance (garp_*), resolved.
type GARP struct {
	MasterDelay     time.Duration `json:"master_delay"`  // second set after this; 0: none. Default 5 s
	MasterRepeat    int           `json:"master_repeat"` // packets for each address in a set. Default 5
	Refresh         time.Duration `json:"refresh,omitempty"`
	RefreshRepeat   int           `json:"refresh_repeat"` // default 1
	LowerPrioDelay  time.Duration `json:"lower_prio_delay"`
	LowerPrioRepeat int           `json:"lower_prio_repeat"`
	ExtraInterval   time.Duration `json:"extra_if,omitempty"`     // garp_extra_if: period of ARPs for VIPs on other interfaces than adverts leave by; 0: none
	ExtraAll        bool          `json:"extra_if_all,omitempty"` // on those that are no VMACs too
}

// Key is the identity of an instance over a reload: what the wire sees, not the name.
type InstanceKey struct {
	Interface string
	Family    Family
	VRID      uint8
	Source    netip.Addr // only for unicast instances
	Dest      netip.Addr // multicast group; zero for unicast
	Link      LinkKind   // that the instance runs on; "" is the interface itself
	MAC       string     // of a VMAC
}

// Key returns the instance's identity (contracts 4.10, "reload identity").
func (i *Instance) Key() InstanceKey {
	k := InstanceKey{Interface: i.Interface, Family: i.Family, VRID: i.VRID}
	if i.Unicast {
		k.Source = i.Source
	} else {
		k.Dest = i.Destination
	}
	if l, ok := i.OwnLink(); ok {
		k.Link, k.MAC = l.Kind, l.MAC
	}
	return k
}
