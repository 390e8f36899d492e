package engine

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"time"

	"halbd/conf"
	"halbd/internal/duequeue"
	"halbd/netstate"
	"halbd/vrrp"
)

// links makes the VMACs and ipvlans that the configuration wants, and makes
// them again when somebody else removes them. It looks at nothing but the
// mirror, and returns the work.
//
// A VMAC is up all the time, so that the master's adverts, which come from the
// same MAC, reach this host; but nothing may leave by it while another router
// is master. It has no address then, and IPv6, which would send reports and
// solicitations all the same, is off.
type links struct {
	mirror *netstate.Mirror
	watch  *thefts
	usable func(index int) []netip.Addr
	made   map[string]*madeLink
	quiet  map[string]*netstate.QuietParent // by the name of the parent
}

// madeLink is one of them.
type madeLink struct {
	want    conf.Link
	index   int       // of the link that was made; 0: none
	parent  int       // index of the link that it is on
	old     int       // index of a leftover that is being replaced
	asked   vrrp.Time // when the kernel was asked to make it; 0: not
	fault   string    // why there is none
	down    vrrp.Time // since when it is down; 0: it is not
	ipv6    bool      // IPv6 is on
	address []conf.Address
}

func manageLinks(m *netstate.Mirror, watch *thefts, usable func(int) []netip.Addr) *links {
	return &links{mirror: m, watch: watch, usable: usable, made: map[string]*madeLink{}, quiet: map[string]*netstate.QuietParent{}}
}

// ready says whether a link may get addresses: one of these may not until it
// is complete, nor when it is down, as it is just before it is removed.
func (l *links) ready(there *netstate.Link) bool {
	m := l.made[there.Name]
	return m == nil || m.index == there.Index && there.AdminUp
}

// wayOut is the interface that adverts for a link leave by: while a VMAC is
// away it is the one below, so that the others hear that the master lives.
func (l *links) wayOut(iface string) string {
	m := l.made[iface]
	if m == nil || m.want.Kind != conf.LinkMACVLAN {
		return iface
	}
	if there := l.mirror.Link(iface); there == nil || !l.ready(there) {
		return m.want.Parent
	}
	return iface
}

// find gives the link of that name if it is one of these.
func (l *links) find(name string) *madeLink { return l.made[name] }

// base is the interface under one of these links, or the interface itself.
func (l *links) base(name string) string {
	if m := l.made[name]; m != nil {
		return m.want.Parent
	}
	return name
}

// want takes the list of a configuration; tend does what follows from it.
func (l *links) want(list []conf.Link) (gone []netstate.Op) {
	wanted := map[string]bool{}
	for i := range list {
		w := &list[i]
		wanted[w.Name] = true
		m := l.made[w.Name]
		if m != nil && (m.want.Kind != w.Kind || m.want.Mode != w.Mode) {
			gone = append(gone, l.drop(m)...)
			m = nil
		}
		if m == nil {
			m = &madeLink{}
			l.made[w.Name] = m
		}
		m.want = *w
		m.address = nil
	}
	for _, name := range slices.Sorted(maps.Keys(l.made)) {
		if !wanted[name] {
			gone = append(gone, l.drop(l.made[name])...)
		}
	}
	return l.together(gone)
}

// together removes many links as one group: the kernel needs some 40 ms for
// each that is removed by itself.
func (l *links) together(gone []netstate.Op) []netstate.Op {
	if len(gone) < 3 {
		return gone
	}
	group := &netstate.LinkGroup{Group: l.mirror.FreeGroup()}
	var ops []netstate.Op
	for _, op := range gone {
		if m := op.Object.(*netstate.MadeLink); m.Index != 0 {
			op = netstate.Op{Object: &netstate.SetGroup{Index: m.Index, Name: m.Link.Name, Group: group.Group}}
		}
		ops = append(ops, op)
	}
	return append(ops, netstate.Op{Remove: true, Object: group})
}

func (l *links) drop(m *madeLink) []netstate.Op {
	delete(l.made, m.want.Name)
	there := l.mirror.Link(m.want.Name)
	switch {
	case m.asked != 0:
		return []netstate.Op{remove(m.want, 0)} // it may be there by now
	case there != nil && (there.Index == m.index || reusable(there)):
		return []netstate.Op{remove(m.want, there.Index)}
	}
	return nil
}

func made(link conf.Link) *netstate.MadeLink { return &netstate.MadeLink{Link: &link} }

// remove removes a link by its index, or, if that is 0, by its name.
func remove(link conf.Link, index int) netstate.Op {
	return netstate.Op{Remove: true, Object: &netstate.MadeLink{Link: &link, Index: index}}
}

