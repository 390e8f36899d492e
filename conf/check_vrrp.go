package conf

import (
	"slices"
	"time"
)

// finish resolves what could only be known at the end of the file.
func (b *builder) finish() {
	b.finishGlobal()
	b.finishCommands()
	b.finishScripts()
	b.finishStatics()
	b.finishTrackGroups()
	b.finishGroups()
	for _, i := range b.insts {
		b.finishInstance(i)
		b.cfg.Instances = append(b.cfg.Instances, i.Instance)
	}
	b.checkVRIDs()
	b.finishSyncDaemon()
	b.finishServers()
	b.checkSecurity()
	b.cfg.Global = b.global.Global
}

// finishGroups keeps the members that exist and the groups that have some.
func (b *builder) finishGroups() {
	for _, g := range b.groups {
		if len(g.members) == 0 {
			b.report(incompleteBlock, g.pos, "Sync group %s has no members - removing", g.Name)
			continue
		}
		for _, m := range g.members {
			i := b.instOf[m.Words[0].Text]
			switch {
			case i == nil:
				b.report(danglingName, m.Pos, "Virtual router %s specified in sync group %s doesn't exist - ignoring", m.Words[0].Text, g.Name)
			case i.group != nil:
				b.report(secondGroup, m.Pos, "Virtual router %s cannot exist in more than one sync group; ignoring %s", i.Name, g.Name)
			default:
				i.group = g
				g.Members = append(g.Members, i.Name)
			}
		}
		switch len(g.Members) {
		case 0:
			b.report(incompleteBlock, g.pos, "Sync group %s, no matching virtual router found in group declaration - removing", g.Name)
			b.dropHooks(&g.Notify)
			continue
		case 1:
			b.report(loneMember, g.pos, "Sync group %s has only 1 virtual router(s) - this probably isn't what you want", g.Name)
		}
		g.Notify.PriorityChange = g.prioMaybe.or(b.global.prioChanges)
		g.Track = Tracking{b.interfaces(g.Name, g.track.interfaces), b.kept(g.track.scripts, b.scriptRuns), b.kept(g.track.files, nil)}
		b.cfg.SyncGroups = append(b.cfg.SyncGroups, g.SyncGroup)
	}
}

// finishInstance resolves one instance and checks it.
func (b *builder) finishInstance(i *rawInstance) {
	g := &b.global
	strict := i.strict.or(g.strict)
	if i.Family == 0 {
		i.Family = IPv4
	}
	i.Version = i.version.or(g.version.or(2))
	if i.Family == IPv6 && (!i.version.set || strict) {
		i.Version = 3
	}
	i.StateMaster, i.StateBackup = i.state == "MASTER", i.state == "BACKUP"
	i.Priority = i.priority.or(100)
	if i.StateMaster && !i.priority.set {
		i.Priority = 255
	}
	b.finishPlace(i)
	b.finishAdvert(i)
	b.finishAuth(i, strict)
	b.finishStrict(i, strict)
	b.finishState(i)
	i.DownTimerAdverts = i.downAdverts.or(g.downAdverts.or(3))
	i.ChecksumAsV2 = i.checksumAsV2.or(g.checksumAsV2)
	i.CheckUnicastSrc = i.CheckUnicastSrc || g.checkUnicastSrc
	i.SkipCheckAddr = i.skipCheck.or(g.skipCheckAdv)
	i.LowerPrioNoAdv = i.lowerNoAdvert.or(g.lowerNoAdvert || strict)
	i.HigherPrioAdv = i.higherAdvert.or(g.higherAdvert)
	i.OwnerIgnore = i.ownerIgnore.or(g.ownerIgnore)
	i.GARP = GARP{
		MasterDelay: i.garpDelay.or(g.garpDelay.value), MasterRepeat: i.garpRepeat.or(g.garpRepeat.value),
		Refresh: i.garpRefresh.or(g.garpRefresh), RefreshRepeat: i.refreshRepeat.or(g.refreshRepeat.value),
		LowerPrioDelay: i.lowerDelay.or(g.lowerDelay.value), LowerPrioRepeat: i.lowerRepeat.or(g.lowerRepeat.value),
	}
	inherited := g.prioChanges
	if i.group != nil {
		inherited = i.group.prioMaybe.or(inherited)
	}
	i.Notify.PriorityChange = i.prioChanges.or(inherited)
	b.finishAddresses(i, strict)
	i.Routes, i.Rules = b.finishRoutes(i.routes), b.finishRules(i.rules)
	b.finishTracking(i)
}

