package vrrp

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"halbd/conf"
)

// epoch is the time of day at Time 0 of these tests.
const epoch = 1_700_000_000 * time.Second

// signedBy is an advert as another host signs it at a time of day; edit spoils
// the packet.
func signedBy(cfg conf.Instance, src string, priority uint8, wall time.Duration, edit func([]byte) []byte) *PacketReceived {
	from := netip.MustParseAddr(src)
	peer := &instance{cfg: &cfg}
	peer.settleAuth()
	b := buildAdvert(nil, &cfg, priority, peer.wireInterval(), from, cfg.Destination, false)
	if peer.hmac != nil {
		b = peer.hmac.sign(b, b, from, wall)
	}
	if edit != nil {
		b = edit(b)
	}
	return &PacketReceived{Interface: "eth0", Src: from, Dst: cfg.Destination, TTL: 255, Payload: b}
}

// guarded is a core with one BACKUP instance "A" that has auth_hmac, at 1 s.
func guarded(t *testing.T, edit func(*conf.AuthHMAC)) (*script, conf.Instance) {
	h := *hmacKey
	h.Keys = append(slices.Clone(h.Keys), conf.HMACKey{ID: 8, Key: []byte("a second key of at least 32 bytes")})
	if edit != nil {
		edit(&h)
	}
	in := router("A", 1, 100, func(i *conf.Instance) { i.HMAC = &h; i.DownTimerAdverts = 100 })
	p := play(t, config(in))
	p.step(WallClock{epoch}).until(s)
	return p, in
}

func trailerOf(b []byte) []byte { return b[len(b)-trailerLen:] }

func TestHMACChecks(t *testing.T) {
	mode := func(m conf.HMACMode) func(*conf.AuthHMAC) { return func(h *conf.AuthHMAC) { h.Mode = m } }
	monotonic := func(h *conf.AuthHMAC) { h.Monotonic = true }
	set := func(i int, v byte) func([]byte) []byte {
		return func(b []byte) []byte { trailerOf(b)[i] = v; return b }
	}
	cut := func(b []byte) []byte { return b[:len(b)-trailerLen] }
	now := epoch + s
	for _, tc := range []struct {
		name string
		edit func(*conf.AuthHMAC)
		wall time.Duration
		bend func([]byte) []byte
		want Counters
	}{
		{"good", nil, now, nil, Counters{AdvertsReceived: 1}},
		{"signed with the other key", func(h *conf.AuthHMAC) { h.ActiveKey = 8 }, now, nil, Counters{AdvertsReceived: 1}},
		{"missing, enforce", nil, now, cut, Counters{HMACMissing: 1}},
		{"missing, permissive", mode(conf.HMACPermissive), now, cut, Counters{AdvertsReceived: 1}},
		{"missing, receive-only", mode(conf.HMACReceiveOnly), now, cut, Counters{AdvertsReceived: 1}},
		{"wrong, permissive", mode(conf.HMACPermissive), now, set(27, 0), Counters{HMACInvalid: 1}},
		{"wrong, receive-only", mode(conf.HMACReceiveOnly), now, set(27, 0), Counters{HMACInvalid: 1}},
		{"other type", nil, now, set(0, 2), Counters{HMACMalformed: 1}},
		{"reserved", nil, now, set(3, 1), Counters{HMACMalformed: 1}},
		{"malformed before stale", nil, now - 60*s, set(0, 2), Counters{HMACMalformed: 1}},
		{"unknown key", nil, now, set(1, 9), Counters{HMACUnknownKey: 1}},
		{"stale before unknown key", nil, now - 6*s, set(1, 9), Counters{HMACStale: 1}},
		{"at the edge of the window", nil, now - 5*s, nil, Counters{AdvertsReceived: 1}},
		{"behind the window", nil, now - 6*s, nil, Counters{HMACStale: 1}},
		{"ahead within the window", nil, now + 5*s, nil, Counters{AdvertsReceived: 1}},
		{"ahead of the window", nil, now + 6*s, nil, Counters{HMACStale: 1}},
		{"a day behind, monotonic", monotonic, now - 24*time.Hour, nil, Counters{AdvertsReceived: 1}},
		{"a day ahead, monotonic", monotonic, now + 24*time.Hour, nil, Counters{AdvertsReceived: 1}},
		{"priority 0 is no exception", nil, now, func(b []byte) []byte { b[2] = 0; return b }, Counters{HMACInvalid: 1}},
		{"another address", nil, now, func(b []byte) []byte { b[11]++; return b }, Counters{HMACInvalid: 1}},
		{"four bytes too many", nil, now, func(b []byte) []byte { return append(b, 0, 0, 0, 0) }, Counters{Length: 1}},
		{"four bytes too few", nil, now, func(b []byte) []byte { return b[:len(b)-4] }, Counters{Length: 1}},
		{"good signature, wrong checksum", nil, now, func(b []byte) []byte { b[6]++; return b }, Counters{}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p, in := guarded(t, tc.edit)
			if in.HMAC.Mode == conf.HMACReceiveOnly {
				if b := signedBy(in, "10.0.0.2", 150, tc.wall, nil).Payload; len(b) != 20+trailerLen {
					t.Fatalf("%d bytes", len(b))
				}
			}
			p.step(signedBy(in, "10.0.0.2", 150, tc.wall, tc.bend))
			if got := p.c.instances[0].counters; got != tc.want {
				t.Errorf("counted %+v\nwant    %+v", got, tc.want)
			}
			took := p.c.instances[0].master.IsValid()
			if took != (tc.want.AdvertsReceived == 1) {
				t.Errorf("the sender is taken for the master: %v", took)
			}
		})
	}
}

