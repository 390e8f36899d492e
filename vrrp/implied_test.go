package vrrp

import (
	"net/netip"
	"testing"

	"halbd/conf"
)

// The interface of an object is tracked with it, but for no_track, and the
// instance's own is not tracked twice.
func TestInterfacesOfObjectsAreTracked(t *testing.T) {
	vip := conf.Address{Prefix: netip.MustParsePrefix("10.8.1.1/24"), Interface: "eth1"}
	route := conf.Route{Destination: netip.MustParsePrefix("10.20.0.0/16"), Interface: "eth1"}
	untracked := route
	untracked.NoTrack = true
	static := route
	static.TrackGroup = "TG"
	group := func(members ...string) func(*conf.Config) {
		return func(c *conf.Config) {
			c.StaticRoutes = []conf.Route{static}
			c.TrackGroups = []conf.TrackGroup{{Name: "TG", Members: members}}
		}
	}
	for name, c := range map[string]struct {
		edit  func(*conf.Instance)
		more  func(*conf.Config)
		fault string
	}{
		"address":             {edit: func(i *conf.Instance) { i.Addresses = append(i.Addresses, vip) }, fault: "interface eth1 is down (address 10.8.1.1/24)"},
		"excluded address":    {edit: func(i *conf.Instance) { i.Excluded = []conf.Address{vip} }, fault: "interface eth1 is down (address 10.8.1.1/24)"},
		"route":               {edit: func(i *conf.Instance) { i.Routes = []conf.Route{route} }, fault: "interface eth1 is down (route 10.20.0.0/16)"},
		"route with no_track": {edit: func(i *conf.Instance) { i.Routes = []conf.Route{untracked} }},
		"iif of a rule":       {edit: func(i *conf.Instance) { i.Rules = []conf.RoutingRule{{Priority: 7, Input: "eth1"}} }, fault: "interface eth1 is down (rule 7)"},
		"oif of a rule":       {edit: func(i *conf.Instance) { i.Rules = []conf.RoutingRule{{Priority: 7, Output: "eth1"}} }, fault: "interface eth1 is down (rule 7)"},
		"dont_track_primary": {edit: func(i *conf.Instance) {
			i.DontTrackPrimary = true
			i.Addresses = append(i.Addresses, vip)
		}, fault: "interface eth1 is down (address 10.8.1.1/24)"},
		"static route of its group": {more: group("V"), fault: "interface eth1 is down (static route 10.20.0.0/16, track_group TG)"},
		"static route of another":   {more: group("W")},
	} {
		in := router("V", 1, 255)
		if c.edit != nil {
			c.edit(&in)
		}
		cfg := config(in)
		if c.more != nil {
			c.more(cfg)
		}
		up := InterfaceState{Name: "eth1", Exists: true, Up: true}
		p := play(t, cfg, eth0("10.0.0.1"), up)
		if got := p.c.instances[0].faults; len(got) > 0 {
			t.Errorf("%s: faults %q while all is well", name, got)
		}
		up.Up = false
		p.note(p.c.Step(1*s, up))
		got := ""
		if f := p.c.instances[0].faults; len(f) > 0 {
			got = f[0]
		}
		if got != c.fault {
			t.Errorf("%s: fault %q, want %q", name, got, c.fault)
		}
	}
}

// What the objects in the kernel keep an instance from is a fault like any
// other, and what was put back is counted.
func TestObjectFaults(t *testing.T) {
	p := play(t, config(router("V", 1, 255)), eth0("10.0.0.1"))
	p.note(p.c.Step(1*s, ObjectFaults{"V", []string{"address 10.0.0.1/32 on eth0 is taken by someone else again and again"}}))
	if in := p.c.instances[0]; in.state != "FAULT" || in.held {
		t.Errorf("state %s, held %v", in.state, in.held)
	}
	p.note(p.c.Step(2*s, ObjectsTaken{"V", 11}))
	p.note(p.c.Step(3*s, ObjectFaults{Instance: "V"}))
	if in := p.c.instances[0]; in.state != "MASTER" || in.counters.PutBack != 11 {
		t.Errorf("state %s, put back %d", in.state, in.counters.PutBack)
	}
}
