package healthcheck

import (
	"net/netip"
	"strconv"
	"strings"

	"halbd/conf"
)

// serviceName is the spelling of a virtual server in FIFO lines, mails and logs.
func serviceName(v *conf.VirtualServer, ordinal int) string {
	switch v.Kind {
	case conf.ByFwmark:
		return "FWM " + strconv.FormatUint(uint64(v.Fwmark), 10)
	case conf.ByGroup:
		return "[" + v.Group + "]:" + strconv.Itoa(ordinal)
	}
	return endpointName(v.Addr, v.Protocol)
}

// serverName is the spelling of a real server; the protocol of a fwmark service reads "none".
func serverName(v *conf.VirtualServer, rs *conf.RealServer) string {
	proto := v.Protocol
	if v.Kind == conf.ByFwmark {
		proto = conf.ProtoNone
	}
	return endpointName(rs.Addr, proto)
}

func endpointName(a netip.AddrPort, p conf.Protocol) string {
	return "[" + a.Addr().String() + "]:" + p.String() + ":" + strconv.Itoa(int(a.Port()))
}

// serviceKeys gives each virtual server its stable key and its name. Several
// virtual servers may use one group: they are told apart by their ordinal
// among the users of that group, which is also what keepalived prints.
func serviceKeys(vss []conf.VirtualServer) (keys, names []string) {
	keys, names = make([]string, len(vss)), make([]string, len(vss))
	used := make(map[string]int)
	seen := make(map[string]bool)
	for i := range vss {
		v := &vss[i]
		ordinal := 0
		if v.Kind == conf.ByGroup {
			ordinal = used[v.Group]
			used[v.Group]++
		}
		keys[i], names[i] = v.Key(), serviceName(v, ordinal)
		for n := 2; seen[keys[i]]; n++ {
			keys[i] = strings.TrimSuffix(v.Key(), " ") + "#" + strconv.Itoa(n)
		}
		seen[keys[i]] = true
	}
	return keys, names
}
