package conf

import (
	"cmp"
	"strings"
	"time"
)

// daemonSetters are the rows of global_defs that concern the daemon as a
// whole: its processes, sockets, files, and the systems around it.
func daemonSetters() blockSetters {
	m := blockSetters{
		"process_names":                 setTrue(func(b *builder) *bool { return &b.global.ProcessNames }),
		"process_name":                  setProcessName(func(b *builder) *string { return &b.global.ProcessName }),
		"use_symlink_paths":             setBool(func(b *builder) *bool { return &b.global.UseSymlinkPaths }),
		"set_supplementary_groups":      setBool(func(b *builder) *bool { return &b.global.SupplementaryGroups }),
		"max_auto_priority":             setMaxAutoPriority,
		"min_auto_priority_delay":       setMicroseconds(func(b *builder) *time.Duration { return &b.global.AutoPriority.Delay }),
		"dynamic_interfaces":            setDynamic,
		"disable_local_igmp":            setTrue(func(b *builder) *bool { return &b.global.DisableLocalIGMP }),
		"vrrp_delay_after_boot":         setDuration(func(b *builder) *time.Duration { return &b.global.DelayAfterBoot }),
		"vmac_prefix":                   setOnce(func(b *builder) *string { return &b.global.VMACPrefix }),
		"vmac_addr_prefix":              setOnce(func(b *builder) *string { return &b.global.VMACAddrPrefix }),
		"random_seed":                   setRandomSeed,
		"snmp_socket":                   setSNMPSocket,
		"enable_traps":                  setTrue(func(b *builder) *bool { return &b.global.SNMP.Traps }),
		"enable_snmp_vrrp":              setTrue(func(b *builder) *bool { return &b.global.SNMP.VRRP }),
		"enable_snmp_keepalived":        setTrue(func(b *builder) *bool { return &b.global.SNMP.VRRP }),
		"enable_snmp_rfcv2":             setTrue(func(b *builder) *bool { return &b.global.SNMP.RFCv2 }),
		"enable_snmp_rfcv3":             setTrue(func(b *builder) *bool { return &b.global.SNMP.RFCv3 }),
		"enable_snmp_rfc":               func(b *builder, _ *Keyword, _ Statement) { b.global.SNMP.RFCv2, b.global.SNMP.RFCv3 = true, true },
		"enable_snmp_checker":           setTrue(func(b *builder) *bool { return &b.global.SNMP.Checker }),
		"snmp_vs_stats_update_interval": setDuration(func(b *builder) *time.Duration { return &b.global.SNMP.VSStatsInterval }),
		"snmp_rs_stats_update_interval": setDuration(func(b *builder) *time.Duration { return &b.global.SNMP.RSStatsInterval }),
		"enable_dbus":                   setTrue(func(b *builder) *bool { return &b.global.DBus.Enable }),
		"dbus_service_name":             setString(func(b *builder) *string { return &b.global.DBus.Service }),
		"dbus_no_interface_name":        setString(func(b *builder) *string { return &b.global.DBus.NoInterface }),
		"vrrp_rx_bufs_policy":           setRxPolicy,
		"vrrp_rx_bufs_multiplier":       setRxMultiplier,
		"reload_check_config":           setReloadCheck,
		"reload_time_file":              setReloadTime,
		"reload_repeat":                 setTrue(func(b *builder) *bool { return &b.global.Reload.Repeat }),
		"reload_file":                   setReloadFile,
		"config_save_dir":               setString(func(b *builder) *string { return &b.global.Dirs.SaveConfig }),
		"tmp_config_directory":          setTmpConfig,
		"iproute_usr_dir":               setString(func(b *builder) *string { return &b.global.Dirs.IPRouteUsr }),
		"iproute_etc_dir":               setString(func(b *builder) *string { return &b.global.Dirs.IPRouteEtc }),
		"data_use_instance":             setBool(func(b *builder) *bool { return &b.global.Dumps.UseInstance }),
		"state_dump_file":               setString(func(b *builder) *string { return &b.global.Dumps.State }),
		"stats_dump_file":               setString(func(b *builder) *string { return &b.global.Dumps.Stats }),
		"json_dump_file":                setString(func(b *builder) *string { return &b.global.Dumps.JSON }),
		"json_version":                  setUint8(func(b *builder) *uint8 { return &b.global.Dumps.JSONVersion }),
	}
	for prefix, field := range map[string]func(*builder) *Process{
		"vrrp":    func(b *builder) *Process { return &b.global.VRRP },
		"checker": func(b *builder) *Process { return &b.global.Checker },
		"bfd":     func(b *builder) *Process { return &b.global.BFD },
	} {
		addProcess(m, prefix, field)
	}
	m["lvs_process_name"] = m["checker_process_name"]
	for name, field := range map[string]func(*builder) *Buffer{
		"vrrp_netlink_cmd":     func(b *builder) *Buffer { return &b.global.Buffers.VRRPCommand },
		"vrrp_netlink_monitor": func(b *builder) *Buffer { return &b.global.Buffers.VRRPMonitor },
		"lvs_netlink_cmd":      func(b *builder) *Buffer { return &b.global.Buffers.LVSCommand },
		"lvs_netlink_monitor":  func(b *builder) *Buffer { return &b.global.Buffers.LVSMonitor },
		"process_monitor":      func(b *builder) *Buffer { return &b.global.Buffers.ProcessMonitor },
	} {
		m[name+"_rcv_bufs"] = setUint32(func(b *builder) *uint32 { return &field(b).Bytes })
		m[name+"_rcv_bufs_force"] = setBool(func(b *builder) *bool { return &field(b).Force })
	}
	return m
}

