package conf

import (
	"net/netip"
	"time"
)

// rawInstance is a vrrp_instance that is being read.
type rawInstance struct {
	Instance
	pos            Pos
	at             map[string]Pos // where a simple statement was given last
	hasInterface   bool
	replaced       []replacedName // interfaces that a later one took the place of
	version        maybe[uint8]
	priority       maybe[uint8]
	advert         maybe[time.Duration]
	advertPos      Pos
	state          string
	unicastUsed    bool // a unicast keyword was given
	src            netip.Addr
	dst            netip.Addr
	strict         maybe[bool]
	checksumAsV2   maybe[bool]
	accept         maybe[bool]
	smtpAlert      maybe[bool]
	extra          maybe[extraGARP]
	ttlSet         bool
	mac            []byte // of use_vmac: 5 or 6 octets
	hmac           *rawHMAC
	syncInterface  string // lvs_sync_daemon_interface
	lowerNoAdvert  maybe[bool]
	higherAdvert   maybe[bool]
	ownerIgnore    maybe[bool]
	prioChanges    maybe[bool]
	noVIPs         bool
	garpDelay      maybe[time.Duration]
	garpRepeat     maybe[int]
	garpRefresh    maybe[time.Duration]
	refreshRepeat  maybe[int]
	lowerDelay     maybe[time.Duration]
	lowerRepeat    maybe[int]
	downAdverts    maybe[int]
	vips, excluded []rawAddress
	routes         []rawRoute
	rules          []rawRule
	seen           map[netip.Prefix]bool
	peers          map[netip.Addr]bool
	track          rawTracking
	authPos        Pos
	passPos        Pos
	authTypeGiven  bool // rightly or wrongly
	group          *rawGroup
	interfacePos   Pos
}

// replacedName is a value that lost, and must be one that exists all the same.
type replacedName struct {
	Pos  Pos
	Text string
}

func openInstance(b *builder, _ *Keyword, s Statement) {
	if len(s.Words) != 2 {
		b.report(missingValue, s.Pos, "vrrp_instance must have a name")
		b.refuse = true
		return
	}
	name := s.Words[1].Text
	if b.instOf[name] != nil {
		b.report(duplicateName, s.PosOf(1), "vrrp instance %s already defined", name)
		b.refuse = true
		return
	}
	b.inst = &rawInstance{pos: s.Pos, at: map[string]Pos{}, seen: map[netip.Prefix]bool{}, Instance: Instance{Name: name}}
	b.insts = append(b.insts, b.inst)
	b.instOf[name] = b.inst
}

// setMaybeBool makes a setter of a boolean that is inherited when unset.
func setMaybeBool(field func(*builder) *maybe[bool]) setter {
	return func(b *builder, kw *Keyword, s Statement) {
		if v, ok := b.boolArg(kw, s); ok {
			*field(b) = some(v)
		}
	}
}

func setUint8(field func(*builder) *uint8) setter {
	return func(b *builder, kw *Keyword, s Statement) {
		if n, ok := b.uintArg(kw, s, 1); ok {
			*field(b) = uint8(n)
		}
	}
}

