package vrrp

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"halbd/conf"
	"halbd/event"
)

const (
	ms = time.Millisecond
	s  = time.Second
)

// router is the default configuration of an instance in these tests.
func router(name string, vrid uint8, priority uint8, edit ...func(*conf.Instance)) conf.Instance {
	in := conf.Instance{Name: name, Interface: "eth0", Family: conf.IPv4, Version: 2, VRID: vrid, Priority: priority,
		AdvertInterval: s, DownTimerAdverts: 3, Destination: netip.MustParseAddr("224.0.0.18"),
		Addresses: []conf.Address{{Prefix: netip.MustParsePrefix(fmt.Sprintf("10.0.0.%d/32", 100+vrid)), Interface: "eth0"}},
		GARP:      conf.GARP{MasterDelay: 5 * s, MasterRepeat: 5, RefreshRepeat: 1, LowerPrioDelay: 5 * s, LowerPrioRepeat: 5}}
	for _, e := range edit {
		e(&in)
	}
	return in
}

func version3(in *conf.Instance) { in.Version = 3 }
func eth0(addr string) InterfaceState {
	return InterfaceState{Name: "eth0", Exists: true, Up: true, Addrs: []netip.Addr{netip.MustParseAddr(addr)}}
}

// script drives one core and writes down what it does, one line for each action.
type script struct {
	t   *testing.T
	c   *Core
	now Time
	out []string

	whole  bool                           // write causes and the log down, too
	refuse func(*SendAdvert) *SendFailure // nil: every advert leaves
}

func play(t *testing.T, cfg *conf.Config, links ...InterfaceState) *script {
	p := &script{t: t, c: NewCore(cfg)}
	if links == nil {
		links = []InterfaceState{eth0("10.0.0.1")}
	}
	for _, l := range links {
		p.c.Step(0, l)
	}
	p.note(p.c.Start(0))
	return p
}

func config(in ...conf.Instance) *conf.Config { return &conf.Config{Instances: in} }

// note carries actions out as the shell does and writes them down.
func (p *script) note(a *Actions) {
	p.write(a)
	var failed []SendFailure
	for i := range a.Adverts {
		if p.refuse != nil {
			if f := p.refuse(&a.Adverts[i]); f != nil {
				failed = append(failed, *f)
			}
		}
	}
	if a.Confirm || len(failed) > 0 {
		p.note(p.c.Sent(p.now, failed))
	}
}

func (p *script) write(a *Actions) {
	line := func(format string, args ...any) {
		p.out = append(p.out, fmt.Sprintf("%v ", p.now)+fmt.Sprintf(format, args...))
	}
	for _, ad := range a.Adverts {
		if ad.Payload[1] == probeVRID {
			line("probe to %v", ad.Dst)
			continue
		}
		line("%s advert %d to %v", ad.Instance, ad.Priority, ad.Dst)
	}
	if a.Addresses || len(a.Gained) > 0 {
		var list []string
		for _, in := range p.c.Held(nil) {
			for _, a := range slices.Concat(in.Addresses, in.Excluded) {
				list = append(list, a.Prefix.Addr().String())
			}
		}
		line("hold [%s]", strings.Join(list, " "))
	}
	for _, an := range a.Announce {
		line("%s announce x%d", an.Instance, an.Repeat)
	}
	for _, e := range a.Events {
		switch {
		case e.Quiet:
		case p.whole && e.Kind == event.Instance:
			line("%s %s: %s", e.Name, e.State, e.Cause)
		default:
			line("%s %s %s", e.Kind, e.Name, e.State)
		}
		if e.Cause == "" {
			p.t.Errorf("%v: %s %s %s has no cause", p.now, e.Kind, e.Name, e.State)
		}
	}
	for _, l := range a.Log {
		if p.whole {
			line("log: %s", l.Text)
		}
	}
}

// until lets the time pass, ticking at each deadline exactly.
func (p *script) until(end Time) *script {
	for {
		d, ok := p.c.Deadline()
		if !ok || d > end {
			p.now = end
			return p
		}
		p.now = d
		p.note(p.c.Step(d, Tick{}))
	}
}

func (p *script) step(ev Event) *script {
	p.note(p.c.Step(p.now, ev))
	return p
}

// mainTimer is when the first instance claims or advertises next.
func (c *Core) mainTimer() Time { return c.instances[0].at[timerMain] }

