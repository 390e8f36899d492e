package firewall

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// carryOut runs steps as the parent does, with the legacy programs.
func carryOut(t *testing.T, c *Chains) {
	t.Helper()
	run := func(s *Step) error {
		name := strings.Replace(s.Args[0], "tables", "tables-legacy", 1)
		cmd := exec.Command(name, s.Args[1:]...)
		cmd.Stdin = strings.NewReader(s.Input)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Logf("%v: %v %s", s.Args, err, out)
		}
		return err
	}
	for _, s := range c.Steps() {
		if s.Unless != nil && run(s.Unless) == nil {
			continue
		}
		if err := run(&s); err != nil && !s.Optional {
			t.Fatalf("%v\n%s", err, s.Input)
		}
	}
}

func legacy(t *testing.T, program string) string {
	t.Helper()
	out, err := exec.Command(program+"-legacy", "-S").CombinedOutput()
	if err != nil {
		t.Skipf("%s: %v %s", program, err, out)
	}
	return strings.TrimSpace(string(out))
}

// The chains in a kernel, from the first address to the last.
func TestChainsInTheKernel(t *testing.T) {
	namespace(t)
	legacy(t, "iptables")
	for _, p := range []string{"iptables-legacy", "ip6tables-legacy"} {
		if out, err := exec.Command(p, "-A", "INPUT", "-p", "tcp", "-j", "ACCEPT").CombinedOutput(); err != nil {
			t.Fatalf("%v %s", err, out)
		}
	}
	r := Ruleset{Drops: []Drop{{Addr: ip("10.0.0.100")}, {Addr: ip("2001:db8::100")}, {Addr: ip("fe80::100"), Index: 1, Link: "lo"}},
		VMACs: []VMAC{{Index: 1, Parent: 1, Link: "vrrp.1"}, {Index: 1, Parent: 1, V6: true, LinkLocal: ip("fe80::1"), Link: "vrrp6.1"}}}
	c := MakeChains("INPUT", "OUTPUT", &r)
	for range 2 { // the second time changes nothing
		carryOut(t, &c)
		if diff := cmp.Diff(`-P INPUT ACCEPT
-P FORWARD ACCEPT
-P OUTPUT ACCEPT
-N halbd_in
-N halbd_out
-A INPUT -j halbd_in
-A INPUT -p tcp -j ACCEPT
-A OUTPUT -j halbd_out
-A halbd_in -d 10.0.0.100/32 -j DROP
-A halbd_out -o vrrp.1 -p igmp -j DROP
-A halbd_out -s 10.0.0.100/32 -j DROP`, legacy(t, "iptables")); diff != "" {
			t.Errorf("IPv4 (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(`-P INPUT ACCEPT
-P FORWARD ACCEPT
-P OUTPUT ACCEPT
-N halbd_in
-N halbd_out
-A INPUT -j halbd_in
-A INPUT -p tcp -j ACCEPT
-A OUTPUT -j halbd_out
-A halbd_in -p ipv6-icmp -m icmp6 --icmpv6-type 135 -j RETURN
-A halbd_in -p ipv6-icmp -m icmp6 --icmpv6-type 136 -j RETURN
-A halbd_in -d 2001:db8::100/128 -j DROP
-A halbd_in -d fe80::100/128 -i lo -j DROP
-A halbd_out -s fe80::1/128 -o vrrp6.1 -p ipv6-icmp -m icmp6 --icmpv6-type 136 -j DROP
-A halbd_out -o vrrp6.1 -p ipv6-icmp -m icmp6 --icmpv6-type 143 -j DROP
-A halbd_out -o vrrp6.1 -p ipv6-icmp -m icmp6 --icmpv6-type 133 -j DROP
-A halbd_out -p ipv6-icmp -m icmp6 --icmpv6-type 135 -j RETURN
-A halbd_out -p ipv6-icmp -m icmp6 --icmpv6-type 136 -j RETURN
-A halbd_out -s 2001:db8::100/128 -j DROP
-A halbd_out -s fe80::100/128 -o lo -j DROP`, legacy(t, "ip6tables")); diff != "" {
			t.Errorf("IPv6 (-want +got):\n%s", diff)
		}
	}
	none := MakeChains("INPUT", "OUTPUT", &Ruleset{})
	none.Clear4, none.Clear6 = true, true
	for range 2 {
		carryOut(t, &none)
		for _, p := range []string{"iptables", "ip6tables"} {
			if diff := cmp.Diff("-P INPUT ACCEPT\n-P FORWARD ACCEPT\n-P OUTPUT ACCEPT\n-A INPUT -p tcp -j ACCEPT", legacy(t, p)); diff != "" {
				t.Errorf("%s at the end (-want +got):\n%s", p, diff)
			}
		}
	}
}

// One chain is one direction.
func TestChainsOfOneDirection(t *testing.T) {
	r := Ruleset{Drops: drops("10.0.0.100"), VMACs: []VMAC{{Link: "vrrp.1"}}}
	c := MakeChains("guard", "", &r)
	if diff := cmp.Diff([]string{"-A halbd_in -d 10.0.0.100 -j DROP"}, c.Rules4); diff != "" {
		t.Error(diff)
	}
	for _, s := range c.Steps() {
		if s.Unless != nil && s.Args[4] != "guard" {
			t.Errorf("a jump from %v", s.Args)
		}
	}
}

func TestLegacyIptables(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("PATH", dir)
	for target, want := range map[string]bool{"xtables-nft-multi": false, "xtables-legacy-multi": true, "xtables-multi": true, "iptables": true} {
		os.RemoveAll(filepath.Join(dir, "iptables"))
		file := filepath.Join(dir, target)
		if err := os.WriteFile(file, nil, 0o755); err != nil {
			t.Fatal(err)
		}
		if target != "iptables" {
			if err := os.Symlink(file, filepath.Join(dir, "iptables")); err != nil {
				t.Fatal(err)
			}
		}
		if got := LegacyIptables(); got != want {
			t.Errorf("%s: legacy %v, want %v", target, got, want)
		}
	}
}
