package dump

import (
	"io"
	"os"
	"strings"
	"time"

	"halbd/conf"
	"halbd/status"
)

// Parent writes keepalived_parent.data.
func Parent(w io.Writer, cfg *conf.Config, s *status.Status) error {
	o := &sheet{w: w}
	o.global(cfg, false, s.Daemon.Reloads.Scheduled)
	return o.err
}

// reload writes what surrounds a reload; only keepalived's parent knows of a
// schedule.
func (o *sheet) reload(r *conf.Reload, scheduled time.Time) {
	if !r.Check {
		o.linef(" No test config before reload")
	} else {
		o.linef(" Test config before reload, log to %s", or(r.CheckLog, "/dev/null"))
	}
	if r.TimeFile != "" {
		o.linef(" Reload time file = %s%s", r.TimeFile, yes(r.Repeat, " (repeat)", ""))
		if scheduled.IsZero() {
			o.linef(" No reload scheduled")
		} else {
			o.linef(" Reload scheduled for %s", scheduled.Local().Format(time.DateTime))
		}
	}
	if r.Marker {
		o.linef(" Reload_file = %s", r.Path)
	}
}

// global writes the first section; keepalived's parent leaves the default
// interface out.
func (o *sheet) global(cfg *conf.Config, vrrp bool, scheduled time.Time) {
	g := &cfg.Global
	d := &cfg.Defaults
	o.title("Global definitions")
	if g.Dirs.SaveConfig != "" {
		o.linef(" Config save dir = %s", g.Dirs.SaveConfig)
	}
	o.linef(" Network namespace = %s", or(g.Namespaces.Name, "(default)"))
	o.linef(" Network namespace ipvs = %s", ipvsNamespace(&g.Namespaces))
	if g.InstanceName != "" {
		o.linef(" Instance name = %s", g.InstanceName)
	}
	o.linef(" %s", yes(g.UseSymlinkPaths, "Leave symlinks in script paths", "Replace symlinks in script paths"))
	o.linef(" %s", yes(g.SupplementaryGroups, "Set supplementary groups for all scripts", "Don't set supplementary groups for all scripts"))
	o.linef(" Router ID = %s", routerID(g))
	o.mail(&g.Mail)
	o.linef(" Default smtp_alert = %s", unset(d.SMTPAlert))
	o.linef(" Default smtp_alert_vrrp = %s", unset(d.SMTPAlertVRRP))
	o.linef(" Default smtp_alert_checker = %s", unset(d.SMTPAlertChecker))
	o.linef(" Checkers log all failures = %t", g.LogAllFailures)
	o.reload(&g.Reload, scheduled)
	if g.StartupScript != nil {
		o.linef(" Startup script = %s, uid:gid %d:%d, timeout %s", quoted(g.StartupScript), g.StartupScript.UID, g.StartupScript.GID, whole(g.StartupTimeout))
	}
	if g.ShutdownScript != nil {
		o.linef(" Shutdown script = %s, uid:gid %d:%d, timeout %s", quoted(g.ShutdownScript), g.ShutdownScript.UID, g.ShutdownScript.GID, whole(g.ShutdownTimeout))
	}
	o.linef(" Dynamic interfaces = %s", yes(g.DynamicInterfaces, yes(g.AllowIfChanges, "allow_if_changes", "true"), "false"))
	if vrrp {
		o.linef(" Default interface = %s", d.Interface)
	}
	o.linef(" Disable local IGMP = %s", yes(g.DisableLocalIGMP, "yes", "no"))
	o.linef(" Use VRRPv2 checksum for VRRPv3 IPv4 = %s", yes(d.ChecksumAsV2, "yes", "no"))
	o.lvs(g)
	o.fifos(g)
	o.vrrpDefaults(g, d)
	o.firewall(&g.Firewall)
	o.linef(" VRRP check unicast_src = %t", d.CheckUnicastSrc)
	o.linef(" VRRP skip check advert addresses = %t", d.SkipCheckAddr)
	o.linef(" VRRP strict mode = %t", d.Strict)
	o.linef(" Max auto priority = %d", max(g.AutoPriority.Max, 0))
	o.linef(" Min auto priority delay = %d usecs", g.AutoPriority.Delay.Microseconds())
	o.process("VRRP", &g.VRRP)
	o.process("Checker", &g.Checker)
	o.process("BFD", &g.BFD)
	o.agents(g)
	o.linef(" Script security %s", yes(g.EnableScriptSecurity, "enabled", "disabled"))
	if s := d.Script; s != nil {
		o.linef(" Default script uid:gid %d:%d", s.UID, s.GID)
	}
	o.buffers(g)
}

