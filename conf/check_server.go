package conf

import (
	"cmp"
	"fmt"
	"math"
	"net/netip"
	"slices"
)

// finishServers resolves virtual servers in file order.
func (b *builder) finishServers() {
	first := make(map[string]int, len(b.servers)) // index in the Config by key
	joined := map[serverOf]bool{}
	b.cfg.VirtualServers = slices.Grow(b.cfg.VirtualServers, len(b.servers))
	var used []*rawServer
	for _, v := range b.servers {
		if !b.finishServer(v) {
			b.dropServer(v)
			continue
		}
		key := v.Key()
		if n, twice := first[key]; twice {
			b.joinServers(joined, &b.cfg.VirtualServers[n], v)
			continue
		}
		first[key] = len(b.cfg.VirtualServers)
		used = append(used, v)
		b.cfg.VirtualServers = append(b.cfg.VirtualServers, v.VirtualServer)
	}
	b.checkShared(used)
	b.finishSSL()
}

// serverOf is a real server of a virtual one.
type serverOf struct {
	service string
	addr    netip.AddrPort
}

// joinServers adds the real servers of a second virtual server with the same
// key to the first one, as the kernel's table does for keepalived. joined has
// those of the services that were joined before.
func (b *builder) joinServers(joined map[serverOf]bool, first *VirtualServer, v *rawServer) {
	b.report(sameService, v.pos, "Virtual server %s is there twice - the real servers join the first one, whose settings stay", v.display())
	b.dropCommands(&v.QuorumUp, &v.QuorumDown)
	key := first.Key()
	if !joined[serverOf{service: key}] {
		joined[serverOf{service: key}] = true
		for _, r := range first.RealServers {
			joined[serverOf{key, r.Addr}] = true
		}
	}
	for _, r := range v.RealServers {
		if !joined[serverOf{key, r.Addr}] {
			joined[serverOf{key, r.Addr}] = true
			first.RealServers = append(first.RealServers, r)
		}
	}
}

// dropServer takes the scripts of a virtual server that is not used out of account.
func (b *builder) dropServer(v *rawServer) {
	b.dropCommands(&v.QuorumUp, &v.QuorumDown)
	for _, r := range v.reals {
		b.dropReal(r)
	}
}

// display is the name that keepalived's messages use.
func (v *rawServer) display() string {
	switch v.Kind {
	case ByFwmark:
		return fmt.Sprintf("FWM %d", v.Fwmark)
	case ByGroup:
		return "[" + v.Group + "]"
	}
	return fmt.Sprintf("[%s]:%s:%d", v.Addr.Addr(), v.Protocol, v.Addr.Port())
}

// finishServer reports whether the virtual server is of use.
func (b *builder) finishServer(v *rawServer) bool {
	if v.Kind == ByGroup && !b.joinGroup(v) {
		return false
	}
	v.Family = v.deriveFamily()
	b.serverDefaults(v)
	b.checkService(v)
	seen := b.noReals()
	v.RealServers = make([]RealServer, 0, len(v.reals))
	total := 0
	for _, r := range v.reals {
		b.finishReal(v, r)
		if familyOf(r.Addr.Addr()) != v.Family && r.Forwarding.Method != TUN { // TUN when it was read, and changed below it
			b.report(wrongFamily, r.pos, "VS %s: address family of real server %s doesn't match - removing", v.display(), r.Addr).Class = ClassNone
			b.dropReal(r)
			continue
		}
		if seen[r.Addr] {
			b.report(duplicateServer, r.pos, "VS %s: real server %s is duplicated - removing second rs", v.display(), r.Addr)
			b.dropReal(r)
			continue
		}
		seen[r.Addr] = true
		total += r.Weight
		v.RealServers = append(v.RealServers, r.RealServer)
	}
	if len(v.RealServers) == 0 {
		b.report(noServers, v.pos, "Virtual server %s has no real servers left - ignoring", v.display()).Class = ClassNone
		return false
	}
	b.finishQuorum(v, total)
	b.finishSorry(v, seen)
	return true
}

// noReals is an empty set of real servers: the last one again, unless emptying
// it takes longer than making another.
func (b *builder) noReals() map[netip.AddrPort]bool {
	const many = 256
	if b.seenReals == nil || len(b.seenReals) > many {
		b.seenReals = map[netip.AddrPort]bool{}
	} else {
		clear(b.seenReals)
	}
	return b.seenReals
}

