package conf

import (
	"net/netip"
	"time"
)

// Config is what a configuration file means: every default filled in, every
// inherited value (global -> instance, virtual server -> real server ->
// checker) resolved, every cross reference checked. It holds values only, so
// the snapshot that the parent encodes is the one that each process acts on.
type Config struct {
	Global          Global          `json:"global"`
	StaticAddresses []Address       `json:"static_addresses,omitempty"`
	Scripts         []TrackScript   `json:"scripts,omitempty"`
	TrackFiles      []TrackFile     `json:"track_files,omitempty"`
	SyncGroups      []SyncGroup     `json:"sync_groups,omitempty"`
	Instances       []Instance      `json:"instances,omitempty"`
	VirtualServers  []VirtualServer `json:"virtual_servers,omitempty"`
}

// Global is the global_defs block and the single statements at root.
type Global struct {
	RouterID             string        `json:"router_id,omitempty"` // router_id; default: local host name
	InstanceName         string        `json:"instance,omitempty"`  // root keyword instance: pid file and log ident suffix
	UsePIDDir            bool          `json:"use_pid_dir,omitempty"`
	ChildWaitTime        time.Duration `json:"child_wait_time,omitempty"` // default 5 s
	DynamicInterfaces    bool          `json:"dynamic_interfaces,omitempty"`
	EnableScriptSecurity bool          `json:"enable_script_security,omitempty"`
	NotifyFIFO           FIFO          `json:"notify_fifo,omitzero"`
	VRRPNotifyFIFO       FIFO          `json:"vrrp_notify_fifo,omitzero"`
	LVSNotifyFIFO        FIFO          `json:"lvs_notify_fifo,omitzero"`
	FIFOStatesOnReload   bool          `json:"fifo_write_vrrp_states_on_reload,omitempty"`
	StartupScript        *Command      `json:"startup_script,omitempty"`
	StartupTimeout       time.Duration `json:"startup_script_timeout,omitempty"` // default 10 s
	ShutdownScript       *Command      `json:"shutdown_script,omitempty"`
	ShutdownTimeout      time.Duration `json:"shutdown_script_timeout,omitempty"` // default 10 s
	Umask                uint32        `json:"umask,omitempty"`                   // default 0177
	MulticastGroup4      netip.Addr    `json:"vrrp_mcast_group4,omitzero"`        // default 224.0.0.18
	MulticastGroup6      netip.Addr    `json:"vrrp_mcast_group6,omitzero"`        // default ff02::12
	GARPInterval         time.Duration `json:"vrrp_garp_interval,omitempty"`      // gap between gratuitous ARPs on one interface
	GNAInterval          time.Duration `json:"vrrp_gna_interval,omitempty"`       // gap between unsolicited NAs on one interface
	StartupDelay         time.Duration `json:"vrrp_startup_delay,omitempty"`
	LogUnknownVRIDs      bool          `json:"log_unknown_vrids,omitempty"`
	VRRP                 Process       `json:"vrrp_process,omitzero"`
	Checker              Process       `json:"checker_process,omitzero"`
	LVSTimeouts          LVSTimeouts   `json:"lvs_timeouts,omitzero"`
	LVSSyncDaemon        *SyncDaemon   `json:"lvs_sync_daemon,omitempty"`
	LVSFlush             bool          `json:"lvs_flush,omitempty"`
	LVSFlushOnStop       FlushOnStop   `json:"lvs_flush_on_stop,omitempty"`
	RSInitNotifies       bool          `json:"rs_init_notifies,omitempty"`
	LogAllFailures       bool          `json:"checker_log_all_failures,omitempty"`
	LVSNetlinkCmdBuf     int           `json:"lvs_netlink_cmd_rcv_bufs,omitempty"` // bytes, 0: kernel default
}

// FlushOnStop is lvs_flush_on_stop: what leaves the kernel's table at exit beyond our own entries.
type FlushOnStop string

const (
	FlushNothing  FlushOnStop = ""
	FlushAll      FlushOnStop = "all"
	FlushServices FlushOnStop = "VS"
)

// Process holds the scheduling of one child process (vrrp_*, checker_*).
type Process struct {
	Nice       int   `json:"priority,omitempty"`    // 0: unchanged
	RTPriority int   `json:"rt_priority,omitempty"` // SCHED_RR priority, 0: not real-time
	NoSwap     bool  `json:"no_swap,omitempty"`
	CPUs       []int `json:"cpu_affinity,omitempty"`
}

// FIFO is one notify FIFO; Path "" means none.
type FIFO struct {
	Path   string   `json:"path,omitempty"`
	UID    uint32   `json:"uid,omitempty"`
	GID    uint32   `json:"gid,omitempty"`
	Script *Command `json:"script,omitempty"`
}

// Command is a script with its words and the account it runs under.
type Command struct {
	Args  []string `json:"args"`
	UID   uint32   `json:"uid,omitempty"`
	GID   uint32   `json:"gid,omitempty"`
	Shell bool     `json:"shell,omitempty"` // no #! line: run through /bin/sh
}

// Notify holds the hooks of an instance or a sync group; nil means none.
type Notify struct {
	Master         *Command `json:"master,omitempty"`
	Backup         *Command `json:"backup,omitempty"`
	Fault          *Command `json:"fault,omitempty"`
	Stop           *Command `json:"stop,omitempty"`
	Deleted        *Command `json:"deleted,omitempty"`
	RxLowerPri     *Command `json:"master_rx_lower_pri,omitempty"`
	Any            *Command `json:"notify,omitempty"`         // notify: the generic hook
	ReportDeleted  bool     `json:"notify_deleted,omitempty"` // report DELETED, not FAULT, when a reload removes the instance
	PriorityChange bool     `json:"notify_priority_changes,omitempty"`
}

