package vrrp

import (
	"bytes"
	"net/netip"
	"testing"

	"halbd/conf"
)

// seedCaptures adds every captured advert to a corpus, where the captures are.
func seedCaptures(f *testing.F, add func(w *wireFrame)) {
	for i := range replays {
		for _, w := range capturedFrames(replays[i].file) {
			if w.advert {
				add(&w)
			}
		}
	}
}

// Any bytes as a PDU: what parses can be built again from its parts.
func FuzzParseAdvert(f *testing.F) {
	for _, tc := range golden {
		f.Add(unhex(f, tc.pdu), tc.header == "")
	}
	seedCaptures(f, func(w *wireFrame) {
		if !w.ah {
			f.Add(w.payload, w.src.Is6())
		}
	})
	f.Fuzz(func(t *testing.T, b []byte, v6 bool) {
		a, err := ParseAdvert(b, v6)
		if err != nil {
			return
		}
		if a.Len()+len(a.Trailer) > len(b) || a.Len() < headerLen || len(a.Addrs) != a.Count*map[bool]int{false: 4, true: 16}[v6] {
			t.Fatalf("%+v of %d bytes", a, len(b))
		}
		whole := bytes.Join([][]byte{b[:headerLen], a.Addrs, a.Auth}, nil)
		if !bytes.HasPrefix(b, whole) || a.Trailer != nil && !bytes.HasSuffix(b, a.Trailer) {
			t.Fatalf("%x was taken apart as %+v", b, a)
		}
	})
}

// Any bytes where auth_hmac or AH is asked for: only what the key has signed
// has an effect, and it has none twice.
func FuzzAuthenticated(f *testing.F) {
	hmacSender, ahSender := router("A", 51, 150, signed), router("A", 51, 150, v2AH)
	f.Add(signedBy(hmacSender, "10.0.0.1", 150, epoch, nil).Payload, []byte{}, false, byte(0))
	p := behindAH(ahSender, "10.0.0.1", 150, 9, nil)
	f.Add(p.Payload, p.Header, true, byte(0))
	f.Add([]byte{}, []byte{}, true, byte(1))
	seedCaptures(f, func(w *wireFrame) {
		if w.src.Is4() {
			f.Add(w.payload, w.header, w.ah, byte(0))
		}
	})
	good := [][]byte{signedBy(hmacSender, "10.0.0.1", 150, epoch, nil).Payload, p.Payload}
	f.Fuzz(func(t *testing.T, payload, header []byte, ah bool, at byte) {
		for i, sender := range []conf.Instance{hmacSender, ahSender} {
			in := sender
			in.Priority = 100
			c := NewCore(config(in))
			c.Step(0, eth0("10.0.0.2"))
			c.Step(0, WallClock{epoch})
			c.Start(0)
			packet := PacketReceived{Interface: "eth0", Src: netip.MustParseAddr("10.0.0.1"), Dst: in.Destination, TTL: 255,
				AH: ah, Header: header, Payload: bytes.Clone(payload)}
			if at > 0 && len(payload) > 0 { // near misses of what is good
				packet.Payload = bytes.Clone(good[i])
				packet.Payload[int(at)%len(good[i])] ^= payload[0]
				packet.AH, packet.Header = i == 1, p.Header
			}
			c.Step(s, &packet)
			c.Step(s, &packet)
			k := c.instances[0].counters
			if k.AdvertsReceived > 1 {
				t.Fatalf("a repetition is taken for good: %x", packet.Payload)
			}
			if k.AdvertsReceived == 1 && !bytes.Equal(packet.Payload, good[i]) && !captured(payload, i) {
				t.Fatalf("forged: %x", packet.Payload)
			}
		}
	})
}

// captured reports whether an advert was signed by keepalived with the password
// of the captures: those verify here, too.
func captured(payload []byte, ah int) bool {
	if ah == 0 {
		return false // its time is long over
	}
	for _, name := range []string{"v2_ah"} {
		for _, w := range capturedFrames(name) {
			if bytes.Equal(w.payload, payload) {
				return true
			}
		}
	}
	return false
}
