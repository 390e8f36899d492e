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

// RuleKey is a routing rule: everything that it says tells it from others.
type RuleKey struct {
	V6             bool
	Not            bool
	From, To       netip.Prefix // invalid: any
	Priority       uint32
	TOS            uint8
	FwMark, FwMask uint32
	Input, Output  string
	TunnelID       uint64
	HasUIDs        bool
	UIDs           conf.UIDRange
	IPProtocol     uint8
	SourcePorts    conf.PortRange
	DestPorts      conf.PortRange
	Action         conf.RuleAction
	Table          uint32
	L3MDev         bool
	Goto           uint32
	Flow           uint32
	SuppressLength uint32 // noSuppress: none
	SuppressGroup  uint32
	Protocol       uint8
}

// noSuppress is the kernel's -1.
const noSuppress = 0xffffffff

// RuleKeyOf says how the kernel will show a configured rule.
func RuleKeyOf(r *conf.RoutingRule) RuleKey {
	k := RuleKey{V6: r.Family == conf.IPv6, Not: r.Not, From: selector(r.From), To: selector(r.To), Priority: r.Priority, TOS: r.TOS,
		Input: r.Input, Output: r.Output, TunnelID: r.TunnelID, IPProtocol: r.IPProtocol, SourcePorts: r.SourcePorts, DestPorts: r.DestPorts,
		Action: r.Action, L3MDev: r.L3MDev, Flow: flow(r.Realms), SuppressLength: noSuppress, SuppressGroup: noSuppress, Protocol: r.Protocol}
	if r.FwMask != 0 {
		k.FwMark, k.FwMask = r.FwMark, r.FwMask
	}
	if r.Action == conf.RuleTable && !r.L3MDev {
		k.Table = r.Table
	}
	if r.Action == conf.RuleGoto {
		k.Goto = r.Goto
	}
	if r.UIDs != nil {
		k.HasUIDs, k.UIDs = true, *r.UIDs
	}
	if r.SuppressLength != nil {
		k.SuppressLength = *r.SuppressLength
	}
	if r.SuppressGroup != nil {
		k.SuppressGroup = *r.SuppressGroup
	}
	return k
}

func selector(p netip.Prefix) netip.Prefix {
	if p.Bits() <= 0 {
		return netip.Prefix{}
	}
	return p
}

// HasRule says whether the kernel has a rule.
func (m *Mirror) HasRule(k RuleKey) bool { return m.rules[k] }

// AssumeRule enters a rule that has come or gone, or that the kernel was just
// asked to make or remove.
func (m *Mirror) AssumeRule(k RuleKey, present bool) (changed bool) {
	changed = m.rules[k] != present
	if present {
		m.rules[k] = true
	} else {
		delete(m.rules, k)
	}
	return changed
}

// RuleFor is a routing rule, as an Object.
type RuleFor struct{ Key RuleKey }

func (o *RuleFor) String() string {
	k := &o.Key
	var b strings.Builder
	fmt.Fprintf(&b, "rule %d:", k.Priority)
	if k.Not {
		b.WriteString(" not")
	}
	if k.From.IsValid() {
		b.WriteString(" from " + k.From.String())
	}
	if k.To.IsValid() {
		b.WriteString(" to " + k.To.String())
	}
	if k.Input != "" {
		b.WriteString(" iif " + k.Input)
	}
	if k.Output != "" {
		b.WriteString(" oif " + k.Output)
	}
	if k.FwMask != 0 {
		fmt.Fprintf(&b, " fwmark %#x/%#x", k.FwMark, k.FwMask)
	}
	switch {
	case k.L3MDev:
		b.WriteString(" l3mdev")
	case k.Action == conf.RuleTable:
		fmt.Fprintf(&b, " table %d", k.Table)
	case k.Action == conf.RuleGoto:
		fmt.Fprintf(&b, " goto %d", k.Goto)
	default:
		b.WriteString(" " + k.Action.String())
	}
	if k.V6 {
		b.WriteString(" (IPv6)")
	}
	return b.String()
}

