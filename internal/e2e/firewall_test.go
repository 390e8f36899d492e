package e2e

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"

	"halbd/internal/lab"
)

// The elements of a set come in an order of the kernel's.
var elements = regexp.MustCompile(`\{[^{}]*,[^{}]*\}`)

func sortElements(list string) string {
	e := strings.Split(strings.Trim(list, "{}"), ",")
	for i := range e {
		e[i] = strings.TrimSpace(e[i])
	}
	slices.Sort(e)
	return "{ " + strings.Join(e, ", ") + " }"
}

// ruleset is what nft shows in a host, without the numbers that grow, by table.
func ruleset(t *testing.T, n *lab.Net, host string) map[string]string {
	t.Helper()
	out, err := n.Run(host, "nft -s list ruleset")
	must(t, err)
	tables := map[string]string{}
	for _, text := range strings.Split(elements.ReplaceAllStringFunc(out, sortElements), "\n}\n") {
		if name, body, ok := strings.Cut(strings.TrimSpace(text), " {\n"); ok {
			tables[name] = body
		}
	}
	return tables
}

const strangers = `
table inet strangers {
	chain in {
		type filter hook input priority 0; policy accept;
		ip saddr 192.0.2.1 drop
	}
}
`

// The host answers at an address with accept and not at one with no_accept,
// while others can still find out where that is.
func TestNoAccept(t *testing.T) {
	t.Parallel()
	n := lan(t, "a", "b")
	file := filepath.Join(t.TempDir(), "strangers.nft")
	must(t, os.WriteFile(file, []byte(strangers), 0o644))
	_, err := n.Run("a", "nft -f "+file)
	must(t, err)
	before := ruleset(t, n, "a")
	// b asks at an address from before it comes until after it has gone, without
	// one answer. It knows the MAC, so that every datagram gets there.
	mac, err := n.Run("a", "cat /sys/class/net/eth0/address")
	must(t, err)
	_, err = n.Run("b", "ip neigh add 10.9.1.9 dev eth0 nud permanent lladdr "+mac)
	must(t, err)
	gone, asked := make(chan struct{}), make(chan int, 1)
	go n.Inside("b", func() error {
		c, err := net.Dial("udp", "10.9.1.9:9")
		if err != nil {
			asked <- -1
			return err
		}
		defer c.Close()
		answers := 0
		for tick := time.NewTicker(time.Millisecond); ; {
			if _, err := c.Write([]byte("?")); errors.Is(err, syscall.ECONNREFUSED) {
				answers++ // the host that is there says that nobody listens
			}
			select {
			case <-tick.C:
			case <-gone:
				asked <- answers
				return nil
			}
		}
	})
	var many strings.Builder // so that they take a while to come and to go
	for i := range 250 {
		fmt.Fprintf(&many, " 10.9.4.%d/16\n", i+1)
	}
	p := start(t, n, "a", halbd, instance("N", 1, 255, " no_accept\n virtual_ipaddress {\n 10.9.1.9/16\n 10.9.1.1/16\n }\n virtual_ipaddress_excluded {\n"+many.String()+" }")+
		instance("Y", 2, 255, " version 3\n accept\n virtual_ipaddress {\n 10.9.1.2/16\n }")+
		instance("N6", 3, 255, " no_accept\n virtual_ipaddress {\n fe80::a:3\n fd09::a:3/64\n }")+
		instance("Y6", 4, 255, " virtual_ipaddress {\n fe80::a:4\n fd09::a:4/64\n }"))
	for _, vip := range []string{"10.9.1.1", "10.9.1.2", "fd09::a:3", "fe80::a:3", "fd09::a:4", "fe80::a:4"} {
		wait(t, "an owner of "+vip, 10*time.Second, func() bool { return owns(n, "a", vip) })
	}
	answers := func(addr string) bool {
		var err error
		n.Inside("b", func() error {
			_, err = net.DialTimeout("tcp", net.JoinHostPort(addr, "9"), time.Second)
			return nil
		})
		return errors.Is(err, syscall.ECONNREFUSED)
	}
	for addr, want := range map[string]bool{"10.9.1.1": false, "10.9.1.2": true, "fd09::a:3": false, "fe80::a:3%eth0": false, "fd09::a:4": true, "fe80::a:4%eth0": true} {
		if got := answers(addr); got != want {
			t.Errorf("%s answers: %v, want %v", addr, got, want)
		}
		name, _, _ := strings.Cut(addr, "%")
		if out, err := n.Run("b", "ip neigh show dev eth0 "+name); err != nil || !strings.Contains(out, "lladdr") {
			t.Errorf("b does not know where %s is: %s%v", addr, out, err)
		}
	}
	// Nor does anything leave with the address.
	n.Inside("a", func() error {
		d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(10, 9, 1, 1)}, Timeout: time.Second}
		if _, err := d.Dial("tcp", "10.9.0.2:9"); errors.Is(err, syscall.ECONNREFUSED) {
			t.Error("a packet from the address of no_accept got out")
		}
		return nil
	})
	must(t, p.Stop(8*time.Second))
	close(gone)
	if n := <-asked; n != 0 {
		t.Errorf("%d answers from the address of no_accept while it came and went", n)
	}
	if strings.Contains(p.Log(), "not enforced") {
		t.Error("the filter could not be set at first")
	}
	if diff := cmp.Diff(before, ruleset(t, n, "a")); diff != "" {
		t.Errorf("the host's rules before and after (-before +after):\n%s", diff)
	}
}

