// Package dump writes a status.Status and its configuration as keepalived's
// dump files (keepalived.data and its kin, keepalived.json), whose names and
// layout exporters and monitoring scripts read. Secrets are never written. It
// asks nobody and opens no file.
package dump

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"halbd/conf"
)

// phrase builds a line of words.
type phrase struct{ strings.Builder }

func (p *phrase) add(format string, args ...any) {
	if p.Len() > 0 {
		p.WriteByte(' ')
	}
	fmt.Fprintf(p, format, args...)
}

func (p *phrase) addIf(cond bool, format string, args ...any) {
	if cond {
		p.add(format, args...)
	}
}

// prefix writes an address, and its length when it is not a whole address.
func prefix(p netip.Prefix) string {
	if p.IsSingleIP() {
		return p.Addr().String()
	}
	return p.String()
}

// addressText is an address in keepalived's words; set says that it is on this host.
func addressText(a *conf.Address, set bool) string {
	var p phrase
	p.add("%s", prefix(a.Prefix))
	p.addIf(a.Peer.IsValid(), "peer %s", prefix(a.Peer))
	p.addIf(a.Broadcast.IsValid(), "brd %v", a.Broadcast)
	dev := a.Interface
	if a.Parent != "" {
		dev += "@" + a.Parent
	}
	p.addIf(dev != "", "dev %s", dev)
	p.add("scope %s", scope(a.Scope))
	p.addIf(a.Label != "", "label %s", a.Label)
	p.addIf(a.Home, "home")
	p.addIf(a.DAD, "-nodad")
	p.addIf(a.ManageTemp, "mngtmpaddr")
	p.addIf(a.NoPrefixRoute, "noprefixroute")
	p.addIf(a.AutoJoin, "autojoin")
	p.addIf(a.NoTrack, "no_track")
	if a.Prefix.Addr().Is6() {
		switch a.PreferredLifetime {
		case 0:
			p.add("deprecated")
		case conf.Forever:
			p.add("preferred_lft forever")
		default:
			p.add("preferred_lft %d", a.PreferredLifetime)
		}
	}
	p.addIf(set, "set")
	return p.String()
}

func scope(s uint8) string {
	switch s {
	case unix.RT_SCOPE_UNIVERSE:
		return "global"
	case unix.RT_SCOPE_SITE:
		return "site"
	case unix.RT_SCOPE_LINK:
		return "link"
	case unix.RT_SCOPE_HOST:
		return "host"
	case unix.RT_SCOPE_NOWHERE:
		return "nowhere"
	}
	return strconv.Itoa(int(s))
}

func inet(a netip.Addr) string {
	if a.Is6() {
		return "inet6 " + a.String()
	}
	return "inet " + a.String()
}

// routeText is a route in keepalived's words.
func routeText(r *conf.Route) string {
	var p phrase
	p.add("%v", r.Mode)
	p.addIf(r.Type != conf.RouteUnicast, "%v", r.Type)
	p.add("%v", r.Destination)
	p.addIf(r.From.IsValid(), "from %v", r.From)
	p.addIf(r.Source.IsValid(), "src %v", r.Source)
	p.addIf(r.TOS != 0, "tos %d", r.TOS)
	if r.Encap != nil {
		p.add("%s", encapText(r.Encap))
	}
	p.addIf(r.Gateway.IsValid(), "via %s", inet(r.Gateway))
	p.addIf(r.Interface != "", "dev %s", r.Interface)
	p.addIf(r.Table != unix.RT_TABLE_MAIN, "table %d", r.Table)
	p.add("proto %d", r.Protocol)
	p.addIf(r.Scope != 0, "scope %d", r.Scope)
	p.addIf(r.Metric != 0, "metric %d", r.Metric)
	p.addIf(r.OnLink, "onlink")
	p.addIf(r.Realms != conf.Realms{}, "%s", realms("realms", r.Realms))
	for _, m := range r.Metrics {
		p.add("%s", metricText(m))
	}
	p.addIf(r.Congestion != "", "congctl %s%s", lock(r.LockCongest), r.Congestion)
	p.addIf(r.Expires != 0, "expires %dsec", r.Expires)
	p.addIf(r.Preference != 0, "pref %s", map[uint8]string{1: "high", 3: "low"}[r.Preference])
	if r.TTLPropagate != nil {
		p.add("ttl-propagate %s", map[bool]string{true: "enabled", false: "disabled"}[*r.TTLPropagate])
	}
	for i := range r.NextHops {
		p.add("%s", hopText(&r.NextHops[i]))
	}
	p.addIf(r.NoTrack || r.Interface == "", "no_track")
	return p.String()
}

