package supervise

import (
	"fmt"
	"os"
	"runtime/debug"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
	"golang.org/x/sys/unix"

	"halbd/conf"
	"halbd/status"
)

// reloadState serialises reloads: one runs, one may wait.
type reloadState struct {
	running bool
	again   bool
	count   status.Reloads
}

// loaded is a configuration that was read for a reload.
type loaded struct {
	cfg   *conf.Config
	found conf.Diagnostics
	text  *conf.Copy
	err   error
}

// startReload reads the file beside the running daemon. A signal that arrives
// meanwhile leads to one more reload afterwards.
func (p *parent) startReload() {
	if p.stopping {
		return
	}
	if p.reload.running {
		p.reload.again = true
		return
	}
	p.reload.running = true
	p.log.Info("Reloading " + p.opt.File)
	notifyReloading()
	p.saveState("pre", func() {
		path, marker, opt := p.opt.File, p.cfg.Global.Reload.Path, LoadOptions(p.opt.ConfigID, p.opt.StrictIncludes)
		go func() { p.inbox <- p.reread(path, marker, opt) }()
	})
}

// reread reads the configuration beside the loop; the marker exists meanwhile.
func (p *parent) reread(path, marker string, opt conf.Options) loaded {
	if marker != "" {
		if err := truncate(marker, nil); err != nil {
			p.log.Warn("reload_file: " + err.Error())
		}
		defer os.Remove(marker)
	}
	if err := Readable(path); err != nil {
		return loaded{err: err}
	}
	text := new(conf.Copy)
	opt.Copy = text
	cfg, found := conf.Load(path, opt)
	return loaded{cfg: cfg, found: found, text: text}
}

func notifyReloading() {
	var ts unix.Timespec
	if unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts) == nil {
		daemon.SdNotify(false, daemon.SdNotifyReloading+"\n"+fmt.Sprintf("MONOTONIC_USEC=%d", ts.Nano()/int64(time.Microsecond)))
	}
}

// onLoaded is the transaction: all of it is taken, or nothing.
func (p *parent) onLoaded(m loaded) {
	p.reload.running = false
	if !p.stopping {
		checks := p.cfg.Global.Reload.CheckLog
		err := p.accept(m)
		p.logCheck(checks, m.found, err)
		if err != nil {
			p.log.Error("reload refused, the running configuration stays: " + err.Error())
			p.reload.count.Refused++
			p.reload.count.Error = err.Error()
		} else {
			p.log.Info("Reload finished")
			p.reload.count.Done++
			p.reload.count.Error = ""
			p.saveConfig(m.text)
			p.saveState("post", func() {})
			p.reportHonoured()
		}
		p.reload.count.Last = time.Now()
		daemon.SdNotify(false, daemon.SdNotifyReady)
	}
	if p.reload.again {
		p.reload.again = false
		p.startReload()
	}
}

func (p *parent) accept(m loaded) error {
	if m.err != nil {
		return m.err
	}
	faults := m.found.NewErrors(p.found)
	p.logDiagnostics(m.found)
	if len(faults) > 0 {
		return fmt.Errorf("%d new error(s), the first is %s", len(faults), faults[0])
	}
	if err := p.strictly(m.cfg, m.found); err != nil {
		return err
	}
	p.settleNamespace(m.cfg)
	fresh, err := newSnapshots(m.cfg)
	if err != nil {
		return err
	}
	p.take(m.cfg)
	p.snapshots, p.found, p.loadedAt = fresh, m.found, time.Now()
	p.name()
	p.notifier.Reload(p.cfg)
	p.readFiles()
	for r, c := range p.children {
		c.conn.SendEncoded(fresh[r].message)
	}
	p.assumeBFD()
	p.startMissing()
	p.tracker.Reload(p.cfg)
	p.followTimeFile()
	p.slim()
	debug.FreeOSMemory() // the old configuration and the text of the new one
	return nil
}
