package supervise

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"

	"halbd/conf"
	"halbd/event"
	"halbd/healthcheck"
	"halbd/notify"
	"halbd/status"
	"halbd/track"
	"halbd/vrrp"
)

// Exit statuses of the daemon (keepalived's).
const (
	statusOK      = 0
	statusFailed  = 1
	statusConfig  = 2
	statusNoFile  = 6
	defaultUmask  = 0o177
	killGraceTime = 2 * time.Second // after KILL, before the parent gives up waiting
)

// parent is the state of the parent process. One goroutine owns it.
type parent struct {
	opt       Options
	journal   *journal
	log       *slog.Logger
	cfg       *conf.Config // without what slim takes away
	served    bool         // it has virtual servers
	snapshots snapshots
	found     conf.Diagnostics // of the running configuration
	summary   sync.Once        // of the start: what of it is not honoured
	inbox     chan any
	children  map[role]*process
	deaths    map[role]int // in a row, for the pause before a new start
	died      map[role]int // since the start
	notifier  *notify.Notifier
	tracker   *track.Tracker
	masters   map[string]bool                         // instance -> master, relayed to the checker
	results   map[vrrp.TrackerKind]map[string]tracked // latest, for a VRRP process that starts again
	started   func()                                  // called once every child is ready
	reload    reloadState
	schedule  schedule
	remote    remote
	copy      *conf.Copy // of the start, until it is saved
	pictures  pictures
	orders    orders
	dumping   sync.WaitGroup
	history   status.History
	since     time.Time // start of the daemon
	loadedAt  time.Time // when cfg was taken
	stopping  bool
	status    int
}

type (
	respawn  struct{ role role }
	killTime struct{}
	slimTime struct{}
)

// Run is the daemon: it returns the exit status when everything has stopped.
func Run(o Options) int {
	if err := o.absolute(); err != nil {
		fmt.Fprintln(os.Stderr, "halbd:", err)
		return statusFailed
	}
	started := func() {}
	if !o.Foreground {
		if !daemonized() {
			return daemonize()
		}
		started = reportStarted()
	}
	startEagerly()
	p := &parent{opt: o, journal: newJournal(&o), inbox: make(chan any, 1024), children: map[role]*process{},
		deaths: map[role]int{}, died: map[role]int{}, masters: map[string]bool{}, results: map[vrrp.TrackerKind]map[string]tracked{}, orders: newOrders(), started: started, since: time.Now()}
	defer p.journal.close()
	p.log = p.logger(identParent)
	return p.run()
}

func (p *parent) logger(ident string) *slog.Logger {
	return slog.New(&textHandler{level: level(p.opt.LogDetail), emit: func(l logLine) {
		p.journal.add(journalLine{l, ident, os.Getpid()})
	}})
}

func (p *parent) run() int {
	err := p.read()
	if err == nil {
		if err := EnterNamespace(&p.opt, p.cfg, !p.opt.Foreground); err != nil {
			p.log.Error(err.Error())
			if noNamespace(err) {
				return statusOK
			}
			return statusFailed
		}
	}
	defer leaveNamespace()
	defer p.dumping.Wait()
	p.log.Info("Starting halbd " + p.opt.Version)
	p.log.Info("Configuration file " + p.opt.File)
	for _, c := range p.opt.Complaints {
		p.log.Warn(c)
	}
	if err != nil {
		p.log.Error(err.Error())
		return statusNoFile
	}
	if status := p.judge(); status != statusOK {
		return status
	}
	if p.opt.DumpConfig {
		p.dumpConfig()
	}
	g := &p.cfg.Global
	p.settleNamespace(p.cfg)
	for _, part := range []string{g.Namespaces.Name, g.InstanceName} {
		if part != "" {
			p.journal.suffix += "_" + part
		}
	}
	p.name()
	pid, err := lockPIDFile(pidPath(p.opt.PIDFile, "keepalived", g))
	if errors.Is(err, errRunning) {
		p.log.Error("daemon is " + err.Error())
		return statusOK
	}
	if err != nil {
		p.log.Error(err.Error())
		return statusFailed
	}
	defer pid.remove()
	p.saveConfig(p.copy)
	p.copy = nil
	p.setUmask()
	if err := os.Chdir("/"); err != nil {
		p.log.Warn("change to /: " + err.Error())
	}
	go reapOrphans()
	p.runScript("startup_script", g.StartupScript, g.StartupTimeout)

	sigs := p.watchSignals()
	defer signal.Stop(sigs)
	p.notifier = notify.New(p.cfg, p.log)
	p.readFiles()
	p.assumeBFD()
	if p.snapshots, err = newSnapshots(p.cfg); err != nil {
		p.log.Error(err.Error())
		return statusFailed
	}
	p.startMissing()
	p.tracker = track.New(p.cfg, func(r track.Result) { p.inbox <- r }, p.log)
	if len(p.children) == 0 {
		p.log.Warn("the configuration has no VRRP instance, no virtual server and no BFD session: nothing to do until a reload")
		p.allReady()
	}
	p.followTimeFile()
	p.followRemote()
	closeControl, stopWatchdog := p.openControl(), p.startWatchdog()
	p.loop()
	stopWatchdog()
	p.schedule.end()
	p.remote.end()
	closeControl()
	p.runScript("shutdown_script", p.cfg.Global.ShutdownScript, p.cfg.Global.ShutdownTimeout)
	p.log.Info("Stopped halbd " + p.opt.Version)
	return p.status
}

