package vrrp

import (
	"cmp"
	"fmt"
	"slices"

	"halbd/conf"
	"halbd/event"
)

// network is some hosts on one wire, with one clock: a cluster, with delay,
// loss, duplicates, reordering, partitions and hosts that do not run, in
// microseconds and exactly.
type network struct {
	hosts  []*simHost
	now    Time
	flying []flight
	sent   int // breaks ties between packets that arrive together

	delay func() Time // of a packet
	lost  func() bool
	twice func() bool

	watch func() // called after everything that happens
}

// simHost is one host. Its addresses stay on the network while it is stopped,
// but nobody can expect it to act.
type simHost struct {
	cfg     *conf.Config
	core    *Core // nil: the daemon does not run
	addr    string
	side    int  // of a partition; hosts of the same side hear each other
	down    bool // link
	stopped bool // the process: its packets wait
	asleep  bool // the machine: its packets are lost
	waiting []flight
	healthy Time // since when it can do its part; never: it cannot
}

type flight struct {
	at       Time
	order    int
	from, to int
	packet   PacketReceived
}

func (n *network) link(h *simHost) InterfaceState {
	l := eth0(h.addr)
	l.Up = !h.down
	return l
}

// boot starts the daemon of a host.
func (n *network) boot(i int) {
	h := n.hosts[i]
	h.core = NewCore(h.cfg)
	h.core.Step(n.now, n.link(h))
	n.act(i, h.core.Start(n.now))
	n.updateHealth(h)
}

func (n *network) crash(i int) {
	n.hosts[i].core, n.hosts[i].waiting = nil, nil
	n.updateHealth(n.hosts[i])
}

func (n *network) shutdown(i int) {
	h := n.hosts[i]
	n.act(i, h.core.Stop(n.now))
	n.crash(i)
}

func (n *network) setLink(i int, down bool) {
	h := n.hosts[i]
	h.down = down
	if h.core != nil {
		n.act(i, h.core.Step(n.now, n.link(h)))
	}
	n.updateHealth(h)
}

func (n *network) reload(i int) {
	if h := n.hosts[i]; h.core != nil {
		n.act(i, h.core.Reload(n.now, h.cfg))
	}
}

// pause stops the process of a host or the machine; run lets it run again: what
// waits in its sockets comes first, as of when it came.
func (n *network) pause(i int, machine bool) {
	h := n.hosts[i]
	h.stopped, h.asleep = true, machine
	n.updateHealth(h)
}

func (n *network) run(i int) {
	h := n.hosts[i]
	h.stopped, h.asleep = false, false
	n.watch() // it may be MASTER until it hears that it should not be
	waiting := h.waiting
	h.waiting = nil
	for _, f := range waiting {
		if h.core != nil {
			n.act(i, h.core.Step(f.at, &f.packet))
		}
	}
	n.tick(i)
	n.updateHealth(h)
}

func (n *network) updateHealth(h *simHost) {
	if h.core == nil || h.down || h.stopped {
		h.healthy = never
	} else if h.healthy == never {
		h.healthy = n.now
	}
}

// act sends a host's adverts on their way.
func (n *network) act(from int, a *Actions) {
	for _, ad := range a.Adverts {
		p := PacketReceived{Interface: "eth0", Src: ad.Src, Dst: ad.Dst, TTL: 255, Payload: slices.Clone(ad.Payload)}
		for to := range n.hosts {
			if to == from || n.hosts[from].down || n.lost() {
				continue
			}
			for range 1 + btoi(n.twice()) {
				n.sent++
				n.flying = append(n.flying, flight{n.now + n.delay(), n.sent, from, to, p})
			}
		}
	}
	if a.Confirm {
		n.act(from, n.hosts[from].core.Sent(n.now, nil))
	}
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

func (n *network) land(f flight) {
	h := n.hosts[f.to]
	switch {
	case h.core == nil || h.down || h.asleep || h.side != n.hosts[f.from].side:
	case h.stopped:
		h.waiting = append(h.waiting, f)
	default:
		n.act(f.to, h.core.Step(n.now, &f.packet))
	}
}

func (n *network) tick(i int) {
	if h := n.hosts[i]; h.core != nil {
		if d, ok := h.core.Deadline(); ok && d <= n.now {
			n.act(i, h.core.Step(n.now, Tick{}))
		}
	}
}

// until lets everything happen up to a time: of what falls together, packets first.
func (n *network) until(end Time) {
	for {
		at, host := never, -1
		for i, h := range n.hosts {
			if h.core == nil || h.stopped {
				continue
			}
			if d, ok := h.core.Deadline(); ok && d < at {
				at, host = d, i
			}
		}
		next := slices.MinFunc(append(n.flying, flight{at: never}), func(a, b flight) int {
			return cmp.Or(cmp.Compare(a.at, b.at), a.order-b.order)
		})
		switch {
		case min(at, next.at) > end:
			n.now = end
			n.watch()
			return
		case next.at <= at:
			n.now = max(n.now, next.at)
			n.flying = slices.DeleteFunc(n.flying, func(f flight) bool { return f.order == next.order })
			n.land(next)
		default:
			n.now = max(n.now, at)
			n.tick(host)
		}
		n.watch()
	}
}

// masters lists the running hosts that are MASTER of their instance number k.
func (n *network) masters(k int) (list []int) {
	for i, h := range n.hosts {
		if h.core != nil && !h.stopped && h.core.instances[k].state == event.Master {
			list = append(list, i)
		}
	}
	return list
}

// onOneWire is a network that delivers everything at once.
func onOneWire(cfgs ...*conf.Config) *network {
	no := func() bool { return false }
	n := &network{delay: func() Time { return 0 }, lost: no, twice: no, watch: func() {}}
	for i, cfg := range cfgs {
		n.hosts = append(n.hosts, &simHost{cfg: cfg, addr: fmt.Sprintf("10.0.0.%d", i+1), healthy: never})
	}
	return n
}
