package conf

// rawRouting is what the builder keeps of routes, rules and track groups.
type rawRouting struct {
	staticRoutes   []rawRoute
	staticRules    []rawRule
	trackGroups    []*rawTrackGroup
	trackGroupOf   map[string]*rawTrackGroup
	trackGroup     *rawTrackGroup // the open one
	autoPriorities uint32         // rules without priority so far
}

// rawTrackGroup is a track_group that is being read.
type rawTrackGroup struct {
	name    string
	pos     Pos
	lists   int         // group blocks
	members []Statement // words of the first one
	listPos Pos
}

func openTrackGroup(b *builder, _ *Keyword, s Statement) {
	b.trackGroup = nil
	if len(s.Words) != 2 {
		b.report(missingValue, s.Pos, "track_group must have a name, and nothing else - skipping")
		b.refuse = true
		return
	}
	name := s.Words[1].Text
	if b.trackGroupOf[name] != nil {
		b.report(duplicateName, s.PosOf(1), "track_group %s already defined", name)
		b.refuse = true
		return
	}
	b.trackGroup = &rawTrackGroup{name: name, pos: s.Pos}
	b.trackGroups = append(b.trackGroups, b.trackGroup)
	if b.trackGroupOf == nil {
		b.trackGroupOf = map[string]*rawTrackGroup{}
	}
	b.trackGroupOf[name] = b.trackGroup
}

// openTrackMembers begins a group block inside a track_group; a second one is refused.
func (b *builder) openTrackMembers(s Statement) {
	g := b.trackGroup
	if g.lists++; g.lists > 1 {
		b.report(alreadySet, s.Pos, "Group list already specified for track group %s - ignoring", g.name)
		b.refuse = true
		return
	}
	g.listPos = s.Pos
}

func trackGroupSetters() blockSetters {
	return blockSetters{
		"group": func(b *builder, _ *Keyword, s Statement) {
			for i := range s.Words {
				b.trackGroup.members = append(b.trackGroup.members, Statement{Pos: s.PosOf(i), Words: s.Words[i : i+1]})
			}
		},
	}
}

// finishTrackGroups keeps the members that exist. keepalived says nothing of
// the others, nor of a group without members.
func (b *builder) finishTrackGroups() {
	for _, raw := range b.trackGroups {
		g := TrackGroup{Name: raw.name}
		seen := map[string]bool{}
		for _, m := range raw.members {
			name := m.Words[0].Text
			switch {
			case seen[name]:
				b.report(duplicateItem, m.Pos, "track_group %s has %s already - ignoring", raw.name, name).Class = ClassNone
			case b.instOf[name] == nil:
				b.report(danglingName, m.Pos, "Virtual router %s specified in track_group %s doesn't exist - ignoring", name, raw.name).Class = ClassNone
			default:
				g.Members = append(g.Members, name)
			}
			seen[name] = true
		}
		switch {
		case raw.lists > 0 && len(raw.members) == 0:
			b.report(incompleteBlock, raw.listPos, "Warning - track group %s has empty group block", raw.name)
		case len(g.Members) == 0:
			d := b.report(incompleteBlock, raw.pos, "track_group %s has no members: what it tracks faults nobody", raw.name)
			d.Severity, d.Class = Warning, ClassNone
		}
		b.cfg.TrackGroups = append(b.cfg.TrackGroups, g)
	}
}
