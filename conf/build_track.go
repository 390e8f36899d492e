package conf

import (
	"errors"
	"strconv"
	"time"
)

// rawScript is a vrrp_script that is being read.
type rawScript struct {
	TrackScript
	pos         Pos
	cmd         *Command
	args        *rawCommand
	user, group string
	userPos     Pos
	timeout     maybe[time.Duration]
	shadow      bool // of a name that is taken: read, and dropped
}

// rawFile is a track_file that is being read.
type rawFile struct {
	TrackFile
	pos    Pos
	shadow bool // of a name that is taken: read, and dropped
}

func openScript(b *builder, _ *Keyword, s Statement) {
	name := s.Words[1].Text
	b.script = &rawScript{pos: s.Pos, TrackScript: TrackScript{Name: name, Interval: time.Second, Rise: 1, Fall: 1}}
	if b.scriptOf[name] != nil {
		b.report(silentDuplicate, s.PosOf(1), "vrrp_script %s is already defined - ignoring this one", name)
		b.script.shadow = true
		return
	}
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
			if b.script.user != "" {
				b.overruled = append(b.overruled, namedAccount{b.script.user, b.script.group, b.script.userPos})
			}
			b.script.user, b.script.group = userAndGroup(s)
			b.script.userPos = s.Pos
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

// closeScript completes the vrrp_script that ends.
func (b *builder) closeScript() {
	s := b.script
	b.script = nil
	switch {
	case s == nil:
	case s.args == nil:
		b.reportEnd(incompleteBlock, s.pos, "No script set for vrrp_script %s - removing", s.Name)
	case s.shadow:
		s.args.gone = true
	default:
		s.args.end = b.ends.Line
		if s.user != "" {
			s.args.user, s.args.group, s.args.accountPos = s.user, s.group, s.userPos
		}
	}
}

// weight reads "<int> [reverse]".
func (b *builder) weight(kw *Keyword, s Statement, weight *int, reverse *bool) bool {
	n, ok := b.intArg(kw, s)
	if !ok {
		return false
	}
	*weight, *reverse = n, false
	if len(s.Words) > 2 {
		if s.Words[2].Text == "reverse" {
			*reverse = true
		} else {
			b.report(badWord, s.PosOf(2), "weight: unknown option '%s' - ignoring", s.Words[2].Text)
		}
	}
	return true
}

// count reads a number into an int.
func (b *builder) count(kw *Keyword, s Statement, dst *int) {
	if n, ok := b.uintArg(kw, s, 1); ok {
		*dst = int(n)
	}
}

func openFile(b *builder, _ *Keyword, s Statement) {
	name := s.Words[1].Text
	b.file = &rawFile{pos: s.Pos, TrackFile: TrackFile{Name: name, Weight: 1}}
	if b.fileOf[name] != nil {
		b.report(silentDuplicate, s.PosOf(1), "track_file %s is already defined - ignoring this one", name)
		b.file.shadow = true
		return
	}
	b.files = append(b.files, b.file)
	b.fileOf[name] = b.file
}

func fileSetters() blockSetters {
	return blockSetters{
		"file": func(b *builder, _ *Keyword, s Statement) {
			if b.file.Path != "" {
				b.report(alreadySet, s.Pos, "file of track file %s already set - ignoring %s", b.file.Name, s.Words[1].Text)
				return
			}
			b.file.Path = s.Words[1].Text
		},
		"weight": func(b *builder, kw *Keyword, s Statement) {
			if b.file.Weight != 1 { // keepalived does not notice that the default was written
				b.report(alreadySet, s.Pos, "weight of track file %s already set - ignoring %s", b.file.Name, s.Words[1].Text)
				return
			}
			b.weight(kw, s, &b.file.Weight, &b.file.Reverse)
		},
		"init_file": setInitFile,
	}
}

// setInitFile reads "[<int>] [overwrite]". A value that no priority could
// follow is said and written all the same.
func setInitFile(b *builder, kw *Keyword, s Statement) {
	b.file.InitFile = true
	for i, w := range s.Args() {
		if w.Text == "overwrite" {
			b.file.Overwrite = true
			continue
		}
		n, err := strconv.ParseInt(w.Text, 10, 32)
		_, _, sensible, p := kw.value.number(w.Text)
		switch {
		case errors.Is(err, strconv.ErrRange):
			b.report(outOfRange, s.PosOf(i+1), "init_file: %s - ignoring it", p.text)
			continue
		case err != nil || w.Text[0] == '+':
			b.report(badWord, s.PosOf(i+1), "init_file: unknown option '%s' - ignoring it", w.Text).fix("write a number, overwrite, or both")
			continue
		case !sensible:
			b.report(outOfRange, s.PosOf(i+1), "init_file: value %d is outside of the sensible range [%s, %s]; it is used", n, kw.Min, kw.Max)
		}
		b.file.InitValue = int(n)
	}
}

// closeFile completes the track_file that ends.
func (b *builder) closeFile() {
	f := b.file
	b.file = nil
	if f != nil && f.Path == "" {
		b.reportEnd(incompleteBlock, f.pos, "No file set for track_file %s - ignoring", f.Name)
	}
}

// finishScripts keeps the scripts that can run.
func (b *builder) finishScripts() {
	for _, s := range b.scripts {
		if s.cmd == nil {
			continue // closeScript or finishCommands has said why
		}
		s.Command = *s.cmd
		s.Timeout = s.timeout.or(s.Interval)
		b.cfg.Scripts = append(b.cfg.Scripts, s.TrackScript)
	}
	for _, f := range b.files {
		if f.Path != "" {
			b.cfg.TrackFiles = append(b.cfg.TrackFiles, f.TrackFile)
		}
	}
}
