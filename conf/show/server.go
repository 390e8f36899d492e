package show

import (
	"math"
	"net/netip"
	"slices"

	"halbd/conf"
)

// servers writes everything that is about virtual servers.
func (p *printer) servers(c *conf.Config) {
	if c.Global.NoCheckerEmails {
		p.block("global_defs", func() { p.line("no_checker_emails") })
	}
	p.ssl(c.SSL)
	groups := map[string]bool{}
	for i := range c.VirtualServers {
		v := &c.VirtualServers[i]
		if v.Kind == conf.ByGroup && !groups[v.Group] {
			groups[v.Group] = true
			p.serverGroup(v)
		}
		p.virtualServer(v)
	}
}

func (p *printer) ssl(t *conf.TLSClient) {
	if t == nil {
		return
	}
	p.block("SSL", func() {
		p.word("password", t.Password)
		p.word("ca", t.CA)
		p.word("certificate", t.Certificate)
		p.word("key", t.Key)
	})
}

func (p *printer) serverGroup(v *conf.VirtualServer) {
	p.block("virtual_server_group "+quote(v.Group), func() {
		for _, m := range v.Members {
			switch {
			case !m.First.IsValid() && m.Family == 0:
				p.line("fwmark", number(m.Fwmark))
			case !m.First.IsValid():
				p.line("fwmark", number(m.Fwmark), family(m.Family))
			case m.First == m.Last:
				p.line(m.First.String(), number(m.Port))
			default:
				p.line(m.First.String()+"-"+m.Last.String(), number(m.Port))
			}
		}
	})
}

func (p *printer) virtualServer(v *conf.VirtualServer) {
	head := "virtual_server "
	switch v.Kind {
	case conf.ByFwmark:
		head += "fwmark " + number(v.Fwmark)
	case conf.ByGroup:
		head += "group " + quote(v.Group)
	default:
		head += endpoint(v.Addr)
	}
	p.block(head, func() {
		if openFamily(v) {
			p.line("ip_family", family(v.Family))
		}
		p.service(v)
		for i := range v.RealServers {
			p.realServer(&v.RealServers[i])
		}
	})
}

// openFamily reports whether neither the address nor the group of a service
// says its family.
func openFamily(v *conf.VirtualServer) bool {
	return v.Kind == conf.ByFwmark || v.Kind == conf.ByGroup &&
		!slices.ContainsFunc(v.Members, func(m conf.GroupMember) bool { return m.First.IsValid() || m.Family != 0 })
}

// service writes the statements of a virtual server before its real servers.
func (p *printer) service(v *conf.VirtualServer) {
	if v.Protocol != conf.ProtoNone {
		p.line("protocol", v.Protocol.String())
	}
	p.line("lvs_sched", v.Scheduler)
	for i, bit := range []uint32{8, 16, 32} {
		p.flag("flag-"+number(i+1), v.SchedFlags&bit != 0)
	}
	p.flag("ops", v.OnePacket)
	p.method("lvs_method", v.Forwarding)
	p.persistence(v)
	if d, ok := oddMiscTimeout(v); ok {
		p.line("delay_loop", seconds(d))
	}
	p.flag("ha_suspend", v.HASuspend)
	p.line("smtp_alert", onOff(v.SMTPAlert))
	p.word("virtualhost", v.VirtualHost)
	p.word("snmp_name", v.SNMPName)
	p.flag("alpha", v.Alpha)
	p.flag("omega", v.Omega)
	if v.Quorum > 0 { // 0: the total weight is 0, and so it comes out again
		p.line("quorum", number(v.Quorum))
	}
	if v.Hysteresis > 0 {
		p.line("hysteresis", number(v.Hysteresis))
	}
	p.command("quorum_up", v.QuorumUp)
	p.command("quorum_down", v.QuorumDown)
	if s := v.Sorry; s != nil {
		p.line("sorry_server", endpoint(s.Addr))
		p.flag("sorry_server_inhibit", s.Inhibit)
		p.method("sorry_server_lvs_method", s.Forwarding)
	}
}

func (p *printer) persistence(v *conf.VirtualServer) {
	p.word("persistence_engine", v.PersistEngine)
	if v.Persistence == 0 {
		return // a granularity would make the service persistent
	}
	p.line("persistence_timeout", number(v.Persistence))
	switch g := v.Granularity; {
	case v.Family == conf.IPv6 && g != 128:
		p.line("persistence_granularity", number(g))
	case v.Family == conf.IPv4 && g != math.MaxUint32:
		p.line("persistence_granularity", netip.AddrFrom4([4]byte{byte(g >> 24), byte(g >> 16), byte(g >> 8), byte(g)}).String())
	}
}

func (p *printer) realServer(r *conf.RealServer) {
	p.block("real_server "+endpoint(r.Addr), func() {
		p.line("weight", number(r.Weight))
		p.method("lvs_method", r.Forwarding)
		if r.UpperThreshold > 0 {
			p.line("uthreshold", number(r.UpperThreshold))
		}
		if r.LowerThreshold > 0 {
			p.line("lthreshold", number(r.LowerThreshold))
		}
		p.line("inhibit_on_failure", onOff(r.Inhibit))
		p.line("alpha", onOff(r.Alpha))
		p.line("smtp_alert", onOff(r.SMTPAlert))
		p.word("snmp_name", r.SNMPName)
		p.command("notify_up", r.NotifyUp)
		p.command("notify_down", r.NotifyDown)
		for i := range r.Checkers {
			p.checker(&r.Checkers[i])
		}
	})
}

func (p *printer) method(keyword string, f conf.Forwarding) {
	words := []string{keyword, string(f.Method)}
	if f.Method == conf.TUN {
		words = append(words, "type", f.TunnelType.String())
		if f.TunnelPort != 0 {
			words = append(words, "port", number(f.TunnelPort))
		}
		words = append(words, f.TunnelCsum.String())
	}
	p.line(words...)
}

// endpoint writes "<ip> <port>", or the address alone for every port.
func endpoint(a netip.AddrPort) string {
	if a.Port() == 0 {
		return a.Addr().String()
	}
	return a.Addr().String() + " " + number(a.Port())
}

func family(f conf.Family) string {
	if f == conf.IPv6 {
		return "inet6"
	}
	return "inet"
}
