package conf

import (
	"fmt"
	"math"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

// rawChecks are the checker settings that virtual server, real server and
// checker hand down.
type rawChecks struct {
	retry      maybe[int]
	retryDelay maybe[time.Duration]
	warmup     maybe[time.Duration]
	timeout    maybe[time.Duration]
	delayLoop  maybe[time.Duration]
}

// rawServer is a virtual_server that is being read.
type rawServer struct {
	VirtualServer
	rawChecks
	pos       Pos
	family    Family // ip_family
	proto     bool
	method    *Forwarding
	sorry     *SorryServer
	sorryFwd  *Forwarding
	sorryInh  bool
	weight    int
	inhibit   bool
	quorumPos Pos
	reals     []*rawReal
}

// rawReal is a real_server that is being read.
type rawReal struct {
	written netip.AddrPort // the address before its port was made the service's: checks go there
	RealServer
	rawChecks
	pos     Pos
	method  *Forwarding
	weight  maybe[int]
	inhibit maybe[bool]
	alpha   maybe[bool]
	vhost   string
	checks  []*rawCheck
}

// rawServerGroup is a virtual_server_group.
type rawServerGroup struct {
	name    string
	pos     Pos
	members []GroupMember
}

// serverGroup opens a virtual_server_group or stores one of its items.
func serverGroup(b *builder, _ *Keyword, s Statement) {
	if b.vsg != nil && s.Keyword() != "virtual_server_group" {
		b.groupMember(s)
		return
	}
	if len(s.Words) < 2 {
		return
	}
	name := s.Words[1].Text
	if b.vsgs[name] != nil {
		b.report(duplicateName, s.PosOf(1), "virtual server group %s already defined", name)
		b.refuse = true
		return
	}
	b.vsg = &rawServerGroup{name: name, pos: s.Pos}
	b.vsgs[name] = b.vsg
}

// groupMember reads "<ip>[-<last>|-<ip>|/<mask>] [<port>]" or "fwmark <n> [inet|inet6]".
func (b *builder) groupMember(s Statement) {
	text := s.Words[0].Text
	if text == "fwmark" {
		b.groupFwmark(s)
		return
	}
	m, err := memberRange(text)
	port, ok := b.port(s, 1, 0)
	if err != nil || !ok {
		b.report(badAddress, s.Pos, "Invalid virtual server group entry %s - skipping", text)
		return
	}
	m.Port = port
	b.vsg.members = append(b.vsg.members, m)
}

func (b *builder) groupFwmark(s Statement) {
	n, ok := b.optionNumber("virtual_server_group/item", s, 0)
	if !ok {
		return
	}
	m := GroupMember{Fwmark: uint32(n)}
	if len(s.Words) > 2 {
		f, known := families[s.Words[2].Text]
		if !known {
			b.report(badWord, s.PosOf(2), "virtual server group fwmark: unknown family '%s' - ignoring", s.Words[2].Text)
		}
		m.Family = f
	}
	b.vsg.members = append(b.vsg.members, m)
}

var families = map[string]Family{"inet": IPv4, "inet6": IPv6}

// memberRange reads the address part of a group member.
func memberRange(text string) (m GroupMember, err error) {
	if first, last, ok := strings.Cut(text, "-"); ok {
		if m.First, err = parseAddr(first); err != nil {
			return m, err
		}
		if m.Last, err = parseAddr(last); err != nil {
			m.Last, err = lastPart(m.First, last)
		}
		if err == nil && (m.First.Is4() != m.Last.Is4() || m.Last.Less(m.First)) {
			err = fmt.Errorf("range %s ends before it begins", text)
		}
		return m, err
	}
	if strings.Contains(text, "/") {
		p, err := netip.ParsePrefix(text)
		if err != nil || p.Bits() == 0 || p.Addr().BitLen()-p.Bits() > 20 {
			return m, fmt.Errorf("mask of %s is not usable", text)
		}
		m.First, m.Last = p.Masked().Addr(), lastOf(p)
		if m.First.Is4() && p.Bits() < 31 {
			m.First, m.Last = m.First.Next(), m.Last.Prev()
		}
		return m, nil
	}
	m.First, err = parseAddr(text)
	m.Last = m.First
	return m, err
}

// lastPart replaces the last octet (decimal) or hextet (hexadecimal) of a.
func lastPart(a netip.Addr, last string) (netip.Addr, error) {
	if a.Is4() {
		n, err := strconv.ParseUint(last, 10, 8)
		raw := a.As4()
		raw[3] = byte(n)
		return netip.AddrFrom4(raw), err
	}
	n, err := strconv.ParseUint(last, 16, 16)
	raw := a.As16()
	raw[14], raw[15] = byte(n>>8), byte(n)
	return netip.AddrFrom16(raw), err
}

// lastOf gives the last address of a prefix.
func lastOf(p netip.Prefix) netip.Addr {
	raw := p.Masked().Addr().AsSlice()
	for i := p.Bits(); i < len(raw)*8; i++ {
		raw[i/8] |= 0x80 >> (i % 8)
	}
	a, _ := netip.AddrFromSlice(raw)
	return a
}

// port reads an optional port at word i; def is used without one.
func (b *builder) port(s Statement, i int, low uint64) (uint16, bool) {
	if i >= len(s.Words) {
		return 0, true
	}
	v := valueSpec{kind: valueUint, low: low, high: math.MaxUint16}
	_, n, ok, p := v.number(s.Words[i].Text)
	if !ok {
		b.report(p.code, s.PosOf(i), "%s", p.text)
	}
	return uint16(n), ok
}

func openServer(b *builder, _ *Keyword, s Statement) {
	v := &rawServer{pos: s.Pos, weight: 1, VirtualServer: VirtualServer{Quorum: 1}}
	word := s.Words[1].Text
	if (word == "fwmark" || word == "group") && len(s.Words) < 3 {
		b.report(missingValue, s.PosOf(1), "virtual_server %s: value missing - skipping", word)
		b.refuse = true
		return
	}
	switch word {
	case "fwmark":
		v.Kind = ByFwmark
		_, n, ok := b.numberArg("fwmark", valueSpec{kind: valueUint, high: math.MaxUint32}, s, 2)
		v.Fwmark, b.refuse = uint32(n), !ok
	case "group":
		v.Kind, v.Group = ByGroup, s.Words[2].Text
	default:
		v.Kind = ByAddress
		addr, err := parseAddr(word)
		port, ok := b.port(s, 2, 1)
		if err != nil || !ok {
			b.report(badAddress, s.PosOf(1), "Invalid virtual server IP address/port %s - skipping", strings.Join(wordTexts(s.Args()), "/"))
			b.refuse = true
		}
		v.Addr = netip.AddrPortFrom(addr, port)
	}
	if !b.refuse {
		b.vs = v
		b.servers = append(b.servers, v)
	}
}

func wordTexts(words []Word) []string {
	var out []string
	for _, w := range words {
		out = append(out, w.Text)
	}
	return out
}

// inherited are the checker settings of one level.
func inherited(c func(*builder) *rawChecks) blockSetters {
	return blockSetters{
		"retry":              setMaybeInt(func(b *builder) *maybe[int] { return &c(b).retry }),
		"delay_before_retry": setMaybeDuration(func(b *builder) *maybe[time.Duration] { return &c(b).retryDelay }),
		"warmup":             setMaybeDuration(func(b *builder) *maybe[time.Duration] { return &c(b).warmup }),
		"connect_timeout":    setMaybeDuration(func(b *builder) *maybe[time.Duration] { return &c(b).timeout }),
		"delay_loop":         setMaybeDuration(func(b *builder) *maybe[time.Duration] { return &c(b).delayLoop }),
	}
}

// schedFlags are IP_VS_SVC_F_SCHED1..3 under all their names.
var schedFlags = map[string]uint32{
	"flag-1": 8, "flag-2": 16, "flag-3": 32,
	"sh-fallback": 8, "sh-port": 16, "mh-fallback": 8, "mh-port": 16,
}

func serverSetters() blockSetters {
	m := inherited(func(b *builder) *rawChecks { return &b.vs.rawChecks })
	more := blockSetters{
		"ip_family": func(b *builder, _ *Keyword, s Statement) {
			f, ok := families[s.Words[1].Text]
			if !ok {
				b.report(badWord, s.PosOf(1), "unknown address family %s", s.Words[1].Text)
				return
			}
			b.vs.family = f
		},
		"inhibit_on_failure": setTrue(func(b *builder) *bool { return &b.vs.inhibit }),
		"lb_algo":            setScheduler,
		"lvs_sched":          setScheduler,
		"ops":                setTrue(func(b *builder) *bool { return &b.vs.OnePacket }),
		"lb_kind":            setMethod(func(b *builder) **Forwarding { return &b.vs.method }),
		"lvs_method":         setMethod(func(b *builder) **Forwarding { return &b.vs.method }),
		"persistence_engine": setString(func(b *builder) *string { return &b.vs.PersistEngine }),
		"persistence_timeout": func(b *builder, kw *Keyword, s Statement) {
			if len(s.Words) < 2 {
				b.vs.Persistence = 360
			} else if n, ok := b.uintArg(kw, s, 1); ok {
				b.vs.Persistence = uint32(n)
			}
		},
		"persistence_granularity": setGranularity,
		"protocol":                setProtocol,
		"virtualhost":             setString(func(b *builder) *string { return &b.vs.VirtualHost }),
		"alpha":                   setTrue(func(b *builder) *bool { return &b.vs.Alpha }),
		"omega":                   setTrue(func(b *builder) *bool { return &b.vs.Omega }),
		"quorum_up":               setCommand(func(b *builder) **Command { return &b.vs.QuorumUp }),
		"quorum_down":             setCommand(func(b *builder) **Command { return &b.vs.QuorumDown }),
		"quorum": func(b *builder, kw *Keyword, s Statement) {
			b.vs.quorumPos = s.PosOf(1)
			b.count(kw, s, &b.vs.Quorum)
		},
		"hysteresis":              func(b *builder, kw *Keyword, s Statement) { b.count(kw, s, &b.vs.Hysteresis) },
		"weight":                  func(b *builder, kw *Keyword, s Statement) { b.count(kw, s, &b.vs.weight) },
		"sorry_server":            setSorry,
		"sorry_server_inhibit":    setTrue(func(b *builder) *bool { return &b.vs.sorryInh }),
		"sorry_server_lvs_method": setMethod(func(b *builder) **Forwarding { return &b.vs.sorryFwd }),
		"real_server":             openReal,
	}
	for name, bit := range schedFlags {
		more[name] = func(b *builder, _ *Keyword, _ Statement) { b.vs.SchedFlags |= bit }
	}
	for name, f := range more {
		m[name] = f
	}
	return m
}

func setScheduler(b *builder, _ *Keyword, s Statement) {
	if !slices.Contains(Schedulers, s.Words[1].Text) {
		b.report(badWord, s.PosOf(1), "Invalid lvs_scheduler '%s' - ignoring", s.Words[1].Text)
		return
	}
	b.vs.Scheduler = s.Words[1].Text
}

func setProtocol(b *builder, _ *Keyword, s Statement) {
	protocols := map[string]Protocol{"TCP": ProtoTCP, "UDP": ProtoUDP, "SCTP": ProtoSCTP}
	p, ok := protocols[strings.ToUpper(s.Words[1].Text)]
	if !ok {
		b.report(badWord, s.PosOf(1), "Unknown protocol %s - ignoring", s.Words[1].Text)
		return
	}
	b.vs.Protocol, b.vs.proto = p, true
}

// setGranularity takes an IPv4 netmask or an IPv6 prefix length.
func setGranularity(b *builder, _ *Keyword, s Statement) {
	if a, err := parseAddr(s.Words[1].Text); err == nil && a.Is4() {
		raw := a.As4()
		b.vs.Granularity = uint32(raw[0])<<24 | uint32(raw[1])<<16 | uint32(raw[2])<<8 | uint32(raw[3])
		return
	}
	n, err := strconv.ParseUint(s.Words[1].Text, 10, 8)
	v6 := b.vs.Kind != ByAddress || b.vs.Addr.Addr().Is6()
	if err != nil || n < 1 || n > 128 || !v6 {
		b.report(badValue, s.PosOf(1), "Invalid persistence_granularity %s - ignoring", s.Words[1].Text)
		return
	}
	b.vs.Granularity = uint32(n)
}

// setMethod reads "NAT|DR|TUN [type ipip|gue|gre] [port <n>] [nocsum|csum|remcsum]".
func setMethod(field func(*builder) **Forwarding) setter {
	return func(b *builder, kw *Keyword, s Statement) {
		f := &Forwarding{Method: Method(s.Words[1].Text)}
		if f.Method != NAT && f.Method != DR && f.Method != TUN {
			b.report(badWord, s.PosOf(1), "unknown [%s] routing method for virtual server.", s.Words[1].Text)
			return
		}
		for i := 2; i < len(s.Words); i++ {
			i += b.tunnelOption(f, s, i)
		}
		if f.TunnelType == TunnelGUE && f.TunnelPort == 0 {
			b.report(missingValue, s.Pos, "%s: type gue requires a port - ignoring", kw.Name)
			return
		}
		*field(b) = f
	}
}

// tunnelOption reads the option at word i and says how many words more it took.
func (b *builder) tunnelOption(f *Forwarding, s Statement, i int) int {
	types := map[string]TunnelType{"ipip": TunnelIPIP, "gue": TunnelGUE, "gre": TunnelGRE}
	sums := map[string]TunnelCsum{"nocsum": TunnelNoCsum, "csum": TunnelCsumOn, "remcsum": TunnelRemCsum}
	word := s.Words[i].Text
	if sum, ok := sums[word]; ok && f.Method == TUN {
		f.TunnelCsum = sum
		return 0
	}
	if f.Method != TUN || (word != "type" && word != "port") || i+1 >= len(s.Words) {
		b.report(wrongPlace, s.PosOf(i), "lvs_method: unexpected option '%s' - ignoring", word)
		return 0
	}
	if word == "port" {
		if n, ok := b.optionNumber("virtual_server/real_server/lvs_method/option", s, i); ok {
			f.TunnelPort = uint16(n)
		}
		return 1
	}
	t, ok := types[s.Words[i+1].Text]
	if !ok {
		b.report(badWord, s.PosOf(i+1), "lvs_method: unknown tunnel type '%s' - ignoring", s.Words[i+1].Text)
	}
	f.TunnelType = t
	return 1
}

func setSorry(b *builder, _ *Keyword, s Statement) {
	addr, err := parseAddr(s.Words[1].Text)
	port, ok := b.port(s, 2, 0)
	if err != nil || !ok {
		b.report(badAddress, s.PosOf(1), "Invalid sorry server IP address/port %s - skipping", strings.Join(wordTexts(s.Args()), "/"))
		return
	}
	b.vs.sorry = &SorryServer{Addr: netip.AddrPortFrom(addr, port)}
}

func openReal(b *builder, _ *Keyword, s Statement) {
	addr, err := parseAddr(s.Words[1].Text)
	port, ok := b.port(s, 2, 0)
	if err != nil || !ok {
		b.report(badAddress, s.PosOf(1), "Invalid real server ip address/port %s - skipping", strings.Join(wordTexts(s.Args()), "/"))
		b.refuse = true
		return
	}
	b.rs = &rawReal{pos: s.Pos, RealServer: RealServer{Addr: netip.AddrPortFrom(addr, port)}}
	b.vs.reals = append(b.vs.reals, b.rs)
}

func realSetters() blockSetters {
	m := inherited(func(b *builder) *rawChecks { return &b.rs.rawChecks })
	for name, f := range (blockSetters{
		"weight":             setMaybeInt(func(b *builder) *maybe[int] { return &b.rs.weight }),
		"lvs_method":         setMethod(func(b *builder) **Forwarding { return &b.rs.method }),
		"uthreshold":         setUint32(func(b *builder) *uint32 { return &b.rs.UpperThreshold }),
		"lthreshold":         setUint32(func(b *builder) *uint32 { return &b.rs.LowerThreshold }),
		"inhibit_on_failure": setMaybeBool(func(b *builder) *maybe[bool] { return &b.rs.inhibit }),
		"notify_up":          setCommand(func(b *builder) **Command { return &b.rs.NotifyUp }),
		"notify_down":        setCommand(func(b *builder) **Command { return &b.rs.NotifyDown }),
		"alpha":              setMaybeBool(func(b *builder) *maybe[bool] { return &b.rs.alpha }),
		"virtualhost":        setString(func(b *builder) *string { return &b.rs.vhost }),
	}) {
		m[name] = f
	}
	for _, kind := range []CheckKind{TCPCheck, HTTPGet, SSLGet, MiscCheck} {
		m[string(kind)] = openCheck
	}
	return m
}

func setUint32(field func(*builder) *uint32) setter {
	return func(b *builder, kw *Keyword, s Statement) {
		if n, ok := b.uintArg(kw, s, 1); ok {
			*field(b) = uint32(n)
		}
	}
}