// hear delivers an advert of the instance as another host would send it.
func (p *script) hear(name, src string, priority uint8, edit ...func(*conf.Instance)) *script {
	for _, in := range p.c.instances {
		if in.cfg.Name == name {
			cfg := *in.cfg
			for _, e := range edit {
				e(&cfg)
			}
			p.step(advertOf(&cfg, src, priority))
		}
	}
	return p
}

func advertOf(cfg *conf.Instance, src string, priority uint8) *PacketReceived {
	from := netip.MustParseAddr(src)
	peer := instance{cfg: cfg}
	b := buildAdvert(nil, cfg, priority, peer.wireInterval(), from, cfg.Destination, false)
	return &PacketReceived{Interface: cfg.Interface, Src: from, Dst: cfg.Destination, TTL: 255, Payload: b}
}

func (p *script) want(lines ...string) *script {
	p.t.Helper()
	if !slices.Equal(p.out, lines) {
		p.t.Errorf("got\n  %s\nwant\n  %s", strings.Join(p.out, "\n  "), strings.Join(lines, "\n  "))
	}
	p.out = nil
	return p
}

func TestStartToMaster(t *testing.T) {
	// Skew (256-150)/256 s = 414.0625 ms.
	play(t, config(router("A", 1, 150))).until(10*s).want(
		"0s INSTANCE A BACKUP",
		"3.4140625s A advert 150 to 224.0.0.18",
		"3.4140625s hold [10.0.0.101]",
		"3.4140625s A announce x5",
		"3.4140625s INSTANCE A MASTER",
		"4.4140625s A advert 150 to 224.0.0.18",
		"5.4140625s A advert 150 to 224.0.0.18",
		"6.4140625s A advert 150 to 224.0.0.18",
		"7.4140625s A advert 150 to 224.0.0.18",
		"8.4140625s A advert 150 to 224.0.0.18",
		"8.4140625s A announce x5",
		"9.4140625s A advert 150 to 224.0.0.18")
}

func TestMasterDownTimes(t *testing.T) {
	for _, tc := range []struct {
		name string
		in   conf.Instance
		want Time
	}{
		{"version 2", router("A", 1, 100), 3*s + 156*s/256},
		{"version 3 scales the skew", router("A", 1, 100, version3, func(i *conf.Instance) { i.AdvertInterval = 100 * ms }), 300*ms + 156*100*ms/256},
		{"priority 254", router("A", 1, 254), 3*s + 2*s/256},
		{"owner with state BACKUP waits", router("A", 1, 255, func(i *conf.Instance) { i.StateBackup = true }), 3*s + s/256},
		{"state MASTER below 255 waits", router("A", 1, 150, func(i *conf.Instance) { i.StateMaster = true }), 3*s + 106*s/256},
		{"down_timer_adverts 1", router("A", 1, 150, func(i *conf.Instance) { i.DownTimerAdverts = 1 }), s + 106*s/256},
	} {
		c := play(t, config(tc.in)).c
		if got := c.mainTimer(); got != tc.want {
			t.Errorf("%s: master-down at %v, want %v", tc.name, got, tc.want)
		}
	}
}

func TestOwnerStartsAsMaster(t *testing.T) {
	play(t, config(router("A", 1, 255))).want(
		"0s A advert 255 to 224.0.0.18", "0s hold [10.0.0.101]", "0s A announce x5", "0s INSTANCE A MASTER")
}

func TestStartupDelay(t *testing.T) {
	cfg := config(router("A", 1, 150))
	cfg.Global.StartupDelay = 10 * s
	p := play(t, cfg).until(9*s).hear("A", "10.0.0.2", 0)
	if d := p.c.mainTimer(); d != 10*s+3*s+106*s/256 {
		t.Errorf("master-down at %v: an advert during vrrp_startup_delay must not count", d)
	}
}