// Without auth_hmac a signed advert is too long.
func TestHMACNotConfigured(t *testing.T) {
	in := router("A", 1, 100, signed)
	p := play(t, config(router("A", 1, 100))).step(WallClock{epoch})
	p.step(signedBy(in, "10.0.0.2", 150, epoch, nil))
	if got, want := p.c.instances[0].counters, (Counters{Length: 1}); got != want {
		t.Errorf("counted %+v", got)
	}
}

func TestHMACReplay(t *testing.T) {
	p, in := guarded(t, nil)
	first := signedBy(in, "10.0.0.2", 150, epoch+s, nil)
	older := signedBy(in, "10.0.0.2", 150, epoch+s/2, nil)
	k := &p.c.instances[0].counters
	p.step(first).step(first).step(older)
	if k.AdvertsReceived != 1 || k.HMACReplay != 2 {
		t.Errorf("the same and an older one: %+v", *k)
	}
	// The mark is the sender's own.
	p.step(signedBy(in, "10.0.0.3", 150, epoch+s/2, nil))
	if k.AdvertsReceived != 2 {
		t.Errorf("another sender: %+v", *k)
	}
	// Four senders are remembered, the least recently heard one goes first; its
	// old adverts are as good as new for as long as the window lasts.
	for _, src := range []string{"10.0.0.4", "10.0.0.5", "10.0.0.6"} {
		p.step(signedBy(in, src, 150, epoch+s, nil))
	}
	p.step(signedBy(in, "10.0.0.3", 150, epoch+s/2, nil))
	if k.HMACReplay != 3 {
		t.Errorf("10.0.0.3 is among the last four: %+v", *k)
	}
	p.step(first)
	if k.HMACReplay != 3 {
		t.Errorf("10.0.0.2 is not: %+v", *k)
	}
	p.until(8 * s).step(first)
	if k.HMACStale != 1 {
		t.Errorf("after the window: %+v", *k)
	}
}

// In monotonic mode a mark never ends: nothing else protects from repetition.
func TestHMACMonotonicMarks(t *testing.T) {
	p, in := guarded(t, func(h *conf.AuthHMAC) { h.Monotonic = true })
	first := signedBy(in, "10.0.0.2", 150, epoch+s, nil)
	p.step(first).until(90 * s).step(first)
	if k := p.c.instances[0].counters; k.HMACReplay != 1 {
		t.Errorf("%+v", k)
	}
}

// A reload keeps the marks and the sequence: a rotation opens no gap.
func TestHMACRotation(t *testing.T) {
	p, in := guarded(t, nil)
	first := signedBy(in, "10.0.0.2", 150, epoch+s, nil)
	p.step(first)
	rotated := *in.HMAC
	rotated.ActiveKey = 8
	next := in
	next.HMAC = &rotated
	p.out = nil
	p.note(p.c.Reload(p.now, config(next)))
	p.want()
	p.step(first)
	if k := p.c.instances[0].counters; k.HMACReplay != 1 || k.AdvertsReceived != 1 {
		t.Errorf("after the reload: %+v", k)
	}
	p.step(signedBy(next, "10.0.0.2", 150, epoch+2*s, nil)).step(signedBy(in, "10.0.0.2", 150, epoch+3*s, nil))
	if k := p.c.instances[0].counters; k.AdvertsReceived != 3 {
		t.Errorf("both keys are good while both are configured: %+v", k)
	}
}

