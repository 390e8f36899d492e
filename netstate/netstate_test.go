package netstate

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"halbd/conf"
)

func link(index int, name string, up bool) Change {
	return Change{Link: &Link{Index: index, Name: name, Up: up}}
}

func addr(index int, prefix string) Change {
	return Change{Address: &Address{Index: index, Prefix: netip.MustParsePrefix(prefix), Usable: true}}
}

func gone(c Change) Change { c.Gone = true; return c }

func apply(m *Mirror, changes ...Change) []string {
	var names []string
	touched, _ := m.Apply(Update{Changes: changes})
	for n := range touched {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

func TestMirror(t *testing.T) {
	m := NewMirror()
	want := func(what string, got, names []string) {
		t.Helper()
		if !slices.Equal(got, names) {
			t.Errorf("%s: touched %q, want %q", what, got, names)
		}
	}
	want("new link", apply(m, link(2, "eth0", true), addr(2, "10.0.0.1/24")), []string{"eth0"})
	want("the same again", apply(m, link(2, "eth0", true), addr(2, "10.0.0.1/24")), nil)
	want("down", apply(m, link(2, "eth0", false)), []string{"eth0"})
	want("renamed", apply(m, link(2, "lan0", false)), []string{"eth0", "lan0"})
	if m.Link("eth0") != nil || m.Link("lan0") == nil {
		t.Error("the old name is still known, or the new one is not")
	}
	want("gone", apply(m, gone(link(2, "lan0", false))), []string{"lan0"})
	if _, ok := m.Find(2, netip.MustParsePrefix("10.0.0.1/24")); ok {
		t.Error("an address outlives its interface")
	}
	want("back under another index", apply(m, link(7, "lan0", true)), []string{"lan0"})
}

func TestMirrorKeepsTheOrderOfAddresses(t *testing.T) {
	m := NewMirror()
	apply(m, link(2, "eth0", true), addr(2, "10.0.0.9/24"), addr(2, "10.0.0.1/24"), addr(2, "10.0.0.5/24"))
	apply(m, gone(addr(2, "10.0.0.1/24")), addr(2, "10.0.0.1/24"))
	var got []string
	for _, a := range m.Addresses(2, func(*Address) bool { return true }) {
		got = append(got, a.Prefix.Addr().String())
	}
	if s := strings.Join(got, " "); s != "10.0.0.9 10.0.0.5 10.0.0.1" {
		t.Errorf("order %s", s)
	}
}

func TestSnapshotForgetsWhatIsGone(t *testing.T) {
	m := NewMirror()
	apply(m, link(2, "eth0", true), link(3, "eth1", true), addr(2, "10.0.0.1/24"))
	touched, _ := m.Apply(Update{Full: true, Changes: []Change{link(3, "eth1", true)}})
	if !touched["eth0"] || m.Link("eth0") != nil || m.Link("eth1") == nil {
		t.Errorf("touched %v, eth0 %v", touched, m.Link("eth0"))
	}
}

// namespace puts the test's thread into a network of its own.
func namespace(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("making a network namespace needs root")
	}
	runtime.LockOSThread() // never unlocked: the thread must not be used again
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		t.Fatal(err)
	}
}

func address(prefix string, edit ...func(*conf.Address)) *conf.Address {
	a := &conf.Address{Prefix: netip.MustParsePrefix(prefix), Interface: "lo", PreferredLifetime: conf.Forever}
	for _, e := range edit {
		e(a)
	}
	return a
}

// One request that fails neither stops the others nor hides behind them.
func TestWriterInTheKernel(t *testing.T) {
	namespace(t)
	w, err := NewWriter()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	watch, err := Watch(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer watch.Close()
	const lo = 1
	var ops []Op
	for i := range 200 {
		ops = append(ops, Op{Object: &AddressOn{lo, address(netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 1, 0, byte(i)}), 32).String())}})
	}
	ops = append(ops, Op{Object: &AddressOn{999, address("10.2.0.1/32")}}, Op{Object: &AddressOn{lo, address("2001:db8::1/128", func(a *conf.Address) { a.PreferredLifetime = 0 })}},
		Op{Remove: true, Object: &AddressOn{lo, address("10.9.9.9/32")}}) // was never there
	refused, err := w.Apply(ops)
	if err != nil || len(refused) != 1 || !strings.Contains(refused[0].Error(), "add address 10.2.0.1/32") {
		t.Errorf("refused %v, error %v, want 10.2.0.1 alone", refused, err)
	}
	m := NewMirror()
	u, err := watch.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	m.Apply(u)
	all := m.Addresses(lo, func(a *Address) bool { return a.Protocol == AddressProtocol })
	if len(all) != 201 {
		t.Errorf("%d addresses with our protocol number, want 201", len(all))
	}
	for i := range ops {
		ops[i].Remove = true
	}
	w.Apply(ops)
	u, _ = watch.Snapshot()
	m.Apply(u)
	if rest := m.Addresses(lo, func(*Address) bool { return true }); len(rest) != 0 {
		t.Errorf("left behind: %v", rest)
	}
}

