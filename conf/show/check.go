package show

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"halbd/conf"
)

func (p *printer) checker(k *conf.Checker) {
	p.block(string(k.Kind), func() {
		switch {
		case k.File != nil:
			p.fileCheck(k.File)
			return
		case k.BFD != nil:
			p.line("name", quote(k.BFD.Name))
			p.line("alpha", onOff(k.Alpha))
			return
		case k.Misc != nil:
			p.miscCheck(k.Misc)
		default:
			p.connection(k)
		}
		p.schedule(k)
		switch {
		case k.HTTP != nil:
			p.httpCheck(k)
		case k.UDP != nil:
			p.udpCheck(k.UDP)
		case k.DNS != nil:
			p.line("type", k.DNS.Type)
			p.line("name", quote(k.DNS.Name))
		case k.SMTP != nil:
			p.line("helo_name", quote(k.SMTP.HELO))
		}
	})
}

// connection writes where a checker connects to, and from where.
func (p *printer) connection(k *conf.Checker) {
	p.line("connect_ip", k.Connect.Addr().String())
	if k.Connect.Port() != 0 {
		p.line("connect_port", number(k.Connect.Port()))
	}
	if a := k.Bind.Addr(); a.IsValid() {
		p.line("bindto", a.String())
	}
	if k.Bind.Port() != 0 {
		p.line("bind_port", number(k.Bind.Port()))
	}
	p.word("bind_if", k.BindInterface)
	if k.Mark != 0 {
		p.line("fwmark", number(k.Mark))
	}
	p.line("connect_timeout", seconds(k.ConnectTimeout))
}

func (p *printer) schedule(k *conf.Checker) {
	p.line("delay_loop", seconds(k.DelayLoop))
	p.line("warmup", seconds(k.Warmup))
	p.line("retry", number(k.Retry))
	p.line("delay_before_retry", seconds(k.RetryDelay))
	p.line("alpha", onOff(k.Alpha))
	p.line("log_all_failures", onOff(k.LogAllFailures))
}

func (p *printer) httpCheck(k *conf.Checker) {
	h := k.HTTP
	p.line("http_protocol", h.Version)
	p.word("virtualhost", h.VirtualHost)
	if h.SNI != "" {
		p.line("sni_name", quote(h.SNI))
	} else {
		p.flag("enable_sni", h.EnableSNI)
	}
	p.flag("fast_recovery", h.FastRecovery)
	p.flag("tls_compliant", h.TLSCompliant)
	for i := range h.URLs {
		p.block("url", func() { p.url(&h.URLs[i]) })
	}
}

func (p *printer) url(u *conf.URL) {
	p.line("path", quote(u.Path))
	p.word("virtualhost", u.VirtualHost)
	p.word("digest", u.Digest)
	p.flag("tls_compliant", u.TLSCompliant)
	codes := []string{"status_code"}
	for _, r := range u.Status {
		codes = append(codes, fmt.Sprintf("%d-%d", r.From, r.To))
	}
	p.line(codes...)
	r := u.Regex
	if r == nil {
		return
	}
	p.line("regex", `"`+escape(r.Pattern)+`"`)
	p.flag("regex_no_match", r.NoMatch)
	if len(r.Options) > 0 {
		p.line("regex_options", strings.Join(r.Options, " "))
	}
	if r.MinOffset != 0 {
		p.line("regex_min_offset", number(r.MinOffset))
	}
	if r.MaxOffset != math.MaxUint64 {
		p.line("regex_max_offset", number(r.MaxOffset))
	}
	if r.StackMax != 0 {
		p.line("regex_stack", number(r.StackStart), number(r.StackMax))
	}
}

func (p *printer) udpCheck(u *conf.UDPOptions) {
	if len(u.Payload) > 0 {
		p.line("payload", fmt.Sprintf("%x", u.Payload))
	}
	if u.RequireReply {
		words := []string{"require_reply"}
		if len(u.Reply) > 0 {
			words = append(words, pattern(u.Reply, u.ReplyMask))
		}
		p.line(words...)
	}
	if u.MinReply != 0 {
		p.line("min_reply_length", number(u.MinReply))
	}
	p.line("max_reply_length", number(u.MaxReply))
}

// pattern writes bytes as hex digits, x for those that may be any.
func pattern(data, mask []byte) string {
	digits := []byte(fmt.Sprintf("%x", data))
	for i := range digits {
		if mask[i/2]>>(4*(1-i%2))&15 == 0 {
			digits[i] = 'x'
		}
	}
	return string(digits)
}

func (p *printer) fileCheck(f *conf.FileOptions) {
	p.line("track_file", quote(f.TrackFile))
	words := []string{"weight", number(f.Weight)}
	if f.Reverse {
		words = append(words, "reverse")
	}
	p.line(words...)
}

func (p *printer) miscCheck(m *conf.MiscOptions) {
	p.line("misc_path", scriptLine(m.Command.Args))
	p.line("user", number(m.Command.UID), number(m.Command.GID))
	if !oddTimeout(m.Timeout) {
		p.line("misc_timeout", number(uint64(m.Timeout/time.Second)))
	}
	p.flag("misc_dynamic", m.Dynamic)
}

// oddTimeout reports whether misc_timeout cannot say a time: it takes whole
// seconds up to 4294. Such a time comes from the virtual server's delay_loop.
func oddTimeout(d time.Duration) bool {
	return d%time.Second != 0 || d > 4294*time.Second
}

func oddMiscTimeout(v *conf.VirtualServer) (time.Duration, bool) {
	for i := range v.RealServers {
		checkers := v.RealServers[i].Checkers
		j := slices.IndexFunc(checkers, func(k conf.Checker) bool { return k.Misc != nil && oddTimeout(k.Misc.Timeout) })
		if j >= 0 {
			return checkers[j].Misc.Timeout, true
		}
	}
	return 0, false
}
