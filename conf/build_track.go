package conf

import (
	"time"
)

// rawScript is a vrrp_script that is being read.
type rawScript struct {
	TrackScript
	pos         Pos
	cmd         *Command
	args        *rawCommand
	user, group string
	timeout     maybe[time.Duration]
}

// rawFile is a track_file that is being read.
type rawFile struct {
	TrackFile
	pos Pos
}

func openScript(b *builder, _ *Keyword, s Statement) {
	name := s.Words[1].Text
	if b.scriptOf[name] != nil {
		b.report(silentDuplicate, s.PosOf(1), "vrrp_script %s is already defined - ignoring this one", name)
		b.refuse = true
		return
	}
	b.script = &rawScript{pos: s.Pos, TrackScript: TrackScript{Name: name, Interval: time.Second, Rise: 1, Fall: 1}}
	b.scripts = append(b.scripts, b.script)
	b.scriptOf[name] = b.script
}

func scriptSetters() blockSetters {
	return blockSetters{
		"script": func(b *builder, _ *Keyword, s Statement) {
			if c := b.replaceScript(&b.script.cmd, "track script "+b.script.Name, s); c != nil {
				c.tracked = true
				b.script.args = c
			}
		},
		"interval": func(b *builder, kw *Keyword, s Statement) {
			if n, ok := b.atLeastOne(kw, s); ok {
				b.script.Interval = seconds(n, kw.value.places)
			}
		},
		"timeout": func(b *builder, kw *Keyword, s Statement) {
			if n, ok := b.atLeastOne(kw, s); ok {
				b.script.timeout = some(seconds(n, kw.value.places))
			}
		},
		"weight": func(b *builder, kw *Keyword, s Statement) { b.weight(kw, s, &b.script.Weight, &b.script.Reverse) },
		"rise":   func(b *builder, kw *Keyword, s Statement) { b.count(kw, s, &b.script.Rise) },
		"fall":   func(b *builder, kw *Keyword, s Statement) { b.count(kw, s, &b.script.Fall) },
		"user": func(b *builder, _ *Keyword, s Statement) {
			b.script.user, b.script.group = userAndGroup(s)
		},
		"init_fail": func(b *builder, _ *Keyword, _ Statement) { b.script.InitFail = true },
	}
}

func userAndGroup(s Statement) (user, group string) {
	user = s.Words[1].Text
	if len(s.Words) > 2 {
		group = s.Words[2].Text
		if len(group) > 1 && group[0] == ':' {
			group = group[1:]
		}
	}
	return user, group
}

// weight reads "<int> [reverse|noreverse]".
func (b *builder) weight(kw *Keyword, s Statement, weight *int, reverse *bool) {
	n, ok := b.intArg(kw, s)
	if !ok {
		return
	}
	*weight, *reverse = n, false
	if len(s.Words) > 2 {
		switch s.Words[2].Text {
		case "reverse":
			*reverse = true
		case "noreverse":
		default:
			b.report(badWord, s.PosOf(2), "weight: unknown option '%s' - ignoring", s.Words[2].Text)
		}
	}
}

// count reads a number into an int.
func (b *builder) count(kw *Keyword, s Statement, dst *int) {
	if n, ok := b.uintArg(kw, s, 1); ok {
		*dst = int(n)
	}
}

func openFile(b *builder, _ *Keyword, s Statement) {
	name := s.Words[1].Text
	if b.fileOf[name] != nil {
		b.report(duplicateName, s.PosOf(1), "track_file %s already defined - ignoring", name)
		b.refuse = true
		return
	}
	b.file = &rawFile{pos: s.Pos, TrackFile: TrackFile{Name: name, Weight: 1}}
	b.files = append(b.files, b.file)
	b.fileOf[name] = b.file
}

func fileSetters() blockSetters {
	return blockSetters{
		"file":   func(b *builder, _ *Keyword, s Statement) { b.file.Path = s.Words[1].Text },
		"weight": func(b *builder, kw *Keyword, s Statement) { b.weight(kw, s, &b.file.Weight, &b.file.Reverse) },
		"init_file": func(b *builder, kw *Keyword, s Statement) {
			b.file.InitFile = true
			for i, w := range s.Args() {
				if w.Text == "overwrite" {
					b.file.Overwrite = true
				} else if neg, n, ok := b.numberArg(kw.Name, kw.value, s, i+1); ok {
					b.file.InitValue = int(n)
					if neg {
						b.file.InitValue = -int(n)
					}
				}
			}
		},
	}
}

