package conf

import (
	"net/netip"
	"time"
)

// Global is the global_defs block and the single statements at root.
type Global struct {
	RouterID             string        `json:"router_id,omitempty"` // router_id; default: local host name
	InstanceName         string        `json:"instance,omitempty"`  // root keyword instance: pid file and log ident suffix
	UsePIDDir            bool          `json:"use_pid_dir,omitempty"`
	Namespaces           Namespaces    `json:"namespaces,omitzero"`
	LinkbeatPolling      bool          `json:"linkbeat_use_polling,omitempty"` // poll the link of every VRRP interface
	ChildWaitTime        time.Duration `json:"child_wait_time,omitempty"`      // default 5 s
	Control              Control       `json:"control,omitzero"`               // halbd's own
	ControlSocket        string        `json:"control_socket,omitempty"`       // halbd's own: path of the control socket, "none", or "" for the default
	StrictConfig         bool          `json:"strict_config,omitempty"`        // halbd's own: refuse what is not honoured
	DynamicInterfaces    bool          `json:"dynamic_interfaces,omitempty"`
	AllowIfChanges       bool          `json:"allow_if_changes,omitempty"` // dynamic_interfaces allow_if_changes: an interface may return with another type or parent
	DisableLocalIGMP     bool          `json:"disable_local_igmp,omitempty"`
	UseSymlinkPaths      bool          `json:"use_symlink_paths,omitempty"`        // run scripts by the path that is written
	SupplementaryGroups  bool          `json:"set_supplementary_groups,omitempty"` // scripts have the groups of their user
	Mail                 Mail          `json:"mail,omitzero"`
	AutoPriority         AutoPriority  `json:"auto_priority,omitzero"`
	EnableScriptSecurity bool          `json:"enable_script_security,omitempty"`
	NotifyFIFO           FIFO          `json:"notify_fifo,omitzero"`
	VRRPNotifyFIFO       FIFO          `json:"vrrp_notify_fifo,omitzero"`
	LVSNotifyFIFO        FIFO          `json:"lvs_notify_fifo,omitzero"`
	NotifyCoalesce       bool          `json:"notify_coalesce,omitempty"` // halbd's own: superseded states are not told to scripts
	NotifyTimeout        time.Duration `json:"notify_timeout,omitempty"`  // halbd's own: of a notify script; 0: none
	NotifyWebhooks       []string      `json:"notify_webhook,omitempty"`  // halbd's own: URLs
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
	DelayAfterBoot       time.Duration `json:"vrrp_delay_after_boot,omitempty"` // hold instances until the host is up for so long
	LogUnknownVRIDs      bool          `json:"log_unknown_vrids,omitempty"`
	VMACPrefix           string        `json:"vmac_prefix"`             // default vrrp
	VMACAddrPrefix       string        `json:"vmac_addr_prefix"`        // default VMACPrefix
	ProcessNames         bool          `json:"process_names,omitempty"` // processes have names of their own
	ProcessName          string        `json:"process_name,omitempty"`  // of the parent; "": default
	VRRP                 Process       `json:"vrrp_process,omitzero"`
	Checker              Process       `json:"checker_process,omitzero"`
	BFD                  Process       `json:"bfd_process,omitzero"`
	Firewall             Firewall      `json:"firewall,omitzero"`
	SNMP                 SNMP          `json:"snmp,omitzero"`
	DBus                 DBus          `json:"dbus,omitzero"`
	Buffers              Buffers       `json:"buffers,omitzero"`
	Reload               Reload        `json:"reload,omitzero"`
	Dumps                Dumps         `json:"dumps,omitzero"`
	Dirs                 Dirs          `json:"dirs,omitzero"`
	RandomSeed           *uint32       `json:"random_seed,omitempty"` // nil: the time
	LVSTimeouts          LVSTimeouts   `json:"lvs_timeouts,omitzero"`
	LVSSyncDaemon        *SyncDaemon   `json:"lvs_sync_daemon,omitempty"`
	LVSFlush             bool          `json:"lvs_flush,omitempty"`
	LVSFlushOnStop       FlushOnStop   `json:"lvs_flush_on_stop,omitempty"`
	RSInitNotifies       bool          `json:"rs_init_notifies,omitempty"`
	LogAllFailures       bool          `json:"checker_log_all_failures,omitempty"`
	NoCheckerEmails      bool          `json:"no_checker_emails,omitempty"` // mail only when a real server itself comes or goes
}

// FlushOnStop is lvs_flush_on_stop: what leaves the kernel's table at exit beyond our own entries.
type FlushOnStop string

const (
	FlushNothing  FlushOnStop = ""
	FlushAll      FlushOnStop = "all"
	FlushServices FlushOnStop = "VS"
)

// Process holds the name and the scheduling of one child process (vrrp_*, checker_*, bfd_*).
type Process struct {
	Name       string        `json:"process_name,omitempty"`  // at most 15 bytes; "": default
	Nice       int           `json:"priority,omitempty"`      // 0: unchanged
	RTPriority int           `json:"rt_priority,omitempty"`   // SCHED_RR priority, 0: not real-time
	RTLimit    time.Duration `json:"rlimit_rttime,omitempty"` // RLIMIT_RTTIME of a real-time process; 0: none
	NoSwap     bool          `json:"no_swap,omitempty"`
	CPUs       []int         `json:"cpu_affinity,omitempty"`
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
	Args   []string `json:"args"`
	UID    uint32   `json:"uid,omitempty"`
	GID    uint32   `json:"gid,omitempty"`
	Groups []uint32 `json:"groups,omitempty"` // set_supplementary_groups: those of the account
	Shell  bool     `json:"shell,omitempty"`  // no #! line: run through /bin/sh
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
