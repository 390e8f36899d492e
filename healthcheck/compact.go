package healthcheck

import (
	"net/netip"
	"reflect"
	"slices"

	"halbd/conf"
)

// compact makes the real servers of a configuration share what they have in
// common. Of ten thousand servers most have the checks of their neighbour, but
// for the address: where a check goes to its own server, it is left out.
func compact(cfg *conf.Config) {
	var before []conf.Checker
	for i := range cfg.VirtualServers {
		v := &cfg.VirtualServers[i]
		v.RealServers = slices.Clip(slices.Clone(v.RealServers))
		for j := range v.RealServers {
			r := &v.RealServers[j]
			if r.Forwarding == v.Forwarding {
				r.Forwarding = v.Forwarding // and so its text
			}
			for k := range r.Checkers {
				if c := &r.Checkers[k]; c.Connect == r.Addr {
					c.Connect = netip.AddrPort{}
				}
			}
			if slices.EqualFunc(before, r.Checkers, equalCheckers) {
				r.Checkers = before
				continue
			}
			// Copied: one survivor would hold on to a page of its dead neighbours.
			before = slices.Clone(r.Checkers)
			r.Checkers = before
		}
	}
}

func equalCheckers(a, b conf.Checker) bool { return a == b || reflect.DeepEqual(&a, &b) }
