package vrrp

import (
	"encoding/binary"
	"net/netip"

	"halbd/conf"
	"halbd/internal/inetsum"
)

// Protocol is VRRP's IP protocol number (RFC 9568 section 5.1.1.4).
const Protocol = 112

// Sizes of the parts of an advert (bytes).
const (
	headerLen = 8
	authLen   = 8
	// minFrame: an Ethernet frame carries at least 46 bytes of IP packet, so a
	// short advert may have padding behind it.
	minFrame = 46
	// IPv4HeaderLen is the length of an IPv4 header without options.
	IPv4HeaderLen = 20
)

// Advert is a parsed VRRP advertisement. Addrs, Auth and Trailer alias the packet.
type Advert struct {
	Version  uint8
	Type     uint8
	VRID     uint8
	Priority uint8
	Count    int
	AuthType uint8  // version 2
	Interval uint16 // seconds in version 2, centiseconds in version 3
	Addrs    []byte // Count addresses
	Auth     []byte // 8 bytes in version 2 over IPv4, else nil
	Trailer  []byte // what auth_hmac adds (28 bytes), else nil
}

// ParseAdvert reads a VRRP PDU of IPv4 or IPv6. It checks the form, nothing else.
func ParseAdvert(b []byte, v6 bool) (Advert, error) {
	a, d := parseAdvert(b, v6)
	if !d.ok() {
		return Advert{}, d
	}
	return a, nil
}

func parseAdvert(b []byte, v6 bool) (Advert, drop) {
	if len(b) < headerLen {
		return Advert{}, drop{flawLength, len(b), headerLen}
	}
	a := Advert{Version: b[0] >> 4, Type: b[0] & 15, VRID: b[1], Priority: b[2], Count: int(b[3])}
	size := 4
	if v6 {
		size = 16
	}
	want := headerLen + a.Count*size
	switch a.Version {
	case 2:
		a.AuthType, a.Interval = b[4], uint16(b[5])
		if !v6 {
			want += authLen
		}
	case 3:
		a.Interval = binary.BigEndian.Uint16(b[4:]) & 0x0fff
	}
	switch excess := len(b) - want; {
	case excess == 0:
	case excess == trailerLen:
		a.Trailer = b[want:]
	// Padding up to the minimum frame is tolerated where no address could be meant.
	case !v6 && excess > 0 && excess%4 == 2 && len(b)+IPv4HeaderLen < minFrame:
	default:
		return a, drop{flawLength, len(b), want}
	}
	a.Addrs = b[headerLen : headerLen+a.Count*size]
	if a.Version == 2 && !v6 {
		a.Auth = b[want-authLen : want]
	}
	return a, drop{}
}

// Len is the length of the PDU without padding and trailer.
func (a *Advert) Len() int { return headerLen + len(a.Addrs) + len(a.Auth) }

// pseudo selects what a checksum covers beside the PDU.
type pseudo struct {
	src, dst netip.Addr
	none     bool // version 2 over IPv4, v3_checksum_as_v2
}

// checksum is the Internet checksum over pseudo header and PDU (RFC 9568
// section 5.2.8). A PDU whose own field is right gives 0.
func checksum(b []byte, p pseudo) uint16 {
	if p.none {
		return inetsum.Of(b)
	}
	return inetsum.WithPseudoHeader(Protocol, b, p.src, p.dst)
}

// buildAdvert appends an advert of in to b; the checksum is for one destination.
func buildAdvert(b []byte, in *conf.Instance, priority uint8, interval uint16, src, dst netip.Addr, oldChecksum bool) []byte {
	start := len(b)
	b = append(b, in.Version<<4|1, in.VRID, priority, uint8(len(in.Addresses)))
	if in.Version == 2 {
		b = append(b, uint8(in.AuthType), uint8(interval))
	} else {
		b = append(b, uint8(interval>>8)&0x0f, uint8(interval))
	}
	b = append(b, 0, 0)
	b = appendAddresses(b, in)
	if in.Version == 2 && in.Family == conf.IPv4 {
		var auth [authLen]byte
		if in.AuthType == conf.AuthPass {
			copy(auth[:], in.AuthPass)
		}
		b = append(b, auth[:]...)
	}
	sum := checksum(b[start:], checksumRule(in, src, dst, oldChecksum))
	binary.BigEndian.PutUint16(b[start+6:], sum)
	return b
}

// appendAddresses writes the advertised addresses in configuration order,
// link-local IPv6 addresses first.
func appendAddresses(b []byte, in *conf.Instance) []byte {
	if in.Family == conf.IPv4 {
		for i := range in.Addresses {
			a := in.Addresses[i].Prefix.Addr().As4()
			b = append(b, a[:]...)
		}
		return b
	}
	for _, linkLocal := range []bool{true, false} {
		for i := range in.Addresses {
			if addr := in.Addresses[i].Prefix.Addr(); addr.IsLinkLocalUnicast() == linkLocal {
				a := addr.As16()
				b = append(b, a[:]...)
			}
		}
	}
	return b
}

// oldChecksumGroup stands in for the peer in the pseudo header of old_unicast_checksum.
var oldChecksumGroup = netip.AddrFrom4([4]byte{224, 0, 0, 18})

func checksumRule(in *conf.Instance, src, dst netip.Addr, old bool) pseudo {
	switch {
	case in.Family == conf.IPv6:
		return pseudo{src: src, dst: dst}
	case in.Version == 2 || in.ChecksumAsV2:
		return pseudo{none: true}
	case in.Unicast && old:
		return pseudo{src: src, dst: oldChecksumGroup}
	}
	return pseudo{src: src, dst: dst}
}
