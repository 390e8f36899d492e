package conf

import "slices"

const methodOptions = "virtual_server/real_server/lvs_method/option"

// setMethod reads "NAT|DR|TUN [type ipip|gue|gre] [port <n>] [nocsum|csum|remcsum]".
func setMethod(field func(*builder) **Forwarding) setter {
	return func(b *builder, kw *Keyword, s Statement) {
		f := &Forwarding{Method: Method(s.Words[1].Text)}
		if f.Method != NAT && f.Method != DR && f.Method != TUN {
			b.report(badWord, s.PosOf(1), "unknown [%s] routing method for virtual server.", s.Words[1].Text)
			return
		}
		ok := true
		for i := 2; i < len(s.Words) && ok; i++ {
			var more int
			more, ok = b.tunnelOption(f, s, i)
			i += more
		}
		if !ok || !b.tunnelFits(f, s) {
			*f = Forwarding{Method: f.Method}
		}
		if f.Method != TUN && len(s.Words) > 2 {
			b.report(methodOption, s.PosOf(2), "%s: options of a tunnel have no effect with %s", kw.Name, f.Method)
			*f = Forwarding{Method: f.Method}
		}
		*field(b) = f
	}
}

var (
	tunnelTypes = []string{TunnelIPIP: "ipip", TunnelGUE: "gue", TunnelGRE: "gre"}
	tunnelSums  = []string{TunnelNoCsum: "nocsum", TunnelCsumOn: "csum", TunnelRemCsum: "remcsum"}
)

// String gives the word of the configuration.
func (t TunnelType) String() string { return tunnelTypes[t] }

// String gives the word of the configuration.
func (c TunnelCsum) String() string { return tunnelSums[c] }

// tunnelOption reads the option at word i and says how many words more it
// took; false means that the options are not to be used.
func (b *builder) tunnelOption(f *Forwarding, s Statement, i int) (more int, ok bool) {
	word := s.Words[i].Text
	if sum := slices.Index(tunnelSums, word); sum >= 0 {
		f.TunnelCsum = TunnelCsum(sum)
		return 0, true
	}
	switch {
	case word != "type" && word != "port":
		b.report(badWord, s.PosOf(i), "%s: unknown tunnel option '%s' - ignoring the options", s.Keyword(), word)
		return 0, false
	case word == "port":
		n, ok := b.optionNumber(methodOptions, s, i)
		f.TunnelPort = uint16(n)
		return 1, ok
	case i+1 >= len(s.Words):
		b.report(missingValue, s.PosOf(i), "%s: type of the tunnel is missing - ignoring the options", s.Keyword())
		return 0, false
	}
	t := slices.Index(tunnelTypes, s.Words[i+1].Text)
	if t < 0 {
		b.report(badWord, s.PosOf(i+1), "%s: unknown tunnel type '%s' - ignoring the options", s.Keyword(), s.Words[i+1].Text)
		return 1, false
	}
	f.TunnelType = TunnelType(t)
	return 1, true
}

// tunnelFits reports whether the options go together.
func (b *builder) tunnelFits(f *Forwarding, s Statement) bool {
	switch {
	case (f.TunnelType == TunnelGUE) != (f.TunnelPort != 0):
		b.report(wrongPlace, s.PosOf(2), "%s: gue tunnels require a port, others cannot have one - ignoring the options", s.Keyword())
	case f.TunnelType == TunnelIPIP && f.TunnelCsum != TunnelNoCsum:
		b.report(wrongPlace, s.PosOf(2), "%s: ipip tunnels have no checksum option - ignoring the options", s.Keyword())
	case f.TunnelType == TunnelGRE && f.TunnelCsum == TunnelRemCsum:
		b.report(wrongPlace, s.PosOf(2), "%s: gre tunnels have no remote checksum - ignoring the options", s.Keyword())
	default:
		return true
	}
	return false
}
