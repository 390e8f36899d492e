package netstate

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"strings"

	mdl "github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"

	"halbd/conf"
)

// RouteKey is what the kernel tells routes apart by, and who has set it.
type RouteKey struct {
	Table    uint32
	To, From netip.Prefix
	Type     conf.RouteType
	TOS      uint8
	Metric   uint32
	Protocol uint8
}

// Hop is one way out of a route; of a route that leads nowhere it is zero.
// Index 0 in a wanted route: the kernel finds the interface by the gateway.
type Hop struct {
	Gateway netip.Addr
	Index   int
}

// Leg is one hop of a shown or a wanted route.
type Leg struct {
	Hop
	Weight  uint16 // 1 of a route with one leg
	Options string // everything of the route that comes out as it was asked for, in words
}

// Route is a route as the kernel shows it or as it is wanted. IPv6 joins
// routes of one key into one with several legs, so each leg counts by itself.
type Route struct {
	RouteKey
	Legs []Leg
}

// HasRoute says whether every leg of a wanted route is there, as wanted, and
// whether there is one that goes the same way but not as wanted.
func (m *Mirror) HasRoute(r *Route) (there, otherwise bool) {
	legs := m.routes[r.RouteKey]
	there = true
	for i := range r.Legs {
		leg, ok := find(legs, r.Legs[i].Hop)
		same := ok && leg.Weight == r.Legs[i].Weight && leg.Options == r.Legs[i].Options
		there = there && same
		otherwise = otherwise || ok && !same
	}
	return there, otherwise
}

// RouteLinks lists the interfaces that a route is known to lead to.
func (m *Mirror) RouteLinks(r *Route) (indexes []int) {
	for i := range r.Legs {
		if l, ok := find(m.routes[r.RouteKey], r.Legs[i].Hop); ok && l.Index != 0 {
			indexes = append(indexes, l.Index)
		}
	}
	return indexes
}

func find(legs map[Hop]Leg, hop Hop) (Leg, bool) {
	if l, ok := legs[hop]; ok || hop.Index != 0 {
		return l, ok
	}
	for h, l := range legs {
		if h.Gateway == hop.Gateway {
			return l, true
		}
	}
	return Leg{}, false
}

// AssumeRoute enters the outcome of a change that was just asked of the kernel.
func (m *Mirror) AssumeRoute(r *Route, present bool) { m.applyRoute(r, present) }

func (m *Mirror) applyRoute(r *Route, present bool) (changed bool) {
	legs := m.routes[r.RouteKey]
	for _, l := range r.Legs {
		old, there := find(legs, l.Hop)
		switch {
		case present && (!there || old != l && old.Hop == l.Hop || old.Hop.Index == 0):
			if legs == nil {
				legs = map[Hop]Leg{}
				m.routes[r.RouteKey] = legs
			}
			delete(legs, Hop{Gateway: l.Gateway}) // what was assumed before the interface was known
			legs[l.Hop] = l
			changed = changed || !there || old.Weight != l.Weight || old.Options != l.Options
		case !present && there:
			delete(legs, old.Hop)
			changed = true
		case !present:
			if _, assumed := legs[Hop{Gateway: l.Gateway}]; assumed {
				delete(legs, Hop{Gateway: l.Gateway})
				changed = true
			}
		}
	}
	if len(legs) == 0 {
		delete(m.routes, r.RouteKey)
	}
	return changed
}

// defaultMetric6 is the metric of an IPv6 route that asks for none (IP6_RT_PRIO_USER).
const defaultMetric6 = 1024

// Shown says how the kernel will show the route.
func (o *RouteOn) Shown() *Route {
	r := o.Route
	key := RouteKey{Table: r.Table, To: r.Destination.Masked(), From: r.From, Type: r.Type, TOS: r.TOS, Metric: r.Metric, Protocol: r.Protocol}
	if key.Table == 0 {
		key.Table = unix.RT_TABLE_MAIN
	}
	if r.Family == conf.IPv6 {
		key.TOS = 0
		if key.Metric == 0 {
			key.Metric = defaultMetric6
		}
	}
	if r.From.IsValid() && r.From.Bits() == 0 {
		key.From = netip.Prefix{}
	}
	options := routeOptions(r)
	w := &Route{RouteKey: key}
	for i := range r.NextHops {
		h := &r.NextHops[i]
		w.Legs = append(w.Legs, Leg{Hop{h.Gateway, o.Hops[i]}, max(h.Weight, 1), options + legOptions(h.Realms, h.Encap)})
	}
	if len(w.Legs) == 0 {
		w.Legs = []Leg{{Hop{r.Gateway, o.Index}, 1, options + legOptions(r.Realms, r.Encap)}}
		if leadsNowhere(r.Type) {
			w.Legs[0].Hop = Hop{}
		}
	}
	return w
}