// quieten makes the interfaces below VMACs answer ARP for their own addresses
// only, and undoes it when there is no VMAC on them any more.
func (l *links) quieten(list []conf.Link) (ops []netstate.Op) {
	wanted := map[string]bool{}
	for i := range list {
		if list[i].Kind == conf.LinkMACVLAN {
			wanted[list[i].Parent] = true
		}
	}
	for name, q := range l.quiet {
		if p := l.mirror.Link(name); !wanted[name] || p == nil || p.Index != q.Index {
			delete(l.quiet, name)
			ops = append(ops, netstate.Op{Remove: true, Object: q})
		}
	}
	for name := range wanted {
		if p := l.mirror.Link(name); p != nil && l.quiet[name] == nil {
			q := &netstate.QuietParent{Index: p.Index, Name: name}
			l.quiet[name] = q
			ops = append(ops, netstate.Op{Object: q})
		}
	}
	return ops
}

// tend returns what makes the kernel's links as they are wanted, and the names
// of those that have just come back.
func (l *links) tend(now vrrp.Time) (ops []netstate.Op, back []string) {
	parents := make([]conf.Link, 0, len(l.made))
	for _, name := range slices.Sorted(maps.Keys(l.made)) {
		m := l.made[name]
		had := m.index
		ops = append(ops, l.tendOne(m, now)...)
		if m.index != 0 && m.index != had {
			back = append(back, name)
		}
		parents = append(parents, m.want)
	}
	return append(l.quieten(parents), ops...), back
}

func (l *links) tendOne(m *madeLink, now vrrp.Time) []netstate.Op {
	parent, there := l.mirror.Link(m.want.Parent), l.mirror.Link(m.want.Name)
	switch {
	case parent == nil || there == nil && !parent.AdminUp:
		// The instance is in FAULT for that. An interface that is removed is set
		// down first, and takes what is on it along.
		m.index, m.asked = 0, 0
		return nil
	case there != nil && there.Index == m.index && there.Parent == parent.Index:
		return l.correct(m, there, parent)
	case there != nil && m.asked != 0 && there.Index != m.old && there.Parent == parent.Index && there.AdminUp:
		m.index, m.parent, m.asked, m.old, m.fault, m.ipv6 = there.Index, parent.Index, 0, 0, "", false
		return l.correct(m, there, parent)
	case m.asked != 0 && now-m.asked < retryPause || l.watch.contested(now, made(m.want)):
		return nil
	case there != nil && !reusable(there):
		m.fault = fmt.Sprintf("an interface %s exists that is no private macvlan and no ipvlan: remove or rename it", there.Name)
		return nil
	case there == nil && m.index != 0 && m.parent == parent.Index:
		there = l.mirror.ByIndex(m.index) // it may only have another name
		m.index = 0
		if !l.watch.taken(now, owner{instance: m.want.Instance}, made(m.want).String()) {
			return nil
		}
	}
	return l.create(m, there, parent, now)
}

// reusable: what a former run may have left.
func reusable(l *netstate.Link) bool { return l.Private || l.L2 }

// create replaces what a former run has left: its addresses go with it.
func (l *links) create(m *madeLink, leftover, parent *netstate.Link, now vrrp.Time) (ops []netstate.Op) {
	m.index, m.old, m.asked = 0, 0, max(now, 1)
	w := m.want
	if leftover != nil {
		m.old = leftover.Index
		ops = append(ops, remove(w, leftover.Index))
	}
	ops = append(ops, netstate.Op{Object: &netstate.MadeLink{Link: &w, Parent: parent.Index}})
	vmac := w.Kind == conf.LinkMACVLAN
	if vmac {
		ops = append(ops, netstate.Op{Object: &netstate.NoOwnAddress{Name: w.Name}})
	}
	if vmac || w.Family == conf.IPv4 {
		ops = append(ops, setIPv6(w.Name, false))
	}
	ops = append(ops, netstate.Op{Object: &netstate.LinkUp{Name: w.Name, VMAC: vmac, Master: l.vrf(parent)}})
	if w.Notify {
		ops = append(ops, netstate.Op{Object: &netstate.SetGroup{Index: parent.Index, Name: parent.Name, Group: parent.Group}})
	}
	return ops
}

// vrf is the VRF that a link is in, or 0: what is made on the link belongs there too.
func (l *links) vrf(of *netstate.Link) int {
	if master := l.mirror.ByIndex(of.Master); master != nil && master.Kind == "vrf" {
		return master.Index
	}
	return 0
}

