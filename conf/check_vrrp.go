package conf

// finish resolves what could only be known at the end of the file.
func (b *builder) finish() {
	b.finishGlobal()
	b.finishCommands()
	b.finishScripts()
	b.finishProcesses()
	b.finishBFDs()
	b.finishLinkLists()
	b.finishStatics()
	b.finishTrackGroups()
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
	b.cfg.Defaults = b.global.defaults()
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
				b.report(danglingName, m.Pos, "instance %s of sync group %s does not exist - ignoring", m.Words[0].Text, g.Name)
			case i.group != nil:
				b.report(secondGroup, m.Pos, "instance %s is in a sync group already - ignoring it in %s", i.Name, g.Name)
			default:
				i.group = g
				g.Members = append(g.Members, i.Name)
			}
		}
		switch len(g.Members) {
		case 0:
			b.report(incompleteBlock, g.pos, "Sync group %s has no member that exists - removing", g.Name)
			b.dropHooks(&g.Notify)
			continue
		case 1:
			b.report(loneMember, g.pos, "Sync group %s has only one member", g.Name)
		}
		g.Notify.PriorityChange = g.prioMaybe.or(b.global.prioChanges)
		g.SMTPAlert = b.global.alerts.ofVRRP(g.smtpAlert)
		b.finishGroupTracking(g)
		b.cfg.SyncGroups = append(b.cfg.SyncGroups, g.SyncGroup)
	}
}

// finishSyncDaemon resolves the instance that lvs_sync_daemon follows.
// keepalived -t says nothing of what is missing here.
func (b *builder) finishSyncDaemon() {
	b.adoptSyncDaemon()
	d := b.global.LVSSyncDaemon
	if d == nil {
		return
	}
	if !b.interfaceExists(d.Interface) {
		b.report(interfaceMissing, b.global.syncPos, "interface %s for lvs_sync_daemon doesn't exist", d.Interface).Class = ClassNone
	}
	if d.Instance == "" {
		return
	}
	i := b.instOf[d.Instance]
	if i == nil {
		b.report(danglingName, b.global.syncPos, "lvs_sync_daemon: instance %s doesn't exist - ignoring lvs_sync_daemon", d.Instance).Class = ClassNone
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
