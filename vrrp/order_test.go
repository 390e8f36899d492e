package vrrp

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"halbd/conf"
	"halbd/event"
)

// order gives an order and returns why it was refused.
func (p *script) order(o Order) string {
	p.t.Helper()
	o.ID, o.By = 7, "uid 0 (root)"
	a := p.c.Step(p.now, o)
	if len(a.Answers) == 0 {
		p.note(a)
		return "later"
	}
	if len(a.Answers) != 1 || a.Answers[0].ID != 7 || (a.Answers[0].Refused == "") != (len(a.Answers[0].Instances) > 0) {
		p.t.Fatalf("answers %+v", a.Answers)
	}
	refused := a.Answers[0].Refused
	p.note(a)
	return refused
}

// obeyed gives an order that must be obeyed.
func (p *script) obeyed(o Order) *script {
	p.t.Helper()
	if why := p.order(o); why != "" {
		p.t.Fatalf("%v: refused: %s", p.now, why)
	}
	return p
}

// The master that hands over resigns at once, and honours whoever takes the
// role, though it has the lower priority.
func TestSwitchHandsTheRoleOver(t *testing.T) {
	p := master(t).obeyed(Order{Action: Switch, Name: "A", Force: true})
	p.want("9s A advert 0 to 224.0.0.18", "9s hold []", "9s INSTANCE A BACKUP")
	for at := 9*s + 600*ms; at < 60*s; at += s {
		p.until(at).hear("A", "10.0.0.2", 100)
	}
	p.want()
	if st := p.c.Status(func(Time) time.Time { return time.Time{} }).Instances[0]; st.Order == nil || st.Order.Action != Switch || st.Master != netip.MustParseAddr("10.0.0.2") {
		t.Errorf("%+v", st)
	}
	// Who falls silent is replaced as ever, and that ends the order.
	p.until(70 * s)
	if !slices.Contains(p.out, "1m3.0140625s INSTANCE A MASTER") || p.c.instances[0].order != nil {
		t.Errorf("%s", strings.Join(p.out, "\n"))
	}
}

// Nobody takes the role: it comes back after a master-down time, with a new claim.
func TestSwitchWithoutSuccessor(t *testing.T) {
	p := master(t).obeyed(Order{Action: Switch, Name: "A", Force: true})
	p.out = nil
	p.until(9*s + 3*s + 106*s/256)
	if !slices.Contains(p.out, "12.4140625s INSTANCE A MASTER") {
		t.Errorf("%s", strings.Join(p.out, "\n"))
	}
}

// The end of a switch, by time or by release, lets the router pre-empt.
func TestSwitchEnds(t *testing.T) {
	for _, tc := range []struct {
		name string
		o    Order
		end  Time // of the order
	}{
		{"by time", Order{For: 10 * s}, 19 * s},
		{"by release", Order{}, 30 * s},
	} {
		t.Run(tc.name, func(t *testing.T) {
			tc.o.Action, tc.o.Name, tc.o.Force = Switch, "A", true
			p := master(t).obeyed(tc.o)
			p.out = nil
			last := Time(0)
			for at := 9*s + 600*ms; at < 40*s; at += s {
				if tc.o.For == 0 && at > tc.end && p.c.instances[0].order != nil {
					p.until(tc.end).obeyed(Order{Action: Release, Name: "A"})
				}
				if at < tc.end {
					last = at
				}
				p.until(at)
				if p.c.instances[0].state == event.Backup {
					p.hear("A", "10.0.0.2", 100)
				}
			}
			if at := slices.IndexFunc(p.out, func(l string) bool { return strings.HasSuffix(l, "INSTANCE A MASTER") }); at < 0 ||
				p.out[at] != (last+3*s+106*s/256).String()+" INSTANCE A MASTER" {
				t.Errorf("the last advert that counts is at %v:\n%s", last, strings.Join(p.out, "\n"))
			}
		})
	}
}