// What keepalived 2.2.7 did not have yet: a VMAC does not tell the network
// that its parent's link-local address is at the virtual MAC.
var parentLinkLocal = regexp.MustCompile(`(?s)\tset parent_link_local \{.*?\n\t\}\n\n|[^\n]*@parent_link_local[^\n]*\n`)

// With the same file, nft shows the same as on a host of keepalived.
func TestSameTableAsKeepalived(t *testing.T) {
	v6 := " no_accept\n virtual_ipaddress {\n fe80::100\n fd09::100/64\n }\n virtual_ipaddress_excluded {\n 10.9.3.1/32\n }"
	for name, conf := range map[string]string{
		"IPv4": instance("A", 51, 150, " no_accept\n virtual_ipaddress {\n 10.9.1.1/16\n 10.9.1.2/16\n }") +
			instance("B", 52, 150, " virtual_ipaddress {\n 10.9.1.3/16\n }"),
		"IPv6":            instance("A", 51, 150, v6),
		"options":         "global_defs {\n nftables filters\n nftables_priority -7\n nftables_counters\n nftables_ifindex\n}\n" + instance("A", 51, 150, " dont_track_primary\n"+v6),
		"interface names": instance("A", 51, 150, " dont_track_primary\n"+v6) + instance("B", 52, 150, " no_accept\n virtual_ipaddress {\n fe80::200\n }"),
		"strict": "global_defs {\n vrrp_strict\n}\n" + instance("A", 51, 150, " version 2\n virtual_ipaddress {\n 10.9.1.1/16\n }") +
			instance("B", 52, 255, " version 3\n virtual_ipaddress {\n 10.9.1.2/16\n }") +
			instance("C", 53, 150, " version 3\n virtual_ipaddress {\n 10.9.1.3/16\n }"),
		"VMAC, IPv4": instance("A", 51, 150, " use_vmac\n no_accept\n virtual_ipaddress {\n 10.9.1.1/16\n }") +
			instance("B", 52, 150, " use_vmac vm52\n virtual_ipaddress {\n 10.9.1.2/16\n }"),
		"VMAC, IPv6": instance("A", 51, 150, " use_vmac\n version 3\n virtual_ipaddress {\n fe80::100\n fd09::100/64\n }") +
			instance("B", 52, 150, " use_vmac\n no_accept\n version 3\n virtual_ipaddress {\n fe80::102\n }"),
		"iptables that are nftables": "global_defs {\n vrrp_iptables\n}\n" + instance("A", 51, 150, " no_accept\n virtual_ipaddress {\n 10.9.1.1/16\n }"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got [2]map[string]string
			for i, binary := range []string{keepalived, halbd} {
				n := lan(t, "a")
				p := start(t, n, "a", binary, conf)
				roles := strings.Count(conf, "vrrp_instance")
				wait(t, "master of everything", 10*time.Second, func() bool { return strings.Count(p.Log(), "Entering MASTER STATE") == roles })
				wait(t, "a table", 5*time.Second, func() bool { got[i] = ruleset(t, n, "a"); return len(got[i]) > 0 })
				must(t, p.Stop(8*time.Second))
				if rest := ruleset(t, n, "a"); len(rest) > 0 {
					t.Errorf("%s left %v", binary, rest)
				}
			}
			for table, body := range got[1] {
				got[1][table] = parentLinkLocal.ReplaceAllString(body, "")
			}
			if diff := cmp.Diff(got[0], got[1]); diff != "" {
				t.Errorf("(-keepalived +halbd):\n%s", diff)
			}
		})
	}
}

