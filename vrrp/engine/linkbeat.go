package engine

import (
	"context"
	"encoding/binary"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"halbd/conf"
)

// beatInterval is how often the carrier of a polled interface is read.
const beatInterval = time.Second

// linkbeat reads the carrier of interfaces whose drivers do not report it
// (linkbeat_use_polling, linkbeat_interfaces). Its goroutine keeps the system
// calls, which some drivers take their time for, away from the loop.
type linkbeat struct {
	fd   int // any socket of the network namespace
	log  *slog.Logger
	want chan []conf.LinkPoll
	how  map[string]string // the method that works, by interface
}

// linkBeat is what polling found out, as mail.
type linkBeat struct {
	name string
	up   bool
}

func newLinkbeat(log *slog.Logger) (*linkbeat, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("socket to poll links by: %w", err)
	}
	return &linkbeat{fd: fd, log: log, want: make(chan []conf.LinkPoll, 1), how: map[string]string{}}, nil
}

// polled lists the interfaces that are polled: those of linkbeat_interfaces,
// and those of instances that ask for it, but never a link of our own.
func polled(cfg *conf.Config) []conf.LinkPoll {
	var list []conf.LinkPoll
	seen := map[string]bool{}
	for i := range cfg.Instances {
		if own, ok := cfg.Instances[i].OwnLink(); ok {
			seen[own.Name] = true
		}
	}
	add := func(p conf.LinkPoll) {
		if p.Interface != "" && !seen[p.Interface] {
			seen[p.Interface] = true
			list = append(list, p)
		}
	}
	for _, p := range cfg.LinkPolls {
		add(p)
	}
	for i := range cfg.Instances {
		if in := &cfg.Instances[i]; in.LinkbeatPolling || cfg.Global.LinkbeatPolling {
			add(conf.LinkPoll{Interface: in.Interface})
		}
	}
	return list
}

// set hands over what is to be polled; it never waits. Only the loop calls it.
func (b *linkbeat) set(list []conf.LinkPoll) {
	select {
	case <-b.want: // outdated
	default:
	}
	b.want <- list
}

// firstBeats polls once before the first states are decided; nothing has to be
// kept up yet, so this may wait.
func (e *engine) firstBeats() {
	list := polled(e.cfg)
	for _, p := range list {
		e.beats[p.Interface] = e.beat.carrier(p)
	}
	e.beat.set(list)
}

// repoll gives up what is not polled any more.
func (e *engine) repoll() {
	list := polled(e.cfg)
	keep := map[string]bool{}
	for _, p := range list {
		keep[p.Interface] = true
	}
	maps.DeleteFunc(e.beats, func(name string, _ bool) bool { return !keep[name] })
	e.beat.set(list)
}

// hearBeat takes what polling found out, unless it is polled no longer.
func (e *engine) hearBeat(b linkBeat) {
	if !slices.ContainsFunc(polled(e.cfg), func(p conf.LinkPoll) bool { return p.Interface == b.name }) {
		return
	}
	e.beats[b.name] = b.up
	if e.wanted[b.name] {
		e.act(e.core.Step(monotonic(), e.level(b.name)))
	}
}

// run polls until ctx ends and posts what has changed.
func (b *linkbeat) run(ctx context.Context, post func(any)) {
	defer unix.Close(b.fd)
	var list []conf.LinkPoll
	last := map[string]bool{}
	tick := time.NewTicker(beatInterval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case list = <-b.want:
			clear(last)
			tick.Reset(beatInterval)
			if len(list) == 0 {
				tick.Stop()
			}
		case <-tick.C:
		}
		for _, p := range list {
			up := b.carrier(p)
			if was, known := last[p.Interface]; !known || was != up {
				last[p.Interface] = up
				post(linkBeat{p.Interface, up})
			}
		}
	}
}

// carrier reads the carrier of one interface by the method that is wanted, or
// the first that works. An interface that does not exist has none.
func (b *linkbeat) carrier(p conf.LinkPoll) bool {
	for _, m := range methods(p.Method, b.how[p.Interface]) {
		up, err := pollCarrier(b.fd, p.Interface, m)
		switch {
		case err == unix.ENODEV:
			return false
		case err == nil:
			if b.how[p.Interface] != m {
				b.how[p.Interface] = m
				b.log.Info(fmt.Sprintf("link of %s is polled by %s", p.Interface, m))
			}
			return up
		}
	}
	return false
}

// methods is the order in which to try.
func methods(wanted, working string) (list []string) {
	for _, m := range []string{working, wanted, "MII", "ETHTOOL", "IOCTL"} {
		if m != "" {
			list = append(list, m)
		}
	}
	return list
}

// ifreq is struct ifreq (netdevice(7)).
type ifreq struct {
	name [unix.IFNAMSIZ]byte
	data [24]byte
}

func ioctl(fd int, request uintptr, r *ifreq) error {
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), request, uintptr(unsafe.Pointer(r))); errno != 0 {
		return errno
	}
	return nil
}

// MII management registers, IEEE 802.3 clause 22.
const (
	miiStatus     = 1
	miiStatusLink = 1 << 2 // stays down until it has been read
)

// pollCarrier asks the driver whether the link has a carrier.
func pollCarrier(fd int, name, method string) (up bool, err error) {
	var r ifreq
	copy(r.name[:len(r.name)-1], name)
	word := binary.NativeEndian
	switch method {
	case "MII":
		if err := ioctl(fd, unix.SIOCGMIIPHY, &r); err != nil {
			return false, err
		}
		for range 2 { // the first reading may be of the past
			word.PutUint16(r.data[2:], miiStatus)
			if err := ioctl(fd, unix.SIOCGMIIREG, &r); err != nil {
				return false, err
			}
		}
		return word.Uint16(r.data[6:])&miiStatusLink != 0, nil
	case "ETHTOOL":
		value := struct{ cmd, data uint32 }{cmd: unix.ETHTOOL_GLINK}
		*(*unsafe.Pointer)(unsafe.Pointer(&r.data[0])) = unsafe.Pointer(&value)
		err := ioctl(fd, unix.SIOCETHTOOL, &r)
		return value.data != 0, err
	}
	err = ioctl(fd, unix.SIOCGIFFLAGS, &r)
	return word.Uint16(r.data[:])&unix.IFF_RUNNING != 0, err
}