// Each row: an advert reaches a BACKUP at 1 s; when does it claim the role?
func TestAdvertWhileBackup(t *testing.T) {
	const full = 3*s + 106*s/256
	for _, tc := range []struct {
		name     string
		edit     func(*conf.Instance)
		priority uint8
		peer     func(*conf.Instance)
		want     Time
	}{
		{"higher", nil, 200, nil, s + full},
		{"equal, from any address", nil, 150, nil, s + full},
		{"lower is pre-empted", nil, 100, nil, full},
		{"lower, nopreempt", func(i *conf.Instance) { i.NoPreempt = true }, 100, nil, s + full},
		{"lower, preempt_delay", func(i *conf.Instance) { i.PreemptDelay = 5 * s }, 100, nil, s + full},
		{"resigned: skew only", nil, 0, nil, s + 106*s/256},
		{"wrong version", nil, 200, version3, full},
		{"other interval in version 2", nil, 200, func(i *conf.Instance) { i.AdvertInterval = 2 * s }, full},
		{"version 3 adopts the interval", version3, 200, func(i *conf.Instance) { i.AdvertInterval = 2 * s }, s + 6*s + 106*2*s/256},
		{"version 3 does not adopt 0", version3, 200, func(i *conf.Instance) { i.AdvertInterval = 0 }, s + full},
		{"password where none is set", nil, 200, func(i *conf.Instance) { i.AuthType, i.AuthPass = conf.AuthPass, []byte("x") }, full},
		{"no password where one is set", func(i *conf.Instance) { i.AuthType, i.AuthPass = conf.AuthPass, []byte("x") }, 200,
			func(i *conf.Instance) { i.AuthType = 0 }, full},
		{"wrong password", func(i *conf.Instance) { i.AuthType, i.AuthPass = conf.AuthPass, []byte("x") }, 200,
			func(i *conf.Instance) { i.AuthPass = []byte("y") }, full},
		{"other addresses count all the same", nil, 200, func(i *conf.Instance) { i.Addresses = nil }, s + full},
		{"owner_ignore_adverts is for owners", func(i *conf.Instance) { i.OwnerIgnore = true }, 255, nil, s + full},
		{"owner_ignore_adverts", func(i *conf.Instance) { i.OwnerIgnore, i.Priority, i.StateBackup = true, 255, true }, 255, nil, 3*s + s/256},
	} {
		t.Run(tc.name, func(t *testing.T) {
			in := router("A", 1, 150)
			if tc.edit != nil {
				tc.edit(&in)
			}
			var peer []func(*conf.Instance)
			if tc.peer != nil {
				peer = append(peer, tc.peer)
			}
			p := play(t, config(in)).until(s).hear("A", "10.0.0.2", tc.priority, peer...)
			if got := p.c.mainTimer(); got != tc.want {
				t.Errorf("claims at %v, want %v", got, tc.want)
			}
		})
	}
}

func TestPreemptDelay(t *testing.T) {
	p := play(t, config(router("A", 1, 150, func(i *conf.Instance) { i.PreemptDelay = 3 * s })))
	for at := s; at <= 10*s; at += s {
		p.until(at).hear("A", "10.0.0.2", 100)
	}
	// Honoured for three seconds from the start: the last that counts is the one at 2 s.
	if !slices.Contains(p.out, fmt.Sprint(2*s+3*s+106*s/256)+" INSTANCE A MASTER") {
		t.Errorf("got\n%s", strings.Join(p.out, "\n"))
	}
}

func master(t *testing.T, edit ...func(*conf.Instance)) *script {
	p := play(t, config(router("A", 1, 150, edit...))).until(9 * s)
	p.out = nil
	return p
}

func TestAdvertWhileMaster(t *testing.T) {
	t.Run("higher", func(t *testing.T) {
		p := master(t).hear("A", "10.0.0.2", 200).want("9s hold []", "9s INSTANCE A BACKUP")
		if d := p.c.mainTimer(); d != 9*s+3*s+106*s/256 {
			t.Errorf("master-down at %v", d)
		}
	})
	t.Run("higher_prio_send_advert", func(t *testing.T) {
		master(t, func(i *conf.Instance) { i.HigherPrioAdv = true }).hear("A", "10.0.0.2", 200).
			want("9s A advert 150 to 224.0.0.18", "9s hold []", "9s INSTANCE A BACKUP")
	})
	t.Run("equal, higher address", func(t *testing.T) {
		master(t).hear("A", "10.0.0.2", 150).want("9s hold []", "9s INSTANCE A BACKUP")
	})
	t.Run("equal, lower address", func(t *testing.T) {
		master(t).hear("A", "10.0.0.0", 150).
			want("9s A advert 150 to 224.0.0.18", "9s A announce x5", "9s INSTANCE A MASTER_RX_LOWER_PRI")
	})
	t.Run("lower", func(t *testing.T) {
		p := master(t).hear("A", "10.0.0.2", 100).
			want("9s A advert 150 to 224.0.0.18", "9s A announce x5", "9s INSTANCE A MASTER_RX_LOWER_PRI")
		p.until(14 * s)
		if !slices.Contains(p.out, "14s A announce x5") {
			t.Errorf("no second set after the delay:\n%s", strings.Join(p.out, "\n"))
		}
	})
	t.Run("lower, lower_prio_no_advert", func(t *testing.T) {
		master(t, func(i *conf.Instance) { i.LowerPrioNoAdv = true }).hear("A", "10.0.0.2", 100).
			want("9s A announce x5", "9s INSTANCE A MASTER_RX_LOWER_PRI")
	})
	t.Run("priority 0", func(t *testing.T) {
		p := master(t).hear("A", "10.0.0.2", 0).want("9s A advert 150 to 224.0.0.18", "9s A announce x5")
		if d := p.c.mainTimer(); d != 10*s {
			t.Errorf("next advert at %v", d)
		}
	})
	t.Run("version 3: its own interval again", func(t *testing.T) {
		p := play(t, config(router("A", 1, 150, version3))).until(s)
		p.hear("A", "10.0.0.2", 200, func(i *conf.Instance) { i.AdvertInterval = 2 * s }).until(9 * s)
		p.out = nil
		p.until(10 * s).want("9.828125s A advert 150 to 224.0.0.18")
	})
}

