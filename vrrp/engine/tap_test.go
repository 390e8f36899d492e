package engine

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"slices"
	"testing"

	"halbd/internal/inetsum"
	"halbd/vrrp"
)

// wirePacket is what the kernel makes of an advert: header with checksum, payload.
func wirePacket(a *vrrp.SendAdvert) []byte {
	b := vrrp.AppendIPv4Header(nil, a)
	binary.BigEndian.PutUint16(b[10:], inetsum.Of(b))
	return append(b, a.Payload...)
}

// whole4 is an advert as it is on the wire, and how a backup's VMAC gets it:
// with Ethernet's padding.
func whole4(padding int) []byte {
	a := &vrrp.SendAdvert{Src: netip.MustParseAddr("10.0.0.1"), Dst: netip.MustParseAddr("224.0.0.18"), TTL: 255, ID: 7, Payload: []byte("0123456789ab")}
	return append(wirePacket(a), make([]byte, padding)...)
}

func whole6(padding int) []byte {
	a := &vrrp.SendAdvert{Src: netip.MustParseAddr("fe80::1"), Dst: netip.MustParseAddr("ff02::12"), TTL: 255, Payload: []byte("0123456789ab")}
	return append(append(vrrp.AppendIPv6Header(nil, a), a.Payload...), make([]byte, padding)...)
}

func TestTapReadsWholePackets(t *testing.T) {
	for _, padding := range []int{0, 14} {
		p, ok := parse4(whole4(padding))
		if !ok || p.Src != netip.MustParseAddr("10.0.0.1") || p.Dst != netip.MustParseAddr("224.0.0.18") || p.TTL != 255 || p.AH ||
			string(p.Payload) != "0123456789ab" || len(p.Header) != vrrp.IPv4HeaderLen {
			t.Errorf("IPv4 with %d bytes of padding: %+v, %v", padding, p, ok)
		}
		p, ok = parse6(whole6(padding))
		if !ok || p.Src != netip.MustParseAddr("fe80::1") || p.Dst != netip.MustParseAddr("ff02::12") || p.TTL != 255 || string(p.Payload) != "0123456789ab" {
			t.Errorf("IPv6 with %d bytes of padding: %+v, %v", padding, p, ok)
		}
	}
}

// The kernel's IP has not looked at these packets, so nothing may be believed.
func TestTapRefuses(t *testing.T) {
	change := func(b []byte, at int, v byte) []byte {
		b = slices.Clone(b)
		b[at] = v
		return b
	}
	summed := func(b []byte) []byte {
		b[10], b[11] = 0, 0
		sum := inetsum.Of(b[:vrrp.IPv4HeaderLen])
		b[10], b[11] = byte(sum>>8), byte(sum)
		return b
	}
	for name, b := range map[string][]byte{
		"nothing":                    nil,
		"half a header":              whole4(0)[:12],
		"another version":            change(whole4(0), 0, 0x55),
		"a header of 4 bytes":        change(whole4(0), 0, 0x41),
		"a header beyond the packet": change(whole4(0), 0, 0x4f),
		"a wrong checksum":           change(whole4(0), 8, 254),
		"longer than it is":          summed(change(whole4(0), 3, 33)),
		"shorter than its header":    summed(change(whole4(0), 3, 19)),
		"a first fragment":           summed(change(whole4(0), 6, 0x20)),
		"a later fragment":           summed(change(whole4(0), 7, 1)),
	} {
		if p, ok := parse4(b); ok {
			t.Errorf("IPv4, %s: %+v", name, p)
		}
	}
	for name, b := range map[string][]byte{
		"nothing":             nil,
		"half a header":       whole6(0)[:30],
		"another version":     change(whole6(0), 0, 0x45),
		"an extension header": change(whole6(0), 6, 0),
		"longer than it is":   change(whole6(0), 5, 13),
	} {
		if p, ok := parse6(b); ok {
			t.Errorf("IPv6, %s: %+v", name, p)
		}
	}
}

// Whatever is on the wire: no panic, and nothing but what was received.
func FuzzTap(f *testing.F) {
	f.Add(whole4(0))
	f.Add(whole4(14))
	f.Add(whole6(0))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, parse := range []func([]byte) (vrrp.PacketReceived, bool){parse4, parse6} {
			if p, ok := parse(b); ok && !bytes.Contains(b, p.Payload) {
				t.Errorf("a payload that is not in the packet: % x", p.Payload)
			}
		}
	})
}

func TestGroupMAC(t *testing.T) {
	if got := groupMAC(netip.MustParseAddr("ff02::1:ff00:12")); got != [8]byte{0x33, 0x33, 0xff, 0, 0, 0x12} {
		t.Errorf("% x", got)
	}
}
