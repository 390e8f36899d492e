package inetsum

import (
	"net/netip"
	"testing"
)

func TestOf(t *testing.T) {
	for _, tc := range []struct {
		name string
		b    []byte
		want uint16
	}{
		{"nothing", nil, 0xffff},
		{"the example of RFC 1071", []byte{0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7}, ^uint16(0xddf2)},
		{"an odd byte is the high one", []byte{0x12}, ^uint16(0x1200)},
		{"carries are added until there is none", []byte{0xff, 0xff, 0x00, 0x01}, ^uint16(1)},
	} {
		if got := Of(tc.b); got != tc.want {
			t.Errorf("%s: %#04x, want %#04x", tc.name, got, tc.want)
		}
	}
}

func TestWithPseudoHeader(t *testing.T) {
	src, dst := netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("224.0.0.18")
	pdu := []byte{0x31, 1, 100, 1}
	whole := append([]byte{10, 0, 0, 1, 224, 0, 0, 18, 0, 112, 0, 4}, pdu...)
	if got := WithPseudoHeader(112, pdu, src, dst); got != Of(whole) {
		t.Errorf("%#04x, want %#04x", got, Of(whole))
	}
}
