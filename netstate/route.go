package netstate

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"strings"

	mdl "github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"

	"halbd/conf"
)

// RouteOn is a route with its interfaces found, as an Object.
type RouteOn struct {
	Index int   // of Route.Interface; 0: it has none
	Hops  []int // the same for Route.NextHops
	Route *conf.Route
}

func (o *RouteOn) String() string {
	r := o.Route
	var b strings.Builder
	b.WriteString("route ")
	if r.Type != conf.RouteUnicast {
		b.WriteString(r.Type.String() + " ")
	}
	b.WriteString(r.Destination.String())
	if r.Gateway.IsValid() {
		b.WriteString(" via " + r.Gateway.String())
	}
	if r.Interface != "" {
		b.WriteString(" dev " + r.Interface)
	}
	for i := range r.NextHops {
		if h := &r.NextHops[i]; h.Gateway.IsValid() {
			b.WriteString(" nexthop via " + h.Gateway.String())
		} else {
			b.WriteString(" nexthop dev " + h.Interface)
		}
	}
	if r.Table != unix.RT_TABLE_MAIN {
		fmt.Fprintf(&b, " table %d", r.Table)
	}
	if r.Metric != 0 {
		fmt.Fprintf(&b, " metric %d", r.Metric)
	}
	return b.String()
}

func (o *RouteOn) settled(remove bool, err error) bool {
	if remove {
		return errors.Is(err, unix.ESRCH) || errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ENODEV)
	}
	return errors.Is(err, unix.EEXIST)
}

// Attributes and values of linux/rtnetlink.h that x/sys/unix lacks.
const (
	rtaTTLPropagate = 26
	rtaxLock        = 1
	rtaxCongestion  = 16
)

// request has struct rtmsg and attributes of linux/rtnetlink.h. A removal
// names what tells the route from others and leaves out how it works.
func (o *RouteOn) request(remove bool) (mdl.Message, error) {
	r := o.Route
	body := make([]byte, unix.SizeofRtMsg)
	body[0], body[1], body[5], body[6], body[7] = familyOf(r.Family), byte(r.Destination.Bits()), r.Protocol, r.Scope, byte(r.Type)
	if r.Family == conf.IPv4 {
		body[3] = r.TOS
	}
	if r.Table < 256 {
		body[4] = byte(r.Table)
	}
	if r.From.IsValid() {
		body[2] = byte(r.From.Bits())
	}
	if r.OnLink {
		binary.NativeEndian.PutUint32(body[8:], unix.RTNH_F_ONLINK)
	}
	e := mdl.NewAttributeEncoder()
	o.encodeIdentity(e, remove)
	m := mdl.Message{Header: mdl.Header{Type: unix.RTM_NEWROUTE, Flags: mdl.Request | mdl.Create}}
	if remove {
		m.Header.Type, m.Header.Flags = unix.RTM_DELROUTE, mdl.Request
		body[6] = unix.RT_SCOPE_NOWHERE // any
	} else {
		encodeRoute(e, r)
		switch r.Mode {
		case conf.RouteAdd:
			m.Header.Flags |= mdl.Excl
		case conf.RouteAppend:
			m.Header.Flags |= mdl.Append
		}
	}
	attrs, err := e.Encode()
	if err != nil {
		return m, fmt.Errorf("encode %v: %w", o, err)
	}
	m.Data = append(body, attrs...)
	return m, nil
}

func familyOf(f conf.Family) byte {
	if f == conf.IPv6 {
		return unix.AF_INET6
	}
	return unix.AF_INET
}

// encodeIdentity writes what tells a route from others.
func (o *RouteOn) encodeIdentity(e *mdl.AttributeEncoder, remove bool) {
	r := o.Route
	if r.Table >= 256 {
		e.Uint32(unix.RTA_TABLE, r.Table)
	}
	if r.Destination.Bits() > 0 {
		e.Bytes(unix.RTA_DST, r.Destination.Addr().AsSlice())
	}
	if r.From.IsValid() && r.From.Bits() > 0 {
		e.Bytes(unix.RTA_SRC, r.From.Addr().AsSlice())
	}
	if r.Metric != 0 {
		e.Uint32(unix.RTA_PRIORITY, r.Metric)
	}
	if r.Gateway.IsValid() {
		e.Bytes(unix.RTA_GATEWAY, r.Gateway.AsSlice())
	}
	if o.Index != 0 {
		e.Uint32(unix.RTA_OIF, uint32(o.Index))
	}
	if len(r.NextHops) > 0 {
		e.Do(unix.RTA_MULTIPATH, func() ([]byte, error) { return o.encodeHops(remove) })
	}
	if r.Encap != nil {
		encodeEncap(e, r.Encap)
	}
}

