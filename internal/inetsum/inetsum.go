// Package inetsum is the Internet checksum (RFC 1071).
package inetsum

import "net/netip"

// Of is the checksum of some bytes. When their own field is right it is 0.
func Of(b []byte) uint16 { return fold(sum(b)) }

// WithPseudoHeader is the checksum of a protocol's PDU together with the
// addresses that it travels between (RFC 793 section 3.1, RFC 8200 section 8.1).
func WithPseudoHeader(protocol uint8, pdu []byte, src, dst netip.Addr) uint16 {
	return fold(sumAddr(src) + sumAddr(dst) + uint32(protocol) + uint32(len(pdu)) + sum(pdu))
}

func fold(sum uint32) uint16 {
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return ^uint16(sum)
}

func sumAddr(a netip.Addr) uint32 {
	if a.Is4() {
		v := a.As4()
		return sum(v[:])
	}
	v := a.As16()
	return sum(v[:])
}

func sum(b []byte) (sum uint32) {
	for ; len(b) >= 2; b = b[2:] {
		sum += uint32(b[0])<<8 | uint32(b[1])
	}
	if len(b) == 1 {
		sum += uint32(b[0]) << 8
	}
	return sum
}
