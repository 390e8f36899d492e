package engine

import (
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"halbd/conf"
	"halbd/netstate"
	"halbd/vrrp"
)

// noAccept is an instance with one address that the host does not answer at.
func noAccept(name, addr string) *conf.Instance {
	return &conf.Instance{Name: name, Interface: "eth0", NoAccept: true,
		Addresses: []conf.Address{{Prefix: netip.MustParsePrefix(addr), Interface: "eth0"}}}
}

// idle is objects and a filter whose writer does nothing: its jobs can be looked at.
func idle() (*objects, *filter) {
	m := netstate.NewMirror()
	m.Apply(netstate.Update{Changes: []netstate.Change{{Link: &netstate.Link{Index: 7, Name: "eth0", Up: true}}}})
	w := &writer{wake: make(chan struct{}, 1)}
	o := manageObjects(m, w, slog.New(slog.DiscardHandler))
	f := &filter{mirror: m, links: o.links, writer: w, log: o.log, needed: true, kind: filterKind{open: true}, chains: newChainsLink(nil)}
	return o, f
}

// story tells the jobs that a writer was given, in their order, and forgets them.
func story(w *writer) string {
	var s []string
	for _, j := range w.jobs {
		if r := j.rules; r != nil {
			verb := "be"
			if r.cover {
				verb = "cover"
			}
			var drops []string
			for _, d := range r.Drops {
				drops = append(drops, strings.TrimSuffix(fmt.Sprintf("%v%%%d%s", d.Addr, d.Index, d.Name), "%0"))
			}
			s = append(s, strings.TrimSpace(verb+" "+strings.Join(drops, " ")))
		}
		first := len(s)
		for _, op := range j.ops {
			if !op.Remove {
				s = append(s, "add "+op.Object.String())
				continue
			}
			s = append(s, "remove "+op.Object.String())
			slices.Sort(s[first:]) // within one job the order of what goes is open
		}
	}
	w.jobs = nil
	return strings.Join(s, "; ")
}

// An address is never there without its rule: not when it comes, not while
// others come and go, and not when it goes.
func TestAddressesAreCoveredWhileTheyAreThere(t *testing.T) {
	o, f := idle()
	a, b := noAccept("A", "10.0.0.1/24"), noAccept("B", "fe80::2/64")
	open := noAccept("C", "10.0.0.3/24")
	open.NoAccept = false
	both := func(held ...*conf.Instance) {
		f.cover(held)
		o.reconcile(0, &conf.Config{}, held)
		f.settle()
	}
	expect := func(what, want string) {
		t.Helper()
		if got := story(f.writer); got != want {
			t.Errorf("%s:\n got %s\nwant %s", what, got, want)
		}
	}
	f.gain(a)
	o.gain(0, a)
	f.gain(open)
	o.gain(0, open)
	expect("a take-over", "cover 10.0.0.1; add address 10.0.0.1/24 on eth0; add address 10.0.0.3/24 on eth0")
	both(a, open)
	expect("nothing new", "")
	both(open, b)
	expect("one goes, one comes", "cover fe80::2%7; remove address 10.0.0.1/24 on eth0; add address fe80::2/64 on eth0; be fe80::2%7")
	f.mirror.Apply(netstate.Update{Changes: []netstate.Change{{Gone: true, Link: &netstate.Link{Index: 7, Name: "eth0"}},
		{Link: &netstate.Link{Index: 9, Name: "eth0", Up: true}}}})
	both(open, b)
	expect("the interface comes back under another index", "cover fe80::2%9; add address 10.0.0.3/24 on eth0; add address fe80::2/64 on eth0; be fe80::2%9")
	b.DontTrackPrimary = true
	both(open, b)
	expect("by name, for an instance that holds on without its interface", "cover fe80::2%0eth0; be fe80::2%0eth0")
	f.byIndex = true
	both(open, b)
	expect("nftables_ifindex", "cover fe80::2%9; be fe80::2%9")
	o.reconcile(0, &conf.Config{}, nil)
	f.end()
	expect("the end", "remove address 10.0.0.3/24 on eth0; remove address fe80::2/64 on eth0; cover; be")
}

func TestRepairsAreBounded(t *testing.T) {
	var r repairs
	now := vrrp.Time(0)
	may := func(n int) (yes int) {
		for range n {
			if r.may(now) {
				yes++
			}
		}
		return yes
	}
	if n := may(100); n != mostRepairs {
		t.Errorf("%d repairs at once, want %d", n, mostRepairs)
	}
	if now += repairsWithin - 1; may(1) != 0 {
		t.Error("one more while all of them are recent")
	}
	if now++; may(100) != mostRepairs {
		t.Error("no new ones after a while")
	}
}
