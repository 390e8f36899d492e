package conf

import (
	"fmt"
	"net/netip"
	"strings"
)

// address reads one line of virtual_ipaddress, virtual_ipaddress_excluded or
// static_ipaddress; more is the block of the rows that only the latter has.
// ok is false when the address is to be left out.
func (b *builder) address(s Statement, more ...string) (a Address, ok bool) {
	a.Prefix, ok = b.addressPrefix(s, 0)
	if !ok {
		b.report(badAddress, s.Pos, "%s is no IP address - ignoring", s.Words[0].Text)
		return a, false
	}
	r := addressReader{
		itemReader: itemReader{b: b, s: s, what: "address", synonyms: map[string]string{"broadcast": "brd"}, blocks: append(more, "virtual_ipaddress/item")},
		Address:    &a,
	}
	a.PreferredLifetime = Forever
	if a.Prefix.Addr().Is6() && a.Prefix.Bits() == 128 {
		a.PreferredLifetime = 0
	}
	for r.i = 1; r.i < len(s.Words) && !r.out; r.i++ {
		r.option()
	}
	return a, !r.out
}

// addressPrefix reads word i as an address with or without prefix length.
func (b *builder) addressPrefix(s Statement, i int) (netip.Prefix, bool) {
	text := s.Words[i].Text
	host, length, hasLength := strings.Cut(text, "/")
	addr, err := plainAddr(host)
	if !hasLength {
		return netip.PrefixFrom(addr, addr.BitLen()), err == nil
	}
	v := valueSpec{kind: valueUint, high: 32}
	if strings.Contains(host, ":") {
		v.high = 128
	}
	_, n, ok, p := v.number(length)
	if !ok {
		d := b.report(badPrefix, s.PosOf(i), "%s: Invalid address prefix len %s for address %s - using %d", p.text, length, text, v.high)
		if length == "" {
			d.Class = ClassNone // keepalived takes it as 0 without a word
		}
		n = v.high
	}
	if err != nil {
		return netip.Prefix{}, false
	}
	return netip.PrefixFrom(addr, int(n)), true
}

// plainAddr reads an address without prefix length and without zone.
func plainAddr(s string) (netip.Addr, error) {
	a, err := netip.ParseAddr(s)
	if err == nil && a.Zone() != "" {
		err = fmt.Errorf("%s has a zone", s)
	}
	return a, err
}

// addressReader reads the options of one address.
type addressReader struct {
	itemReader
	*Address
}

// text is the address as it was written.
func (r *addressReader) text() string { return r.s.Words[0].Text }

// option reads the option at the current word.
func (r *addressReader) option() {
	word := r.word()
	isStatic := len(r.blocks) > 1
	if word == "use_vmac" && isStatic || word != "dev" && word != "peer" && !r.known() {
		r.b.report(badWord, r.pos(), "Unknown configuration entry '%s' for ip address - ignoring", word)
		return
	}
	if kw := r.row(word); !kw.Acts {
		r.b.report(notActedOn, r.pos(), "%s is understood but not acted on yet", word)
	}
	if flag := r.flag(word); flag != nil {
		*flag = true
		return
	}
	if !r.next() {
		r.drop(missingValue, "No %s parameter specified for %s", word, r.text())
		return
	}
	switch word {
	case "dev":
		r.setDevice()
	case "scope":
		r.scope()
	case "brd", "broadcast":
		r.broadcast(word)
	case "label":
		r.label()
	case "peer":
		r.peer()
	case "preferred_lft":
		r.lifetime()
	case "track_group":
		r.trackGroup(&r.TrackGroup)
	}
}

// flag gives the field of an option without a value.
func (a *Address) flag(word string) *bool {
	switch word {
	case "home":
		return &a.Home
	case "-nodad":
		return &a.DAD
	case "mngtmpaddr":
		return &a.ManageTemp
	case "noprefixroute":
		return &a.NoPrefixRoute
	case "autojoin":
		return &a.AutoJoin
	case "no_track":
		return &a.NoTrack
	case "use_vmac":
		return &a.UseVMAC
	}
	return nil
}

func (r *addressReader) is4() bool { return r.Prefix.Addr().Is4() }

func (r *addressReader) setDevice() {
	switch {
	case r.Interface != "":
		r.drop(alreadySet, "Cannot specify ipaddress device more than once for %s", r.text())
	case r.word() == "": // the rest of a definition that is empty
		r.b.report(interfaceMissing, r.pos(), "interface '' for ip address %s doesn't exist", r.text())
	default:
		r.Interface = r.word()
	}
}

// scope reads a scope. IPv6 addresses have none but global.
func (r *addressReader) scope() {
	n, d := r.nameOf(NameScope, "scope", r.word())
	switch {
	case d != nil:
		d.Text += " - ignoring"
	case n != 0 && !r.is4():
		r.b.report(wrongFamily, r.pos(), "Cannot specify scope for IPv6 addresses (%s) - ignoring scope", r.text())
	default:
		r.Scope = uint8(n)
	}
}