func hopText(h *conf.NextHop) string {
	var p phrase
	p.add("nexthop")
	p.addIf(h.Gateway.IsValid(), "via %s", inet(h.Gateway))
	p.addIf(h.Interface != "", "dev %s", h.Interface)
	p.addIf(h.Weight > 1, "weight %d", h.Weight)
	p.addIf(h.OnLink, "onlink")
	p.addIf(h.Realms != conf.Realms{}, "%s", realms("realm", h.Realms))
	if h.Encap != nil {
		p.add("%s", encapText(h.Encap))
	}
	return p.String()
}

func lock(on bool) string {
	if on {
		return "lock "
	}
	return ""
}

func metricText(m conf.RouteMetric) string {
	value := strconv.FormatUint(uint64(m.Value), 10)
	switch m.Kind {
	case conf.MetricRTT:
		value = strconv.Itoa(int(m.Value/8)) + "ms"
	case conf.MetricRTTVar:
		value = strconv.Itoa(int(m.Value/4)) + "ms"
	case conf.MetricRTOMin:
		value += "ms"
	case conf.MetricFeatures:
		value = "ecn"
	}
	return m.Kind.String() + " " + lock(m.Lock) + value
}

func realms(word string, r conf.Realms) string {
	if r.Source != 0 {
		return fmt.Sprintf("%s %d/%d", word, r.Source, r.Destination)
	}
	return fmt.Sprintf("%s %d", word, r.Destination)
}

func encapText(e *conf.Encap) string {
	var p phrase
	p.add("encap %s", e.Type)
	switch e.Type {
	case conf.EncapMPLS:
		labels := make([]string, len(e.Labels))
		for i, l := range e.Labels {
			labels[i] = strconv.FormatUint(uint64(l), 10)
		}
		p.add("%s", strings.Join(labels, "/"))
	case conf.EncapILA:
		p.add("%x:%x:%x:%x", uint16(e.Locator>>48), uint16(e.Locator>>32), uint16(e.Locator>>16), uint16(e.Locator))
	default:
		tos, ttl := "tos", "ttl"
		if e.Type == conf.EncapIP6 {
			tos, ttl = "tc", "hoplimit"
		}
		p.addIf(e.ID != 0, "id %d", e.ID)
		p.addIf(e.Destination.IsValid(), "dst %v", e.Destination)
		p.addIf(e.Source.IsValid(), "src %v", e.Source)
		p.addIf(e.TOS != 0, "%s %d", tos, e.TOS)
		p.addIf(e.TTL != 0, "%s %d", ttl, e.TTL)
		p.addIf(e.Flags != 0, "flags 0x%x", e.Flags)
	}
	return p.String()
}

// ruleText is a routing rule in keepalived's words.
func ruleText(r *conf.RoutingRule) string {
	var p phrase
	p.addIf(r.Not, "not")
	if r.From.IsValid() {
		p.add("from %s", prefix(r.From))
	} else {
		p.add("from all")
	}
	p.addIf(r.To.IsValid(), "to %s", prefix(r.To))
	p.add("priority %d tos 0x%x", r.Priority, r.TOS)
	p.addIf(r.FwMask != 0, "fwmark 0x%x%s", r.FwMark, mask(r.FwMask))
	p.addIf(r.Input != "", "iif %s", r.Input)
	p.addIf(r.Output != "", "oif %s", r.Output)
	if r.SuppressLength != nil {
		p.add("suppress_prefixlen %d", *r.SuppressLength)
	}
	if r.SuppressGroup != nil {
		p.add("suppress_ifgroup %d", *r.SuppressGroup)
	}
	p.addIf(r.TunnelID != 0, "tunnel-id %d", r.TunnelID)
	if r.UIDs != nil {
		p.add("uidrange %d-%d", r.UIDs.Low, r.UIDs.High)
	}
	p.addIf(r.L3MDev, "l3mdev")
	p.addIf(r.Protocol != 0, "protocol %d", r.Protocol)
	p.addIf(r.IPProtocol != 0, "ipproto %d", r.IPProtocol)
	p.addIf(r.SourcePorts != conf.PortRange{}, "sport %d-%d", r.SourcePorts.Low, r.SourcePorts.High)
	p.addIf(r.DestPorts != conf.PortRange{}, "dport %d-%d", r.DestPorts.Low, r.DestPorts.High)
	p.addIf(r.Realms != conf.Realms{}, "%s", realms("realms", r.Realms))
	switch r.Action {
	case conf.RuleTable:
		p.add("lookup %d", r.Table)
	case conf.RuleGoto:
		p.add("goto %d", r.Goto)
	case conf.RuleNop:
		p.add("nop")
	default:
		p.add("type %v", r.Action)
	}
	p.addIf(r.NoTrack, "no_track")
	return p.String()
}

func mask(m uint32) string {
	if m == 0xffffffff {
		return ""
	}
	return fmt.Sprintf("/0x%x", m)
}

// quoted writes a command with each word in single quotes.
func quoted(c *conf.Command) string {
	words := make([]string, len(c.Args))
	for i, a := range c.Args {
		words[i] = "'" + a + "'"
	}
	return strings.Join(words, " ")
}
