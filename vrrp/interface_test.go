package vrrp

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"halbd/conf"
	"halbd/event"
)

func vmac(i *conf.Instance) {
	i.VMAC = &conf.VMAC{Name: "vrrp.51"}
	i.Addresses[0].Interface, i.Addresses[0].Parent = "vrrp.51", "eth0"
}

func ipvlan(i *conf.Instance) {
	i.IPVLAN = &conf.IPVLAN{Name: "vrrp.51", Address: netip.MustParsePrefix("10.0.0.9/24"), Mode: conf.IPVLANBridge}
}

func vlink(edit ...func(*InterfaceState)) InterfaceState {
	l := InterfaceState{Name: "vrrp.51", Exists: true, Up: true, AdminUp: true}
	for _, e := range edit {
		e(&l)
	}
	return l
}

// leaves is what an instance sends in its first advert as master: by which
// interface, from which address.
func leaves(t *testing.T, edit func(*conf.Instance), links ...InterfaceState) string {
	p := play(t, config(router("V", 51, 150, edit)), links...)
	for p.now < 10*s {
		d, ok := p.c.Deadline()
		if !ok {
			return "nothing"
		}
		p.now = d
		a := p.c.Step(d, Tick{})
		for i := range a.Adverts {
			return a.Adverts[i].Interface + " " + a.Adverts[i].Src.String()
		}
	}
	return "nothing"
}