func leadsNowhere(t conf.RouteType) bool {
	switch t {
	case conf.RouteBlackhole, conf.RouteUnreachable, conf.RouteProhibit, conf.RouteThrow:
		return true
	}
	return false
}

func routeOptions(r *conf.Route) string {
	var b strings.Builder
	if r.Source.IsValid() {
		fmt.Fprintf(&b, "src %v ", r.Source)
	}
	lock := metricLock(r)
	for _, m := range r.Metrics {
		writeMetric(&b, uint16(m.Kind), m.Value)
	}
	if r.Congestion != "" {
		b.WriteString("congctl " + r.Congestion + " ")
	}
	if lock != 0 {
		fmt.Fprintf(&b, "lock %x ", lock)
	}
	return b.String()
}

// Limits of a metric that the kernel keeps (fib_metrics.c).
var metricLimit = map[conf.MetricKind]uint32{conf.MetricMTU: 65535 - 15, conf.MetricAdvMSS: 65535 - 40, conf.MetricHopLimit: 255}

func writeMetric(b *strings.Builder, kind uint16, value uint32) {
	if limit, ok := metricLimit[conf.MetricKind(kind)]; ok {
		value = min(value, limit)
	}
	if value != 0 {
		fmt.Fprintf(b, "%v %d ", conf.MetricKind(kind), value)
	}
}

func legOptions(realms conf.Realms, c *conf.Encap) string {
	text := ""
	if realms != (conf.Realms{}) {
		text = fmt.Sprintf("realms %x ", flow(realms))
	}
	if c != nil {
		text += fmt.Sprintf("encap %+v", *c)
	}
	return text
}

// decodeRoute reads a route of our protocol number; others are passed over
// before much time is spent on them.
func decodeRoute(m mdl.Message) (Change, bool, error) {
	if len(m.Data) < unix.SizeofRtMsg {
		return Change{}, false, fmt.Errorf("route message of %d bytes", len(m.Data))
	}
	d := routeDecoder{family: m.Data[0]}
	if d.family != unix.AF_INET && d.family != unix.AF_INET6 || m.Data[5] != AddressProtocol || binary.NativeEndian.Uint32(m.Data[8:])&unix.RTM_F_CLONED != 0 {
		return Change{}, false, nil
	}
	d.key = RouteKey{Table: uint32(m.Data[4]), TOS: m.Data[3], Protocol: m.Data[5], Type: conf.RouteType(m.Data[7])}
	ad, err := mdl.NewAttributeDecoder(m.Data[unix.SizeofRtMsg:])
	if err != nil {
		return Change{}, false, fmt.Errorf("route message: %w", err)
	}
	for ad.Next() {
		d.attribute(ad)
	}
	if err := ad.Err(); err != nil {
		return Change{}, false, fmt.Errorf("route message: %w", err)
	}
	d.key.To = prefixOf(d.to, d.family, m.Data[1])
	if m.Data[2] > 0 {
		d.key.From = prefixOf(d.from, d.family, m.Data[2])
	}
	if !d.key.To.IsValid() {
		return Change{}, false, nil
	}
	return Change{Gone: m.Header.Type == unix.RTM_DELROUTE, Replaced: m.Header.Flags&mdl.Replace != 0, Route: d.route()}, true, nil
}

// routeDecoder gathers a route's attributes, which come in any order.
type routeDecoder struct {
	family          byte
	key             RouteKey
	to, from        netip.Addr
	leg             legDecoder
	legs            []legDecoder
	source, metrics string
}

// legDecoder gathers the attributes of one leg.
type legDecoder struct {
	hop       Hop
	weight    uint16
	flow      uint32
	encap     []byte
	encapType uint16
}

func (d *routeDecoder) attribute(ad *mdl.AttributeDecoder) {
	switch ad.Type() {
	case unix.RTA_TABLE:
		d.key.Table = ad.Uint32()
	case unix.RTA_DST:
		d.to, _ = netip.AddrFromSlice(ad.Bytes())
	case unix.RTA_SRC:
		d.from, _ = netip.AddrFromSlice(ad.Bytes())
	case unix.RTA_PRIORITY:
		d.key.Metric = ad.Uint32()
	case unix.RTA_OIF:
		d.leg.hop.Index = int(ad.Uint32())
	case unix.RTA_PREFSRC:
		a, _ := netip.AddrFromSlice(ad.Bytes())
		d.source = fmt.Sprintf("src %v ", a)
	case unix.RTA_METRICS:
		ad.Nested(func(n *mdl.AttributeDecoder) error {
			d.metrics = decodeMetrics(n)
			return nil
		})
	case unix.RTA_MULTIPATH:
		d.legs = decodeLegs(ad.Bytes())
	default:
		d.leg.attribute(ad)
	}
}