// finishScripts keeps the scripts that can run.
func (b *builder) finishScripts() {
	for _, s := range b.scripts {
		if s.args == nil {
			b.report(incompleteBlock, s.pos, "No script set for vrrp_script %s - removing", s.Name)
			continue
		}
		if s.cmd == nil {
			continue // finishCommands has said why
		}
		s.Command = *s.cmd
		s.Timeout = s.timeout.or(s.Interval)
		b.cfg.Scripts = append(b.cfg.Scripts, s.TrackScript)
	}
	for _, f := range b.files {
		if f.Path == "" {
			b.report(incompleteBlock, f.pos, "No file set for track_file %s - ignoring", f.Name)
			continue
		}
		b.cfg.TrackFiles = append(b.cfg.TrackFiles, f.TrackFile)
	}
}

// rawTrack is a reference to a tracker as it was written.
type rawTrack struct {
	Track
	pos      Pos
	weighted bool // has a weight of its own
}

// rawTracking lists the references of an instance or a group.
type rawTracking struct{ interfaces, scripts, files []rawTrack }

// trackItem reads "<name> [weight <int> [reverse|noreverse]]" into list, with
// the tracker's own weight and direction as defaults. limit is the largest weight.
func (b *builder) trackItem(owner string, s Statement, list *[]rawTrack, def Track, limit int) {
	t := rawTrack{Track: def, pos: s.Pos}
	for _, old := range *list {
		if old.Name == t.Name {
			b.report(duplicateItem, s.Pos, "(%s) duplicate %s tracked - ignoring", owner, t.Name)
			return
		}
	}
	for i := 1; i < len(s.Words); i++ {
		switch word := s.Words[i].Text; {
		case word == "weight" && i+1 < len(s.Words):
			i++
			if n, ok := b.trackWeight(owner, t.Name, s, i, limit); ok {
				t.Weight, t.weighted = n, true
			}
		case word == "reverse":
			t.Reverse = true
		case word == "noreverse":
			t.Reverse = false
		default:
			b.report(badWord, s.PosOf(i), "(%s) unknown track option '%s' of %s - ignoring", owner, word, t.Name)
			return
		}
	}
	*list = append(*list, t)
}

func (b *builder) trackWeight(owner, name string, s Statement, i, limit int) (int, bool) {
	v := valueSpec{kind: valueInt, lowNeg: true, low: 254, high: 254}
	neg, n, ok := b.numberArg("weight", v, s, i)
	if ok && int(n) > limit {
		b.report(weightClamped, s.PosOf(i), "(%s) weight for %s cannot be +/-254. Setting to +/-253", owner, name)
		n = uint64(limit)
	}
	if neg {
		return -int(n), ok
	}
	return int(n), ok
}

// trackSetters are the track_* lists that instances and groups share.
func trackSetters(owner func(*builder) (string, *rawTracking)) blockSetters {
	return blockSetters{
		"track_interface": func(b *builder, _ *Keyword, s Statement) {
			name, t := owner(b)
			b.trackItem(name, s, &t.interfaces, Track{Name: s.Words[0].Text}, 253)
		},
		"track_script": func(b *builder, _ *Keyword, s Statement) {
			name, t := owner(b)
			ref := b.scriptOf[s.Words[0].Text]
			if ref == nil || ref.args == nil {
				b.report(danglingName, s.Pos, "(%s) track script %s not found, ignoring...", name, s.Words[0].Text)
				return
			}
			b.trackItem(name, s, &t.scripts, Track{ref.Name, ref.Weight, ref.Reverse}, 253)
		},
		"track_file": func(b *builder, _ *Keyword, s Statement) {
			name, t := owner(b)
			ref := b.fileOf[s.Words[0].Text]
			if ref == nil || ref.Path == "" {
				b.report(danglingName, s.Pos, "(%s) track file %s not found, ignoring...", name, s.Words[0].Text)
				return
			}
			b.trackItem(name, s, &t.files, Track{ref.Name, ref.Weight, ref.Reverse}, 254)
		},
	}
}

// itemCheckers judge the items of lists that halbd does not act on, as far as
// references go.
var itemCheckers = map[string]setter{
	"track_process":            func(b *builder, kw *Keyword, s Statement) { b.checkReference("vrrp_track_process", "track process", s) },
	"linkbeat_interfaces":      (*builder).checkLinkInterface,
	"interface_up_down_delays": (*builder).checkLinkInterface,
	"track_bfd":                func(b *builder, kw *Keyword, s Statement) { b.checkReference("bfd_instance", "BFD instance", s) },
}

// checkLinkInterface complains about an interface that linkbeat or delays are for.
func (b *builder) checkLinkInterface(kw *Keyword, s Statement) {
	if b.opt.Host != nil && !b.opt.Host.InterfaceExists(s.Words[0].Text) {
		b.report(linkMissing, s.Pos, "unknown interface %s specified for %s", s.Words[0].Text, kw.Name)
	}
}

func (b *builder) checkReference(block, what string, s Statement) {
	if !b.names[blockName{block, s.Words[0].Text}] {
		b.report(danglingName, s.Pos, "%s %s not found, ignoring...", what, s.Words[0].Text)
	}
}