func TestFaultAndBack(t *testing.T) {
	down := InterfaceState{Name: "eth0", Exists: true, Addrs: eth0("10.0.0.1").Addrs}
	for name, level := range map[string]InterfaceState{
		"link down":         down,
		"interface gone":    {Name: "eth0"},
		"no address":        {Name: "eth0", Exists: true, Up: true},
		"only IPv6 address": {Name: "eth0", Exists: true, Up: true, Addrs: []netip.Addr{netip.MustParseAddr("fe80::1")}},
	} {
		t.Run(name, func(t *testing.T) {
			p := master(t)
			p.step(level)
			if !slices.Contains(p.out, "9s INSTANCE A FAULT") || !slices.Contains(p.out, "9s hold []") {
				t.Fatalf("got %q", p.out)
			}
			p.out = nil
			p.until(20 * s).want() // silent
			p.step(eth0("10.0.0.1")).until(23500*ms).want(
				"20s INSTANCE A BACKUP",
				"23.4140625s A advert 150 to 224.0.0.18", "23.4140625s hold [10.0.0.101]",
				"23.4140625s A announce x5", "23.4140625s INSTANCE A MASTER")
		})
	}
	t.Run("at start", func(t *testing.T) {
		play(t, config(router("A", 1, 150)), down).want("0s INSTANCE A FAULT")
	})
	t.Run("dont_track_primary", func(t *testing.T) {
		master(t, func(i *conf.Instance) { i.DontTrackPrimary = true }).step(down).want()
	})
}

func TestEveryFaultIsNamed(t *testing.T) {
	p := play(t, config(router("A", 1, 150, func(i *conf.Instance) {
		i.Track = conf.Tracking{Interfaces: []conf.Track{{Name: "eth1"}}, Scripts: []conf.Track{{Name: "chk"}}}
	})))
	p.want() // nothing is decided before the script's first result
	a := p.c.Step(0, TrackerResult{Kind: TrackScript, Name: "chk", Known: true, Value: 1})
	want := "tracked interface eth1 is down: it does not exist, script chk failed"
	if len(a.Events) != 1 || a.Events[0].State != event.Fault || a.Events[0].Cause != want {
		t.Errorf("got %+v, want FAULT: %s", a.Events, want)
	}
}

func TestWeights(t *testing.T) {
	for _, tc := range []struct {
		weight    int
		reverse   bool
		good, bad uint8
	}{
		{20, false, 120, 100}, {-20, false, 100, 80}, {20, true, 80, 100}, {-20, true, 100, 120}, {253, false, 254, 100}, {-253, false, 100, 1},
	} {
		in := router("A", 1, 100, func(i *conf.Instance) {
			i.Track.Interfaces = []conf.Track{{Name: "eth1", Weight: tc.weight, Reverse: tc.reverse}}
		})
		p := play(t, config(in), eth0("10.0.0.1"), InterfaceState{Name: "eth1", Exists: true, Up: true})
		if got := p.c.instances[0].priority; got != tc.good {
			t.Errorf("%+v: up gives %d", tc, got)
		}
		p.step(InterfaceState{Name: "eth1", Exists: true})
		if got := p.c.instances[0].priority; got != tc.bad {
			t.Errorf("%+v: down gives %d", tc, got)
		}
	}
}

