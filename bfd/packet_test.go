package bfd

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// What keepalived 2.4.3 sends in each state: min_tx and min_rx 200 (300) ms, multiplier 3.
var golden = []struct {
	wire string
	want Packet
}{
	{"20400318 6c5b4424 00000000 000f4240 00030d40 00000000", Packet{State: Down, Multiplier: 3, My: 0x6c5b4424, DesiredMinTx: 1000000, RequiredRx: 200000}},
	{"20800318 6c5b4424 c89f10fd 000f4240 00030d40 00000000", Packet{State: Init, Multiplier: 3, My: 0x6c5b4424, Your: 0xc89f10fd, DesiredMinTx: 1000000, RequiredRx: 200000}},
	{"20e00318 c89f10fd 6c5b4424 000493e0 000493e0 00000000", Packet{State: Up, Poll: true, Multiplier: 3, My: 0xc89f10fd, Your: 0x6c5b4424, DesiredMinTx: 300000, RequiredRx: 300000}},
	{"20d00318 6c5b4424 c89f10fd 00030d40 00030d40 00000000", Packet{State: Up, Final: true, Multiplier: 3, My: 0x6c5b4424, Your: 0xc89f10fd, DesiredMinTx: 200000, RequiredRx: 200000}},
	{"21400318 f3d07c0f 00000000 000f4240 00030d40 00000000", Packet{Diag: TimeExpired, State: Down, Multiplier: 3, My: 0xf3d07c0f, DesiredMinTx: 1000000, RequiredRx: 200000}},
	// Flags that only others set.
	{"27ca0518 00000001 00000002 00002710 00002710 0000c350", Packet{Diag: Administrative, State: Up, Independent: true, Demand: true, Multiplier: 5, My: 1, Your: 2,
		DesiredMinTx: 10000, RequiredRx: 10000, RequiredEcho: 50000}},
}

func TestGoldenPackets(t *testing.T) {
	for _, tc := range golden {
		wire := unhex(t, tc.wire)
		got, err := ParsePacket(wire)
		if err != nil {
			t.Errorf("%s: %v", tc.wire, err)
		}
		if d := cmp.Diff(tc.want, got); d != "" {
			t.Errorf("%s: %s", tc.wire, d)
		}
		if b := tc.want.Bytes(); !bytes.Equal(b[:], wire) {
			t.Errorf("built %x\nwant  %x", b, wire)
		}
	}
}

// Each test of RFC 5880, 6.8.6, that a packet must pass whatever the session.
func TestPacketsThatAreDropped(t *testing.T) {
	const good = "20c00318 00000001 00000002 00030d40 00030d40 00000000"
	if _, err := ParsePacket(unhex(t, good)); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct{ wire, want string }{
		"empty":                        {"", "0 bytes"},
		"cut":                          {good[:len(good)-2], "23 bytes"},
		"version 0":                    {"00" + good[2:], "version 0"},
		"version 2":                    {"40" + good[2:], "version 2"},
		"length below 24":              {strings.Replace(good, "0318", "0317", 1), "length field 23"},
		"length beyond the datagram":   {strings.Replace(good, "0318", "0319", 1), "length field 25 in 24"},
		"authentication without room":  {strings.Replace(good, "20c0", "20c4", 1), "length field 24 is too short"},
		"authentication":               {strings.Replace(good, "20c00318", "20c4031a", 1) + "0102", "authenticated"},
		"multiplier 0":                 {strings.Replace(good, "0318", "0018", 1), "multiplier 0"},
		"multipoint":                   {strings.Replace(good, "20c0", "20c1", 1), "multipoint"},
		"my discriminator 0":           {strings.Replace(good, "00000001", "00000000", 1), "my discriminator"},
		"your discriminator 0, Up":     {strings.Replace(good, "00000002", "00000000", 1), "your discriminator is 0 in state Up"},
		"your discriminator 0 in Init": {strings.NewReplacer("00000002", "00000000", "20c0", "2080").Replace(good), "your discriminator is 0 in state Init"},
	} {
		if _, err := ParsePacket(unhex(t, tc.wire)); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: got %v, want %q", name, err, tc.want)
		}
	}
	if _, err := ParsePacket(unhex(t, good+"ffff")); err != nil {
		t.Errorf("bytes after the length: %v", err)
	}
}

// Whatever arrives is refused or means the same after encoding.
func FuzzPacket(f *testing.F) {
	for _, tc := range golden {
		f.Add(unhex(f, tc.wire))
	}
	f.Add([]byte("not a packet of this protocol"))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := ParsePacket(b)
		if err != nil {
			return
		}
		wire := p.Bytes()
		if again, err := ParsePacket(wire[:]); err != nil || again != p {
			t.Errorf("%x: parsed %+v, after encoding %+v, %v", b, p, again, err)
		}
	})
}
