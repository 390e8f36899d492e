package firewall

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Chains are a Ruleset for iptables: two chains of our own in the table filter
// of each family, and the operator's chains that jump to them. Whoever may
// start programs makes them so with Steps; the whole is meant each time, so
// that what a killed process left does not matter.
type Chains struct {
	In, Out        string // the operator's chains; "": that direction is not filtered
	Rules4, Rules6 []string
	Clear4, Clear6 bool // there were rules, or may have been: if there are none now, the chains go
}

// Names of our chains.
const (
	chainIn  = "halbd_in"
	chainOut = "halbd_out"
)

// MakeChains translates a Ruleset. IGMP and MLD of VMACs are dropped: iptables
// cannot send them by another interface.
func MakeChains(in, out string, r *Ruleset) Chains {
	c := Chains{In: in, Out: out}
	rule := func(list *[]string, chain, format string, args ...any) {
		if chain == chainIn && in != "" || chain == chainOut && out != "" {
			*list = append(*list, "-A "+chain+" "+fmt.Sprintf(format, args...))
		}
	}
	for i := range r.VMACs {
		if v := &r.VMACs[i]; !v.V6 {
			rule(&c.Rules4, chainOut, "-o %s -p igmp -j DROP", v.Link)
		} else {
			if v.LinkLocal.IsValid() {
				rule(&c.Rules6, chainOut, "-o %s -s %v -p ipv6-icmp -m icmp6 --icmpv6-type %d -j DROP", v.Link, v.LinkLocal, neighborAdvert)
			}
			rule(&c.Rules6, chainOut, "-o %s -p ipv6-icmp -m icmp6 --icmpv6-type %d -j DROP", v.Link, mld2Report)
			rule(&c.Rules6, chainOut, "-o %s -p ipv6-icmp -m icmp6 --icmpv6-type %d -j DROP", v.Link, routerSolicitation)
		}
	}
	if slices.ContainsFunc(r.Drops, func(d Drop) bool { return d.Addr.Is6() }) {
		for _, chain := range []string{chainIn, chainOut} {
			rule(&c.Rules6, chain, "-p ipv6-icmp -m icmp6 --icmpv6-type %d -j RETURN", neighborSolicit)
			rule(&c.Rules6, chain, "-p ipv6-icmp -m icmp6 --icmpv6-type %d -j RETURN", neighborAdvert)
		}
	}
	for i := range r.Drops {
		d := &r.Drops[i]
		list := &c.Rules4
		from, to := "", ""
		if d.Addr.Is6() {
			list = &c.Rules6
		}
		if d.Local() {
			from, to = "-i "+d.Link+" ", "-o "+d.Link+" "
		}
		rule(list, chainIn, "%s-d %v -j DROP", from, d.Addr)
		rule(list, chainOut, "%s-s %v -j DROP", to, d.Addr)
	}
	return c
}

// Step is one program to run. The next one runs only if it ends well, unless
// it is Optional; Unless is a step that makes this one unnecessary by ending well.
type Step struct {
	Args     []string
	Input    string
	Optional bool
	Unless   *Step
}

// Steps lists what makes the kernel have the chains.
func (c *Chains) Steps() []Step {
	return append(c.family("iptables", c.Rules4, c.Clear4), c.family("ip6tables", c.Rules6, c.Clear6)...)
}

// lockWait is how long iptables waits for another that changes the tables (seconds).
const lockWait = "5"

func (c *Chains) family(program string, rules []string, clear bool) (list []Step) {
	if len(rules) == 0 && !clear {
		return nil
	}
	restore := Step{Args: []string{program + "-restore", "-w", lockWait, "--noflush"}}
	jump := func(how, from, to string) Step {
		return Step{Args: []string{program, "-w", lockWait, how, from, "-j", to}}
	}
	ways := [][2]string{{c.In, chainIn}, {c.Out, chainOut}}
	text := "*filter\n:" + chainIn + " - [0:0]\n:" + chainOut + " - [0:0]\n" // which empties them
	if len(rules) == 0 {
		for _, w := range ways {
			if w[0] != "" {
				step := jump("-D", w[0], w[1])
				step.Optional = true
				list = append(list, step)
			}
		}
		restore.Input = text + "-X " + chainIn + "\n-X " + chainOut + "\nCOMMIT\n"
		return append(list, restore)
	}
	restore.Input = text + strings.Join(rules, "\n") + "\nCOMMIT\n"
	list = append(list, restore)
	for _, w := range ways {
		if w[0] != "" {
			step, check := jump("-I", w[0], w[1]), jump("-C", w[0], w[1])
			step.Unless = &check
			list = append(list, step)
		}
	}
	return list
}

// LegacyIptables reports whether the host's iptables uses x_tables, the
// kernel's older packet filter. The newer flavour writes nftables.
func LegacyIptables() bool {
	for _, dir := range append(filepath.SplitList(os.Getenv("PATH")), "/usr/sbin", "/sbin") {
		path, err := filepath.EvalSymlinks(filepath.Join(dir, "iptables"))
		if err == nil {
			return !strings.Contains(filepath.Base(path), "nft")
		}
	}
	return false
}
