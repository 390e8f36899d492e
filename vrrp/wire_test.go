package vrrp

import (
	"bytes"
	"encoding/hex"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"halbd/conf"
)

// What keepalived 2.4.3 sends first in each mode: 10.0.0.1 (fe80::ff:fe00:1,
// fd00::1), priority 150, VRID 51, interval 1 s, 10.0.0.100 (fe80::100, fd00::100).
var golden = []struct {
	name   string
	header string // IPv4 header; "" for IPv6
	pdu    string
	src    string
	dst    string
	edit   func(*conf.Instance)
	old    bool
}{
	{"v2", "45c0002800010000ff70d0910a000001e0000012", "2133960100013e66 0a000064 0000000000000000", "10.0.0.1", "224.0.0.18", nil, false},
	{"v2 PASS", "45c0002800010000ff70d0910a000001e0000012", "213396010101014c 0a000064 7333637265740000", "10.0.0.1", "224.0.0.18",
		func(i *conf.Instance) { i.AuthType, i.AuthPass = conf.AuthPass, []byte("s3cret") }, false},
	{"v3", "45c0002000010000ff70d0990a000001e0000012", "3133960100644373 0a000064", "10.0.0.1", "224.0.0.18", version3, false},
	{"v3, v3_checksum_as_v2", "45c0002000010000ff70d0990a000001e0000012", "3133960100642e03 0a000064", "10.0.0.1", "224.0.0.18",
		func(i *conf.Instance) { i.Version, i.ChecksumAsV2 = 3, true }, false},
	{"v3 unicast", "45c0002000010000ff70a6aa0a0000010a000002", "3133960100641984 0a000064", "10.0.0.1", "10.0.0.2",
		func(i *conf.Instance) { i.Version, i.Unicast = 3, true }, false},
	{"v3 unicast, old_unicast_checksum", "45c0002000010000ff70a6aa0a0000010a000002", "3133960100644373 0a000064", "10.0.0.1", "10.0.0.2",
		func(i *conf.Instance) { i.Version, i.Unicast = 3, true }, true},
	{"v3 IPv6", "", "3133960200643db5 fe800000000000000000000000000100 fd000000000000000000000000000100", "fe80::ff:fe00:1", "ff02::12", ipv6In3, false},
	{"v3 IPv6 unicast", "", "3133960200644047 fe800000000000000000000000000100 fd000000000000000000000000000100", "fd00::1", "fd00::2",
		func(i *conf.Instance) { ipv6In3(i); i.Unicast = true }, false},
	{"v2 IPv6", "", "2133960200014e18 fe800000000000000000000000000100 fd000000000000000000000000000100", "fe80::ff:fe00:1", "ff02::12",
		func(i *conf.Instance) { ipv6In3(i); i.Version = 2 }, false},
}

// ipv6In3 lists the global address first: the link-local one must lead on the wire.
func ipv6In3(i *conf.Instance) {
	i.Version, i.Family = 3, conf.IPv6
	i.Addresses = []conf.Address{{Prefix: netip.MustParsePrefix("fd00::100/64")}, {Prefix: netip.MustParsePrefix("fe80::100/64")}}
}

