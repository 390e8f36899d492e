package conf

import (
	"net/netip"
	"strconv"
	"strings"
)

// nextHops reads the legs behind the first nexthop, which end the line.
func (r *routeReader) nextHops() {
	for {
		leg, good := r.leg()
		if r.out {
			return
		}
		if good {
			r.NextHops = append(r.NextHops, leg)
		}
		if r.i >= len(r.s.Words) {
			return
		}
		if r.word() != "nexthop" {
			r.b.report(surplusWord, r.pos(), "Route has trailing nonsense after nexthops - %s", strings.Join(wordTexts(r.s.Words[r.i:]), " ")).Class = ClassConfig
			r.i = len(r.s.Words)
			return
		}
	}
}

// leg reads what follows the nexthop at the current word, and leaves the
// reader at the first word that does not belong to it.
func (r *routeReader) leg() (leg NextHop, good bool) {
	at, before := r.pos(), len(r.b.diags)
	leg.Weight = 1
	for r.i++; r.i < len(r.s.Words) && !r.out; r.i++ {
		if kw, ok := r.b.table.lookup("virtual_routes/item/nexthop", r.word()); !ok || !r.legOption(&leg, kw) {
			break
		}
	}
	if r.out {
		return leg, false
	}
	if len(r.b.diags) > before {
		for r.i < len(r.s.Words) && r.word() != "nexthop" {
			r.i++
		}
		return leg, false
	}
	if !leg.Gateway.IsValid() && leg.Interface == "" {
		r.b.report(badNextHop, at, "nexthop has neither via nor dev - leaving the leg out").Class = ClassNone
		return leg, false
	}
	return leg, true
}

// legOption reads one option of a leg; false after a mistake, which has been reported.
func (r *routeReader) legOption(leg *NextHop, kw *Keyword) bool {
	option := kw.Name
	if kw.value.kind == valueNone {
		leg.OnLink = true
		return true
	}
	if option == "encap" {
		if leg.Encap = r.legEncap(); leg.Encap == nil {
			return false
		}
		return true
	}
	if !r.value() {
		return false
	}
	switch option {
	case "via":
		return r.legGateway(leg)
	case "dev":
		leg.Interface = r.word()
		r.wanted = append(r.wanted, r.word())
	case "weight":
		v := valueSpec{kind: valueUint}
		v.setRange(kw.Min, kw.Max)
		_, n, ok, p := v.number(r.word())
		if !ok {
			return r.badLeg(p.code, "weight: %s", p.text)
		}
		leg.Weight = uint16(n)
	case "realms":
		realms, d := r.realms("realms")
		if d != nil {
			d.Text += " - leaving the leg out"
			return false
		}
		if r.family == IPv6 {
			return r.badLeg(wrongFamily, "realms are only valid for IPv4")
		}
		leg.Realms = realms
	case "as":
		if r.word() == "to" {
			r.next()
		}
		return r.badLeg(wrongPlace, `"as to" is for address translation, which routes no longer do`)
	}
	return true
}

// badLeg reports a mistake at the current word of a leg.
func (r *routeReader) badLeg(c Code, format string, args ...any) bool {
	d := r.b.report(c, r.pos(), format+" - leaving the leg out", args...)
	d.fix("%s; the other legs stay", d.Fix)
	return false
}

// legGateway reads "[inet|inet6] <ip>" of a leg.
func (r *routeReader) legGateway(leg *NextHop) bool {
	family := Family(0)
	switch r.word() {
	case "inet":
		family = IPv4
	case "inet6":
		family = IPv6
	}
	if family != 0 && !r.value() {
		return false
	}
	a, err := plainAddr(r.word())
	switch {
	case err != nil:
		return r.badLeg(badAddress, "invalid nexthop address '%s'", r.word())
	case family != 0 && family != familyOf(a), r.family != 0 && r.family != familyOf(a):
		return r.badLeg(wrongFamily, "nexthop %s has another family than the route", a)
	}
	r.family, leg.Gateway = familyOf(a), a
	return true
}

// legEncap is encap for a leg: what is wrong with it costs the leg, not the route.
func (r *routeReader) legEncap() *Encap {
	e := r.encap()
	if r.left && e != nil {
		e = nil
	}
	r.out, r.left = false, false
	return e
}

// joinGateways makes "via A or B" two legs, and drops a multipath route whose
// legs are all unusable.
func (r *routeReader) joinGateways() {
	switch {
	case r.or.IsValid() && r.Gateway.IsValid():
		r.NextHops = append([]NextHop{
			{Gateway: r.Gateway, Interface: r.Interface, OnLink: r.OnLink, Weight: 1},
			{Gateway: r.or, Interface: r.Interface, OnLink: r.OnLink, Weight: 1},
		}, r.NextHops...)
	case r.or.IsValid():
		r.Gateway = r.or
		return
	case len(r.NextHops) == 0 || !r.Gateway.IsValid():
		return
	default:
		first := NextHop{Gateway: r.Gateway, Interface: r.Interface, OnLink: r.OnLink, Weight: 1}
		r.NextHops = append([]NextHop{first}, r.NextHops...)
	}
	r.Gateway, r.OnLink = netip.Addr{}, false
}