func or(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// routerID is router_id, by default the local host name.
func routerID(g *conf.Global) string {
	if g.RouterID != "" {
		return g.RouterID
	}
	name, _ := os.Hostname()
	return name
}

func ipvsNamespace(n *conf.Namespaces) string {
	switch {
	case n.IPVSDefault:
		return "(default)"
	case n.IPVS != "":
		return n.IPVS
	}
	return "(main namespace)"
}

func unset(b *bool) string {
	if b == nil {
		return "unset"
	}
	return yes(*b, "on", "off")
}

func (o *sheet) mail(m *conf.Mail) {
	if m.Server != "" {
		o.linef(" Smtp server = %s", m.Server)
		o.linef(" Smtp server port = %d", m.Port)
	}
	if m.HELO != "" {
		o.linef(" Smtp HELO name = %s", m.HELO)
	}
	if m.Server != "" {
		o.linef(" Smtp server connection timeout = %s", whole(m.ConnectTimeout))
	}
	if m.From != "" {
		o.linef(" Email notification from = %s", m.From)
	}
	if len(m.To) > 0 {
		o.linef(" Email notification = %s", strings.Join(m.To, " "))
	}
}

func (o *sheet) lvs(g *conf.Global) {
	t := &g.LVSTimeouts
	for _, l := range []struct {
		name  string
		value time.Duration
	}{{"TCP", t.TCP}, {"TCP FIN", t.TCPFin}, {"UDP", t.UDP}} {
		if l.value > 0 {
			o.linef(" LVS %s timeout = %s", l.name, whole(l.value))
		}
	}
	if s := g.LVSSyncDaemon; s != nil {
		o.linef(" LVS syncd interface = %s", s.Interface)
		o.linef(" LVS syncd vrrp instance = %s", or(s.Instance, "(none)"))
		o.linef(" LVS syncid = %d", s.ID)
	}
	o.linef(" LVS flush = %t", g.LVSFlush)
	o.linef(" LVS flush on stop = %s", map[conf.FlushOnStop]string{conf.FlushNothing: "disabled", conf.FlushAll: "enabled", conf.FlushServices: "VS"}[g.LVSFlushOnStop])
}

func (o *sheet) fifos(g *conf.Global) {
	for _, f := range []struct {
		name string
		fifo *conf.FIFO
	}{{"Global", &g.NotifyFIFO}, {"VRRP", &g.VRRPNotifyFIFO}, {"LVS", &g.LVSNotifyFIFO}} {
		if f.fifo.Path == "" {
			continue
		}
		o.linef(" %s notify fifo = %s, uid:gid %d:%d", f.name, f.fifo.Path, f.fifo.UID, f.fifo.GID)
		if s := f.fifo.Script; s != nil {
			o.linef(" %s notify fifo script = %s, uid:gid %d:%d", f.name, quoted(s), s.UID, s.GID)
		}
	}
	o.linef(" FIFO write vrrp states on reload = %t", g.FIFOStatesOnReload)
}

func (o *sheet) vrrpDefaults(g *conf.Global, d *conf.Defaults) {
	o.linef(" VRRP notify priority changes = %t", d.PriorityChange)
	o.linef(" VRRP IPv4 mcast group = %v", g.MulticastGroup4)
	o.linef(" VRRP IPv6 mcast group = %v", g.MulticastGroup6)
	o.linef(" Gratuitous ARP delay = %s", whole(d.GARP.MasterDelay))
	o.linef(" Gratuitous ARP repeat = %d", d.GARP.MasterRepeat)
	o.linef(" Gratuitous ARP refresh timer = %s", whole(d.GARP.Refresh))
	o.linef(" Gratuitous ARP refresh repeat = %d", d.GARP.RefreshRepeat)
	o.linef(" Gratuitous ARP lower priority delay = %s", whole(d.GARP.LowerPrioDelay))
	o.linef(" Gratuitous ARP lower priority repeat = %d", d.GARP.LowerPrioRepeat)
	o.linef(" Num adverts before down = %d", d.DownTimerAdverts)
	o.linef(" Gratuitous ARP for each secondary VMAC = %ss%s", whole(d.GARP.ExtraInterval), yes(d.GARP.ExtraAll, " all", ""))
	o.linef(" Send advert after receive lower priority advert = %t", !d.LowerPrioNoAdv)
	o.linef(" Send advert after receive higher priority advert = %t", d.HigherPrioAdv)
	o.linef(" Gratuitous ARP interval = %.6f", g.GARPInterval.Seconds())
	o.linef(" Gratuitous NA interval = %.6f", g.GNAInterval.Seconds())
	o.linef(" VRRP default protocol version = %d", d.Version)
}

func (o *sheet) firewall(f *conf.Firewall) {
	if f.ChainIn != "" {
		o.linef(" Iptables input chain = %s", f.ChainIn)
	}
	if f.ChainOut != "" {
		o.linef(" Iptables output chain = %s", f.ChainOut)
	}
	if f.Table != "" {
		o.linef(" nftables table name = %s", f.Table)
		o.linef(" nftables base chain priority = %d", f.Priority)
		o.linef(" nftables %suse ifindex for link local IPv6", yes(f.ByIndex, "", "don't force "))
	}
	o.linef(" nftables with%s counters", yes(f.Counters, "", "out"))
	if f.IPVSTable != "" {
		o.linef(" nftables IPVS table name = %s", f.IPVSTable)
		o.linef(" nftables IPVS base chain priority = %d", f.IPVSPriority)
		o.linef(" nftables IPVS start fwmark = %d", f.IPVSStartFwmark)
	}
}

func (o *sheet) process(name string, p *conf.Process) {
	o.linef(" %s process priority = %d", name, p.Nice)
	o.linef(" %s don't swap = %t", name, p.NoSwap)
	o.linef(" %s realtime priority = %d", name, p.RTPriority)
	limit := p.RTLimit
	if limit == 0 {
		limit = 10 * time.Millisecond // what keepalived writes without a setting
	}
	o.linef(" %s realtime limit = %d", name, limit.Microseconds())
}

func (o *sheet) agents(g *conf.Global) {
	s := &g.SNMP
	for _, a := range []struct {
		name string
		on   bool
	}{{"SNMP vrrp", s.VRRP}, {"SNMP checker", s.Checker}, {"SNMP RFCv2", s.RFCv2}, {"SNMP RFCv3", s.RFCv3}, {"SNMP traps", s.Traps}} {
		o.linef(" %s %s", a.name, yes(a.on, "enabled", "disabled"))
	}
	o.linef(" SNMP socket = %s", or(s.Socket, "default (unix:/var/agentx/master)"))
	o.linef(" SNMP VS stats update interval = %.6f", s.VSStatsInterval.Seconds())
	rs := s.RSStatsInterval
	if rs == 0 {
		rs = s.VSStatsInterval
	}
	o.linef(" SNMP RS stats update interval = %.6f", rs.Seconds())
	o.linef(" DBus %s", yes(g.DBus.Enable, "enabled", "disabled"))
	o.linef(" DBus service name = %s", yes(g.DBus.Enable, g.DBus.Service, ""))
	o.linef(" DBus no interface name = %s", or(g.DBus.NoInterface, "none"))
}

func (o *sheet) buffers(g *conf.Global) {
	b := &g.Buffers
	for _, r := range []struct {
		name string
		b    conf.Buffer
	}{{"vrrp_netlink_cmd", b.VRRPCommand}, {"vrrp_netlink_monitor", b.VRRPMonitor}, {"process_monitor", b.ProcessMonitor}, {"lvs_netlink_cmd", b.LVSCommand}, {"lvs_netlink_monitor", b.LVSMonitor}} {
		o.linef(" %s_rcv_bufs = %d", r.name, r.b.Bytes)
		o.linef(" %s_rcv_bufs_force = %d", r.name, flagOf(r.b.Force))
	}
	o.linef(" rs_init_notifies = %d", flagOf(g.RSInitNotifies))
	o.linef(" no_checker_emails = %d", flagOf(g.NoCheckerEmails))
	o.linef(" rx_bufs_multiples = %d", b.RxMultiplier)
	umask := g.Umask
	if umask == 0 {
		umask = 0o177
	}
	o.linef(" umask = 0%o", umask)
	o.linef(" json_version %d", max(g.Dumps.JSONVersion, 1))
	o.linef(" iproute usr directory %s", or(g.Dirs.IPRouteUsr, "/etc/iproute2"))
	o.linef(" iproute etc directory %s", or(g.Dirs.IPRouteEtc, "/etc/iproute2"))
}
