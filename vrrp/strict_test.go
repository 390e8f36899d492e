package vrrp

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"halbd/conf"
)

// loaded reads one instance "A" on eth0 from its text.
func loaded(t *testing.T, text string) *conf.Config {
	t.Helper()
	path := filepath.Join(t.TempDir(), "halbd.conf")
	text = "vrrp_instance A {\n interface eth0\n virtual_router_id 1\n " + text + "\n}\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, found := conf.Load(path, conf.Options{})
	if found.StartRefused() || len(cfg.Instances) != 1 {
		t.Fatalf("%v\n%s", found, text)
	}
	return cfg
}

// What strict mode changes of what the network sees: one announcement and no
// more, silence towards a lower router, no authentication, IPv6 in version 3.
func TestStrictMode(t *testing.T) {
	const body = "priority 150\n down_timer_adverts 5\n preempt_delay 3\n lower_prio_no_advert off\n higher_prio_send_advert\n" +
		" garp_lower_prio_repeat 3\n authentication {\n auth_type PASS\n auth_pass x\n }\n virtual_ipaddress {\n 10.0.0.101\n }"
	const claim = 3*s + 106*s/256
	follow := func(text string) []string {
		p := play(t, loaded(t, text)).until(20 * s)
		p.out = append(only(p.out, "announce"), "- a lower router")
		other := *p.c.instances[0].cfg
		p.step(advertOf(&other, "10.0.0.2", 100))
		p.out = append(p.out, "- a higher router")
		p.step(advertOf(&other, "10.0.0.2", 200))
		return slices.DeleteFunc(p.out, func(l string) bool { return strings.Contains(l, "hold") })
	}
	want := []string{fmt.Sprint(claim) + " A announce x1", "- a lower router", "20s INSTANCE A MASTER_RX_LOWER_PRI",
		"- a higher router", "20s INSTANCE A BACKUP"}
	if got := follow("strict_mode on\n " + body); !slices.Equal(got, want) {
		t.Errorf("strict:\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if in := loaded(t, "strict_mode on\n "+body).Instances[0]; in.AuthType != conf.AuthNone || in.AuthPass != nil {
		t.Errorf("strict mode has no authentication, this one has type %d", in.AuthType)
	}
	six := loaded(t, "strict_mode on\n version 2\n virtual_ipaddress {\n fe80::100\n }")
	if six.Instances[0].Version != 3 {
		t.Errorf("IPv6 has version %d in strict mode", six.Instances[0].Version)
	}
}

// Without strict mode the same file does all of that.
func TestWithoutStrictMode(t *testing.T) {
	p := play(t, loaded(t, "priority 150\n higher_prio_send_advert\n garp_lower_prio_repeat 3\n garp_lower_prio_delay 0\n virtual_ipaddress {\n 10.0.0.101\n }")).until(20 * s)
	other := *p.c.instances[0].cfg
	p.out = nil
	p.step(advertOf(&other, "10.0.0.2", 100)).want("20s A advert 150 to 224.0.0.18", "20s A announce x3", "20s INSTANCE A MASTER_RX_LOWER_PRI")
	p.step(advertOf(&other, "10.0.0.2", 200)).want("20s A advert 150 to 224.0.0.18", "20s hold []", "20s INSTANCE A BACKUP")
}

// unicast_fault_no_peer: an instance that has lost its peers is a fault, not a
// router that multicasts.
func TestUnicastFaultNoPeer(t *testing.T) {
	const vips = "\n virtual_ipaddress {\n 10.0.0.101\n }"
	p := play(t, loaded(t, "unicast_fault_no_peer\n unicast_src_ip 10.0.0.1"+vips)).until(30 * s)
	p.want("0s INSTANCE A FAULT")
	if why := p.c.instances[0].faults; len(why) != 1 || !strings.Contains(why[0], "unicast_fault_no_peer") {
		t.Errorf("the reason is %q", why)
	}
	p.note(p.c.Reload(p.now, loaded(t, "unicast_fault_no_peer\n unicast_src_ip 10.0.0.1\n unicast_peer {\n 10.0.0.2\n }"+vips)))
	if in := p.c.instances[0]; in.state != "BACKUP" {
		t.Errorf("with a peer it is in %s: %v", in.state, in.faults)
	}
}

// owner_ignore_adverts: nothing that others say moves the owner.
func TestOwnerIgnoresAdverts(t *testing.T) {
	in := router("A", 1, 255, func(i *conf.Instance) { i.OwnerIgnore = true })
	p := play(t, config(in)).until(s / 2)
	p.out = nil
	for _, priority := range []uint8{0, 100, 255} {
		p.hear("A", "10.0.0.2", priority)
	}
	p.want()
	if k := p.c.instances[0].counters; k.AdvertsReceived != 0 {
		t.Errorf("%+v", k)
	}
}

// The checks of addresses: what differs is counted and said, and counts all the same.
func TestAddressList(t *testing.T) {
	for _, tc := range []struct {
		name   string
		edit   func(*conf.Instance)
		theirs []string
		want   uint64 // of three adverts
	}{
		{"the same", nil, []string{"10.0.0.101/32"}, 0},
		{"another", nil, []string{"10.0.0.102/32"}, 3},
		{"one more", nil, []string{"10.0.0.101/32", "10.0.0.102/32"}, 3},
		{"none", nil, nil, 3},
		{"skip_check_adv_addr, from the master", func(i *conf.Instance) { i.SkipCheckAddr = true }, []string{"10.0.0.102/32"}, 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			in := router("A", 1, 100)
			if tc.edit != nil {
				tc.edit(&in)
			}
			p := play(t, config(in)).until(s)
			lines := 0
			for range 3 {
				sender := in
				addresses(&sender, tc.theirs...)
				lines += len(p.c.Step(p.now, advertOf(&sender, "10.0.0.2", 150)).Log)
			}
			k := p.c.instances[0].counters
			if k.AddressList != tc.want || k.AdvertsReceived != 3 || lines != min(1, int(tc.want)) {
				t.Errorf("%d lines, %+v", lines, k)
			}
		})
	}
}

