package conf

import (
	"cmp"
	"fmt"
	"math"
	"net/netip"
	"time"
)

// finishServers resolves virtual servers in file order.
func (b *builder) finishServers() {
	seen := map[string]bool{}
	for _, v := range b.servers {
		if !b.finishServer(v) {
			continue
		}
		if key := v.Key(); seen[key] {
			b.report(duplicateServer, v.pos, "Virtual server %s is duplicated - ignoring the second one", v.display())
			continue
		} else {
			seen[key] = true
		}
		b.cfg.VirtualServers = append(b.cfg.VirtualServers, v.VirtualServer)
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
	if v.sorry == nil && len(v.reals) == 0 {
		b.report(noServers, v.pos, "Virtual server %s has no real servers - ignoring", v.display())
		return false
	}
	b.serverDefaults(v)
	v.Family = v.deriveFamily()
	if v.Granularity == 0 {
		v.Granularity = math.MaxUint32
		if v.Family == IPv6 {
			v.Granularity = 128
		}
	}
	seen := map[netip.AddrPort]bool{}
	total := 0
	for _, r := range v.reals {
		if !b.finishReal(v, r) {
			continue
		}
		if seen[r.Addr] {
			b.report(duplicateServer, r.pos, "VS %s: real server %s is duplicated - removing second rs", v.display(), r.Addr)
			continue
		}
		seen[r.Addr] = true
		total += r.Weight
		v.RealServers = append(v.RealServers, r.RealServer)
	}
	b.finishQuorum(v, total)
	b.finishSorry(v)
	return true
}

// joinGroup takes over the members of the group that the server names.
func (b *builder) joinGroup(v *rawServer) bool {
	g := b.vsgs[v.Group]
	if g == nil {
		b.report(undefinedGroup, v.pos, "virtual server group %s is not defined - ignoring the virtual server", v.Group)
		return false
	}
	if len(g.members) == 0 {
		b.report(incompleteBlock, v.pos, "virtual server group %s has no members - ignoring the virtual server", v.Group)
		return false
	}
	v.Members = g.members
	return true
}

// serverDefaults fills in what keepalived complains about when it is missing.
func (b *builder) serverDefaults(v *rawServer) {
	fwmarksOnly := v.Kind == ByFwmark
	switch {
	case fwmarksOnly && v.proto:
		b.report(fwmarkProtocol, v.pos, "Warning: Virtual server %s: protocol specified for fwmark - protocol will be ignored", v.display())
		v.Protocol = ProtoNone
	case !fwmarksOnly && !v.proto:
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
}

// deriveFamily finds the family of a service: its address's, else what
// ip_family says, else that of its group or its servers.
func (v *rawServer) deriveFamily() Family {
	if v.Kind == ByAddress {
		return familyOf(v.Addr.Addr())
	}
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
	if v.sorry != nil {
		return familyOf(v.sorry.Addr.Addr())
	}
	return IPv4
}

// finishReal resolves one real server; false means that it is not usable.
func (b *builder) finishReal(v *rawServer, r *rawReal) bool {
	r.Forwarding = *v.method
	if r.method != nil {
		r.Forwarding = *r.method
	}
	if familyOf(r.Addr.Addr()) != v.Family && r.Forwarding.Method != TUN {
		b.report(wrongFamily, r.pos, "VS %s: address family of real server %s doesn't match - removing", v.display(), r.Addr)
		return false
	}
	r.written = r.Addr
	if port := v.Addr.Port(); v.Kind == ByAddress && r.Forwarding.Method != NAT && r.Addr.Port() != port {
		b.report(portReset, r.pos, "WARNING - virtual server %s and real server %s ports don't match - resetting", v.display(), r.Addr)
		r.Addr = netip.AddrPortFrom(r.Addr.Addr(), port)
	}
	r.Weight = r.weight.or(v.weight)
	r.Inhibit = r.inhibit.or(v.inhibit)
	r.Alpha = r.alpha.or(v.Alpha)
	for _, c := range r.checks {
		if b.finishCheck(v, r, c) {
			r.Checkers = append(r.Checkers, c.Checker)
		}
	}
	return true
}

// checkDefaults are retry and delay_before_retry of a kind of checker.
func checkDefaults(k CheckKind) (retry int, delay time.Duration) {
	switch k {
	case HTTPGet, SSLGet:
		return 1, 3 * time.Second
	case MiscCheck:
		return 0, time.Second
	}
	return 1, time.Second
}

// finishCheck resolves checker > real server > virtual server > default.
func (b *builder) finishCheck(v *rawServer, r *rawReal, c *rawCheck) bool {
	retry, delay := checkDefaults(c.Kind)
	c.Retry = c.retry.orElse(r.retry).orElse(v.retry).or(retry)
	c.RetryDelay = c.retryDelay.orElse(r.retryDelay).orElse(v.retryDelay).or(delay)
	c.DelayLoop = c.delayLoop.orElse(r.delayLoop).orElse(v.delayLoop).or(60 * time.Second)
	c.Warmup = c.warmup.orElse(r.warmup).orElse(v.warmup).or(c.DelayLoop)
	c.Alpha = c.alpha.or(r.Alpha)
	c.LogAllFailures = c.LogAllFailures || b.global.LogAllFailures
	if c.Misc != nil {
		if c.misc == nil {
			return false // finishCommands has said why
		}
		c.Misc.Command = *c.misc
		c.Misc.Timeout = cmp.Or(c.miscTimeout, v.delayLoop.or(60*time.Second))
		return true
	}
	c.ConnectTimeout = c.timeout.orElse(r.timeout).orElse(v.timeout).or(5 * time.Second)
	c.Connect = netip.AddrPortFrom(r.Addr.Addr(), cmp.Or(c.connectPort, r.written.Port()))
	if c.connectIP.IsValid() {
		c.Connect = netip.AddrPortFrom(c.connectIP, c.Connect.Port())
	}
	if !b.finishBind(c) {
		return false
	}
	if c.HTTP != nil {
		c.finishHTTP(v, r)
	}
	return true
}

func (b *builder) finishBind(c *rawCheck) bool {
	if !c.bindIP.IsValid() && c.bindPort == 0 {
		return true
	}
	if !c.bindIP.IsValid() {
		c.bindIP = netip.IPv4Unspecified()
		if c.Connect.Addr().Is6() {
			c.bindIP = netip.IPv6Unspecified()
		}
	}
	if c.bindIP.Is4() != c.Connect.Addr().Is4() {
		b.report(bindFamily, c.pos, "%s: bindto and connect address families don't match - skipping checker", c.Kind)
		return false
	}
	c.Bind = netip.AddrPortFrom(c.bindIP, c.bindPort)
	return true
}

func (c *rawCheck) finishHTTP(v *rawServer, r *rawReal) {
	c.HTTP.VirtualHost = cmp.Or(c.vhost, r.vhost, v.VirtualHost)
	for i := range c.HTTP.URLs {
		c.HTTP.URLs[i].VirtualHost = cmp.Or(c.HTTP.URLs[i].VirtualHost, c.HTTP.VirtualHost)
	}
}

// finishQuorum keeps quorum and hysteresis within reach of the total weight.
func (b *builder) finishQuorum(v *rawServer, total int) {
	if v.Quorum > total && len(v.RealServers) > 0 {
		b.report(quorumReduced, cmp.Or(v.quorumPos, v.pos), "Warning - quorum %d for %s exceeds total weight of real servers %d, reducing quorum to %d", v.Quorum, v.display(), total, total)
		v.Quorum = total
	}
	if v.Hysteresis > 0 && v.Hysteresis >= v.Quorum {
		v.Hysteresis = max(v.Quorum-1, 0)
		b.report(hysteresisReduced, cmp.Or(v.quorumPos, v.pos), "Virtual server %s: hysteresis must be less than quorum, setting to %d", v.display(), v.Hysteresis)
	}
}

func (b *builder) finishSorry(v *rawServer) {
	if v.sorry == nil {
		if v.sorryFwd != nil || v.sorryInh {
			b.report(sorryOptions, v.pos, "Virtual server %s: sorry server options without sorry_server", v.display())
		}
		return
	}
	v.sorry.Forwarding, v.sorry.Inhibit = *v.method, v.sorryInh
	if v.sorryFwd != nil {
		v.sorry.Forwarding = *v.sorryFwd
	}
	if familyOf(v.sorry.Addr.Addr()) != v.Family && v.sorry.Forwarding.Method != TUN {
		b.report(wrongFamily, v.pos, "VS %s: address family of sorry server %s doesn't match - removing", v.display(), v.sorry.Addr)
		return
	}
	v.Sorry = v.sorry
}
