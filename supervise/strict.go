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

// logHonoured logs one line about the running configuration: what of it is not
// honoured. It gives the line.
func (p *parent) logHonoured() string {
	lost := p.found.NotHonoured()
	if len(lost) == 0 {
		line := "Everything in " + p.opt.File + " is honoured"
		p.log.Info(line)
		return line
	}
	line := fmt.Sprintf("Not everything in %s is honoured: %s; halbd check lists it", p.opt.File, lost.Summary())
	p.log.Warn(line)
	return line
}

// reportHonoured ends a start or a reload: the line stands last in the log and
// is the service manager's status.
func (p *parent) reportHonoured() { daemon.SdNotify(false, "STATUS="+p.logHonoured()) }
