package conf

import (
	"cmp"
	"net/netip"
	"slices"
)

// reviewInstance looks at one instance by itself.
func (b *builder) reviewInstance(i *rawInstance) {
	if i.state == "MASTER" && !i.priority.set {
		b.report(ownerByState, i.pos, "(%s) state MASTER without a priority makes the instance the owner of its addresses, with priority 255", i.Name)
	}
	if i.Unicast && !i.Source.IsValid() {
		b.report(unicastNoSource, i.pos, "(%s) unicast adverts have no fixed source: the primary address of %s is used", i.Name, i.Interface)
	}
	for _, p := range i.UnicastPeers {
		if p.Addr == i.Source {
			b.report(peerIsSelf, i.pos, "(%s) unicast_peer %s is the instance's own unicast_src_ip", i.Name, p.Addr)
		}
	}
	if i.NoAccept && i.strict.or(b.global.strict) {
		b.report(strictBlocksAccess, i.pos, "(%s) in strict mode the addresses do not answer while the instance is master", i.Name)
	}
	b.reviewWeights(i)
}

// reviewWeights looks for weights that change nothing.
func (b *builder) reviewWeights(i *rawInstance) {
	weighted := i.weighted()
	for _, t := range weighted {
		if effective(i.Priority, 0) == effective(i.Priority, t.change()) {
			b.report(weightWithoutRoom, t.pos, "(%s) weight %d of %s changes nothing: from priority %d the effective priority stays %d", i.Name, t.Weight, t.Name, i.Priority, effective(i.Priority, 0))
		}
	}
	if i.NoPreempt && len(weighted) > 0 {
		t := weighted[0]
		b.report(weightNoPreempt, t.pos, "(%s) weight %d of %s moves nothing while the other nodes have nopreempt too", i.Name, t.Weight, t.Name)
	}
}

// reviewReach compares the weights with the priorities of the other nodes.
func (b *builder) reviewReach(i *rawInstance, peers func() []node) {
	weighted := i.weighted()
	if len(weighted) == 0 || len(i.track.files) > 0 { // a file's value has no bounds
		return
	}
	worst := 0
	for _, t := range weighted {
		worst += min(0, t.change())
	}
	for _, p := range peers() {
		peer := p.sameRouter(&i.Instance)
		if peer == nil || peer.Priority >= i.Priority || peer.Priority == 255 || i.Priority == 255 {
			continue
		}
		if best := peer.best(); effective(i.Priority, worst) > best {
			b.report(weightOutOfReach, weighted[0].pos, "(%s) no failure of a weighted tracker moves the addresses: the priority falls from %d to %d at most, and the other node has %d", i.Name, i.Priority, effective(i.Priority, worst), best)
			return
		}
	}
}

// node finds the instances of another node: by what the wire sees of them and
// the interface, and by that and the name.
type node struct{ byInterface, byName map[router]*Instance }

// router is a virtual router under a name, or that of an interface.
type router struct {
	vrid   uint8
	family Family
	name   string
}

func newNode(c *Config) node {
	n := node{map[router]*Instance{}, map[router]*Instance{}}
	for k := len(c.Instances) - 1; k >= 0; k-- { // of several the first one counts
		i := &c.Instances[k]
		n.byInterface[router{i.VRID, i.Family, i.Interface}] = i
		n.byName[router{i.VRID, i.Family, i.Name}] = i
	}
	return n
}

// sameRouter finds the instance that speaks for the same virtual router, or nil.
func (n node) sameRouter(i *Instance) *Instance {
	return cmp.Or(n.byInterface[router{i.VRID, i.Family, i.Interface}], n.byName[router{i.VRID, i.Family, i.Name}])
}

// best is the highest effective priority that an instance can have.
func (i *Instance) best() int {
	sum := 0
	for _, t := range i.Track.bounded() {
		sum += max(0, t.change())
	}
	return effective(i.Priority, sum)
}

// effective is a priority after the changes by trackers (contracts 4.8).
func effective(priority uint8, change int) int { return min(max(int(priority)+change, 1), 254) }

// change is what a tracker adds to the priority in one of its states; in the other it adds nothing.
func (t Track) change() int {
	if t.Reverse {
		return -t.Weight
	}
	return t.Weight
}

// bounded lists the trackers that add their weight or nothing; a file adds any number.
func (t *Tracking) bounded() []Track {
	return slices.Concat(t.Interfaces, t.Scripts, t.Processes, t.BFDs)
}

// weighted lists the trackers with a weight that the instance kept.
func (i *rawInstance) weighted() []rawTrack {
	var out []rawTrack
	kept := map[Track]bool{}
	for _, t := range i.Track.bounded() {
		kept[t] = true
	}
	for _, t := range slices.Concat(i.track.interfaces, i.track.scripts, i.track.processes, i.track.bfds) {
		if t.Weight != 0 && kept[t.Track] {
			out = append(out, t)
		}
	}
	return out
}

// reviewGroup looks at the members of a sync group together.
func (b *builder) reviewGroup(g *rawGroup) {
	for n, name := range g.Members {
		first, i := b.instOf[g.Members[0]], b.instOf[name]
		if n > 0 && i.Priority != first.Priority {
			b.report(unevenGroup, g.pos, "sync group %s: %s has priority %d and %s has %d", g.Name, first.Name, first.Priority, i.Name, i.Priority)
			return
		}
	}
}

// reviewAddresses looks for addresses that two objects hold.
func (b *builder) reviewAddresses() {
	type place struct {
		iface string
		addr  netip.Addr
	}
	held := map[place]string{}
	look := func(owner string, list []Address, raw []rawAddress) {
		for n, a := range list {
			p := place{a.Interface, a.Prefix.Addr()}
			if first, taken := held[p]; taken && first != owner {
				b.report(addressTwice, raw[n].pos, "address %s on %s belongs to %s and to %s: when one lets it go the other loses it", p.addr, p.iface, first, owner)
				continue
			}
			held[p] = owner
		}
	}
	if len(b.cfg.StaticAddresses) == len(b.statics) {
		look("static_ipaddress", b.cfg.StaticAddresses, b.statics)
	}
	for _, i := range b.insts {
		look(i.Name, i.Addresses, i.vips)
		look(i.Name, i.Excluded, i.excluded)
	}
}