// addProcess adds the rows that each child process has.
func addProcess(m blockSetters, prefix string, field func(*builder) *Process) {
	m[prefix+"_process_name"] = setProcessName(func(b *builder) *string { return &field(b).Name })
	m[prefix+"_priority"] = func(b *builder, kw *Keyword, s Statement) {
		if n, ok := b.intArg(kw, s); ok {
			field(b).Nice = n
		}
	}
	m[prefix+"_no_swap"] = setTrue(func(b *builder) *bool { return &field(b).NoSwap })
	m[prefix+"_rt_priority"] = func(b *builder, kw *Keyword, s Statement) { b.rtPriority(kw, s, field(b)) }
	m[prefix+"_cpu_affinity"] = func(b *builder, kw *Keyword, s Statement) { b.cpuAffinity(kw, s, field(b)) }
	m[prefix+"_rlimit_rttime"] = setMicroseconds(func(b *builder) *time.Duration { return &field(b).RTLimit })
	m[prefix+"_rlimit_rtime"] = m[prefix+"_rlimit_rttime"]
}

// setOnce makes a setter of a word of which the first one stays.
func setOnce(field func(*builder) *string) setter {
	return func(b *builder, kw *Keyword, s Statement) {
		if *field(b) != "" {
			b.report(alreadySet, s.Pos, "%s already specified as %s - ignoring %s", kw.Name, *field(b), s.Words[1].Text)
			return
		}
		*field(b) = s.Words[1].Text
	}
}

// setMicroseconds makes a setter of a time that is written in microseconds.
func setMicroseconds(field func(*builder) *time.Duration) setter {
	return func(b *builder, kw *Keyword, s Statement) {
		if n, ok := b.uintArg(kw, s, 1); ok {
			*field(b) = time.Duration(n) * time.Microsecond
		}
	}
}

// longestName is the bytes that the kernel keeps of the name of a process, an
// interface or an address label.
const longestName = 15

func setProcessName(field func(*builder) *string) setter {
	return func(b *builder, kw *Keyword, s Statement) {
		name := s.Words[1].Text
		if len(name) > longestName {
			b.report(longName, s.PosOf(1), "%s: %s has more than %d bytes - truncating", kw.Name, name, longestName)
			name = name[:longestName]
		}
		*field(b) = name
	}
}

func setMaxAutoPriority(b *builder, kw *Keyword, s Statement) {
	if len(s.Words) < 2 {
		b.global.AutoPriority.Max = int(kw.value.high)
	} else if n, ok := b.intArg(kw, s); ok {
		b.global.AutoPriority.Max = n
	}
}

func setDynamic(b *builder, _ *Keyword, s Statement) {
	b.global.DynamicInterfaces = true
	switch {
	case len(s.Words) < 2:
	case s.Words[1].Text == "allow_if_changes":
		b.global.AllowIfChanges = true
	default:
		b.report(badWord, s.PosOf(1), "dynamic_interfaces: unknown option '%s' - ignoring it", s.Words[1].Text).
			fix("write dynamic_interfaces alone, or dynamic_interfaces allow_if_changes")
	}
}

func setRandomSeed(b *builder, kw *Keyword, s Statement) {
	if n, ok := b.uintArg(kw, s, 1); ok {
		seed := uint32(n)
		b.global.RandomSeed = &seed
	}
}

