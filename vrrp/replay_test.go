package vrrp

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"net/netip"
	"slices"
	"sort"
	"testing"
	"time"

	"halbd/conf"
)

// replay is a capture and what the hosts in it were configured to.
type replay struct {
	file  string
	edit  func(*conf.Instance)              // of the common configuration
	pace  time.Duration                     // garp_interval
	event func(own []wireFrame) []occurence // what happens to h1; nil: it is stopped when it resigns
	deaf  bool                              // the hosts do not take each other's adverts
	ids   bool                              // the IPv4 identifications are not compared
	alone bool                              // h2 is no router: its adverts were made by hand
}

// occurence is something that happens to a host at a time of the capture.
type occurence struct {
	at Time
	do func(*host)
}

var (
	hmacKey = &conf.AuthHMAC{Keys: []conf.HMACKey{{ID: 7, Key: counting(32)}}, ActiveKey: 7, TimeWindow: 5 * s, Mode: conf.HMACEnforce}
	twoVIPs = func(i *conf.Instance) { addresses(i, "10.0.0.100/24", "10.0.0.101/24") }
	quiet   = func(i *conf.Instance) { twoVIPs(i); i.GARP.MasterRepeat, i.GARP.MasterDelay = 1, 0 }
	v2AH    = func(i *conf.Instance) { i.AuthType, i.AuthPass = conf.AuthAH, []byte("s3cret") }
	ip6     = func(i *conf.Instance) {
		i.Version, i.Family, i.Destination = 3, conf.IPv6, netip.MustParseAddr("ff02::12")
		addresses(i, "fe80::100/64", "fd00::100/64")
	}
	delay1 = func(i *conf.Instance) { i.GARP.MasterDelay = s }
)

var replays = []replay{
	{file: "v2_none"},
	{file: "v2_pass", edit: func(i *conf.Instance) { i.AuthType, i.AuthPass = conf.AuthPass, []byte("s3cret") }},
	{file: "v2_pass_long", edit: func(i *conf.Instance) { i.AuthType, i.AuthPass = conf.AuthPass, []byte("01234567") }},
	{file: "v2_ah", edit: v2AH},
	{file: "v2_unicast", edit: unicast},
	{file: "v2_ah_unicast", edit: both(v2AH, unicast)},
	{file: "v3_ipv4_mcast", edit: version3},
	{file: "v3_ipv4_mcast_csum_as_v2", edit: func(i *conf.Instance) { i.Version, i.ChecksumAsV2 = 3, true }},
	{file: "v3_ipv4_unicast", edit: both(version3, unicast)},
	{file: "v3_ipv4_unicast_old_csum", edit: both(both(version3, unicast), func(i *conf.Instance) { i.OldChecksum = conf.OldChecksumAlways })},
	{file: "v3_ipv4_subsec", edit: func(i *conf.Instance) { i.Version, i.AdvertInterval = 3, 250*ms }},
	{file: "v3_ipv6_mcast", edit: ip6},
	{file: "v3_ipv6_unicast", edit: both(ip6, unicast)},
	{file: "v2_ipv6_mcast", edit: both(ip6, func(i *conf.Instance) { i.Version = 2 })},
	{file: "hmac_v3_ipv4_mcast", edit: both(version3, signed)},
	{file: "hmac_v3_ipv4_unicast", edit: both(both(version3, unicast), signed)},
	{file: "hmac_v3_ipv6_mcast", edit: both(ip6, signed)},
	{file: "hmac_v2_ipv4_mcast", edit: signed},
	{file: "garp_defaults", edit: both(twoVIPs, func(i *conf.Instance) { i.GARP.MasterDelay = 5 * s }), alone: true},
	{file: "garp_delay0", edit: both(twoVIPs, func(i *conf.Instance) { i.GARP.MasterDelay = 0 }), alone: true},
	{file: "garp_rep2_delay1_refresh2x3", alone: true, edit: both(twoVIPs, func(i *conf.Instance) {
		i.GARP.MasterRepeat, i.GARP.MasterDelay, i.GARP.Refresh, i.GARP.RefreshRepeat = 2, s, 2*s, 3
	})},
	{file: "garp_interval_0.2", edit: both(twoVIPs, func(i *conf.Instance) { i.GARP.MasterRepeat = 3 }), pace: 200 * ms, alone: true},
	{file: "garp_lower_prio", edit: both(quiet, func(i *conf.Instance) { i.GARP.LowerPrioRepeat, i.GARP.LowerPrioDelay = 2, s }), alone: true},
	{file: "garp_lower_prio_default", edit: both(twoVIPs, func(i *conf.Instance) { i.GARP.MasterRepeat = 3 }), alone: true},
	{file: "garp_lower_prio_no_advert", edit: both(quiet, func(i *conf.Instance) { i.LowerPrioNoAdv = true }), alone: true},
	{file: "garp_higher_prio", edit: quiet, alone: true},
	{file: "garp_higher_prio_send_advert", edit: both(quiet, func(i *conf.Instance) { i.HigherPrioAdv = true }), alone: true},
	{file: "garp_equal_prio_higher_ip", edit: quiet, alone: true},
	{file: "garp_equal_prio_lower_ip", edit: quiet, alone: true},
	// With garp_lower_prio_repeat 0: otherwise halbd announces again, for there was a second master.
	{file: "garp_prio0_to_master", edit: both(quiet, func(i *conf.Instance) { i.GARP.LowerPrioRepeat = 0 }), alone: true},
	{file: "vmac_ipv4", edit: delay1, alone: true},
	{file: "vmac_ipv4_xmit_base", edit: delay1, alone: true},
	{file: "vmac_ipv4_own_mac", edit: delay1, alone: true},
	{file: "vmac_ipv6", edit: both(ip6, delay1), alone: true},
	{file: "vmac_ipv6_xmit_base", edit: both(ip6, delay1), alone: true},
	{file: "ipvlan_ipv4", alone: true, edit: func(i *conf.Instance) {
		i.Priority, i.Source, i.GARP.MasterDelay = 100, netip.MustParseAddr("10.0.0.9"), 5*s
	}},
	// Both hosts become master there, and what they hear upsets their timers;
	// halbd takes such adverts. So only the claim is compared.
	{file: "v2_ipv6_pass", deaf: true, edit: both(ip6, func(i *conf.Instance) { i.Version, i.AuthType, i.AuthPass = 2, conf.AuthPass, []byte("s3cret") })},
	// Up to the deletion: keepalived gives up the role then, halbd puts the address back.
	{file: "event_vip_deleted", alone: true, edit: both(delay1, excluded), event: func(own []wireFrame) []occurence {
		i := slices.IndexFunc(own, func(w wireFrame) bool { return w.priority() == 0 })
		return []occurence{{at: own[i].at}}
	}},
	// keepalived numbers what it tries to send while the link is down, too.
	{file: "event_link_down_up", ids: true, alone: true, event: linkDownUp, edit: delay1},
	{file: "event_reload", alone: true, event: reloads, edit: delay1},
}

