package engine

import (
	"net/netip"
	"slices"
	"sync/atomic"

	"halbd/conf"
	"halbd/netstate"
	"halbd/vrrp"
)

// addressKey is an address on an interface as the kernel knows it.
type addressKey struct {
	index  int
	prefix netip.Prefix
}

// addressKind is how a set handles addresses.
type addressKind struct {
	mirror *netstate.Mirror
	links  *links
}

func (a addressKind) key(addr *conf.Address) (addressKey, bool) {
	l := a.mirror.Link(addr.Interface)
	if l == nil || !a.links.ready(l) {
		return addressKey{}, false
	}
	return addressKey{l.Index, netstate.Prefix(addr)}, true
}

func (a addressKind) present(k addressKey, _ *conf.Address) (there, altered bool) {
	_, there = a.mirror.Find(k.index, k.prefix)
	return there, false
}

func (a addressKind) assume(k addressKey, _ *conf.Address, present bool) {
	a.mirror.Assume(k.index, k.prefix, present)
}

func (addressKind) same(a, b *conf.Address) bool { return *a == *b }

func (addressKind) untracked(addr *conf.Address) bool { return addr.NoTrack }

func (a addressKind) exists(k addressKey) bool { return a.mirror.ByIndex(k.index) != nil }

func (a addressKind) usable(k addressKey) bool {
	l := a.mirror.ByIndex(k.index)
	return l != nil && l.AdminUp
}

func (addressKind) object(k addressKey, addr *conf.Address) netstate.Object {
	return &netstate.AddressOn{Index: k.index, Address: addr}
}

// announce queues sets of announcements behind the changes posted so far.
func (o *objects) announce(in *conf.Instance, an *vrrp.Announce) {
	alive := o.alive[an.Instance]
	if alive == nil || !alive.Load() {
		alive = new(atomic.Bool)
		alive.Store(true)
		o.alive[an.Instance] = alive
	}
	all := make([]*conf.Address, 0, len(in.Addresses)+len(in.Excluded))
	for _, list := range [][]conf.Address{in.Addresses, in.Excluded} {
		for i := range list {
			all = append(all, &list[i])
		}
	}
	for rest := all; len(rest) > 0; {
		name := rest[0].Interface
		var addrs []netip.Addr
		var others []*conf.Address
		for _, a := range rest {
			switch addr := a.Prefix.Addr(); {
			case a.Interface != name:
				others = append(others, a)
			case an.Only == nil || slices.Contains(an.Only, addr):
				addrs = append(addrs, addr)
			}
		}
		if l := o.mirror.Link(name); l != nil && len(addrs) > 0 {
			o.writer.post(job{announce: &announcement{link: *l, base: o.links.base(name), addrs: addrs, repeat: an.Repeat, alive: alive}})
		}
		rest = others
	}
}

// silence ends the announcements of an instance that has given its addresses up.
func (o *objects) silence(instance string) {
	if alive := o.alive[instance]; alive != nil {
		alive.Store(false)
	}
}