// joinGroup takes over the members of the group that the server names.
func (b *builder) joinGroup(v *rawServer) bool {
	g := b.vsgs[v.Group]
	if g == nil {
		b.report(undefinedGroup, v.pos, "virtual server group %s is not defined - ignoring the virtual server", v.Group)
		return false
	}
	for _, m := range g.members {
		if f := cmp.Or(familyOf(m.First), m.Family); f != 0 && v.family != 0 && f != v.family {
			b.report(groupFamily, v.pos, "virtual server group %s has members of %s, its real servers are %s - ignoring the virtual server", v.Group, f, v.family)
			return false
		}
	}
	v.Members = g.members
	return true
}

// hasAddresses reports whether a service has more than fwmarks, hasFwmarks
// whether it has any.
func (v *rawServer) hasAddresses() bool {
	return v.Kind == ByAddress || slices.ContainsFunc(v.Members, func(m GroupMember) bool { return m.First.IsValid() })
}

func (v *rawServer) hasFwmarks() bool {
	return v.Kind == ByFwmark || slices.ContainsFunc(v.Members, func(m GroupMember) bool { return !m.First.IsValid() })
}

// serverDefaults fills in what keepalived complains about when it is missing.
func (b *builder) serverDefaults(v *rawServer) {
	switch addresses := v.hasAddresses(); {
	case !addresses && v.proto:
		b.report(fwmarkProtocol, v.pos, "virtual server %s: a fwmark has no protocol - ignoring it", v.display())
		v.Protocol = ProtoNone
	case addresses && !v.proto:
		b.report(defaultProtocol, v.pos, "Virtual server %s: no protocol set - defaulting to UDP", v.display())
		v.Protocol = ProtoUDP
	}
	if v.Scheduler == "" {
		b.report(defaultScheduler, v.pos, "Virtual server %s: no scheduler set, setting default 'wlc'", v.display())
		v.Scheduler = "wlc"
	}
	if v.method == nil {
		b.report(defaultMethod, v.pos, "Virtual server %s: no forwarding method set, setting default NAT", v.display())
		v.method = &Forwarding{Method: NAT}
	}
	v.Forwarding = *v.method
	v.SMTPAlert = b.checkerAlert(v.smtpAlert, false)
	if v.Granularity == 0 {
		v.Granularity = math.MaxUint32
		if v.Family == IPv6 {
			v.Granularity = 128
		}
	}
}

// checkService looks at what does not go together in a virtual server.
func (b *builder) checkService(v *rawServer) {
	if v.OnePacket && v.hasAddresses() && v.Protocol != ProtoUDP {
		b.report(onePacketProtocol, v.pos, "Virtual server %s: one packet scheduling requires UDP - resetting", v.display())
		v.OnePacket = false
	}
	anyPort := v.Kind == ByAddress && v.Addr.Port() == 0
	for _, m := range v.Members {
		anyPort = anyPort || m.First.IsValid() && m.Port == 0
	}
	if anyPort && v.Persistence == 0 {
		b.report(portZero, v.pos, "Virtual server %s: zero port only valid for persistent services - setting persistence_timeout %d", v.display(), defaultPersistence)
		v.Persistence = defaultPersistence
	}
	if v.HASuspend && v.hasFwmarks() {
		b.report(suspendFwmark, v.pos, "Virtual server %s: cannot use ha_suspend with fwmarks - clearing ha_suspend", v.display())
		v.HASuspend = false
	}
}

// deriveFamily finds the family of a service: its address's, else what
// ip_family says, else that of its servers or its group.
func (v *rawServer) deriveFamily() Family {
	if v.family != 0 {
		return v.family
	}
	for _, m := range v.Members {
		if f := cmp.Or(familyOf(m.First), m.Family); f != 0 {
			return f
		}
	}
	for _, r := range v.reals {
		return familyOf(r.Addr.Addr())
	}
	return IPv4
}

