package healthcheck

import (
	"fmt"
	"log/slog"
	"time"

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
	ours    bool          // we have started or adopted daemons
	settled map[bool]bool // master, backup: as wanted when last seen
	retryAt Time          // after a failure: nothing is tried before
	pause   time.Duration
}

func newSyncDaemons(k ipvs.Kernel, log *slog.Logger) *syncDaemons {
	return &syncDaemons{kernel: k, log: log, masters: map[string]bool{}, settled: map[bool]bool{}}
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
	s.settled = map[bool]bool{}
	s.retryAt, s.pause = 0, firstPause
	s.compare(0, &drift{})
}

// check is apply for daemons that somebody else may have changed.
func (s *syncDaemons) check(now Time, d *drift) {
	if now >= s.retryAt {
		s.compare(now, d)
	}
}

func (s *syncDaemons) compare(at Time, d *drift) {
	if s.conf == nil && !s.ours {
		return
	}
	running, err := s.kernel.Daemons()
	if err != nil {
		s.failed(at, "IPVS sync daemons: "+err.Error())
		return
	}
	for _, master := range []bool{true, false} {
		var is *ipvs.Daemon
		for i := range running {
			if running[i].Master == master {
				is = &running[i]
			}
		}
		if what := s.differs(master, is); what != "" {
			if s.settled[master] {
				d.daemon(daemonName(master), what)
			}
			s.settled[master] = s.fit(at, master, is)
		} else {
			s.settled[master] = true
		}
	}
	if s.settled[true] && s.settled[false] {
		s.retryAt, s.pause = 0, firstPause
	}
}

// differs says in what a daemon is not as wanted; "" if it is.
func (s *syncDaemons) differs(master bool, is *ipvs.Daemon) string {
	switch wanted := s.wanted(master); {
	case wanted && is == nil:
		return "was stopped"
	case !wanted && is != nil:
		return "was started"
	case wanted && !s.same(is):
		return "was started with other settings"
	}
	return ""
}

// fit makes a daemon that differs as it should be; is is what runs.
func (s *syncDaemons) fit(at Time, master bool, is *ipvs.Daemon) (ok bool) {
	if is != nil {
		if err := s.kernel.StopDaemon(master); err != nil {
			s.failed(at, fmt.Sprintf("stop the IPVS sync daemon (%s): %v", daemonName(master), err))
			return false
		}
	}
	if !s.wanted(master) {
		return true
	}
	s.ours = true
	c := s.conf
	d := ipvs.Daemon{Master: master, Interface: c.Interface, SyncID: c.ID, MaxLen: c.MaxLen, Port: c.Port, TTL: c.TTL, Group: c.Group}
	if err := s.kernel.StartDaemon(d); err != nil {
		s.failed(at, fmt.Sprintf("start the IPVS sync daemon (%s) on %s: %v", daemonName(master), c.Interface, err))
		return false
	}
	return true
}

// failed logs, and waits longer each time.
func (s *syncDaemons) failed(at Time, text string) {
	s.log.Error(fmt.Sprintf("%s; trying again in %v", text, s.pause))
	s.retryAt = at + s.pause
	s.pause = min(2*s.pause, maxPause)
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
