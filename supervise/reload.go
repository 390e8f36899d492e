package supervise

import (
	"fmt"
	"os"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
	"golang.org/x/sys/unix"

	"halbd/conf"
	"halbd/control"
	"halbd/status"
)

// reloadState serialises reloads: one runs, one may wait.
type reloadState struct {
	running bool
	again   bool
	then    []func(*control.ReloadAnswer) // who waits for the one that runs
	next    []func(*control.ReloadAnswer) // and for the one after it
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
	err := errStopping
	if !p.stopping {
		checks := p.cfg.Global.Reload.CheckLog
		err = p.accept(m)
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
	p.answerReload(m.found, err)
	if p.reload.again {
		p.reload.again = false
		p.startReload()
	}
}

// slimPause is how long the children have the processors to themselves after a
// reload, before the parent puts away what it needed for it.
const slimPause = time.Second

// refusal says why a configuration cannot take the place of the running one.
func (p *parent) refusal(m *loaded) error {
	if m.err != nil {
		return m.err
	}
	if faults := m.found.NewErrors(p.found); len(faults) > 0 {
		return fmt.Errorf("%d new error(s), the first is %s", len(faults), faults[0])
	}
	return p.strictly(m.cfg, m.found)
}

func (p *parent) accept(m loaded) error {
	if m.err != nil {
		return m.err
	}
	p.logDiagnostics(m.found)
	if err := p.refusal(&m); err != nil {
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
	p.followRemote()
	time.AfterFunc(slimPause, func() { p.inbox <- slimTime{} })
	return nil
}
