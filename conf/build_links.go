package conf

import "time"

// rawGARPGroup is a garp_group that is being read.
type rawGARPGroup struct {
	GARPGroup
	pos   Pos
	set   bool       // a time was given, be it 0
	list  []namedPos // of the interfaces { } that is open
	wants []namedPos
}

// namedPos is a name and where it stands.
type namedPos struct {
	name string
	pos  Pos
	end  int // the line that keepalived names; 0: that of pos
}

// rawLinks are the settings of links, checked when dynamic_interfaces is known.
type rawLinks struct {
	garp   *rawGARPGroup // that is open
	groups []*rawGARPGroup
	owner  map[string]bool // interfaces that have a garp_group
	polls  []LinkPoll
	delays []LinkDelay
	place  map[blockName]int // of an interface in polls or delays
	lines  []linkLine
}

// linkLine is a line of a list of links.
type linkLine struct {
	kw *Keyword
	s  Statement
}

func openGARPGroup(b *builder, _ *Keyword, s Statement) {
	b.linkLists.garp = &rawGARPGroup{pos: s.Pos}
}

func garpGroupSetters() blockSetters {
	return blockSetters{
		"garp_interval": setGARPInterval(func(g *rawGARPGroup) *time.Duration { return &g.GARPInterval }),
		"gna_interval":  setGARPInterval(func(g *rawGARPGroup) *time.Duration { return &g.GNAInterval }),
		"interface":     func(b *builder, _ *Keyword, s Statement) { b.garpInterface(namedPos{s.Words[1].Text, s.PosOf(1), 0}) },
		"interfaces": func(b *builder, _ *Keyword, s Statement) {
			for i, w := range s.Words {
				b.linkLists.garp.list = append(b.linkLists.garp.list, namedPos{name: w.Text, pos: s.PosOf(i)})
			}
		},
	}
}

func setGARPInterval(field func(*rawGARPGroup) *time.Duration) setter {
	return func(b *builder, kw *Keyword, s Statement) {
		b.linkLists.garp.set = true
		if d, ok := b.durationArg(kw, s); ok {
			*field(b.linkLists.garp) = d
		}
	}
}

// garpInterface puts an interface under the pace of the open group.
func (b *builder) garpInterface(w namedPos) {
	if b.linkLists.owner == nil {
		b.linkLists.owner = map[string]bool{}
	}
	if b.linkLists.owner[w.name] {
		b.report(duplicateItem, w.pos, "garp_group: %s is in a garp_group already - ignoring", w.name).End = w.end
		return
	}
	b.linkLists.owner[w.name] = true
	b.linkLists.garp.wants = append(b.linkLists.garp.wants, w)
}

// closeInterfaces ends interfaces { } of a garp_group.
func (b *builder) closeInterfaces() {
	if b.linkLists.garp == nil {
		return
	}
	for _, w := range b.linkLists.garp.list {
		if w.pos.File == b.ends.File {
			w.end = b.ends.Line
		}
		b.garpInterface(w)
	}
	b.linkLists.garp.list = nil
}

func (b *builder) closeGARPGroup() {
	g := b.linkLists.garp
	b.linkLists.garp = nil
	switch {
	case g == nil:
	case !g.set:
		b.reportEnd(incompleteBlock, g.pos, "garp_group has neither garp_interval nor gna_interval - removing")
	case len(g.wants) == 0:
		b.report(groupWithoutLink, g.pos, "garp_group names no interface: it has no effect")
	default:
		b.linkLists.groups = append(b.linkLists.groups, g)
	}
}

// addLinkLine keeps a line of linkbeat_interfaces or interface_up_down_delays:
// keepalived does not look at one whose interface does not exist.
func addLinkLine(b *builder, kw *Keyword, s Statement) {
	b.linkLists.lines = append(b.linkLists.lines, linkLine{kw, s})
}

// finishLinkPoll reads "<ifname> [MII|ETHTOOL|IOCTL]".
func (b *builder) finishLinkPoll(kw *Keyword, s Statement) {
	p := LinkPoll{Interface: s.Words[0].Text}
	if len(s.Words) > 1 {
		if _, ok := b.table.lookup("linkbeat_interfaces/value", s.Words[1].Text); ok && len(s.Words) == 2 {
			p.Method = s.Words[1].Text
		} else {
			i := min(len(s.Words)-1, 2)
			if !ok {
				i = 1
			}
			b.report(badWord, s.PosOf(i), "linkbeat_interfaces: '%s' is not expected behind %s - ignoring the method", s.Words[i].Text, p.Interface).
				fix("write one of MII, ETHTOOL and IOCTL, or none")
		}
	}
	if i, again := b.linkPlace(kw, s, len(b.linkLists.polls)); again {
		b.linkLists.polls[i] = p
	} else {
		b.linkLists.polls = append(b.linkLists.polls, p)
	}
}

// finishLinkDelay reads a line of interface_up_down_delays, in seconds.
func (b *builder) finishLinkDelay(kw *Keyword, s Statement) {
	d := LinkDelay{Interface: s.Words[0].Text}
	if len(s.Words) == 1 {
		b.report(missingValue, s.Pos, "interface_up_down_delays: %s has no delay: the line has no effect", d.Interface).Class = ClassNone
		return
	}
	v := valueSpec{kind: valueDecimal, places: 6}
	v.setRange(b.optionRange(kw.Name, "<ifname>"))
	ok := true
	for i, dst := range []*time.Duration{&d.Down, &d.Up} {
		if i+1 < len(s.Words) {
			_, n, valid := b.numberArg("delay of "+d.Interface, v, s, i+1)
			*dst, ok = seconds(n, v.places), ok && valid
		}
	}
	if !ok {
		return
	}
	if i, again := b.linkPlace(kw, s, len(b.linkLists.delays)); again {
		b.linkLists.delays[i] = d
	} else {
		b.linkLists.delays = append(b.linkLists.delays, d)
	}
}

// linkPlace finds an interface that is in the list of kw already: the last
// line counts. A new one gets the place next.
func (b *builder) linkPlace(kw *Keyword, s Statement, next int) (place int, again bool) {
	if b.linkLists.place == nil {
		b.linkLists.place = map[blockName]int{}
	}
	key := blockName{kw.Name, s.Words[0].Text}
	if place, again = b.linkLists.place[key]; again {
		b.report(overwritten, s.Pos, "%s: %s is listed twice: the first line has no effect", kw.Name, s.Words[0].Text)
		return place, true
	}
	b.linkLists.place[key] = next
	return next, false
}

// finishLinkLists checks the interfaces of linkbeat, delays and GARP groups.
func (b *builder) finishLinkLists() {
	for _, l := range b.linkLists.lines {
		if !b.interfaceExists(l.s.Words[0].Text) {
			b.report(linkMissing, l.s.Pos, "unknown interface %s specified for %s", l.s.Words[0].Text, l.kw.Name)
		} else if l.kw.Name == "linkbeat_interfaces" {
			b.finishLinkPoll(l.kw, l.s)
		} else {
			b.finishLinkDelay(l.kw, l.s)
		}
	}
	for _, g := range b.linkLists.groups {
		for _, w := range g.wants {
			if !b.interfaceExists(w.name) {
				b.noInterface = true
				b.report(interfaceMissing, w.pos, "interface %s of a garp_group doesn't exist", w.name).End = w.end
			}
			g.Interfaces = append(g.Interfaces, w.name)
		}
		b.cfg.GARPGroups = append(b.cfg.GARPGroups, g.GARPGroup)
	}
	b.cfg.LinkPolls, b.cfg.LinkDelays = b.linkLists.polls, b.linkLists.delays
}
