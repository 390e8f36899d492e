package show

import (
	"strconv"

	"halbd/conf"
)

// trackers writes what instances, groups and checkers refer to; it must stand
// above them.
func (p *printer) trackers(c *conf.Config) {
	p.links(c)
	for i := range c.Scripts {
		p.script(&c.Scripts[i])
	}
	for i := range c.TrackFiles {
		p.trackFile(&c.TrackFiles[i])
	}
	for i := range c.TrackProcesses {
		p.trackProcess(&c.TrackProcesses[i])
	}
	for i := range c.BFDs {
		p.bfd(&c.BFDs[i])
	}
}

// links writes the settings of interfaces.
func (p *printer) links(c *conf.Config) {
	for _, g := range c.GARPGroups {
		p.block("garp_group", func() {
			p.line("garp_interval", seconds(g.GARPInterval))
			p.line("gna_interval", seconds(g.GNAInterval))
			for _, name := range g.Interfaces {
				p.line("interface", quote(name))
			}
		})
	}
	if len(c.LinkPolls) > 0 {
		p.block("linkbeat_interfaces", func() {
			for _, l := range c.LinkPolls {
				p.optional(quote(l.Interface), l.Method)
			}
		})
	}
	if len(c.LinkDelays) > 0 {
		p.block("interface_up_down_delays", func() {
			for _, l := range c.LinkDelays {
				p.line(quote(l.Interface), seconds(l.Down), seconds(l.Up))
			}
		})
	}
}

func (p *printer) script(s *conf.TrackScript) {
	p.block("vrrp_script "+quote(s.Name), func() {
		p.line("script", scriptLine(s.Command.Args))
		p.line("user", number(s.Command.UID), number(s.Command.GID))
		p.line("interval", seconds(s.Interval))
		p.line("timeout", seconds(s.Timeout))
		p.weight(s.Weight, s.Reverse)
		p.line("rise", strconv.Itoa(s.Rise))
		p.line("fall", strconv.Itoa(s.Fall))
		p.flag("init_fail", s.InitFail)
	})
}

func (p *printer) trackFile(f *conf.TrackFile) {
	p.block("track_file "+quote(f.Name), func() {
		p.line("file", quote(f.Path))
		p.weight(f.Weight, f.Reverse)
		switch {
		case f.Overwrite:
			p.line("init_file", strconv.Itoa(f.InitValue), "overwrite")
		case f.InitFile:
			p.line("init_file", strconv.Itoa(f.InitValue))
		}
	})
}

func (p *printer) trackProcess(t *conf.TrackProcess) {
	p.block("vrrp_track_process "+quote(t.Name), func() {
		words := []string{"process", quote(t.Process)}
		for _, w := range t.Params {
			words = append(words, quote(w))
		}
		p.line(words...)
		switch t.Match {
		case conf.MatchExact:
			p.line("param_match")
		case conf.MatchInitial, conf.MatchPartial:
			p.line("param_match", string(t.Match))
		}
		p.flag("full_command", t.FullCommand)
		p.weight(t.Weight, t.Reverse)
		if t.Quorum > 0 {
			p.line("quorum", strconv.Itoa(t.Quorum))
		}
		if t.QuorumMax >= 0 {
			p.line("quorum_max", strconv.Itoa(t.QuorumMax))
		}
		p.positive("fork_delay", t.ForkDelay)
		p.positive("terminate_delay", t.TerminateDelay)
	})
}

func (p *printer) bfd(s *conf.BFDInstance) {
	p.block("bfd_instance "+quote(s.Name), func() {
		p.line("neighbor_ip", s.Neighbor.String())
		if s.Source.IsValid() {
			p.line("source_ip", s.Source.String())
		}
		p.line("min_rx", milliseconds(s.MinRx))
		p.line("min_tx", milliseconds(s.MinTx))
		p.line("idle_tx", milliseconds(s.IdleTx))
		p.line("multiplier", number(s.Multiplier))
		p.flag("passive", s.Passive)
		p.line("ttl", number(s.TTL))
		p.line("max_hops", number(s.MaxHops))
		p.onlyOn("multihop", s.Multihop)
		p.weight(s.Weight, s.Reverse)
		if s.VRRP != s.Checker {
			p.flag("vrrp", s.VRRP)
			p.flag("checker", s.Checker)
		}
	})
}

// weight writes the weight of a tracker.
func (p *printer) weight(n int, reverse bool) {
	if reverse {
		p.line("weight", strconv.Itoa(n), "reverse")
		return
	}
	p.line("weight", strconv.Itoa(n))
}

// groups writes the sync groups.
func (p *printer) groups(c *conf.Config) {
	for i := range c.SyncGroups {
		g := &c.SyncGroups[i]
		p.block("vrrp_sync_group "+quote(g.Name), func() {
			p.block("group", func() {
				for _, name := range g.Members {
					p.line(quote(name))
				}
			})
			p.trackLists(&g.Track)
			p.flag("sync_group_tracking_weight", g.TrackingWeight)
			p.line("smtp_alert", onOff(g.SMTPAlert))
			p.hooks(&g.Notify)
			p.line("notify_priority_changes", onOff(g.Notify.PriorityChange))
		})
	}
}

// trackLists writes references to trackers with their weights, which may
// have been changed by the sync group or by being the address owner.
func (p *printer) trackLists(t *conf.Tracking) {
	p.trackList("track_interface", t.Interfaces, "")
	p.trackList("track_script", t.Scripts, "noreverse")
	p.trackList("track_file", t.Files, "noreverse")
	p.trackList("track_process", t.Processes, "noreverse")
	p.trackList("track_bfd", t.BFDs, "noreverse")
}

// trackList writes one list; straight is what the opposite of reverse is
// called there.
func (p *printer) trackList(keyword string, list []conf.Track, straight string) {
	if len(list) == 0 {
		return
	}
	p.block(keyword, func() {
		for _, t := range list {
			words := []string{quote(t.Name), "weight", strconv.Itoa(t.Weight)}
			if t.Reverse {
				words = append(words, "reverse")
			} else if straight != "" {
				words = append(words, straight)
			}
			p.line(words...)
		}
	})
}