func counting(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i)
	}
	return b
}

func addresses(i *conf.Instance, list ...string) {
	i.Addresses = nil
	for _, a := range list {
		i.Addresses = append(i.Addresses, conf.Address{Prefix: netip.MustParsePrefix(a), Interface: "eth0"})
	}
}

func excluded(i *conf.Instance) {
	i.Excluded = []conf.Address{{Prefix: netip.MustParsePrefix("10.0.0.120/24"), Interface: "eth0"}}
}

func both(a, b func(*conf.Instance)) func(*conf.Instance) {
	return func(i *conf.Instance) { a(i); b(i) }
}

func signed(i *conf.Instance) { i.HMAC = hmacKey }

// unicast lets each host be the other's peer: h1 is known by its priority.
func unicast(i *conf.Instance) {
	i.Unicast, i.Destination = true, netip.Addr{}
	me, other := "10.0.0.1", "10.0.0.2"
	if i.Family == conf.IPv6 {
		me, other = "fd00::1", "fd00::2"
	}
	if i.Priority != 150 {
		me, other = other, me
	}
	i.Source = netip.MustParseAddr(me)
	i.UnicastPeers = []conf.UnicastPeer{{Addr: netip.MustParseAddr(other)}}
}

// instanceOf is the configuration of h1 (1) or h2 (2).
func (r *replay) instanceOf(n int) conf.Instance {
	in := router("VI_1", 51, map[int]uint8{1: 150, 2: 100}[n], func(i *conf.Instance) { i.GARP.MasterDelay = 2 * s })
	addresses(&in, "10.0.0.100/24")
	if r.edit != nil {
		r.edit(&in)
	}
	return in
}