func instanceSetters() blockSetters {
	m := blockSetters{
		"state":             setState,
		"interface":         setInterface,
		"virtual_router_id": setUint8(func(b *builder) *uint8 { return &b.inst.VRID }),
		"priority":          setVersion(func(b *builder) *maybe[uint8] { return &b.inst.priority }),
		"version":           setInstanceVersion,
		"advert_int": func(b *builder, kw *Keyword, s Statement) {
			if d, ok := b.durationArg(kw, s); ok {
				b.inst.advert, b.inst.advertPos = some(d), s.PosOf(1)
			}
		},
		"unicast_peer":               addUnicastPeer,
		"unicast_ttl":                setUnicastTTL,
		"check_unicast_src":          func(b *builder, _ *Keyword, _ Statement) { b.inst.CheckUnicastSrc, b.inst.unicastUsed = true, true },
		"old_unicast_checksum":       setOldChecksum,
		"dont_track_primary":         setTrue(func(b *builder) *bool { return &b.inst.DontTrackPrimary }),
		"mcast_src_ip":               setSource,
		"unicast_src_ip":             setSource,
		"mcast_dst_ip":               setDestination,
		"track_src_ip":               setTrue(func(b *builder) *bool { return &b.inst.TrackSource }),
		"virtual_ipaddress":          addVIP,
		"virtual_ipaddress_excluded": addExcluded,
		"virtual_routes":             addVirtualRoute,
		"virtual_rules":              addVirtualRule,
		"no_virtual_ipaddress":       setTrue(func(b *builder) *bool { return &b.inst.noVIPs }),
		"v3_checksum_as_v2":          setMaybeBool(func(b *builder) *maybe[bool] { return &b.inst.checksumAsV2 }),
		"skip_check_adv_addr":        setSkipCheck,
		"strict_mode":                setMaybeBool(func(b *builder) *maybe[bool] { return &b.inst.strict }),
		"nopreempt":                  setTrue(func(b *builder) *bool { return &b.inst.NoPreempt }),
		"preempt":                    func(b *builder, _ *Keyword, _ Statement) { b.inst.NoPreempt = false },
		"preempt_delay":              setDuration(func(b *builder) *time.Duration { return &b.inst.PreemptDelay }),
		"notify_priority_changes":    setMaybeBool(func(b *builder) *maybe[bool] { return &b.inst.prioChanges }),
		"garp_master_delay":          setMaybeDuration(func(b *builder) *maybe[time.Duration] { return &b.inst.garpDelay }),
		"garp_master_refresh":        setMaybeDuration(func(b *builder) *maybe[time.Duration] { return &b.inst.garpRefresh }),
		"garp_master_repeat":         setRepeat(func(b *builder) *maybe[int] { return &b.inst.garpRepeat }),
		"garp_master_refresh_repeat": setRepeat(func(b *builder) *maybe[int] { return &b.inst.refreshRepeat }),
		"garp_lower_prio_delay":      setMaybeDuration(func(b *builder) *maybe[time.Duration] { return &b.inst.lowerDelay }),
		"garp_lower_prio_repeat":     setMaybeInt(func(b *builder) *maybe[int] { return &b.inst.lowerRepeat }),
		"down_timer_adverts":         setMaybeInt(func(b *builder) *maybe[int] { return &b.inst.downAdverts }),
		"lower_prio_no_advert":       setMaybeBool(func(b *builder) *maybe[bool] { return &b.inst.lowerNoAdvert }),
		"higher_prio_send_advert":    setMaybeBool(func(b *builder) *maybe[bool] { return &b.inst.higherAdvert }),
		"owner_ignore_adverts":       setMaybeBool(func(b *builder) *maybe[bool] { return &b.inst.ownerIgnore }),
		"notify_deleted": func(b *builder, kw *Keyword, s Statement) {
			b.inst.Notify.ReportDeleted = true
			if len(s.Words) > 1 {
				b.scriptArg(&b.inst.Notify.Deleted, kw.Name, s)
			}
		},
		"notify_master_rx_lower_pri": setCommand(func(b *builder) **Command { return &b.inst.Notify.RxLowerPri }),
	}
	addLinkSetters(m)
	addNotify(m, func(b *builder) *Notify { return &b.inst.Notify })
	for name, f := range m {
		m[name] = noted(f)
	}
	for name, f := range trackSetters(func(b *builder) (string, *rawTracking) { return b.inst.Name, &b.inst.track }) {
		m[name] = f
	}
	return m
}

