package conf

import (
	"slices"
	"strings"
	"time"
)

// defaultMaxReply is max_reply_length of UDP_CHECK in bytes.
const defaultMaxReply = 255

func udpSetters() blockSetters {
	return blockSetters{
		"payload": func(b *builder, _ *Keyword, s Statement) {
			if data, _, ok := hexBytes(s.Args(), false); ok {
				b.check.UDP.Payload = data
			} else {
				b.report(badValue, s.PosOf(1), "Invalid hex string for UDP_CHECK payload - sending the default one").fix("write pairs of hex digits, with or without blanks between them")
			}
		},
		"require_reply": func(b *builder, _ *Keyword, s Statement) {
			u := b.check.UDP
			u.RequireReply = true
			if len(s.Words) < 2 {
				return
			}
			if data, mask, ok := hexBytes(s.Args(), true); ok {
				u.Reply, u.ReplyMask = data, mask
			} else {
				b.report(badValue, s.PosOf(1), "Invalid hex string for UDP_CHECK reply - any reply will do").fix("write pairs of hex digits, x for a digit that may be any")
			}
		},
		"min_reply_length": func(b *builder, kw *Keyword, s Statement) { b.count(kw, s, &b.check.UDP.MinReply) },
		"max_reply_length": func(b *builder, kw *Keyword, s Statement) { b.count(kw, s, &b.check.UDP.MaxReply) },
	}
}

// hexBytes reads bytes as pairs of hex digits; a digit that has a blank or
// nothing behind it is a byte of its own. With wild an x stands for any digit:
// mask has the bits that count.
func hexBytes(words []Word, wild bool) (data, mask []byte, ok bool) {
	for _, w := range words {
		for text := range strings.FieldsSeq(w.Text) {
			for len(text) > 0 {
				n := min(len(text), 2)
				var value, bits byte
				for _, c := range []byte(text[:n]) {
					d := strings.IndexByte("0123456789abcdef0123456789ABCDEF", c)
					switch {
					case d >= 0:
						value, bits = value<<4|byte(d&15), bits<<4|15
					case wild && c|0x20 == 'x':
						value, bits = value<<4, bits<<4
					default:
						return nil, nil, false
					}
				}
				if n == 1 {
					bits |= 0xf0
				}
				data, mask, text = append(data, value), append(mask, bits), text[n:]
			}
		}
	}
	return data, mask, len(data) > 0
}

func dnsSetters() blockSetters {
	return blockSetters{
		"type": func(b *builder, _ *Keyword, s Statement) {
			word := strings.ToUpper(s.Words[1].Text)
			if _, ok := b.table.lookup("virtual_server/real_server/DNS_CHECK/type/value", word); !ok {
				b.report(badWord, s.PosOf(1), "Unknown DNS check type %s - ignoring", s.Words[1].Text)
				return
			}
			b.check.DNS.Type = word
		},
		"name": setDNSName,
	}
}

// longestDNSName is the length of a name without its last dot (RFC 1035, 2.3.4).
const longestDNSName = 253

func setDNSName(b *builder, _ *Keyword, s Statement) {
	name := s.Words[1].Text
	bare := strings.TrimSuffix(name, ".")
	labels := strings.Split(bare, ".")
	switch {
	case bare != "" && slices.Contains(labels, ""):
		b.report(badValue, s.PosOf(1), "DNS_CHECK name '%s' has empty label - ignoring", name).fix("write labels with one dot between them")
		return
	case len(bare) > longestDNSName || slices.ContainsFunc(labels, func(l string) bool { return len(l) > 63 }):
		b.report(badValue, s.PosOf(1), "DNS_CHECK name '%s' is longer than a name may be - ignoring", name).Class = ClassNone
		return
	case len(labels[0]) == 1 && name != labels[0]:
		b.report(shortLabel, s.PosOf(1), "DNS_CHECK name '%s': keepalived takes the first label for an empty one and asks for '.'", name)
	}
	b.check.DNS.Name = name
}

func smtpSetters() blockSetters {
	return blockSetters{
		"helo_name": setString(func(b *builder) *string { return &b.check.SMTP.HELO }),
		"host": func(b *builder, _ *Keyword, s Statement) {
			h := b.check.smtp
			h.open, h.pos, h.main = true, s.Pos, b.check.rawConnect
			b.check.rawConnect = rawConnect{}
		},
	}
}

// closeHost keeps the target of a host block: a checker of its own.
func (b *builder) closeHost() {
	c := b.check
	if c == nil || c.smtp == nil || !c.smtp.open || b.rs == nil {
		return
	}
	if b.reachable(c, c.smtp.pos) {
		c.smtp.hosts = append(c.smtp.hosts, c.rawConnect)
	}
	c.rawConnect, c.smtp.open = c.smtp.main, false
}

func miscSetters() blockSetters {
	return blockSetters{
		"misc_path": func(b *builder, _ *Keyword, s Statement) {
			if c := b.replaceScript(&b.check.script.cmd, "MISC_CHECK of "+b.rs.Addr.String(), s); c != nil {
				b.check.script.args = c
			}
		},
		"misc_timeout": setDuration(func(b *builder) *time.Duration { return &b.check.script.timeout }),
		"misc_dynamic": setTrue(func(b *builder) *bool { return &b.check.Misc.Dynamic }),
		"user": func(b *builder, _ *Keyword, s Statement) {
			m := b.check.script
			m.user, m.group = userAndGroup(s)
			if a := b.account(m.user, m.group); a.err != nil {
				b.report(unknownAccount, s.PosOf(1), "Failed to set uid/gid for the script of MISC_CHECK - removing the checker: %v", a.err)
				b.check.dropped = true
			}
		},
	}
}

func fileCheckSetters() blockSetters {
	return blockSetters{
		"track_file": func(b *builder, _ *Keyword, s Statement) {
			f := b.fileOf[s.Words[1].Text]
			if f == nil || f.Path == "" {
				b.report(danglingName, s.PosOf(1), "track_file %s not found - ignoring", s.Words[1].Text)
				return
			}
			b.check.File.TrackFile = f.Name
		},
		"weight": func(b *builder, kw *Keyword, s Statement) {
			var t Track
			if b.weight(kw, s, &t.Weight, &t.Reverse) {
				b.check.fileWeight = &t
			}
		},
	}
}

func bfdCheckSetters() blockSetters {
	return blockSetters{
		"name": func(b *builder, kw *Keyword, s Statement) {
			c, name := b.check, s.Words[1].Text
			switch {
			case b.refuseSurplus(kw, s):
				c.dropped = true
			case c.BFD.Name != "":
				b.report(alreadySet, s.PosOf(1), "BFD_CHECK: %s already specified as %s - ignoring", name, c.BFD.Name)
			case b.bfdOf[name] != nil && !b.bfdOf[name].dropped && !b.bfdOf[name].Checker:
				b.report(danglingName, s.PosOf(1), "BFD_CHECK: BFD %s not configured - skipping the checker", name).
					fix("its events go to VRRP alone; write checker beside vrrp in it, or neither")
				c.dropped = true
			case b.bfdOf[name] == nil || b.bfdOf[name].dropped:
				b.report(danglingName, s.PosOf(1), "BFD_CHECK: BFD %s not configured - skipping the checker", name)
				c.dropped = true
			default:
				c.BFD.Name = name
			}
		},
		"alpha": setMaybeBool(func(b *builder) *maybe[bool] { return &b.check.alpha }),
	}
}