// correct restores what somebody has changed of a link. Whether it is up is
// the administrator's to decide.
func (l *links) correct(m *madeLink, there, parent *netstate.Link) (ops []netstate.Op) {
	w := m.want
	if there.Group != w.Group || w.MAC != "" && there.Address() != w.MAC {
		ops = append(ops, netstate.Op{Object: &netstate.LinkMAC{Link: &w}})
	}
	if vrf := l.vrf(parent); vrf != 0 && there.Master != vrf {
		ops = append(ops, netstate.Op{Object: &netstate.LinkUp{Name: w.Name, VMAC: w.Kind == conf.LinkMACVLAN, Master: vrf}})
	}
	return ops
}

// failed notes that a link could not be made.
func (l *links) failed(name, why string) {
	if m := l.made[name]; m != nil {
		m.fault, m.asked = why, 0
	}
}

// downGrace is how long a link may be down before that counts: one that is
// removed is set down first.
const downGrace = 100 * time.Millisecond

// pending says that a link is being made, or perhaps about to be, and nothing
// is wrong so far; again is when to ask again.
func (l *links) pending(m *madeLink, now vrrp.Time) (is bool, again vrrp.Time) {
	there := l.mirror.Link(m.want.Name)
	if there != nil && there.Index == m.index && !there.AdminUp {
		if m.down == 0 {
			m.down = max(now, 1)
		}
		return now-m.down < downGrace, m.down + downGrace
	}
	m.down = 0
	return m.fault == "" && (there == nil || there.Index != m.index), duequeue.Never
}

func setIPv6(link string, on bool) netstate.Op {
	value := "1"
	if on {
		value = "0"
	}
	return netstate.Op{Object: &netstate.Sysctl{Path: "net/ipv6/conf/" + link + "/disable_ipv6", Value: value}}
}

// roles switches IPv6 on for the VMACs of the instances that hold their
// addresses, and off for the others.
func (l *links) roles(held []*conf.Instance) (ops []netstate.Op) {
	on := map[string]bool{}
	for _, in := range held {
		for _, name := range in.VMACs() {
			on[name] = true
		}
	}
	for name, m := range l.made {
		if m.ipv6 && !on[name] {
			m.ipv6 = false
			ops = append(ops, setIPv6(name, false))
		}
	}
	for name := range on {
		ops = append(ops, l.enable(name)...)
	}
	return ops
}

// gain is the short way of roles for an instance that has come to hold its addresses.
func (l *links) gain(in *conf.Instance) (ops []netstate.Op) {
	for _, name := range in.VMACs() {
		ops = append(ops, l.enable(name)...)
	}
	return ops
}

func (l *links) enable(name string) []netstate.Op {
	m := l.made[name]
	if m == nil || m.ipv6 || m.index == 0 || m.want.Kind != conf.LinkMACVLAN || m.want.Family != conf.IPv6 {
		return nil
	}
	m.ipv6 = true
	return []netstate.Op{setIPv6(name, true)}
}

// linkLocals are the addresses that an instance's VMACs need beside the
// virtual ones to take part in neighbour discovery: their parents' link-local
// ones, which are never chosen as a source.
func (l *links) linkLocals(in *conf.Instance) (list []conf.Address) {
	for _, name := range in.VMACs() {
		m := l.made[name]
		if m == nil || !m.ipv6 {
			continue
		}
		own, ok := l.linkLocal(m.parent)
		if !ok {
			continue
		}
		p := netip.PrefixFrom(own, 64)
		if len(m.address) == 0 || m.address[0].Prefix != p {
			m.address = []conf.Address{{Prefix: p, Interface: name}}
		}
		list = append(list, m.address...)
	}
	return list
}

// linkLocal is the link-local address of a link under a VMAC.
func (l *links) linkLocal(index int) (netip.Addr, bool) {
	for _, a := range l.usable(index) {
		if a.Is6() && a.IsLinkLocalUnicast() {
			return a, true
		}
	}
	return netip.Addr{}, false
}

// addresses are those of ipvlans: they do not follow a role.
func (l *links) addresses() (list []conf.Address) {
	for _, name := range slices.Sorted(maps.Keys(l.made)) {
		m := l.made[name]
		if !m.want.Addr.IsValid() || m.index == 0 {
			continue
		}
		if m.address == nil {
			m.address = []conf.Address{{Prefix: m.want.Addr, Interface: name, PreferredLifetime: conf.Forever}}
		}
		list = append(list, m.address...)
	}
	return list
}

// fixed says whether an address is an ipvlan's own.
func (l *links) fixed(index int, p netip.Prefix) bool {
	link := l.mirror.ByIndex(index)
	if link == nil {
		return false
	}
	m := l.made[link.Name]
	return m != nil && m.want.Addr == p
}
