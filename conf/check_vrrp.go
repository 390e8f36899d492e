package conf

import "slices"

// finish resolves what could only be known at the end of the file.
func (b *builder) finish() {
	b.finishGlobal()
	b.finishCommands()
	b.finishScripts()
	b.finishStatics()
	b.finishGroups()
	for _, i := range b.insts {
		b.finishInstance(i)
	}
	b.finishLinkNames()
	for _, i := range b.insts {
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

// finishSyncDaemon resolves the instance that lvs_sync_daemon follows.
func (b *builder) finishSyncDaemon() {
	b.adoptSyncDaemon()
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

// adoptSyncDaemon turns lvs_sync_daemon_interface of an instance into a
// lvs_sync_daemon that follows it. There is only one, and that of global_defs is the first.
func (b *builder) adoptSyncDaemon() {
	for _, i := range b.insts {
		switch {
		case i.syncInterface == "":
		case b.global.LVSSyncDaemon != nil:
			b.report(alreadySet, i.place("lvs_sync_daemon_interface"), "(%s) lvs_sync_daemon_interface has already been specified as %s - ignoring", i.Name, b.global.LVSSyncDaemon.Interface)
		default:
			b.global.LVSSyncDaemon = &SyncDaemon{Interface: i.syncInterface, Instance: i.Name}
			b.global.syncPos = i.place("lvs_sync_daemon_interface")
		}
	}
}