// finishPlace checks the interface, the VRID and the addresses that adverts travel between.
func (b *builder) finishPlace(i *rawInstance) {
	i.Source, i.Unicast = i.src, len(i.UnicastPeers) > 0
	switch {
	case i.hasInterface:
		b.wantInterface(i.interfacePos, i.Interface, "vrrp_instance "+i.Name)
	case !i.Unicast || !i.Source.IsValid():
		b.report(noInterface, i.pos, "(%s) Unknown interface!", i.Name)
	}
	if i.VRID == 0 {
		b.report(noVRID, i.pos, "(%s) the virtual router id must be set", i.Name)
	}
	if i.unicastUsed && !i.Unicast {
		b.report(noPeers, i.pos, "(%s) A unicast keyword has been specified without any unicast peers. Defaulting to multicast. This usage is deprecated - please update your configuration.", i.Name)
	}
	if i.Unicast {
		return
	}
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
		b.report(advertTooLong, i.advertPos, "(%s) VRRPv3 advertisement interval %.2fs is out of range. Must be less than 40.96s. Setting to 40.95s", i.Name, d.Seconds())
		d = most
	}
	i.AdvertInterval = d
}

func (b *builder) finishAuth(i *rawInstance, strict bool) {
	if i.AuthType == AuthNone {
		i.AuthPass = nil
		return
	}
	switch {
	case i.Version == 3:
		b.report(authIgnored, i.authPos, "(%s) VRRP version 3 does not support authentication. Ignoring.", i.Name)
	case strict:
		b.report(authIgnored, i.authPos, "(%s) Strict mode does not support authentication. Ignoring.", i.Name)
	case len(i.AuthPass) == 0:
		b.report(noPassword, i.authPos, "(%s) Authentication specified but no password given. Ignoring", i.Name)
	default:
		if i.AuthType == AuthAH && i.StateMaster {
			b.report(masterWithAH, i.authPos, "(%s) Initial state master is incompatible with AH authentication - clearing", i.Name)
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
		b.report(strictUnicast, i.pos, "(%s) Unicast peers are not supported in strict mode", i.Name)
	}
	if i.state != "" && i.StateMaster != (i.Priority == 255) {
		b.report(strictState, i.pos, "(%s) State MASTER must match being address owner", i.Name)
		i.StateMaster = i.Priority == 255
	}
}

// finishState settles preemption against the initial state.
func (b *builder) finishState(i *rawInstance) {
	if i.NoPreempt && i.Priority == 255 {
		b.report(ownerNoPreempt, i.pos, "(%s) nopreempt is incompatible with priority 255. resetting nopreempt", i.Name)
		i.NoPreempt = false
	}
	if i.NoPreempt && i.StateMaster {
		b.report(masterNoPreempt, i.pos, "(%s) Warning - nopreempt will not work with initial state MASTER - clearing", i.Name)
		i.StateMaster, i.StateBackup = false, true
	}
}

func (b *builder) finishAddresses(i *rawInstance, strict bool) {
	if len(i.vips) == 0 && !i.noVIPs {
		if i.Version == 3 || strict {
			b.report(noAddress, i.pos, "(%s) No VIP specified; at least one is required", i.Name)
		} else {
			b.report(noAddressTolerated, i.pos, "(%s) No VIP specified; at least one is sensible", i.Name)
		}
	}
	i.Addresses = b.placed(i, i.vips)
	i.Excluded = b.placed(i, i.excluded)
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
		} else if a.Interface != i.Interface {
			b.wantInterface(a.pos, a.Interface, "ip address "+a.Prefix.Addr().String())
		}
		out = append(out, a.Address)
	}
	return out
}

