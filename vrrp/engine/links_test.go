package engine

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"halbd/conf"
	"halbd/internal/duequeue"
	"halbd/netstate"
	"halbd/vrrp"
)

// vmac51 is what use_vmac on eth0 makes.
var vmac51 = conf.Link{Name: "vrrp.51", Kind: conf.LinkMACVLAN, Parent: "eth0", MAC: "00:00:5e:00:01:33", Family: conf.IPv4, Instance: "V"}

// bench is links on a kernel that exists in a mirror only.
type bench struct {
	t *testing.T
	m *netstate.Mirror
	l *links
}

func newBench(t *testing.T, want ...conf.Link) *bench {
	m := netstate.NewMirror()
	b := &bench{t, m, manageLinks(m, newThefts(), func(int) []netip.Addr { return []netip.Addr{netip.MustParseAddr("fe80::1")} })}
	b.see(netstate.Link{Index: 2, Name: "eth0", Up: true, AdminUp: true, Ether: true})
	if ops := b.l.want(want); len(ops) != 0 {
		t.Fatalf("nothing is there, and %v is to go", words(ops))
	}
	return b
}

func (b *bench) see(l netstate.Link) {
	b.m.Apply(netstate.Update{Changes: []netstate.Change{{Link: &l}}})
}

func (b *bench) gone(l netstate.Link) {
	b.m.Apply(netstate.Update{Changes: []netstate.Change{{Gone: true, Link: &l}}})
}

// macvlan is how the kernel shows vmac51.
func macvlan(index int) netstate.Link {
	return netstate.Link{Index: index, Name: "vrrp.51", MAC: [6]byte{0, 0, 0x5e, 0, 1, 0x33}, Ether: true, Kind: "macvlan", Parent: 2, Private: true, Up: true, AdminUp: true}
}

// words tells operations briefly.
func words(ops []netstate.Op) []string {
	var out []string
	for _, op := range ops {
		verb := "+"
		if op.Remove {
			verb = "-"
		}
		text := op.Object.String()
		if m, ok := op.Object.(*netstate.MadeLink); ok && op.Remove {
			text = fmt.Sprintf("%s(%d)", text, m.Index)
		}
		out = append(out, verb+text)
	}
	return out
}

// expect compares the work of one look, leaving the parent's settings out.
func (b *bench) expect(now vrrp.Time, want ...string) {
	b.t.Helper()
	ops, _ := b.l.tend(now)
	got := slices.DeleteFunc(words(ops), func(s string) bool { return strings.Contains(s, "arp_ignore") })
	if !slices.Equal(got, want) {
		b.t.Errorf("at %v:\n got %q\nwant %q", now, got, want)
	}
}

var create51 = []string{"+macvlan vrrp.51 on eth0", "+no IPv6 address of its own for vrrp.51", "+net/ipv6/conf/vrrp.51/disable_ipv6 = 1", "+up of vrrp.51"}

func TestLinkIsMadeOnce(t *testing.T) {
	b := newBench(t, vmac51)
	b.expect(s, create51...)
	b.expect(s + 100*ms) // it is on its way
	half := macvlan(7)
	half.AdminUp = false
	b.see(half)
	b.expect(s + 200*ms) // made, not yet up
	if pending, _ := b.l.pending(b.l.find("vrrp.51"), s+200*ms); !pending || b.l.ready(&half) {
		t.Error("a half made link is not to be used")
	}
	whole := macvlan(7)
	b.see(whole)
	b.expect(s + 300*ms)
	if pending, _ := b.l.pending(b.l.find("vrrp.51"), s+300*ms); pending || !b.l.ready(&whole) {
		t.Error("the link is complete")
	}
	if got := words(b.l.want(nil)); !slices.Equal(got, []string{"-macvlan vrrp.51 on eth0(7)"}) {
		t.Errorf("no longer wanted: %q", got)
	}
}