// encodeHops writes each struct rtnexthop with its attributes.
func (o *RouteOn) encodeHops(remove bool) ([]byte, error) {
	var list []byte
	for i := range o.Route.NextHops {
		h := &o.Route.NextHops[i]
		e := mdl.NewAttributeEncoder()
		if h.Gateway.IsValid() {
			e.Bytes(unix.RTA_GATEWAY, h.Gateway.AsSlice())
		}
		if h.Realms != (conf.Realms{}) {
			e.Uint32(unix.RTA_FLOW, flow(h.Realms))
		}
		if h.Encap != nil {
			encodeEncap(e, h.Encap)
		}
		attrs, err := e.Encode()
		if err != nil {
			return nil, err
		}
		leg := make([]byte, unix.SizeofRtNexthop, unix.SizeofRtNexthop+len(attrs))
		binary.NativeEndian.PutUint16(leg, uint16(len(leg)+len(attrs)))
		if h.OnLink {
			leg[2] = unix.RTNH_F_ONLINK
		}
		if !remove && h.Weight > 0 {
			leg[3] = byte(h.Weight - 1) // 0 in a removal: any
		}
		binary.NativeEndian.PutUint32(leg[4:], uint32(o.Hops[i]))
		list = append(append(list, leg...), attrs...)
	}
	return list, nil
}

func flow(r conf.Realms) uint32 { return uint32(r.Source)<<16 | uint32(r.Destination) }

// encodeRoute writes how a route works.
func encodeRoute(e *mdl.AttributeEncoder, r *conf.Route) {
	if r.Source.IsValid() {
		e.Bytes(unix.RTA_PREFSRC, r.Source.AsSlice())
	}
	if r.Realms != (conf.Realms{}) {
		e.Uint32(unix.RTA_FLOW, flow(r.Realms))
	}
	if r.Expires != 0 {
		e.Uint32(unix.RTA_EXPIRES, r.Expires)
	}
	if r.Preference != 0 {
		e.Uint8(unix.RTA_PREF, r.Preference)
	}
	if r.TTLPropagate != nil {
		on := uint8(0)
		if *r.TTLPropagate {
			on = 1
		}
		e.Uint8(rtaTTLPropagate, on)
	}
	if len(r.Metrics) > 0 || r.Congestion != "" {
		e.Nested(unix.RTA_METRICS, func(e *mdl.AttributeEncoder) error {
			if lock := metricLock(r); lock != 0 {
				e.Uint32(rtaxLock, lock)
			}
			for _, m := range r.Metrics {
				e.Uint32(uint16(m.Kind), m.Value)
			}
			if r.Congestion != "" {
				e.String(rtaxCongestion, r.Congestion)
			}
			return nil
		})
	}
}

// metricLock is RTAX_LOCK: a bit for each locked metric.
func metricLock(r *conf.Route) uint32 {
	lock := uint32(0)
	for _, m := range r.Metrics {
		if m.Lock {
			lock |= 1 << m.Kind
		}
	}
	if r.LockCongest {
		lock |= 1 << rtaxCongestion
	}
	return lock
}

// Lightweight tunnels: types and attributes of linux/lwtunnel.h,
// linux/mpls_iptunnel.h and linux/ila.h.
const (
	lwtMPLS, lwtIP, lwtILA, lwtIP6 = 1, 2, 3, 4

	lwtID, lwtDst, lwtSrc, lwtTTL, lwtTOS, lwtFlags = 1, 2, 3, 4, 5, 6 // of both IP and IP6

	mplsDst    = 1
	ilaLocator = 1
)

func encodeEncap(e *mdl.AttributeEncoder, c *conf.Encap) {
	kind := uint16(0)
	e.Nested(unix.RTA_ENCAP, func(e *mdl.AttributeEncoder) error {
		switch c.Type {
		case conf.EncapIP:
			kind = lwtIP
			encodeTunnel(e, c)
		case conf.EncapIP6:
			kind = lwtIP6
			encodeTunnel(e, c)
		case conf.EncapMPLS:
			kind = lwtMPLS
			e.Bytes(mplsDst, labelStack(c.Labels))
		case conf.EncapILA:
			kind = lwtILA
			e.Bytes(ilaLocator, binary.BigEndian.AppendUint64(nil, c.Locator))
		}
		return nil
	})
	e.Uint16(unix.RTA_ENCAP_TYPE, kind)
}

func encodeTunnel(e *mdl.AttributeEncoder, c *conf.Encap) {
	if c.ID != 0 {
		e.Bytes(lwtID, binary.BigEndian.AppendUint64(nil, c.ID))
	}
	if c.Destination.IsValid() {
		e.Bytes(lwtDst, c.Destination.AsSlice())
	}
	if c.Source.IsValid() {
		e.Bytes(lwtSrc, c.Source.AsSlice())
	}
	if c.TOS != 0 {
		e.Uint8(lwtTOS, c.TOS)
	}
	if c.TTL != 0 {
		e.Uint8(lwtTTL, c.TTL)
	}
	if c.Flags != 0 {
		e.Bytes(lwtFlags, binary.BigEndian.AppendUint16(nil, c.Flags))
	}
}

// labelStack is an MPLS label stack (RFC 3032), with the bottom marked.
func labelStack(labels []uint32) []byte {
	var b []byte
	for i, l := range labels {
		entry := l << 12
		if i == len(labels)-1 {
			entry |= 1 << 8
		}
		b = binary.BigEndian.AppendUint32(b, entry)
	}
	return b
}

// prefixOf makes a prefix of an attribute; without one it is the whole family.
func prefixOf(addr netip.Addr, family, bits byte) netip.Prefix {
	if !addr.IsValid() {
		if bits != 0 {
			return netip.Prefix{}
		}
		addr = netip.IPv4Unspecified()
		if family == unix.AF_INET6 {
			addr = netip.IPv6Unspecified()
		}
	}
	return netip.PrefixFrom(addr, int(bits))
}
