package dump

import (
	"fmt"
	"strings"
	"time"

	"halbd/conf"
	"halbd/status"
)

func (o *sheet) scripts(cfg *conf.Config, s *status.Status) {
	if len(cfg.Scripts) == 0 {
		return
	}
	o.title("VRRP Scripts")
	for i := range cfg.Scripts {
		c := &cfg.Scripts[i]
		r, known := result(s, "script", c.Name)
		state := "INIT"
		if known {
			state = yes(r.Value == 0, "GOOD", "BAD")
		}
		o.linef(" VRRP Script = %s", c.Name)
		o.linef("   Command = %s", quoted(&c.Command))
		o.linef("   Interval = %s sec", plain(c.Interval))
		timeout := c.Timeout
		if timeout == c.Interval { // the default, which keepalived writes as 0
			timeout = 0
		}
		o.linef("   Timeout = %s sec", plain(timeout))
		o.linef("   Weight = %d%s", c.Weight, yes(c.Reverse, " reverse", ""))
		o.linef("   Rise = %d", c.Rise)
		o.linef("   Fall = %d", c.Fall)
		o.linef("   Result = %d", flagOf(known && r.Value == 0)*flag(c.Rise+c.Fall-1))
		o.linef("   Insecure = no")
		o.linef("   Init state = %s", yes(c.InitFail, "failed", "unknown"))
		o.linef("   Status = %s", state)
		o.linef("   Script uid:gid = %d:%d", c.Command.UID, c.Command.GID)
		o.linef("   VRRP instances :")
		o.users(cfg, "Tracking instances :", c.Name, func(t *conf.Tracking) []conf.Track { return t.Scripts })
		o.linef("   State = idle")
	}
}

// plain is a span in seconds without needless decimals.
func plain(d time.Duration) string {
	return strings.TrimSuffix(strings.TrimRight(fmt.Sprintf("%.6f", d.Seconds()), "0"), ".")
}

// users lists the instances that track something, by themselves or by their group.
func (o *sheet) users(cfg *conf.Config, title, name string, list func(*conf.Tracking) []conf.Track) {
	o.linef("   %s", title)
	group := map[string]*conf.SyncGroup{}
	for i := range cfg.SyncGroups {
		for _, m := range cfg.SyncGroups[i].Members {
			group[m] = &cfg.SyncGroups[i]
		}
	}
	for i := range cfg.Instances {
		c := &cfg.Instances[i]
		refs := list(&c.Track)
		if g := group[c.Name]; g != nil {
			refs = append(refs[:len(refs):len(refs)], list(&g.Track)...)
		}
		for _, r := range refs {
			if r.Name == name {
				o.linef("     %s, weight %d%s", c.Name, r.Weight, yes(r.Reverse, " reverse", ""))
			}
		}
	}
}

func (o *sheet) files(cfg *conf.Config, s *status.Status) {
	if len(cfg.TrackFiles) == 0 {
		return
	}
	o.title("VRRP Track files")
	for i := range cfg.TrackFiles {
		c := &cfg.TrackFiles[i]
		o.file(c, s)
		o.users(cfg, "Tracking instances :", c.Name, func(t *conf.Tracking) []conf.Track { return t.Files })
	}
}

func (o *sheet) file(c *conf.TrackFile, s *status.Status) {
	r, _ := result(s, "file", c.Name)
	o.linef(" Track file = %s", c.Name)
	o.linef("   File = %s", c.Path)
	o.linef("   Status = %d", r.Value)
	o.linef("   Weight = %d%s", c.Weight, yes(c.Reverse, " reverse", ""))
}

func (o *sheet) processes(cfg *conf.Config, s *status.Status) {
	if len(cfg.TrackProcesses) == 0 {
		return
	}
	o.title("VRRP Track processes")
	for i := range cfg.TrackProcesses {
		c := &cfg.TrackProcesses[i]
		o.linef(" VRRP Track process = %s", c.Name)
		o.linef("   Process = %s", c.Process)
		if len(c.Params) > 0 {
			o.linef("   Parameters = %s", strings.Join(c.Params, " "))
		}
		o.linef("   Min processes = %d", c.Quorum)
		if c.QuorumMax >= 0 {
			o.linef("   Max processes = %d", c.QuorumMax)
		}
		o.linef("   Have quorum = %s", yes(good(s, "process", c.Name), "true", "false"))
		o.linef("   Weight = %d%s", c.Weight, yes(c.Reverse, " reverse", ""))
		o.linef("   Terminate delay = %.6fs", c.TerminateDelay.Seconds())
		o.linef("   Fork delay = %.6fs", c.ForkDelay.Seconds())
		o.linef("   Full command = %s", yes(c.FullCommand, "true", "false"))
		o.users(cfg, "Tracking instances :", c.Name, func(t *conf.Tracking) []conf.Track { return t.Processes })
	}
}

func (o *sheet) bfds(cfg *conf.Config, s *status.Status) {
	if len(cfg.BFDs) == 0 {
		return
	}
	o.title("VRRP Track BFDs")
	for i := range cfg.BFDs {
		c := &cfg.BFDs[i]
		o.linef(" VRRP Track BFD = %s", c.Name)
		o.linef("   Weight = %d%s", c.Weight, yes(c.Reverse, " reverse", ""))
		o.linef("   Bfd is %s", yes(good(s, "bfd", c.Name), "up", "down"))
		o.users(cfg, "Tracking VRRP instances :", c.Name, func(t *conf.Tracking) []conf.Track { return t.BFDs })
	}
}
