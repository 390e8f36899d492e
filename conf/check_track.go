package conf

import "slices"

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
	b.checkBothTracked(i)
	i.Track.Interfaces = b.interfaces(i.Name, interfaces)
	i.Track.Scripts = b.runnable(i.Name, b.unweighted(i, i.track.scripts, "tracked script", owner, member))
	i.Track.Files = b.kept(b.unweightedFiles(i, owner, member), nil)
	i.Track.Processes = b.kept(b.ownerProcesses(i, owner), nil)
	i.Track.BFDs = b.kept(b.unweighted(i, i.track.bfds, "tracked bfd", owner, member), b.bfdRuns)
}

// ownerProcesses drops the weighted processes of an address owner, whose
// priority nothing changes. keepalived does it without a word.
func (b *builder) ownerProcesses(i *rawInstance, owner bool) []rawTrack {
	return slices.DeleteFunc(slices.Clone(i.track.processes), func(t rawTrack) bool {
		if owner && t.Weight != 0 {
			b.report(weightIgnored, t.pos, "(%s) ignoring tracked process %s with weights due to address_owner", i.Name, t.Name).Class = ClassNone
		}
		return owner && t.Weight != 0
	})
}

// checkBothTracked complains about interfaces that an instance and its group track.
func (b *builder) checkBothTracked(i *rawInstance) {
	if i.group == nil {
		return
	}
	for _, t := range i.track.interfaces {
		if i.group.track.listed[blockName{"track_interface", t.Name}] {
			b.report(duplicateItem, t.pos, "(%s) track_interface %s stands in the instance and in its sync group %s", i.Name, t.Name, i.group.Name).
				fix("track it in one of the two")
		}
	}
}

// finishGroupTracking keeps the references of a group. They count for every
// member, so they have no weight if a member owns its addresses.
func (b *builder) finishGroupTracking(g *rawGroup) {
	owner := slices.ContainsFunc(g.Members, func(name string) bool { return b.instOf[name].basePriority() == 255 })
	cleared := func(what string, list []rawTrack) []rawTrack {
		list = slices.Clone(list)
		for n := range list {
			if t := &list[n]; owner && t.Weight != 0 {
				b.report(weightIgnored, t.pos, "(%s) cannot have weighted %s '%s' with a member of priority 255 - setting weight 0", g.Name, what, t.Name)
				t.Weight, t.Reverse = 0, false
			}
		}
		return list
	}
	g.Track = Tracking{
		Interfaces: b.interfaces(g.Name, cleared("track interface", g.track.interfaces)),
		Scripts:    b.runnable(g.Name, cleared("track script", g.track.scripts)),
		Files:      b.kept(cleared("track file", g.track.files), nil),
		Processes:  b.kept(cleared("track process", g.track.processes), nil),
		BFDs:       b.kept(cleared("track bfd", g.track.bfds), b.bfdRuns),
	}
}

// basePriority is priority, or what stands for it when it is not written.
func (i *rawInstance) basePriority() uint8 {
	if !i.priority.set && i.state == "MASTER" {
		return 255
	}
	return i.priority.or(100)
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
			if t := &list[n]; !t.weighted && b.fileOf[t.Name].Weight == 1 {
				b.report(weightIgnored, t.pos, "(%s) ignoring weight of tracked file %s due to SYNC group", i.Name, t.Name).fix("write weight 0 behind it")
				t.Weight = 0
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

// runnable keeps the references to scripts that survived finishCommands, and
// tells of those that did not: nothing is tracked where one was asked for.
func (b *builder) runnable(owner string, list []rawTrack) []Track {
	return b.kept(slices.DeleteFunc(slices.Clone(list), func(t rawTrack) bool {
		lost := b.scriptOf[t.Name].cmd == nil
		if lost {
			d := b.report(danglingName, t.pos, "(%s) track script %s cannot be run - ignoring", owner, t.Name)
			d.Class = ClassNone // that of the reason stands
			d.fix("mend vrrp_script %s, or remove the line", t.Name)
		}
		return lost
	}), nil)
}
