package healthcheck

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os/exec"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"halbd/conf"
	"halbd/event"
	"halbd/internal/netns"
	"halbd/internal/poll"
	"halbd/internal/sched"
	"halbd/ipvs"
)

// checkerRun is the shell around a Core. One goroutine owns it: it waits for
// sockets, for messages of other goroutines and for the next check.
type checkerRun struct {
	core    *Core
	table   *table
	watch   *watch
	counter lookout // nil: nobody
	census  census
	daemons *syncDaemons
	out     Output
	log     *slog.Logger
	poll    *poll.Poller
	probes  *probes
	watched bool // addresses are followed (ha_suspend)
	tally
}

// Run probes and reconciles until ctx is cancelled, which is a graceful stop.
// It returns ErrNoIPVS when the kernel has none.
func Run(ctx context.Context, cfg *conf.Config, in <-chan Input, out Output, log *slog.Logger, opt Options) error {
	ownThread := sched.Apply(&cfg.Global.Checker, "checker_", log)
	kernel, view, err := open(cfg, opt, log)
	if err != nil {
		return err
	}
	defer kernel.Close()
	p, err := poll.New()
	if err != nil {
		return err
	}
	p.OwnThread = ownThread
	defer p.Close()
	r := &checkerRun{out: out, log: log, poll: p, probes: newProbes(ctx, p, readWeb(cfg, new(web), log)), daemons: newSyncDaemons(kernel, log)}
	compact(cfg)
	core, actions := NewCore(cfg, poll.Now(), spread, opt.Facts...)
	r.core = core
	if r.table, err = openTable(kernel, core, &cfg.Global, log); err != nil {
		return err
	}
	r.daemons.configure(cfg.Global.LVSSyncDaemon)
	for _, o := range opt.Orders { // before the first server is in the table
		actions = append(actions, core.Step(o, poll.Now())...)
	}
	r.act(actions, poll.Now())
	r.watchAddresses(ctx, cfg)
	sched.LimitRealTime(&cfg.Global.Checker, "checker_", log) // now that a table of any size is programmed
	out.Ready()
	if view != nil {
		r.watch, r.counter = newWatch(view, log), view
		r.probes.running.Go(func() { r.watch.run(ctx, r.table.expected, p.Post) })
	}
	go poll.Forward(ctx, in, p)
	err = r.loop(ctx)
	r.stop(opt.DontRelease)
	return err
}

// open returns the kernel's table, and who looks whether somebody changes it.
// Both are in the namespace of net_namespace_ipvs, which the probes are not in.
func open(cfg *conf.Config, opt Options, log *slog.Logger) (ipvs.Kernel, lookout, error) {
	if opt.Kernel != nil {
		view, _ := opt.Kernel.(lookout)
		return opt.Kernel, view, nil
	}
	file := netns.Init
	switch n := &cfg.Global.Namespaces; {
	case n.IPVS != "":
		file = netns.Named(n.IPVS)
	case !n.IPVSDefault:
		return openHere(&cfg.Global.Buffers, log)
	}
	var kernel ipvs.Kernel
	var view lookout
	var failed error
	err := netns.Do(file, func() error {
		kernel, view, failed = openHere(&cfg.Global.Buffers, log)
		return nil
	})
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrNoNamespace, err)
	}
	return kernel, view, failed
}

func openHere(b *conf.Buffers, log *slog.Logger) (ipvs.Kernel, lookout, error) {
	kernel, err := dial(ipvs.ReceiveBuffer(int(b.LVSCommand.Bytes), b.LVSCommand.Force), log)
	if err != nil {
		return nil, nil, err
	}
	view, err := ipvs.OpenView(ipvs.ReceiveBuffer(int(b.LVSMonitor.Bytes), b.LVSMonitor.Force))
	if err != nil {
		log.Error(err.Error() + "; changes by others are not noticed")
		return kernel, nil, nil
	}
	return kernel, view, nil
}

// dial finds IPVS, and loads its module where that is not done yet.
func dial(opt ipvs.Option, log *slog.Logger) (ipvs.Kernel, error) {
	c, err := ipvs.Dial(opt)
	if !errors.Is(err, ipvs.ErrNotSupported) {
		return c, err
	}
	if out, err := exec.Command("modprobe", "ip_vs").CombinedOutput(); err != nil {
		log.Warn("modprobe ip_vs", "err", err, "output", string(out))
	}
	c, err = ipvs.Dial(opt)
	if errors.Is(err, ipvs.ErrNotSupported) {
		return nil, ErrNoIPVS
	}
	return c, err
}

// spread is a random time below the limit; 0 for a limit of 0 (warmup 0).
func spread(limit time.Duration) time.Duration {
	if limit <= 0 {
		return 0
	}
	return rand.N(limit)
}

// loop serves until it is told to stop.
func (r *checkerRun) loop(ctx context.Context) error {
	events := make([]unix.EpollEvent, 256)
	for {
		ready, err := r.poll.Wait(r.deadline(), events)
		if err != nil {
			return err
		}
		now := poll.Now()
		r.probes.advance(ready, now)
		results := r.probes.take()
		for _, m := range r.poll.Take() {
			switch m := m.(type) {
			case poll.Stop:
				return nil
			case ProbeResult:
				r.probes.ended(m.ID)
				results = append(results, m)
			case suspicion:
				r.repair(m.keys, now)
				m.judged <- struct{}{}
			default:
				r.input(ctx, m, now)
			}
		}
		r.settle(results, now)
		if at, ok := r.core.Deadline(); ok && at <= now {
			r.act(r.core.Step(Tick{}, now), now)
			r.settle(r.probes.take(), now) // a server on this host has answered already
		}
		if r.table.due(now) {
			r.table.resync(now)
			r.daemons.apply()
		}
		r.count(now)
	}
}