// addNotify adds the hooks that instances and groups share.
func addNotify(m blockSetters, n func(*builder) *Notify) {
	m["notify_master"] = setCommand(func(b *builder) **Command { return &n(b).Master })
	m["notify_backup"] = setCommand(func(b *builder) **Command { return &n(b).Backup })
	m["notify_fault"] = setCommand(func(b *builder) **Command { return &n(b).Fault })
	m["notify_stop"] = setCommand(func(b *builder) **Command { return &n(b).Stop })
	m["notify"] = setCommand(func(b *builder) **Command { return &n(b).Any })
}

func authSetters() blockSetters {
	return blockSetters{
		"auth_type": func(b *builder, _ *Keyword, s Statement) {
			b.inst.authPos, b.inst.authTypeGiven = s.Pos, true
			switch s.Words[1].Text {
			case "PASS":
				b.inst.AuthType = AuthPass
			case "AH":
				b.inst.AuthType = AuthAH
			default:
				b.report(badWord, s.PosOf(1), "(%s) unknown authentication type '%s'", b.inst.Name, s.Words[1].Text)
			}
		},
		"auth_pass": func(b *builder, _ *Keyword, s Statement) {
			pass := s.Words[1].Text
			if len(pass) > 8 {
				b.report(passwordCut, s.PosOf(1), "Truncating auth_pass to 8 characters")
				pass = pass[:8]
			}
			b.inst.AuthPass, b.inst.passPos = []byte(pass), s.Pos
		},
	}
}

func setState(b *builder, _ *Keyword, s Statement) {
	state := s.Words[1].Text
	switch {
	case state != "MASTER" && state != "BACKUP":
		b.report(badWord, s.PosOf(1), "(%s) unknown state '%s', defaulting to BACKUP", b.inst.Name, state)
		state = "BACKUP"
	case b.inst.state == "MASTER" && state == "BACKUP":
		b.report(alreadySet, s.PosOf(1), "(%s) state previously set as MASTER - ignoring BACKUP", b.inst.Name)
		return
	}
	b.inst.state = state
}

func setInterface(b *builder, _ *Keyword, s Statement) {
	name := s.Words[1].Text
	switch {
	case len(name) > longestName:
		b.report(longName, s.PosOf(1), "Interface name '%s' too long - ignoring", name)
	case name == "lo":
		b.report(loopback, s.PosOf(1), "(%s) the loopback interface is none for VRRP - ignoring it", b.inst.Name)
	default:
		if b.inst.hasInterface {
			b.inst.replaced = append(b.inst.replaced, replacedName{b.inst.interfacePos, b.inst.Interface})
		}
		b.inst.Interface, b.inst.hasInterface = name, true
		b.inst.interfacePos = s.PosOf(1)
	}
}

// sameFamily fixes the instance's family with the first address that is given
// and refuses those of the other one.
func (i *rawInstance) sameFamily(a netip.Addr) bool {
	if i.Family == 0 {
		i.Family = familyOf(a)
	}
	return i.Family == familyOf(a)
}

func setSource(b *builder, kw *Keyword, s Statement) {
	a, err := parseHostAddr(s.Words[1].Text)
	b.inst.unicastUsed = b.inst.unicastUsed || kw.Name == "unicast_src_ip"
	switch {
	case err != nil:
		b.report(badAddress, s.PosOf(1), "(%s) source address %s is malformed - ignoring", b.inst.Name, s.Words[1].Text)
	case !b.inst.sameFamily(a):
		b.report(wrongFamily, s.PosOf(1), "(%s) source address %s has another family than the instance - ignoring", b.inst.Name, a)
	default:
		b.inst.src = a
	}
}

func setDestination(b *builder, _ *Keyword, s Statement) {
	text := s.Words[1].Text
	a, err := parseHostAddr(text)
	switch {
	case err != nil:
		b.report(badAddress, s.PosOf(1), "(%s) malformed mcast dest address %s - ignoring", b.inst.Name, text)
	case !a.IsMulticast():
		b.report(badAddress, s.PosOf(1), "(%s) mcast_dst_ip %s is not multicast - ignoring", b.inst.Name, text)
	case !b.inst.sameFamily(a):
		b.report(wrongFamily, s.PosOf(1), "(%s) mcast_dst_ip %s is not of the instance's family - ignoring", b.inst.Name, text)
	case a.Is6() && !a.IsLinkLocalMulticast():
		b.report(badAddress, s.PosOf(1), "(%s) mcast_dst_ip %s is not link-local multicast - ignoring", b.inst.Name, text).
			fix("write a group of ff02::/16, which stays on the network")
	default:
		b.inst.dst = a
	}
}

