package show

import (
	"fmt"
	"strconv"
	"time"

	"halbd/conf"
)

// global writes the statements at root and global_defs.
func (p *printer) global(g *conf.Global) {
	p.root(g)
	p.block("global_defs", func() {
		p.word("router_id", g.RouterID)
		switch {
		case g.AllowIfChanges:
			p.line("dynamic_interfaces allow_if_changes")
		case g.DynamicInterfaces:
			p.line("dynamic_interfaces")
		}
		p.flag("disable_local_igmp", g.DisableLocalIGMP)
		p.scripts(g)
		p.mail(&g.Mail)
		p.vrrpDefaults(g)
		p.lvs(g)
		p.flag("process_names", g.ProcessNames)
		p.word("process_name", g.ProcessName)
		p.process("vrrp", &g.VRRP)
		p.process("checker", &g.Checker)
		p.process("bfd", &g.BFD)
		if g.AutoPriority.Max != 0 {
			p.line("max_auto_priority", strconv.Itoa(g.AutoPriority.Max))
		}
		p.line("min_auto_priority_delay", microseconds(g.AutoPriority.Delay))
		p.buffers(&g.Buffers)
		p.firewall(&g.Firewall)
		p.snmp(&g.SNMP)
		p.dbus(&g.DBus)
		p.files(g)
	})
}

// root writes what stands outside of every block.
func (p *printer) root(g *conf.Global) {
	n := &g.Namespaces
	p.word("net_namespace", n.Name)
	p.word("net_namespace_ipvs", n.IPVS)
	p.flag("net_namespace_ipvs", n.IPVSDefault)
	p.flag("namespace_with_ipsets", n.Ipsets)
	p.word("instance", g.InstanceName)
	p.flag("use_pid_dir", g.UsePIDDir)
	p.flag("linkbeat_use_polling", g.LinkbeatPolling)
	p.line("child_wait_time", seconds(g.ChildWaitTime))
}

// scripts writes how scripts and FIFOs are run.
func (p *printer) scripts(g *conf.Global) {
	p.flag("enable_script_security", g.EnableScriptSecurity)
	p.onlyOn("use_symlink_paths", g.UseSymlinkPaths)
	p.onlyOn("set_supplementary_groups", g.SupplementaryGroups)
	p.line("umask", fmt.Sprintf("%#o", g.Umask))
	p.command("startup_script", g.StartupScript)
	p.line("startup_script_timeout", seconds(g.StartupTimeout))
	p.command("shutdown_script", g.ShutdownScript)
	p.line("shutdown_script_timeout", seconds(g.ShutdownTimeout))
	p.fifo("notify_fifo", &g.NotifyFIFO)
	p.fifo("vrrp_notify_fifo", &g.VRRPNotifyFIFO)
	p.fifo("lvs_notify_fifo", &g.LVSNotifyFIFO)
	p.flag("fifo_write_vrrp_states_on_reload", g.FIFOStatesOnReload)
	p.onlyOn("notify_coalesce", g.NotifyCoalesce)
	p.positive("notify_timeout", g.NotifyTimeout)
	for _, url := range g.NotifyWebhooks {
		p.word("notify_webhook", url)
	}
}

func (p *printer) fifo(keyword string, f *conf.FIFO) {
	if f.Path != "" {
		p.line(keyword, quote(f.Path), number(f.UID), number(f.GID))
	}
	p.command(keyword+"_script", f.Script)
}

func (p *printer) mail(m *conf.Mail) {
	if len(m.To) > 0 {
		p.block("notification_email", func() {
			for _, to := range m.To {
				p.line(quote(to))
			}
		})
	}
	p.word("notification_email_from", m.From)
	p.word("smtp_helo_name", m.HELO)
	if m.Server != "" {
		p.line("smtp_server", quote(m.Server), number(m.Port))
	}
	p.positive("smtp_connect_timeout", m.ConnectTimeout)
	p.flag("no_email_faults", m.NoFaults)
	p.word("smtp_tls", string(m.TLS))
	if m.User != "" {
		p.line("smtp_auth", quote(m.User), quote(m.Password))
	}
}