// encapReaders read the options of an encapsulation, by its type.
var encapReaders = map[EncapType]func(r *routeReader, e *Encap) bool{
	EncapIP:   (*routeReader).tunnel,
	EncapIP6:  (*routeReader).tunnel,
	EncapMPLS: (*routeReader).labels,
	EncapILA:  (*routeReader).locator,
}

// encap reads "<type> <options>" behind the current word. It gives nil, and
// leaves the route out, when something is wrong.
func (r *routeReader) encap() *Encap {
	if !r.next() {
		r.drop(badEncap, "Missing encap type")
		return nil
	}
	e := &Encap{Type: EncapType(r.word())}
	if _, ok := r.b.table.lookup("virtual_routes/item/encap/value", r.word()); !ok {
		r.drop(badEncap, "Unknown encap type - %s", r.word())
		return nil
	}
	if !encapReaders[e.Type](r, e) {
		return nil
	}
	return e
}

// tunnel reads the options of encap ip and ip6. Words that are none of them
// belong to the route.
func (r *routeReader) tunnel(e *Encap) bool {
	block := "virtual_routes/item/encap " + string(e.Type)
	set := false // where the tunnel leads to
	for {
		kw, ok := r.b.table.lookup(block, r.peek())
		if !ok || strings.HasPrefix(kw.Name, "<") {
			break
		}
		if _, shared := r.b.table.lookup("virtual_routes/item", kw.Name); shared && r.i+2 >= len(r.s.Words) {
			break // without a value it is the route's option of that name
		}
		r.i++
		if !r.next() {
			r.drop(missingValue, "encap %s: %s needs a value", e.Type, kw.Name)
			return false
		}
		if !r.tunnelOption(e, kw) {
			return false
		}
		set = set || kw.Name == "id" || kw.Name == "dst"
	}
	if !set {
		r.drop(badEncap, "address or id missing for %s encapsulation", e.Type)
	}
	return set
}

// tunnelOption stores the current word as the value of an option.
func (r *routeReader) tunnelOption(e *Encap, kw *Keyword) bool {
	switch kw.Name {
	case "dst", "src":
		a, err := plainAddr(r.word())
		if err != nil || a.Is4() != (e.Type == EncapIP) {
			r.drop(badAddress, "encap %s: invalid %s address '%s'", e.Type, kw.Name, r.word())
			return false
		}
		if kw.Name == "dst" {
			e.Destination = a
		} else {
			e.Source = a
		}
		return true
	case "tos", "tc":
		inner := itemReader{b: r.b, s: r.s, i: r.i, blocks: []string{kw.Block}}
		n, d := inner.nameOf(NameDSField, kw.Name, r.word())
		if d != nil {
			r.leave(d)
			return !r.out
		}
		e.TOS = uint8(n)
		return true
	}
	v := valueSpec{kind: valueUint}
	v.setRange(kw.Min, kw.Max)
	_, n, ok, p := v.number(r.word())
	if !ok {
		r.drop(p.code, "encap %s: %s: %s", e.Type, kw.Name, p.text)
		return false
	}
	switch kw.Name {
	case "id":
		e.ID = n
	case "ttl", "hoplimit":
		e.TTL = uint8(n)
	case "flags":
		e.Flags = uint16(n)
	}
	return true
}

// labels reads "<label>[/<label>]" of encap mpls.
func (r *routeReader) labels(e *Encap) bool {
	if !r.next() {
		r.drop(badEncap, "missing address for MPLS encapsulation")
		return false
	}
	kw, _ := r.b.table.lookup("virtual_routes/item/encap mpls", "<labels>")
	v := valueSpec{}
	v.setRange(kw.Min, kw.Max)
	parts := strings.Split(r.word(), "/")
	for _, part := range parts {
		neg, n, ok := cNumber(part)
		if !ok || len(parts) > 2 || !v.inRange(neg, n) {
			r.drop(badEncap, "invalid mpls address %s for encapsulation", r.word())
			return false
		}
		e.Labels = append(e.Labels, uint32(n))
	}
	return true
}

// locator reads "<hex16>:<hex16>:<hex16>:<hex16>" of encap ila.
func (r *routeReader) locator(e *Encap) bool {
	if !r.next() {
		r.drop(badEncap, "missing locator for ILA encapsulation")
		return false
	}
	parts := strings.Split(r.word(), ":")
	for _, part := range parts {
		n, err := strconv.ParseUint(strings.TrimPrefix(strings.ToLower(part), "0x"), 16, 16)
		if err != nil || len(parts) != 4 {
			r.drop(badEncap, "invalid locator %s for ila encapsulation", r.word())
			return false
		}
		e.Locator = e.Locator<<16 | n
	}
	return true
}