// The time is set here by an hour while a master advertises: it stays the
// master, and what it said before can still not be repeated.
func TestHMACClockIsSet(t *testing.T) {
	for name, step := range map[string]time.Duration{"forward": time.Hour, "back": -time.Hour} {
		t.Run(name, func(t *testing.T) {
			p, in := guarded(t, nil)
			k := &p.c.instances[0].counters
			last := signedBy(in, "10.0.0.2", 150, epoch+s, nil)
			p.step(last).step(WallClock{epoch + step}).step(last)
			if k.AdvertsReceived != 1 || k.HMACReplay != 1 {
				t.Errorf("a repetition after the step: %+v", *k)
			}
			for at := 2 * s; at <= 30*s; at += s {
				p.until(at).step(signedBy(in, "10.0.0.2", 150, epoch+at, nil))
			}
			if k.AdvertsReceived != 30 || k.HMACStale != 0 {
				t.Errorf("%d of 30 adverts count: %+v", k.AdvertsReceived, *k)
			}
			p.step(last)
			p.step(signedBy(in, "10.0.0.3", 150, epoch+30*s, nil)) // of a stranger only the time of day tells
			if k.AdvertsReceived != 30 || k.HMACStale != 2 {
				t.Errorf("an old repetition and a stranger: %+v", *k)
			}
		})
	}
}

// What is sent: the time, or what follows the last one.
func TestHMACSequence(t *testing.T) {
	at := func(sec, part, count uint64) sequence { return sequence(sec<<32 | part<<16 | count) }
	for _, tc := range []struct {
		name      string
		monotonic bool
		walls     []time.Duration
		want      []sequence
	}{
		{"the clock", false, []time.Duration{epoch, epoch + 250*ms}, []sequence{at(1_700_000_000, 0, 0), at(1_700_000_000, 16384, 0)}},
		{"twice in no time", false, []time.Duration{epoch, epoch, epoch}, []sequence{at(1_700_000_000, 0, 0), at(1_700_000_000, 0, 1), at(1_700_000_000, 0, 2)}},
		{"set back a little", false, []time.Duration{epoch, epoch - 5*s}, []sequence{at(1_700_000_000, 0, 0), at(1_700_000_000, 0, 1)}},
		{"set back beyond the window", false, []time.Duration{epoch, epoch - 6*s}, []sequence{at(1_700_000_000, 0, 0), at(1_699_999_994, 0, 0)}},
		{"set back, monotonic", true, []time.Duration{epoch, epoch - 600*s}, []sequence{at(1_700_000_000, 0, 0), at(1_700_000_000, 0, 1)}},
		{"before 1970", false, []time.Duration{-s}, []sequence{at(0, 0, 1)}},
	} {
		cfg := *hmacKey
		cfg.Monotonic = tc.monotonic
		g := &signer{}
		g.rekey(&cfg)
		for i, wall := range tc.walls {
			if got := g.next(wall); got != tc.want[i] {
				t.Errorf("%s: advert %d has %x, want %x", tc.name, i, uint64(got), uint64(tc.want[i]))
			}
		}
	}
}

// receive-only does not sign; the other modes do, and to each peer the same.
func TestHMACSends(t *testing.T) {
	for mode, want := range map[conf.HMACMode]int{conf.HMACEnforce: 20 + trailerLen, conf.HMACPermissive: 20 + trailerLen, conf.HMACReceiveOnly: 20} {
		h := *hmacKey
		h.Mode = mode
		c := NewCore(config(router("A", 1, 255, func(i *conf.Instance) {
			i.HMAC, i.Unicast, i.Destination = &h, true, netip.Addr{}
			i.UnicastPeers = []conf.UnicastPeer{{Addr: netip.MustParseAddr("10.0.0.2")}, {Addr: netip.MustParseAddr("10.0.0.3")}}
		})))
		c.Step(0, eth0("10.0.0.1"))
		c.Step(0, WallClock{epoch})
		a := c.Start(0)
		if len(a.Adverts) != 2 || len(a.Adverts[0].Payload) != want || string(a.Adverts[0].Payload) != string(a.Adverts[1].Payload) {
			t.Errorf("%s: %+v", mode, a.Adverts)
		}
		if k := c.instances[0].counters; k.AdvertsSent != 1 {
			t.Errorf("%s: one advert to two peers is counted as %d", mode, k.AdvertsSent)
		}
	}
}

