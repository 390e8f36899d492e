package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"halbd/conf"
	"halbd/internal/duequeue"
	"halbd/internal/mmsg"
	"halbd/internal/poll"
	"halbd/internal/sched"
	"halbd/netstate"
	"halbd/vrrp"
)

// engine is the shell around a Core. One goroutine owns it.
type engine struct {
	cfg         *conf.Config
	opt         Options
	core        *vrrp.Core
	pub         Output
	log         *slog.Logger
	poll        *poll.Poller
	mirror      *netstate.Mirror
	objects     *objects
	watcher     *netstate.Watcher
	sockets     map[socketKey]*socket
	byFD        map[int]*socket
	taps        map[string]*tap // by the name of the VMAC
	in          *mmsg.Receiver
	packet      vrrp.PacketReceived // that the core is given: no garbage for each of them
	out         *sender
	auto        *sched.Auto
	budget      *sched.Budget
	due         []*socket // that have adverts to send now
	links       *links
	beat        *linkbeat
	beats       map[string]bool // carrier of the interfaces that are polled
	filter      *filter
	dropped     []netstate.Op       // the removal of links that a reload has made useless
	igmp        *netstate.Sysctl    // of disable_local_igmp; nil: not touched
	returned    map[string]bool     // links that came back since the last reconcile
	held        []*conf.Instance    // for reconcile
	stale       bool                // what is held has changed since the last reconcile
	wanted      map[string]bool     // interfaces that the core wants to hear of
	lastPackets vrrp.Time           // when there were packets
	rehearsed   vrrp.Time           // when a take-over was last rehearsed
	recheck     vrrp.Time           // when to look at the links again; never: nothing is open
	retry       vrrp.Time           // when to try again what the kernel refused; never: nothing
	reread      bool                // then everything must be read again
	faults      map[string][]string // what the core was told of objects, by instance
	sendErr     map[string]string   // by instance: what was said of adverts that could not be sent
	refusals    refusals            // what was said of changes that the kernel refused
	signs       bool                // an instance has auth_hmac
	offset      time.Duration       // what the core knows of the time of day
}

// Messages of other goroutines to the loop.
type (
	stopNow    struct{}
	watchEnded struct{ err error }
)

const retryPause = time.Second

// monotonic is the Time of the engine: CLOCK_BOOTTIME.
func monotonic() vrrp.Time { return poll.Now() }

// Run runs the configured instances until ctx is cancelled, which is a
// graceful stop: priority 0 is sent and every address removed. in delivers
// *conf.Config (a reload) and TrackerResult.
func Run(ctx context.Context, cfg *conf.Config, in <-chan Input, out Output, log *slog.Logger, opt Options) error {
	ownThread := sched.Apply(&cfg.Global.VRRP, "vrrp_", log)
	auto := sched.NewAuto(&cfg.Global, &cfg.Global.VRRP, log)
	e := &engine{
		cfg: cfg, opt: opt, core: vrrp.NewCore(cfg), pub: out, log: log, auto: auto, budget: sched.NewBudget(cfg.Global.VRRP.RTLimit), mirror: netstate.NewMirror(),
		sockets: map[socketKey]*socket{}, byFD: map[int]*socket{}, taps: map[string]*tap{}, in: mmsg.NewReceiver(packetSize), out: newSender(),
		returned: map[string]bool{}, beats: map[string]bool{}, sendErr: map[string]string{}, refusals: refusals{},
		recheck: duequeue.Never, retry: duequeue.Never,
	}
	if err := e.open(); err != nil {
		return err
	}
	defer e.close()
	e.poll.OwnThread = ownThread
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if err := e.firstLinks(); err != nil {
		return err
	}
	e.forward(ctx, in)
	if err := e.start(); err != nil {
		return err
	}
	e.budget.Use() // what the start took does not count
	sched.LimitRealTime(&cfg.Global.VRRP, "vrrp_", log)
	return e.loop()
}