// read reads the configuration for the start.
func (p *parent) read() error {
	if err := Readable(p.opt.File); err != nil {
		return err
	}
	var cfg *conf.Config
	opt := LoadOptions(p.opt.ConfigID, p.opt.StrictIncludes)
	p.copy = new(conf.Copy)
	opt.Copy = p.copy
	cfg, p.found = conf.Load(p.opt.File, opt)
	p.take(cfg)
	p.loadedAt = time.Now()
	return nil
}

// judge logs what was found in the configuration, and returns the status to
// end with, or statusOK.
func (p *parent) judge() int {
	p.logDiagnostics(p.found)
	if status, refused := startStatus(p.found); refused {
		p.log.Error("the configuration does not allow a start")
		return status
	}
	if err := p.strictly(p.cfg, p.found); err != nil {
		p.log.Error("the configuration does not allow a start: " + err.Error())
		return statusConfig
	}
	return statusOK
}

// dumpConfig logs what the configuration means, defaults filled in, without passwords and keys.
func (p *parent) dumpConfig() {
	b, err := json.MarshalIndent(p.cfg.WithoutSecrets(), "", "  ")
	if err != nil {
		p.log.Error("dump of the configuration: " + err.Error())
		return
	}
	for line := range strings.Lines(string(b)) {
		p.log.Info(strings.TrimSuffix(line, "\n"))
	}
}

// startStatus says whether a configuration stops the daemon at its start.
func startStatus(found conf.Diagnostics) (status int, refused bool) {
	for _, d := range found {
		switch {
		case d.Class == conf.ClassArgument:
			return statusConfig, true
		case d.NoStart && d.Class == conf.ClassSecurity: // a failed include
			return statusNoFile, true
		}
	}
	if found.StartRefused() {
		return statusConfig, true
	}
	return statusOK, false
}

// name gives this process the configured name.
func (p *parent) name() {
	if err := nameProcess(processName("", &p.cfg.Global)); err != nil {
		p.log.Warn(err.Error())
	}
}

func (p *parent) setUmask() {
	mask := defaultUmask
	if p.cfg.Global.Umask != 0 {
		mask = int(p.cfg.Global.Umask)
	}
	if p.opt.Umask != nil {
		mask = *p.opt.Umask
	}
	syscall.Umask(mask)
}

func (p *parent) runScript(what string, c *conf.Command, limit time.Duration) {
	if c == nil {
		return
	}
	if err := notify.RunScript(context.Background(), *c, limit); err != nil {
		p.log.Error(what+" failed", "err", err)
	}
}