// A BACKUP that is held never claims, listens to everybody, and claims at once
// when it is released and there is no master.
func TestHold(t *testing.T) {
	p := play(t, config(router("A", 1, 150))).until(s).hear("A", "10.0.0.2", 200)
	p.out = nil
	p.obeyed(Order{Action: Hold, Name: "A"}).until(60 * s).want()
	p.hear("A", "10.0.0.3", 100).until(61 * s).want() // a lower priority is a master, too
	if m := p.c.instances[0].master; m != netip.MustParseAddr("10.0.0.3") {
		t.Errorf("master %v", m)
	}
	p.until(100*s).obeyed(Order{Action: Release, Name: "A"}).want("1m40s A advert 150 to 224.0.0.18", "1m40s hold [10.0.0.101]", "1m40s A announce x5", "1m40s INSTANCE A MASTER")
}

func TestHoldEndsByItself(t *testing.T) {
	p := play(t, config(router("A", 1, 150))).until(s).hear("A", "10.0.0.2", 0)
	p.out = nil
	p.obeyed(Order{Action: Hold, Name: "A", For: 30 * s}).until(31*s - 1).want()
	p.until(31*s).want("31s A advert 150 to 224.0.0.18", "31s hold [10.0.0.101]", "31s A announce x5", "31s INSTANCE A MASTER")
}

// A fault, its end and a reload leave an order as it is, also that of an owner.
func TestOrdersLast(t *testing.T) {
	for _, priority := range []uint8{150, 255} {
		in := router("A", 1, priority, func(i *conf.Instance) { i.StateBackup = true })
		p := play(t, config(in)).until(s).hear("A", "10.0.0.2", 255)
		p.obeyed(Order{Action: Hold, Name: "A", For: 60 * s})
		p.step(InterfaceState{Name: "eth0", Exists: true}).step(eth0("10.0.0.1"))
		next := router("A", 1, priority, func(i *conf.Instance) { i.GARP.MasterRepeat = 2 })
		p.note(p.c.Reload(p.now, config(next)))
		p.step(InterfaceState{Name: "eth0", Exists: true}).step(eth0("10.0.0.1"))
		p.out = nil
		p.until(61*s - 1).want()
		if p.until(62 * s); p.c.instances[0].state != event.Master {
			t.Errorf("priority %d: %s", priority, p.c.instances[0].state)
		}
	}
}

// syncPair is a sync group of A and B.
func syncPair() *conf.Config {
	cfg := config(router("A", 1, 150), router("B", 2, 150))
	cfg.SyncGroups = []conf.SyncGroup{{Name: "G", Members: []string{"A", "B"}}}
	return cfg
}

// A group is switched and held as one, whoever of it is named.
func TestGroupsObeyAsOne(t *testing.T) {
	for _, name := range []string{"G", "A", "B"} {
		p := play(t, syncPair()).until(9 * s)
		p.out = nil
		p.obeyed(Order{Action: Switch, Name: name, Force: true}).want("9s A advert 0 to 224.0.0.18", "9s B advert 0 to 224.0.0.18", "9s hold []",
			"9s INSTANCE A BACKUP", "9s INSTANCE B BACKUP", "9s GROUP G BACKUP")
		p.hear("A", "10.0.0.2", 100).hear("B", "10.0.0.2", 100).obeyed(Order{Action: Hold, Name: name})
		p.until(60 * s).want()
		p.obeyed(Order{Action: Release, Name: name})
		if a, b := p.c.instances[0], p.c.instances[1]; a.state != event.Master || b.state != event.Master {
			t.Errorf("%s: %s %s", name, a.state, b.state)
		}
	}
}