// finishReal resolves one real server.
func (b *builder) finishReal(v *rawServer, r *rawReal) {
	r.Forwarding = *cmpOr(r.method, v.method)
	r.written = r.Addr
	b.finishPort(v, r)
	r.Weight = r.weight.or(v.weight)
	r.Inhibit = r.inhibit.or(v.inhibit)
	r.Alpha = r.alpha.or(v.Alpha)
	r.SMTPAlert = b.checkerAlert(r.smtpAlert, true)
	for _, c := range r.checks {
		if b.finishCheck(v, r, c) {
			r.Checkers = append(r.Checkers, c.Checker)
		}
	}
}

// finishPort makes the port what direct routing and tunnels can do: the packet
// arrives unchanged, at the port of the service. With NAT that is the default.
func (b *builder) finishPort(v *rawServer, r *rawReal) {
	port := r.Addr.Port()
	if r.Forwarding.Method == NAT {
		if v.Kind == ByAddress && port == 0 {
			r.Addr = netip.AddrPortFrom(r.Addr.Addr(), v.Addr.Port())
		}
		return
	}
	switch v.Kind {
	case ByAddress:
		if port != 0 && port != v.Addr.Port() {
			b.report(portReset, r.pos, "virtual server %s and real server %s have different ports - using that of the virtual server", v.display(), r.Addr)
		}
		r.Addr = netip.AddrPortFrom(r.Addr.Addr(), v.Addr.Port())
	case ByFwmark:
		if port != 0 {
			b.report(portIgnored, r.pos, "virtual server %s: the port of real server %s has no effect behind a fwmark - clearing it", v.display(), r.Addr)
			r.Addr = netip.AddrPortFrom(r.Addr.Addr(), 0)
		}
	case ByGroup:
		b.checkGroupPorts(v, r)
	}
}

func (b *builder) checkGroupPorts(v *rawServer, r *rawReal) {
	if r.Addr.Port() == 0 {
		return
	}
	if v.hasFwmarks() {
		b.report(portIgnored, r.pos, "WARNING - fwmark virtual server %s, real server %s has port specified - port will be ignored", v.display(), r.Addr)
	}
	for _, m := range v.Members {
		if m.First.IsValid() && m.Port != r.Addr.Port() {
			b.report(portReset, r.pos, "virtual server %s:[%s,%d] and real server %s ports don't match", v.display(), m.First, m.Port, r.Addr)
			return
		}
	}
}

// finishQuorum keeps quorum and hysteresis within reach of the total weight.
func (b *builder) finishQuorum(v *rawServer, total int) {
	if v.Quorum > total {
		b.report(quorumReduced, cmp.Or(v.quorumPos, v.pos), "quorum %d of %s is above the total weight %d of its real servers - reducing it to %d", v.Quorum, v.display(), total, total)
		v.Quorum = total
	}
	if v.Hysteresis > 0 && v.Hysteresis >= v.Quorum {
		before := v.Hysteresis
		v.Hysteresis = max(v.Quorum-1, 0)
		b.report(hysteresisReduced, cmp.Or(v.hysteresisPos, v.pos), "Virtual server %s: hysteresis %d >= quorum %d; setting hysteresis to %d", v.display(), before, v.Quorum, v.Hysteresis)
	}
}

func (b *builder) finishSorry(v *rawServer, reals map[netip.AddrPort]bool) {
	if v.sorry == nil {
		return
	}
	v.sorry.Forwarding = *cmpOr(v.sorryFwd, v.method)
	addr, port := v.sorry.Addr, v.sorry.Addr.Port()
	if v.sorry.Forwarding.Method != NAT {
		switch {
		case v.Kind == ByAddress:
			if port != 0 && port != v.Addr.Port() {
				b.report(portReset, v.sorryPos, "WARNING - virtual server %s and sorry server ports don't match - resetting", v.display())
			}
			addr = netip.AddrPortFrom(addr.Addr(), v.Addr.Port())
		case port != 0 && v.Kind == ByGroup:
			b.report(portIgnored, v.sorryPos, "WARNING - virtual server %s, sorry server has port specified - port will be ignored", v.display())
		case port != 0:
			b.report(portIgnored, v.sorryPos, "WARNING - virtual server %s, sorry server has port specified - clearing", v.display())
			addr = netip.AddrPortFrom(addr.Addr(), 0)
		}
	}
	v.sorry.Addr = addr
	if reals[addr] {
		b.report(sorryIsReal, v.sorryPos, "Virtual server %s: sorry server %s is a real server too", v.display(), addr)
	}
	v.Sorry = v.sorry
}