// link is the interface of a host.
func linkOf(n int) InterfaceState {
	l := InterfaceState{Name: "eth0", Exists: true, Up: true}
	for _, a := range [][2]string{{"10.0.0.1", "10.0.0.2"}, {"fe80::ff:fe00:1", "fe80::ff:fe00:2"}, {"fd00::1", "fd00::2"}} {
		l.Addrs = append(l.Addrs, netip.MustParseAddr(a[n-1]))
	}
	return l
}

// Every host of every capture is run again: it hears what it heard, and what
// happened to it happens; what it sends must be what keepalived sent, to the
// byte and in its time.
func TestReplay(t *testing.T) {
	for i := range replays {
		r := &replays[i]
		t.Run(r.file, func(t *testing.T) {
			all := frames(t, r.file)
			r.compare(t, all, 1)
			if !r.alone {
				r.compare(t, all, 2)
			}
		})
	}
}

func (r *replay) compare(t *testing.T, all []wireFrame, n int) {
	in := r.instanceOf(n)
	link := linkOf(n)
	if in.Source.IsValid() {
		link.Addrs = append(link.Addrs, in.Source)
	}
	own, heard := r.divide(all, (&instance{cfg: &in}).findSource(&link), n)
	h := &host{t: t, c: NewCore(config(in)), pace: r.pace}
	// It begins so that its first claim falls on the first frame that it sent.
	first := &slices.Concat(own.adverts, own.announced)[0]
	h.now = first.at - down(&in)
	if n == 2 {
		h.now = heard[0].at - in.AdvertInterval
	}
	end := all[len(all)-1].at
	if r.deaf {
		heard, h.now, end = nil, first.at-down(&in), first.at+in.AdvertInterval/8
	}
	h.c.Step(h.now, link)
	h.c.Step(h.now, WallClock{wallOf(first)})
	h.act(h.c.Start(h.now))
	end = h.live(r.occurences(own, heard), end)
	if len(own.adverts) > 0 { // vmac_ipv6 has none
		compareAdverts(t, h, before(own.adverts, end), !r.ids)
	}
	compareAnnouncements(t, h, before(own.announced, end))
	if n == 2 && !r.deaf {
		took := len(before(heard, own.adverts[len(own.adverts)-1].at))
		if k := h.c.instances[0].counters; k.AdvertsReceived != uint64(took) {
			t.Errorf("h2 takes %d of %d adverts for good: %+v", k.AdvertsReceived, took, k)
		}
	}
}

// occurences lists what a host hears and what happens to it, in order.
func (r *replay) occurences(own sent, heard []wireFrame) []occurence {
	var list []occurence
	for i := range heard {
		list = append(list, occurence{at: heard[i].at, do: func(h *host) { h.act(h.c.Step(h.now, heard[i].received())) }})
	}
	if r.event != nil {
		list = append(list, r.event(own.adverts)...)
	} else if r.deaf {
		return list
	} else if i := slices.IndexFunc(own.adverts, func(w wireFrame) bool { return w.priority() == 0 }); i >= 0 {
		list = append(list, stop(own.adverts[i].at))
	}
	slices.SortStableFunc(list, func(a, b occurence) int { return cmp.Compare(a.at, b.at) })
	return list
}

// live lets everything happen and returns when it ended.
func (h *host) live(list []occurence, end Time) Time {
	for _, o := range list {
		h.until(o.at)
		if o.do == nil {
			return o.at
		}
		o.do(h)
	}
	h.until(end)
	return end + 1
}

func stop(at Time) occurence {
	return occurence{at, func(h *host) { h.act(h.c.Stop(h.now)) }}
}

// Each advert of each capture is good by itself for a router that is
// configured like its sender.
func TestCapturesAreAccepted(t *testing.T) {
	for i := range replays {
		r := &replays[i]
		t.Run(r.file, func(t *testing.T) {
			for _, w := range frames(t, r.file) {
				if w.advert {
					r.accept(t, &w)
				}
			}
		})
	}
}

