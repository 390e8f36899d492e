package conf

import (
	"math"
	"net/netip"
	"slices"
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
	pos           Pos
	family        Family // as far as it is known: ip_family, else that of the first address
	proto         bool
	method        *Forwarding
	sorry         *SorryServer
	sorryPos      Pos
	sorryFwd      *Forwarding
	weight        int
	inhibit       bool
	smtpAlert     maybe[bool]
	quorumPos     Pos
	hysteresisPos Pos
	reals         []*rawReal
}

// rawServerGroup is a virtual_server_group.
type rawServerGroup struct {
	name    string
	pos     Pos
	members []GroupMember
}

// openServerGroup begins a virtual_server_group.
func (b *builder) openServerGroup(s Statement) {
	if len(s.Words) < 2 {
		return
	}
	name := s.Words[1].Text
	if len(s.Words) > 2 {
		b.report(wordsBeforeBlock, s.PosOf(2), "virtual_server_group %s has extra parameters %s ...", name, s.Words[2].Text).Class = ClassArgument
	}
	if b.vsgs[name] != nil {
		b.report(silentDuplicate, s.PosOf(1), "virtual server group %s already defined - ignoring this one", name)
		b.refuse = true
		return
	}
	b.vsg = &rawServerGroup{name: name, pos: s.Pos}
	b.vsgs[name] = b.vsg
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
		var ok bool
		v.Addr, ok = b.endpoint(s, 1, "virtual server")
		v.family, b.refuse = familyOf(v.Addr.Addr()), !ok
	}
	if !b.refuse {
		b.vs = v
	}
}

// closeServer keeps a virtual server that has somewhere to send to.
func (b *builder) closeServer() {
	v := b.vs
	b.vs, b.rs = nil, nil
	if v == nil {
		return
	}
	if v.sorry != nil && !v.takeFamily(v.sorry.Addr.Addr(), cmpOr(v.sorryFwd, v.method)) {
		b.reportEnd(wrongFamily, v.sorryPos, "Address family of virtual server and sorry server %s don't match - skipping sorry server", v.sorry.Addr.Addr())
		v.sorry = nil
	}
	if len(v.reals) == 0 {
		b.reportEnd(noServers, v.pos, "Virtual server %s has no real servers - ignoring", v.display())
		b.dropCommands(&v.QuorumUp, &v.QuorumDown)
		return
	}
	b.servers = append(b.servers, v)
}

// takeFamily reports whether an address fits the family of the service, and
// lets the first address decide that of a fwmark or group. Tunnels cross families.
func (v *rawServer) takeFamily(a netip.Addr, f *Forwarding) bool {
	if f != nil && f.Method == TUN {
		return true
	}
	if v.family == 0 {
		v.family = familyOf(a)
	}
	return v.family == familyOf(a)
}

// dropCommands takes the scripts of an object that is not used out of account.
func (b *builder) dropCommands(hooks ...**Command) {
	for _, dst := range hooks {
		if c := b.hooked[dst]; c != nil {
			c.gone, c.dropped = true, true
		}
	}
}

// cmpOr gives the first pointer that is set.
func cmpOr(first, second *Forwarding) *Forwarding {
	if first != nil {
		return first
	}
	return second
}

func wordTexts(words []Word) []string {
	out := make([]string, 0, len(words))
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
	"sh-fallback": 8, "sh-port": 16, "mh-fallback": 8, "mh-port": 16, "hashed": 0,
}

// setFlag makes the setter of a scheduler flag. Named flags mean something to
// the hashing schedulers only, and one of those must have been set above.
func setFlag(bit uint32) setter {
	return func(b *builder, kw *Keyword, s Statement) {
		named := !strings.HasPrefix(kw.Name, "flag-")
		if named && b.vs.Scheduler != "sh" && b.vs.Scheduler != "mh" {
			b.report(flagWithoutHash, s.Pos, "%s only applies to the schedulers sh and mh - ignoring", kw.Name)
			return
		}
		b.vs.SchedFlags |= bit
	}
}

