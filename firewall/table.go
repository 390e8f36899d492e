package firewall

import (
	"encoding/binary"
	"maps"
	"slices"

	"golang.org/x/sys/unix"
)

// table is a Ruleset in one family, in the kernel's terms.
type table struct {
	key      tableKey
	priority int32
	counters bool
	sets     []*set // in the order of their creation
	chains   []*chain
}

type tableKey struct {
	family uint8 // NFPROTO_IPV4 or NFPROTO_IPV6
	name   string
}

func (k tableKey) String() string {
	if k.family == unix.NFPROTO_IPV6 {
		return "table ip6 " + k.name
	}
	return "table ip " + k.name
}

// set is a set or, with a data type, a map.
type set struct {
	name      string
	key, data datatype // data: zero for a set
	constant  bool
	elements  map[string]string // key to data
}

// datatype is how nft shows a value, and its length.
type datatype struct {
	id, length uint32
	order      uint32 // byte order of the value, for nft: 1 host, 2 network
}

// Types of the nft tool. It joins the numbers of concatenated types, six bits each.
var (
	typeIPv4    = datatype{7, 4, 2}
	typeIPv6    = datatype{8, 16, 2}
	typeIfindex = datatype{20, 4, 1}
	typeICMPv6  = datatype{29, 1, 2}
	typeIfname  = datatype{41, 16, 1}
)

func concat(a, b datatype) datatype {
	return datatype{a.id<<6 | b.id, a.length + b.length, 0}
}

type chain struct {
	name  string
	hook  uint32 // of a base chain, with base
	base  bool
	rules [][]expr
}

func outChain() *chain { return &chain{name: "out", hook: unix.NF_INET_LOCAL_OUT, base: true} }
func inChain() *chain  { return &chain{name: "in", hook: unix.NF_INET_LOCAL_IN, base: true} }

// Offsets in the IPv4 and IPv6 headers.
const (
	ip4Protocol, ip4Source, ip4Destination = 9, 12, 16
	ip6Source, ip6Destination              = 8, 24
)

// ICMPv6 types (RFC 4861, RFC 3810).
const (
	routerSolicitation = 133
	neighborSolicit    = 135
	neighborAdvert     = 136
	mld2Report         = 143
)

// tables translates a Ruleset. A family that has nothing to say has no table.
func tables(r *Ruleset) map[tableKey]*table {
	list := map[tableKey]*table{}
	if t := newTable(r, unix.NFPROTO_IPV4); t.fill4(r) {
		list[t.key] = t
	}
	if t := newTable(r, unix.NFPROTO_IPV6); t.fill6(r) {
		list[t.key] = t
	}
	return list
}

func newTable(r *Ruleset, family uint8) *table {
	return &table{key: tableKey{family, r.Table}, priority: r.Priority, counters: r.Counters}
}

func (t *table) fill4(r *Ruleset) bool {
	vmacs, vips := newMap("vmac_map", typeIfindex, typeIfindex), newSet("vips", typeIPv4)
	for i := range r.VMACs {
		if v := &r.VMACs[i]; !v.V6 {
			vmacs.elements[index(v.Index)] = index(v.Parent)
		}
	}
	for i := range r.Drops {
		if a := r.Drops[i].Addr; a.Is4() {
			vips.elements[string(a.AsSlice())] = ""
		}
	}
	out, in := outChain(), inChain()
	t.chains = append(t.chains, out)
	if t.use(vmacs) {
		out.add(network(ip4Protocol, 1, reg1), equal(unix.IPPROTO_IGMP), meta(metaOIFKind, reg1), equal(macvlan...),
			network(ip4Destination, 4, reg1), meta(unix.NFT_META_OIF, reg2), mapped(vmacs.name), duplicate(), drop)
	}
	if t.use(vips) {
		t.chains = append(t.chains, in)
		out.add(network(ip4Source, 4, reg1), within(vips.name), drop)
		in.add(network(ip4Destination, 4, reg1), within(vips.name), drop)
	}
	return t.finish()
}

func (t *table) fill6(r *Ruleset) bool {
	out := outChain()
	t.chains = append(t.chains, out)
	t.vmac6(r, out)
	t.vips6(r, out)
	return t.finish()
}

// vips6 drops the packets of addresses, but not neighbour discovery.
func (t *table) vips6(r *Ruleset, out *chain) {
	vips, byName, byIndex := drops6(r)
	if len(vips.elements)+len(byName.elements)+len(byIndex.elements) == 0 {
		return
	}
	discovery := newSet("neighbor-discovery", typeICMPv6)
	discovery.constant = true
	discovery.elements = map[string]string{string([]byte{neighborSolicit}): "", string([]byte{neighborAdvert}): ""}
	t.sets = append(t.sets, vips, discovery) // vips even if it is empty
	nameUsed, indexUsed := t.use(byName), t.use(byIndex)

	in, inLocal, outLocal := inChain(), &chain{name: "in_link_local"}, &chain{name: "out_link_local"}
	t.chains = append(t.chains, in, inLocal, outLocal)
	for _, way := range []struct {
		main, local       *chain
		addr, name, index uint32
	}{{out, outLocal, ip6Source, unix.NFT_META_OIFNAME, unix.NFT_META_OIF}, {in, inLocal, ip6Destination, unix.NFT_META_IIFNAME, unix.NFT_META_IIF}} {
		addr := network(way.addr, 16, reg1)
		way.main.add(append(icmp6(), within(discovery.name), accept)...)
		way.main.add(addr, masked(linkLocalMask), equal(linkLocalNet...), jump(way.local.name))
		way.main.add(addr, within(vips.name), drop)
		if nameUsed {
			way.local.add(addr, meta(way.name, reg2), within(byName.name), drop)
		}
		if indexUsed {
			way.local.add(addr, meta(way.index, reg2), within(byIndex.name), drop)
		}
	}
}

