package conf

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"halbd/internal/pcre"
)

// rawURL is a url block that is being read.
type rawURL struct {
	URL
	regex    Regex // used if it has a pattern
	pos      Pos
	regexPos Pos // of the pattern
}

// closeURL keeps a url that has a path.
func (b *builder) closeURL() {
	u := b.url
	b.url = nil
	if u == nil || b.check == nil || b.check.HTTP == nil {
		return
	}
	if u.Path == "" {
		b.reportEnd(incompleteBlock, u.pos, "HTTP/SSL_GET checker url has no path - ignoring")
		return
	}
	if len(u.Status) == 0 {
		u.Status = []StatusRange{{200, 299}}
	}
	b.finishRegex(u)
	b.check.HTTP.URLs = append(b.check.HTTP.URLs, u.URL)
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
		"url": func(b *builder, _ *Keyword, s Statement) {
			b.url = &rawURL{pos: s.Pos, regex: Regex{MaxOffset: math.MaxUint64}}
		},
	}
}

func urlSetters() blockSetters {
	return blockSetters{
		"path":        setString(func(b *builder) *string { return &b.url.Path }),
		"virtualhost": setString(func(b *builder) *string { return &b.url.VirtualHost }),
		"digest":      setDigest,
		"status_code": func(b *builder, kw *Keyword, s Statement) {
			for i, w := range s.Args() {
				from, to, ranged := strings.Cut(w.Text, "-")
				if !ranged {
					to = from
				}
				low, err1 := strconv.Atoi(from)
				high, err2 := strconv.Atoi(to)
				if err1 != nil || err2 != nil || low < 0 || uint64(low) < kw.value.low || uint64(high) > kw.value.high || low > high {
					b.report(badValue, s.PosOf(i+1), "Invalid HTTP_GET status code '%s'", w.Text)
					continue
				}
				b.url.Status = append(b.url.Status, StatusRange{low, high})
			}
		},
		"regex":            setRegex,
		"regex_no_match":   setTrue(func(b *builder) *bool { return &b.url.regex.NoMatch }),
		"regex_options":    setRegexOptions,
		"regex_min_offset": setOffset(func(b *builder) *uint64 { return &b.url.regex.MinOffset }),
		"regex_max_offset": setOffset(func(b *builder) *uint64 { return &b.url.regex.MaxOffset }),
		"regex_stack":      setRegexStack,
	}
}

func setDigest(b *builder, _ *Keyword, s Statement) {
	d := strings.ToLower(s.Words[1].Text)
	switch {
	case len(d) != 32 || strings.Trim(d, "0123456789abcdef") != "":
		b.report(badValue, s.PosOf(1), "digest %s is not 32 hex digits - ignoring", s.Words[1].Text)
	case b.url.Digest != "":
		b.report(alreadySet, s.PosOf(1), "Digest '%s' is a duplicate - ignoring", s.Words[1].Text)
	default:
		b.url.Digest = d
	}
}

// setRegex takes a pattern. In double quotes everything but backslashes stands
// for itself; otherwise quotes group as in the line of a script.
func setRegex(b *builder, _ *Keyword, s Statement) {
	text := strings.Join(wordTexts(s.Args()), " ")
	words := splitScript(text)
	if s.Words[1].Quoted {
		words = []string{unescapeAll(text)}
	}
	if len(s.Words) > 2 && s.Words[1].Quoted || len(words) != 1 || words[0] == "" {
		b.report(badPattern, s.PosOf(1), "regex takes one pattern, this is several words or nothing - ignoring")
		return
	}
	for i := 0; i+1 < len(text); i++ {
		if text[i] != '\\' {
			continue
		}
		if i++; text[i] != '\\' && !strings.ContainsRune("xnrtfvacE'\"", rune(text[i])) && (text[i] < '0' || text[i] > '7') {
			b.report(lostBackslash, s.PosOf(1), "regex: the backslash of \\%c is taken by the configuration language, the pattern is %s", text[i], words[0]).fix(`write \\%c`, text[i])
			break
		}
	}
	b.url.regex.Pattern, b.url.regexPos = words[0], s.PosOf(1)
}

// finishRegex reads the pattern, once its options are known. keepalived -t does
// not look at patterns; a check with one that does not compile ends the checker.
func (b *builder) finishRegex(u *rawURL) {
	r := &u.regex
	if r.Pattern == "" {
		if r.NoMatch || len(r.Options) > 0 || r.MinOffset > 0 || r.MaxOffset < math.MaxUint64 || r.StackMax > 0 {
			b.report(badPattern, u.pos, "regex parameters specified without regex").Class = ClassNone
		}
		return
	}
	if r.MinOffset > r.MaxOffset {
		b.report(badPattern, u.regexPos, "regex min offset %d > regex_max_offset %d - ignoring", r.MinOffset, r.MaxOffset).Class = ClassNone
		r.MinOffset = 0
	}
	o, err := pcre.ParseOptions(r.Options)
	if err == nil {
		_, err = pcre.Parse(r.Pattern, o)
	}
	if err != nil {
		b.report(badPattern, u.regexPos, "Invalid regex: '%s' %v - ignoring", r.Pattern, err).Class = ClassNone
		return
	}
	u.Regex = r
}

// unescapeAll takes the backslashes out of a quoted word.
func unescapeAll(text string) string {
	out := make([]byte, 0, len(text))
	for i := 0; i < len(text); i++ {
		c := text[i]
		if c == '\\' && i+1 < len(text) {
			var n int
			c, n = unescape(text[i+1:])
			i += n
		}
		out = append(out, c)
	}
	return string(out)
}

func setRegexOptions(b *builder, kw *Keyword, s Statement) {
	r := &b.url.regex
	for i, w := range s.Args() {
		if _, ok := b.table.lookup("virtual_server/real_server/HTTP_GET/url/regex_options", w.Text); !ok {
			b.report(badPattern, s.PosOf(i+1), "regex_options: unknown option '%s' - ignoring", w.Text).fix("write options in lower case, one word each")
			continue
		}
		if !slices.Contains(r.Options, w.Text) {
			r.Options = append(r.Options, w.Text)
		}
	}
}

// setOffset reads a number about which keepalived -t is silent.
func setOffset(field func(*builder) *uint64) setter {
	return func(b *builder, kw *Keyword, s Statement) {
		if n, ok := b.quietNumber(kw, s, 1); ok {
			*field(b) = n
		}
	}
}

func (b *builder) quietNumber(kw *Keyword, s Statement, i int) (uint64, bool) {
	v := valueSpec{kind: valueUint}
	v.setRange(kw.Min, kw.Max)
	_, n, ok, p := v.number(s.Words[i].Text)
	if !ok {
		b.report(p.code, s.PosOf(i), "%s: %s - ignoring", kw.Name, p.text).Class = ClassNone
	}
	return n, ok
}

func setRegexStack(b *builder, kw *Keyword, s Statement) {
	if len(s.Words) < 3 {
		b.report(missingValue, s.Pos, "regex_stack takes a start and a maximum - ignoring").Class = ClassNone
		return
	}
	start, ok1 := b.quietNumber(kw, s, 1)
	most, ok2 := b.quietNumber(kw, s, 2)
	switch {
	case !ok1 || !ok2:
	case start > most:
		b.report(badPattern, s.PosOf(1), "regex_stack: the start %d exceeds the maximum %d - ignoring", start, most)
	default:
		b.url.regex.StackStart, b.url.regex.StackMax = start, most
	}
}