// What did not come within a second is asked for again.
func TestLinkThatDoesNotCome(t *testing.T) {
	b := newBench(t, vmac51)
	b.expect(s, create51...)
	b.expect(2*s-ms, []string{}...)
	b.expect(2*s, create51...)
	b.l.failed("vrrp.51", "it cannot be made on eth0: no such thing")
	m := b.l.find("vrrp.51")
	if pending, _ := b.l.pending(m, 2*s); pending || m.fault == "" {
		t.Error("a failure must be a fault")
	}
	b.expect(2*s+ms, create51...)
	b.see(macvlan(8))
	b.expect(2*s + 2*ms)
	if m.fault != "" {
		t.Errorf("the link is there, and the fault stays: %s", m.fault)
	}
}

func TestLinksOfOthers(t *testing.T) {
	for _, c := range []struct {
		name  string
		there netstate.Link
		want  []string
		fault bool
	}{
		{"left by a former run", macvlan(5), append([]string{"-macvlan vrrp.51 on eth0(5)"}, create51...), false},
		{"on another interface", func() netstate.Link { l := macvlan(5); l.Parent = 9; return l }(), append([]string{"-macvlan vrrp.51 on eth0(5)"}, create51...), false},
		{"somebody's own", netstate.Link{Index: 5, Name: "vrrp.51", Kind: "bridge", AdminUp: true}, nil, true},
		{"a macvlan in another mode", netstate.Link{Index: 5, Name: "vrrp.51", Kind: "macvlan", Parent: 2, AdminUp: true}, nil, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t, vmac51)
			b.see(c.there)
			b.expect(s, c.want...)
			if fault := b.l.find("vrrp.51").fault; (fault != "") != c.fault {
				t.Errorf("fault %q", fault)
			}
			b.expect(s + ms) // the old one is still seen
		})
	}
}

// there brings a bench to where vrrp.51 has index 7.
func there(t *testing.T) *bench {
	b := newBench(t, vmac51)
	b.expect(s, create51...)
	b.see(macvlan(7))
	b.expect(s + ms)
	return b
}

func TestLinkIsPutBack(t *testing.T) {
	b := there(t)
	if out := b.l.wayOut("vrrp.51"); out != "vrrp.51" {
		t.Errorf("adverts leave by %s", out)
	}
	b.gone(macvlan(7))
	b.expect(2*s, create51...)
	if out := b.l.wayOut("vrrp.51"); out != "eth0" {
		t.Errorf("adverts leave by %s while the VMAC is away", out)
	}
	if pending, _ := b.l.pending(b.l.find("vrrp.51"), 2*s); !pending {
		t.Error("the role waits for it")
	}
	b.see(macvlan(8))
	if _, back := b.l.tend(2*s + ms); !slices.Equal(back, []string{"vrrp.51"}) {
		t.Errorf("back: %v", back)
	}

	renamed := macvlan(8)
	renamed.Name = "other"
	b.see(renamed)
	b.expect(3*s, append([]string{"-macvlan vrrp.51 on eth0(8)"}, create51...)...)
}

func TestLinkThatIsTakenAgainAndAgain(t *testing.T) {
	b := there(t)
	now := 2 * s
	for i := range contestLimit {
		b.gone(macvlan(7 + i))
		b.expect(now, create51...)
		b.see(macvlan(8 + i))
		b.expect(now + ms)
		now += 10 * ms
	}
	b.gone(macvlan(7 + contestLimit))
	b.expect(now)
	if faults := b.l.watch.faults(); len(faults["V"]) == 0 {
		t.Error("the instance has no fault")
	}
	b.expect(now + contestPause - ms)
	b.l.watch.expire(now + contestPause)
	b.expect(now+contestPause, create51...)
}

// A link that is removed is set down first, so that "down" counts only when it lasts.
func TestLinkThatIsDown(t *testing.T) {
	b := there(t)
	down := macvlan(7)
	down.AdminUp = false
	b.see(down)
	b.expect(2 * s)
	m := b.l.find("vrrp.51")
	pending, again := b.l.pending(m, 2*s)
	if !pending || again != 2*s+downGrace {
		t.Errorf("just down: pending %v, again at %v", pending, again)
	}
	if pending, _ := b.l.pending(m, 2*s+downGrace); pending {
		t.Error("down for long: that is no passing state")
	}
	b.see(macvlan(7))
	if pending, again := b.l.pending(m, 3*s); pending || again != duequeue.Never {
		t.Error("up again")
	}
}