func TestTrackedFile(t *testing.T) {
	in := router("A", 1, 100, func(i *conf.Instance) { i.Track.Files = []conf.Track{{Name: "f", Weight: 2}} })
	p := play(t, config(in))
	value := func(v int) { p.step(TrackerResult{Kind: TrackFile, Name: "f", Known: true, Value: v}) }
	value(10)
	if got := p.c.instances[0].priority; got != 120 {
		t.Errorf("10 x 2 on 100 gives %d", got)
	}
	value(-127)
	if in := p.c.instances[0]; in.state != event.Fault || in.priority != 120 {
		t.Errorf("-254 gives %s, priority %d; want FAULT and the last priority", in.state, in.priority)
	}
}

func TestOwnerIgnoresWeights(t *testing.T) {
	in := router("A", 1, 255, func(i *conf.Instance) { i.Track.Interfaces = []conf.Track{{Name: "eth1", Weight: -20}} })
	p := play(t, config(in)).until(0)
	if got := p.c.instances[0].priority; got != 255 {
		t.Errorf("priority %d", got)
	}
}

// A suspended host must not claim a role on the ground of adverts that it slept through.
func TestStallListensFirst(t *testing.T) {
	p := play(t, config(router("A", 1, 150)))
	p.out = nil
	p.now = 60 * s
	p.step(Tick{}).want()
	if d := p.c.mainTimer(); d != 60*s+3*s+106*s/256 {
		t.Errorf("claims at %v", d)
	}
}

// A neighbour that talks nonsense cannot fill the log.
func TestStrayPacketsAreLoggedOnce(t *testing.T) {
	cfg := config(router("A", 1, 150))
	cfg.Global.LogUnknownVRIDs = true
	p := play(t, cfg)
	other := router("B", 99, 100)
	lines := 0
	for range 1000 {
		lines += len(p.c.Step(s, advertOf(&other, "10.0.0.2", 100)).Log)
		lines += len(p.c.Step(s, &PacketReceived{Interface: "eth0", Src: netip.MustParseAddr("10.0.0.2"), TTL: 255, Payload: []byte{1}}).Log)
	}
	if lines != 2 {
		t.Errorf("%d lines for 2000 packets of two kinds, want 2", lines)
	}
}

func TestGARPSettings(t *testing.T) {
	in := router("A", 1, 150, func(i *conf.Instance) {
		i.GARP = conf.GARP{MasterDelay: s, MasterRepeat: 2, Refresh: 2 * s, RefreshRepeat: 3}
	})
	p := play(t, config(in)).until(7 * s)
	want := []string{"3.4140625s A announce x2", "4.4140625s A announce x2", "6.4140625s A announce x3"}
	if got := only(p.out, "announce"); !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}

func TestUnicast(t *testing.T) {
	in := router("A", 1, 150, func(i *conf.Instance) {
		i.Unicast, i.Destination, i.CheckUnicastSrc = true, netip.Addr{}, true
		i.UnicastPeers = []conf.UnicastPeer{{Addr: netip.MustParseAddr("10.0.0.2"), MinTTL: 255}, {Addr: netip.MustParseAddr("10.0.0.3")}}
	})
	p := play(t, config(in)).until(3500 * ms)
	want := []string{"3.4140625s A advert 150 to 10.0.0.2", "3.4140625s A advert 150 to 10.0.0.3"}
	if got := only(p.out, "advert"); !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	us := netip.MustParseAddr("10.0.0.1")
	from := func(src string, ttl int) *PacketReceived {
		b := buildAdvert(nil, &in, 200, 1, netip.MustParseAddr(src), us, false)
		return &PacketReceived{Interface: "eth0", Src: netip.MustParseAddr(src), Dst: us, TTL: ttl, Payload: b}
	}
	p.out = nil
	p.step(from("10.0.0.9", 255)).step(from("10.0.0.2", 254)).want()
	multicast := from("10.0.0.2", 255)
	multicast.Dst = netip.MustParseAddr("224.0.0.18")
	p.step(multicast).want()
	p.step(from("10.0.0.3", 7))
	if !slices.Contains(p.out, "3.5s INSTANCE A BACKUP") {
		t.Errorf("a peer's advert does not count: %q", p.out)
	}
}

func TestTrackerResultCrossesTheProcessBoundary(t *testing.T) {
	// A TrackerResult crosses the process boundary as JSON: it must survive it.
	r := TrackerResult{Kind: TrackFile, Name: "f", Known: true, Value: -3}
	b, err := json.Marshal(r)
	var back TrackerResult
	if err != nil || json.Unmarshal(b, &back) != nil || back != r {
		t.Errorf("%s became %+v", b, back)
	}
}