func (r *replay) accept(t *testing.T, w *wireFrame) {
	t.Helper()
	n := 2
	if slices.Contains(linkOf(2).Addrs, w.src) {
		n = 1
	}
	in := r.instanceOf(n)
	link := linkOf(n)
	if !in.Unicast {
		in.Source = netip.Addr{}
	}
	pdu := w.payload
	if w.ah {
		pdu = pdu[ahLen:]
	}
	a, d := parseAdvert(pdu, w.src.Is6())
	if !d.ok() {
		t.Fatalf("at %v: %v", w.at, d)
	}
	in.VRID, in.Version = a.VRID, a.Version
	in.AdvertInterval = map[uint8]time.Duration{2: s, 3: 10 * ms}[a.Version] * time.Duration(a.Interval)
	c := NewCore(config(in))
	c.Step(w.at, link)
	c.Step(w.at, WallClock{wallOf(w)})
	c.Start(w.at)
	acts := c.Step(w.at, w.received())
	k := c.instances[0].counters
	if k.AdvertsReceived != 1 || k.PriorityZeroRcvd != 1 && w.priority() == 0 {
		t.Errorf("advert at %v: %+v, %v", w.at, k, acts.Log)
	}
	// The same one once more is a repetition where that is looked for.
	c.Step(w.at, w.received())
	want := Counters{AdvertsReceived: 2}
	switch {
	case in.HMAC != nil:
		want = Counters{AdvertsReceived: 1, HMACReplay: 1}
	case in.AuthType == conf.AuthAH:
		want = Counters{AdvertsReceived: 1, AuthFailure: 1}
	}
	want.PriorityZeroRcvd, want.AddressList = c.instances[0].counters.PriorityZeroRcvd, c.instances[0].counters.AddressList
	if k := c.instances[0].counters; k != want {
		t.Errorf("the advert at %v a second time: %+v, want %+v", w.at, k, want)
	}
}

// before are the frames of a capture up to a time.
func before(list []wireFrame, end Time) []wireFrame {
	return list[:sort.Search(len(list), func(i int) bool { return list[i].at >= end })]
}

// down is the time from the start to the first claim.
func down(in *conf.Instance) Time {
	i := instance{cfg: in, priority: in.Priority, masterInterval: in.AdvertInterval}
	return i.masterDownInterval()
}

// wallOf is the time of day at the origin of the capture, as a signed advert tells it.
func wallOf(w *wireFrame) time.Duration {
	if len(w.payload) < trailerLen {
		return 0
	}
	t := w.payload[len(w.payload)-trailerLen:]
	seconds, part := binary.BigEndian.Uint32(t[4:]), binary.BigEndian.Uint16(t[8:])
	// Half a unit more: the captured one is rounded down.
	return time.Duration(seconds)*s + (time.Duration(part)*2+1)*s/131072 - w.at
}

type sent struct{ adverts, announced []wireFrame }

// divide tells what a host sent from what it heard.
func (r *replay) divide(all []wireFrame, source netip.Addr, n int) (own sent, heard []wireFrame) {
	for _, w := range all {
		switch {
		case w.advert && w.src == source:
			own.adverts = append(own.adverts, w)
		case w.advert:
			heard = append(heard, w)
		case r.alone, int(w.mac[5]) == n:
			own.announced = append(own.announced, w)
		}
	}
	return own, heard
}

func (w *wireFrame) priority() uint8 {
	if w.ah {
		return w.payload[ahLen+2]
	}
	return w.payload[2]
}

// tolerance is how much later than exactly keepalived was: its lateness adds up
// from one advert to the next, and once the machine was busy for 98 ms.
const tolerance = 110 * ms

func inTime(got, want Time) bool { return want-got < tolerance && got-want < 2*ms }

func compareAdverts(t *testing.T, h *host, want []wireFrame, ids bool) {
	t.Helper()
	for i := range min(len(want), len(h.adverts)) {
		got, w := &h.adverts[i], &want[i]
		if !inTime(got.at, w.at) {
			t.Errorf("%v: advert %d is sent at %v, keepalived's at %v", got.Src, i, got.at, w.at)
		}
		if !ids {
			got.ID = binary.BigEndian.Uint16(w.header[4:])
		}
		sameAdvert(t, i, &got.SendAdvert, w)
	}
	if len(h.adverts) != len(want) {
		t.Errorf("%v: %d adverts, keepalived sent %d", want[0].src, len(h.adverts), len(want))
	}
}

