package conf

// rawTrack is a reference to a tracker as it was written.
type rawTrack struct {
	Track
	pos      Pos
	weighted bool // has a weight of its own
}

// rawTracking lists the references of an instance or a group.
type rawTracking struct {
	interfaces, scripts, files, processes, bfds []rawTrack

	listed map[blockName]bool // what stands in them, by keyword and name
}

// add puts a reference into the list of a keyword.
func (t *rawTracking) add(list *[]rawTrack, keyword string, ref rawTrack) {
	if t.listed == nil {
		t.listed = map[blockName]bool{}
	}
	t.listed[blockName{keyword, ref.Name}] = true
	*list = append(*list, ref)
}

// trackItem reads "<name> [weight <int> [reverse|noreverse]]" into list, with
// the tracker's own weight and direction as defaults. Words behind that are
// dropped, as everywhere.
func (b *builder) trackItem(owner string, all *rawTracking, kw *Keyword, s Statement, list *[]rawTrack, def Track) {
	t := rawTrack{Track: def, pos: s.Pos}
	if all.listed[blockName{kw.Name, t.Name}] {
		b.report(duplicateItem, s.Pos, "(%s) duplicate %s %s - ignoring", owner, kw.Name, t.Name)
		return
	}
	block := kw.Block + "/" + kw.Name + "/item"
	if len(s.Words) > 1 {
		if s.Words[1].Text != "weight" {
			b.badTrackOption(owner, kw, s, 1)
			return
		}
		if len(s.Words) < 3 {
			b.report(missingValue, s.PosOf(1), "(%s) weight of %s %s has no value - ignoring it", owner, kw.Name, t.Name)
		} else if n, ok := b.trackWeight(owner, kw, s); ok {
			t.Weight, t.weighted = n, true
		}
	}
	if len(s.Words) > 3 {
		if _, known := b.table.lookup(block, s.Words[3].Text); !known || s.Words[3].Text == "weight" {
			b.badTrackOption(owner, kw, s, 3)
			return
		}
		t.Reverse = s.Words[3].Text == "reverse"
	}
	if len(s.Words) > 4 {
		b.report(surplusWord, s.PosOf(4), "(%s) %s %s: '%s' and what follows has no effect", owner, kw.Name, t.Name, s.Words[4].Text)
	}
	all.add(list, kw.Name, t)
}

func (b *builder) badTrackOption(owner string, kw *Keyword, s Statement, i int) {
	b.report(badWord, s.PosOf(i), "(%s) %s %s: unknown option '%s' - ignoring", owner, kw.Name, s.Words[0].Text, s.Words[i].Text).
		fix("write weight, its number, then reverse if the sign is to be turned")
}

// trackWeight reads the weight of an item. keepalived lowers 254 to 253 for
// interfaces and scripts, and refuses it for BFD sessions.
func (b *builder) trackWeight(owner string, kw *Keyword, s Statement) (int, bool) {
	v := valueSpec{kind: valueInt}
	v.setRange(b.optionRange(kw.Block+"/"+kw.Name+"/item", "weight"))
	if kw.Name == "track_interface" || kw.Name == "track_script" {
		if neg, n, ok := scaled(s.Words[2].Text, 0); ok && n == v.high+1 {
			b.report(weightClamped, s.PosOf(2), "(%s) weight for %s cannot be +/-%d. Setting to +/-%d", owner, s.Words[0].Text, n, v.high)
			if neg {
				return -int(v.high), true
			}
			return int(v.high), true
		}
	}
	neg, n, ok := b.numberArg("weight", v, s, 2)
	if neg {
		return -int(n), ok
	}
	return int(n), ok
}

// trackSetters are the track_* lists that instances and groups share.
func trackSetters(owner func(*builder) (string, *rawTracking)) blockSetters {
	// named makes the setter of a list of trackers that are defined above it.
	named := func(what string, find func(*builder, string) (Track, bool), list func(*rawTracking) *[]rawTrack) setter {
		return func(b *builder, kw *Keyword, s Statement) {
			name, t := owner(b)
			def, ok := find(b, s.Words[0].Text)
			if !ok {
				d := b.report(danglingName, s.Pos, "(%s) %s %s not found, ignoring...", name, what, s.Words[0].Text)
				if kw.Name == "track_bfd" && b.bfdOf[s.Words[0].Text] != nil {
					d.fix("its events go to the checkers alone; write vrrp beside checker in it, or neither")
				}
				return
			}
			b.trackItem(name, t, kw, s, list(t), def)
		}
	}
	return blockSetters{
		"track_interface": func(b *builder, kw *Keyword, s Statement) {
			name, t := owner(b)
			b.trackItem(name, t, kw, s, &t.interfaces, Track{Name: s.Words[0].Text})
		},
		"track_script": named("track script", func(b *builder, name string) (Track, bool) {
			if ref := b.scriptOf[name]; ref != nil && ref.args != nil {
				return Track{ref.Name, ref.Weight, ref.Reverse}, true
			}
			return Track{}, false
		}, func(t *rawTracking) *[]rawTrack { return &t.scripts }),
		"track_file": named("track file", func(b *builder, name string) (Track, bool) {
			if ref := b.fileOf[name]; ref != nil && ref.Path != "" {
				return Track{ref.Name, ref.Weight, ref.Reverse}, true
			}
			return Track{}, false
		}, func(t *rawTracking) *[]rawTrack { return &t.files }),
		"track_process": named("track process", func(b *builder, name string) (Track, bool) {
			if ref := b.processOf[name]; ref != nil {
				return Track{ref.Name, ref.Weight, ref.Reverse}, true
			}
			return Track{}, false
		}, func(t *rawTracking) *[]rawTrack { return &t.processes }),
		"track_bfd": named("track bfd", func(b *builder, name string) (Track, bool) {
			if ref := b.bfdOf[name]; ref != nil && (ref.VRRP || ref.dropped) {
				return Track{ref.Name, ref.Weight, ref.Reverse}, true
			}
			return Track{}, false
		}, func(t *rawTracking) *[]rawTrack { return &t.bfds }),
	}
}
