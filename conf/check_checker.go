package conf

import (
	"cmp"
	"net/netip"
	"time"
)

// defaultDelayLoop is the period of checks.
const defaultDelayLoop = 60 * time.Second

// checkDefaults are retry and delay_before_retry of a kind of checker.
func checkDefaults(k CheckKind, delayLoop time.Duration) (retry int, delay time.Duration) {
	switch k {
	case HTTPGet, SSLGet:
		return 1, 3 * time.Second
	case MiscCheck:
		return 0, time.Second
	case DNSCheck:
		return 3, delayLoop
	}
	return 1, time.Second
}

// finishCheck resolves checker > real server > virtual server > default; false
// means that the checker is not usable.
func (b *builder) finishCheck(v *rawServer, r *rawReal, c *rawCheck) bool {
	c.Alpha = c.alpha.or(r.Alpha)
	switch c.Kind {
	case FileCheck:
		f := b.fileOf[c.File.TrackFile]
		c.File.Weight, c.File.Reverse = f.Weight, f.Reverse
		if w := c.fileWeight; w != nil {
			c.File.Weight, c.File.Reverse = w.Weight, w.Reverse
		}
		return true
	case BFDCheck:
		return true
	}
	c.DelayLoop = c.delayLoop.orElse(r.delayLoop).orElse(v.delayLoop).or(defaultDelayLoop)
	retry, delay := checkDefaults(c.Kind, c.DelayLoop)
	c.Retry = c.retry.orElse(r.retry).orElse(v.retry).or(retry)
	c.RetryDelay = c.retryDelay.orElse(r.retryDelay).orElse(v.retryDelay).or(delay)
	c.Warmup = c.warmup.orElse(r.warmup).orElse(v.warmup).or(c.DelayLoop)
	c.LogAllFailures = c.LogAllFailures || b.global.LogAllFailures
	if c.Misc != nil {
		if c.script.cmd == nil { // finishCommands has said why
			c.Disabled = c.Alpha
			return c.Alpha
		}
		c.Misc.Command = *c.script.cmd
		c.Misc.Timeout = cmp.Or(c.script.timeout, v.delayLoop.or(defaultDelayLoop))
		return true
	}
	c.ConnectTimeout = c.rawConnect.timeout.orElse(r.timeout).orElse(v.timeout).or(5 * time.Second)
	c.Connect = netip.AddrPortFrom(c.target(r), cmp.Or(c.connectPort, r.written.Port(), r.Addr.Port()))
	c.BindInterface, c.Mark = c.bindInterface, c.mark
	b.finishBind(c)
	if c.HTTP != nil {
		c.finishHTTP(v, r)
	}
	return true
}

func (b *builder) finishBind(c *rawCheck) {
	if !c.bindIP.IsValid() && c.bindPort == 0 {
		return
	}
	if c.bindIP.IsValid() && c.bindIP.Is4() != c.Connect.Addr().Is4() { // of a SMTP_CHECK: keepalived does not notice
		b.report(bindFamily, c.pos, "bindto address %s does not match address family of %s - ignoring", c.bindIP, c.Connect.Addr()).Class = ClassNone
		c.bindIP = netip.Addr{}
	}
	if !c.bindIP.IsValid() {
		c.bindIP = netip.IPv4Unspecified()
		if c.Connect.Addr().Is6() {
			c.bindIP = netip.IPv6Unspecified()
		}
	}
	c.Bind = netip.AddrPortFrom(c.bindIP, c.bindPort)
}

func (c *rawCheck) finishHTTP(v *rawServer, r *rawReal) {
	h := c.HTTP
	h.VirtualHost = cmp.Or(c.vhost, r.vhost, v.VirtualHost)
	for i := range h.URLs {
		h.URLs[i].VirtualHost = cmp.Or(h.URLs[i].VirtualHost, h.VirtualHost)
		h.URLs[i].TLSCompliant = h.URLs[i].TLSCompliant || h.TLSCompliant
	}
}