// vmac6 adds what IPv6 VMACs may not say.
func (t *table) vmac6(r *Ruleset, out *chain) {
	parents := newMap("vmac_map", typeIfindex, typeIfindex)
	vmacs := newSet("vmac_set", typeIfindex)
	locals := newSet("parent_link_local", typeIPv6)
	for i := range r.VMACs {
		v := &r.VMACs[i]
		if !v.V6 {
			continue
		}
		parents.elements[index(v.Index)], vmacs.elements[index(v.Index)] = index(v.Parent), ""
		if v.LinkLocal.Is6() {
			locals.elements[string(v.LinkLocal.AsSlice())] = ""
		}
	}
	says := func(kind byte) []expr {
		return append(icmp6(), equal(kind), meta(metaOIFKind, reg1), equal(macvlan...))
	}
	if t.use(locals) {
		out.add(append(says(neighborAdvert), network(ip6Source, 16, reg1), within(locals.name), drop)...)
	}
	if t.use(parents) && t.use(vmacs) {
		out.add(append(says(mld2Report), network(ip6Destination, 16, reg1), meta(unix.NFT_META_OIF, reg2), mapped(parents.name), duplicate(), drop)...)
		out.add(append(says(routerSolicitation), meta(unix.NFT_META_OIF, reg1), within(vmacs.name), drop)...)
	}
}

// drops6 sorts the IPv6 addresses into the sets that the rules look into.
func drops6(r *Ruleset) (vips, byName, byIndex *set) {
	vips = newSet("vips", typeIPv6)
	byName = newSet("vips_link_local_name", concat(typeIPv6, typeIfname))
	byIndex = newSet("vips_link_local", concat(typeIPv6, typeIfindex))
	for i := range r.Drops {
		d := &r.Drops[i]
		switch addr := string(d.Addr.AsSlice()); {
		case d.Addr.Is4():
		case !d.Local():
			vips.elements[addr] = ""
		case d.Name != "":
			byName.elements[addr+string(ifname(d.Name))] = ""
		case d.Index > 0:
			byIndex.elements[addr+index(d.Index)] = ""
		}
	}
	return vips, byName, byIndex
}

// The bytes of fe80::/10, and of interface names as the kernel compares them.
var (
	linkLocalMask = append([]byte{0xff, 0xc0}, make([]byte, 14)...)
	linkLocalNet  = append([]byte{0xfe, 0x80}, make([]byte, 14)...)
	macvlan       = ifname("macvlan")
)

func ifname(name string) []byte {
	b := make([]byte, unix.IFNAMSIZ)
	copy(b, name)
	return b
}

func index(i int) string { return string(binary.NativeEndian.AppendUint32(nil, uint32(i))) }

// icmp6 loads the type of an ICMPv6 message.
func icmp6() []expr {
	return []expr{meta(unix.NFT_META_L4PROTO, reg1), equal(unix.IPPROTO_ICMPV6), load(unix.NFT_PAYLOAD_TRANSPORT_HEADER, 0, 1, reg1)}
}

func newSet(name string, key datatype) *set {
	return &set{name: name, key: key, elements: map[string]string{}}
}

func newMap(name string, key, value datatype) *set {
	s := newSet(name, key)
	s.data = value
	return s
}

// use takes a set into the table if it has elements.
func (t *table) use(s *set) bool {
	if len(s.elements) == 0 {
		return false
	}
	t.sets = append(t.sets, s)
	return true
}

func (c *chain) add(e ...expr) { c.rules = append(c.rules, e) }

// finish adds the counters; false: there is no rule.
func (t *table) finish() bool {
	rules := 0
	for _, c := range t.chains {
		for i, r := range c.rules {
			rules++
			if t.counters {
				c.rules[i] = slices.Insert(r, len(r)-1, counter())
			}
		}
	}
	return rules > 0
}

// sameShape reports whether two tables differ in the elements of their sets only.
func (t *table) sameShape(o *table) bool {
	if t.priority != o.priority || t.counters != o.counters || len(t.sets) != len(o.sets) {
		return false
	}
	for i := range t.sets {
		if t.sets[i].name != o.sets[i].name {
			return false
		}
	}
	return true // the sets decide about chains and rules
}

// changes lists the elements that o has and s has not, and the reverse. What
// maps to something else is in both.
func (s *set) changes(o *set) (add, remove []string) {
	for k, v := range o.elements {
		if was, ok := s.elements[k]; !ok || was != v {
			add = append(add, k)
		}
	}
	for k, v := range s.elements {
		if is, ok := o.elements[k]; !ok || is != v {
			remove = append(remove, k)
		}
	}
	slices.Sort(add)
	slices.Sort(remove)
	return add, remove
}

func (s *set) keys() []string { return slices.Sorted(maps.Keys(s.elements)) }
