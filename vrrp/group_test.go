package vrrp

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"halbd/conf"
)

func pair(t *testing.T, links ...InterfaceState) *script {
	cfg := config(router("A", 1, 150), router("B", 2, 140))
	cfg.SyncGroups = []conf.SyncGroup{{Name: "G", Members: []string{"A", "B"}}}
	return play(t, cfg, links...)
}

func only(lines []string, word string) []string {
	return slices.DeleteFunc(slices.Clone(lines), func(l string) bool { return !strings.Contains(l, word) })
}

// The order of the lines is keepalived's (notify_oracle.py, scenario group).
func TestSyncGroup(t *testing.T) {
	p := pair(t).until(5 * s)
	events := slices.DeleteFunc(slices.Clone(p.out), func(l string) bool {
		return !strings.Contains(l, "INSTANCE") && !strings.Contains(l, "GROUP")
	})
	want := []string{"0s GROUP G BACKUP", "0s INSTANCE A BACKUP", "0s INSTANCE B BACKUP",
		"3.453125s INSTANCE B MASTER", "3.453125s INSTANCE A MASTER", "3.453125s GROUP G MASTER"}
	if !slices.Equal(events, want) {
		t.Fatalf("got\n%s", strings.Join(events, "\n"))
	}
	p.out = nil
	t.Run("one member loses", func(t *testing.T) {
		p.hear("A", "10.0.0.2", 200).want("5s B advert 0 to 224.0.0.18", "5s hold []",
			"5s INSTANCE A BACKUP", "5s INSTANCE B BACKUP", "5s GROUP G BACKUP")
		for at := 6 * s; at < 12*s; at += s {
			p.until(at).hear("A", "10.0.0.2", 200)
		}
		p.want() // B's time is long over, but A has a master
	})
	t.Run("and its peer resigns", func(t *testing.T) {
		p.hear("A", "10.0.0.2", 0).until(12 * s)
		want := []string{"11.4140625s INSTANCE A MASTER", "11.4140625s INSTANCE B MASTER"}
		if got := only(p.out, "INSTANCE"); !slices.Equal(got, want) {
			t.Errorf("got %q", got)
		}
	})
}

func TestSyncGroupFault(t *testing.T) {
	cfg := config(router("A", 1, 150), router("B", 2, 140, func(i *conf.Instance) { i.Interface = "eth1" }))
	cfg.SyncGroups = []conf.SyncGroup{{Name: "G", Members: []string{"A", "B"}}}
	eth1 := eth0("10.1.0.1")
	eth1.Name = "eth1"
	p := play(t, cfg, eth0("10.0.0.1"), eth1).until(5 * s)
	p.out = nil
	p.step(InterfaceState{Name: "eth1", Exists: true, Addrs: eth1.Addrs}).want(
		"5s B advert 0 to 224.0.0.18", "5s A advert 0 to 224.0.0.18", "5s hold []",
		"5s INSTANCE B FAULT", "5s INSTANCE A FAULT", "5s GROUP G FAULT")
	p.step(eth1).want("5s INSTANCE B BACKUP", "5s INSTANCE A BACKUP", "5s GROUP G BACKUP")
}

func TestStop(t *testing.T) {
	p := pair(t).until(5 * s)
	p.out = nil
	p.note(p.c.Stop(p.now))
	p.want("5s A advert 0 to 224.0.0.18", "5s B advert 0 to 224.0.0.18", "5s hold []",
		"5s INSTANCE A STOP", "5s INSTANCE B STOP", "5s GROUP G STOP")
	p.hear("A", "10.0.0.2", 100).until(20 * s).want()
}

func TestReloadKeepsRoles(t *testing.T) {
	start := func() *script {
		p := play(t, config(router("A", 1, 150), router("B", 2, 140))).until(5 * s)
		p.out = nil
		return p
	}
	reload := func(p *script, cfg *conf.Config) *script { p.note(p.c.Reload(p.now, cfg)); return p }
	t.Run("nothing changed", func(t *testing.T) {
		p := start()
		before, _ := p.c.Deadline()
		reload(p, config(router("A", 1, 150), router("B", 2, 140))).want()
		if after, _ := p.c.Deadline(); after != before {
			t.Errorf("the next advert moved from %v to %v", before, after)
		}
	})
	t.Run("renamed and reordered", func(t *testing.T) {
		reload(start(), config(router("B", 2, 140), router("New", 1, 150))).want()
	})
	t.Run("one address added", func(t *testing.T) {
		p := start()
		a := p.c.Reload(p.now, config(router("A", 1, 150, func(i *conf.Instance) {
			i.Addresses = append(i.Addresses, conf.Address{Prefix: netip.MustParsePrefix("10.0.0.201/32"), Interface: "eth0"})
		}), router("B", 2, 140)))
		// The old content once more, then the new one.
		if len(a.Adverts) != 2 || a.Adverts[0].Payload[3] != 1 || a.Adverts[1].Payload[3] != 2 || a.Adverts[1].Priority != 150 || len(a.Events) != 0 || !a.Addresses ||
			len(a.Announce) != 1 || len(a.Announce[0].Only) != 1 {
			t.Errorf("got %+v", a)
		}
	})
	t.Run("priority", func(t *testing.T) {
		reload(start(), config(router("A", 1, 120), router("B", 2, 140))).want("5s A advert 150 to 224.0.0.18", "5s A advert 120 to 224.0.0.18")
	})
	t.Run("removed", func(t *testing.T) {
		reload(start(), config(router("A", 1, 150))).want("5s B advert 140 to 224.0.0.18", "5s B advert 0 to 224.0.0.18",
			"5s hold [10.0.0.101]", "5s INSTANCE B FAULT")
	})
	t.Run("added", func(t *testing.T) {
		reload(start(), config(router("A", 1, 150), router("B", 2, 140), router("C", 3, 130))).want("5s INSTANCE C BACKUP")
	})
}
