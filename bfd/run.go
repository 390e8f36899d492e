package bfd

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"time"

	"golang.org/x/sys/unix"

	"halbd/conf"
	"halbd/internal/mmsg"
	"halbd/internal/poll"
	"halbd/internal/sched"
)

// daemon is the shell around a Core. One goroutine owns it.
type daemon struct {
	cfg     *conf.Config
	core    *Core
	out     Output
	log     *slog.Logger
	poll    *poll.Poller
	auto    *sched.Auto
	in      *mmsg.Receiver
	inlets  map[inletKey]*inlet
	byFD    map[int]*inlet
	outlets map[Path]*outlet
	ttl     map[Path]uint8 // of every configured session
	rest    Time           // how long a busy loop sleeps after each round; 0: not at all
	awake   Time           // when the last round began
	retry   Time           // when to open again what could not be opened; never: nothing
	said    map[inletKey]string
}

const retryPause = time.Second

// Run holds the configured sessions until ctx is cancelled. in delivers
// *conf.Config (a reload).
func Run(ctx context.Context, cfg *conf.Config, in <-chan Input, out Output, log *slog.Logger) error {
	sched.LimitRealTime(&cfg.Global.BFD, "bfd_", log)
	ownThread := sched.Apply(&cfg.Global.BFD, "bfd_", log)
	p, err := poll.New()
	if err != nil {
		return err
	}
	p.OwnThread = ownThread
	defer p.Close()
	d := &daemon{cfg: cfg, core: NewCore(rand.Uint32), out: out, log: log, poll: p, auto: sched.NewAuto(&cfg.Global, &cfg.Global.BFD, log), in: mmsg.NewReceiver(packetSize), inlets: map[inletKey]*inlet{}, byFD: map[int]*inlet{},
		outlets: map[Path]*outlet{}, retry: never, said: map[inletKey]string{}}
	defer d.close()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go poll.Forward(ctx, in, p)
	d.configure(cfg)
	d.act(d.core.Start(poll.Now(), cfg))
	out.Ready()
	return d.loop()
}

func (d *daemon) close() {
	for _, i := range d.inlets {
		unix.Close(i.fd)
	}
	for _, o := range d.outlets {
		unix.Close(o.fd)
	}
}

func (d *daemon) loop() error {
	events := make([]unix.EpollEvent, 16)
	for {
		deadline, ok := d.core.Deadline()
		if !ok {
			deadline = never
		}
		ready, err := d.poll.Wait(min(deadline, d.retry), events)
		if err != nil {
			return err
		}
		d.gather()
		// Packets first: a neighbour that spoke while this process slept has not been silent.
		for i := range ready {
			d.receive(int(ready[i].Fd))
		}
		for _, m := range d.poll.Take() {
			switch m := m.(type) {
			case poll.Stop:
				d.act(d.core.Stop(poll.Now()))
				return nil
			case *conf.Config:
				d.reload(m)
			case StatusRequest:
				d.out.Status(d.core.Status(poll.TimeOfDay()))
			}
		}
		now := poll.Now()
		if at, ok := d.core.Deadline(); ok && at <= now {
			if d.auto.Late(now - at) {
				d.poll.OwnThread = true
			}
			d.act(d.core.Step(now, Tick{}))
		}
		if d.retry <= now {
			d.openInlets()
		}
	}
}

// mostRest bounds how late a packet is sent or read for the sake of others.
const mostRest = time.Millisecond

// restOf is a small part of the shortest interval: that later, a packet that is
// due is still within the jitter of RFC 5880, 6.8.7, and one that has come is
// read long before a detection time is over.
func restOf(cfg *conf.Config) Time {
	rest := mostRest
	for i := range cfg.BFDs {
		b := &cfg.BFDs[i]
		rest = min(rest, b.MinTx/32, b.MinRx/32)
	}
	return rest
}

// gather lets what is due and what arrives come together when there is much: to
// wake for each packet costs more than to handle it. A loop with a scheduling
// class does not: it is there to be quick.
func (d *daemon) gather() {
	now := poll.Now()
	if now-d.awake < d.rest && !d.poll.OwnThread {
		poll.Pause(d.rest)
		now += d.rest
	}
	d.awake = now
}

func (d *daemon) receive(fd int) {
	i := d.byFD[fd]
	if i == nil {
		return
	}
	err := i.receive(d.in, func(p *PacketReceived) { d.act(d.core.Step(poll.Now(), p)) })
	if err != nil {
		d.log.Warn(err.Error())
	}
}

func (d *daemon) reload(cfg *conf.Config) {
	d.configure(cfg)
	d.act(d.core.Reload(poll.Now(), cfg))
	for path, o := range d.outlets {
		if _, wanted := d.ttl[path]; !wanted {
			unix.Close(o.fd)
			delete(d.outlets, path)
		}
	}
}

// configure derives what the shell itself needs from a configuration.
func (d *daemon) configure(cfg *conf.Config) {
	d.cfg, d.rest = cfg, restOf(cfg)
	d.ttl = map[Path]uint8{}
	for i := range cfg.BFDs {
		b := &cfg.BFDs[i]
		d.ttl[pathOf(b)] = b.TTL
		if o := d.outlets[pathOf(b)]; o != nil && o.fd >= 0 {
			o.complain(d.log, o.setTTL(b.TTL))
		}
	}
	d.openInlets()
}

// openInlets opens the receive sockets that the sessions need and closes the
// others. One that cannot be opened, because a routing daemon of this host has
// its port, is tried again every second.
func (d *daemon) openInlets() {
	d.retry = never
	wanted := map[inletKey]bool{}
	for i := range d.cfg.BFDs {
		wanted[inletOf(&d.cfg.BFDs[i])] = true
	}
	for key, i := range d.inlets {
		if !wanted[key] {
			d.poll.Remove(i.fd)
			unix.Close(i.fd)
			delete(d.byFD, i.fd)
			delete(d.inlets, key)
		}
	}
	for key := range wanted {
		if d.inlets[key] == nil {
			d.openInlet(key)
		}
	}
}

func (d *daemon) openInlet(key inletKey) {
	i, err := openInlet(key)
	if err == nil {
		if err = d.poll.Add(i.fd); err != nil {
			unix.Close(i.fd)
		}
	}
	if err != nil {
		if text := err.Error(); d.said[key] != text {
			d.said[key] = text
			d.log.Error(text + "; trying again every second, until then no session there comes up")
		}
		d.retry = poll.Now() + retryPause
		return
	}
	delete(d.said, key)
	d.inlets[key], d.byFD[i.fd] = i, i
}

// act carries actions out: packets first, then what is said of them.
func (d *daemon) act(a *Actions) {
	for i := range a.Packets {
		d.send(&a.Packets[i])
	}
	now := time.Now()
	for i := range a.Events {
		a.Events[i].At = now
		d.out.Publish(a.Events[i])
	}
	for _, l := range a.Log {
		d.log.Log(context.Background(), l.Level, l.Text)
	}
}

func (d *daemon) send(p *SendPacket) {
	o := d.outlets[p.Path]
	if o == nil {
		o = newOutlet(p.Path)
		d.outlets[p.Path] = o
	}
	o.complain(d.log, o.send(p.Payload[:], d.ttl[p.Path]))
}