// LVSTimeouts is lvs_timeouts; zero means "leave the kernel's value".
type LVSTimeouts struct {
	TCP    time.Duration `json:"tcp,omitempty"`
	TCPFin time.Duration `json:"tcpfin,omitempty"`
	UDP    time.Duration `json:"udp,omitempty"`
}

// SyncDaemon is lvs_sync_daemon. Without an Instance both daemons run; with
// one, the master or the backup daemon runs as the instance's role says.
type SyncDaemon struct {
	Interface string     `json:"interface"`
	Instance  string     `json:"instance,omitempty"`
	ID        uint8      `json:"id,omitempty"`     // resolved: id, else the instance's VRID, else 0
	MaxLen    uint16     `json:"maxlen,omitempty"` // 0: kernel default
	Port      uint16     `json:"port,omitempty"`   // 0: kernel default (8848)
	TTL       uint8      `json:"ttl,omitempty"`    // 0: kernel default (1)
	Group     netip.Addr `json:"group,omitzero"`   // zero: kernel default (224.0.0.81)
}

// Address is one line of virtual_ipaddress, virtual_ipaddress_excluded or static_ipaddress.
type Address struct {
	Prefix        netip.Prefix `json:"prefix"`             // address and its own prefix length, host bits kept
	Interface     string       `json:"dev,omitempty"`      // resolved: never empty for virtual addresses
	Scope         uint8        `json:"scope,omitempty"`    // rtnetlink value; 0 = global
	Broadcast     netip.Addr   `json:"brd,omitzero"`       // resolved from "+" and "-"
	Label         string       `json:"label,omitempty"`    //
	Peer          netip.Prefix `json:"peer,omitzero"`      //
	Home          bool         `json:"home,omitempty"`     //
	DAD           bool         `json:"dad,omitempty"`      // -nodad: do duplicate address detection
	ManageTemp    bool         `json:"mngtmp,omitempty"`   // mngtmpaddr
	NoPrefixRoute bool         `json:"nopfx,omitempty"`    // noprefixroute
	AutoJoin      bool         `json:"autojoin,omitempty"` //
	NoTrack       bool         `json:"no_track,omitempty"` //
	// PreferredLifetime in seconds; Forever unless set. An IPv6 /128 without
	// preferred_lft gets 0 (deprecated), as keepalived does.
	PreferredLifetime uint32 `json:"preferred_lft"`
}

// Forever is the kernel's infinite lifetime.
const Forever uint32 = 0xffffffff

// TrackScript is a vrrp_script.
type TrackScript struct {
	Name     string        `json:"name"`
	Command  Command       `json:"command"`
	Interval time.Duration `json:"interval"`
	Timeout  time.Duration `json:"timeout"`
	Weight   int           `json:"weight,omitempty"`
	Reverse  bool          `json:"reverse,omitempty"`
	Rise     int           `json:"rise"`
	Fall     int           `json:"fall"`
	InitFail bool          `json:"init_fail,omitempty"`
}

// TrackFile is a track_file (vrrp_track_file).
type TrackFile struct {
	Name      string `json:"name"`
	Path      string `json:"path"`
	Weight    int    `json:"weight"` // default 1
	Reverse   bool   `json:"reverse,omitempty"`
	InitFile  bool   `json:"init_file,omitempty"`
	InitValue int    `json:"init_value,omitempty"`
	Overwrite bool   `json:"overwrite,omitempty"`
}

// Track is one reference to a tracker, with the reference's own weight
// already resolved against the tracker's. Weight 0 means: bad = FAULT.
type Track struct {
	Name    string `json:"name"`
	Weight  int    `json:"weight,omitempty"`
	Reverse bool   `json:"reverse,omitempty"`
}

// Tracking lists what an instance or a group tracks.
type Tracking struct {
	Interfaces []Track `json:"interfaces,omitempty"`
	Scripts    []Track `json:"scripts,omitempty"`
	Files      []Track `json:"files,omitempty"`
}

// SyncGroup is a vrrp_sync_group; Members are instance names that exist.
type SyncGroup struct {
	Name           string   `json:"name"`
	Members        []string `json:"members"`
	Track          Tracking `json:"track,omitzero"` // applies to every member; not repeated in the members
	TrackingWeight bool     `json:"sync_group_tracking_weight,omitempty"`
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
	Interface        string        `json:"interface"`
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
	SkipCheckAddr    bool          `json:"skip_check_adv_addr,omitempty"`
	LowerPrioNoAdv   bool          `json:"lower_prio_no_advert,omitempty"`
	HigherPrioAdv    bool          `json:"higher_prio_send_advert,omitempty"`
	OwnerIgnore      bool          `json:"owner_ignore_adverts,omitempty"`
	Addresses        []Address     `json:"vips,omitempty"`  // virtual_ipaddress: in adverts, in this order
	Excluded         []Address     `json:"evips,omitempty"` // virtual_ipaddress_excluded
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
}

// Key is the identity of an instance over a reload: what the wire sees, not the name.
type InstanceKey struct {
	Interface string
	Family    Family
	VRID      uint8
	Source    netip.Addr // only for unicast instances
	Dest      netip.Addr // multicast group; zero for unicast
}

// Key returns the instance's identity (contracts 4.10, "reload identity").
func (i *Instance) Key() InstanceKey {
	k := InstanceKey{Interface: i.Interface, Family: i.Family, VRID: i.VRID}
	if i.Unicast {
		k.Source = i.Source
	} else {
		k.Dest = i.Destination
	}
	return k
}