func (e *engine) open() (err error) {
	if e.poll, err = poll.New(); err != nil {
		return err
	}
	if e.beat, err = newLinkbeat(e.log); err != nil {
		return err
	}
	kernel, err := netstate.NewWriter()
	if err != nil {
		return err
	}
	complain := func(err error) { e.log.Warn(err.Error()) }
	w := startWriter(kernel, func(f writeFailed) { e.poll.Post(f) }, complain)
	e.objects = manageObjects(e.mirror, w, e.log)
	e.objects.breathe = e.budget.Use
	e.links = e.objects.links
	e.filter = &filter{mirror: e.mirror, links: e.links, writer: w, log: e.log, chains: newChainsLink(e.opt.Chains)}
	return e.watch()
}

// watch subscribes to what happens in the kernel.
func (e *engine) watch() (err error) {
	mute := e.objects.writer.kernel
	if e.opt.LogAddresses {
		mute = nil
	}
	if e.watcher, err = netstate.Watch(mute); err == nil {
		e.watcher.Mark = e.objects.writer.finished.Load
	}
	return err
}

func (e *engine) close() {
	if e.objects != nil {
		e.objects.writer.close()
		e.filter.close()
	}
	if e.watcher != nil {
		e.watcher.Close()
	}
	for _, s := range e.sockets {
		s.close()
	}
	for _, t := range e.taps {
		t.close()
	}
	if e.poll != nil {
		e.poll.Close()
	}
}

// forward turns everything that comes from other goroutines into mail.
func (e *engine) forward(ctx context.Context, in <-chan Input) {
	go func() {
		for {
			select {
			case <-ctx.Done():
				e.poll.Post(stopNow{})
				return
			case m, ok := <-in:
				if !ok {
					in = nil
					continue
				}
				if d, ok := m.(ChainsDone); ok {
					e.filter.chains.answered(d)
					continue
				}
				e.poll.Post(m)
			}
		}
	}()
	go e.beat.run(ctx, e.poll.Post)
	go func() {
		err := e.watcher.Run(ctx, func(u netstate.Update) { e.poll.Post(u) }, func(text string) { e.log.Warn(text) })
		if ctx.Err() == nil {
			e.poll.Post(watchEnded{err})
		}
	}()
}

// start takes the first snapshot, decides the first states and opens the sockets.
func (e *engine) start() error {
	e.configure()
	u, err := e.watcher.Snapshot()
	if err != nil {
		return err
	}
	e.objects.apply(u)
	e.firstBeats()
	e.makeLinks()
	clear(e.returned) // nobody has announced anything yet
	for _, name := range slices.Sorted(maps.Keys(e.wanted)) {
		e.core.Step(0, e.level(name))
	}
	e.openSockets()
	e.tellTime()
	e.objects.placeStatic(monotonic(), e.cfg)
	e.act(e.core.Start(monotonic()))
	e.stale = true
	e.settle()
	e.pub.Ready()
	e.rehearse()
	return nil
}

// configure derives what the shell itself needs from the configuration. It
// tells whether routes matter now that did not, or the other way round.
func (e *engine) configure() (news bool) {
	e.signs = signs(e.cfg)
	e.sizeNetlink()
	e.wanted = vrrp.Interfaces(e.cfg)
	e.dropped = append(e.dropped, e.links.want(e.cfg.Links())...)
	e.configureFilter()
	e.localIGMP(!e.cfg.Global.DisableLocalIGMP)
	news = e.watcher.FollowRoutes(e.objects.configure(e.cfg))
	e.objects.writer.post(job{paces: &paces{e.cfg.Global.GARPInterval, e.cfg.Global.GNAInterval, e.cfg.GARPGroups}})
	return news
}

// localIGMP lets the kernel report groups of 224.0.0.x to the routers, or not
// (disable_local_igmp).
func (e *engine) localIGMP(on bool) {
	switch {
	case on && e.igmp != nil:
		e.objects.post([]netstate.Op{{Remove: true, Object: e.igmp}})
		e.igmp = nil
	case !on && e.igmp == nil:
		e.igmp = &netstate.Sysctl{Path: "net/ipv4/igmp_link_local_mcast_reports", Value: "0"}
		e.objects.post([]netstate.Op{{Object: e.igmp}})
	}
}