// broadcast resolves a broadcast address: "+" sets and "-" clears the host bits.
func (r *addressReader) broadcast(option string) {
	_, isSign := r.b.table.lookup("virtual_ipaddress/item/brd/value", r.word())
	brd, err := plainAddr(r.word())
	switch {
	case !r.is4():
		r.drop(wrongFamily, "%s: IPv6 address %s has no broadcast address", option, r.text())
	case isSign && r.Prefix.Bits() > 30:
		r.b.report(badValue, r.pos(), "Address prefix length %d too long for broadcast - ignoring", r.Prefix.Bits())
	case isSign:
		r.Broadcast = hostBitsOf(r.Prefix, r.word() == "+")
	case err != nil || !brd.Is4():
		r.drop(badAddress, "%s: invalid broadcast address '%s'", option, r.word())
	default:
		r.Broadcast = brd
	}
}

// hostBitsOf gives the address with all host bits set or clear.
func hostBitsOf(p netip.Prefix, set bool) netip.Addr {
	raw := p.Masked().Addr().As4()
	for i := p.Bits(); set && i < 32; i++ {
		raw[i/8] |= 0x80 >> (i % 8)
	}
	return netip.AddrFrom4(raw)
}

func (r *addressReader) label() {
	switch {
	case !r.is4():
		r.b.report(wrongFamily, r.pos(), "Cannot specify label for IPv6 addresses (%s) - ignoring label", r.text())
	case len(r.word()) > longestName:
		r.drop(longName, "Address label %s is longer than maximum length %d", r.word(), longestName)
	default:
		r.Label = r.word()
	}
}

// peer reads the other end of a point-to-point link, which leaves the address no prefix of its own.
func (r *addressReader) peer() {
	peer, err := plainAddr(r.word())
	switch {
	case r.Peer.IsValid():
		r.b.report(alreadySet, r.pos(), "Peer %s - another peer has already been specified - ignoring", r.word())
	case err != nil:
		r.b.report(badAddress, r.pos(), "Invalid peer address %s - ignoring", r.word())
	case peer.Is4() != r.is4():
		r.b.report(wrongFamily, r.pos(), "Peer address %s does not match address family - ignoring", r.word())
	default:
		r.Peer = netip.PrefixFrom(peer, peer.BitLen())
		if own := r.Prefix.Addr(); r.Prefix.Bits() != own.BitLen() {
			r.b.report(badPrefix, r.pos(), "Cannot specify address prefix when specifying peer address - using /%d for %s", own.BitLen(), own)
			r.Prefix = netip.PrefixFrom(own, own.BitLen())
		}
	}
}

func (r *addressReader) lifetime() {
	if _, ok := r.b.table.lookup("virtual_ipaddress/item/preferred_lft/value", r.word()); ok {
		r.PreferredLifetime = Forever
		return
	}
	kw := r.row("preferred_lft")
	v := valueSpec{kind: valueUint}
	v.setRange(kw.Min, kw.Max)
	if _, n, ok := r.b.numberArg("preferred_lft", v, r.s, r.i); ok {
		r.PreferredLifetime = uint32(n)
	} else if r.word() == "" {
		r.b.diags[len(r.b.diags)-1].Class = ClassNone // keepalived reads 0
	}
}

// rawAddress is an address whose interface finish resolves.
type rawAddress struct {
	Address
	pos Pos
}

func addStaticAddress(b *builder, _ *Keyword, s Statement) {
	if a, ok := b.address(s, "static_ipaddress/item"); ok {
		b.statics = append(b.statics, rawAddress{a, s.Pos})
	}
}

// finishStatics resolves the interfaces of static addresses, routes and rules.
func (b *builder) finishStatics() {
	b.cfg.StaticRoutes, b.cfg.StaticRules = b.finishRoutes(b.staticRoutes), b.finishRules(b.staticRules)
	for _, a := range b.statics {
		if a.Interface == "" {
			a.Interface = b.global.defaultIf
			if !b.interfaceExists(a.Interface) {
				b.report(defaultMissing, a.pos, "static address %s names no interface, and the default one does not exist", a.Prefix)
				continue
			}
		}
		b.wantInterface(a.pos, a.Interface, "ip address "+a.Prefix.Addr().String())
		b.cfg.StaticAddresses = append(b.cfg.StaticAddresses, a.Address)
	}
}

// interfaceExists asks the host; without one every interface exists, and so
// they do where dynamic_interfaces lets them come later.
func (b *builder) interfaceExists(name string) bool {
	return b.opt.Host == nil || b.global.DynamicInterfaces || b.opt.Host.InterfaceExists(name)
}

// wantInterface complains about an interface that does not exist.
func (b *builder) wantInterface(pos Pos, name, what string) {
	if !b.interfaceExists(name) {
		b.noInterface = true
		b.report(interfaceMissing, pos, "interface %s for %s doesn't exist", name, what)
	}
}