// finishTracking keeps the references that can have an effect: an address
// owner and a member of a sync group have no weights (contracts 4.8).
func (b *builder) finishTracking(i *rawInstance) {
	owner := i.Priority == 255
	member := i.group != nil && !i.group.TrackingWeight
	var interfaces []rawTrack
	for _, t := range i.track.interfaces {
		switch {
		case t.Name == i.Interface && !i.DontTrackPrimary:
			b.report(ownInterface, t.pos, "(%s) Ignoring track_interface %s since own interface", i.Name, t.Name)
			continue
		case owner && t.Weight != 0:
			b.report(weightIgnored, t.pos, "(%s) ignoring %s tracked interface due to address owner", i.Name, t.Name)
			continue
		case member && t.Weight != 0:
			b.report(weightIgnored, t.pos, "(%s) tracked interface %s: weight ignored due to SYNC group", i.Name, t.Name)
			t.Weight = 0
		}
		interfaces = append(interfaces, t)
	}
	i.Track.Interfaces = b.interfaces(i.Name, interfaces)
	i.Track.Scripts = b.kept(b.unweighted(i, i.track.scripts, "tracked script", owner, member), b.scriptRuns)
	i.Track.Files = b.kept(b.unweightedFiles(i, owner, member), nil)
}

// unweighted drops the weighted references of an owner or a group member.
func (b *builder) unweighted(i *rawInstance, list []rawTrack, what string, owner, member bool) []rawTrack {
	return slices.DeleteFunc(slices.Clone(list), func(t rawTrack) bool {
		switch {
		case t.Weight == 0:
			return false
		case owner:
			b.report(weightIgnored, t.pos, "(%s) ignoring %s %s with weights due to address_owner", i.Name, what, t.Name)
		case member:
			b.report(weightIgnored, t.pos, "(%s) ignoring %s %s with weights due to SYNC group", i.Name, what, t.Name)
		}
		return owner || member
	})
}

// unweightedFiles is unweighted for track_file, whose default weight counts as none in a sync group.
func (b *builder) unweightedFiles(i *rawInstance, owner, member bool) []rawTrack {
	list := slices.Clone(i.track.files)
	if member && !owner {
		for n := range list {
			if !list[n].weighted && b.fileOf[list[n].Name].Weight == 1 {
				list[n].Weight = 0
			}
		}
	}
	return b.unweighted(i, list, "tracked file", owner, member)
}

// interfaces checks tracked interfaces against the host.
func (b *builder) interfaces(owner string, list []rawTrack) []Track {
	for _, t := range list {
		if !b.interfaceExists(t.Name) {
			b.report(interfaceMissing, t.pos, "(%s) tracked interface %s doesn't exist", owner, t.Name)
		}
	}
	return b.kept(list, nil)
}

// kept turns references into Tracks, without those that keep refuses.
func (b *builder) kept(list []rawTrack, keep func(string) bool) []Track {
	var out []Track
	for _, t := range list {
		if keep == nil || keep(t.Name) {
			out = append(out, t.Track)
		}
	}
	return out
}

// scriptRuns tells whether a vrrp_script survived finishCommands.
func (b *builder) scriptRuns(name string) bool { return b.scriptOf[name].cmd != nil }

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
		for _, other := range at[p] {
			switch {
			case i.Unicast != other.Unicast:
			case !i.Unicast && i.Destination == other.Destination:
				b.report(duplicateVRID, i.pos, "%s and %s both use VRID %d with %s on interface %s", other.Name, i.Name, i.VRID, i.Family, i.Interface)
			case i.Unicast && i.Source == other.Source && commonPeer(i, other):
				b.report(duplicateVRID, i.pos, "(%s) duplicate VRID conflict with %s VRID %d", other.Name, i.Name, i.VRID)
			}
		}
		at[p] = append(at[p], i)
	}
}

func commonPeer(i, other *rawInstance) bool {
	return slices.ContainsFunc(i.UnicastPeers, func(p UnicastPeer) bool {
		return slices.ContainsFunc(other.UnicastPeers, func(q UnicastPeer) bool { return p.Addr == q.Addr })
	})
}

// finishSyncDaemon resolves the instance that lvs_sync_daemon follows.
func (b *builder) finishSyncDaemon() {
	d := b.global.LVSSyncDaemon
	if d == nil {
		return
	}
	b.wantInterface(b.global.syncPos, d.Interface, "lvs_sync_daemon")
	if d.Instance == "" {
		return
	}
	i := b.instOf[d.Instance]
	if i == nil {
		b.report(danglingName, b.global.syncPos, "lvs_sync_daemon: instance %s doesn't exist - ignoring lvs_sync_daemon", d.Instance)
		b.global.LVSSyncDaemon = nil
		return
	}
	if !b.global.syncID {
		d.ID = i.VRID
	}
}
