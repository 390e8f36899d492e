package conf

import (
	"math"
	"net/netip"
	"strconv"
	"strings"
)

// endpoint reads "<ip> [<port>]" at word i. An address that keepalived cannot
// use makes it skip the whole block.
func (b *builder) endpoint(s Statement, i int, what string) (netip.AddrPort, bool) {
	addr, ok := b.plainAddr(s, i)
	port, portOK := b.port(s, i+1)
	if !ok || !portOK {
		b.report(badAddress, s.PosOf(i), "Invalid %s IP address/port %s - skipping", what, strings.Join(wordTexts(s.Words[i:]), "/"))
		b.refuse = what != "sorry server"
		return netip.AddrPort{}, false
	}
	return netip.AddrPortFrom(addr, port), true
}

// plainAddr reads the address at word i. keepalived drops a mask or the end of
// a range without a word.
func (b *builder) plainAddr(s Statement, i int) (netip.Addr, bool) {
	text := s.Words[i].Text
	cut := strings.IndexAny(text, "/-")
	if cut < 0 {
		cut = len(text)
	}
	a, err := netip.ParseAddr(text[:cut])
	if err != nil || a.Zone() != "" {
		return netip.Addr{}, false
	}
	if cut < len(text) {
		b.report(addressTail, s.PosOf(i), "%s is taken as %s: '%s' has no effect", text, a, text[cut:]).fix("write %s", a)
	}
	return a, true
}

// port reads an optional port at word i; without one it is 0.
func (b *builder) port(s Statement, i int) (uint16, bool) {
	if i >= len(s.Words) {
		return 0, true
	}
	v := valueSpec{kind: valueUint, high: math.MaxUint16}
	_, n, ok, p := v.number(s.Words[i].Text)
	if !ok {
		b.report(p.code, s.PosOf(i), "%s", p.text)
	}
	return uint16(n), ok
}

// setGranularity takes an IPv4 netmask or an IPv6 prefix length. For a service
// whose family is open its form decides the family.
func setGranularity(b *builder, kw *Keyword, s Statement) {
	word := s.Words[1].Text
	family := b.vs.family
	if family == 0 {
		family = IPv6
		if strings.Contains(word, ".") {
			family = IPv4
		}
	}
	var value uint32
	ok := false
	if family == IPv4 {
		value, ok = oldAddress(word)
		if holes := ^value; ok && holes&(holes+1) != 0 {
			b.report(oddNetmask, s.PosOf(1), "persistence_granularity %s is the netmask %s, which has holes", word, dotted(value))
		}
	} else {
		v := valueSpec{kind: valueUint}
		v.setRange(kw.Min, kw.Max)
		var n uint64
		_, n, ok, _ = v.number(word)
		value = uint32(n)
	}
	if !ok {
		b.report(badValue, s.PosOf(1), "Invalid %s persistence_granularity %s - ignoring", family, word)
		return
	}
	b.vs.Granularity, b.vs.family = value, family
	if b.vs.Persistence == 0 {
		b.vs.Persistence = defaultPersistence
	}
}

// oldAddress reads an IPv4 address as inet_aton(3) does, which keepalived asks
// for netmasks: the last of up to four numbers fills what is left.
func oldAddress(text string) (uint32, bool) {
	parts := strings.Split(text, ".")
	if len(parts) > 4 {
		return 0, false
	}
	var value uint64
	for i, p := range parts {
		n, err := strconv.ParseUint(p, 0, 32)
		limit := uint64(math.MaxUint8)
		if i == len(parts)-1 {
			limit = 1<<(8*(4-i)) - 1
		}
		if err != nil || n > limit || strings.ContainsAny(p, "_boBO") {
			return 0, false
		}
		if i == len(parts)-1 {
			return uint32(value<<(8*(4-i)) | n), true
		}
		value = value<<8 | n
	}
	return 0, false
}

// dotted writes a netmask.
func dotted(mask uint32) string {
	return netip.AddrFrom4([4]byte{byte(mask >> 24), byte(mask >> 16), byte(mask >> 8), byte(mask)}).String()
}
