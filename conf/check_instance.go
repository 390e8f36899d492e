package conf

import (
	"cmp"
	"net/netip"
	"slices"
	"time"
)

// place is where a keyword was given last, or else the instance itself.
func (i *rawInstance) place(keyword string) Pos {
	if pos, ok := i.at[keyword]; ok {
		return pos
	}
	return i.pos
}

// wantsMaster tells whether the instance starts as MASTER if it may.
func (i *rawInstance) wantsMaster() bool {
	return i.StateMaster || i.Priority == 255 && !i.StateBackup
}

// finishInstance resolves one instance and checks it.
func (b *builder) finishInstance(i *rawInstance) {
	g := &b.global
	strict := i.strict.or(g.strict)
	i.Strict = strict
	if i.Family == 0 {
		i.Family = IPv4
	}
	b.finishVersion(i, strict)
	i.StateMaster, i.StateBackup = i.state == "MASTER", i.state == "BACKUP"
	i.Priority = i.basePriority()
	b.finishPlace(i)
	b.finishUnicast(i)
	b.finishLinks(i, strict)
	b.finishAdvert(i)
	b.finishStrict(i, strict)
	b.finishHMAC(i, strict)
	b.finishAuth(i, strict)
	b.finishState(i, strict)
	b.finishAccept(i, strict)
	i.ChecksumAsV2 = i.checksumAsV2.or(g.checksumAsV2)
	i.SkipCheckAddr = i.SkipCheckAddr || g.skipCheckAdv
	i.SMTPAlert = g.alerts.ofVRRP(i.smtpAlert)
	b.finishAnswers(i, strict)
	b.finishGARPOf(i, strict)
	inherited := g.prioChanges
	if i.group != nil {
		inherited = i.group.prioMaybe.or(inherited)
	}
	i.Notify.PriorityChange = i.prioChanges.or(inherited)
	b.finishAddresses(i, strict)
	i.Routes, i.Rules = b.finishRoutes(i.routes), b.finishRules(i.rules)
	b.finishTracking(i)
}

// finishVersion resolves the protocol version.
func (b *builder) finishVersion(i *rawInstance, strict bool) {
	i.Version = i.version.or(b.global.version.or(2))
	if i.Family != IPv6 {
		return
	}
	if strict && i.version.set && i.Version == 2 {
		b.report(strictReset, i.place("version"), "(%s) cannot use IPv6 with VRRP version 2 in strict mode - setting version 3", i.Name)
	}
	if strict || !i.version.set {
		i.Version = 3
	}
}

// finishPlace checks the interface, the VRID and the addresses that adverts travel between.
func (b *builder) finishPlace(i *rawInstance) {
	i.Source, i.Unicast = i.src, len(i.UnicastPeers) > 0
	for _, w := range i.replaced {
		b.wantInterface(w.Pos, w.Text, "vrrp_instance "+i.Name)
	}
	switch {
	case i.hasInterface:
		b.wantInterface(i.interfacePos, i.Interface, "vrrp_instance "+i.Name)
	case !i.Unicast || !i.Source.IsValid():
		b.report(noInterface, i.pos, "(%s) Unknown interface: the instance names none", i.Name)
	}
	if i.VRID == 0 {
		b.report(noVRID, i.pos, "(%s) the virtual router id must be set", i.Name)
	}
	if i.TrackSource && !i.Source.IsValid() {
		b.report(trackNoSource, i.place("track_src_ip"), "(%s) track_src_ip without unicast_src_ip or mcast_src_ip has nothing to track", i.Name)
	}
}

// finishUnicast settles multicast against unicast.
func (b *builder) finishUnicast(i *rawInstance) {
	if i.Unicast {
		i.CheckUnicastSrc = i.CheckUnicastSrc || b.global.checkUnicastSrc
		if i.dst.IsValid() {
			b.report(groupWithPeers, i.place("mcast_dst_ip"), "(%s) multicast destination specified with unicast - ignoring", i.Name)
		}
		return
	}
	if i.unicastUsed && !i.FaultNoPeer {
		b.report(noPeers, i.pos, "(%s) a unicast keyword stands without unicast_peer - using multicast", i.Name)
	}
	i.UnicastTTL, i.CheckUnicastSrc, i.OldChecksum = 0, false, OldChecksumDetect
	i.Destination = i.dst
	if !i.dst.IsValid() && i.Family == IPv4 {
		i.Destination = b.global.MulticastGroup4
	} else if !i.dst.IsValid() {
		i.Destination = b.global.MulticastGroup6
	}
}

