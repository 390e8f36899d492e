package supervise

import (
	"fmt"

	"github.com/coreos/go-systemd/v22/daemon"

	"halbd/conf"
)

// logDiagnostics logs each diagnostic at the level that it has.
func (p *parent) logDiagnostics(found conf.Diagnostics) {
	for _, d := range found {
		switch d.Severity {
		case conf.Error:
			p.log.Error(d.String())
		case conf.Warning:
			p.log.Warn(d.String())
		default:
			p.log.Info(d.String())
		}
	}
}

// strictly is the error of a configuration that --strict or strict_config
// does not accept.
func (p *parent) strictly(cfg *conf.Config, found conf.Diagnostics) error {
	if !p.opt.Strict && !cfg.Global.StrictConfig {
		return nil
	}
	if lost := found.NotHonoured(); len(lost) > 0 {
		return fmt.Errorf("strict, and not everything in it is honoured: %s; the first is %s", lost.Summary(), lost[0])
	}
	return nil
}

// honoured is one line about the running configuration, for the end of the
// start-up log and for the service manager's status.
func (p *parent) honoured() string {
	lost := p.found.NotHonoured()
	if len(lost) == 0 {
		return "Everything in " + p.opt.File + " is honoured"
	}
	return fmt.Sprintf("Not everything in %s is honoured: %s; halbd check lists it", p.opt.File, lost.Summary())
}

// reportHonoured ends a start or a reload.
func (p *parent) reportHonoured() {
	line := p.honoured()
	if len(p.found.NotHonoured()) > 0 {
		p.log.Warn(line)
	} else {
		p.log.Info(line)
	}
	daemon.SdNotify(false, "STATUS="+line)
}
