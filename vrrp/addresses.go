package vrrp

import (
	"log/slog"
	"net/netip"
	"slices"
	"sync/atomic"

	"halbd/conf"
	"halbd/netstate"
)

// addressKey is an address on an interface as the kernel knows it.
type addressKey struct {
	index  int
	prefix netip.Prefix
}

// addresses makes the kernel's addresses equal to what the core holds: at
// start, on reload, after drift and on the way out, by one path. It changes
// the mirror as if the kernel had obeyed, and leaves the work to a writer.
type addresses struct {
	mirror *netstate.Mirror
	writer *writer
	log    *slog.Logger
	ours   map[addressKey]conf.Address // what we have set
	quiet  bool                        // after an overrun: a missing address may be our own unfinished work
	alive  map[string]*atomic.Bool     // of each instance's announcements
}

func manageAddresses(m *netstate.Mirror, w *writer, log *slog.Logger) *addresses {
	return &addresses{mirror: m, writer: w, log: log, ours: map[addressKey]conf.Address{}, alive: map[string]*atomic.Bool{}}
}

func (a *addresses) key(addr *conf.Address) (addressKey, bool) {
	l := a.mirror.Link(addr.Interface)
	if l == nil {
		return addressKey{}, false
	}
	return addressKey{l.Index, netstate.Prefix(addr)}, true
}

// reconcile computes what must change. held are the addresses to have; cfg
// lists those that may not be there otherwise.
func (a *addresses) reconcile(cfg *conf.Config, held []HeldAddress) {
	wanted := make(map[addressKey]*conf.Address, len(held)+len(cfg.StaticAddresses))
	var ops []netstate.Op
	want := func(addr *conf.Address) {
		if k, ok := a.key(addr); ok && wanted[k] == nil {
			wanted[k] = addr
			ops = a.add(ops, k, addr)
		}
	}
	for i := range cfg.StaticAddresses {
		want(&cfg.StaticAddresses[i])
	}
	for i := range held {
		want(held[i].Address)
	}
	gone := a.unwanted(cfg, wanted)
	if len(ops)+len(gone) > 0 {
		a.writer.post(job{ops: append(gone, ops...)}) // what must go frees the place of what must come
	}
}

// gain sets addresses that have just come to be held. It is the short way of
// a take-over, where looking at every other address too would cost time.
func (a *addresses) gain(held []HeldAddress) {
	var ops []netstate.Op
	for i := range held {
		if k, ok := a.key(held[i].Address); ok {
			ops = a.add(ops, k, held[i].Address)
		}
	}
	if len(ops) > 0 {
		a.writer.post(job{ops: ops})
	}
}

func (a *addresses) add(ops []netstate.Op, k addressKey, addr *conf.Address) []netstate.Op {
	_, there := a.mirror.Find(k.index, k.prefix)
	was, set := a.ours[k]
	switch {
	case there && set && was == *addr:
		return ops
	case there && set:
		old := was
		ops = append(ops, netstate.Op{Remove: true, Index: k.index, Address: &old})
	case set && addr.NoTrack:
		return ops // no_track: somebody else may take it away
	case set && !a.quiet:
		a.log.Warn("address " + k.prefix.String() + " was taken from " + addr.Interface + " by someone else: it is put back")
	}
	a.ours[k] = *addr
	a.mirror.Assume(k.index, k.prefix, true)
	return append(ops, netstate.Op{Index: k.index, Address: addr})
}

// unwanted removes what we set and no longer want, and the leftovers of a
// former run: configured addresses that nobody holds now.
func (a *addresses) unwanted(cfg *conf.Config, wanted map[addressKey]*conf.Address) []netstate.Op {
	var ops []netstate.Op
	remove := func(k addressKey, addr conf.Address) {
		delete(a.ours, k)
		if _, there := a.mirror.Find(k.index, k.prefix); there {
			a.mirror.Assume(k.index, k.prefix, false)
			ops = append(ops, netstate.Op{Remove: true, Index: k.index, Address: &addr})
		}
	}
	for k, addr := range a.ours {
		if wanted[k] == nil {
			remove(k, addr)
		}
	}
	for i := range cfg.Instances {
		in := &cfg.Instances[i]
		for _, list := range [][]conf.Address{in.Addresses, in.Excluded} {
			for j := range list {
				k, ok := a.key(&list[j])
				if !ok || wanted[k] != nil {
					continue
				}
				if at, there := a.mirror.Find(k.index, k.prefix); there && (at.Protocol == netstate.AddressProtocol || in.Priority < 255) {
					remove(k, list[j])
				}
			}
		}
	}
	return ops
}

// forget drops what was set on interfaces that are gone.
func (a *addresses) forget() {
	for k := range a.ours {
		if !a.mirror.HasIndex(k.index) {
			delete(a.ours, k)
		}
	}
}

// usable lists the host's own addresses of an interface, primary first.
func (a *addresses) usable(index int) []netip.Addr {
	list := a.mirror.Addresses(index, func(at *netstate.Address) bool {
		if !at.Usable || at.Protocol == netstate.AddressProtocol {
			return false
		}
		_, ours := a.ours[addressKey{index, at.Prefix}]
		return !ours
	})
	out := make([]netip.Addr, len(list))
	for i := range list {
		out[i] = list[i].Prefix.Addr()
	}
	return out
}

// announce queues sets of announcements behind the changes posted so far.
func (a *addresses) announce(list []HeldAddress, an *Announce) {
	if len(list) == 0 {
		return
	}
	alive := a.alive[an.Instance]
	if alive == nil || !alive.Load() {
		alive = new(atomic.Bool)
		alive.Store(true)
		a.alive[an.Instance] = alive
	}
	for rest := list; len(rest) > 0; {
		name := rest[0].Address.Interface
		var addrs []netip.Addr
		var others []HeldAddress
		for _, h := range rest {
			switch addr := h.Address.Prefix.Addr(); {
			case h.Address.Interface != name:
				others = append(others, h)
			case an.Only == nil || slices.Contains(an.Only, addr):
				addrs = append(addrs, addr)
			}
		}
		if l := a.mirror.Link(name); l != nil && len(addrs) > 0 {
			a.writer.post(job{announce: &announcement{link: *l, addrs: addrs, repeat: an.Repeat, alive: alive}})
		}
		rest = others
	}
}

// silence ends the announcements of an instance that has given its addresses up.
func (a *addresses) silence(instance string) {
	if alive := a.alive[instance]; alive != nil {
		alive.Store(false)
	}
}
