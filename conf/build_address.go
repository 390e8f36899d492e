package conf

import (
	"math"
	"net/netip"
	"strconv"
	"strings"
)

// scopes are rtnetlink's names of address scopes.
var scopes = map[string]uint8{"global": 0, "nowhere": 255, "host": 254, "link": 253, "site": 200}

// address reads one line of virtual_ipaddress, virtual_ipaddress_excluded or
// static_ipaddress. ok is false when the address is to be dropped.
func (b *builder) address(s Statement) (a Address, ok bool) {
	a.Prefix, ok = b.addressPrefix(s)
	if !ok {
		return a, false
	}
	text := s.Words[0].Text
	lifetime := false
	for i := 1; i < len(s.Words); i++ {
		word := s.Words[i].Text
		if flag := a.flag(word); flag != nil {
			*flag = true
			continue
		}
		switch word {
		case "use_vmac":
			b.report(notActedOn, s.PosOf(i), "use_vmac is understood but not acted on yet")
			continue
		case "dev", "scope", "brd", "broadcast", "label", "peer", "preferred_lft", "track_group":
		default:
			b.report(badWord, s.PosOf(i), "Unknown configuration entry '%s' for ip address - ignoring", word)
			continue
		}
		if i+1 >= len(s.Words) {
			b.report(missingValue, s.PosOf(i), "No %s parameter specified for %s", word, text)
			return a, true
		}
		i++
		if word == "dev" && a.Interface != "" {
			b.report(alreadySet, s.PosOf(i), "second dev of address %s - ignoring the address", text)
			return a, false
		}
		b.addressOption(&a, s, i)
		lifetime = lifetime || word == "preferred_lft"
	}
	if !lifetime {
		a.PreferredLifetime = Forever
		if a.Prefix.Addr().Is6() && a.Prefix.Bits() == 128 {
			a.PreferredLifetime = 0
		}
	}
	return a, true
}

// addressPrefix reads the first word of an address line.
func (b *builder) addressPrefix(s Statement) (netip.Prefix, bool) {
	text := s.Words[0].Text
	host, length, hasLength := strings.Cut(text, "/")
	addr, err := parseAddr(host)
	if hasLength {
		v := valueSpec{kind: valueUint, high: 32}
		if strings.Contains(host, ":") {
			v.high = 128
		}
		_, n, ok, p := v.number(length)
		if !ok {
			b.report(badPrefix, s.Pos, "%s: Invalid address prefix len %s for address %s - using %d", p.text, length, text, v.high)
			n = v.high
		}
		if err == nil {
			return netip.PrefixFrom(addr, int(n)), true
		}
	}
	if err != nil {
		b.report(badAddress, s.Pos, "VRRP parsed invalid IP %s. skipping IP...", text)
		return netip.Prefix{}, false
	}
	return netip.PrefixFrom(addr, addr.BitLen()), true
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
	}
	return nil
}

// addressOption stores the value at word i of the option before it.
func (b *builder) addressOption(a *Address, s Statement, i int) {
	value, v4 := s.Words[i].Text, a.Prefix.Addr().Is4()
	bad := func() {
		b.report(badValue, s.PosOf(i), "Invalid %s %s for address %s - ignoring", s.Words[i-1].Text, value, s.Words[0].Text)
	}
	switch s.Words[i-1].Text {
	case "dev":
		if len(value) > 15 {
			bad()
			return
		}
		a.Interface = value
	case "scope":
		scope, known := scopes[value]
		n, err := strconv.ParseUint(value, 10, 8)
		if !known && err == nil {
			scope, known = uint8(n), true
		}
		if !known || !v4 {
			bad()
			return
		}
		a.Scope = scope
	case "brd", "broadcast":
		brd, ok := broadcast(a.Prefix, value)
		if !ok {
			bad()
			return
		}
		a.Broadcast = brd
	case "label":
		if len(value) > 15 {
			b.report(longName, s.PosOf(i), "label %s of address %s has more than 15 bytes - ignoring the label", value, s.Words[0].Text)
			return
		}
		if !v4 {
			bad()
			return
		}
		a.Label = value
	case "peer":
		peer, err := parseAddr(value)
		if err != nil || peer.Is4() != v4 {
			b.report(badAddress, s.PosOf(i), "Invalid peer address %s", value)
			return
		}
		a.Peer = netip.PrefixFrom(peer, peer.BitLen())
	case "preferred_lft":
		if value == "forever" {
			a.PreferredLifetime = Forever
			return
		}
		if _, n, ok := b.numberArg("preferred_lft", valueSpec{kind: valueUint, high: math.MaxUint32}, s, i); ok {
			a.PreferredLifetime = uint32(n)
		}
	case "track_group":
		b.report(notActedOn, s.PosOf(i-1), "track_group is understood but not acted on yet")
		if !b.names[blockName{"track_group", value}] {
			b.report(danglingName, s.PosOf(i), "track_group %s not found - ignoring", value)
		}
	}
}

// broadcast resolves a broadcast address: "+" sets and "-" clears the host bits.
func broadcast(p netip.Prefix, value string) (netip.Addr, bool) {
	if !p.Addr().Is4() {
		return netip.Addr{}, false
	}
	switch value {
	case "+":
		raw := p.Masked().Addr().As4()
		for i := p.Bits(); i < 32; i++ {
			raw[i/8] |= 0x80 >> (i % 8)
		}
		return netip.AddrFrom4(raw), true
	case "-":
		return p.Masked().Addr(), true
	}
	a, err := parseAddr(value)
	return a, err == nil && a.Is4()
}

// rawAddress is an address whose interface finish resolves.
type rawAddress struct {
	Address
	pos Pos
}

func addStaticAddress(b *builder, _ *Keyword, s Statement) {
	if a, ok := b.address(s); ok {
		b.statics = append(b.statics, rawAddress{a, s.Pos})
	}
}

// finishStatics resolves the interfaces of static addresses.
func (b *builder) finishStatics() {
	for _, a := range b.statics {
		if a.Interface == "" {
			a.Interface = b.global.defaultIf
			if !b.interfaceExists(a.Interface) {
				b.report(defaultMissing, a.pos, "Static address %s requires either an interface or default interface must exist", a.Prefix)
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
		b.report(interfaceMissing, pos, "WARNING - interface %s for %s doesn't exist", name, what)
	}
}