// Each row: what is refused, and the words that say why.
func TestRefusedOrders(t *testing.T) {
	backup := func(t *testing.T) *script {
		return play(t, config(router("A", 1, 150))).until(s).hear("A", "10.0.0.2", 200)
	}
	for _, tc := range []struct {
		name string
		play func(*testing.T) *script
		o    Order
		want string
	}{
		{"unknown name", func(t *testing.T) *script { return play(t, syncPair()) }, Order{Action: Switch, Name: "X"}, `no instance or sync group "X"; there are G, A, B`},
		{"switch twice", func(t *testing.T) *script {
			p := master(t)
			p.order(Order{Action: Switch, Name: "A"})
			return p
		}, Order{Action: Switch, Name: "A"}, "a successor of A is being looked for already"},
		{"switch a backup", backup, Order{Action: Switch, Name: "A", Force: true}, "is BACKUP: only the MASTER can hand the role over, and that is 10.0.0.2 (priority 200)"},
		{"switch in FAULT", func(t *testing.T) *script { return master(t).step(InterfaceState{Name: "eth0", Exists: true}) },
			Order{Action: Switch, Name: "A", Force: true}, "A is FAULT"},
		{"hold the master", func(t *testing.T) *script { return master(t) }, Order{Action: Hold, Name: "A", Force: true}, "it would leave no master"},
		{"hold before a master was heard", func(t *testing.T) *script { return play(t, config(router("A", 1, 150))).until(s) },
			Order{Action: Hold, Name: "A"}, "no master of A was heard within 3.414s"},
		{"hold when the master was heard too long ago", func(t *testing.T) *script {
			return backup(t).until(2 * s).step(InterfaceState{Name: "eth0", Exists: true}).until(20 * s)
		}, Order{Action: Hold, Name: "A"}, "no master of A was heard"},
		{"release of nothing", backup, Order{Action: Release, Name: "A"}, "nothing to release"},
		{"an unknown order", backup, Order{Action: "dance", Name: "A"}, `unknown order "dance"`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := tc.play(t)
			p.out = nil
			if why := p.order(tc.o); !strings.Contains(why, tc.want) {
				t.Errorf("refused: %q, want %q", why, tc.want)
			}
			p.want()
			if p.c.instances[0].order != nil {
				t.Error("it is obeyed all the same")
			}
		})
	}
}

// What says that a successor is there: a recent advert, or a BFD session.
func TestSuccessor(t *testing.T) {
	session := conf.BFDInstance{Name: "peer", Neighbor: netip.MustParseAddr("10.0.0.2")}
	up := TrackerResult{Kind: TrackBFD, Name: "peer", Known: true}
	unicast := func(i *conf.Instance) {
		i.Unicast, i.UnicastPeers = true, []conf.UnicastPeer{{Addr: netip.MustParseAddr("10.0.0.2")}}
	}
	for _, tc := range []struct {
		name string
		play func() *script
		want bool
	}{
		{"nothing", func() *script { return master(t) }, false},
		{"a configured peer alone", func() *script { return master(t, unicast) }, false},
		{"a session with the peer", func() *script {
			p := play(t, &conf.Config{Instances: []conf.Instance{router("A", 1, 150, unicast)}, BFDs: []conf.BFDInstance{session}}).until(9 * s)
			return p.step(up)
		}, true},
		{"the session is down", func() *script {
			p := play(t, &conf.Config{Instances: []conf.Instance{router("A", 1, 150, unicast)}, BFDs: []conf.BFDInstance{session}}).until(9 * s)
			return p.step(TrackerResult{Kind: TrackBFD, Name: "peer", Known: true, Value: 1})
		}, false},
		{"a session with the router that was heard once", func() *script {
			p := play(t, &conf.Config{Instances: []conf.Instance{router("A", 1, 150)}, BFDs: []conf.BFDInstance{session}}).hear("A", "10.0.0.2", 100).until(60 * s)
			return p.step(up)
		}, true},
		{"a session with somebody else", func() *script {
			return play(t, &conf.Config{Instances: []conf.Instance{router("A", 1, 150)}, BFDs: []conf.BFDInstance{session}}).until(9 * s).step(up)
		}, false},
		{"an advert within a master-down time", func() *script { return master(t).hear("A", "10.0.0.2", 100).until(12 * s) }, true},
		{"an advert before that", func() *script { return master(t).hear("A", "10.0.0.2", 100).until(13 * s) }, false},
	} {
		if got := tc.play().order(Order{Action: Switch, Name: "A"}) == ""; got != tc.want {
			t.Errorf("%s: obeyed is %v", tc.name, got)
		}
	}
}

