package conf

import (
	"math"
	"net/netip"
	"slices"
	"strings"
)

// rawRoute is a route whose interfaces finish looks at.
type rawRoute struct {
	Route
	pos    Pos
	wanted []string
}

// tableMain is the routing table of routes without table.
const tableMain = 254

// routeReader reads one line of virtual_routes or static_routes.
type routeReader struct {
	itemReader
	Route
	destination string     // as it was written
	or          netip.Addr // the second gateway
}

var routeSynonyms = map[string]string{
	"oif": "dev", "gw": "via", "priority": "metric", "preference": "metric", "dsfield": "tos",
}

func addStaticRoute(b *builder, _ *Keyword, s Statement) {
	if r, ok := b.route(s, "static_routes/item"); ok {
		b.staticRoutes = append(b.staticRoutes, r)
	}
}

func addVirtualRoute(b *builder, _ *Keyword, s Statement) {
	if r, ok := b.route(s); ok {
		b.inst.routes = append(b.inst.routes, r)
	}
}

// route reads a route; ok is false when it is to be left out.
func (b *builder) route(s Statement, more ...string) (rawRoute, bool) {
	r := routeReader{
		itemReader: itemReader{b: b, s: s, what: "route", synonyms: routeSynonyms, blocks: append(more, "virtual_routes/item")},
		Route:      Route{Type: RouteUnicast, Table: tableMain, Protocol: protocolKeepalived},
	}
	for ; r.i < len(s.Words) && !r.out; r.i++ {
		r.option()
	}
	if !r.out {
		r.finish()
	}
	return rawRoute{r.Route, s.Pos, r.wanted}, !r.out && !r.left
}

// routeOptions read an option of a route with its values.
var routeOptions = map[string]func(r *routeReader){
	"inet":  func(r *routeReader) { r.forceFamily() },
	"inet6": func(r *routeReader) { r.forceFamily() },
	"to": func(r *routeReader) {
		if r.value() {
			r.target()
		}
	},
	"src": func(r *routeReader) {
		if r.value() {
			if a, ok := r.address("src"); ok && r.fix(familyOf(a)) {
				r.Source = a
			}
		}
	},
	"via": func(r *routeReader) { r.gateway() },
	"gw": func(r *routeReader) {
		r.b.report(deprecatedName, r.pos(), `"gw" for routes is deprecated. Please use "via"`)
		r.gateway()
	},
	"or":       func(r *routeReader) { r.secondGateway() },
	"from":     func(r *routeReader) { r.from() },
	"tos":      func(r *routeReader) { r.byName(NameDSField, func(n uint32) { r.TOS = uint8(n) }) },
	"dsfield":  func(r *routeReader) { r.byName(NameDSField, func(n uint32) { r.TOS = uint8(n) }) },
	"protocol": func(r *routeReader) { r.byName(NameProtocol, func(n uint32) { r.Protocol = uint8(n) }) },
	"scope":    func(r *routeReader) { r.byName(NameScope, func(n uint32) { r.Scope = uint8(n) }) },
	"table":    func(r *routeReader) { r.byName(NameTable, func(n uint32) { r.Table, r.VRF = n, "" }) },
	"vrf":      func(r *routeReader) { r.vrf() },
	"dev":      func(r *routeReader) { r.device(&r.Interface) },
	"oif":      func(r *routeReader) { r.device(&r.Interface) },
	"onlink":   func(r *routeReader) { r.OnLink = true },
	"encap":    func(r *routeReader) { r.Encap = r.encap() },
	"expires": func(r *routeReader) {
		if n, ok := r.numberValue(); ok && r.only(IPv6, "expires") {
			r.Expires = uint32(n)
		}
	},
	"realms": func(r *routeReader) {
		if !r.value() {
			return
		}
		realms, d := r.realms("realms")
		if d != nil {
			r.leave(d)
		} else if r.only(IPv4, "realms") {
			r.Realms = realms
		}
	},
	"features":      func(r *routeReader) { r.features() },
	"congctl":       func(r *routeReader) { r.congestion() },
	"pref":          func(r *routeReader) { r.preference() },
	"ttl-propagate": func(r *routeReader) { r.ttlPropagate() },
	"add":           func(r *routeReader) { r.Mode = RouteAdd },
	"prepend":       func(r *routeReader) { r.Mode = RoutePrepend },
	"append":        func(r *routeReader) { r.Mode = RouteAppend },
	"nexthop":       func(r *routeReader) { r.nextHops() },
	"no_track":      func(r *routeReader) { r.NoTrack = true },
	"track_group": func(r *routeReader) {
		if r.value() {
			r.trackGroup(&r.TrackGroup)
		}
	},
	"as": func(r *routeReader) { r.translation() },
}

// option reads the option at the current word, or the destination.
func (r *routeReader) option() {
	option := r.word()
	known := r.known()
	switch read := routeOptions[option]; {
	case known && read != nil:
		read(r)
	case known && slices.Contains(metricNames[:], option):
		r.pathMetric(MetricKind(slices.Index(metricNames[:], option)))
	case known && (option == "metric" || option == "priority" || option == "preference"):
		if n, ok := r.numberValue(); ok {
			r.Metric = uint32(n)
		}
	case r.setType(option):
		if r.value() {
			r.target()
		}
	default:
		r.target()
	}
}

