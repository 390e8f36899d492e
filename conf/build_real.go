package conf

import "net/netip"

// rawReal is a real_server that is being read.
type rawReal struct {
	written netip.AddrPort // the address before its port was made the service's: checks go there
	RealServer
	rawChecks
	pos       Pos
	method    *Forwarding
	weight    maybe[int]
	inhibit   maybe[bool]
	alpha     maybe[bool]
	smtpAlert maybe[bool]
	vhost     string
	checks    []*rawCheck
}

func openReal(b *builder, _ *Keyword, s Statement) {
	addr, ok := b.endpoint(s, 1, "real server")
	if ok {
		b.rs = &rawReal{pos: s.Pos, RealServer: RealServer{Addr: addr}}
	}
}

// closeReal keeps a real server of the family of the service.
func (b *builder) closeReal() {
	r := b.rs
	b.rs = nil
	if r == nil || b.vs == nil {
		return
	}
	if !b.vs.takeFamily(r.Addr.Addr(), cmpOr(r.method, b.vs.method)) {
		b.reportEnd(wrongFamily, r.pos, "Address family of virtual server and real server %s don't match - skipping real server", r.Addr.Addr())
		b.dropReal(r)
		return
	}
	b.vs.reals = append(b.vs.reals, r)
}

// dropReal takes the scripts of a real server that is not used out of account.
func (b *builder) dropReal(r *rawReal) {
	b.dropCommands(&r.NotifyUp, &r.NotifyDown)
	for _, c := range r.checks {
		b.dropCheck(c)
	}
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
		"smtp_alert":         setMaybeBool(func(b *builder) *maybe[bool] { return &b.rs.smtpAlert }),
		"virtualhost":        setString(func(b *builder) *string { return &b.rs.vhost }),
		"snmp_name":          setOneWord(func(b *builder) *string { return &b.rs.SNMPName }),
	}) {
		m[name] = f
	}
	for _, kind := range checkKinds {
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
