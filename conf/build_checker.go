package conf

import (
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// rawCheck is a checker that is being read.
type rawCheck struct {
	Checker
	rawChecks
	pos         Pos
	alpha       maybe[bool]
	connectIP   netip.Addr
	connectPort uint16
	bindIP      netip.Addr
	bindPort    uint16
	vhost       string
	misc        *Command
	miscTimeout time.Duration
	miscArgs    *rawCommand
	user, group string
}

// rawURL is a url block that is being read.
type rawURL struct {
	URL
	pos Pos
}

func openCheck(b *builder, kw *Keyword, s Statement) {
	b.check = &rawCheck{pos: s.Pos, Checker: Checker{Kind: CheckKind(kw.Name)}}
	switch b.check.Kind {
	case HTTPGet, SSLGet:
		b.check.HTTP = &HTTPCheck{Version: "1.0"}
	case MiscCheck:
		b.check.Misc = &MiscOptions{}
	}
}

// closeCheck keeps a checker that has what it needs.
func (b *builder) closeCheck() {
	c := b.check
	b.check = nil
	switch {
	case c == nil || b.rs == nil:
		return
	case c.HTTP != nil && len(c.HTTP.URLs) == 0:
		b.report(incompleteBlock, c.pos, "HTTP/SSL_GET checker has no urls specified - ignoring")
		return
	case c.Misc != nil && c.miscArgs == nil:
		b.report(incompleteBlock, c.pos, "No script path has been specified for MISC_CHECKER - skipping")
		return
	}
	if c.Misc != nil {
		if c.user != "" {
			c.miscArgs.user, c.miscArgs.group = c.user, c.group
		}
	}
	b.rs.checks = append(b.rs.checks, c)
}

func (b *builder) closeURL() {
	u := b.url
	b.url = nil
	if u == nil || b.check == nil || b.check.HTTP == nil {
		return
	}
	if u.Path == "" {
		b.report(incompleteBlock, u.pos, "HTTP/SSL_GET checker url has no path - ignoring")
		return
	}
	if len(u.Status) == 0 {
		u.Status = []StatusRange{{200, 299}}
	}
	b.check.HTTP.URLs = append(b.check.HTTP.URLs, u.URL)
}

func setAddr(field func(*builder) *netip.Addr) setter {
	return func(b *builder, kw *Keyword, s Statement) {
		a, err := parseAddr(s.Words[1].Text)
		if err != nil {
			b.report(badAddress, s.PosOf(1), "Invalid %s address %s - ignoring", kw.Name, s.Words[1].Text)
			return
		}
		*field(b) = a
	}
}

func setUint16(field func(*builder) *uint16) setter {
	return func(b *builder, kw *Keyword, s Statement) {
		if n, ok := b.uintArg(kw, s, 1); ok {
			*field(b) = uint16(n)
		}
	}
}

// checkSetters are what all checkers have.
func checkSetters() blockSetters {
	m := inherited(func(b *builder) *rawChecks { return &b.check.rawChecks })
	delete(m, "connect_timeout")
	m["alpha"] = setMaybeBool(func(b *builder) *maybe[bool] { return &b.check.alpha })
	m["log_all_failures"] = setBool(func(b *builder) *bool { return &b.check.LogAllFailures })
	return m
}

// connectSetters are what checkers that open a connection have.
func connectSetters() blockSetters {
	return blockSetters{
		"connect_timeout": setMaybeDuration(func(b *builder) *maybe[time.Duration] { return &b.check.timeout }),
		"connect_ip":      setAddr(func(b *builder) *netip.Addr { return &b.check.connectIP }),
		"connect_port":    setUint16(func(b *builder) *uint16 { return &b.check.connectPort }),
		"bindto":          setAddr(func(b *builder) *netip.Addr { return &b.check.bindIP }),
		"bind_port":       setUint16(func(b *builder) *uint16 { return &b.check.bindPort }),
		"bind_if":         setString(func(b *builder) *string { return &b.check.BindInterface }),
		"fwmark":          setUint32(func(b *builder) *uint32 { return &b.check.Mark }),
	}
}

func httpSetters() blockSetters {
	return blockSetters{
		"nb_get_retry": setMaybeInt(func(b *builder) *maybe[int] { return &b.check.retry }),
		"virtualhost":  setString(func(b *builder) *string { return &b.check.vhost }),
		"http_protocol": func(b *builder, kw *Keyword, s Statement) {
			if p := kw.value.check(s.Words[1].Text); p.code != 0 {
				b.report(p.code, s.PosOf(1), "http_protocol: %s - ignoring", p.text)
				return
			}
			b.check.HTTP.Version = strings.ToUpper(s.Words[1].Text)
		},
		"enable_sni": setBool(func(b *builder) *bool { return &b.check.HTTP.EnableSNI }),
		"sni_name": func(b *builder, _ *Keyword, s Statement) {
			b.check.HTTP.EnableSNI = true
			if len(s.Words) > 1 {
				b.check.HTTP.SNI = s.Words[1].Text
			}
		},
		"fast_recovery": setBool(func(b *builder) *bool { return &b.check.HTTP.FastRecovery }),
		"url":           func(b *builder, _ *Keyword, s Statement) { b.url = &rawURL{pos: s.Pos} },
	}
}

func urlSetters() blockSetters {
	return blockSetters{
		"path":        setString(func(b *builder) *string { return &b.url.Path }),
		"virtualhost": setString(func(b *builder) *string { return &b.url.VirtualHost }),
		"digest": func(b *builder, _ *Keyword, s Statement) {
			d := strings.ToLower(s.Words[1].Text)
			if len(d) != 32 || strings.Trim(d, "0123456789abcdef") != "" {
				b.report(badValue, s.PosOf(1), "digest %s is not 32 hex digits - ignoring", s.Words[1].Text)
				return
			}
			b.url.Digest = d
		},
		"status_code": func(b *builder, _ *Keyword, s Statement) {
			for i, w := range s.Args() {
				from, to, ranged := strings.Cut(w.Text, "-")
				if !ranged {
					to = from
				}
				low, err1 := strconv.Atoi(from)
				high, err2 := strconv.Atoi(to)
				if err1 != nil || err2 != nil || low < 100 || high > 599 || low > high {
					b.report(badValue, s.PosOf(i+1), "Invalid HTTP_GET status code '%s'", w.Text)
					continue
				}
				b.url.Status = append(b.url.Status, StatusRange{low, high})
			}
		},
	}
}

func miscSetters() blockSetters {
	return blockSetters{
		"misc_path": func(b *builder, _ *Keyword, s Statement) {
			if c := b.replaceScript(&b.check.misc, "MISC_CHECK of "+b.rs.Addr.String(), s); c != nil {
				b.check.miscArgs = c
			}
		},
		"misc_timeout": setDuration(func(b *builder) *time.Duration { return &b.check.miscTimeout }),
		"misc_dynamic": setTrue(func(b *builder) *bool { return &b.check.Misc.Dynamic }),
		"user": func(b *builder, _ *Keyword, s Statement) {
			b.check.user, b.check.group = userAndGroup(s)
		},
	}
}