func TestWhichInterface(t *testing.T) {
	base := eth0("10.0.0.1")
	own := vlink(func(l *InterfaceState) { l.Addrs = []netip.Addr{netip.MustParseAddr("10.0.0.9")} })
	unicastFrom := func(i *conf.Instance) {
		unicast(i)
		i.Interface, i.Source = "", netip.MustParseAddr("10.0.0.1")
	}
	for _, c := range []struct {
		name  string
		edit  func(*conf.Instance)
		links []InterfaceState
		want  string
	}{
		{"plain", func(*conf.Instance) {}, []InterfaceState{base}, "eth0 10.0.0.1"},
		{"VMAC", vmac, []InterfaceState{base, vlink()}, "vrrp.51 10.0.0.1"},
		{"VMAC, xmit_base", both(vmac, func(i *conf.Instance) { i.XmitBase = true }), []InterfaceState{base, vlink()}, "eth0 10.0.0.1"},
		{"ipvlan", ipvlan, []InterfaceState{base, own}, "vrrp.51 10.0.0.9"},
		{"ipvlan with a source", both(ipvlan, func(i *conf.Instance) { i.Source = netip.MustParseAddr("10.0.0.8") }), []InterfaceState{base, own}, "vrrp.51 10.0.0.8"},
		{"no interface", unicastFrom, []InterfaceState{base}, " 10.0.0.1"},
		{"VRF", both(unicastFrom, func(i *conf.Instance) { i.VRF = "red" }), []InterfaceState{base, {Name: "red", Exists: true, Up: true}}, "red 10.0.0.1"},
		{"VRF that is not there", both(unicastFrom, func(i *conf.Instance) { i.VRF = "red" }), []InterfaceState{base}, "nothing"},
	} {
		if got := leaves(t, c.edit, c.links...); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// Adverts that arrive on the interface below count for the VMAC's instance.
func TestVMACListensBelow(t *testing.T) {
	p := play(t, config(router("V", 51, 100, vmac)), eth0("10.0.0.1"), vlink())
	p.until(2 * s)
	in := p.c.instances[0]
	other := router("V", 51, 150)
	src, dst := netip.MustParseAddr("10.0.0.2"), other.Destination
	p.step(&PacketReceived{Interface: "eth0", Src: src, Dst: dst, TTL: 255, Payload: buildAdvert(nil, &other, 150, 1, src, dst, false)})
	if in.master != src {
		t.Fatalf("the master is %v", in.master)
	}
	if p.until(5*s + 500*ms); in.state != event.Backup { // 2 s and 3 adverts and the skew
		t.Errorf("%s: the advert did not count", in.state)
	}
}

func TestFaultsOfMadeLinks(t *testing.T) {
	down := func(l *InterfaceState) { l.Up, l.AdminUp = false, false }
	noCarrier := func(l *InterfaceState) { l.Up = false }
	for _, c := range []struct {
		name  string
		edit  func(*conf.Instance)
		links []InterfaceState
		want  string // in the reasons of the fault; "": none
	}{
		{"all well", vmac, []InterfaceState{eth0("10.0.0.1"), vlink()}, ""},
		{"down", vmac, []InterfaceState{eth0("10.0.0.1"), vlink(down)}, "VMAC vrrp.51 is down"},
		{"cannot be made", vmac, []InterfaceState{eth0("10.0.0.1"), {Name: "vrrp.51", Fault: "it cannot be made"}}, "VMAC vrrp.51: it cannot be made"},
		{"no carrier, which the interface below has", vmac, []InterfaceState{eth0("10.0.0.1"), vlink(noCarrier)}, ""},
		{"no address below", vmac, []InterfaceState{{Name: "eth0", Exists: true, Up: true}, vlink()}, "no IPv4 address on eth0"},
		{"nothing below", vmac, []InterfaceState{vlink()}, "interface eth0 does not exist"},
		{"ipvlan down", ipvlan, []InterfaceState{eth0("10.0.0.1"), vlink(down)}, "ipvlan vrrp.51 is down"},
	} {
		p := play(t, config(router("V", 51, 150, c.edit)), c.links...)
		in := p.c.instances[0]
		if got := strings.Join(in.faults, ", "); (in.state == event.Fault) != (c.want != "") || !strings.Contains(got, c.want) {
			t.Errorf("%s: %s because of %q, want %q", c.name, in.state, got, c.want)
		}
	}
}

// While a link is being made nothing is decided: a new instance has no state,
// a master stays one, a fault stays one.
func TestPendingLinkDecidesNothing(t *testing.T) {
	pending := vlink(func(l *InterfaceState) { *l = InterfaceState{Name: l.Name, Pending: true} })
	p := play(t, config(router("V", 51, 150, vmac)), eth0("10.0.0.1"), pending)
	in := p.c.instances[0]
	if in.state != "" {
		t.Fatalf("%s before the link is there", in.state)
	}
	p.step(vlink())
	if in.state != event.Backup {
		t.Fatalf("%q with the link", in.state)
	}
	p.until(4 * s)
	if in.state != event.Master {
		t.Fatalf("%s after the master-down time", in.state)
	}
	p.step(pending)
	if in.state != event.Master {
		t.Errorf("%s while the link is made again: the role was to wait", in.state)
	}
	p.step(vlink(func(l *InterfaceState) { l.Up, l.AdminUp = false, false }))
	p.step(pending)
	if in.state != event.Fault {
		t.Errorf("%s: what is being made ends no fault", in.state)
	}
	p.step(vlink())
	if in.state != event.Backup {
		t.Errorf("%s when it is there", in.state)
	}
}

// garp_extra_if as keepalived 2.2.7 does it: the addresses on other interfaces
// than adverts leave by, on those that are no VMACs only with "all".
func TestGARPExtraIf(t *testing.T) {
	mixed := func(i *conf.Instance) {
		i.GARP = conf.GARP{MasterRepeat: 1, RefreshRepeat: 1, ExtraInterval: s}
		for addr, dev := range map[string]string{"10.1.0.101/24": "eth1", "10.1.0.102/24": "vrrp1.51"} {
			i.Excluded = append(i.Excluded, conf.Address{Prefix: netip.MustParsePrefix(addr), Interface: dev})
		}
		i.AddressLinks = []conf.Link{{Name: "vrrp1.51"}}
	}
	all := func(i *conf.Instance) { i.GARP.ExtraAll = true }
	base := func(i *conf.Instance) { i.XmitBase = true }
	for _, c := range []struct {
		name string
		edit func(*conf.Instance)
		want []string
	}{
		{"plain", mixed, []string{"10.1.0.102"}},
		{"plain, all", both(mixed, all), []string{"10.1.0.101", "10.1.0.102"}},
		{"VMAC", both(mixed, vmac), []string{"10.1.0.102"}},
		{"xmit_base", both(both(mixed, vmac), base), []string{"10.0.0.151", "10.1.0.102"}},
		{"xmit_base, all", both(both(both(mixed, vmac), base), all), []string{"10.0.0.151", "10.1.0.101", "10.1.0.102"}},
	} {
		p := play(t, config(router("V", 51, 150, c.edit)), eth0("10.0.0.1"), InterfaceState{Name: "eth1", Exists: true, Up: true}, vlink())
		p.until(3500 * ms) // master at 3.414 s
		var at []Time
		for len(at) < 2 {
			d, ok := p.c.Deadline()
			if !ok || d > 10*s {
				t.Fatalf("%s: %d announcements", c.name, len(at))
			}
			p.now = d
			a := p.c.Step(d, Tick{})
			for _, an := range a.Announce {
				var got []string
				for _, addr := range an.Only {
					got = append(got, addr.String())
				}
				slices.Sort(got)
				if !slices.Equal(got, c.want) || an.Repeat != 1 {
					t.Errorf("%s: %d times %v, want %v", c.name, an.Repeat, got, c.want)
				}
				at = append(at, d)
			}
		}
		if at[1]-at[0] != s {
			t.Errorf("%s: every %v", c.name, at[1]-at[0])
		}
	}
}
