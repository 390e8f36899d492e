package conf

import (
	"net/netip"
	"time"
)

// Namespaces holds the network namespaces that the daemon works in.
type Namespaces struct {
	Name        string `json:"net_namespace,omitempty"`         // "": the one that the daemon was started in
	IPVS        string `json:"net_namespace_ipvs,omitempty"`    // "": see IPVSDefault
	IPVSDefault bool   `json:"ipvs_default,omitempty"`          // net_namespace_ipvs without a name: IPVS is in the namespace of process 1
	Ipsets      bool   `json:"namespace_with_ipsets,omitempty"` // namespace_with_ipsets
}

// Mail holds the settings of alert mail.
type Mail struct {
	From           string        `json:"notification_email_from,omitempty"` // "": user@host name
	To             []string      `json:"notification_email,omitempty"`
	Server         string        `json:"smtp_server,omitempty"`          // address or name; "": no mail is sent
	Port           uint16        `json:"port,omitempty"`                 // of smtp_server; default 25
	HELO           string        `json:"smtp_helo_name,omitempty"`       // "": local host name
	ConnectTimeout time.Duration `json:"smtp_connect_timeout,omitempty"` // default 30 s
	NoFaults       bool          `json:"no_email_faults,omitempty"`
	TLS            MailTLS       `json:"smtp_tls,omitempty"`      // halbd's own; "": plain text
	User           string        `json:"smtp_user,omitempty"`     // halbd's own: smtp_auth; "": no login
	Password       string        `json:"smtp_password,omitempty"` // of User
}

// MailTLS says how a connection to the mail server is encrypted.
type MailTLS string

const (
	MailSTARTTLS MailTLS = "starttls" // RFC 3207
	MailOverTLS  MailTLS = "tls"      // from the first byte, RFC 8314
)

// Sent tells whether there is anybody to send mail to, and a way to do it.
func (m *Mail) Sent() bool { return m.Server != "" && len(m.To) > 0 }

// AutoPriority lets a process raise its own scheduling priority when its
// timers come late.
type AutoPriority struct {
	Max   int           `json:"max_auto_priority,omitempty"`       // SCHED_RR; 0: off, -1: off without the notice at the start
	Delay time.Duration `json:"min_auto_priority_delay,omitempty"` // lateness that counts; default 1 s
}

// Firewall says how packets for addresses of no_accept and VMACs are dropped,
// and how virtual server groups get their marks.
type Firewall struct {
	ChainIn         string   `json:"iptables_in,omitempty"`  // vrrp_iptables; "": iptables is not used
	ChainOut        string   `json:"iptables_out,omitempty"` // vrrp_iptables
	Sets            []string `json:"vrrp_ipsets,omitempty"`  // set, set6, set_if6, igmp, mld, nd: as many as are written
	NoSets          bool     `json:"no_ipsets,omitempty"`    // vrrp_ipsets without a name
	Table           string   `json:"nftables,omitempty"`     // "": nftables is not used
	Priority        int32    `json:"nftables_priority"`      // default -1
	ByIndex         bool     `json:"nftables_ifindex,omitempty"`
	Counters        bool     `json:"nftables_counters,omitempty"`
	IPVSTable       string   `json:"nftables_ipvs,omitempty"`    // "": not used
	IPVSPriority    int32    `json:"nftables_ipvs_priority"`     // default -1
	IPVSStartFwmark uint32   `json:"nftables_ipvs_start_fwmark"` // default 1000
}

// SNMP says which MIBs are served.
type SNMP struct {
	Socket          string        `json:"snmp_socket,omitempty"` // AgentX address; "": that of net-snmp
	Traps           bool          `json:"enable_traps,omitempty"`
	VRRP            bool          `json:"enable_snmp_vrrp,omitempty"`
	RFCv2           bool          `json:"enable_snmp_rfcv2,omitempty"` // also by enable_snmp_rfc
	RFCv3           bool          `json:"enable_snmp_rfcv3,omitempty"` // also by enable_snmp_rfc
	Checker         bool          `json:"enable_snmp_checker,omitempty"`
	VSStatsInterval time.Duration `json:"snmp_vs_stats_update_interval"` // default 5 s
	RSStatsInterval time.Duration `json:"snmp_rs_stats_update_interval,omitempty"`
}

