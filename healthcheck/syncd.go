package healthcheck

import (
	"fmt"
	"log/slog"

	"halbd/conf"
	"halbd/ipvs"
)

// syncDaemons keeps the kernel's connection-synchronisation daemons as
// lvs_sync_daemon wants them: both of them, or the one that fits the role of a
// VRRP instance.
type syncDaemons struct {
	kernel  ipvs.Kernel
	log     *slog.Logger
	conf    *conf.SyncDaemon
	masters map[string]bool
	ours    bool // we have started or adopted daemons
}

func newSyncDaemons(k ipvs.Kernel, log *slog.Logger) *syncDaemons {
	return &syncDaemons{kernel: k, log: log, masters: map[string]bool{}}
}

// configure takes a new configuration. What runs already as wanted goes on.
func (s *syncDaemons) configure(c *conf.SyncDaemon) {
	if c == nil && !s.ours {
		return
	}
	s.conf = c
	s.apply()
}

func (s *syncDaemons) role(r Role) {
	s.masters[r.Instance] = r.Master
	if s.conf != nil && s.conf.Instance == r.Instance {
		s.apply()
	}
}

// wanted says whether the master or the backup daemon should run.
func (s *syncDaemons) wanted(master bool) bool {
	if s.conf == nil {
		return false
	}
	return s.conf.Instance == "" || s.masters[s.conf.Instance] == master
}

// apply makes the kernel's daemons what they should be.
func (s *syncDaemons) apply() {
	if s.conf == nil && !s.ours {
		return
	}
	running, err := s.kernel.Daemons()
	if err != nil {
		s.log.Error("IPVS sync daemons: " + err.Error())
		return
	}
	for _, master := range []bool{true, false} {
		var now *ipvs.Daemon
		for i := range running {
			if running[i].Master == master {
				now = &running[i]
			}
		}
		s.fit(master, now)
	}
}

func (s *syncDaemons) fit(master bool, now *ipvs.Daemon) {
	wanted := s.wanted(master)
	if now != nil && (!wanted || !s.same(now)) {
		if err := s.kernel.StopDaemon(master); err != nil {
			s.log.Error(fmt.Sprintf("stop the IPVS sync daemon (%s): %v", daemonName(master), err))
			return
		}
		now = nil
	}
	if !wanted {
		return
	}
	s.ours = true
	if now != nil {
		return
	}
	c := s.conf
	d := ipvs.Daemon{Master: master, Interface: c.Interface, SyncID: c.ID, MaxLen: c.MaxLen, Port: c.Port, TTL: c.TTL, Group: c.Group}
	if err := s.kernel.StartDaemon(d); err != nil {
		s.log.Error(fmt.Sprintf("start the IPVS sync daemon (%s) on %s: %v", daemonName(master), c.Interface, err))
	}
}

// same compares what is configured; the rest is the kernel's default.
func (s *syncDaemons) same(d *ipvs.Daemon) bool {
	c := s.conf
	return d.Interface == c.Interface && d.SyncID == c.ID && (c.MaxLen == 0 || d.MaxLen == c.MaxLen) &&
		(c.Port == 0 || d.Port == c.Port) && (c.TTL == 0 || d.TTL == c.TTL) && (!c.Group.IsValid() || d.Group == c.Group)
}

func daemonName(master bool) string {
	if master {
		return "master"
	}
	return "backup"
}

func (s *syncDaemons) stop() {
	s.conf = nil
	s.apply()
}
