package healthcheck

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"os/exec"
	"slices"
	"sync"
	"time"

	"halbd/conf"
	"halbd/internal/sched"
	"halbd/ipvs"
)

// checkerRun is the shell around a Core. One goroutine owns it.
type checkerRun struct {
	core    *Core
	table   *table
	daemons *syncDaemons
	web     *web
	out     Output
	log     *slog.Logger
	origin  time.Time
	probes  map[CheckerID]context.CancelFunc
	running sync.WaitGroup
	results chan ProbeResult
	moves   chan []AddressChange
	watched bool // addresses are followed (ha_suspend)
}

// Run probes and reconciles until ctx is cancelled, which is a graceful stop.
// It returns ErrNoIPVS when the kernel has none.
func Run(ctx context.Context, cfg *conf.Config, in <-chan Input, out Output, log *slog.Logger, opt Options) error {
	sched.Apply(&cfg.Global.Checker, "checker_", log)
	kernel := opt.Kernel
	if kernel == nil {
		c, err := dial(ipvs.ReceiveBuffer(int(cfg.Global.Buffers.LVSCommand.Bytes), cfg.Global.Buffers.LVSCommand.Force), log)
		if err != nil {
			return err
		}
		kernel = c
	}
	defer kernel.Close()
	r := &checkerRun{out: out, log: log, origin: time.Now(), probes: map[CheckerID]context.CancelFunc{}, results: make(chan ProbeResult, 256),
		moves:   make(chan []AddressChange, 16),
		daemons: newSyncDaemons(kernel, log)}
	core, actions := NewCore(cfg, r.now(), spread, opt.Facts...)
	r.core = core
	var err error
	if r.web, err = newWeb(cfg); err != nil {
		log.Error(err.Error() + "; SSL_GET shows no certificate")
	}
	if r.table, err = openTable(kernel, core, &cfg.Global, log); err != nil {
		return err
	}
	r.daemons.configure(cfg.Global.LVSSyncDaemon)
	r.act(ctx, actions)
	r.watchAddresses(ctx, cfg)
	sched.LimitRealTime(&cfg.Global.Checker, "checker_", log) // now that a table of any size is programmed
	out.Ready()
	r.loop(ctx, in)
	r.stop(opt.DontRelease)
	return nil
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

func (r *checkerRun) now() Time { return time.Since(r.origin) }

// timeOfDay is the time of day of a Time, the zero time for 0.
func (r *checkerRun) timeOfDay(t Time) time.Time {
	if t == 0 {
		return time.Time{}
	}
	return r.origin.Add(t).Round(0)
}

func (r *checkerRun) loop(ctx context.Context, in <-chan Input) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		r.arm(timer)
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
			r.act(ctx, r.core.Step(Tick{}, r.now()))
			if r.table.due(r.now()) {
				r.table.resync(r.now())
				r.daemons.apply()
			}
		case res := <-r.results:
			if cancel := r.probes[res.ID]; cancel != nil {
				cancel()
				delete(r.probes, res.ID)
			}
			r.act(ctx, r.core.Step(res, r.now()))
		case list := <-r.moves:
			for _, a := range list {
				r.act(ctx, r.core.Step(a, r.now()))
			}
		case m := <-in:
			r.input(ctx, m)
		}
	}
}

// watchAddresses follows the addresses of this host from when ha_suspend first
// asks for it.
func (r *checkerRun) watchAddresses(ctx context.Context, cfg *conf.Config) {
	if r.watched || !slices.ContainsFunc(cfg.VirtualServers, func(v conf.VirtualServer) bool { return v.HASuspend }) {
		return
	}
	r.watched = true
	deliver := func(list []AddressChange) {
		select {
		case r.moves <- list:
		case <-ctx.Done():
		}
	}
	r.running.Go(func() {
		if err := followAddresses(ctx, deliver, func(text string) { r.log.Warn(text) }); err != nil && ctx.Err() == nil {
			r.log.Error("ha_suspend: addresses cannot be followed: " + err.Error())
		}
	})
}

// arm sets the timer to the next check or the next repair.
func (r *checkerRun) arm(timer *time.Timer) {
	next := r.table.retryAt
	if d, ok := r.core.Deadline(); ok && (next == 0 || d < next) {
		next = d
	} else if !ok && next == 0 {
		timer.Stop()
		return
	}
	timer.Reset(max(0, next-r.now()))
}

func (r *checkerRun) input(ctx context.Context, m Input) {
	switch m := m.(type) {
	case *conf.Config:
		r.reloadWeb(m)
		actions := r.core.Step(Reload{m}, r.now())
		r.table.configure(&m.Global)
		r.daemons.configure(m.Global.LVSSyncDaemon)
		r.act(ctx, actions)
		r.watchAddresses(ctx, m)
	case Fact:
		r.act(ctx, r.core.Step(m, r.now()))
	case Role:
		r.daemons.role(m)
	case StatusRequest:
		r.out.Status(r.core.Status(r.timeOfDay))
	}
}

// reloadWeb keeps the certificates that were in use when new ones cannot be read.
func (r *checkerRun) reloadWeb(cfg *conf.Config) {
	w, err := newWeb(cfg)
	if err != nil {
		r.log.Error(err.Error() + "; SSL_GET goes on with the certificate that it had")
		w.own = r.web.own
	}
	r.web = w
}

// act brings the kernel's table up to date first, then tells of it.
func (r *checkerRun) act(ctx context.Context, actions []Action) {
	for _, a := range actions {
		if a, ok := a.(TableChanged); ok {
			r.table.update(a.Keys, r.now())
		}
	}
	for _, a := range actions {
		switch a := a.(type) {
		case StartProbe:
			r.startProbe(ctx, a)
		case CancelProbe:
			if cancel := r.probes[a.ID]; cancel != nil {
				cancel()
				delete(r.probes, a.ID)
			}
		case Publish:
			a.Event.At = time.Now()
			r.out.Publish(a.Event)
		case LogLine:
			level := slog.LevelInfo
			if a.Warning {
				level = slog.LevelWarn
			}
			r.log.Log(ctx, level, a.Text)
		}
	}
}

func (r *checkerRun) startProbe(ctx context.Context, a StartProbe) {
	pctx, cancel := context.WithCancel(ctx)
	r.probes[a.ID] = cancel
	w := r.web
	r.running.Go(func() {
		res := ProbeResult{ID: a.ID, Result: probe(pctx, a.Check, a.URL, w)}
		select {
		case r.results <- res:
		case <-ctx.Done():
		}
	})
}

// stop ends every probe and leaves nothing behind that this process has added.
func (r *checkerRun) stop(leave bool) {
	ctx := context.Background()
	actions := r.core.Step(Stop{}, r.now())
	if !leave {
		r.table.release()
		r.daemons.stop()
	}
	r.act(ctx, actions)
	for _, cancel := range r.probes {
		cancel()
	}
	r.running.Wait()
}
