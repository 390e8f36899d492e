package conf

import "time"

// rawProcess is a vrrp_track_process that is being read.
type rawProcess struct {
	TrackProcess
	pos      Pos
	weighted bool
	match    maybe[ParamMatch]
	quorum   maybe[int]
	most     maybe[int]
	shadow   bool // of a name that is taken: read, and dropped
}

func openProcess(b *builder, _ *Keyword, s Statement) {
	name := s.Words[1].Text
	b.process = &rawProcess{pos: s.Pos, TrackProcess: TrackProcess{Name: name}}
	if b.processOf[name] != nil {
		b.report(silentDuplicate, s.PosOf(1), "vrrp_track_process %s is already defined - ignoring this one", name)
		b.process.shadow = true
		return
	}
	b.processes = append(b.processes, b.process)
	b.processOf[name] = b.process
}

func processSetters() blockSetters {
	return blockSetters{
		"process":     setProcess,
		"param_match": setParamMatch,
		"weight": func(b *builder, kw *Keyword, s Statement) {
			p := b.process
			if p.weighted {
				b.report(alreadySet, s.Pos, "weight of track process %s already set - ignoring %s", p.Name, s.Words[1].Text)
				return
			}
			p.weighted = b.weight(kw, s, &p.Weight, &p.Reverse)
		},
		"quorum": func(b *builder, kw *Keyword, s Statement) {
			if n, ok := b.uintArg(kw, s, 1); ok {
				b.setQuorum(s, some(int(n)), b.process.most)
			}
		},
		"quorum_max": func(b *builder, kw *Keyword, s Statement) {
			if n, ok := b.uintArg(kw, s, 1); ok {
				b.setQuorum(s, b.process.quorum, some(int(n)))
			}
		},
		"delay": func(b *builder, kw *Keyword, s Statement) {
			if d, ok := b.durationArg(kw, s); ok {
				b.process.ForkDelay, b.process.TerminateDelay = d, d
			}
		},
		"terminate_delay": setDuration(func(b *builder) *time.Duration { return &b.process.TerminateDelay }),
		"fork_delay":      setDuration(func(b *builder) *time.Duration { return &b.process.ForkDelay }),
		"full_command":    setTrue(func(b *builder) *bool { return &b.process.FullCommand }),
	}
}

// setQuorum sets the limits unless no number of processes could meet both.
func (b *builder) setQuorum(s Statement, least, most maybe[int]) {
	if least.set && most.set && least.value > most.value {
		b.report(wrongPlace, s.PosOf(1), "track process %s: quorum %d is above quorum_max %d - ignoring %s", b.process.Name, least.value, most.value, s.Keyword()).
			fix("write a quorum_max that is not below the quorum")
		return
	}
	b.process.quorum, b.process.most = least, most
}

func setProcess(b *builder, _ *Keyword, s Statement) {
	p := b.process
	if p.Process != "" {
		b.report(alreadySet, s.Pos, "process of track process %s already set - ignoring %s", p.Name, s.Words[1].Text)
		return
	}
	p.Process = s.Words[1].Text
	for _, w := range s.Words[2:] {
		p.Params = append(p.Params, w.Text)
	}
}

func setParamMatch(b *builder, _ *Keyword, s Statement) {
	if len(s.Words) < 2 {
		b.process.match = some(MatchExact)
		return
	}
	word := s.Words[1].Text
	if _, ok := b.table.lookup("vrrp_track_process/param_match/value", word); !ok {
		b.report(badWord, s.PosOf(1), "param_match: unknown value '%s' - ignoring", word).fix("write initial or partial, or nothing for an exact match")
		return
	}
	b.process.match = some(ParamMatch(word))
}

// closeProcess completes the block that ends; without a process it is gone.
func (b *builder) closeProcess() {
	p := b.process
	b.process = nil
	switch {
	case p == nil:
		return
	case p.Process == "":
		b.reportEnd(incompleteBlock, p.pos, "track process %s: process name not specified - removing", p.Name)
		if !p.shadow {
			b.processes = b.processes[:len(b.processes)-1]
			delete(b.processOf, p.Name)
		}
		return
	}
	p.Quorum, p.QuorumMax = p.quorum.or(1), p.most.or(-1)
	if p.QuorumMax == 0 {
		p.Quorum = 0
	}
	p.Match = p.match.value
	if !p.match.set && len(p.Params) > 0 {
		p.Match = MatchExact
	}
}

func (b *builder) finishProcesses() {
	for _, p := range b.processes {
		b.cfg.TrackProcesses = append(b.cfg.TrackProcesses, p.TrackProcess)
	}
}