// DBus says how instances are shown on D-Bus.
type DBus struct {
	Enable      bool   `json:"enable_dbus,omitempty"`
	Service     string `json:"dbus_service_name"`                // default org.keepalived.Vrrp1
	NoInterface string `json:"dbus_no_interface_name,omitempty"` // path element of instances without an interface; "": none
}

// Buffer is the receive buffer of a netlink socket.
type Buffer struct {
	Bytes uint32 `json:"bytes,omitempty"` // 0: kernel default
	Force bool   `json:"force,omitempty"` // beyond rmem_max
}

// RxPolicy is vrrp_rx_bufs_policy: what the receive buffer of adverts is sized by.
type RxPolicy string

const (
	RxDefault RxPolicy = "" // system default, or Size
	RxMTU     RxPolicy = "MTU"
	RxAdvert  RxPolicy = "ADVERT"
)

// Buffers holds the sizes of receive buffers.
type Buffers struct {
	VRRPCommand    Buffer   `json:"vrrp_netlink_cmd_rcv_bufs,omitzero"`
	VRRPMonitor    Buffer   `json:"vrrp_netlink_monitor_rcv_bufs,omitzero"`
	LVSCommand     Buffer   `json:"lvs_netlink_cmd_rcv_bufs,omitzero"`
	LVSMonitor     Buffer   `json:"lvs_netlink_monitor_rcv_bufs,omitzero"`
	ProcessMonitor Buffer   `json:"process_monitor_rcv_bufs,omitzero"`
	RxPolicy       RxPolicy `json:"vrrp_rx_bufs_policy,omitempty"`
	RxSize         uint32   `json:"vrrp_rx_bufs_size,omitempty"` // bytes: vrrp_rx_bufs_policy with a number; 0: by policy
	RxMultiplier   uint32   `json:"vrrp_rx_bufs_multiplier"`     // of the policy's size; default 3
}

// Reload holds what surrounds a reload of the configuration.
type Reload struct {
	Check    bool   `json:"reload_check_config,omitempty"` // check the new file in a process of its own first
	CheckLog string `json:"log,omitempty"`                 // of reload_check_config; "": thrown away
	TimeFile string `json:"reload_time_file,omitempty"`
	Repeat   bool   `json:"reload_repeat,omitempty"`
	Marker   bool   `json:"reload_file,omitempty"` // a file says that the configuration is being read
	Path     string `json:"path,omitempty"`        // of reload_file; "": keepalived.reload beside the pid file
}

// Control is where others than this host's root may look at the daemon.
type Control struct {
	Listen    netip.AddrPort `json:"control_listen,omitzero"` // zero: nowhere
	Insecure  bool           `json:"insecure,omitempty"`      // to everybody, if there is no token, and in the clear without TLS
	Cert      string         `json:"cert,omitempty"`          // of control_tls
	Key       string         `json:"key,omitempty"`
	TokenFile string         `json:"control_token_file,omitempty"`
}

// Dumps says where state is written on a signal.
type Dumps struct {
	UseInstance bool   `json:"data_use_instance,omitempty"` // instance and namespace are part of the names
	State       string `json:"state_dump_file,omitempty"`   // "": keepalived*.data in the temporary directory
	Stats       string `json:"stats_dump_file,omitempty"`   // "": keepalived.stats there
	JSON        string `json:"json_dump_file,omitempty"`    // "": keepalived.json there
	JSONVersion uint8  `json:"json_version"`                // 1 or 2; default 1
}

// Dirs holds directories; "" leaves the built-in choice.
type Dirs struct {
	SaveConfig string `json:"config_save_dir,omitempty"`
	TmpConfig  string `json:"tmp_config_directory,omitempty"` // "": in memory
	IPRouteUsr string `json:"iproute_usr_dir,omitempty"`
	IPRouteEtc string `json:"iproute_etc_dir,omitempty"`
}