// loop serves the inbox until every child has ended after a stop.
func (p *parent) loop() {
	for !p.stopping || len(p.children) > 0 {
		switch m := (<-p.inbox).(type) {
		case os.Signal:
			p.onSignal(m)
		case childMessage:
			p.onMessage(m)
		case childExit:
			p.onExit(m)
		case respawn:
			if !p.stopping {
				p.startMissing()
			}
		case loaded:
			p.onLoaded(m)
		case track.Result:
			p.onTracker(m)
		case func():
			m()
		case watchdogTick:
			p.onWatchdog(m)
		case timeFile:
			p.onTimeFile(m)
		case reloadDue:
			p.onReloadDue(m)
		case roundOver:
			p.endRound(m.round)
		case slimTime:
			p.slim()
			debug.FreeOSMemory() // the old configuration and the text of the new one
		case killTime:
			for _, c := range p.children {
				p.log.Error("the " + string(c.role) + " process does not stop; it is killed")
				c.kill()
			}
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), killGraceTime)
	defer cancel()
	p.tracker.Close()
	p.notifier.Close(ctx)
}

// stop ends everything; it may be called again.
func (p *parent) stop(status int) {
	if p.stopping {
		return
	}
	p.stopping, p.status = true, status
	p.log.Info("Stopping")
	daemon.SdNotify(false, daemon.SdNotifyStopping)
	for _, c := range p.children {
		c.conn.Send(msgStop, nil)
	}
	wait := p.cfg.Global.ChildWaitTime
	if wait <= 0 {
		wait = 5 * time.Second
	}
	time.AfterFunc(wait, func() { p.inbox <- killTime{} })
}

func (p *parent) onMessage(m childMessage) {
	switch m.kind {
	case msgReady:
		m.from.ready = true
		p.checkReady()
	case msgEvent:
		var ev event.Event
		if p.decoded(m, &ev) {
			p.onEvent(ev)
			if text := ev.Text(); text != "" {
				p.logFor(m.from, logLine{At: ev.At, Level: slog.LevelInfo, Text: text})
			}
		}
	case msgLog:
		var l logLine
		if p.decoded(m, &l) {
			p.logFor(m.from, l)
		}
	case msgStatus:
		p.onStatus(m)
	case msgAlive:
		m.from.owes = time.Time{}
	case msgOrdered:
		p.onOrdered(m)
	case msgSignal:
		var s syscall.Signal
		switch {
		case !p.decoded(m, &s):
		case s == syscall.SIGUSR1:
			p.dumpData(m.from.role) // that process's file only
		default:
			p.onSignal(s)
		}
	case msgFatal:
		f := new(fatal)
		if p.decoded(m, f) {
			m.from.fatal = f
		}
	}
}

// logFor logs in the name of a child, under the ident that keepalived's has.
func (p *parent) logFor(c *process, l logLine) {
	p.journal.add(journalLine{l, identOf(c.role), c.cmd.Process.Pid})
}

func (p *parent) decoded(m childMessage, v any) bool {
	if err := json.Unmarshal(m.raw, v); err != nil {
		p.log.Error(fmt.Sprintf("message %d of the %s process: %v", m.kind, m.from.role, err))
		return false
	}
	return true
}

func (p *parent) checkReady() {
	for _, c := range p.children {
		if !c.ready {
			return
		}
	}
	p.allReady()
}

func (p *parent) allReady() {
	p.started()
	p.summary.Do(func() {
		p.reportHonoured()
		p.slim()
		go func() {
			runSparingly(parentGarbage)
			forgetStart()
		}()
	})
	daemon.SdNotify(false, daemon.SdNotifyReady+fmt.Sprintf("\nMAINPID=%d", os.Getpid()))
}

// onEvent hands one transition to everybody who waits for it: notify, checker.
func (p *parent) onEvent(ev event.Event) {
	p.history.Add(ev)
	p.notifier.Publish(ev)
	p.followOrder(&ev)
	if ev.Kind == event.BFD {
		p.onBFD(ev)
		return
	}
	if ev.Kind != event.Instance {
		return
	}
	switch ev.State {
	case event.Master, event.Backup, event.Fault, event.Stop, event.Deleted:
		master := ev.State == event.Master
		if p.masters[ev.Name] == master {
			return
		}
		p.masters[ev.Name] = master
		if c := p.children[roleChecker]; c != nil {
			c.conn.Send(msgRole, healthcheck.Role{Instance: ev.Name, Master: master})
		}
	}
}

func trackerResult(r track.Result) vrrp.TrackerResult {
	return vrrp.TrackerResult{Kind: vrrp.TrackerKind(r.Kind), Name: r.Name, Known: r.Known, Value: r.Value, Why: r.Why}
}