// What a VMAC's interface says for itself leaves by the interface under it: the
// virtual MAC is for the virtual router alone.
func TestVMACSaysNothingOfItsOwn(t *testing.T) {
	t.Parallel()
	n := lan(t, "a", "b")
	seen, err := n.Start("b", filepath.Join(t.TempDir(), "tcpdump"), "tcpdump", "-i", "eth0", "-n", "-e", "-v", "-l", "--immediate-mode", "ip6")
	must(t, err)
	wait(t, "tcpdump ready", 10*time.Second, func() bool { return strings.Contains(seen.Log(), "listening on") })
	start(t, n, "a", halbd, instance("V", 51, 255, " use_vmac\n version 3\n virtual_ipaddress {\n fe80::100\n fd09::100/64\n }"))
	local, err := n.Run("a", "ip -o -6 addr show dev eth0 scope link | grep -o 'fe80[^/ ]*'")
	must(t, err)
	local = strings.TrimSpace(local)
	// The virtual addresses are announced from the virtual MAC; the groups that they need are joined by the other.
	line := func(source string, says ...string) bool {
		return slices.ContainsFunc(strings.Split(seen.Log(), "\n"), func(l string) bool {
			ok := strings.Contains(l, source+" >")
			for _, s := range says {
				ok = ok && strings.Contains(l, s)
			}
			return ok
		})
	}
	const vmac = "00:00:5e:00:02:33"
	wait(t, "an announcement", 10*time.Second, func() bool { return line(vmac, "neighbor advertisement", "fe80::100") })
	wait(t, "a report of groups from the parent", 10*time.Second, func() bool { return line("", "multicast listener report v2", "ff02::1:ff00:100") })
	// Whoever asks for the host itself is told the host's MAC.
	must(t, n.Inside("b", func() error {
		c, err := net.Dial("udp", "["+local+"%eth0]:9")
		if err != nil {
			return err
		}
		defer c.Close()
		_, err = c.Write([]byte("?"))
		return err
	}))
	wait(t, "an answer", 10*time.Second, func() bool { return line("", "neighbor advertisement", "tgt is "+local) })
	for _, says := range [][]string{{"multicast listener report"}, {"router solicitation"}, {"neighbor advertisement", "tgt is " + local}} {
		if line(vmac, says...) {
			t.Errorf("%v from the virtual MAC:\n%s", says, seen.Log())
		}
	}
}

// Whatever others do to our table is undone, with the role kept and a line in
// the log that says what it was. What they do to theirs does not concern us.
func TestStolenRulesArePutBack(t *testing.T) {
	t.Parallel()
	n, p := lone(t, " no_accept\n"+vips(2))
	wait(t, "a table", 5*time.Second, func() bool { return len(ruleset(t, n, "a")) == 1 })
	want := ruleset(t, n, "a")
	sniff, err := n.Sniff("sw", lab.Cable("a", "eth0"))
	must(t, err)
	defer sniff.Close()
	_, err = n.Run("a", "for i in 1 2 3; do nft add table ip theirs; nft add chain ip theirs c; nft delete table ip theirs; done")
	must(t, err)
	for _, theft := range []struct{ command, said string }{
		{"flush ruleset", "deleted table ip keepalived by nft (process "},
		{"delete element ip keepalived vips { 10.9.1.1 }", "deleted elements of set vips of table ip keepalived by nft (process "},
		{"delete chain ip keepalived in", "deleted rules of chain in of table ip keepalived, "},
		{"insert rule ip keepalived in accept", "added or changed rules of chain in of table ip keepalived by nft (process "},
	} {
		lines := strings.Count(p.Log(), "nftables: ")
		command := theft.command
		if strings.HasPrefix(command, "delete chain") {
			command = "'flush chain ip keepalived in; delete chain ip keepalived in'"
			theft.said = "deleted chain in of table ip keepalived by nft (process "
		}
		_, err := n.Run("a", "nft "+command)
		must(t, err)
		wait(t, "the rules back after "+theft.command, 2*time.Second, func() bool { return cmp.Equal(want, ruleset(t, n, "a")) })
		wait(t, "a line in the log: "+theft.said, 2*time.Second, func() bool { return strings.Contains(p.Log(), theft.said) })
		if more := strings.Count(p.Log(), "nftables: ") - lines; more != 1 {
			t.Errorf("%s: %d lines in the log, want 1", theft.command, more)
		}
	}
	if i := slices.IndexFunc(sniff.Frames(), func(f lab.Frame) bool { return !f.GARP && f.Advert.Priority == 0 }); i >= 0 {
		t.Error("the role was given up")
	}
	if strings.Contains(p.Log(), "theirs") {
		t.Error("it told of another table")
	}
}