// vrrpDefaults writes what concerns VRRP as a whole. What instances inherit
// is written there.
func (p *printer) vrrpDefaults(g *conf.Global) {
	p.line("vrrp_mcast_group4", g.MulticastGroup4.String())
	p.line("vrrp_mcast_group6", g.MulticastGroup6.String())
	p.positive("vrrp_garp_interval", g.GARPInterval)
	p.positive("vrrp_gna_interval", g.GNAInterval)
	p.positive("vrrp_startup_delay", g.StartupDelay)
	p.positive("vrrp_delay_after_boot", g.DelayAfterBoot)
	p.flag("log_unknown_vrids", g.LogUnknownVRIDs)
	p.word("vmac_prefix", g.VMACPrefix)
	p.word("vmac_addr_prefix", g.VMACAddrPrefix)
}

func (p *printer) lvs(g *conf.Global) {
	timeouts := ""
	for _, t := range []struct {
		name string
		d    time.Duration
	}{{"tcp", g.LVSTimeouts.TCP}, {"tcpfin", g.LVSTimeouts.TCPFin}, {"udp", g.LVSTimeouts.UDP}} {
		if t.d != 0 {
			timeouts += " " + t.name + " " + seconds(t.d)
		}
	}
	if timeouts != "" {
		p.line("lvs_timeouts" + timeouts)
	}
	p.syncDaemon(g.LVSSyncDaemon)
	p.flag("lvs_flush", g.LVSFlush)
	switch g.LVSFlushOnStop {
	case conf.FlushAll:
		p.line("lvs_flush_on_stop")
	case conf.FlushServices:
		p.line("lvs_flush_on_stop VS")
	}
	p.onlyOn("rs_init_notifies", g.RSInitNotifies)
	p.onlyOn("checker_log_all_failures", g.LogAllFailures)
}

func (p *printer) syncDaemon(d *conf.SyncDaemon) {
	if d == nil {
		return
	}
	words := []string{"lvs_sync_daemon", quote(d.Interface)}
	if d.Instance != "" {
		words = append(words, "inst", quote(d.Instance))
	}
	words = append(words, "id", number(d.ID))
	if d.MaxLen != 0 {
		words = append(words, "maxlen", number(d.MaxLen))
	}
	if d.Port != 0 {
		words = append(words, "port", number(d.Port))
	}
	if d.TTL != 0 {
		words = append(words, "ttl", number(d.TTL))
	}
	if d.Group.IsValid() {
		words = append(words, "group", d.Group.String())
	}
	p.line(words...)
}

// process writes the settings of one child process.
func (p *printer) process(prefix string, c *conf.Process) {
	p.word(prefix+"_process_name", c.Name)
	if c.Nice != 0 {
		p.line(prefix+"_priority", strconv.Itoa(c.Nice))
	}
	if c.RTPriority != 0 {
		p.line(prefix+"_rt_priority", strconv.Itoa(c.RTPriority))
	}
	if c.RTLimit != 0 {
		p.line(prefix+"_rlimit_rttime", microseconds(c.RTLimit))
	}
	p.flag(prefix+"_no_swap", c.NoSwap)
	if len(c.CPUs) > 0 {
		words := []string{prefix + "_cpu_affinity"}
		for _, n := range c.CPUs {
			words = append(words, strconv.Itoa(n))
		}
		p.line(words...)
	}
}

func (p *printer) buffers(b *conf.Buffers) {
	for _, s := range []struct {
		name string
		b    conf.Buffer
	}{
		{"vrrp_netlink_cmd_rcv_bufs", b.VRRPCommand}, {"vrrp_netlink_monitor_rcv_bufs", b.VRRPMonitor},
		{"lvs_netlink_cmd_rcv_bufs", b.LVSCommand}, {"lvs_netlink_monitor_rcv_bufs", b.LVSMonitor},
		{"process_monitor_rcv_bufs", b.ProcessMonitor},
	} {
		if s.b.Bytes != 0 {
			p.line(s.name, number(s.b.Bytes))
		}
		p.onlyOn(s.name+"_force", s.b.Force)
	}
	p.word("vrrp_rx_bufs_policy", string(b.RxPolicy))
	if b.RxSize != 0 {
		p.line("vrrp_rx_bufs_policy", number(b.RxSize))
	}
	p.line("vrrp_rx_bufs_multiplier", number(b.RxMultiplier))
}