// An interface that goes takes what is on it along; nobody is blamed for that.
func TestLinkWithoutItsParent(t *testing.T) {
	b := there(t)
	b.see(netstate.Link{Index: 2, Name: "eth0", Ether: true})
	b.gone(macvlan(7))
	b.expect(2 * s)
	b.gone(netstate.Link{Index: 2, Name: "eth0"})
	b.expect(3 * s)
	b.see(netstate.Link{Index: 12, Name: "eth0", Up: true, AdminUp: true, Ether: true})
	b.expect(4*s, create51...)
	if n := b.l.watch.putBack["V"]; n != 0 {
		t.Errorf("%d thefts", n)
	}
}

func TestLinkIsCorrected(t *testing.T) {
	b := there(t)
	other := macvlan(7)
	other.MAC[5] = 0x99
	b.see(other)
	b.expect(2*s, "+MAC 00:00:5e:00:01:33 of vrrp.51")
	grouped := macvlan(7)
	grouped.Group = 5
	b.see(grouped)
	b.expect(3*s, "+MAC 00:00:5e:00:01:33 of vrrp.51")

	b.see(macvlan(7))
	b.see(netstate.Link{Index: 3, Name: "red", Kind: "vrf", AdminUp: true, Up: true})
	b.see(netstate.Link{Index: 2, Name: "eth0", Up: true, AdminUp: true, Ether: true, Master: 3})
	b.expect(4*s, "+up of vrrp.51") // into the VRF of its parent
	inVRF := macvlan(7)
	inVRF.Master = 3
	b.see(inVRF)
	b.expect(5 * s)
}

// IPv6 is on only while the addresses are held, and a link-local address comes with it.
func TestVMACHasIPv6WhileItsAddressesAreHeld(t *testing.T) {
	link := vmac51
	link.Family = conf.IPv6
	b := newBench(t, link)
	in := &conf.Instance{Name: "V", Interface: "eth0", Family: conf.IPv6, VMAC: &conf.VMAC{Name: "vrrp.51"}}
	if got := words(b.l.gain(in)); len(got) != 0 {
		t.Errorf("there is no link yet: %q", got)
	}
	b.l.tend(s)
	b.see(macvlan(7))
	b.l.tend(s + ms)
	if got := b.l.linkLocals(in); len(got) != 0 {
		t.Errorf("not held: %v", got)
	}
	if got := words(b.l.gain(in)); !slices.Equal(got, []string{"+net/ipv6/conf/vrrp.51/disable_ipv6 = 0"}) {
		t.Errorf("gain: %q", got)
	}
	if got := b.l.linkLocals(in); len(got) != 1 || got[0].Prefix.String() != "fe80::1/64" || got[0].PreferredLifetime != 0 || got[0].Interface != "vrrp.51" {
		t.Errorf("the parent's link-local address, deprecated: %v", got)
	}
	if got := words(b.l.roles([]*conf.Instance{in})); len(got) != 0 {
		t.Errorf("still held: %q", got)
	}
	if got := words(b.l.roles(nil)); !slices.Equal(got, []string{"+net/ipv6/conf/vrrp.51/disable_ipv6 = 1"}) {
		t.Errorf("given up: %q", got)
	}
	if got := b.l.linkLocals(in); len(got) != 0 {
		t.Errorf("given up: %v", got)
	}
}

// Many links that are no longer wanted go at once, and no other link with them.
func TestManyLinksGoTogether(t *testing.T) {
	var want []conf.Link
	for i := range 3 {
		l := vmac51
		l.Name = fmt.Sprintf("vrrp.%d", i+1)
		want = append(want, l)
	}
	b := newBench(t, want...)
	b.see(netstate.Link{Index: 99, Name: "other", Group: 1 << 30})
	b.l.tend(s)
	for i := range 2 { // the third one is still on its way
		l := macvlan(10 + i)
		l.Name = want[i].Name
		b.see(l)
	}
	b.l.tend(s + ms)
	got := words(b.l.want(nil))
	if want := []string{"+group 1073741825 of vrrp.1", "+group 1073741825 of vrrp.2", "-macvlan vrrp.3 on eth0(0)", "-links of group 1073741825"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