func serverSetters() blockSetters {
	m := inherited(func(b *builder) *rawChecks { return &b.vs.rawChecks })
	sorryMethod := setMethod(func(b *builder) **Forwarding { return &b.vs.sorryFwd })
	more := blockSetters{
		"ip_family":          setFamily,
		"inhibit_on_failure": setTrue(func(b *builder) *bool { return &b.vs.inhibit }),
		"lb_algo":            setScheduler,
		"lvs_sched":          setScheduler,
		"ops":                setTrue(func(b *builder) *bool { return &b.vs.OnePacket }),
		"lb_kind":            setMethod(func(b *builder) **Forwarding { return &b.vs.method }),
		"lvs_method":         setMethod(func(b *builder) **Forwarding { return &b.vs.method }),
		"persistence_engine": setEngine,
		"persistence_timeout": func(b *builder, kw *Keyword, s Statement) {
			if len(s.Words) < 2 {
				b.vs.Persistence = defaultPersistence
			} else if n, ok := b.uintArg(kw, s, 1); ok {
				b.vs.Persistence = uint32(n)
			}
		},
		"persistence_granularity": setGranularity,
		"protocol":                setProtocol,
		"ha_suspend":              setTrue(func(b *builder) *bool { return &b.vs.HASuspend }),
		"smtp_alert":              setMaybeBool(func(b *builder) *maybe[bool] { return &b.vs.smtpAlert }),
		"virtualhost":             setString(func(b *builder) *string { return &b.vs.VirtualHost }),
		"snmp_name":               setOneWord(func(b *builder) *string { return &b.vs.SNMPName }),
		"alpha":                   setTrue(func(b *builder) *bool { return &b.vs.Alpha }),
		"omega":                   setTrue(func(b *builder) *bool { return &b.vs.Omega }),
		"quorum_up":               setCommand(func(b *builder) **Command { return &b.vs.QuorumUp }),
		"quorum_down":             setCommand(func(b *builder) **Command { return &b.vs.QuorumDown }),
		"quorum": func(b *builder, kw *Keyword, s Statement) {
			b.vs.quorumPos = s.PosOf(1)
			b.count(kw, s, &b.vs.Quorum)
		},
		"hysteresis": func(b *builder, kw *Keyword, s Statement) {
			b.vs.hysteresisPos = s.PosOf(1)
			b.count(kw, s, &b.vs.Hysteresis)
		},
		"weight":       func(b *builder, kw *Keyword, s Statement) { b.count(kw, s, &b.vs.weight) },
		"sorry_server": setSorry,
		"sorry_server_inhibit": func(b *builder, _ *Keyword, s Statement) {
			if b.sorryBefore(s) {
				b.vs.sorry.Inhibit = true
			}
		},
		"sorry_server_lvs_method": func(b *builder, kw *Keyword, s Statement) {
			if b.sorryBefore(s) {
				sorryMethod(b, kw, s)
			}
		},
		"real_server": openReal,
	}
	for name, bit := range schedFlags {
		more[name] = setFlag(bit)
	}
	for name, f := range more {
		m[name] = f
	}
	return m
}

func setFamily(b *builder, kw *Keyword, s Statement) {
	word := s.Words[1].Text
	if p := kw.value.check(word); p.code != 0 {
		b.report(p.code, s.PosOf(1), "ip_family: %s - ignoring", p.text)
		return
	}
	f := familyWord(word)
	if b.vs.family != 0 && b.vs.family != f {
		b.report(wrongFamily, s.PosOf(1), "Virtual server specified family %s conflicts with server family", word)
		return
	}
	b.vs.family = f
}

// familyWord gives the family of inet or inet6.
func familyWord(word string) Family {
	if word == "inet6" {
		return IPv6
	}
	return IPv4
}

func setScheduler(b *builder, kw *Keyword, s Statement) {
	if p := kw.value.check(s.Words[1].Text); p.code != 0 {
		b.report(p.code, s.PosOf(1), "Invalid lvs_scheduler '%s' - ignoring", s.Words[1].Text)
		return
	}
	b.vs.Scheduler = s.Words[1].Text
}

func setProtocol(b *builder, _ *Keyword, s Statement) {
	i := slices.IndexFunc(protocols, func(p Protocol) bool { return strings.EqualFold(p.String(), s.Words[1].Text) })
	if i < 0 {
		b.report(badWord, s.PosOf(1), "Unknown protocol %s - ignoring", s.Words[1].Text)
		return
	}
	b.vs.Protocol, b.vs.proto = protocols[i], true
}

var protocols = []Protocol{ProtoTCP, ProtoUDP, ProtoSCTP}

// engineLength is the longest name of a persistence engine that the kernel takes.
const engineLength = 15

func setEngine(b *builder, _ *Keyword, s Statement) {
	name := s.Words[1].Text
	if len(name) > engineLength {
		b.report(longName, s.PosOf(1), "persistence_engine %s is longer than %d bytes - truncating to %s", name, engineLength, name[:engineLength]).Class = ClassNone
		name = name[:engineLength]
	}
	b.vs.PersistEngine = name
}

// defaultPersistence is the timeout in seconds of a service that is to be persistent and does not say for how long.
const defaultPersistence = 360

// sorryBefore reports whether there is a sorry_server that an option can be for.
func (b *builder) sorryBefore(s Statement) bool {
	if b.vs.sorry == nil {
		b.report(sorryOptions, s.Pos, "%s used before or without sorry_server - ignoring", s.Keyword())
	}
	return b.vs.sorry != nil
}

func setSorry(b *builder, _ *Keyword, s Statement) {
	addr, ok := b.endpoint(s, 1, "sorry server")
	if ok {
		b.vs.sorry, b.vs.sorryPos = &SorryServer{Addr: addr}, s.Pos
	}
}

// setOneWord is setString for keywords that refuse a second word.
func setOneWord(field func(*builder) *string) setter {
	return func(b *builder, kw *Keyword, s Statement) {
		if !b.refuseSurplus(kw, s) {
			*field(b) = s.Words[1].Text
		}
	}
}

// refuseSurplus turns the warning of words too many, which judge has given,
// into the error that keepalived makes of it for some keywords.
func (b *builder) refuseSurplus(kw *Keyword, s Statement) bool {
	if len(s.Words) <= kw.words+1 {
		return false
	}
	d := &b.diags[len(b.diags)-1]
	d.Severity, d.Class = Error, ClassConfig
	d.Text = kw.Name + ": missing or extra parameters - ignoring"
	return true
}
