package conf

import "time"

// rawGARPGroup is a garp_group that is being read.
type rawGARPGroup struct {
	GARPGroup
	pos   Pos
	set   bool // a time was given, be it 0
	wants []namedPos
}

// namedPos is a name and where it stands.
type namedPos struct {
	name string
	pos  Pos
}

// rawLinks are the settings of links, checked when dynamic_interfaces is known.
type rawLinks struct {
	garp   *rawGARPGroup // that is open
	groups []*rawGARPGroup
	owner  map[string]bool // interfaces that have a garp_group
	polls  []LinkPoll
	delays []LinkDelay
	place  map[blockName]int // of an interface in polls or delays
	wants  []linkWant
}

// linkWant is an interface that must be there, with the keyword that wants it.
type linkWant struct {
	namedPos
	what string
}

func openGARPGroup(b *builder, _ *Keyword, s Statement) {
	b.links.garp = &rawGARPGroup{pos: s.Pos}
}

func garpGroupSetters() blockSetters {
	m := blockSetters{
		"garp_interval": setGARPInterval(func(g *rawGARPGroup) *time.Duration { return &g.GARPInterval }),
		"gna_interval":  setGARPInterval(func(g *rawGARPGroup) *time.Duration { return &g.GNAInterval }),
		"interface":     func(b *builder, _ *Keyword, s Statement) { b.garpInterface(s.Words[1].Text, s.PosOf(1)) },
		"interfaces": func(b *builder, _ *Keyword, s Statement) {
			for i, w := range s.Words {
				b.garpInterface(w.Text, s.PosOf(i))
			}
		},
	}
	return m
}

func setGARPInterval(field func(*rawGARPGroup) *time.Duration) setter {
	return func(b *builder, kw *Keyword, s Statement) {
		b.links.garp.set = true
		if d, ok := b.durationArg(kw, s); ok {
			*field(b.links.garp) = d
		}
	}
}

func (b *builder) garpInterface(name string, pos Pos) {
	if b.links.owner == nil {
		b.links.owner = map[string]bool{}
	}
	if b.links.owner[name] {
		b.report(duplicateItem, pos, "garp_group: %s is in a garp_group already - ignoring", name)
		return
	}
	b.links.owner[name] = true
	b.links.garp.wants = append(b.links.garp.wants, namedPos{name, pos})
}

func (b *builder) closeGARPGroup() {
	g := b.links.garp
	b.links.garp = nil
	switch {
	case g == nil:
	case !g.set:
		b.reportEnd(incompleteBlock, g.pos, "garp_group has neither garp_interval nor gna_interval - removing")
	case len(g.wants) == 0:
		b.report(groupWithoutLink, g.pos, "garp_group names no interface: it has no effect")
	default:
		b.links.groups = append(b.links.groups, g)
	}
}

// addLinkPoll reads "<ifname> [MII|ETHTOOL|IOCTL]".
func addLinkPoll(b *builder, kw *Keyword, s Statement) {
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
	b.wantLink(kw, s)
	if i, again := b.linkPlace(kw, s, len(b.links.polls)); again {
		b.links.polls[i] = p
	} else {
		b.links.polls = append(b.links.polls, p)
	}
}

// addLinkDelay reads "<ifname> <down> [<up>]", in seconds.
func addLinkDelay(b *builder, kw *Keyword, s Statement) {
	b.wantLink(kw, s)
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
	if i, again := b.linkPlace(kw, s, len(b.links.delays)); again {
		b.links.delays[i] = d
	} else {
		b.links.delays = append(b.links.delays, d)
	}
}

// linkPlace finds an interface that is in the list of kw already: the last
// line counts. A new one gets the place next.
func (b *builder) linkPlace(kw *Keyword, s Statement, next int) (place int, again bool) {
	if b.links.place == nil {
		b.links.place = map[blockName]int{}
	}
	key := blockName{kw.Name, s.Words[0].Text}
	if place, again = b.links.place[key]; again {
		b.report(overwritten, s.Pos, "%s: %s is listed twice: the first line has no effect", kw.Name, s.Words[0].Text)
		return place, true
	}
	b.links.place[key] = next
	return next, false
}

func (b *builder) wantLink(kw *Keyword, s Statement) {
	b.links.wants = append(b.links.wants, linkWant{namedPos{s.Words[0].Text, s.Pos}, kw.Name})
}

// finishLinks checks the interfaces of linkbeat, delays and GARP groups.
func (b *builder) finishLinks() {
	for _, w := range b.links.wants {
		if !b.interfaceExists(w.name) {
			b.report(linkMissing, w.pos, "unknown interface %s specified for %s", w.name, w.what)
		}
	}
	for _, g := range b.links.groups {
		for _, w := range g.wants {
			b.wantInterface(w.pos, w.name, "garp_group")
			g.Interfaces = append(g.Interfaces, w.name)
		}
		b.cfg.GARPGroups = append(b.cfg.GARPGroups, g.GARPGroup)
	}
	b.cfg.LinkPolls, b.cfg.LinkDelays = b.links.polls, b.links.delays
}
