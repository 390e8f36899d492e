// Package netstate mirrors the kernel's links, addresses, routing rules and the
// routes of our protocol number, and makes and removes such objects. It decides
// nothing about what is to be there.
//
// A Watcher owns the netlink subscription: it delivers changes in order, and a
// complete snapshot at the start and again after every overrun (ENOBUFS), so
// that a lost message can never leave the mirror wrong. A Mirror is plain
// state without a lock: the goroutine that owns it applies the changes.
package netstate

import (
	"cmp"
	"maps"
	"net"
	"net/netip"
	"slices"
)

// Link is one network interface.
type Link struct {
	Index int
	Name  string
	Up    bool // administratively up and running (carrier, RFC 2863 operational state)
	MTU   int
	MAC   [6]byte
	Ether bool // has an Ethernet address, so that ARP and ND can be sent on it

	AdminUp bool   // as an administrator wants it
	Kind    string // the kernel's word for its kind ("macvlan", "vrf"); "" for hardware
	Parent  int    // index of the link that it is on; 0: none
	Master  int    // index of its VRF, bridge or bond; 0: none
	Group   uint32
	Private bool // a macvlan in private mode
	L2      bool // an ipvlan in L2 mode
}

// Address is one address on one interface.
type Address struct {
	Index    int
	Prefix   netip.Prefix // host bits kept
	Protocol uint8        // IFA_PROTO: who set it; 18 is keepalived's number and ours
	Usable   bool         // neither tentative nor a failed duplicate
	Failed   bool         // duplicate address detection has found another owner
	seq      uint64       // order of arrival
}

// AddressProtocol marks addresses and routes that a VRRP daemon set (RTPROT_KEEPALIVED).
const AddressProtocol = 18

// Update is what changed, in the order in which the kernel said it.
type Update struct {
	Full    bool   // a snapshot: everything that is not in it is gone
	Routes  bool   // the same for the routes alone
	Mark    uint64 // of a snapshot: what Watcher.Mark said before it was taken
	Changes []Change
}

// Change is one object that came, changed or went.
type Change struct {
	Gone     bool
	Link     *Link
	Address  *Address
	Route    *Route
	Replaced bool // a route that has taken the place of another one
	Rule     *RuleKey
}

// Mirror is what the kernel has, as far as the applied updates tell.
type Mirror struct {
	links  map[int]*Link
	byName map[string]*Link
	addrs  map[int]map[netip.Prefix]Address // by interface
	routes map[RouteKey]map[Hop]Leg
	rules  map[RuleKey]bool
	seq    uint64
}

// NewMirror returns an empty mirror.
func NewMirror() *Mirror {
	return &Mirror{links: map[int]*Link{}, byName: map[string]*Link{}, addrs: map[int]map[netip.Prefix]Address{},
		routes: map[RouteKey]map[Hop]Leg{}, rules: map[RuleKey]bool{}}
}

// Link finds an interface by name; nil when there is none.
func (m *Mirror) Link(name string) *Link { return m.byName[name] }

// FreeGroup is a link group that no link is in, far from the numbers that
// people choose.
func (m *Mirror) FreeGroup() uint32 {
	used := map[uint32]bool{}
	for _, l := range m.links {
		used[l.Group] = true
	}
	g := uint32(1 << 30)
	for used[g] {
		g++
	}
	return g
}

// ByIndex finds an interface by its index; nil when there is none.
func (m *Mirror) ByIndex(index int) *Link { return m.links[index] }

// HasIndex reports whether an interface exists.
func (m *Mirror) HasIndex(index int) bool { return m.links[index] != nil }

// Addresses returns the addresses of an interface that keep accepts, in the
// order in which the kernel got them.
func (m *Mirror) Addresses(index int, keep func(*Address) bool) []Address {
	var list []Address
	for _, a := range m.addrs[index] {
		if keep(&a) {
			list = append(list, a)
		}
	}
	slices.SortFunc(list, func(a, b Address) int { return cmp.Compare(a.seq, b.seq) })
	return list
}

// Find returns the address of an interface with exactly that prefix length.
func (m *Mirror) Find(index int, p netip.Prefix) (Address, bool) {
	a, ok := m.addrs[index][p]
	return a, ok
}

// Apply takes an update and reports the names of the interfaces that it
// changed, including names that are gone, and whether routes or rules have
// changed. What only confirms the mirror changes nothing.
func (m *Mirror) Apply(u Update) (touched map[string]bool, routing bool) {
	touched = map[string]bool{}
	if u.Full {
		for name := range m.byName {
			touched[name] = true
		}
		old := *m
		*m = *NewMirror()
		m.seq, m.routes = old.seq, old.routes
	}
	if u.Full || u.Routes {
		maps.DeleteFunc(m.routes, func(k RouteKey, _ map[Hop]Leg) bool { return k.Protocol == AddressProtocol })
		routing = true
	}
	for _, c := range u.Changes {
		switch {
		case c.Link != nil:
			m.applyLink(c, touched)
		case c.Route != nil:
			routing = m.applyRoute(c.Route, !c.Gone) || routing
		case c.Rule != nil:
			routing = m.AssumeRule(*c.Rule, !c.Gone) || routing
		case m.applyAddress(c.Gone, *c.Address):
			if l := m.links[c.Address.Index]; l != nil {
				touched[l.Name] = true
			}
		}
	}
	return touched, routing
}

func (m *Mirror) applyLink(c Change, touched map[string]bool) {
	old := m.links[c.Link.Index]
	if old != nil && !c.Gone && *old == *c.Link {
		return
	}
	touched[c.Link.Name] = true
	if old != nil {
		touched[old.Name] = true
		if m.byName[old.Name] == old {
			delete(m.byName, old.Name)
		}
	}
	if c.Gone {
		delete(m.links, c.Link.Index)
		delete(m.addrs, c.Link.Index)
		return
	}
	l := *c.Link
	m.links[l.Index], m.byName[l.Name] = &l, &l
}

func (m *Mirror) applyAddress(gone bool, a Address) (changed bool) {
	list := m.addrs[a.Index]
	old, there := list[a.Prefix]
	if gone {
		delete(list, a.Prefix)
		return there
	}
	if there && old.Usable == a.Usable && old.Failed == a.Failed && old.Protocol == a.Protocol {
		return false
	}
	if list == nil {
		list = map[netip.Prefix]Address{}
		m.addrs[a.Index] = list
	}
	m.seq++
	a.seq = m.seq
	if there {
		a.seq = old.seq
	}
	list[a.Prefix] = a
	return true
}

// Assume enters the outcome of a change that was just asked of the kernel,
// before its confirmation arrives as an update.
func (m *Mirror) Assume(index int, p netip.Prefix, present bool) {
	m.applyAddress(!present, Address{Index: index, Prefix: p, Protocol: AddressProtocol, Usable: true})
}

// Address is the link's MAC in its usual notation.
func (l *Link) Address() string { return net.HardwareAddr(l.MAC[:]).String() }