func setSNMPSocket(b *builder, kw *Keyword, s Statement) {
	if len(s.Words) > 2 {
		b.report(badValue, s.PosOf(2), "%s takes one address - ignoring", kw.Name).fix("write the address as one word, like udp:localhost:705")
		return
	}
	setOnce(func(b *builder) *string { return &b.global.SNMP.Socket })(b, kw, s)
}

// setRxPolicy takes a policy or a size: the first one that is given stays.
func setRxPolicy(b *builder, kw *Keyword, s Statement) {
	bufs := &b.global.Buffers
	policy, word := RxDefault, strings.ToUpper(s.Words[1].Text)
	switch RxPolicy(word) {
	case RxMTU, RxAdvert:
		policy = RxPolicy(word)
	}
	size := uint64(0)
	if policy != RxDefault && len(s.Words) > 2 {
		b.report(badValue, s.PosOf(2), "%s %s takes no further word - ignoring", kw.Name, policy)
		return
	}
	if policy == RxDefault {
		var ok bool
		if size, ok = b.uintArg(kw, s, 1); !ok {
			return
		}
	}
	switch {
	case policy != RxDefault && bufs.RxPolicy != RxDefault && policy != bufs.RxPolicy,
		policy != RxDefault && bufs.RxSize != 0, size != 0 && bufs.RxPolicy != RxDefault:
		b.report(alreadySet, s.Pos, "%s: policy and size, or two policies, cannot be set both - ignoring %s", kw.Name, s.Words[1].Text)
	default:
		bufs.RxPolicy, bufs.RxSize = policy, uint32(size)
	}
}

func setRxMultiplier(b *builder, kw *Keyword, s Statement) {
	if len(s.Words) > 2 {
		b.report(badValue, s.PosOf(2), "%s takes one number - ignoring", kw.Name).fix("write one number")
	} else if n, ok := b.uintArg(kw, s, 1); ok {
		b.global.Buffers.RxMultiplier = uint32(n)
	}
}

func setReloadCheck(b *builder, _ *Keyword, s Statement) {
	b.global.Reload.Check = true
	if len(s.Words) > 1 {
		b.global.Reload.CheckLog = s.Words[1].Text
	}
}

func setReloadTime(b *builder, kw *Keyword, s Statement) {
	path := s.Words[1].Text
	if len(s.Words) > 2 {
		b.report(badValue, s.PosOf(2), "%s takes one path - ignoring", kw.Name)
		return
	}
	if !strings.HasPrefix(path, "/") {
		d := b.report(badValue, s.PosOf(1), "%s: %s is no absolute path - ignoring", kw.Name, path)
		d.fix("write the whole path, beginning with /")
		return
	}
	b.global.Reload.TimeFile = path
}

// setTmpConfig keeps the directory for who reads the file with keepalived:
// halbd makes no merged file that could lie there.
func setTmpConfig(b *builder, kw *Keyword, s Statement) {
	setOnce(func(b *builder) *string { return &b.global.Dirs.TmpConfig })(b, kw, s)
	b.report(noTmpConfig, s.Pos, "%s has nothing to do: the processes get the configuration in memory", kw.Name)
}

func setReloadFile(b *builder, _ *Keyword, s Statement) {
	b.global.Reload.Marker = true
	if len(s.Words) > 1 {
		b.global.Reload.Path = s.Words[1].Text
	}
}

// finishDaemon fills in the defaults of daemonSetters.
func (b *builder) finishDaemon() {
	g := &b.global
	if g.Mail.Server != "" {
		g.Mail.Port = cmp.Or(g.Mail.Port, 25)
		g.Mail.ConnectTimeout = cmp.Or(g.Mail.ConnectTimeout, 30*time.Second)
	}
	g.AutoPriority.Delay = cmp.Or(g.AutoPriority.Delay, time.Second)
	g.VMACPrefix = cmp.Or(g.VMACPrefix, "vrrp")
	g.VMACAddrPrefix = cmp.Or(g.VMACAddrPrefix, g.VMACPrefix)
	g.SNMP.VSStatsInterval = cmp.Or(g.SNMP.VSStatsInterval, 5*time.Second)
	g.DBus.Service = cmp.Or(g.DBus.Service, "org.keepalived.Vrrp1")
	g.Buffers.RxMultiplier = cmp.Or(g.Buffers.RxMultiplier, 3)
	g.Dumps.JSONVersion = cmp.Or(g.Dumps.JSONVersion, 1)
	b.finishFirewall()
	b.finishControl()
}