func (o *RuleFor) settled(remove bool, err error) bool {
	if remove {
		return errors.Is(err, unix.ENOENT)
	}
	return errors.Is(err, unix.EEXIST)
}

// fibRuleInvert is FIB_RULE_INVERT of linux/fib_rules.h.
const fibRuleInvert = 2

// request has struct fib_rule_hdr and attributes of linux/fib_rules.h.
func (o *RuleFor) request(remove bool) (mdl.Message, error) {
	k := &o.Key
	body := make([]byte, unix.SizeofRtMsg) // struct fib_rule_hdr has the same size
	body[0], body[3], body[7] = unix.AF_INET, k.TOS, byte(k.Action)
	if k.V6 {
		body[0] = unix.AF_INET6
	}
	if k.Table < 256 {
		body[4] = byte(k.Table)
	}
	if k.Not {
		binary.NativeEndian.PutUint32(body[8:], fibRuleInvert)
	}
	e := mdl.NewAttributeEncoder()
	if k.From.IsValid() {
		body[2] = byte(k.From.Bits())
		e.Bytes(unix.FRA_SRC, k.From.Addr().AsSlice())
	}
	if k.To.IsValid() {
		body[1] = byte(k.To.Bits())
		e.Bytes(unix.FRA_DST, k.To.Addr().AsSlice())
	}
	k.encode(e)
	attrs, err := e.Encode()
	if err != nil {
		return mdl.Message{}, fmt.Errorf("encode %v: %w", o, err)
	}
	m := mdl.Message{Header: mdl.Header{Type: unix.RTM_NEWRULE, Flags: mdl.Request | mdl.Create | mdl.Excl}, Data: append(body, attrs...)}
	if remove {
		m.Header.Type, m.Header.Flags = unix.RTM_DELRULE, mdl.Request
	}
	return m, nil
}

func (k *RuleKey) encode(e *mdl.AttributeEncoder) {
	e.Uint32(unix.FRA_PRIORITY, k.Priority)
	e.Uint8(unix.FRA_PROTOCOL, k.Protocol)
	for _, a := range []struct {
		on    bool
		kind  uint16
		value uint32
	}{
		{k.Table >= 256, unix.FRA_TABLE, k.Table},
		{k.FwMask != 0, unix.FRA_FWMARK, k.FwMark},
		{k.FwMask != 0, unix.FRA_FWMASK, k.FwMask},
		{k.Flow != 0, unix.FRA_FLOW, k.Flow},
		{k.Action == conf.RuleGoto, unix.FRA_GOTO, k.Goto},
		{k.SuppressLength != noSuppress, unix.FRA_SUPPRESS_PREFIXLEN, k.SuppressLength},
		{k.SuppressGroup != noSuppress, unix.FRA_SUPPRESS_IFGROUP, k.SuppressGroup},
	} {
		if a.on {
			e.Uint32(a.kind, a.value)
		}
	}
	if k.Input != "" {
		e.String(unix.FRA_IIFNAME, k.Input)
	}
	if k.Output != "" {
		e.String(unix.FRA_OIFNAME, k.Output)
	}
	if k.TunnelID != 0 {
		e.Bytes(unix.FRA_TUN_ID, binary.BigEndian.AppendUint64(nil, k.TunnelID))
	}
	if k.L3MDev {
		e.Uint8(unix.FRA_L3MDEV, 1)
	}
	if k.HasUIDs {
		e.Bytes(unix.FRA_UID_RANGE, binary.NativeEndian.AppendUint32(binary.NativeEndian.AppendUint32(nil, k.UIDs.Low), k.UIDs.High))
	}
	if k.IPProtocol != 0 {
		e.Uint8(unix.FRA_IP_PROTO, k.IPProtocol)
	}
	for _, p := range []struct {
		kind  uint16
		ports conf.PortRange
	}{{unix.FRA_SPORT_RANGE, k.SourcePorts}, {unix.FRA_DPORT_RANGE, k.DestPorts}} {
		if p.ports != (conf.PortRange{}) {
			e.Bytes(p.kind, binary.NativeEndian.AppendUint16(binary.NativeEndian.AppendUint16(nil, p.ports.Low), p.ports.High))
		}
	}
}