func (l *legDecoder) attribute(ad *mdl.AttributeDecoder) {
	switch ad.Type() {
	case unix.RTA_GATEWAY:
		l.hop.Gateway, _ = netip.AddrFromSlice(ad.Bytes())
	case unix.RTA_FLOW:
		l.flow = ad.Uint32()
	case unix.RTA_ENCAP:
		l.encap = ad.Bytes()
	case unix.RTA_ENCAP_TYPE:
		l.encapType = ad.Uint16()
	}
}

func decodeMetrics(ad *mdl.AttributeDecoder) string {
	var b strings.Builder
	lock, congestion := uint32(0), ""
	for ad.Next() {
		switch ad.Type() {
		case rtaxLock:
			lock = ad.Uint32()
		case rtaxCongestion:
			congestion = ad.String()
		default:
			writeMetric(&b, ad.Type(), ad.Uint32())
		}
	}
	if congestion != "" {
		b.WriteString("congctl " + congestion + " ")
	}
	if lock != 0 {
		fmt.Fprintf(&b, "lock %x ", lock)
	}
	return b.String()
}

// decodeLegs reads a list of struct rtnexthop; it ends where the list is malformed.
func decodeLegs(b []byte) []legDecoder {
	var legs []legDecoder
	for len(b) >= unix.SizeofRtNexthop {
		n := int(binary.NativeEndian.Uint16(b))
		if n < unix.SizeofRtNexthop || n > len(b) {
			break
		}
		l := legDecoder{weight: uint16(b[3]) + 1}
		l.hop.Index = int(binary.NativeEndian.Uint32(b[4:]))
		ad, err := mdl.NewAttributeDecoder(b[unix.SizeofRtNexthop:n])
		if err != nil {
			break
		}
		for ad.Next() {
			l.attribute(ad)
		}
		legs = append(legs, l)
		b = b[min((n+3)&^3, len(b)):]
	}
	return legs
}

func (d *routeDecoder) route() *Route {
	r := &Route{RouteKey: d.key}
	if len(d.legs) == 0 {
		d.leg.weight = 1
		d.legs = []legDecoder{d.leg}
	}
	for i := range d.legs {
		l := &d.legs[i]
		hop := l.hop
		if leadsNowhere(d.key.Type) {
			hop = Hop{} // IPv6 shows lo
		}
		realms := conf.Realms{Source: uint8(l.flow >> 16), Destination: uint8(l.flow)}
		r.Legs = append(r.Legs, Leg{hop, l.weight, d.source + d.metrics + legOptions(realms, l.decodeEncap())})
	}
	return r
}

// decodeEncap reads a lightweight tunnel that a configuration can describe.
func (l *legDecoder) decodeEncap() *conf.Encap {
	c := &conf.Encap{}
	switch l.encapType {
	case lwtIP:
		c.Type = conf.EncapIP
	case lwtIP6:
		c.Type = conf.EncapIP6
	case lwtMPLS:
		c.Type = conf.EncapMPLS
	case lwtILA:
		c.Type = conf.EncapILA
	default:
		return nil
	}
	ad, err := mdl.NewAttributeDecoder(l.encap)
	if err != nil {
		return c
	}
	for ad.Next() {
		b := ad.Bytes()
		switch c.Type {
		case conf.EncapIP, conf.EncapIP6:
			decodeTunnel(c, ad.Type(), b)
		case conf.EncapMPLS:
			for ad.Type() == mplsDst && len(b) >= 4 {
				c.Labels = append(c.Labels, binary.BigEndian.Uint32(b)>>12)
				b = b[4:]
			}
		case conf.EncapILA:
			if ad.Type() == ilaLocator && len(b) == 8 {
				c.Locator = binary.BigEndian.Uint64(b)
			}
		}
	}
	return c
}

func decodeTunnel(c *conf.Encap, attribute uint16, b []byte) {
	switch {
	case attribute == lwtID && len(b) == 8:
		c.ID = binary.BigEndian.Uint64(b)
	case attribute == lwtDst:
		c.Destination = unlessUnspecified(b)
	case attribute == lwtSrc:
		c.Source = unlessUnspecified(b)
	case attribute == lwtTTL && len(b) == 1:
		c.TTL = b[0]
	case attribute == lwtTOS && len(b) == 1:
		c.TOS = b[0]
	case attribute == lwtFlags && len(b) == 2:
		c.Flags = binary.BigEndian.Uint16(b)
	}
}

// unlessUnspecified reads an address; 0.0.0.0 and :: stand for none.
func unlessUnspecified(b []byte) netip.Addr {
	a, _ := netip.AddrFromSlice(b)
	if a.IsUnspecified() {
		return netip.Addr{}
	}
	return a
}
