package conf

import (
	"cmp"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// rawGlobal is Global with what only defaults of other blocks come from.
type rawGlobal struct {
	Global
	version         maybe[uint8]
	strict          bool
	minGARP         bool
	garpDelay       maybe[time.Duration]
	garpRepeat      maybe[int]
	garpRefresh     time.Duration
	refreshRepeat   maybe[int]
	lowerDelay      maybe[time.Duration]
	lowerRepeat     maybe[int]
	downAdverts     maybe[int]
	defaultIf       string
	checksumAsV2    bool
	lowerNoAdvert   bool
	higherAdvert    maybe[bool]
	checkUnicastSrc bool
	skipCheckAdv    bool
	ownerIgnore     bool
	prioChanges     bool
	garpDelayGiven  bool // the file has a value, so strict mode keeps it
	garpRepeatGiven bool
	extra           extraGARP
	scriptUser      struct {
		name, group string
		pos         Pos
	}
	scriptAccount   *account // what scripts without an own one run under; nil: nobody asked
	fifoUsers       []fifoUser
	syncPos         Pos
	mailAuthPos     Pos  // of smtp_auth
	syncID          bool // lvs_sync_daemon has an id of its own
	umaskSet        bool
	nftPriority     maybe[int32]
	nftIPVSPriority maybe[int32]
	alerts          rawAlerts
}

// fifoUser is the account of a FIFO, looked up by finish.
type fifoUser struct {
	fifo        *FIFO
	user, group string
	pos         Pos
}

func rootSetters() blockSetters {
	return blockSetters{
		"instance":              setOnce(func(b *builder) *string { return &b.global.InstanceName }),
		"use_pid_dir":           setTrue(func(b *builder) *bool { return &b.global.UsePIDDir }),
		"linkbeat_use_polling":  setTrue(func(b *builder) *bool { return &b.global.LinkbeatPolling }),
		"net_namespace":         setOnce(func(b *builder) *string { return &b.global.Namespaces.Name }),
		"net_namespace_ipvs":    setIPVSNamespace,
		"namespace_with_ipsets": setTrue(func(b *builder) *bool { return &b.global.Namespaces.Ipsets }),
		"child_wait_time": func(b *builder, kw *Keyword, s Statement) {
			if d, ok := b.durationArg(kw, s); ok {
				b.global.ChildWaitTime = d
			}
		},
		"static_ipaddress":         addStaticAddress,
		"static_routes":            addStaticRoute,
		"static_rules":             addStaticRule,
		"track_group":              openTrackGroup,
		"vrrp_script":              openScript,
		"vrrp_track_process":       openProcess,
		"bfd_instance":             openBFD,
		"garp_group":               openGARPGroup,
		"linkbeat_interfaces":      addLinkLine,
		"interface_up_down_delays": addLinkLine,
		"track_file":               openFile,
		"vrrp_track_file":          openFile,
		"vrrp_sync_group":          openGroup,
		"vrrp_instance":            openInstance,
		"SSL":                      openSSL,
		"virtual_server_group":     func(b *builder, _ *Keyword, s Statement) { b.groupMember(s) },
		"virtual_server":           openServer,
	}
}

// setIPVSNamespace takes a name, or none for the namespace of process 1.
func setIPVSNamespace(b *builder, kw *Keyword, s Statement) {
	n := &b.global.Namespaces
	switch {
	case n.IPVS != "" || n.IPVSDefault:
		b.report(alreadySet, s.Pos, "%s already specified - ignoring this one", kw.Name)
	case len(s.Words) < 2 || s.Words[1].Text == "":
		n.IPVSDefault = true
	default:
		n.IPVS = s.Words[1].Text
	}
}

// setBool makes a setter of an optional boolean.
func setBool(field func(*builder) *bool) setter {
	return func(b *builder, kw *Keyword, s Statement) {
		if v, ok := b.boolArg(kw, s); ok {
			*field(b) = v
		}
	}
}

// setTrue makes a setter of a keyword without arguments.
func setTrue(field func(*builder) *bool) setter {
	return func(b *builder, _ *Keyword, _ Statement) { *field(b) = true }
}

// setString makes a setter of a plain word.
func setString(field func(*builder) *string) setter {
	return func(b *builder, _ *Keyword, s Statement) { *field(b) = s.Words[1].Text }
}

// setDuration makes a setter of a time.
func setDuration(field func(*builder) *time.Duration) setter {
	return func(b *builder, kw *Keyword, s Statement) {
		if d, ok := b.durationArg(kw, s); ok {
			*field(b) = d
		}
	}
}

// setMaybeDuration makes a setter of a time that is inherited when unset.
func setMaybeDuration(field func(*builder) *maybe[time.Duration]) setter {
	return func(b *builder, kw *Keyword, s Statement) {
		if d, ok := b.durationArg(kw, s); ok {
			*field(b) = some(d)
		}
	}
}

// setMaybeInt makes a setter of a count that is inherited when unset.
func setMaybeInt(field func(*builder) *maybe[int]) setter {
	return func(b *builder, kw *Keyword, s Statement) {
		if n, ok := b.uintArg(kw, s, 1); ok {
			*field(b) = some(int(n))
		}
	}
}

// setRepeat is setMaybeInt for counts of which keepalived takes 1 for 0.
func setRepeat(field func(*builder) *maybe[int]) setter {
	return func(b *builder, kw *Keyword, s Statement) {
		if n, ok := b.atLeastOne(kw, s); ok {
			*field(b) = some(int(n))
		}
	}
}

func setCommand(field func(*builder) **Command) setter {
	return func(b *builder, kw *Keyword, s Statement) { b.scriptArg(field(b), kw.Name, s) }
}

// setDaemonCommand is setCommand for a script of which kind marks who runs it.
func setDaemonCommand(field func(*builder) **Command, kind func(*rawCommand) *bool) setter {
	return func(b *builder, kw *Keyword, s Statement) {
		first := b.hooked[field(b)] == nil
		b.scriptArg(field(b), kw.Name, s)
		if c := b.hooked[field(b)]; c != nil && first {
			*kind(c) = true
		}
	}
}

func globalSetters() blockSetters {
	return blockSetters{
		"router_id":                        setString(func(b *builder) *string { return &b.global.RouterID }),
		"startup_script":                   setDaemonCommand(func(b *builder) **Command { return &b.global.StartupScript }, func(c *rawCommand) *bool { return &c.start }),
		"startup_script_timeout":           setDuration(func(b *builder) *time.Duration { return &b.global.StartupTimeout }),
		"shutdown_script":                  setDaemonCommand(func(b *builder) **Command { return &b.global.ShutdownScript }, func(c *rawCommand) *bool { return &c.start }),
		"shutdown_script_timeout":          setDuration(func(b *builder) *time.Duration { return &b.global.ShutdownTimeout }),
		"checker_log_all_failures":         setBool(func(b *builder) *bool { return &b.global.LogAllFailures }),
		"default_interface":                setString(func(b *builder) *string { return &b.global.defaultIf }),
		"v3_checksum_as_v2":                setTrue(func(b *builder) *bool { return &b.global.checksumAsV2 }),
		"lvs_timeouts":                     setLVSTimeouts,
		"lvs_flush":                        setTrue(func(b *builder) *bool { return &b.global.LVSFlush }),
		"lvs_flush_on_stop":                setFlushOnStop,
		"lvs_flush_onstop":                 setFlushOnStop,
		"lvs_sync_daemon":                  setSyncDaemon,
		"vrrp_mcast_group4":                setMulticast(IPv4),
		"vrrp_mcast_group6":                setMulticast(IPv6),
		"vrrp_garp_master_delay":           setMaybeDuration(func(b *builder) *maybe[time.Duration] { return &b.global.garpDelay }),
		"vrrp_garp_master_repeat":          setRepeat(func(b *builder) *maybe[int] { return &b.global.garpRepeat }),
		"vrrp_garp_master_refresh":         setDuration(func(b *builder) *time.Duration { return &b.global.garpRefresh }),
		"vrrp_garp_master_refresh_repeat":  setRepeat(func(b *builder) *maybe[int] { return &b.global.refreshRepeat }),
		"vrrp_garp_lower_prio_delay":       setMaybeDuration(func(b *builder) *maybe[time.Duration] { return &b.global.lowerDelay }),
		"vrrp_garp_lower_prio_repeat":      setMaybeInt(func(b *builder) *maybe[int] { return &b.global.lowerRepeat }),
		"vrrp_down_timer_adverts":          setMaybeInt(func(b *builder) *maybe[int] { return &b.global.downAdverts }),
		"vrrp_garp_interval":               setDuration(func(b *builder) *time.Duration { return &b.global.GARPInterval }),
		"vrrp_gna_interval":                setDuration(func(b *builder) *time.Duration { return &b.global.GNAInterval }),
		"vrrp_garp_extra_if":               setGlobalExtra,
		"vrrp_vmac_garp_intvl":             setGlobalExtra,
		"vrrp_min_garp":                    setBool(func(b *builder) *bool { return &b.global.minGARP }),
		"vrrp_lower_prio_no_advert":        setBool(func(b *builder) *bool { return &b.global.lowerNoAdvert }),
		"vrrp_higher_prio_send_advert":     setMaybeBool(func(b *builder) *maybe[bool] { return &b.global.higherAdvert }),
		"vrrp_version":                     setVersion(func(b *builder) *maybe[uint8] { return &b.global.version }),
		"vrrp_check_unicast_src":           setTrue(func(b *builder) *bool { return &b.global.checkUnicastSrc }),
		"vrrp_skip_check_adv_addr":         setBool(func(b *builder) *bool { return &b.global.skipCheckAdv }),
		"vrrp_strict":                      setBool(func(b *builder) *bool { return &b.global.strict }),
		"notify_fifo":                      setFIFO(func(b *builder) *FIFO { return &b.global.NotifyFIFO }),
		"notify_fifo_script":               setDaemonCommand(func(b *builder) **Command { return &b.global.NotifyFIFO.Script }, func(c *rawCommand) *bool { return &c.both }),
		"vrrp_notify_fifo":                 setFIFO(func(b *builder) *FIFO { return &b.global.VRRPNotifyFIFO }),
		"vrrp_notify_fifo_script":          setCommand(func(b *builder) **Command { return &b.global.VRRPNotifyFIFO.Script }),
		"lvs_notify_fifo":                  setFIFO(func(b *builder) *FIFO { return &b.global.LVSNotifyFIFO }),
		"lvs_notify_fifo_script":           setDaemonCommand(func(b *builder) **Command { return &b.global.LVSNotifyFIFO.Script }, func(c *rawCommand) *bool { return &c.checker }),
		"vrrp_notify_priority_changes":     setBool(func(b *builder) *bool { return &b.global.prioChanges }),
		"fifo_write_vrrp_states_on_reload": setTrue(func(b *builder) *bool { return &b.global.FIFOStatesOnReload }),
		"script_user":                      setScriptUser,
		"enable_script_security":           setTrue(func(b *builder) *bool { return &b.global.EnableScriptSecurity }),
		"rs_init_notifies":                 setBool(func(b *builder) *bool { return &b.global.RSInitNotifies }),
		"vrrp_startup_delay":               setDuration(func(b *builder) *time.Duration { return &b.global.StartupDelay }),
		"log_unknown_vrids":                setTrue(func(b *builder) *bool { return &b.global.LogUnknownVRIDs }),
		"vrrp_owner_ignore_adverts":        setBool(func(b *builder) *bool { return &b.global.ownerIgnore }),
		"umask":                            setUmask,
		"control_listen":                   setControlListen,
		"control_tls":                      setControlTLS,
		"control_token_file":               setString(func(b *builder) *string { return &b.global.Control.TokenFile }),
		"control_socket":                   setString(func(b *builder) *string { return &b.global.ControlSocket }),
		"strict_config":                    setBool(func(b *builder) *bool { return &b.global.StrictConfig }),
	}
}

// rtPriority takes the nearest allowed priority for one out of range.
func (b *builder) rtPriority(kw *Keyword, s Statement, p *Process) {
	n, err := strconv.Atoi(s.Words[1].Text)
	if err != nil {
		b.report(badNumber, s.PosOf(1), "%s: invalid number '%s' - ignoring", kw.Name, s.Words[1].Text)
		return
	}
	p.RTPriority = min(max(n, int(kw.value.low)), int(kw.value.high))
	if n != p.RTPriority {
		b.report(clampedNumber, s.PosOf(1), "%s: %d is outside of [%s, %s] - setting to %d", kw.Name, n, kw.Min, kw.Max, p.RTPriority)
	}
}

func (b *builder) cpuAffinity(kw *Keyword, s Statement, p *Process) {
	p.CPUs = nil
	for i, w := range s.Args() {
		n, err := strconv.ParseUint(w.Text, 10, 16)
		if err != nil {
			b.report(badNumber, s.PosOf(i+1), "%s: invalid cpu id '%s' - ignoring", kw.Name, w.Text)
			continue
		}
		if h := b.opt.Host; h != nil && int(n) >= h.CPUs() {
			b.report(outOfRange, s.PosOf(i+1), "%s: this host has no cpu %d, the last one is %d - ignoring", kw.Name, n, h.CPUs()-1)
			continue
		}
		p.CPUs = append(p.CPUs, int(n))
	}
}

func setVersion(field func(*builder) *maybe[uint8]) setter {
	return func(b *builder, kw *Keyword, s Statement) {
		if n, ok := b.uintArg(kw, s, 1); ok {
			*field(b) = some(uint8(n))
		}
	}
}

func setScriptUser(b *builder, _ *Keyword, s Statement) {
	u := &b.global.scriptUser
	if u.name != "" {
		b.overruled = append(b.overruled, namedAccount{u.name, u.group, u.pos})
	}
	u.name, u.pos = s.Words[1].Text, s.Pos
	if len(s.Words) > 2 {
		u.group = strings.TrimPrefix(s.Words[2].Text, ":")
	}
}

func setFIFO(field func(*builder) *FIFO) setter {
	return func(b *builder, kw *Keyword, s Statement) {
		f := field(b)
		if f.Path != "" {
			b.report(alreadySet, s.Pos, "%s already specified - ignoring %s", kw.Name, s.Words[1].Text)
			return
		}
		f.Path = s.Words[1].Text
		if len(s.Words) > 2 {
			u := fifoUser{fifo: f, user: s.Words[2].Text, pos: s.Pos}
			if len(s.Words) > 3 {
				u.group = s.Words[3].Text
			}
			b.global.fifoUsers = append(b.global.fifoUsers, u)
		}
	}
}

func setFlushOnStop(b *builder, _ *Keyword, s Statement) {
	b.global.LVSFlushOnStop = FlushAll
	if len(s.Words) > 1 {
		if s.Words[1].Text == "VS" {
			b.global.LVSFlushOnStop = FlushServices
			return
		}
		b.report(badWord, s.PosOf(1), "lvs_flush_on_stop: unknown option '%s' - ignoring", s.Words[1].Text)
	}
}

// optionNumber reads the number behind option word i, whose range is a row of its own.
func (b *builder) optionNumber(block string, s Statement, i int) (uint64, bool) {
	name := s.Words[i].Text
	if i+1 >= len(s.Words) {
		b.report(missingValue, s.PosOf(i), "%s: value missing - ignoring", name)
		return 0, false
	}
	v := valueSpec{kind: valueUint}
	v.setRange(b.optionRange(block, name))
	_, n, ok := b.numberArg(name, v, s, i+1)
	return n, ok
}

// optionRange finds the range of an option in its row of the table.
func (b *builder) optionRange(block, name string) (low, high string) {
	if kw, ok := b.table.lookup(block, name); ok {
		return kw.Min, kw.Max
	}
	return "", ""
}

func setLVSTimeouts(b *builder, _ *Keyword, s Statement) {
	t := &b.global.LVSTimeouts
	fields := map[string]*time.Duration{"tcp": &t.TCP, "tcpfin": &t.TCPFin, "udp": &t.UDP}
	for i := 1; i < len(s.Words); i += 2 {
		dst := fields[s.Words[i].Text]
		if dst == nil {
			b.report(badWord, s.PosOf(i), "lvs_timeouts: unknown option '%s'", s.Words[i].Text)
			return
		}
		if n, ok := b.optionNumber("global_defs/lvs_timeouts/option", s, i); ok {
			*dst = seconds(n, 0)
		}
	}
}

func setSyncDaemon(b *builder, _ *Keyword, s Statement) {
	const options = "global_defs/lvs_sync_daemon/option"
	if b.global.LVSSyncDaemon != nil {
		b.report(alreadySet, s.Pos, "lvs_sync_daemon already specified as %s - ignoring", b.global.LVSSyncDaemon.Interface)
		return
	}
	d := &SyncDaemon{Interface: s.Words[1].Text}
	if len(d.Interface) > longestName {
		b.report(longName, s.PosOf(1), "lvs_sync_daemon: interface name '%s' too long - ignoring", d.Interface)
		return
	}
	for i := 2; i < len(s.Words); i += 2 {
		n, ok := uint64(0), false
		switch s.Words[i].Text {
		case "inst", "group":
			if i+1 >= len(s.Words) {
				code := missingValue
				if s.Words[i].Text == "inst" {
					code = missingArgument // keepalived ends there
				}
				b.report(code, s.PosOf(i), "lvs_sync_daemon: value of %s missing", s.Words[i].Text)
				return
			}
			if s.Words[i].Text == "inst" {
				d.Instance = s.Words[i+1].Text
			} else if a, err := parseAddr(s.Words[i+1].Text); err == nil && a.IsMulticast() {
				d.Group = a
			} else {
				b.report(badAddress, s.PosOf(i+1), "lvs_sync_daemon: '%s' is not a multicast address - ignoring", s.Words[i+1].Text)
			}
		case "id", "maxlen", "port", "ttl":
			n, ok = b.optionNumber(options, s, i)
		default:
			if i != 2 {
				b.report(badWord, s.PosOf(i), "lvs_sync_daemon: unknown option '%s' - ignoring", s.Words[i].Text)
			} else {
				d.Instance = s.Words[i].Text
			}
			i--
		}
		if ok {
			d.setNumber(s.Words[i].Text, n)
			b.global.syncID = b.global.syncID || s.Words[i].Text == "id"
		}
	}
	b.global.LVSSyncDaemon, b.global.syncPos = d, s.Pos
}

func (d *SyncDaemon) setNumber(option string, n uint64) {
	switch option {
	case "id":
		d.ID = uint8(n)
	case "maxlen":
		d.MaxLen = uint16(n)
	case "port":
		d.Port = uint16(n)
	case "ttl":
		d.TTL = uint8(n)
	}
}

func setMulticast(f Family) setter {
	return func(b *builder, kw *Keyword, s Statement) {
		a, err := parseAddr(s.Words[1].Text)
		if err != nil || familyOf(a) != f || !a.IsMulticast() {
			b.report(badAddress, s.PosOf(1), "%s: '%s' is not an %s multicast address - ignoring", kw.Name, s.Words[1].Text, f)
			return
		}
		if f == IPv4 {
			b.global.MulticastGroup4 = a
		} else {
			b.global.MulticastGroup6 = a
		}
	}
}

// umaskBits are the names that umask takes, joined by "|".
var umaskBits = map[string]uint32{
	"IRUSR": 0o400, "IWUSR": 0o200, "IXUSR": 0o100, "IRWXU": 0o700,
	"IRGRP": 0o40, "IWGRP": 0o20, "IXGRP": 0o10, "IRWXG": 0o70,
	"IROTH": 0o4, "IWOTH": 0o2, "IXOTH": 0o1, "IRWXO": 0o7,
}

// setUmask reads a number, or bits joined by |.
func setUmask(b *builder, _ *Keyword, s Statement) {
	word := s.Words[1].Text
	if n, err := strconv.ParseUint(word, 0, 32); err == nil && n <= 0o777 {
		if len(s.Words) > 2 {
			b.report(badValue, s.PosOf(2), "umask: '%s' behind the number - ignoring the statement", s.Words[2].Text).fix("write one number, or bits joined by |")
			return
		}
		b.global.Umask, b.global.umaskSet = uint32(n), true
		return
	}
	var mask uint32
	for i, w := range s.Args() {
		for name := range strings.SplitSeq(w.Text, "|") {
			if name == "" && w.Text != "" {
				continue
			}
			bit, ok := umaskBits[name]
			if !ok {
				b.report(badWord, s.PosOf(i+1), "umask: unknown value '%s' - ignoring the statement", name).fix("write an octal number that begins with 0, or bits joined by |, as in IWGRP|IRWXO")
				return
			}
			mask |= bit
		}
	}
	b.global.Umask, b.global.umaskSet = mask, true
}

// finishGlobal fills in the defaults of global_defs.
func (b *builder) finishGlobal() {
	g := &b.global
	g.ChildWaitTime = cmp.Or(g.ChildWaitTime, 5*time.Second)
	g.StartupTimeout = cmp.Or(g.StartupTimeout, 10*time.Second)
	g.ShutdownTimeout = cmp.Or(g.ShutdownTimeout, 10*time.Second)
	if !g.umaskSet {
		g.Umask = 0o177
	}
	if !g.MulticastGroup4.IsValid() {
		g.MulticastGroup4 = netip.AddrFrom4([4]byte{224, 0, 0, 18})
	}
	if !g.MulticastGroup6.IsValid() {
		g.MulticastGroup6 = netip.MustParseAddr("ff02::12")
	}
	g.defaultIf = cmp.Or(g.defaultIf, "eth0")
	for _, u := range g.fifoUsers {
		a := b.account(u.user, u.group)
		if a.err != nil {
			b.report(unknownAccount, u.pos, "notify fifo %s: %v", u.fifo.Path, a.err).Class = ClassNone
		}
		u.fifo.UID, u.fifo.GID = a.uid, a.gid
	}
	b.finishDaemon()
	b.finishDelivery()
	b.finishGARP()
}

// finishGARP resolves the announcement settings that instances inherit.
func (b *builder) finishGARP() {
	g := &b.global
	delay, repeat := 5*time.Second, 5
	if g.minGARP {
		delay, repeat = 0, 1
	}
	g.garpDelayGiven, g.garpRepeatGiven = g.garpDelay.set, g.garpRepeat.set
	g.garpDelay = some(g.garpDelay.or(delay))
	g.garpRepeat = some(g.garpRepeat.or(repeat))
	g.refreshRepeat = some(g.refreshRepeat.or(1))
	g.lowerDelay = some(g.lowerDelay.or(g.garpDelay.value))
	g.lowerRepeat = some(g.lowerRepeat.or(g.garpRepeat.value))
}
