package vrrp

import (
	"net/netip"
	"strings"
	"testing"

	"halbd/conf"
)

// Which checksum is sent is part of the golden packets; here is which is taken
// from a peer, and what that does to one's own.
func TestChecksumsTaken(t *testing.T) {
	us, peer := netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("10.0.0.2")
	plain := func(*conf.Instance) {}
	asV2 := func(i *conf.Instance) { i.ChecksumAsV2 = true }
	never := func(i *conf.Instance) { i.OldChecksum = conf.OldChecksumNever }
	always := func(i *conf.Instance) { i.OldChecksum = conf.OldChecksumAlways }
	spoil := func(b []byte) { b[6]++ }
	for _, tc := range []struct {
		name    string
		unicast bool
		edit    func(*conf.Instance)
		theirs  func(*conf.Instance)
		old     bool // the peer sends keepalived's old unicast checksum
		bend    func([]byte)
		takes   bool
		sends   bool // the old checksum afterwards
	}{
		{"multicast", false, plain, plain, false, nil, true, false},
		{"multicast, wrong", false, plain, plain, false, spoil, false, false},
		{"multicast, the peer's without pseudo header", false, plain, asV2, false, nil, false, false},
		{"v3_checksum_as_v2 takes any", false, asV2, plain, false, spoil, true, false},
		{"unicast", true, plain, plain, false, nil, true, false},
		{"unicast, the peer's old", true, plain, plain, true, nil, true, true},
		{"unicast, never the old", true, never, plain, true, nil, false, false},
		{"unicast, always the old", true, always, plain, true, nil, true, true},
		{"unicast, always the old, the peer's new", true, always, plain, false, nil, false, true},
		{"unicast, wrong", true, plain, plain, false, spoil, false, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			in := router("A", 1, 100, version3, tc.edit)
			dst := in.Destination
			if tc.unicast {
				in.Unicast, in.Destination, dst = true, netip.Addr{}, us
				in.UnicastPeers = []conf.UnicastPeer{{Addr: peer}}
			}
			sender := in
			sender.ChecksumAsV2 = false
			tc.theirs(&sender)
			b := buildAdvert(nil, &sender, 150, 100, peer, dst, tc.old)
			if tc.bend != nil {
				tc.bend(b)
			}
			p := play(t, config(in)).until(s / 2)
			a := p.c.Step(p.now, &PacketReceived{Interface: "eth0", Src: peer, Dst: dst, TTL: 255, Payload: b})
			i := p.c.instances[0]
			if (i.counters.AdvertsReceived == 1) != tc.takes || i.oldChecksum != tc.sends {
				t.Errorf("taken %d, sends the old one %v: %v", i.counters.AdvertsReceived, i.oldChecksum, a.Log)
			}
			if switched := tc.old && tc.sends && in.OldChecksum == conf.OldChecksumDetect; switched != (len(a.Log) == 1 && strings.Contains(a.Log[0].Text, "old unicast checksum")) {
				t.Errorf("logged %v", a.Log)
			}
			if k := i.counters; !tc.takes && k != (Counters{}) {
				t.Errorf("a wrong checksum is not counted, as in keepalived: %+v", k)
			}
		})
	}
}

// The destination that is written is the one that is joined, sent to and listened to.
func TestMulticastAddresses(t *testing.T) {
	group := netip.MustParseAddr("224.0.0.66")
	in := router("A", 1, 255, func(i *conf.Instance) {
		i.Destination, i.Source = group, netip.MustParseAddr("10.0.0.7")
	})
	p := play(t, config(in))
	if got := only(p.out, "advert"); len(got) != 1 || got[0] != "0s A advert 255 to 224.0.0.66" || p.c.instances[0].source != in.Source {
		t.Errorf("sent %q from %v", got, p.c.instances[0].source)
	}
	packet := advertOf(&in, "10.0.0.2", 100)
	p.step(packet)
	packet.Dst = netip.MustParseAddr("224.0.0.18")
	p.step(packet)
	if k := p.c.instances[0].counters; k.AdvertsReceived != 1 {
		t.Errorf("of two adverts, one to each group, %d count", k.AdvertsReceived)
	}
}
