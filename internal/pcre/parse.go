package pcre

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// limits of PCRE2, and one of our own for what subroutine calls copy.
const (
	maxRepeat = 65535
	maxNest   = 250
	maxBehind = 65535
	maxNodes  = 50000
)

// Parse reads a pattern.
func Parse(pattern string, o Options) (p *Pattern, err error) {
	s := &parser{text: pattern, Options: o}
	defer func() {
		if e, ok := recover().(*Error); ok {
			p, err = nil, e
		} else if e != nil {
			panic(e)
		}
	}()
	s.leadingVerbs()
	switch {
	case s.UTF && s.NeverUTF:
		s.fail(s.at, "using UTF is disabled by the application")
	case s.UCP && s.NeverUCP:
		s.fail(s.at, "using UCP is disabled by the application")
	}
	if s.UTF && !utf8.ValidString(pattern) {
		s.fail(0, "the pattern is not UTF-8")
	}
	s.top = 0xff
	if s.UTF {
		s.top = MaxChar
	}
	root := s.alternatives(false)
	if s.at < len(s.text) {
		s.fail(s.at, "unmatched closing parenthesis")
	}
	p = &Pattern{Groups: s.groups, UTF: s.UTF, Words: s.words().clip(s.top), FirstLine: s.FirstLine, AltCircumflex: s.AltCircumflex}
	r := resolver{parser: s, bodies: map[int]*Node{}, pattern: p}
	r.collect(root)
	p.Root = r.resolve(root, false)
	p.Regular = isRegular(p.Root)
	return p, nil
}

// MaxChar is the last character that a pattern with UTF can match. The two
// above it, which are no characters, are free to mark the end of a subject.
const MaxChar = 0x10fffd

type parser struct {
	Options
	text   string
	at     int
	top    rune // the largest character
	groups int
	nest   int

	names []groupName // every group with a name, in order
	xx    bool        // extended_more: blanks mean nothing in classes either
}

type groupName struct {
	name  string
	group int
}

// fail ends Parse. Offsets count what has been read.
func (s *parser) fail(at int, text string) { panic(&Error{Offset: at, Text: text}) }

func (s *parser) unsupported(at int, what string) {
	panic(&Error{Offset: at, Text: what + " is not supported by halbd", Unsupported: true})
}

func (s *parser) more() bool { return s.at < len(s.text) }

func (s *parser) has(prefix string) bool { return strings.HasPrefix(s.text[s.at:], prefix) }

func (s *parser) skip(prefix string) bool {
	if s.has(prefix) {
		s.at += len(prefix)
		return true
	}
	return false
}

// next takes one character: a byte, or with UTF a code point.
func (s *parser) next() rune {
	if !s.UTF {
		s.at++
		return rune(s.text[s.at-1])
	}
	c, n := utf8.DecodeRuneInString(s.text[s.at:])
	s.at += n
	return c
}

// leadingVerbs takes the (*VERB)s that may stand in front of a pattern.
func (s *parser) leadingVerbs() {
	for s.has("(*") {
		end := strings.IndexByte(s.text[s.at:], ')')
		if end < 0 {
			return
		}
		verb := s.text[s.at+2 : s.at+end]
		name, _, _ := strings.Cut(verb, "=")
		switch name {
		case "UTF", "UTF8":
			s.UTF = true
		case "UCP":
			s.UCP = true
		case "NO_START_OPT", "NO_AUTO_POSSESS", "NO_DOTSTAR_ANCHOR", "NO_JIT", "NOTEMPTY_ATSTART", "LIMIT_MATCH", "LIMIT_DEPTH", "LIMIT_HEAP", "LIMIT_RECURSION", "LF", "BSR_UNICODE":
		case "NOTEMPTY", "CR", "CRLF", "ANYCRLF", "ANY", "NUL", "BSR_ANYCRLF":
			s.unsupported(s.at, "(*"+name+")")
		default:
			return
		}
		s.at += end + 1
	}
}

// alternatives reads up to a closing parenthesis or the end. Options that are
// set inside last until there.
func (s *parser) alternatives(branchReset bool) *Node {
	if s.nest++; s.nest > maxNest {
		s.fail(s.at, "parentheses are too deeply nested")
	}
	saved, xx := s.Options, s.xx
	n := &Node{Op: Alternate, at: s.at}
	first, most := s.groups, s.groups
	for {
		n.Sub = append(n.Sub, s.sequence())
		most = max(most, s.groups)
		if !s.skip("|") {
			break
		}
		if branchReset {
			s.groups = first
		}
	}
	s.groups = most
	utf, ucp := s.UTF, s.UCP
	s.Options, s.xx = saved, xx
	s.UTF, s.UCP = utf, ucp
	s.nest--
	if len(n.Sub) == 1 {
		return n.Sub[0]
	}
	return n
}

func (s *parser) sequence() *Node {
	n := &Node{Op: Concat, at: s.at}
	for s.more() && s.text[s.at] != '|' && s.text[s.at] != ')' {
		at := s.at
		item := s.item()
		if item == nil {
			continue
		}
		s.blanks()
		from := s.at
		if q, ok := s.quantifier(); ok {
			if item.Op >= Begin && item.Op != call {
				s.fail(from, "quantifier does not follow a repeatable item")
			}
			q.Sub, q.at = []*Node{item}, at
			item = q
		}
		n.Sub = append(n.Sub, item)
	}
	if len(n.Sub) == 1 {
		return n.Sub[0]
	}
	return n
}