// A ruleset that is flushed is there again within a tenth of a second: by the
// time of the kernel's notices of the end of our table and of its return, which
// is that of everything in it.
func TestFlushedRulesAreBackQuickly(t *testing.T) {
	n, _ := lone(t, " no_accept\n"+vips(2))
	wait(t, "a table", 5*time.Second, func() bool { return len(ruleset(t, n, "a")) == 1 })
	var c *netlink.Conn
	must(t, n.Inside("a", func() (err error) {
		if c, err = netlink.Dial(unix.NETLINK_NETFILTER, nil); err == nil {
			err = c.JoinGroup(unix.NFNLGRP_NFTABLES)
		}
		return err
	}))
	defer c.Close()
	must(t, c.SetReadDeadline(time.Now().Add(20*time.Second)))
	quick(t, func() time.Duration {
		_, err := n.Run("a", "nft flush ruleset")
		must(t, err)
		var gone time.Time
		for {
			list, err := c.Receive()
			must(t, err)
			for _, m := range list {
				switch m.Header.Type {
				case unix.NFNL_SUBSYS_NFTABLES<<8 | unix.NFT_MSG_DELTABLE:
					gone = time.Now()
				case unix.NFNL_SUBSYS_NFTABLES<<8 | unix.NFT_MSG_NEWTABLE:
					return time.Since(gone)
				}
			}
		}
	})
}

// What a VRRP process that dies has left does not stay while nobody holds the role.
func TestCrashLeavesNoRules(t *testing.T) {
	t.Parallel()
	n := lan(t, "a")
	p := start(t, n, "a", halbd, instance("V", 1, 150, " no_accept\n"+vips(1)))
	filtered := func() bool { return len(ruleset(t, n, "a")) == 1 }
	wait(t, "rules", 10*time.Second, filtered)
	must(t, syscall.Kill(p.Tree()[1], syscall.SIGKILL))
	wait(t, "the leftover removed", 5*time.Second, func() bool { return !filtered() })
	wait(t, "rules again", 10*time.Second, filtered)
}

// Two programs that want the same table do not keep each other busy for ever.
func TestRepeatedTheftIsAnsweredSlowly(t *testing.T) {
	t.Parallel()
	n, p := lone(t, " no_accept\n"+vips(1))
	wait(t, "a table", 5*time.Second, func() bool { return len(ruleset(t, n, "a")) == 1 })
	want := ruleset(t, n, "a")
	_, err := n.Run("a", "for i in $(seq 60); do nft flush ruleset; sleep 0.02; done")
	must(t, err)
	wait(t, "a complaint", 2*time.Second, func() bool { return strings.Contains(p.Log(), "this happens again and again") })
	wait(t, "the rules back at last", 5*time.Second, func() bool { return cmp.Equal(want, ruleset(t, n, "a")) })
	if lines := strings.Count(p.Log(), "nftables: "); lines > 20 {
		t.Errorf("%d lines in the log", lines)
	}
}

// A reload moves everything to another table, and an instance in or out of it.
func TestReloadOfTheFilter(t *testing.T) {
	t.Parallel()
	conf := func(table, accept string) string {
		return fmt.Sprintf("global_defs {\n nftables %s\n}\n", table) + instance("A", 1, 255, accept+"\n virtual_ipaddress {\n 10.9.1.1/32\n }") +
			instance("B", 2, 255, " no_accept\n virtual_ipaddress {\n 10.9.1.2/32\n }")
	}
	n := lan(t, "a")
	p := start(t, n, "a", halbd, conf("one", "no_accept"))
	has := func(table string, addrs ...string) func() bool {
		return func() bool {
			r := ruleset(t, n, "a")
			body, ok := r["table ip "+table]
			for _, a := range []string{"10.9.1.1", "10.9.1.2"} {
				ok = ok && strings.Contains(body, a) == slices.Contains(addrs, a)
			}
			return ok && len(r) == 1
		}
	}
	wait(t, "both addresses in table one", 10*time.Second, has("one", "10.9.1.1", "10.9.1.2"))
	reload := func(text string) {
		t.Helper()
		must(t, os.WriteFile(p.Conf(), []byte(text), 0o644))
		must(t, p.Signal(syscall.SIGHUP))
	}
	reload(conf("two", "no_accept"))
	wait(t, "both addresses in table two alone", 10*time.Second, has("two", "10.9.1.1", "10.9.1.2"))
	reload(conf("two", "accept"))
	wait(t, "one address in table two", 10*time.Second, has("two", "10.9.1.2"))
}