// finishAdvert makes the interval one that the version can say on the wire:
// whole seconds in version 2, up to 40.95 s in steps of 10 ms in version 3.
func (b *builder) finishAdvert(i *rawInstance) {
	d, unit, most := i.advert.or(time.Second), time.Second, 255*time.Second
	if i.Version == 3 {
		unit, most = 10*time.Millisecond, 40950*time.Millisecond
	}
	if d%unit != 0 {
		if i.Version == 3 {
			b.report(advertRounded, i.advertPos, "(%s) VRRPv3 advertisement interval %.6fs must be in units of 10ms - rounding", i.Name, d.Seconds())
		} else {
			b.report(advertRounded, i.advertPos, "(%s) VRRPv2 advertisement interval %.6fs must be an integer. rounding", i.Name, d.Seconds())
		}
		d = max(d.Round(unit), unit)
	}
	if d > most {
		b.report(advertTooLong, i.advertPos, "(%s) VRRPv3 advertisement interval %.2fs is out of range - setting to 40.95s", i.Name, d.Seconds())
		d = most
	}
	i.AdvertInterval = d
}

// finishAuth settles the authentication block.
func (b *builder) finishAuth(i *rawInstance, strict bool) {
	if i.AuthType == AuthNone {
		if len(i.AuthPass) > 0 && i.HMAC == nil && !i.authTypeGiven {
			b.report(passwordAlone, i.passPos, "(%s) auth_pass without auth_type: adverts carry no password", i.Name)
		}
		i.AuthPass = nil
		return
	}
	switch {
	case strict:
		b.report(authIgnored, i.authPos, "(%s) strict mode has no authentication - ignoring it", i.Name)
	case i.Version == 3:
		b.report(authIgnored, i.authPos, "(%s) VRRP version 3 has no authentication block - ignoring it", i.Name)
	case len(i.AuthPass) == 0:
		b.report(noPassword, i.authPos, "(%s) authentication without a password - ignoring it", i.Name)
	case i.AuthType == AuthAH && i.Family == IPv6:
		b.report(ahWithIPv6, i.authPos, "(%s) AH authentication is for IPv4 only - ignoring it", i.Name)
	default:
		if i.AuthType == AuthAH && i.StateMaster && i.Priority != 255 {
			b.report(masterWithAH, i.authPos, "(%s) state MASTER does not go with auth_type AH - starting as BACKUP", i.Name)
			i.StateMaster = false
		}
		return
	}
	i.AuthType, i.AuthPass = AuthNone, nil
}

// finishStrict reports what strict_mode forbids.
func (b *builder) finishStrict(i *rawInstance, strict bool) {
	if !strict {
		return
	}
	if i.Unicast {
		b.report(strictUnicast, i.pos, "(%s) strict mode has no unicast peers", i.Name)
	}
	if owner := i.Priority == 255; i.state != "" && i.StateMaster != owner {
		b.report(strictState, i.place("state"), "(%s) state MASTER and priority 255 belong together in strict mode", i.Name)
		i.StateMaster, i.StateBackup = owner, !owner
	}
	if i.Family == IPv6 && len(i.vips) > 0 && !i.vips[0].Prefix.Addr().IsLinkLocalUnicast() {
		b.report(firstNotLocal, i.vips[0].pos, "(%s) the first IPv6 VIP address must be link local", i.Name)
	}
}

// finishState settles preemption against the initial state.
func (b *builder) finishState(i *rawInstance, strict bool) {
	if i.NoPreempt && i.Priority == 255 {
		b.report(ownerNoPreempt, i.place("nopreempt"), "(%s) nopreempt does not go with priority 255 - dropping nopreempt", i.Name)
		i.NoPreempt = false
	}
	if i.NoPreempt && i.StateMaster {
		b.report(masterNoPreempt, i.place("nopreempt"), "(%s) nopreempt does not go with state MASTER - dropping nopreempt", i.Name)
		i.NoPreempt = false
	}
	if i.ExpiredBackup > 0 && !i.NoPreempt {
		b.report(expiredPreempts, i.place("timer_expired_backup"), "(%s) timer_expired_backup without nopreempt has no effect: the instance would take the mastership back at once", i.Name)
	}
	if i.PreemptDelay == 0 {
		return
	}
	switch {
	case i.wantsMaster():
		b.report(masterPreemptDelay, i.place("preempt_delay"), "(%s) preempt_delay does not go with state MASTER - dropping it", i.Name)
	case strict:
		b.report(strictReset, i.place("preempt_delay"), "(%s) preempt_delay is incompatible with strict mode - resetting", i.Name)
	case i.NoPreempt:
		b.report(delayNoPreempt, i.place("preempt_delay"), "(%s) preempt_delay is incompatible with nopreempt mode - resetting", i.Name)
	default:
		return
	}
	i.PreemptDelay = 0
}

