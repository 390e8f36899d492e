package firewall

import (
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// namespace puts the test's thread into a network of its own.
func namespace(t *testing.T) *Manager {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("making a network namespace needs root")
	}
	runtime.LockOSThread() // never unlocked: the thread must not be used again
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		t.Fatal(err)
	}
	m, err := Open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	return m
}

// nft runs the tool in the namespace of the calling thread.
func nft(t *testing.T, args ...string) string {
	t.Helper()
	out, err := exec.Command("nft", args...).CombinedOutput()
	if err != nil {
		t.Fatalf("nft %v: %v\n%s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

func ip(s string) netip.Addr { return netip.MustParseAddr(s) }

func drops(list ...string) (d []Drop) {
	for _, s := range list {
		d = append(d, Drop{Addr: ip(s), Index: 1})
	}
	return d
}

// expect compares the whole ruleset of the namespace, as nft shows it.
func expect(t *testing.T, what, want string) {
	t.Helper()
	if diff := cmp.Diff(strings.TrimSpace(want), nft(t, "list", "ruleset")); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

const noAccept4 = `
table ip keepalived {
	set vips {
		type ipv4_addr
		elements = { 10.0.0.100, 10.0.0.101 }
	}

	chain out {
		type filter hook output priority filter - 1; policy accept;
		ip saddr @vips drop
	}

	chain in {
		type filter hook input priority filter - 1; policy accept;
		ip daddr @vips drop
	}
}`

const everything6 = `
table ip6 other {
	set parent_link_local {
		type ipv6_addr
		elements = { fe80::1 }
	}

	map vmac_map {
		type iface_index : iface_index
		elements = { "lo" : "lo" }
	}

	set vmac_set {
		type iface_index
		elements = { "lo" }
	}

	set vips {
		type ipv6_addr
		elements = { 2001:db8::100 }
	}

	set neighbor-discovery {
		type icmpv6_type
		flags constant
		elements = { nd-neighbor-solicit,
			     nd-neighbor-advert }
	}

	set vips_link_local_name {
		type ipv6_addr . ifname
		elements = { fe80::102 . "gone0" }
	}

	set vips_link_local {
		type ipv6_addr . iface_index
		elements = { fe80::100 . "lo" }
	}

	chain out {
		type filter hook output priority filter - 7; policy accept;
		icmpv6 type nd-neighbor-advert meta oifkind "macvlan" ip6 saddr @parent_link_local counter packets 0 bytes 0 drop
		icmpv6 type mld2-listener-report meta oifkind "macvlan" dup to ip6 daddr device oif map @vmac_map counter packets 0 bytes 0 drop
		icmpv6 type nd-router-solicit meta oifkind "macvlan" oif @vmac_set counter packets 0 bytes 0 drop
		icmpv6 type @neighbor-discovery counter packets 0 bytes 0 accept
		ip6 saddr fe80::/10 counter packets 0 bytes 0 goto out_link_local
		ip6 saddr @vips counter packets 0 bytes 0 drop
	}

	chain in {
		type filter hook input priority filter - 7; policy accept;
		icmpv6 type @neighbor-discovery counter packets 0 bytes 0 accept
		ip6 daddr fe80::/10 counter packets 0 bytes 0 goto in_link_local
		ip6 daddr @vips counter packets 0 bytes 0 drop
	}

	chain in_link_local {
		ip6 daddr . iifname @vips_link_local_name counter packets 0 bytes 0 drop
		ip6 daddr . iif @vips_link_local counter packets 0 bytes 0 drop
	}

	chain out_link_local {
		ip6 saddr . oifname @vips_link_local_name counter packets 0 bytes 0 drop
		ip6 saddr . oif @vips_link_local counter packets 0 bytes 0 drop
	}
}`

// What nft shows is, word for word, what it shows of keepalived's table.
func TestTableAsNftShowsIt(t *testing.T) {
	m := namespace(t)
	apply := func(r Ruleset) {
		t.Helper()
		if err := m.Apply(&r); err != nil {
			t.Fatal(err)
		}
	}
	expect(t, "before", "")
	apply(Ruleset{Table: "keepalived", Priority: -1})
	expect(t, "nothing to say", "")
	apply(Ruleset{Table: "keepalived", Priority: -1, Drops: drops("10.0.0.100", "10.0.0.101")})
	expect(t, "no_accept, IPv4", noAccept4)
	apply(Ruleset{Table: "other", Priority: -7, Counters: true,
		Drops: append(drops("2001:db8::100", "fe80::100"), Drop{Addr: ip("fe80::102"), Name: "gone0"}),
		VMACs: []VMAC{{Index: 1, Parent: 1, V6: true, LinkLocal: ip("fe80::1")}}})
	expect(t, "another name, and everything of IPv6", everything6)
	apply(Ruleset{Table: "keepalived", Priority: -1, VMACs: []VMAC{{Index: 1, Parent: 1}}})
	expect(t, "a VMAC, IPv4", `
table ip keepalived {
	map vmac_map {
		type iface_index : iface_index
		elements = { "lo" : "lo" }
	}

	chain out {
		type filter hook output priority filter - 1; policy accept;
		ip protocol igmp meta oifkind "macvlan" dup to ip daddr device oif map @vmac_map drop
	}
}`)
	apply(Ruleset{Table: "keepalived"})
	expect(t, "removed", "")
}

// Others' tables, and a table of ours that a killed process left, are no hindrance.
func TestOnlyOurTableIsTouched(t *testing.T) {
	m := namespace(t)
	const others = `
table inet keepalived {
	chain in {
		type filter hook input priority filter; policy accept;
		ip saddr 192.0.2.1 drop
	}
}
table ip mine {
	chain keepalived {
	}
}`
	file := t.TempDir() + "/others.nft"
	if err := os.WriteFile(file, []byte(others), 0o600); err != nil {
		t.Fatal(err)
	}
	nft(t, "-f", file)
	nft(t, "add", "table", "ip", "keepalived")
	nft(t, "add", "chain", "ip", "keepalived", "left", "{ type filter hook input priority -1; policy drop; }")
	r := Ruleset{Table: "keepalived", Priority: -1}
	if err := m.Apply(&r); err != nil {
		t.Fatal(err)
	}
	expect(t, "a leftover removed", others)
	r.Drops = drops("10.0.0.100", "10.0.0.101")
	if err := m.Apply(&r); err != nil {
		t.Fatal(err)
	}
	expect(t, "beside others", others+noAccept4)
	r.Drops = nil
	if err := m.Apply(&r); err != nil {
		t.Fatal(err)
	}
	expect(t, "removed", others)
}

// Between two rulesets the addresses of both are covered; counting goes on.
func TestCoverTakesNothingAway(t *testing.T) {
	m := namespace(t)
	address := regexp.MustCompile(`10\.0\.0\.[0-9]+`)
	elements := func() string {
		return strings.Join(address.FindAllString(nft(t, "list", "set", "ip", "keepalived", "vips"), -1), " ")
	}
	first := Ruleset{Table: "keepalived", Priority: -1, Drops: drops("10.0.0.1", "10.0.0.2")}
	second := Ruleset{Table: "keepalived", Priority: -1, Drops: drops("10.0.0.2", "10.0.0.3")}
	for _, step := range []struct {
		do   func(*Ruleset) error
		with *Ruleset
		want string
	}{
		{m.Apply, &first, "10.0.0.1 10.0.0.2"},
		{m.Cover, &second, "10.0.0.1 10.0.0.2 10.0.0.3"},
		{m.Apply, &second, "10.0.0.2 10.0.0.3"},
	} {
		if err := step.do(step.with); err != nil {
			t.Fatal(err)
		}
		if got := elements(); got != step.want {
			t.Errorf("elements %s, want %s", got, step.want)
		}
	}
	// Another shape, and another name: the old addresses stay covered too.
	third := Ruleset{Table: "new", Priority: -1, Drops: drops("10.0.0.9"), VMACs: []VMAC{{Index: 1, Parent: 1}}}
	if err := m.Cover(&third); err != nil {
		t.Fatal(err)
	}
	if list := nft(t, "list", "ruleset"); !strings.Contains(list, "table ip keepalived") || !strings.Contains(list, "table ip new") {
		t.Errorf("while the name changes:\n%s", list)
	}
	if err := m.Apply(&third); err != nil {
		t.Fatal(err)
	}
	if list := nft(t, "list", "ruleset"); strings.Contains(list, "table ip keepalived") {
		t.Errorf("after the name has changed:\n%s", list)
	}
}

// Thousands of addresses are one transaction, and one change of one of them is small.
func TestManyAddresses(t *testing.T) {
	m := namespace(t)
	r := Ruleset{Table: "keepalived", Priority: -1}
	for i := range 5000 {
		r.Drops = append(r.Drops, Drop{Addr: netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)})},
			Drop{Addr: ip(fmt.Sprintf("2001:db8::%x", i+1))}, Drop{Addr: ip(fmt.Sprintf("fe80::%x", i+1)), Index: 1})
	}
	start := time.Now()
	if err := m.Apply(&r); err != nil {
		t.Fatal(err)
	}
	t.Logf("15,000 addresses: %v", time.Since(start))
	if n := strings.Count(nft(t, "list", "ruleset"), "10.0."); n != 5000 {
		t.Errorf("%d IPv4 addresses, want 5000", n)
	}
	r.Drops = r.Drops[1:]
	if list := m.diff(tables(&r)); len(list) != 1 {
		t.Errorf("%d requests to take one address away, want 1", len(list))
	}
	start = time.Now()
	if err := m.Apply(&r); err != nil {
		t.Fatal(err)
	}
	t.Logf("one of them removed: %v", time.Since(start))
}

// A change that the kernel refuses is named, and leaves the table as it was.
func TestRefusedChangeIsNamed(t *testing.T) {
	m := namespace(t)
	r := Ruleset{Table: "keepalived", Priority: -1, Drops: drops("10.0.0.100", "10.0.0.101")}
	if err := m.Apply(&r); err != nil {
		t.Fatal(err)
	}
	bad := Ruleset{Table: "keepalived", Priority: -1, Drops: drops("10.0.0.100"), VMACs: []VMAC{{Index: 1, Parent: 1}}}
	want := tables(&bad)
	c := want[tableKey{unix.NFPROTO_IPV4, "keepalived"}].chains[0]
	c.rules[0] = append([]expr{within("nosuchset")}, c.rules[0]...)
	err := m.commit(want)
	if err == nil || !strings.Contains(err.Error(), "rule 1 of chain out of table ip keepalived") {
		t.Errorf("error %v, want one about rule 1 of chain out", err)
	}
	expect(t, "after a refusal", noAccept4)
}

// Every kind of interference is noticed with its author, repaired by the next
// Apply, and our own changes and those of other tables are not taken for it.
func TestWatcherNamesWhatWasTaken(t *testing.T) {
	m := namespace(t)
	w, err := m.Watch("keepalived")
	if err != nil {
		t.Fatal(err)
	}
	thefts := make(chan Theft, 100)
	done := make(chan error, 1)
	go func() { done <- w.Run(func(s Theft) { thefts <- s }) }()
	r := Ruleset{Table: "keepalived", Priority: -1, Drops: drops("10.0.0.100", "10.0.0.101", "fe80::1")}
	if err := m.Apply(&r); err != nil {
		t.Fatal(err)
	}
	before := nft(t, "list", "ruleset")
	for _, theft := range []struct{ command, want string }{
		{"delete element ip keepalived vips { 10.0.0.100 }", "deleted elements of set vips of table ip keepalived by nft (process "},
		{"flush chain ip keepalived in", "deleted rules of chain in of table ip keepalived by nft (process "},
		{"delete table ip6 keepalived", "deleted table ip6 keepalived by nft (process "},
		{"flush ruleset", "deleted table ip keepalived, deleted table ip6 keepalived by nft (process "},
		{"insert rule ip keepalived in accept", "added or changed rules of chain in of table ip keepalived by nft (process "},
		{"flush set ip keepalived vips", "deleted elements of set vips of table ip keepalived by nft (process "},
	} {
		nft(t, "add", "table", "ip", "stranger")
		nft(t, "add", "chain", "ip", "stranger", "in")
		nft(t, strings.Fields(theft.command)...)
		select {
		case s := <-thefts:
			if !strings.HasPrefix(sorted(s.String()), theft.want) {
				t.Errorf("%s: reported as %q, want %q", theft.command, s, theft.want)
			}
		case <-time.After(10 * time.Second):
			t.Fatalf("%s: not noticed", theft.command)
		}
		nft(t, "add", "table", "ip", "stranger")
		nft(t, "delete", "table", "ip", "stranger")
		m.Mistrust()
		if err := m.Apply(&r); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(lines(before), lines(nft(t, "list", "ruleset"))); diff != "" {
			t.Errorf("%s: after the repair (-want +got):\n%s", theft.command, diff)
		}
	}
	w.Close()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if len(thefts) > 0 {
		t.Errorf("reported without reason: %v", <-thefts)
	}
}

// sorted brings the two tables of a flush into one order.
func sorted(s string) string {
	return strings.Replace(s, "deleted table ip6 keepalived, deleted table ip keepalived", "deleted table ip keepalived, deleted table ip6 keepalived", 1)
}

// lines is a ruleset regardless of the order of its tables.
func lines(s string) map[string]bool {
	m := map[string]bool{}
	for _, table := range strings.Split(s, "\n}\n") {
		m[strings.TrimSuffix(table, "\n}")] = true
	}
	return m
}