// level is an interface as the core must see it now.
func (e *engine) level(name string) vrrp.InterfaceState {
	s := vrrp.InterfaceState{Name: name}
	if l := e.mirror.Link(name); l != nil {
		s.Exists, s.Up, s.AdminUp, s.Addrs = true, l.Up, l.AdminUp, e.objects.usable(l.Index)
		if up, polled := e.beats[name]; polled {
			s.Up = up && l.AdminUp
		}
	}
	if m := e.links.find(name); m != nil {
		var again vrrp.Time
		s.Pending, again = e.links.pending(m, monotonic())
		s.Fault, e.recheck = m.fault, min(e.recheck, again)
	}
	return s
}

func (e *engine) loop() error {
	events := make([]unix.EpollEvent, 64)
	for {
		deadline, ok := e.core.Deadline()
		if !ok {
			deadline = duequeue.Never
		}
		ready, err := e.poll.Wait(min(deadline-e.lead(), e.retry, e.recheck, e.objects.thefts.next()), events)
		if err != nil {
			return err
		}
		e.budget.Slept()
		e.tellTime()
		// Packets first: what the peers said while this process slept decides what a timer may do.
		for i := range ready {
			e.receive(int(ready[i].Fd))
		}
		for _, m := range e.poll.Take() {
			if done, err := e.mail(m); done {
				return err
			}
		}
		e.tick()
		now := monotonic()
		if e.retry <= now {
			e.again()
		}
		if ended := e.objects.thefts.expire(now); ended || e.recheck <= now {
			e.recheck = duequeue.Never
			e.makeLinks()
			e.stale = true
		}
		e.settle()
		e.gather(len(ready) > 0)
	}
}

// longLate is a lateness of more than a busy host's: this process did not run.
const longLate = 100 * time.Millisecond

// tick lets due timers act. After a stall it first reads every socket to its
// end, however many there are: the core must know all that was said.
func (e *engine) tick() {
	now := monotonic()
	d, ok := e.core.Deadline()
	if !ok || d > now {
		if ok && d-now <= e.lead() {
			e.await(d)
		}
		return
	}
	if e.auto.Late(now - d) {
		e.poll.OwnThread = true
	}
	if now-d > longLate {
		for fd := range e.byFD {
			e.receive(fd)
		}
	}
	e.act(e.core.Step(now, vrrp.Tick{}))
}

func (e *engine) receive(fd int) {
	s := e.byFD[fd]
	if s == nil {
		return
	}
	err := s.receive(e.in, func(at vrrp.Time, p vrrp.PacketReceived) {
		e.packet = p
		e.act(e.core.Step(at, &e.packet))
	})
	if err != nil && !errors.Is(err, unix.ENETDOWN) {
		e.log.Warn(err.Error())
	}
}

// mail handles one message; done means that the engine ends.
func (e *engine) mail(m any) (done bool, err error) {
	switch m := m.(type) {
	case stopNow:
		e.stop()
		return true, nil
	case netstate.Update:
		e.update(m)
	case *conf.Config:
		e.reload(m)
	case vrrp.TrackerResult:
		e.act(e.core.Step(monotonic(), m))
	case vrrp.Order:
		e.act(e.core.Step(monotonic(), m))
	case StatusRequest:
		e.pub.Status(e.core.Status(poll.TimeOfDay()))
		if m.Clear {
			e.core.ClearCounters()
		}
	case linkBeat:
		e.hearBeat(m)
	case writeFailed:
		e.writeFailed(m)
	case filterFailed:
		if e.filter.failed(m.err, e.cfg) {
			e.retry = monotonic() + retryPause
		}
	case filterTaken:
		if now := monotonic(); !e.filter.taken(m.Theft, now, e.held, e.objects.thefts.putBack) {
			e.retry = min(e.retry, now+retryPause)
		}
	case watchEnded:
		return true, fmt.Errorf("watch links and addresses: %w", m.err)
	}
	return false, nil
}