// The TTL of unicast counts where check_unicast_src and limits are set.
func TestUnicastTTL(t *testing.T) {
	us := netip.MustParseAddr("10.0.0.1")
	for _, tc := range []struct {
		check bool
		src   string
		ttl   int
		took  bool
		want  Counters
	}{
		{false, "10.0.0.9", 1, true, Counters{AdvertsReceived: 1}},
		{true, "10.0.0.2", 9, false, Counters{AdvertsReceived: 1, TTL: 1}},
		{true, "10.0.0.2", 10, true, Counters{AdvertsReceived: 1}},
		{true, "10.0.0.2", 20, true, Counters{AdvertsReceived: 1}},
		{true, "10.0.0.2", 21, false, Counters{AdvertsReceived: 1, TTL: 1}},
		{true, "10.0.0.3", 1, true, Counters{AdvertsReceived: 1}},
		{true, "10.0.0.9", 255, false, Counters{AdvertsReceived: 1}},
	} {
		in := router("A", 1, 100, func(i *conf.Instance) {
			i.Unicast, i.Destination, i.CheckUnicastSrc = true, netip.Addr{}, tc.check
			i.UnicastPeers = []conf.UnicastPeer{{Addr: netip.MustParseAddr("10.0.0.2"), MinTTL: 10, MaxTTL: 20}, {Addr: netip.MustParseAddr("10.0.0.3")}}
		})
		p := play(t, config(in)).until(s)
		packet := advertOf(&in, tc.src, 150)
		packet.Dst, packet.TTL = us, tc.ttl
		p.step(packet)
		if got := p.c.instances[0].counters; got != tc.want || p.c.instances[0].master.IsValid() != tc.took {
			t.Errorf("%+v: %+v, master %v", tc, got, p.c.instances[0].master)
		}
	}
}