func unhex(t testing.TB, s string) []byte {
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestGoldenPackets(t *testing.T) {
	for _, tc := range golden {
		t.Run(tc.name, func(t *testing.T) {
			in := router("A", 51, 150)
			in.Addresses = []conf.Address{{Prefix: netip.MustParsePrefix("10.0.0.100/24")}}
			if tc.edit != nil {
				tc.edit(&in)
			}
			src, dst := netip.MustParseAddr(tc.src), netip.MustParseAddr(tc.dst)
			want := unhex(t, tc.pdu)
			got := buildAdvert(nil, &in, 150, (&instance{cfg: &in}).wireInterval(), src, dst, tc.old)
			if !bytes.Equal(got, want) {
				t.Errorf("built %x\nwant  %x", got, want)
			}
			if tc.header != "" {
				h := AppendIPv4Header(nil, &SendAdvert{Src: src, Dst: dst, TTL: 255, ID: 1, Payload: got})
				kernels := unhex(t, tc.header)
				kernels[10], kernels[11] = 0, 0 // the checksum is the kernel's
				if !bytes.Equal(h, kernels) {
					t.Errorf("header %x\nwant   %x", h, kernels)
				}
			}
			a, err := ParseAdvert(want, src.Is6())
			if err != nil || a.VRID != 51 || a.Priority != 150 || a.Type != 1 || a.Version != in.Version || a.Count != len(in.Addresses) {
				t.Errorf("parsed %+v, %v", a, err)
			}
			// And an instance configured alike takes it for its master's.
			in.Destination = dst
			p := play(t, config(in), InterfaceState{Name: "eth0", Exists: true, Up: true, Addrs: []netip.Addr{dst, netip.MustParseAddr("fe80::9")}})
			if in.Unicast {
				p.c.instances[0].source = dst
			}
			p.until(s).step(&PacketReceived{Interface: "eth0", Src: src, Dst: dst, TTL: 255, Payload: want})
			if p.c.instances[0].master != src {
				t.Error("an instance configured alike does not accept it")
			}
		})
	}
}

func TestParseAdvertLengths(t *testing.T) {
	v2 := unhex(t, golden[0].pdu)
	for name, tc := range map[string]struct {
		b  []byte
		ok bool
	}{
		"exact":                      {v2, true},
		"one byte short":             {v2[:len(v2)-1], false},
		"empty":                      {nil, false},
		"padded below the minimum":   {append(slices.Clone(v2), make([]byte, 2)...), true},
		"padded by an odd number":    {append(slices.Clone(v2), make([]byte, 3)...), false},
		"a whole minimum frame":      {append(slices.Clone(v2), make([]byte, 6)...), false},
		"an auth_hmac trailer":       {append(slices.Clone(v2), make([]byte, 28)...), true},
		"one address more than said": {append(slices.Clone(v2), make([]byte, 4)...), false},
		"padding beyond the minimum": {append(slices.Clone(v2), make([]byte, 26)...), false},
		"more addresses than there are": {func() []byte {
			b := slices.Clone(v2)
			b[3] = 200
			return b
		}(), false},
		"version 4": {append([]byte{0x41}, v2[1:]...), false}, // its form is that of version 3, which has no authentication data
	} {
		if _, err := ParseAdvert(tc.b, false); (err == nil) != tc.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Any bytes as a packet: no crash, and what is not a valid advert changes nothing.
func FuzzPacket(f *testing.F) {
	for _, tc := range golden {
		f.Add(unhex(f, tc.pdu), byte(255))
	}
	f.Add([]byte{}, byte(0))
	f.Fuzz(func(t *testing.T, b []byte, ttl byte) {
		in := router("A", 51, 150)
		six := router("B", 51, 150, ipv6In3, func(i *conf.Instance) { i.Destination = netip.MustParseAddr("ff02::12") })
		c := NewCore(config(in, six))
		c.Step(0, InterfaceState{Name: "eth0", Exists: true, Up: true, Addrs: []netip.Addr{netip.MustParseAddr("10.0.0.9"), netip.MustParseAddr("fe80::9")}})
		c.Start(0)
		before, _ := c.Deadline()
		for i, src := range []string{"10.0.0.1", "fe80::1"} {
			c.Step(s, &PacketReceived{Interface: "eth0", Src: netip.MustParseAddr(src), Dst: c.instances[i].cfg.Destination, TTL: int(ttl), Payload: b})
			a, err := ParseAdvert(b, i == 1)
			valid := err == nil && ttl == 255 && a.Type == 1
			if !valid && c.instances[i].master.IsValid() {
				t.Fatalf("an invalid packet made a master: %x", b)
			}
		}
		if after, ok := c.Deadline(); !ok || after < min(before, s+c.instances[0].skew()) && after < s {
			t.Fatalf("the packet moved the deadline to %v", after)
		}
	})
}
