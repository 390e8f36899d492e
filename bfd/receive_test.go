package bfd

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"halbd/conf"
)

func TestTTLOfReceivedPackets(t *testing.T) {
	for _, tc := range []struct {
		ttl, hops uint8
		received  int
		taken     bool
	}{
		{255, 0, 255, true}, {255, 0, 254, false}, {255, 3, 252, true}, {255, 3, 251, false}, {255, 255, 0, true},
		{64, 0, 64, true}, {64, 0, 255, true}, {64, 0, 63, false}, {255, 0, -1, true},
	} {
		l := begin(t, configured(func(b *conf.BFDInstance) { b.TTL, b.MaxHops = tc.ttl, tc.hops }))
		l.hear(10*ms, Packet{State: Init, Your: 1}, func(p *PacketReceived) { p.TTL = tc.received })
		if taken := l.byName["B"].state == Up; taken != tc.taken {
			t.Errorf("ttl %d, max_hops %d: a packet with TTL %d is taken: %v", tc.ttl, tc.hops, tc.received, taken)
		}
	}
}

// Sessions with one neighbour differ by our address, and by the port.
func TestPacketsFindTheirSession(t *testing.T) {
	second := netip.MustParseAddr("10.0.0.3")
	list := []conf.BFDInstance{
		configured(),
		configured(func(b *conf.BFDInstance) { b.Name, b.Source = "second", second }),
		configured(func(b *conf.BFDInstance) {
			b.Name, b.Neighbor, b.Source = "any", netip.MustParseAddr("10.0.0.4"), netip.Addr{}
		}),
		configured(func(b *conf.BFDInstance) {
			b.Name, b.Neighbor, b.Multihop = "far", netip.MustParseAddr("10.9.0.1"), true
		}),
	}
	for _, tc := range []struct {
		name     string
		src, dst string
		multihop bool
		your     string // the session whose discriminator the packet has
		want     string
	}{
		{"by both addresses", "10.0.0.2", "10.0.0.1", false, "", "B"},
		{"by our address", "10.0.0.2", "10.0.0.3", false, "", "second"},
		{"by none of our addresses", "10.0.0.2", "10.0.0.9", false, "", ""},
		{"to any of our addresses", "10.0.0.4", "10.0.0.9", false, "", "any"},
		{"to the other port", "10.0.0.2", "10.0.0.1", true, "", ""},
		{"multihop", "10.9.0.1", "10.0.0.1", true, "", "far"},
		{"multihop to the other port", "10.9.0.1", "10.0.0.1", false, "", ""},
		{"of a stranger", "10.0.0.7", "10.0.0.1", false, "", ""},
		{"by discriminator", "10.0.0.2", "10.0.0.1", false, "second", "second"},
		{"of a stranger who knows the discriminator", "10.0.0.7", "10.0.0.1", false, "B", ""},
		{"by discriminator, to the other port", "10.0.0.2", "10.0.0.1", true, "B", ""},
	} {
		l := begin(t, list...)
		p := Packet{State: Down}
		if tc.your != "" {
			p.Your = l.byName[tc.your].local
		}
		l.hear(10*ms, p, func(p *PacketReceived) {
			p.Src, p.Dst, p.Multihop = netip.MustParseAddr(tc.src), netip.MustParseAddr(tc.dst), tc.multihop
		})
		for _, b := range list {
			if s := l.byName[b.Name]; (s.state == Init) != (b.Name == tc.want) {
				t.Errorf("%s: session %s is %v", tc.name, b.Name, s.state)
			}
		}
	}
}

// However many packets a stranger sends, the log gets one line in ten seconds.
func TestDroppedPacketsAreCounted(t *testing.T) {
	l := established(t)
	stranger := func(p *PacketReceived) { p.Src = netip.MustParseAddr("10.0.0.7") }
	for i := range Time(1000) {
		l.hear(20*ms+i, Packet{State: Down}, stranger)
	}
	l.hear(10020*ms, Packet{State: Down}, stranger)
	var got []string
	for _, line := range l.lines {
		if strings.Contains(line, "log: ") {
			got = append(got, line)
		}
	}
	l.lines = got
	l.did("20ms log: Packet of 10.0.0.7 to 10.0.0.1 dropped: no session with 10.0.0.7 is configured without multihop",
		"10.02s log: Packet of 10.0.0.7 to 10.0.0.1 dropped: no session with 10.0.0.7 is configured without multihop (and 999 more since the last such line)")
}

// What is wrong with a packet must not count as a sign of life.
func TestDroppedPacketsKeepNothingAlive(t *testing.T) {
	l := established(t)
	for i := range Time(80) {
		l.hear(20*ms+10*ms*i, Packet{State: Up, Your: 1}, func(p *PacketReceived) { p.Payload[0] = 0 })
	}
	if s := l.byName["B"]; s.state != Down {
		t.Errorf("after 800 ms of packets of another version the session is %v", s.state)
	}
}

func TestSteadySessionDoesNotAllocateMuch(t *testing.T) {
	l := established(t)
	p := Packet{State: Up, Your: 1, My: 77, Multiplier: 4, DesiredMinTx: 50000, RequiredRx: 50000}
	b := p.Bytes()
	in := &PacketReceived{Src: there, Dst: here, TTL: 255, Payload: b[:]}
	var ev Event = in
	now := 20 * ms
	if n := testing.AllocsPerRun(1000, func() {
		now += time.Microsecond
		l.Step(now, ev)
	}); n > 0 {
		t.Errorf("%v allocations for each packet", n)
	}
}