// setType takes one of the words for a route's type, or its number.
func (r *routeReader) setType(word string) bool {
	if word == "brd" {
		word = "broadcast"
	}
	t := slices.Index(routeTypeNames[1:], word) + 1
	if neg, n, ok := cNumber(word); ok && !neg && n <= math.MaxUint8 {
		if t = int(n); t == 0 || t >= len(routeTypeNames) {
			d := r.b.report(badWord, r.pos(), "no type of routes has the number %d", t)
			d.Class = ClassNone // the kernel refuses it
			r.leave(d)
		}
	} else if t == 0 {
		return false
	}
	r.Type, r.Mode = RouteType(t), RouteAdd
	return true
}

// target reads the destination.
func (r *routeReader) target() {
	word := r.word()
	switch word {
	case "default", "any", "all", "default6":
	default:
		if _, err := plainAddr(hostPart(word)); err != nil {
			r.unknown()
			return
		}
	}
	if r.destination != "" {
		r.b.report(overwritten, r.pos(), "the route has two destinations: %s has no effect", r.destination)
	}
	p, ok := r.selector("to")
	if !ok {
		return
	}
	if p.IsValid() && p != p.Masked() {
		r.b.report(hostBits, r.pos(), "%s has host bits - using %s", word, p.Masked())
		p = p.Masked()
	}
	r.Destination, r.destination = p, word
}

// hostPart is what stands before the prefix length.
func hostPart(s string) string {
	host, _, _ := strings.Cut(s, "/")
	return host
}

// byName reads the value of an option that is a number or a name.
func (r *routeReader) byName(kind NameKind, set func(uint32)) {
	option := r.word()
	if !r.value() {
		return
	}
	if n, ok := r.named(kind, option); ok {
		set(n)
	}
}

func (r *routeReader) vrf() {
	if !r.value() {
		return
	}
	n, ok := r.b.lookupName(NameVRF, r.word())
	if !ok {
		r.drop(unknownName, "vrf: no VRF device has the name '%s'", r.word())
		return
	}
	r.Table, r.VRF = n, r.word()
}

// only fixes the family that an option is for.
func (r *routeReader) only(f Family, option string) bool {
	if r.family != 0 && r.family != f {
		r.drop(wrongFamily, "%s is only valid for %s", option, f)
		return false
	}
	r.family = f
	return true
}

// gateway reads "[inet|inet6] <ip>".
func (r *routeReader) gateway() {
	if !r.value() || !r.gatewayFamily() {
		return
	}
	if a, ok := r.address("via"); ok && r.fix(familyOf(a)) {
		r.Gateway = a
	}
}

// gatewayFamily reads the optional family before a gateway.
func (r *routeReader) gatewayFamily() bool {
	switch r.word() {
	case "inet":
		return r.value() && r.fix(IPv4)
	case "inet6":
		return r.value() && r.fix(IPv6)
	}
	return true
}

// secondGateway reads the gateway behind or.
func (r *routeReader) secondGateway() {
	r.b.report(deprecatedName, r.pos(), `"or" for routes is deprecated. Please use "nexthop"`)
	if !r.value() {
		return
	}
	a, err := plainAddr(r.word())
	switch {
	case err != nil:
		r.drop(badAddress, "or: invalid address '%s'", r.word())
	case r.fix(familyOf(a)):
		r.or = a
	}
}

func (r *routeReader) from() {
	if !r.value() {
		return
	}
	if r.word() == "default6" {
		r.selector("from")
		return
	}
	p, ok := r.prefix("from")
	switch {
	case !ok:
	case p.Addr().Is4():
		r.drop(wrongFamily, "from is only valid for IPv6 routes: '%s'", r.word())
	case r.fix(IPv6):
		r.From = p.Masked()
	}
}

// translation is "as [to] <ip>", which keepalived reads and refuses.
func (r *routeReader) translation() {
	at := r.pos()
	if !r.value() {
		return
	}
	if r.word() == "to" {
		r.next()
	}
	r.b.report(wrongPlace, at, `"as to" is for address translation, which routes no longer do - ignoring`)
}

// finish checks what only the whole line tells.
func (r *routeReader) finish() {
	if r.destination == "" {
		r.b.report(noDestination, r.s.Pos, "Route must have a destination - leaving the route out")
		r.out = true
		return
	}
	if r.family == 0 {
		r.family = IPv4
	}
	r.Family = r.family
	if !r.Destination.IsValid() {
		r.Destination = netip.PrefixFrom(unspecified(r.Family), 0)
	}
	r.joinGateways()
	if r.out {
		return
	}
	r.settleTracking()
	slices.SortFunc(r.Metrics, func(x, y RouteMetric) int { return int(x.Kind) - int(y.Kind) })
}

func unspecified(f Family) netip.Addr {
	if f == IPv6 {
		return netip.IPv6Unspecified()
	}
	return netip.IPv4Unspecified()
}

// settleTracking says when the loss of a route is not followed. keepalived
// follows no route without an interface: such a one may have any protocol
// number, and no track_group.
func (r *routeReader) settleTracking() {
	followed := r.Interface != "" && !r.NoTrack
	r.ownProtocol(&r.Protocol, !followed)
	if r.TrackGroup == "" || followed {
		return
	}
	d := r.b.report(untracked, r.s.Pos, "route %s is not tracked: its track_group %s has no effect", r.destination, r.TrackGroup)
	if r.Interface != "" {
		d.Class = ClassNone
		d.fix("remove no_track or track_group")
	}
	r.TrackGroup = ""
}

// finishRoutes complains about interfaces that do not exist.
func (b *builder) finishRoutes(list []rawRoute) []Route {
	var out []Route
	for _, r := range list {
		for _, name := range r.wanted {
			b.wantInterface(r.pos, name, "route "+r.Destination.String())
		}
		out = append(out, r.Route)
	}
	return out
}
