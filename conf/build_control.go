package conf

import "net/netip"

func setControlListen(b *builder, kw *Keyword, s Statement) {
	c := &b.global.Control
	addr, err := netip.ParseAddrPort(s.Words[1].Text)
	if err != nil || addr.Port() == 0 {
		b.report(badValue, s.PosOf(1), "%s: '%s' is no address with a port - ignoring", kw.Name, s.Words[1].Text).fix("write it as 127.0.0.1:9112, or [::1]:9112")
		return
	}
	insecure := len(s.Words) > 2 && s.Words[2].Text == "insecure"
	if len(s.Words) > 2 && !insecure {
		b.report(badWord, s.PosOf(2), "%s: unknown option '%s' - ignoring it", kw.Name, s.Words[2].Text).fix("the only option is insecure")
	}
	c.Listen, c.Insecure = addr, insecure
	b.controlAt = s.Pos
}

func setControlTLS(b *builder, kw *Keyword, s Statement) {
	if len(s.Words) < 3 {
		b.report(missingValue, s.Pos, "%s: the key is missing - ignoring", kw.Name).fix("write %s CERTIFICATE KEY", kw.Name)
		return
	}
	b.global.Control.Cert, b.global.Control.Key = s.Words[1].Text, s.Words[2].Text
}

// finishControl does not let what the daemon knows leave the host unnoticed.
func (b *builder) finishControl() {
	c := &b.global.Control
	if !c.Listen.IsValid() || c.Insecure || c.Listen.Addr().IsLoopback() || c.Cert != "" && c.TokenFile != "" {
		return
	}
	b.report(openControl, b.controlAt, "control_listen %v is open to other hosts without control_tls and control_token_file - ignoring", c.Listen)
	c.Listen = netip.AddrPort{}
}
