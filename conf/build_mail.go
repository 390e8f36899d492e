package conf

import (
	"net/netip"
	"strconv"
	"strings"
)

func mailSetters() blockSetters {
	return blockSetters{
		"notification_email_from": setString(func(b *builder) *string { return &b.global.Mail.From }),
		"notification_email": func(b *builder, _ *Keyword, s Statement) {
			for _, w := range s.Words {
				b.global.Mail.To = append(b.global.Mail.To, w.Text)
			}
		},
		"smtp_server":    setSMTPServer,
		"smtp_helo_name": setString(func(b *builder) *string { return &b.global.Mail.HELO }),
		"smtp_connect_timeout": func(b *builder, kw *Keyword, s Statement) {
			if n, ok := b.atLeastOne(kw, s); ok {
				b.global.Mail.ConnectTimeout = seconds(n, 0)
			}
		},
		"no_email_faults": setTrue(func(b *builder) *bool { return &b.global.Mail.NoFaults }),
	}
}

// setSMTPServer reads "<address or name> [<port>]". A name is looked up again
// when mail is sent; keepalived uses what it finds here.
func setSMTPServer(b *builder, kw *Keyword, s Statement) {
	server := s.Words[1].Text
	if !isHost(server) {
		d := b.report(badAddress, s.PosOf(1), "smtp_server: '%s' is neither an address nor a host name - ignoring", server)
		d.fix("write the address or the name of the mail relay")
		if _, err := strconv.ParseUint(server, 10, 32); err == nil {
			d.Class = ClassNone // keepalived takes 25 for the address 0.0.0.25
		}
		return
	}
	port := uint64(25)
	if len(s.Words) > 2 {
		v := kw.value
		v.kind = valueUint
		var ok bool
		if _, port, ok = b.numberArg(kw.Name, v, s, 2); !ok {
			return
		}
	}
	if b.opt.Host != nil {
		if _, err := parseAddr(server); err != nil {
			if err := b.opt.Host.ResolveHost(server); err != nil {
				b.report(unresolved, s.PosOf(1), "Invalid smtp server %s: %v - mail is not sent until it has an address", server, err)
			}
		}
	}
	b.global.Mail.Server, b.global.Mail.Port = server, uint16(port)
}

// isHost tells whether s is an address or may be the name of a host. What
// consists of numbers only is meant to be an address.
func isHost(s string) bool {
	if a, err := netip.ParseAddr(s); err == nil {
		return a.IsValid()
	}
	if s == "" || len(s) > 253 {
		return false
	}
	numbers := true
	for label := range strings.SplitSeq(strings.TrimSuffix(s, "."), ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for _, c := range []byte(label) {
			switch {
			case c >= '0' && c <= '9':
			case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c == '-', c == '_':
				numbers = false
			default:
				return false
			}
		}
	}
	return !numbers
}