// finishAccept resolves accept and no_accept: in strict mode only the owner
// answers unless accept is written, and version 2 knows no accept.
func (b *builder) finishAccept(i *rawInstance, strict bool) {
	owner := i.Priority == 255
	accept := i.accept.or(!strict || owner)
	if strict && accept && !owner && i.Version == 2 {
		b.report(strictReset, i.place("accept"), "(%s) accept is not for version 2 in strict mode - resetting", i.Name)
		accept = false
	}
	i.NoAccept = !accept
}

// finishAnswers resolves what an instance does with the adverts of others.
func (b *builder) finishAnswers(i *rawInstance, strict bool) {
	g := &b.global
	owner := i.Priority == 255
	if !strict {
		i.DownTimerAdverts = i.downAdverts.or(g.downAdverts.or(defaultDownAdverts))
		i.LowerPrioNoAdv = i.lowerNoAdvert.or(g.lowerNoAdvert)
		i.HigherPrioAdv = i.higherAdvert.or(g.higherAdvert.or(true))
		i.OwnerIgnore = i.ownerIgnore.or(g.ownerIgnore)
	} else {
		i.DownTimerAdverts, i.LowerPrioNoAdv = defaultDownAdverts, true
		i.OwnerIgnore = i.ownerIgnore.or(g.ownerIgnore || owner)
		if i.downAdverts.or(g.downAdverts.or(defaultDownAdverts)) != defaultDownAdverts {
			b.report(strictReset, i.place("down_timer_adverts"), "(%s) down_timer_adverts is incompatible with strict mode - resetting to %d", i.Name, defaultDownAdverts)
		}
		if !i.lowerNoAdvert.or(true) {
			b.report(strictReset, i.place("lower_prio_no_advert"), "(%s) strict mode sends no advert after one of lower priority - resetting lower_prio_no_advert", i.Name)
		}
		if i.higherAdvert.or(false) {
			b.report(strictReset, i.place("higher_prio_send_advert"), "(%s) strict mode sends no advert after one of higher priority - resetting higher_prio_send_advert", i.Name)
		}
	}
	if i.ownerIgnore.or(false) && !owner {
		b.report(ownerIgnoreAlone, i.place("owner_ignore_adverts"), "(%s) owner_ignore_adverts has no effect with priority %d", i.Name, i.Priority)
	}
}

// defaultDownAdverts is the protocol's own number of adverts that may be missed.
const defaultDownAdverts = 3

// finishGARPOf resolves the announcements of an instance. Strict mode
// announces once, and not again for an advert of lower priority.
func (b *builder) finishGARPOf(i *rawInstance, strict bool) {
	g := &b.global
	extra := i.extra.or(g.extra)
	i.GARP = GARP{
		MasterDelay: i.garpDelay.or(g.garpDelay.value), MasterRepeat: i.garpRepeat.or(g.garpRepeat.value),
		Refresh: i.garpRefresh.or(g.garpRefresh), RefreshRepeat: i.refreshRepeat.or(g.refreshRepeat.value),
		LowerPrioDelay: i.lowerDelay.or(g.lowerDelay.value), LowerPrioRepeat: i.lowerRepeat.or(g.lowerRepeat.value),
		ExtraInterval: extra.interval, ExtraAll: extra.all,
	}
	if !strict {
		return
	}
	if !i.garpDelay.set && !g.garpDelayGiven {
		i.GARP.MasterDelay = 0
	}
	if !i.garpRepeat.set && !g.garpRepeatGiven {
		i.GARP.MasterRepeat = 1
	}
	if i.lowerRepeat.or(0) > 0 {
		b.report(strictReset, i.place("garp_lower_prio_repeat"), "(%s) Strict mode requires no repeat garps - resetting garp_lower_prio_repeat", i.Name)
	}
	if i.lowerDelay.or(0) > 0 {
		b.report(strictReset, i.place("garp_lower_prio_delay"), "(%s) Strict mode requires no repeat garp delay - resetting garp_lower_prio_delay", i.Name)
	}
	i.GARP.LowerPrioDelay, i.GARP.LowerPrioRepeat = 0, 0
}