// With vrrp_iptables on a host whose iptables is the older one, the chains that
// are named there lead to ours, and are left as they were.
func TestIptables(t *testing.T) {
	t.Parallel()
	bin := t.TempDir()
	for _, p := range []string{"iptables", "ip6tables"} {
		for _, suffix := range []string{"", "-restore"} {
			must(t, os.Symlink("/usr/sbin/"+p+"-legacy"+suffix, filepath.Join(bin, p+suffix)))
		}
	}
	wrapper := filepath.Join(bin, "halbd")
	must(t, os.WriteFile(wrapper, []byte("#!/bin/sh\nPATH="+bin+":$PATH exec "+halbd+" \"$@\"\n"), 0o755))
	n := lan(t, "a", "b")
	saved := func() string {
		t.Helper()
		out, err := n.Run("a", "iptables-legacy-save -t filter | grep -v '^[#:C]'; ip6tables-legacy-save -t filter | grep -v '^[#:C]'")
		must(t, err)
		return out
	}
	if out, err := n.Run("a", "iptables-legacy -N guard && iptables-legacy -A INPUT -j guard && ip6tables-legacy -N guard && ip6tables-legacy -A INPUT -j guard"); err != nil {
		t.Skip("this kernel has no x_tables: " + out)
	}
	before := saved()
	conf := func(global string) string {
		return "global_defs {\n" + global + "\n}\n" + instance("N", 1, 255, " no_accept\n virtual_ipaddress {\n 10.9.1.1/16\n }\n virtual_ipaddress_excluded {\n fd09::a:1/64\n }") +
			instance("Y", 2, 255, " virtual_ipaddress {\n 10.9.1.2/16\n }")
	}
	p := start(t, n, "a", wrapper, conf("vrrp_iptables guard"))
	wait(t, "the addresses", 10*time.Second, func() bool { return owns(n, "a", "10.9.1.1") && owns(n, "a", "fd09::a:1") && owns(n, "a", "10.9.1.2") })
	answers := func(addr string) bool {
		var err error
		n.Inside("b", func() error {
			_, err = net.DialTimeout("tcp", net.JoinHostPort(addr, "9"), time.Second)
			return nil
		})
		return errors.Is(err, syscall.ECONNREFUSED)
	}
	for addr, want := range map[string]bool{"10.9.1.1": false, "fd09::a:1": false, "10.9.1.2": true} {
		if got := answers(addr); got != want {
			t.Errorf("%s answers: %v, want %v", addr, got, want)
		}
	}
	if out := saved(); !strings.Contains(out, "-A guard -j halbd_in\n") || strings.Contains(out, "-A OUTPUT") {
		t.Errorf("rules:\n%s", out)
	}
	if r := ruleset(t, n, "a"); len(r) > 0 {
		t.Errorf("nftables is used as well: %v", r)
	}
	must(t, os.WriteFile(p.Conf(), []byte(conf("nftables")), 0o644))
	must(t, p.Signal(syscall.SIGHUP))
	wait(t, "nftables instead", 10*time.Second, func() bool { return len(ruleset(t, n, "a")) == 2 && saved() == before })
	must(t, os.WriteFile(p.Conf(), []byte(conf("vrrp_iptables guard")), 0o644))
	must(t, p.Signal(syscall.SIGHUP))
	wait(t, "iptables again", 10*time.Second, func() bool {
		return len(ruleset(t, n, "a")) == 0 && strings.Contains(saved(), "-A halbd_in -d 10.9.1.1/32 -j DROP")
	})
	must(t, p.Stop(8*time.Second))
	if diff := cmp.Diff(before, saved()); diff != "" {
		t.Errorf("rules before and after (-before +after):\n%s", diff)
	}
	if strings.Contains(p.Log(), "not enforced") || strings.Contains(p.Log(), "nftables: ") {
		t.Error("complaints in the log")
	}
}
