// Package firewall makes one nftables table of our own, in the families ip and
// ip6, equal to a desired Ruleset: packets from and to the addresses of
// no_accept instances are dropped, and what a VMAC must not say on the wire
// (RFC 9568 section 7.4: no frame of a virtual MAC from a backup) is dropped or
// moved to its parent interface.
//
// It knows nothing of roles, reads no other table than its own and never
// touches one. Sets, chains and rules have keepalived's names and order, so
// that what an operator knows of keepalived's table holds for this one.
//
// A Manager changes the table, each time in one transaction, and so never
// leaves a moment without rules. A Watcher tells when someone else changed it.
package firewall

import "net/netip"

// Ruleset is what the table is to say. A Ruleset without a Drop and without a
// VMAC is no table at all.
type Ruleset struct {
	Table    string // name in both families
	Priority int32  // of the base chains; filter is 0
	Counters bool   // count the packets of every rule
	Drops    []Drop
	VMACs    []VMAC
}

// Drop is an address whose packets are dropped in both directions. Neighbour
// discovery of IPv6 addresses goes on, as ARP does for IPv4.
type Drop struct {
	Addr netip.Addr
	// Link-local IPv6 addresses are dropped on one interface only, which is
	// known by its index, or by its name when that is to outlive the interface.
	Index int
	Name  string
	Link  string // its name, for iptables
}

// VMAC is a macvlan interface with a virtual router's MAC address.
type VMAC struct {
	Index  int
	Parent int // index of the interface under it
	V6     bool
	// Of the parent (V6): its neighbour advertisements may not leave with the virtual MAC.
	LinkLocal netip.Addr
	Link      string // its name, for iptables
}

// Over is a ruleset together with one that was before: for the time in which
// addresses change from one's to the other's.
func (r *Ruleset) Over(last *Ruleset) *Ruleset {
	both := *r
	both.Drops = union(last.Drops, r.Drops)
	both.VMACs = union(last.VMACs, r.VMACs) // of two for one interface the later counts
	return &both
}

// union is a without what b has, and then b.
func union[T comparable](a, b []T) []T {
	in := make(map[T]bool, len(b))
	for _, v := range b {
		in[v] = true
	}
	var all []T
	for _, v := range a {
		if !in[v] {
			all = append(all, v)
		}
	}
	return append(all, b...)
}

// DefaultTable is the name where the configuration gives none.
const DefaultTable = "keepalived"

// Local reports whether the address is only valid together with an interface.
func (d *Drop) Local() bool { return d.Addr.Is6() && d.Addr.IsLinkLocalUnicast() }
