package ipvs

import (
	"bufio"
	"fmt"
	"io"
	"net/netip"
	"strconv"
)

// Connections reads how many connections each destination has, from the text
// of /proc/net/ip_vs, which costs a fraction of a dump. It may be called beside
// Suspects. Where several network namespaces have services the kernel leaves
// some out.
func (v *View) Connections(take func(k ServiceKey, at netip.AddrPort, active, inactive uint64)) error {
	if _, err := v.counts.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("read the connections of the IPVS table: %w", err)
	}
	return connections(v.counts, take)
}

func connections(text io.Reader, take func(k ServiceKey, at netip.AddrPort, active, inactive uint64)) error {
	lines := bufio.NewScanner(text)
	var current ServiceKey
	known := false
	for lines.Scan() {
		b := lines.Bytes()
		if len(b) < 5 || string(b[:5]) != "  -> " {
			if current, _, known = serviceLine(b); !known {
				current, known = fwmarkLine(b)
			}
			continue
		}
		addr, port, rest, ok := hexEndpoint(b[5:])
		if !ok || !known {
			continue // the title
		}
		_, rest = word(rest) // method
		_, rest = word(rest) // weight
		active, rest := word(rest)
		inactive, _ := word(rest)
		n, err := strconv.ParseUint(string(active), 10, 64)
		m, err2 := strconv.ParseUint(string(inactive), 10, 64)
		if err != nil || err2 != nil {
			continue
		}
		k := current
		if k.Fwmark != 0 {
			k.IPv6 = addr.Is6()
		}
		take(k, netip.AddrPortFrom(addr, port), n, m)
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("read the connections of the IPVS table: %w", err)
	}
	return nil
}

// fwmarkLine reads "FWM  00000001 wrr ...". It does not show the family.
func fwmarkLine(b []byte) (k ServiceKey, ok bool) {
	name, rest := word(b)
	mark, _ := word(rest)
	n, ok := hexNumber(mark)
	k.Fwmark = uint32(n)
	return k, ok && string(name) == "FWM"
}
