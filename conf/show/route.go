package show

import (
	"fmt"
	"strconv"
	"strings"

	"halbd/conf"
)

// What a route or a rule has when its line does not say so.
const (
	mainTable   = 254
	ownProtocol = 18
	everyMark   = 0xffffffff
)

// routes writes virtual_routes or static_routes.
func (p *printer) routes(keyword string, list []conf.Route) {
	if len(list) == 0 {
		return
	}
	p.block(keyword, func() {
		for i := range list {
			p.line(routeWords(&list[i])...)
		}
	})
}

func routeWords(r *conf.Route) []string {
	var w words
	usual := conf.RoutePrepend
	if r.Type != conf.RouteUnicast {
		w.add(r.Type.String())
		usual = conf.RouteAdd
	}
	w.add(r.Destination.String())
	if r.From.IsValid() {
		w.add("from", r.From.String())
	}
	w.positive("tos", uint64(r.TOS))
	if r.Gateway.IsValid() {
		w.add("via", r.Gateway.String())
	}
	if r.Source.IsValid() {
		w.add("src", r.Source.String())
	}
	w.text("dev", r.Interface)
	w.flag("onlink", r.OnLink)
	switch {
	case r.VRF != "":
		w.text("vrf", r.VRF)
	case r.Table != mainTable:
		w.add("table", conf.BuiltinName(conf.NameTable, r.Table))
	}
	if r.Protocol != ownProtocol {
		w.add("protocol", conf.BuiltinName(conf.NameProtocol, uint32(r.Protocol)))
	}
	if r.Scope != 0 {
		w.add("scope", conf.BuiltinName(conf.NameScope, uint32(r.Scope)))
	}
	w.positive("metric", uint64(r.Metric))
	for _, m := range r.Metrics {
		w.metric(m)
	}
	if r.Congestion != "" {
		w.add("congctl")
		w.flag("lock", r.LockCongest)
		w.add(quote(r.Congestion))
	}
	w.realms(r.Realms)
	w.positive("expires", uint64(r.Expires))
	if r.Preference != 0 {
		w.number("pref", uint64(r.Preference))
	}
	if r.TTLPropagate != nil {
		w.add("ttl-propagate", map[bool]string{true: "enabled", false: "disabled"}[*r.TTLPropagate])
	}
	w.flag(r.Mode.String(), r.Mode != usual)
	w.flag("no_track", r.NoTrack)
	w.text("track_group", r.TrackGroup)
	w.encap(r.Encap) // takes src, tos and hoplimit for its own: behind them
	for i := range r.NextHops {
		w.leg(&r.NextHops[i])
	}
	return w
}

// metric adds a path metric in the kernel's unit, which is that of a number without a suffix.
func (w *words) metric(m conf.RouteMetric) {
	w.add(m.Kind.String())
	if m.Kind == conf.MetricFeatures {
		w.add("ecn")
		return
	}
	w.flag("lock", m.Lock)
	w.add(strconv.FormatUint(uint64(m.Value), 10))
}

func (w *words) realms(r conf.Realms) {
	switch {
	case r.Source != 0:
		w.add("realms", fmt.Sprintf("%d/%d", r.Source, r.Destination))
	case r.Destination != 0:
		w.number("realms", uint64(r.Destination))
	}
}

// encap adds encap with its options.
func (w *words) encap(e *conf.Encap) {
	if e == nil {
		return
	}
	w.add("encap", string(e.Type))
	tos, ttl := "tos", "ttl"
	switch e.Type {
	case conf.EncapMPLS:
		labels := make([]string, len(e.Labels))
		for i, l := range e.Labels {
			labels[i] = strconv.FormatUint(uint64(l), 10)
		}
		w.add(strings.Join(labels, "/"))
		return
	case conf.EncapILA:
		w.add(fmt.Sprintf("%x:%x:%x:%x", e.Locator>>48, e.Locator>>32&0xffff, e.Locator>>16&0xffff, e.Locator&0xffff))
		return
	case conf.EncapIP6:
		tos, ttl = "tc", "hoplimit"
	}
	if e.ID != 0 || !e.Destination.IsValid() {
		w.number("id", e.ID)
	}
	if e.Destination.IsValid() {
		w.add("dst", e.Destination.String())
	}
	if e.Source.IsValid() {
		w.add("src", e.Source.String())
	}
	w.positive(tos, uint64(e.TOS))
	w.positive(ttl, uint64(e.TTL))
	w.positive("flags", uint64(e.Flags))
}

// leg adds one nexthop.
func (w *words) leg(h *conf.NextHop) {
	w.add("nexthop")
	if h.Gateway.IsValid() {
		w.add("via", h.Gateway.String())
	}
	w.text("dev", h.Interface)
	if h.Weight != 1 {
		w.number("weight", uint64(h.Weight))
	}
	w.flag("onlink", h.OnLink)
	w.realms(h.Realms)
	w.encap(h.Encap)
}

// rules writes virtual_rules or static_rules.
func (p *printer) rules(keyword string, list []conf.RoutingRule) {
	if len(list) == 0 {
		return
	}
	p.block(keyword, func() {
		for i := range list {
			p.line(ruleWords(&list[i])...)
		}
	})
}

func ruleWords(r *conf.RoutingRule) []string {
	var w words
	w.flag("not", r.Not)
	if r.From.IsValid() {
		w.add("from", r.From.String())
	}
	if r.To.IsValid() {
		w.add("to", r.To.String())
	}
	w.text("iif", r.Input)
	w.text("oif", r.Output)
	w.positive("tos", uint64(r.TOS))
	if r.FwMask != 0 {
		mark := fmt.Sprintf("%#x", r.FwMark)
		if r.FwMask != everyMark {
			mark += fmt.Sprintf("/%#x", r.FwMask)
		}
		w.add("fwmark", mark)
	}
	w.positive("tunnel-id", r.TunnelID)
	if r.UIDs != nil {
		w.add("uidrange", fmt.Sprintf("%d-%d", r.UIDs.Low, r.UIDs.High))
	}
	w.positive("ipproto", uint64(r.IPProtocol))
	w.ports("sport", r.SourcePorts)
	w.ports("dport", r.DestPorts)
	w.action(r)
	w.realms(r.Realms)
	if r.SuppressLength != nil {
		w.number("suppress_prefixlength", uint64(*r.SuppressLength))
	}
	if r.SuppressGroup != nil {
		w.number("suppress_ifgroup", uint64(*r.SuppressGroup))
	}
	if r.Protocol != ownProtocol {
		w.number("protocol", uint64(r.Protocol))
	}
	w.number("priority", uint64(r.Priority))
	w.flag("no_track", r.NoTrack)
	w.text("track_group", r.TrackGroup)
	w.flag("inet6", r.Family == conf.IPv6 && !r.From.IsValid() && !r.To.IsValid()) // takes the word behind it away: the last one
	return w
}

func (w *words) ports(option string, r conf.PortRange) {
	if r != (conf.PortRange{}) {
		w.add(option, fmt.Sprintf("%d-%d", r.Low, r.High))
	}
}

// action adds what a rule does.
func (w *words) action(r *conf.RoutingRule) {
	switch {
	case r.L3MDev:
		w.add("l3mdev")
	case r.Action == conf.RuleTable:
		w.add("table", conf.BuiltinName(conf.NameTable, r.Table))
	case r.Action == conf.RuleGoto:
		w.number("goto", uint64(r.Goto))
	default:
		w.add(r.Action.String())
	}
}
