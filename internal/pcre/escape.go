package pcre

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

const noLowerCase = `PCRE2 does not support \F, \L, \l, \N{name}, \U, or \u`

// escape reads what follows a backslash outside a class.
func (s *parser) escape(at int) *Node {
	if !s.more() {
		s.fail(s.at, `\ at end of pattern`)
	}
	if c, ok := s.charEscape(false); ok {
		return s.char(c, at)
	}
	if set, ok := s.setEscape(); ok {
		return s.set(set, at)
	}
	c := s.next()
	switch c {
	case 'A':
		return &Node{Op: Begin, at: at}
	case 'Z':
		return &Node{Op: EndLast, at: at}
	case 'z':
		return &Node{Op: End, at: at}
	case 'b':
		return &Node{Op: WordBoundary, at: at}
	case 'B':
		return &Node{Op: NoBoundary, at: at}
	case 'K':
		return &Node{Op: Empty, at: at} // moves the start of what is reported, and nobody asks for that
	case 'N':
		if s.has("{U+") {
			if !s.UTF {
				s.fail(s.at, `\N{U+dddd} is supported only in Unicode (UTF) mode`)
			}
			s.at += 2
			return s.char(s.braced(16, "U"), at)
		}
		if from := s.at; s.skip("{") {
			_, _, repeated := s.counts(from)
			if s.at = from; !repeated {
				s.fail(s.at, noLowerCase)
			}
		}
		return s.set(newline.negate(s.top), at)
	case 'R':
		crlf := &Node{Op: Concat, Sub: []*Node{s.set(single('\r'), at), s.set(newline, at)}}
		return &Node{Op: Atomic, at: at, Sub: []*Node{{Op: Alternate, Sub: []*Node{crlf, s.set(vertical, at)}}}}
	case 'C':
		switch {
		case s.NeverBackslashC:
			s.fail(s.at, `using \C is disabled by the application`)
		case s.UTF:
			s.unsupported(at, `\C with utf`)
		}
		return s.set(Set{{0, s.top}}, at)
	case 'G', 'X':
		s.unsupported(at, `\`+string(c))
	case 'g':
		return s.escapeG(at)
	case 'k':
		switch {
		case s.skip("{"):
			return s.reference(s.name('}'), 0, at)
		case s.skip("<"):
			return s.reference(s.name('>'), 0, at)
		case s.skip("'"):
			return s.reference(s.name('\''), 0, at)
		}
		s.fail(s.at, `\k is not followed by a braced, angle-bracketed, or quoted name`)
	case 'E':
		return nil
	}
	if c >= '1' && c <= '9' {
		s.at--
		n, _ := s.groupNumber()
		return s.reference("", n, at)
	}
	s.fail(s.at, `unrecognized character follows \`)
	return nil
}

// escapeG reads \gN and \g{N}, \g{name}: references; \g<N>, \g'name': calls.
func (s *parser) escapeG(at int) *Node {
	end := byte(0)
	switch {
	case s.skip("{"):
		end = '}'
	case s.skip("<"):
		end = '>'
	case s.skip("'"):
		end = '\''
	}
	number, isNumber := s.groupNumber()
	name := ""
	switch {
	case isNumber && end != 0 && !s.skip(string(end)):
		s.fail(s.at, `\g is not followed by a braced, angle-bracketed, or quoted name/number or by a plain number`)
	case isNumber:
	case end == 0:
		s.fail(s.at, `\g is not followed by a braced, angle-bracketed, or quoted name/number or by a plain number`)
	default:
		name = s.name(end)
	}
	if end == '>' || end == '\'' {
		return &Node{Op: call, Group: number, names: name, at: at}
	}
	if isNumber && number == 0 {
		s.fail(s.at, "reference to non-existent subpattern")
	}
	return s.reference(name, number, at)
}

func (s *parser) reference(name string, number, at int) *Node {
	n := &Node{Op: Backref, names: name, Caseless: s.Caseless, Optional: s.MatchUnsetBackref, at: at}
	if name == "" {
		n.Groups = []int{number}
	}
	return n
}

// charEscape reads an escape that is one character, if it is one.
func (s *parser) charEscape(inClass bool) (rune, bool) {
	from := s.at
	c := s.next()
	switch c {
	case 'a':
		return 7, true
	case 'e':
		return 27, true
	case 'f':
		return 12, true
	case 'n':
		return 10, true
	case 'r':
		return 13, true
	case 't':
		return 9, true
	case 'c':
		if !s.more() {
			s.fail(s.at, `\c at end of pattern`)
		}
		c := s.next()
		if c < ' ' || c > '~' {
			s.fail(s.at, `\c must be followed by a printable ASCII character`)
		}
		return unicode.ToUpper(c) ^ 0x40, true
	case 'o':
		if !s.has("{") {
			s.fail(s.at, `missing opening brace after \o`)
		}
		return s.braced(8, "o"), true
	case 'x':
		return s.hex(), true
	case 'u', 'U':
		if s.AltBSUX {
			if v, ok := s.fixedHex(4); ok && c == 'u' {
				return v, true
			}
			return c, true
		}
		s.fail(s.at, noLowerCase)
	case 'F', 'L', 'l':
		s.fail(s.at, noLowerCase)
	case '0':
		return s.octal(2, 0), true
	}
	switch {
	case c >= '1' && c <= '9':
		if inClass {
			if c >= '8' {
				return c, true
			}
			return s.octal(2, c-'0'), true
		}
		digits := s.text[from:]
		digits = digits[:len(digits)-len(strings.TrimLeft(digits, "0123456789"))]
		if n := len(digits); n == 1 || c >= '8' || n < 6 && s.number(digits, 99999, s.at, "") <= s.groups {
			break // a reference
		}
		return s.octal(2, c-'0'), true
	case c < 0x80 && !words.Contains(c) || c >= 0x80 || c == '_':
		return c, true
	}
	s.at = from
	return 0, false
}

// octal reads up to n more digits.
func (s *parser) octal(n int, v rune) rune {
	for ; n > 0 && s.more() && s.text[s.at] >= '0' && s.text[s.at] <= '7'; n-- {
		v = v*8 + rune(s.text[s.at]-'0')
		s.at++
	}
	return s.checked(v, 8)
}

func (s *parser) checked(v rune, base int) rune {
	switch {
	case !s.UTF && v > 0xff && base == 8:
		s.fail(s.at, `octal value is greater than \377 in 8-bit non-UTF-8 mode`)
	case v > s.limit():
		s.fail(s.at, `character code point value in \x{} or \o{} is too large`)
	case s.UTF && v >= 0xd800 && v <= 0xdfff:
		s.fail(s.at, "disallowed Unicode code point (>= 0xd800 && <= 0xdfff)")
	}
	return v
}

// limit is the largest character that may be written.
func (s *parser) limit() rune {
	if s.UTF {
		return utf8.MaxRune
	}
	return 0xff
}

// hex reads what follows \x.
func (s *parser) hex() rune {
	if s.AltBSUX {
		if v, ok := s.fixedHex(2); ok {
			return v
		}
		return 'x'
	}
	if s.has("{") {
		return s.braced(16, "x")
	}
	v := rune(0)
	for n := 0; n < 2 && s.more(); n++ {
		d := digitValue(s.text[s.at])
		if d < 0 || d >= 16 {
			break
		}
		v = v*16 + d
		s.at++
	}
	return s.checked(v, 16)
}

// fixedHex reads exactly n digits, or nothing.
func (s *parser) fixedHex(n int) (rune, bool) {
	if len(s.text)-s.at < n {
		return 0, false
	}
	v := rune(0)
	for i := range n {
		d := digitValue(s.text[s.at+i])
		if d < 0 || d >= 16 {
			return 0, false
		}
		v = v*16 + d
	}
	s.at += n
	return s.checked(v, 16), true
}

// braced reads {digits}.
func (s *parser) braced(base rune, what string) rune {
	s.at++
	v, from := rune(0), s.at
	for ; s.more() && s.text[s.at] != '}'; s.at++ {
		d := digitValue(s.text[s.at])
		if d < 0 || d >= base {
			if base == 8 {
				s.fail(s.at, `non-octal character in \o{} (closing brace missing?)`)
			}
			s.fail(s.at, `non-hex character in \x{} (closing brace missing?)`)
		}
		if v = v*base + d; v > s.limit() {
			s.fail(s.at+1, `character code point value in \x{} or \o{} is too large`)
		}
	}
	switch {
	case !s.more() && base == 8:
		s.fail(s.at, `non-octal character in \o{} (closing brace missing?)`)
	case !s.more():
		s.fail(s.at, `non-hex character in \x{} (closing brace missing?)`)
	case s.at == from:
		s.fail(s.at+1, `digits missing in \x{} or \o{} or \N{U+}`)
	}
	s.at++
	return s.checked(v, 16)
}

func digitValue(c byte) rune {
	switch {
	case c >= '0' && c <= '9':
		return rune(c - '0')
	case c >= 'a' && c <= 'f':
		return rune(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return rune(c-'A') + 10
	}
	return -1
}

// setEscape reads an escape that is a set of characters, if it is one.
func (s *parser) setEscape() (Set, bool) {
	if !s.more() {
		return nil, false
	}
	var set Set
	c := s.text[s.at]
	switch c {
	case 'd', 'D':
		set = digits
		if s.UCP {
			set = ofTables(unicode.Nd)
		}
	case 's', 'S':
		set = spaces
		if s.UCP {
			set, _ = unicodePosix("space")
		}
	case 'w', 'W':
		set = words
		if s.UCP {
			set = unicodeWords()
		}
	case 'h', 'H':
		set = horizontal
	case 'v', 'V':
		set = vertical
	case 'p', 'P':
		s.at++
		return s.property(c == 'P'), true
	default:
		return nil, false
	}
	s.at++
	if c < 'a' {
		return set.negate(s.top), true
	}
	return set, true
}

// property reads what follows \p: L, {Lu}, {^Greek}, {L&}, {Any}.
func (s *parser) property(negative bool) Set {
	if !s.more() {
		s.fail(s.at, `malformed \P or \p sequence`)
	}
	name := string(s.text[s.at])
	if s.skip("{") {
		end := strings.IndexByte(s.text[s.at:], '}')
		if end < 0 {
			s.fail(len(s.text), `malformed \P or \p sequence`)
		}
		name = s.text[s.at : s.at+end]
		s.at += end + 1
	} else {
		s.at++
	}
	plain := strings.TrimPrefix(name, "^")
	negative = negative != (plain != name)
	set, ok := propertySet(plain, s.top)
	if !ok {
		s.fail(s.at, `unknown property after \P or \p`)
	}
	if negative {
		return set.clip(s.top).negate(s.top)
	}
	return set
}

func propertySet(name string, top rune) (Set, bool) {
	switch name {
	case "Any":
		return Set{{0, top}}, true
	case "L&", "LC":
		return ofTables(unicode.Lu, unicode.Ll, unicode.Lt), true
	case "Cn", "C": // what is not assigned is no table
		var tables []*unicode.RangeTable
		for _, n := range []string{"L", "M", "N", "P", "S", "Z"} {
			tables = append(tables, unicode.Categories[n])
		}
		if name == "Cn" {
			tables = append(tables, unicode.Cc, unicode.Cf, unicode.Co, unicode.Cs)
		}
		return ofTables(tables...).negate(top), true
	case "Xan":
		return ofTables(unicode.L, unicode.N), true
	case "Xwd":
		return unicodeWords(), true
	case "Xsp", "Xps":
		return unicodePosix("space")
	}
	if t, ok := unicode.Categories[name]; ok {
		return ofTables(t), true
	}
	if t, ok := unicode.Scripts[name]; ok {
		return ofTables(t), true
	}
	return nil, false
}