func (p *printer) firewall(f *conf.Firewall) {
	if f.ChainIn != "" || f.ChainOut != "" {
		words := []string{"vrrp_iptables", quote(f.ChainIn)}
		if f.ChainOut != "" {
			words = append(words, quote(f.ChainOut))
		}
		p.line(words...)
	}
	p.flag("vrrp_ipsets", f.NoSets)
	if len(f.Sets) > 0 {
		words := []string{"vrrp_ipsets"}
		for _, s := range f.Sets {
			words = append(words, quote(s))
		}
		p.line(words...)
	}
	p.word("nftables", f.Table)
	p.line("nftables_priority", strconv.Itoa(int(f.Priority)))
	p.flag("nftables_ifindex", f.ByIndex)
	p.flag("nftables_counters", f.Counters)
	p.word("nftables_ipvs", f.IPVSTable)
	p.line("nftables_ipvs_priority", strconv.Itoa(int(f.IPVSPriority)))
	p.line("nftables_ipvs_start_fwmark", number(f.IPVSStartFwmark))
}

func (p *printer) snmp(s *conf.SNMP) {
	p.word("snmp_socket", s.Socket)
	p.flag("enable_traps", s.Traps)
	p.flag("enable_snmp_vrrp", s.VRRP)
	p.flag("enable_snmp_rfcv2", s.RFCv2)
	p.flag("enable_snmp_rfcv3", s.RFCv3)
	p.flag("enable_snmp_checker", s.Checker)
	p.positive("snmp_vs_stats_update_interval", s.VSStatsInterval)
	p.positive("snmp_rs_stats_update_interval", s.RSStatsInterval)
}

func (p *printer) dbus(d *conf.DBus) {
	p.flag("enable_dbus", d.Enable)
	p.word("dbus_service_name", d.Service)
	p.word("dbus_no_interface_name", d.NoInterface)
}

// files writes what concerns files: reloads, dumps, directories.
func (p *printer) files(g *conf.Global) {
	r := &g.Reload
	if r.Check {
		p.optional("reload_check_config", r.CheckLog)
	}
	p.word("reload_time_file", r.TimeFile)
	p.flag("reload_repeat", r.Repeat)
	if r.Marker {
		p.optional("reload_file", r.Path)
	}
	p.word("config_save_dir", g.Dirs.SaveConfig)
	p.word("tmp_config_directory", g.Dirs.TmpConfig)
	p.word("iproute_usr_dir", g.Dirs.IPRouteUsr)
	p.word("iproute_etc_dir", g.Dirs.IPRouteEtc)
	p.onlyOn("data_use_instance", g.Dumps.UseInstance)
	p.flag("strict_config", g.StrictConfig)
	p.word("control_socket", g.ControlSocket)
	p.control(&g.Control)
	p.word("state_dump_file", g.Dumps.State)
	p.word("stats_dump_file", g.Dumps.Stats)
	p.word("json_dump_file", g.Dumps.JSON)
	p.line("json_version", number(g.Dumps.JSONVersion))
	if g.RandomSeed != nil {
		p.line("random_seed", number(*g.RandomSeed))
	}
}

func (p *printer) control(c *conf.Control) {
	if c.Listen.IsValid() {
		words := []string{"control_listen", c.Listen.String()}
		if c.Insecure {
			words = append(words, "insecure")
		}
		p.line(words...)
	}
	if c.Cert != "" {
		p.line("control_tls", quote(c.Cert), quote(c.Key))
	}
	p.word("control_token_file", c.TokenFile)
}

// optional writes a keyword that may have a word behind it.
func (p *printer) optional(keyword, word string) {
	if word == "" {
		p.line(keyword)
		return
	}
	p.line(keyword, quote(word))
}

// onlyOn writes a boolean that is on; off is the default.
func (p *printer) onlyOn(keyword string, on bool) {
	if on {
		p.line(keyword, onOff(on))
	}
}

// positive writes a time in seconds, of which 0 cannot be written.
func (p *printer) positive(keyword string, d time.Duration) {
	if d > 0 {
		p.line(keyword, seconds(d))
	}
}

func microseconds(d time.Duration) string { return strconv.FormatInt(d.Microseconds(), 10) }

// milliseconds writes a time of which a unit is a millisecond, with decimals.
func milliseconds(d time.Duration) string { return seconds(d * 1000) }
