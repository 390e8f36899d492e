package conf

import (
	"path"
	"slices"
	"strings"
)

// review looks for what keepalived takes without a word although it cannot
// work as it was meant. It changes nothing but the list of diagnostics. peers
// gives the configurations of the other nodes, as far as they are known.
func (b *builder) review(peers func() []node) {
	for _, i := range b.insts {
		b.reviewInstance(i)
		b.reviewReach(i, peers)
	}
	for _, g := range b.groups {
		b.reviewGroup(g)
	}
	b.reviewAddresses()
	for _, v := range b.servers {
		b.reviewServer(v)
	}
	for _, c := range b.commands {
		b.reviewCommand(c)
	}
	b.reviewTrackers()
	b.reviewMail()
}

// reviewMail looks for alerts that have nowhere to go.
func (b *builder) reviewMail() {
	mail := &b.global.Mail
	if mail.Server != "" && len(mail.To) > 0 {
		return
	}
	what := "no smtp_server is set"
	if mail.Server != "" {
		what = "notification_email has no address"
	}
	for _, i := range b.insts {
		if i.SMTPAlert {
			b.report(alertsNowhere, i.pos, "(%s) smtp_alert is on, and %s: no mail is sent", i.Name, what)
			return
		}
	}
	for _, v := range b.servers {
		if v.SMTPAlert {
			b.report(alertsNowhere, v.pos, "virtual server %s: smtp_alert is on, and %s: no mail is sent", v.display(), what)
			return
		}
	}
}

// reviewTrackers looks for scripts, files and groups that nothing uses, and
// for scripts and files that cannot work.
func (b *builder) reviewTrackers() {
	used := b.usedNames()
	for _, s := range b.scripts {
		if !used[blockName{"vrrp_script", s.Name}] {
			b.report(unusedObject, s.pos, "vrrp_script %s is not tracked by anything, so it is run for nothing", s.Name)
		}
		if s.timeout.set && s.timeout.value > s.Interval {
			b.report(slowScript, s.pos, "vrrp_script %s: timeout %v is above interval %v, so runs are left out", s.Name, s.timeout.value, s.Interval)
		}
	}
	for _, f := range b.files {
		if !used[blockName{"track_file", f.Name}] {
			b.report(unusedObject, f.pos, "track_file %s is not tracked by anything", f.Name)
		}
		if dir := path.Dir(f.Path); b.opt.Host != nil && f.Path != "" && !b.opt.Host.DirectoryExists(dir) {
			b.report(noDirectory, f.pos, "directory %s of track_file %s does not exist, so the file is never seen", dir, f.Name)
		}
	}
	for _, p := range b.processes {
		if !used[blockName{"vrrp_track_process", p.Name}] {
			b.report(unusedObject, p.pos, "vrrp_track_process %s is not tracked by anything", p.Name)
		}
	}
	for _, s := range b.bfds {
		if !used[blockName{"bfd_instance", s.Name}] {
			b.report(unusedObject, s.pos, "bfd_instance %s is not tracked by anything, so the session is held for nothing", s.Name)
		}
	}
	for _, g := range b.vsgs {
		if !used[blockName{"virtual_server_group", g.name}] {
			b.report(unusedObject, g.pos, "virtual_server_group %s is not used by any virtual server", g.name)
		}
	}
}

// usedNames collects what instances, groups and servers refer to.
func (b *builder) usedNames() map[blockName]bool {
	used := map[blockName]bool{}
	note := func(t *rawTracking) {
		for _, s := range t.scripts {
			used[blockName{"vrrp_script", s.Name}] = true
		}
		for _, f := range t.files {
			used[blockName{"track_file", f.Name}] = true
		}
		for _, p := range t.processes {
			used[blockName{"vrrp_track_process", p.Name}] = true
		}
		for _, s := range t.bfds {
			used[blockName{"bfd_instance", s.Name}] = true
		}
	}
	for _, i := range b.insts {
		note(&i.track)
	}
	for _, g := range b.groups {
		note(&g.track)
	}
	for _, v := range b.servers {
		used[blockName{"virtual_server_group", v.Group}] = true
		for _, r := range v.reals {
			r.noteTrackers(used)
		}
	}
	return used
}

// noteTrackers adds what the checkers of a real server refer to.
func (r *rawReal) noteTrackers(used map[blockName]bool) {
	for _, c := range r.checks {
		if c.File != nil {
			used[blockName{"track_file", c.File.TrackFile}] = true
		}
		if c.BFD != nil {
			used[blockName{"bfd_instance", c.BFD.Name}] = true
		}
	}
}

// shells run their argument as a script, so shell syntax in it is meant.
var shells = []string{"sh", "bash", "dash", "ash", "ksh", "zsh", "busybox"}

// reviewCommand looks for shell syntax in a script that no shell reads.
func (b *builder) reviewCommand(c *rawCommand) {
	if slices.Contains(shells, path.Base(c.args[0])) {
		return
	}
	for _, word := range c.args[1:] {
		if isShellSyntax(word) {
			b.report(shellSyntax, c.pos, "%s: '%s' is passed to %s as an argument, since no shell reads the line", c.what, word, c.args[0])
			return
		}
	}
}

func isShellSyntax(word string) bool {
	switch word {
	case "|", "||", "&", "&&", ";", ">", ">>", "<", "2>", "2>&1", "&>":
		return true
	}
	return strings.Contains(word, "$(") || strings.Contains(word, "`") ||
		strings.HasPrefix(word, ">/") || strings.HasPrefix(word, "2>/") || strings.HasPrefix(word, ">&") || strings.HasPrefix(word, "&>/")
}