func addVIP(b *builder, _ *Keyword, s Statement) {
	a, ok := b.address(s)
	if !ok {
		return
	}
	if !b.inst.sameFamily(a.Prefix.Addr()) {
		b.report(wrongFamily, s.Pos, "(%s): address family must match VRRP instance [%s] - ignoring", b.inst.Name, s.Words[0].Text)
		return
	}
	if b.inst.seen[a.Prefix] {
		b.report(duplicateItem, s.Pos, "(%s): VIP duplicates a VIP %s - ignoring", b.inst.Name, s.Words[0].Text)
		return
	}
	b.inst.seen[a.Prefix] = true
	b.inst.vips = append(b.inst.vips, rawAddress{a, s.Pos})
}

func addExcluded(b *builder, _ *Keyword, s Statement) {
	a, ok := b.address(s)
	if !ok {
		return
	}
	if b.inst.seen[a.Prefix] {
		b.report(duplicateItem, s.Pos, "(%s): Excluded VIP duplicates a VIP %s - ignoring", b.inst.Name, s.Words[0].Text)
		return
	}
	b.inst.seen[a.Prefix] = true
	b.inst.excluded = append(b.inst.excluded, rawAddress{a, s.Pos})
}

// rawGroup is a vrrp_sync_group that is being read.
type rawGroup struct {
	SyncGroup
	pos       Pos
	members   []Statement
	track     rawTracking
	prioMaybe maybe[bool]
	smtpAlert maybe[bool]
	listed    bool // group { } was there
}

func openGroup(b *builder, _ *Keyword, s Statement) {
	if len(s.Words) != 2 {
		b.report(missingValue, s.Pos, "vrrp_sync_group must have a name and nothing else - skipping")
		b.refuse = true
		return
	}
	name := s.Words[1].Text
	if b.groupOf[name] != nil {
		b.report(duplicateName, s.PosOf(1), "vrrp sync group %s already defined", name)
		b.refuse = true
		return
	}
	b.group = &rawGroup{pos: s.Pos, SyncGroup: SyncGroup{Name: name}}
	b.groups = append(b.groups, b.group)
	b.groupOf[name] = b.group
}

func groupSetters() blockSetters {
	m := blockSetters{
		"group": func(b *builder, _ *Keyword, s Statement) {
			for i := range s.Words {
				b.group.members = append(b.group.members, Statement{Pos: s.PosOf(i), Words: s.Words[i : i+1]})
			}
		},
		"global_tracking":            setTrue(func(b *builder) *bool { return &b.group.TrackingWeight }),
		"sync_group_tracking_weight": setTrue(func(b *builder) *bool { return &b.group.TrackingWeight }),
		"notify_priority_changes":    setMaybeBool(func(b *builder) *maybe[bool] { return &b.group.prioMaybe }),
		"smtp_alert":                 setMaybeBool(func(b *builder) *maybe[bool] { return &b.group.smtpAlert }),
	}
	addNotify(m, func(b *builder) *Notify { return &b.group.Notify })
	for name, f := range trackSetters(func(b *builder) (string, *rawTracking) { return b.group.Name, &b.group.track }) {
		m[name] = f
	}
	return m
}

// openMembers refuses a second list of members.
func (b *builder) openMembers(s Statement) {
	if b.group.listed {
		b.report(alreadySet, s.Pos, "group of sync group %s already specified - ignoring this one", b.group.Name)
		b.refuse = true
	}
	b.group.listed = true
}