// update applies what the kernel reports and lets the core see each interface
// that it cares for.
func (e *engine) update(u netstate.Update) {
	if e.opt.LogAddresses {
		e.logAddresses(u)
	}
	touched, routing := e.objects.apply(u)
	e.stale = e.stale || routing
	if len(touched) == 0 {
		return
	}
	e.makeLinks()
	e.openSockets()
	for _, name := range slices.Sorted(maps.Keys(touched)) {
		if e.wanted[name] {
			e.act(e.core.Step(monotonic(), e.level(name)))
		}
	}
	e.stale = true
}

func (e *engine) logAddresses(u netstate.Update) {
	for _, c := range u.Changes {
		if c.Address != nil {
			verb := "added to"
			if c.Gone {
				verb = "removed from"
			}
			e.log.Info(fmt.Sprintf("Address %v %s interface %d", c.Address.Prefix, verb, c.Address.Index))
		}
	}
}

func (e *engine) reload(cfg *conf.Config) {
	e.cfg = cfg
	if e.configure() {
		e.watcher.Refresh()
	}
	e.repoll()
	for _, name := range slices.Sorted(maps.Keys(e.wanted)) {
		e.act(e.core.Step(monotonic(), e.level(name)))
	}
	e.openSockets()
	e.tellTime()
	e.act(e.core.Reload(monotonic(), cfg))
	e.closeUnused()
	e.sizeSockets()
	e.objects.post(e.dropped) // only now: the last advert has left by them
	e.dropped = nil
	e.makeLinks()
	e.stale = true
	e.faults = nil // an instance with another name may be the same one: tell it again
}

// stop resigns, removes what was added and waits for the kernel to have done it.
func (e *engine) stop() {
	close(e.filter.chains.quit) // nobody brings the parent's answers any more
	if e.opt.DontRelease {
		// -V: the addresses stay where they are, so the role must end without their removal.
		e.objects.abandon()
		a := e.core.Stop(monotonic())
		e.publish(a)
		e.sendAll(a.Adverts)
		return
	}
	e.act(e.core.Stop(monotonic()))
	e.converge(&conf.Config{}, nil)
	e.objects.post(e.links.want(nil))
	e.makeLinks()
	e.filter.end()
	e.localIGMP(true)
}

// act carries actions out: adverts, addresses, announcements, then the rest.
// What follows from the fate of the adverts comes last.
func (e *engine) act(a *vrrp.Actions) {
	failed := e.sendAll(a.Adverts)
	e.budget.Use()
	for i := range a.Events {
		if a.Events[i].Kind == "INSTANCE" && a.Events[i].Previous == "MASTER" && !a.Events[i].Quiet {
			e.release(a.Events[i].Name)
		}
	}
	for _, name := range a.Gained {
		if in := e.core.HeldBy(name); in != nil {
			e.filter.gain(in)
			e.objects.gain(monotonic(), in)
			e.budget.Use()
		}
	}
	e.stale = e.stale || a.Addresses
	if e.stale && len(a.Announce) > 0 {
		e.reconcile() // what is announced must be there
	}
	for i := range a.Announce {
		if in := e.core.HeldBy(a.Announce[i].Instance); in != nil {
			e.objects.announce(in, &a.Announce[i])
			e.budget.Use()
		}
	}
	e.publish(a)
	if a.Confirm || len(failed) > 0 {
		e.act(e.core.Sent(monotonic(), failed))
	}
}

// release silences an instance that has just left MASTER.
func (e *engine) release(name string) {
	if e.core.HeldBy(name) == nil {
		e.objects.silence(name)
	}
}

func (e *engine) publish(a *vrrp.Actions) {
	now := time.Now()
	for i := range a.Events {
		a.Events[i].At = now
		e.pub.Publish(a.Events[i])
	}
	for _, answer := range a.Answers {
		e.pub.Ordered(answer)
	}
	for _, l := range a.Log {
		e.log.Log(context.Background(), l.Level, l.Text)
	}
}
