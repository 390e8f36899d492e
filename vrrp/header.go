package vrrp

import "encoding/binary"

// tos is Internetwork Control, which adverts carry (class selector 6).
const tos = 0xc0

// ahProtocol is the IP protocol number of the authentication header (RFC 4302).
const ahProtocol = 51

// ipProtocol is the number of what stands behind the IP header of an advert.
func ipProtocol(ah bool) uint8 {
	if ah {
		return ahProtocol
	}
	return Protocol
}

// appendHeader4 appends the IPv4 header of an advert; the kernel fills in the
// checksum when it sends it.
func appendHeader4(b []byte, a *SendAdvert) []byte {
	src, dst := a.Src.As4(), a.Dst.As4()
	b = append(b, 0x45, tos)
	b = binary.BigEndian.AppendUint16(b, uint16(ipv4Header+len(a.Payload)))
	b = binary.BigEndian.AppendUint16(b, a.ID)
	b = append(b, 0, 0, uint8(a.TTL), ipProtocol(a.AH), 0, 0)
	b = append(b, src[:]...)
	return append(b, dst[:]...)
}

const ipv6Header = 40

// appendHeader6 appends the IPv6 header of an advert that goes to the link as it is.
func appendHeader6(b []byte, a *SendAdvert) []byte {
	src, dst := a.Src.As16(), a.Dst.As16()
	b = binary.BigEndian.AppendUint32(b, 6<<28|tos<<20)
	b = binary.BigEndian.AppendUint16(b, uint16(len(a.Payload)))
	b = append(b, Protocol, uint8(a.TTL))
	b = append(b, src[:]...)
	return append(b, dst[:]...)
}