// What happens in the kernel arrives as updates that lead the mirror there,
// also when the receive buffer overflows.
func TestWatcherSurvivesAnOverrun(t *testing.T) {
	namespace(t)
	w, err := NewWriter()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	watch, err := Watch(nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := watch.events.SetReadBuffer(4096); err != nil {
		t.Fatal(err)
	}
	var ops []Op
	for i := range 250 {
		ops = append(ops, Op{Object: &AddressOn{1, address(netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 1, 0, byte(i)}), 32).String())}})
	}
	if _, err := w.Apply(ops); err != nil { // nobody reads meanwhile
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	m, overruns := NewMirror(), 0
	done := make(chan struct{})
	go func() {
		defer close(done)
		watch.Run(ctx, func(u Update) {
			m.Apply(u)
			if len(m.addrs[1]) == 250 {
				cancel()
			}
		}, func(string) { overruns++ })
	}()
	<-done
	if len(m.addrs[1]) != 250 || overruns == 0 {
		t.Errorf("%d addresses after %d overruns", len(m.addrs[1]), overruns)
	}
}

// What changes while everything is read again after an overrun is not lost: the
// kernel would drop its notice without a word if the old ones were still there.
func TestChangesDuringTheRepair(t *testing.T) {
	namespace(t)
	w, err := NewWriter()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	watch, err := Watch(nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := watch.events.SetReadBuffer(4096); err != nil {
		t.Fatal(err)
	}
	add := func(i int) {
		prefix := netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 1, 0, byte(i)}), 32)
		if _, err := w.Apply([]Op{{Object: &AddressOn{1, address(prefix.String())}}}); err != nil {
			t.Error(err)
		}
	}
	for i := range 250 { // nobody reads meanwhile
		add(i)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	m, late := NewMirror(), sync.OnceFunc(func() { add(250) })
	watch.Run(ctx, func(u Update) {
		m.Apply(u)
		if u.Full {
			late()
		}
		if len(m.addrs[1]) == 251 {
			cancel()
		}
	}, func(string) {})
	if len(m.addrs[1]) != 251 {
		t.Errorf("%d addresses, want 251", len(m.addrs[1]))
	}
}

// What a muted writer adds is not told again; what it removes is, and so is
// whatever anybody else does to the same addresses.
func TestWatcherHearsNoEcho(t *testing.T) {
	namespace(t)
	sh(t, "ip link set lo up")
	w, err := NewWriter()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	watch, err := Watch(w)
	if err != nil {
		t.Fatal(err)
	}
	defer watch.Close()
	add := func(prefix string, remove bool) {
		if _, err := w.Apply([]Op{{Remove: remove, Object: &AddressOn{1, address(prefix)}}}); err != nil {
			t.Fatal(err)
		}
	}
	add("10.1.0.1/32", false)
	add("10.1.0.2/32", false)
	add("2001:db8::1/128", false)
	add("10.1.0.1/32", true)
	sh(t, "ip addr change 10.1.0.2/32 dev lo && ip addr add 10.1.0.3/32 dev lo && ip addr del 10.1.0.2/32 dev lo")
	var told []string
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	watch.Run(ctx, func(u Update) {
		for _, c := range u.Changes {
			if c.Address != nil {
				told = append(told, fmt.Sprint(c.Address.Prefix, " ", c.Address.Protocol, " gone ", c.Gone))
			}
			if len(told) == 5 {
				cancel()
			}
		}
	}, func(text string) { t.Error(text) })
	slices.SortStableFunc(told, func(a, b string) int { return strings.Compare(a[:4], b[:4]) }) // the kernel tells of IPv6 addresses when it likes
	want := []string{"10.1.0.1/32 18 gone true", "10.1.0.2/32 0 gone false", "10.1.0.3/32 0 gone false", "10.1.0.2/32 0 gone true", "2001:db8::1/128 18 gone false"}
	if !slices.Equal(told, want) {
		t.Errorf("told:\n%s\nwant:\n%s", strings.Join(told, "\n"), strings.Join(want, "\n"))
	}
}
