package healthcheck

import (
	"context"
	"net/netip"

	"halbd/netstate"
)

// hostAddresses knows which addresses this host has. One may be on several
// interfaces, and with several prefixes.
type hostAddresses map[netip.Addr]map[carrier]bool

type carrier struct {
	index int
	bits  int
}

// apply returns what has come and what has gone.
func (h hostAddresses) apply(u netstate.Update) (changes []AddressChange) {
	fresh := hostAddresses{}
	for _, ch := range u.Changes {
		if ch.Address == nil {
			continue
		}
		a, at := ch.Address.Prefix.Addr(), carrier{ch.Address.Index, ch.Address.Prefix.Bits()}
		fresh.add(a, at)
		switch {
		case !ch.Gone && h.add(a, at):
			changes = append(changes, AddressChange{a, true})
		case ch.Gone && h.remove(a, at):
			changes = append(changes, AddressChange{a, false})
		}
	}
	if !u.Full {
		return changes
	}
	for a, carriers := range h {
		for at := range carriers {
			if !fresh[a][at] && h.remove(a, at) {
				changes = append(changes, AddressChange{a, false})
			}
		}
	}
	return changes
}

// add reports whether the address is new to the host.
func (h hostAddresses) add(a netip.Addr, at carrier) bool {
	if h[a] != nil {
		h[a][at] = true
		return false
	}
	h[a] = map[carrier]bool{at: true}
	return true
}

// remove reports whether the host has lost the address.
func (h hostAddresses) remove(a netip.Addr, at carrier) bool {
	if !h[a][at] {
		return false
	}
	delete(h[a], at)
	if len(h[a]) > 0 {
		return false
	}
	delete(h, a)
	return true
}

// followAddresses delivers the addresses of this host, and each change of them,
// until ctx ends. It delivers from one goroutine.
func followAddresses(ctx context.Context, deliver func([]AddressChange), complain func(string)) error {
	w, err := netstate.WatchAddresses()
	if err != nil {
		return err
	}
	defer w.Close()
	have := hostAddresses{}
	w.Refresh()
	return w.Run(ctx, func(u netstate.Update) {
		if list := have.apply(u); len(list) > 0 {
			deliver(list)
		}
	}, complain)
}