func (b *builder) finishAddresses(i *rawInstance, strict bool) {
	if len(i.vips) == 0 && !i.noVIPs {
		if i.Version == 3 || strict {
			b.report(noAddress, i.pos, "(%s) No VIP specified; at least one is required", i.Name)
		} else {
			b.report(noAddressTolerated, i.pos, "(%s) No VIP specified; at least one is sensible", i.Name)
		}
	}
	if most := b.mostVIPs(i); len(i.vips) > most {
		b.report(tooManyAddresses, i.vips[most].pos, "(%s) %d addresses, an advert has room for %d - those from here on are not advertised, as in virtual_ipaddress_excluded", i.Name, len(i.vips), most)
		i.excluded = append(i.vips[most:len(i.vips):len(i.vips)], i.excluded...)
		i.vips = i.vips[:most]
	}
	i.Addresses = b.placed(i, i.vips)
	i.Excluded = b.placed(i, i.excluded)
}

// mostVIPs counts the addresses that fit into one advert: the header has a
// byte for their number, and the packet must not be larger than the MTU.
// keepalived leaves 16 bytes free besides the headers.
func (b *builder) mostVIPs(i *rawInstance) int {
	const most, ethernet, reserve, vrrp, authData, ah, trailer = 255, 1500, 16, 8, 8, 24, 28
	mtu := ethernet
	if host := b.opt.Host; host != nil {
		mtu = cmp.Or(host.MTU(i.Interface), ethernet)
	}
	ip, each := 20, 4
	if i.Family == IPv6 {
		ip, each = 40, 16
	} else if i.Version == 2 {
		ip += authData
	}
	if i.AuthType == AuthAH {
		ip += ah
	}
	if i.HMAC != nil {
		ip += trailer
	}
	return min(max((mtu-ip-vrrp-reserve)/each, 0), most)
}

// placed gives addresses without dev the instance's interface.
func (b *builder) placed(i *rawInstance, list []rawAddress) []Address {
	var out []Address
	for _, a := range list {
		if a.Interface == "" {
			a.Interface = i.Interface
			if a.Interface == "" {
				a.Interface = b.global.defaultIf
			}
		} else {
			b.wantInterface(a.pos, a.Interface, "ip address "+a.Prefix.Addr().String())
		}
		out = append(out, a.Address)
	}
	return out
}

// checkVRIDs refuses two instances that the wire cannot tell apart.
func (b *builder) checkVRIDs() {
	type place struct {
		iface  string
		family Family
		vrid   uint8
	}
	at := map[place][]*rawInstance{}
	for _, i := range b.insts {
		if i.VRID == 0 {
			continue
		}
		p := place{i.Interface, i.Family, i.VRID}
		if n := slices.IndexFunc(at[p], func(other *rawInstance) bool { return b.sameOnWire(i, other) }); n >= 0 {
			b.report(duplicateVRID, i.place("virtual_router_id"), "%s and %s both use VRID %d with %s on interface %s", at[p][n].Name, i.Name, i.VRID, i.Family, i.Interface)
		}
		at[p] = append(at[p], i)
	}
}

// sameOnWire tells whether adverts of two instances with one VRID cannot be told apart.
func (b *builder) sameOnWire(i, other *rawInstance) bool {
	switch {
	case i.Unicast != other.Unicast:
		return false
	case !i.Unicast:
		return i.Destination == other.Destination
	}
	return commonPeer(i, other) && b.sourceOf(i) == b.sourceOf(other)
}

// sourceOf is where the adverts of an instance come from, as far as that can be known.
func (b *builder) sourceOf(i *rawInstance) netip.Addr {
	if b.opt.Host != nil && !i.Source.IsValid() {
		return b.opt.Host.PrimaryAddress(i.Interface, i.Family)
	}
	return i.Source
}

func commonPeer(i, other *rawInstance) bool {
	return slices.ContainsFunc(i.UnicastPeers, func(p UnicastPeer) bool {
		return slices.ContainsFunc(other.UnicastPeers, func(q UnicastPeer) bool { return p.Addr == q.Addr })
	})
}
