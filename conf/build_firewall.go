package conf

import "cmp"

// Lengths that the kernel takes.
const (
	longestChain = 27  // of iptables
	longestSet   = 30  // of ipsets
	longestTable = 255 // of nftables
)

func firewallSetters() blockSetters {
	return blockSetters{
		"vrrp_iptables":              setIptables,
		"vrrp_ipsets":                setIpsets,
		"nftables":                   setTable(func(b *builder) *string { return &b.global.Firewall.Table }, "keepalived"),
		"nftables_priority":          setInt32(func(b *builder) *maybe[int32] { return &b.global.nftPriority }),
		"nftables_ifindex":           setTrue(func(b *builder) *bool { return &b.global.Firewall.ByIndex }),
		"nftables_counters":          setTrue(func(b *builder) *bool { return &b.global.Firewall.Counters }),
		"nftables_ipvs":              setTable(func(b *builder) *string { return &b.global.Firewall.IPVSTable }, "keepalived_ipvs"),
		"nftables_ipvs_priority":     setInt32(func(b *builder) *maybe[int32] { return &b.global.nftIPVSPriority }),
		"nftables_ipvs_start_fwmark": setUint32(func(b *builder) *uint32 { return &b.global.Firewall.IPVSStartFwmark }),
	}
}

// tooLong complains about a name that the kernel does not take.
func (b *builder) tooLong(kw *Keyword, s Statement, i, most int) bool {
	if n := len(s.Words[i].Text); n > most {
		b.report(longName, s.PosOf(i), "%s: name '%s' has more than %d bytes - ignoring", kw.Name, s.Words[i].Text, most)
		return true
	}
	return false
}

// setIptables reads "[<chain in> [<chain out>]]".
func setIptables(b *builder, kw *Keyword, s Statement) {
	f := &b.global.Firewall
	chains := []*string{&f.ChainIn, &f.ChainOut}
	if len(s.Words) < 2 {
		f.ChainIn, f.ChainOut = "INPUT", "OUTPUT"
		return
	}
	f.ChainIn, f.ChainOut = "", ""
	for i := 1; i < len(s.Words) && i <= len(chains); i++ {
		if !b.tooLong(kw, s, i, longestChain) {
			*chains[i-1] = s.Words[i].Text
		}
	}
}

// setIpsets reads up to six names; without one ipsets are not used.
func setIpsets(b *builder, kw *Keyword, s Statement) {
	f := &b.global.Firewall
	f.Sets, f.NoSets = nil, len(s.Words) < 2
	for i := 1; i < len(s.Words) && i <= kw.words; i++ {
		if b.tooLong(kw, s, i, longestSet) {
			return
		}
		f.Sets = append(f.Sets, s.Words[i].Text)
	}
}

// setTable makes a setter of the name of an nftables table; the first stays.
func setTable(field func(*builder) *string, name string) setter {
	return func(b *builder, kw *Keyword, s Statement) {
		if *field(b) != "" {
			b.report(alreadySet, s.Pos, "%s already specified - ignoring", kw.Name)
			return
		}
		*field(b) = name
		if len(s.Words) > 1 && !b.tooLong(kw, s, 1, longestTable) && s.Words[1].Text != "" {
			*field(b) = s.Words[1].Text
		}
	}
}

func setInt32(field func(*builder) *maybe[int32]) setter {
	return func(b *builder, kw *Keyword, s Statement) {
		if n, ok := b.intArg(kw, s); ok {
			*field(b) = some(int32(n))
		}
	}
}

func (b *builder) finishFirewall() {
	f := &b.global.Firewall
	f.Priority, f.IPVSPriority = b.global.nftPriority.or(-1), b.global.nftIPVSPriority.or(-1)
	f.IPVSStartFwmark = cmp.Or(f.IPVSStartFwmark, 1000)
}
