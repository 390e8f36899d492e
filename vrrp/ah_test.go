package vrrp

import (
	"net/netip"
	"slices"
	"testing"

	"halbd/conf"
)

// behindAH is an advert behind an authentication header, as another host sends
// it with a sequence number; edit spoils the packet.
func behindAH(cfg conf.Instance, src string, priority uint8, sequence uint32, edit func([]byte)) *PacketReceived {
	from := netip.MustParseAddr(src)
	c := NewCore(config(cfg))
	in := newInstance(&cfg)
	in.source = from
	in.settleAuth()
	in.ah.sequence = sequence - 1
	c.advertise(in, priority)
	a := c.acts.Adverts[0]
	if edit != nil {
		edit(a.Payload)
	}
	return &PacketReceived{Interface: "eth0", Src: from, Dst: a.Dst, TTL: 255, AH: true, Header: AppendIPv4Header(nil, &a), Payload: a.Payload}
}

// Each row is what keepalived 2.2.7 counts.
func TestAHChecks(t *testing.T) {
	in := router("A", 1, 100, v2AH, func(i *conf.Instance) { i.DownTimerAdverts = 100 })
	failure, good := Counters{AuthFailure: 1}, Counters{AdvertsReceived: 1}
	for _, tc := range []struct {
		name     string
		sequence uint32
		cfg      func(*conf.Instance)
		edit     func(*PacketReceived)
		want     Counters
	}{
		{"good", 6, nil, nil, good},
		{"the same number", 5, nil, nil, failure},
		{"a lower number", 4, nil, nil, failure},
		{"wrong ICV", 6, nil, func(p *PacketReceived) { p.Payload[12]++ }, failure},
		{"another password", 6, func(i *conf.Instance) { i.AuthPass = []byte("other") }, nil, failure},
		{"SPI of another", 6, nil, func(p *PacketReceived) { p.Payload[7]++ }, failure},
		{"changed on its way", 6, nil, func(p *PacketReceived) { p.Payload[ahLen+2]++ }, failure},
		{"sent to another group", 6, nil, func(p *PacketReceived) { p.Header[19]++ }, failure},
		{"TTL of multicast", 6, nil, func(p *PacketReceived) { p.TTL = 254 }, Counters{TTL: 1}},
		{"type of service may change", 6, nil, func(p *PacketReceived) { p.Header[1] = 0 }, good},
		{"no header at all", 6, nil, func(p *PacketReceived) { p.Payload, p.AH = p.Payload[ahLen:], false }, Counters{AuthTypeMismatch: 1}},
		{"nothing behind the header", 6, nil, func(p *PacketReceived) { p.Payload = p.Payload[:ahLen+4] }, Counters{}},
		{"another next header", 6, nil, func(p *PacketReceived) { p.Payload[0] = 6 }, Counters{}},
		{"two bytes too many", 6, nil, func(p *PacketReceived) { p.Payload = append(slices.Clone(p.Payload), 0, 0) }, Counters{Length: 1}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := play(t, config(in)).until(s)
			p.c.instances[0].ah.sequence = 5
			sender := in
			if tc.cfg != nil {
				tc.cfg(&sender)
			}
			packet := behindAH(sender, "10.0.0.2", 150, tc.sequence, nil)
			if tc.edit != nil {
				tc.edit(packet)
			}
			p.step(packet)
			if got := p.c.instances[0].counters; got != tc.want {
				t.Errorf("counted %+v\nwant    %+v", got, tc.want)
			}
		})
	}
}

// sentSequences are the numbers of the adverts in Actions.
func sentSequences(a *Actions) (list []uint32) {
	for i := range a.Adverts {
		b := a.Adverts[i].Payload
		list = append(list, uint32(b[8])<<24|uint32(b[9])<<16|uint32(b[10])<<8|uint32(b[11]))
	}
	return list
}

// One number serves both directions: it is the highest sent or seen.
func TestAHSequence(t *testing.T) {
	in := router("A", 1, 200, v2AH)
	p := play(t, config(in)).until(s)
	// While BACKUP it follows the master, and goes on where that one was.
	p.step(behindAH(in, "10.0.0.2", 250, 500, nil))
	var first []uint32
	for first == nil {
		p.now, _ = p.c.Deadline()
		first = sentSequences(p.c.Step(p.now, Tick{}))
	}
	if !slices.Equal(first, []uint32{501}) {
		t.Fatalf("the take-over begins with %v, not 501", first)
	}
	p.note(p.c.Sent(p.now, nil))
	// A lower router that is ahead sets the pace; one that is behind is not heard.
	if got := sentSequences(p.c.Step(p.now, behindAH(in, "10.0.0.2", 50, 600, nil))); !slices.Equal(got, []uint32{601}) {
		t.Errorf("the answer to a lower router with 600 has %v", got)
	}
	if got := sentSequences(p.c.Step(p.now, behindAH(in, "10.0.0.2", 50, 601, nil))); got != nil {
		t.Errorf("the answer to 601, which this host has just used, has %v", got)
	}
	// And a reload starts nothing anew.
	edited := in
	edited.Priority = 210
	a := p.c.Reload(p.now, config(edited))
	if got := sentSequences(a); !slices.Equal(got, []uint32{602, 603}) {
		t.Errorf("around the reload %v", got)
	}
}

// Behind a router a unicast advert has another TTL: the header does not cover it.
func TestAHUnicastTTL(t *testing.T) {
	in := router("A", 1, 100, v2AH, func(i *conf.Instance) {
		i.Unicast, i.Destination = true, netip.Addr{}
		i.UnicastPeers = []conf.UnicastPeer{{Addr: netip.MustParseAddr("10.0.0.1")}, {Addr: netip.MustParseAddr("10.0.0.2")}}
	})
	packet := behindAH(in, "10.0.0.2", 150, 1, nil)
	packet.TTL, packet.Header[8] = 7, 7
	p := play(t, config(in))
	p.step(packet)
	if k := p.c.instances[0].counters; k.AdvertsReceived != 1 {
		t.Errorf("%+v", k)
	}
}