// blanks skips what has no meaning with `extended`, and comments.
func (s *parser) blanks() {
	for s.more() {
		c := s.text[s.at]
		switch {
		case s.has("(?#"):
			end := strings.IndexByte(s.text[s.at:], ')')
			if end < 0 {
				s.fail(len(s.text), "missing ) after (?# comment")
			}
			s.at += end + 1
		case s.Extended && (c == ' ' || c >= '\t' && c <= '\r'):
			s.at++
		case s.Extended && c == '#':
			end := strings.IndexByte(s.text[s.at:], '\n')
			if end < 0 {
				s.at = len(s.text)
				return
			}
			s.at += end + 1
		default:
			return
		}
	}
}

// item reads one thing that can be repeated; nil when it was white space, a
// comment or a setting.
func (s *parser) item() *Node {
	from := s.at
	if s.blanks(); s.at > from {
		return nil
	}
	if s.skip(`\Q`) {
		return s.literal()
	}
	if s.skip(`\E`) {
		return nil
	}
	at := s.at
	switch c := s.next(); c {
	case '^':
		if s.Multiline {
			return &Node{Op: BeginLine, at: at}
		}
		return &Node{Op: Begin, at: at}
	case '$':
		switch {
		case s.Multiline:
			return &Node{Op: EndLine, at: at}
		case s.DollarEndOnly:
			return &Node{Op: End, at: at}
		}
		return &Node{Op: EndLast, at: at}
	case '.':
		if s.DotAll {
			return s.set(Set{{0, s.top}}, at)
		}
		return s.set(newline.negate(s.top), at)
	case '[':
		return s.class(at)
	case '(':
		return s.group(at)
	case '\\':
		return s.escape(at)
	case '*', '+', '?':
		s.fail(at, "quantifier does not follow a repeatable item")
	case '{':
		if _, _, ok := s.counts(at); ok {
			s.fail(at, "quantifier does not follow a repeatable item")
		}
		return s.char(c, at)
	default:
		return s.char(c, at)
	}
	return nil
}

// literal reads up to \E. All but the last character come as one node, so that
// a quantifier behind it has the last one alone.
func (s *parser) literal() *Node {
	end := strings.Index(s.text[s.at:], `\E`)
	stop := len(s.text)
	if end >= 0 {
		stop = s.at + end
	}
	if s.at >= stop {
		s.skip(`\E`)
		return nil
	}
	at := s.at
	n := s.char(s.next(), at)
	if s.at < stop {
		// Go on quoting: put the rest back as if \Q stood before it.
		rest := s.literalRest(stop)
		n = &Node{Op: Concat, Sub: append([]*Node{n}, rest...), at: at}
		last := n.Sub[len(n.Sub)-1]
		s.skip(`\E`)
		s.blanks()
		if q, ok := s.quantifier(); ok {
			q.Sub, q.at = []*Node{last}, last.at
			n.Sub[len(n.Sub)-1] = q
		}
		return &Node{Op: Concat, Sub: []*Node{n}, at: at}
	}
	s.skip(`\E`)
	return n
}

func (s *parser) literalRest(stop int) []*Node {
	var list []*Node
	for s.at < stop {
		at := s.at
		list = append(list, s.char(s.next(), at))
	}
	return list
}

// set makes a node that matches one character.
func (s *parser) set(set Set, at int) *Node { return &Node{Op: Char, Set: set.clip(s.top), at: at} }

func (s *parser) char(c rune, at int) *Node { return s.set(s.folded(single(c)), at) }

// folded adds the other case where case does not matter.
func (s *parser) folded(set Set) Set {
	switch {
	case !s.Caseless:
		return set
	case s.UTF || s.UCP:
		return set.foldUnicode()
	}
	return set.foldASCII()
}

// quantifier reads * + ? {n} {n,} {n,m} with ? or + behind it.
func (s *parser) quantifier() (*Node, bool) {
	if !s.more() {
		return nil, false
	}
	n := &Node{Op: Repeat}
	at := s.at
	switch s.text[s.at] {
	case '*':
		n.Max = -1
	case '+':
		n.Min, n.Max = 1, -1
	case '?':
		n.Max = 1
	case '{':
		s.at++
		var ok bool
		if n.Min, n.Max, ok = s.counts(at); !ok {
			s.at = at
			return nil, false
		}
		s.at--
	default:
		return nil, false
	}
	s.at++
	s.blanks()
	n.Lazy = s.Ungreedy
	switch {
	case s.skip("+"):
		n.Possessive, n.Lazy = true, false
	case s.skip("?"):
		n.Lazy = !n.Lazy
	}
	return n, true
}

// counts reads what follows a brace: n} n,} n,m}. Anything else makes the
// brace a character.
func (s *parser) counts(at int) (low, high int, ok bool) {
	end := strings.IndexByte(s.text[s.at:], '}')
	if end < 0 {
		return 0, 0, false
	}
	from, to, ranged := strings.Cut(s.text[s.at:s.at+end], ",")
	if from == "" || strings.Trim(from, "0123456789") != "" || strings.Trim(to, "0123456789") != "" {
		return 0, 0, false
	}
	stop := s.at + end + 1
	low = s.number(from, maxRepeat, stop, "number too big in {} quantifier")
	switch {
	case !ranged:
		high = low
	case to == "":
		high = -1
	default:
		high = s.number(to, maxRepeat, stop, "number too big in {} quantifier")
		if high < low {
			s.fail(stop-1, "numbers out of order in {} quantifier")
		}
	}
	s.at = stop
	return low, high, true
}

func (s *parser) number(digits string, most, at int, complaint string) int {
	n := 0
	for _, c := range digits {
		if n = n*10 + int(c-'0'); n > most {
			s.fail(at, complaint)
		}
	}
	return n
}

func (s *parser) groupsNamed(name string) []int {
	var list []int
	for _, g := range s.names {
		if g.name == name && !slices.Contains(list, g.group) {
			list = append(list, g.group)
		}
	}
	return list
}