// A stranger in the unicast network is not even counted.
func TestHMACUnicastStranger(t *testing.T) {
	in := router("A", 1, 100, signed, func(i *conf.Instance) {
		i.Unicast, i.Destination = true, netip.Addr{}
		i.UnicastPeers = []conf.UnicastPeer{{Addr: netip.MustParseAddr("10.0.0.2")}}
	})
	p := play(t, config(in)).step(WallClock{epoch})
	for src, want := range map[string]Counters{"10.0.0.9": {}, "10.0.0.2": {AdvertsReceived: 1}} {
		packet := signedBy(in, src, 150, epoch, nil)
		packet.Dst, packet.TTL = netip.MustParseAddr("10.0.0.1"), 3
		before := p.c.instances[0].counters
		p.step(packet)
		if got := p.c.instances[0].counters; got.AdvertsReceived-before.AdvertsReceived != want.AdvertsReceived || got.HMACMissing != 0 {
			t.Errorf("from %s: %+v", src, got)
		}
	}
}

// One line for each kind of fault and sender, whatever the packets say.
func TestFaultsAreLoggedOnce(t *testing.T) {
	p, in := guarded(t, nil)
	lines := map[string]int{}
	for i := range 1000 {
		late := signedBy(in, "10.0.0.2", 150, epoch-time.Duration(i+10)*s, nil)
		wrong := signedBy(in, "10.0.0.2", 150, epoch+s, func(b []byte) []byte { trailerOf(b)[20] = byte(i); trailerOf(b)[21] = byte(i); return b })
		for _, packet := range []*PacketReceived{late, wrong} {
			for _, l := range p.c.Step(p.now, packet).Log {
				lines[strings.SplitN(l.Text, ":", 2)[0]]++
			}
		}
	}
	total := 0
	for _, n := range lines {
		total += n
	}
	if total != 2 {
		t.Errorf("%d lines: %v", total, lines)
	}
	if k := p.c.instances[0].counters; k.HMACStale != 1000 || k.HMACInvalid != 1000 {
		t.Errorf("%+v", k)
	}
}

// Signing and checking cost no garbage: 250 instances advertise ten times a second.
func TestAuthenticationAllocatesNothing(t *testing.T) {
	for name, edit := range map[string]func(*conf.Instance){"auth_hmac": signed, "AH": v2AH} {
		t.Run(name, func(t *testing.T) {
			in := router("A", 1, 255, edit)
			c := NewCore(config(in))
			c.Step(0, eth0("10.0.0.1"))
			c.Step(0, WallClock{epoch})
			c.Start(0)
			c.Sent(0, nil)
			next := func() *Actions {
				for {
					now, _ := c.Deadline()
					if a := c.Step(now, Tick{}); len(a.Adverts) > 0 {
						return a
					}
				}
			}
			for range 20 { // the announcements are over
				next()
			}
			if n := testing.AllocsPerRun(100, func() { next() }); n > 0 {
				t.Errorf("an advert costs %v allocations", n)
			}
			listener := router("A", 1, 100, edit, func(i *conf.Instance) { i.NoPreempt = true })
			if listener.HMAC != nil {
				wide := *listener.HMAC
				wide.TimeWindow = 300 * s
				listener.HMAC = &wide
			}
			l := NewCore(config(listener))
			l.Step(0, eth0("10.0.0.2"))
			l.Step(0, WallClock{epoch})
			l.Start(0)
			var packets []*PacketReceived
			for range 200 {
				a := next().Adverts[0]
				a.Payload = slices.Clone(a.Payload)
				packets = append(packets, &PacketReceived{Interface: "eth0", Src: a.Src, Dst: a.Dst, TTL: 255, AH: a.AH, Header: AppendIPv4Header(nil, &a), Payload: a.Payload})
			}
			i := 0
			if n := testing.AllocsPerRun(100, func() { l.Step(c.now, packets[i]); i++ }); n > 0 {
				t.Errorf("a received advert costs %v allocations", n)
			}
			if k := l.instances[0].counters; k.AdvertsReceived != 101 {
				t.Errorf("%+v", k)
			}
		})
	}
}