func decodeRule(m mdl.Message) (Change, bool, error) {
	if len(m.Data) < unix.SizeofRtMsg {
		return Change{}, false, fmt.Errorf("rule message of %d bytes", len(m.Data))
	}
	family := m.Data[0]
	if family != unix.AF_INET && family != unix.AF_INET6 {
		return Change{}, false, nil
	}
	k := &RuleKey{V6: family == unix.AF_INET6, TOS: m.Data[3], Table: uint32(m.Data[4]), Action: conf.RuleAction(m.Data[7]),
		Not:            binary.NativeEndian.Uint32(m.Data[8:])&fibRuleInvert != 0,
		SuppressLength: noSuppress, SuppressGroup: noSuppress}
	ad, err := mdl.NewAttributeDecoder(m.Data[unix.SizeofRtMsg:])
	if err != nil {
		return Change{}, false, fmt.Errorf("rule message: %w", err)
	}
	for ad.Next() {
		k.attribute(ad, m.Data[1], m.Data[2])
	}
	if err := ad.Err(); err != nil {
		return Change{}, false, fmt.Errorf("rule message: %w", err)
	}
	return Change{Gone: m.Header.Type == unix.RTM_DELRULE, Rule: k}, true, nil
}

func (k *RuleKey) attribute(ad *mdl.AttributeDecoder, toBits, fromBits byte) {
	switch ad.Type() {
	case unix.FRA_SRC:
		a, _ := netip.AddrFromSlice(ad.Bytes())
		k.From = selector(netip.PrefixFrom(a, int(fromBits)))
	case unix.FRA_DST:
		a, _ := netip.AddrFromSlice(ad.Bytes())
		k.To = selector(netip.PrefixFrom(a, int(toBits)))
	case unix.FRA_PRIORITY:
		k.Priority = ad.Uint32()
	case unix.FRA_PROTOCOL:
		k.Protocol = ad.Uint8()
	case unix.FRA_TABLE:
		k.Table = ad.Uint32()
	case unix.FRA_FWMARK:
		k.FwMark = ad.Uint32()
	case unix.FRA_FWMASK:
		k.FwMask = ad.Uint32()
	case unix.FRA_FLOW:
		k.Flow = ad.Uint32()
	case unix.FRA_GOTO:
		k.Goto = ad.Uint32()
	case unix.FRA_SUPPRESS_PREFIXLEN:
		k.SuppressLength = ad.Uint32()
	case unix.FRA_SUPPRESS_IFGROUP:
		k.SuppressGroup = ad.Uint32()
	case unix.FRA_IIFNAME:
		k.Input = ad.String()
	case unix.FRA_OIFNAME:
		k.Output = ad.String()
	case unix.FRA_TUN_ID:
		if b := ad.Bytes(); len(b) == 8 {
			k.TunnelID = binary.BigEndian.Uint64(b)
		}
	case unix.FRA_L3MDEV:
		k.L3MDev = ad.Uint8() != 0
	case unix.FRA_UID_RANGE:
		if b := ad.Bytes(); len(b) == 8 {
			k.HasUIDs, k.UIDs = true, conf.UIDRange{Low: binary.NativeEndian.Uint32(b), High: binary.NativeEndian.Uint32(b[4:])}
		}
	case unix.FRA_IP_PROTO:
		k.IPProtocol = ad.Uint8()
	case unix.FRA_SPORT_RANGE:
		k.SourcePorts = portRange(ad.Bytes())
	case unix.FRA_DPORT_RANGE:
		k.DestPorts = portRange(ad.Bytes())
	}
}

func portRange(b []byte) conf.PortRange {
	if len(b) != 4 {
		return conf.PortRange{}
	}
	return conf.PortRange{Low: binary.NativeEndian.Uint16(b), High: binary.NativeEndian.Uint16(b[2:])}
}