func sameAdvert(t *testing.T, i int, got *SendAdvert, w *wireFrame) {
	t.Helper()
	payload, captured := got.Payload, w.payload
	if got.Src != w.src || got.Dst != w.dst || got.TTL != w.ttl || got.AH != w.ah {
		t.Errorf("advert %d: %v to %v, TTL %d, AH %v; keepalived's %v to %v, TTL %d, AH %v",
			i, got.Src, got.Dst, got.TTL, got.AH, w.src, w.dst, w.ttl, w.ah)
	}
	if a, d := parseAdvert(captured, w.src.Is6()); d.ok() && a.Trailer != nil {
		payload, captured = unsigned(t, i, payload, captured)
		if w.src.Is6() { // the sum covers the time
			payload[6], payload[7], captured[6], captured[7] = 0, 0, 0, 0
		}
	}
	if !bytes.Equal(payload, captured) {
		t.Errorf("advert %d: %x\nkeepalived's %x", i, payload, captured)
	}
	if w.src.Is4() {
		a := *got
		if header := packet4(&a)[:IPv4HeaderLen]; !bytes.Equal(header, w.header) {
			t.Errorf("header of advert %d: %x\nkeepalived's %x", i, header, w.header)
		}
	} else if traffic := w.header[0]<<4 | w.header[1]>>4; traffic != TrafficClass {
		t.Errorf("traffic class of advert %d: %x, ours is %x", i, traffic, TrafficClass)
	}
}

// unsigned compares the trailers but for what the time makes of them, and cuts
// them off.
func unsigned(t *testing.T, i int, a, b []byte) (x, y []byte) {
	t.Helper()
	n := len(a) - trailerLen
	if len(a) != len(b) {
		t.Fatalf("advert %d: %d bytes, keepalived's has %d", i, len(a), len(b))
	}
	ours, theirs := a[n:], b[n:]
	if !bytes.Equal(ours[:4], theirs[:4]) || !bytes.Equal(ours[10:12], theirs[10:12]) {
		t.Errorf("trailer of advert %d: %x\nkeepalived's %x", i, ours, theirs)
	}
	at := func(t []byte) time.Duration {
		return time.Duration(binary.BigEndian.Uint32(t[4:]))*s + time.Duration(binary.BigEndian.Uint16(t[8:]))*s/65536
	}
	if !inTime(at(ours), at(theirs)) {
		t.Errorf("advert %d is signed at %v, keepalived's at %v", i, at(ours), at(theirs))
	}
	return append([]byte(nil), a[:n]...), append([]byte(nil), b[:n]...)
}

func compareAnnouncements(t *testing.T, h *host, want []wireFrame) {
	t.Helper()
	for i := range min(len(want), len(h.said)) {
		got := h.said[i]
		if got.addr != want[i].src {
			t.Errorf("announcement %d is of %v, keepalived's of %v", i, got.addr, want[i].src)
			return
		}
		if !inTime(got.at, want[i].at) {
			t.Errorf("announcement %d is sent at %v, keepalived's at %v", i, got.at, want[i].at)
		}
	}
	if len(h.said) != len(want) {
		t.Errorf("%d announcements, keepalived sent %d", len(h.said), len(want))
	}
}

// linkDownUp: the interface goes down for 2 s. When it came up is told by what
// followed, the master-down time later.
func linkDownUp(own []wireFrame) []occurence {
	set := func(up bool) func(*host) {
		return func(h *host) {
			l := linkOf(1)
			l.Up, h.mute = up, !up
			h.act(h.c.Step(h.now, l))
		}
	}
	in := router("VI_1", 51, 150)
	up := own[2].at - down(&in)
	return []occurence{{up - 2*s, set(false)}, {up, set(true)}, stop(own[len(own)-1].at)}
}

// reloads: what the configuration became with each signal. Each time but one
// keepalived was master, and said so just before.
func reloads(own []wireFrame) []occurence {
	edits := []func(*conf.Instance){
		func(i *conf.Instance) { i.Priority = 90 },
		func(i *conf.Instance) { addresses(i, "10.0.0.101/24", "10.0.0.102/24") },
		func(i *conf.Instance) { addresses(i, "10.0.0.101/24"); i.AdvertInterval = 2 * s },
		func(i *conf.Instance) { i.VRID = 52 },
		func(i *conf.Instance) { i.AdvertInterval, i.Priority = s, 150 },
		func(i *conf.Instance) { i.Version = 3 },
		func(i *conf.Instance) { i.Priority = 100 },
	}
	backup := router("VI_1", 52, 150)
	at := []Time{own[3].at, own[7].at, own[11].at, own[14].at, own[16].at - down(&backup), own[19].at, own[23].at}
	in := replay{edit: delay1}
	now := in.instanceOf(1)
	var list []occurence
	for i, edit := range edits {
		edit(&now)
		cfg := config(now)
		list = append(list, occurence{at[i], func(h *host) { h.act(h.c.Reload(h.now, cfg)) }})
	}
	// The last one of the capture is refused here: the running configuration stays.
	return append(list, occurence{at: own[len(own)-1].at})
}