// answered is what was said of an order since.
func (p *script) answered(a *Actions) []string {
	var list []string
	for _, x := range a.Answers {
		list = append(list, strings.Join(x.Instances, " ")+x.Refused)
	}
	p.note(a)
	return list
}

// Nobody takes what is offered: the addresses were here all the time, and the
// order is refused after a master-down time of the slowest backup.
func TestOfferWithoutSuccessor(t *testing.T) {
	p := master(t)
	if why := p.order(Order{Action: Switch, Name: "A"}); why != "later" {
		t.Fatal(why)
	}
	p.until(14*s-1).want("9s A advert 1 to 224.0.0.18", "10s A advert 1 to 224.0.0.18", "11s A advert 1 to 224.0.0.18", "12s A advert 1 to 224.0.0.18", "13s A advert 1 to 224.0.0.18")
	p.now = 14 * s
	if got := p.answered(p.c.Step(p.now, Tick{})); len(got) != 1 || !strings.Contains(got[0], "no other router took A within 5s, though this one advertised priority 1") {
		t.Errorf("%q", got)
	}
	p.until(15*s).want("14s A advert 1 to 224.0.0.18", "14s A advert 150 to 224.0.0.18", "15s A advert 150 to 224.0.0.18")
}

// Whoever advertises while the role is offered gets it, whatever its priority,
// with the whole group.
func TestOfferWithSuccessor(t *testing.T) {
	p := play(t, syncPair()).until(9 * s)
	p.out = nil
	if why := p.order(Order{Action: Switch, Name: "G"}); why != "later" {
		t.Fatal(why)
	}
	p.want("9s A advert 1 to 224.0.0.18", "9s B advert 1 to 224.0.0.18")
	if got := p.answered(p.c.Step(p.now, advertOf(p.c.instances[0].cfg, "10.0.0.2", 2))); !slices.Equal(got, []string{"A B"}) {
		t.Errorf("%q", got)
	}
	p.want("9s B advert 0 to 224.0.0.18", "9s hold []", "9s INSTANCE A BACKUP", "9s INSTANCE B BACKUP", "9s GROUP G BACKUP")
	for at := 9*s + 600*ms; at < 30*s; at += s {
		p.until(at).hear("A", "10.0.0.2", 2).hear("B", "10.0.0.2", 2)
	}
	p.want()
}

// An offer ends with a fault, a release and a stop, and is answered then.
func TestOfferIsCutShort(t *testing.T) {
	for want, end := range map[string]func(*script) *Actions{
		"A is FAULT now: interface eth0 is down, no IPv4 address on eth0 to send adverts from": func(p *script) *Actions { return p.c.Step(p.now, InterfaceState{Name: "eth0", Exists: true}) },
		"A is STOP now: the daemon is stopping":                                                func(p *script) *Actions { return p.c.Stop(p.now) },
		"released by the operator: uid 0 (root)": func(p *script) *Actions {
			return p.c.Step(p.now, Order{Action: Release, Name: "A", By: "uid 0 (root)"})
		},
		"A is FAULT now: removed from the configuration": func(p *script) *Actions { return p.c.Reload(p.now, config()) },
	} {
		p := master(t)
		p.order(Order{Action: Switch, Name: "A"})
		if got := p.answered(end(p)); len(got) == 0 || got[0] != want {
			t.Errorf("%q, want %q", got, want)
		}
		for _, in := range p.c.instances {
			if in.offer != nil || in.at[timerOffer] != never || in.order != nil {
				t.Errorf("%s: it goes on", want)
			}
		}
	}
}
