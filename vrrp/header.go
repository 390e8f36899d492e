package vrrp

import (
	"encoding/binary"

	"halbd/conf"
)

// TrafficClass is Internetwork Control, which adverts carry (class selector 6).
const TrafficClass = 0xc0

// AHProtocol is the IP protocol number of the authentication header (RFC 4302).
const AHProtocol = 51

// IPProtocol is the number of what stands behind the IP header of an advert.
func IPProtocol(ah bool) uint8 {
	if ah {
		return AHProtocol
	}
	return Protocol
}

// AppendIPv4Header appends the IPv4 header of an advert; the kernel fills in the
// checksum when it sends it.
func AppendIPv4Header(b []byte, a *SendAdvert) []byte {
	src, dst := a.Src.As4(), a.Dst.As4()
	b = append(b, 0x45, TrafficClass)
	b = binary.BigEndian.AppendUint16(b, uint16(IPv4HeaderLen+len(a.Payload)))
	b = binary.BigEndian.AppendUint16(b, a.ID)
	b = append(b, 0, 0, uint8(a.TTL), IPProtocol(a.AH), 0, 0)
	b = append(b, src[:]...)
	return append(b, dst[:]...)
}

// IPv6HeaderLen is the length of an IPv6 header without extensions (bytes).
const IPv6HeaderLen = 40

// AppendIPv6Header appends the IPv6 header of an advert that goes to the link as it is.
func AppendIPv6Header(b []byte, a *SendAdvert) []byte {
	src, dst := a.Src.As16(), a.Dst.As16()
	b = binary.BigEndian.AppendUint32(b, 6<<28|TrafficClass<<20)
	b = binary.BigEndian.AppendUint16(b, uint16(len(a.Payload)))
	b = append(b, Protocol, uint8(a.TTL))
	b = append(b, src[:]...)
	return append(b, dst[:]...)
}

// PacketLen is the size of an advert of an instance with its IP header (bytes).
func PacketLen(in *conf.Instance) int {
	size := IPv4HeaderLen
	if in.Family == conf.IPv6 {
		size = IPv6HeaderLen
	}
	if in.AuthType == conf.AuthAH {
		size += ahLen
	}
	if in.HMAC != nil {
		size += trailerLen
	}
	return size + len(buildAdvert(nil, in, in.Priority, 0, in.Source, in.Destination, false))
}