// slack is the grain of the checks: those that fall due within it are started
// together, which spares the processor a wake-up for each. A multiple of it is
// not late at all, and every delay_loop of whole seconds is one.
const slack = 4 * time.Millisecond

// deadline is when the loop has something to do though nobody speaks.
func (r *checkerRun) deadline() Time {
	next := r.probes.deadline()
	if at, ok := r.core.Deadline(); ok {
		next = min(next, (at+slack-1)/slack*slack)
	}
	if r.table.retryAt > 0 {
		next = min(next, r.table.retryAt)
	}
	if r.tally.at > 0 {
		next = min(next, r.tally.at)
	}
	return next
}

// settle judges results. The servers that fail together leave the kernel's
// table in one go.
func (r *checkerRun) settle(results []ProbeResult, now Time) {
	var actions []Action
	for _, res := range results {
		actions = append(actions, r.core.Step(res, now)...)
	}
	r.act(actions, now)
}

// lookNow compares the table with the kernel's without waiting for the timer.
func (r *checkerRun) lookNow() {
	if r.watch != nil {
		r.watch.now()
	}
}

// repair undoes what somebody else has done to our part of IPVS, and tells of it.
func (r *checkerRun) repair(suspects []Key, now Time) {
	r.table.repair(suspects, now)
	r.daemons.check(now, r.table.drift)
	if text, ok := r.table.drift.report(now); ok {
		r.out.Publish(event.Event{Kind: event.Table, Name: "IPVS", State: event.Repaired, Cause: text, At: time.Now(), Quiet: true})
	}
}

// watchAddresses follows the addresses of this host from when ha_suspend first
// asks for it.
func (r *checkerRun) watchAddresses(ctx context.Context, cfg *conf.Config) {
	if r.watched || !slices.ContainsFunc(cfg.VirtualServers, func(v conf.VirtualServer) bool { return v.HASuspend }) {
		return
	}
	r.watched = true
	r.probes.running.Go(func() {
		err := followAddresses(ctx, func(list []AddressChange) { r.poll.Post(list) }, func(text string) { r.log.Warn(text) })
		if err != nil && ctx.Err() == nil {
			r.log.Error("ha_suspend: addresses cannot be followed: " + err.Error())
		}
	})
}

func (r *checkerRun) input(ctx context.Context, m Input, now Time) {
	switch m := m.(type) {
	case *conf.Config:
		r.probes.web = readWeb(m, r.probes.web, r.log)
		compact(m)
		actions := r.core.Step(Reload{m}, now)
		r.table.configure(&m.Global)
		r.daemons.configure(m.Global.LVSSyncDaemon)
		r.act(actions, now)
		r.lookNow()
		r.watchAddresses(ctx, m)
	case Fact:
		r.act(r.core.Step(m, now), now)
	case Order:
		r.act(r.core.Step(m, now), now)
	case Role:
		r.daemons.role(m)
	case StatusRequest:
		r.out.Status(r.status(now, poll.TimeOfDay()))
	case []AddressChange:
		var actions []Action
		for _, a := range m {
			actions = append(actions, r.core.Step(a, now)...)
		}
		r.act(actions, now)
	}
}

// readWeb reads what the HTTP checks of a configuration share.
func readWeb(cfg *conf.Config, before *web, log *slog.Logger) *web {
	w, err := newWeb(cfg, before)
	if err != nil {
		log.Error(err.Error())
	}
	return w
}

// act brings the kernel's table up to date first, then tells of it.
func (r *checkerRun) act(actions []Action, now Time) {
	if keys := changedKeys(actions); len(keys) > 0 {
		r.table.update(keys, now)
	}
	for _, a := range actions {
		switch a := a.(type) {
		case StartProbe:
			r.probes.start(a, now)
		case CancelProbe:
			r.probes.cancel(a.ID)
		case Publish:
			a.Event.At = time.Now()
			r.out.Publish(a.Event)
		case Answer:
			r.planCount(now, shortestCount)
			r.out.Ordered(a.OrderAnswer)
		case LogLine:
			level := slog.LevelInfo
			if a.Warning {
				level = slog.LevelWarn
			}
			r.log.Log(context.Background(), level, a.Text)
		}
	}
}

// changedKeys lists the kernel services that have changed, each once.
func changedKeys(actions []Action) []Key {
	var keys []Key
	var seen map[Key]bool
	for _, a := range actions {
		changed, ok := a.(TableChanged)
		if !ok {
			continue
		}
		if keys == nil {
			keys = changed.Keys
			continue
		}
		if seen == nil {
			seen = make(map[Key]bool, len(keys))
			for _, k := range keys {
				seen[k] = true
			}
		}
		for _, k := range changed.Keys {
			if !seen[k] {
				seen[k] = true
				keys = append(keys, k)
			}
		}
	}
	return keys
}

// stop ends every probe and leaves nothing behind that this process has added.
func (r *checkerRun) stop(leave bool) {
	now := poll.Now()
	actions := r.core.Step(Stop{}, now)
	if !leave {
		r.table.release()
		r.daemons.stop()
	}
	r.act(actions, now)
	r.probes.close()
}
