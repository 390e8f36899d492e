package supervise

import (
	"fmt"
	"time"

	"halbd/healthcheck"
)

// wanted says which children the configuration and the command line ask for.
func (p *parent) wanted(r role) bool {
	switch r {
	case roleVRRP:
		return !p.opt.OnlyChecker && (p.opt.All || len(p.cfg.Instances) > 0 || len(p.cfg.StaticAddresses) > 0)
	case roleChecker:
		return !p.opt.OnlyVRRP && (p.opt.All || p.served || p.cfg.Global.LVSSyncDaemon != nil)
	case roleBFD:
		return !p.opt.NoBFD && (p.opt.All || len(p.cfg.BFDs) > 0)
	}
	return false
}

// startMissing starts every child that is wanted and not there.
func (p *parent) startMissing() {
	for _, r := range roles {
		if p.children[r] != nil || !p.wanted(r) {
			continue
		}
		if err := p.startChild(r); err != nil {
			p.log.Error(err.Error())
			p.scheduleRespawn(r)
		}
	}
}

func (p *parent) startChild(r role) error {
	message, err := p.snapshots.of(r)
	if err != nil {
		return err
	}
	c, err := startProcess(r, p.setup(r), message, p.inbox, p.logger(identOf(r)))
	if err != nil {
		return err
	}
	p.children[r] = c
	p.log.Info(fmt.Sprintf("Starting %s process, pid=%d", r, c.cmd.Process.Pid))
	switch r {
	case roleChecker:
		for name, master := range p.masters {
			c.conn.Send(msgRole, healthcheck.Role{Instance: name, Master: master})
		}
		for _, f := range p.facts(healthcheck.BFDFact) {
			c.conn.Send(msgFact, f)
		}
	case roleVRRP:
		for _, byName := range p.results {
			for _, res := range byName {
				c.conn.Send(msgTracker, trackerResult(res.Result))
			}
		}
		p.resumeRoles(c.conn)
	}
	return nil
}

func (p *parent) setup(r role) setup {
	g := &p.cfg.Global
	s := setup{LogAddresses: p.opt.LogAddresses, LogDetail: p.opt.LogDetail}
	switch r {
	case roleVRRP:
		s.PIDFile = pidPath(p.opt.VRRPPIDFile, "vrrp", g)
		s.DontRelease = p.opt.DontReleaseVRRP
	case roleChecker:
		s.PIDFile = pidPath(p.opt.CheckerPIDFile, "checkers", g)
		s.DontRelease = p.opt.DontReleaseIPVS
		s.Facts = p.facts(healthcheck.FileFact)
		s.Orders = p.resumeServers()
	case roleBFD:
		s.PIDFile = pidPath(p.opt.BFDPIDFile, "bfd", g)
	}
	return s
}

func identOf(r role) string {
	return map[role]string{roleVRRP: identVRRP, roleChecker: identChecker, roleBFD: identBFD}[r]
}

// onExit reaps a child: ends the daemon if that child cannot run, else starts it again.
func (p *parent) onExit(m childExit) {
	r := m.from.role
	delete(p.children, r)
	p.forgetInRound(m.from)
	p.forgetOrders(m.from)
	if p.stopping {
		return
	}
	how := "ended"
	if m.err != nil {
		how = m.err.Error()
	}
	if f := m.from.fatal; f != nil {
		p.log.Error(fmt.Sprintf("the %s process cannot run: %s", r, f.Text))
		p.stop(f.Status)
		return
	}
	p.log.Error(fmt.Sprintf("the %s process died: %s", r, how))
	p.died[r]++
	if p.opt.DontRespawn {
		p.stop(statusFailed)
		return
	}
	if time.Since(m.from.started) > time.Minute {
		p.deaths[r] = 0
	}
	if r == roleBFD && p.deaths[r] > 0 {
		p.loseBFD()
	}
	p.scheduleRespawn(r)
}

const maxRespawnPause = 30 * time.Second

// scheduleRespawn starts a child again after 0, 1, 2, ... seconds.
func (p *parent) scheduleRespawn(r role) {
	pause := min(time.Duration(p.deaths[r])*time.Second, maxRespawnPause)
	p.deaths[r]++
	p.log.Info(fmt.Sprintf("Respawning the %s process in %v", r, pause))
	time.AfterFunc(pause, func() { p.inbox <- respawn{r} })
}
