package pcre

import (
	"slices"
	"strings"
)

// group reads what follows an opening parenthesis at offset at.
func (s *parser) group(at int) *Node {
	switch {
	case s.has("*"):
		return s.verb(at)
	case !s.skip("?"):
		if s.NoAutoCapture {
			return s.inside()
		}
		return s.capture(at, "")
	case s.skip(":"):
		return s.inside()
	case s.skip("|"):
		return s.close(s.alternatives(true))
	case s.skip(">"):
		return &Node{Op: Atomic, Sub: []*Node{s.inside()}, at: at}
	case s.skip("="):
		return s.look(at, false, false)
	case s.skip("!"):
		return s.look(at, false, true)
	case s.skip("<="):
		return s.look(at, true, false)
	case s.skip("<!"):
		return s.look(at, true, true)
	case s.has("*"), s.has("<*"):
		s.unsupported(at, "a non-atomic assertion")
	case s.skip("P<"), s.skip("<"):
		return s.capture(at, s.name('>'))
	case s.skip("'"):
		return s.capture(at, s.name('\''))
	case s.skip("P="):
		return s.reference(s.name(')'), 0, at)
	case s.skip("P>"), s.skip("&"):
		return &Node{Op: call, names: s.name(')'), at: at}
	case s.skip("R"):
		if !s.skip(")") {
			s.fail(s.at, "(?R (recursive pattern call) must be followed by a closing parenthesis")
		}
		return &Node{Op: call, at: at}
	case s.skip("("):
		return s.conditional(at)
	case s.skip("C"):
		end := strings.IndexByte(s.text[s.at:], ')')
		if end < 0 || strings.Trim(s.text[s.at:s.at+end], "0123456789") != "" {
			s.unsupported(at, "a callout with a text")
		}
		s.at += end + 1
		return nil
	}
	if n, ok := s.groupNumber(); ok {
		if !s.skip(")") {
			s.fail(s.at, "missing closing parenthesis")
		}
		return &Node{Op: call, Group: n, at: at}
	}
	return s.settings(at)
}

// inside reads the rest of a group.
func (s *parser) inside() *Node { return s.close(s.alternatives(false)) }

func (s *parser) close(n *Node) *Node {
	if !s.skip(")") {
		s.fail(len(s.text), "missing closing parenthesis")
	}
	// A node of its own: what a quantifier repeats.
	return &Node{Op: Concat, Sub: []*Node{n}, at: n.at}
}

func (s *parser) capture(at int, name string) *Node {
	s.groups++
	n := &Node{Op: Capture, Group: s.groups, at: at}
	if name != "" {
		for _, g := range s.names {
			if g.name == name && g.group != n.Group && !s.DupNames {
				s.fail(s.at-1, "two named subpatterns have the same name (PCRE2_DUPNAMES not set)")
			}
		}
		s.names = append(s.names, groupName{name, n.Group})
	}
	n.Sub = []*Node{s.inside()}
	return n
}

func (s *parser) look(at int, behind, negative bool) *Node {
	return &Node{Op: Look, Behind: behind, Negative: negative, Sub: []*Node{s.inside()}, at: at}
}

// name reads the name of a group up to its end.
func (s *parser) name(end byte) string {
	from := s.at
	if s.more() && s.text[s.at] >= '0' && s.text[s.at] <= '9' {
		s.fail(s.at, "subpattern name must start with a non-digit")
	}
	for s.more() && (words.Contains(rune(s.text[s.at])) || s.UTF && s.text[s.at] >= 0x80) {
		s.at++
	}
	name := s.text[from:s.at]
	switch {
	case name == "":
		s.fail(s.at, "subpattern name expected")
	case len(name) > 32:
		s.fail(s.at, "subpattern name is too long (maximum 32 code units)")
	case !s.more() || s.text[s.at] != end:
		s.fail(s.at, "syntax error in subpattern name (missing terminator?)")
	}
	s.at++
	return name
}

// groupNumber reads n, +n or -n; the last two count from here.
func (s *parser) groupNumber() (n int, ok bool) {
	from := s.at
	sign := byte(0)
	if s.more() && (s.text[s.at] == '+' || s.text[s.at] == '-') {
		sign = s.text[s.at]
		s.at++
	}
	digit := s.at
	for s.more() && s.text[s.at] >= '0' && s.text[s.at] <= '9' {
		s.at++
	}
	if s.at == digit {
		s.at = from
		return 0, false
	}
	n = s.number(s.text[digit:s.at], 65535, s.at, "subpattern number is too big")
	switch {
	case sign != 0 && n == 0:
		s.fail(s.at, "a relative value of zero is not allowed")
	case sign == '+':
		n += s.groups
	case sign == '-':
		if n = s.groups - n + 1; n <= 0 {
			s.fail(s.at, "reference to non-existent subpattern")
		}
	}
	return n, true
}

// conditional reads (?(condition)yes|no); the second parenthesis has been read.
func (s *parser) conditional(at int) *Node {
	n := &Node{Op: Conditional, at: at}
	if s.has("?") || s.has("*") {
		if n.Sub = []*Node{s.group(s.at - 1)}; n.Sub[0] == nil || n.Sub[0].Op != Look {
			s.fail(s.at, "assertion expected after (?( or (?(?C)")
		}
	} else {
		s.condition(n)
	}
	body := s.alternatives(false)
	if !s.skip(")") {
		s.fail(len(s.text), "missing closing parenthesis")
	}
	branches := []*Node{body}
	if body.Op == Alternate {
		branches = body.Sub
	}
	switch len(branches) {
	case 1:
		branches = append(branches, &Node{Op: Empty})
	case 2:
	default:
		s.fail(s.at, "conditional subpattern contains more than two branches")
	}
	n.Sub = append(n.Sub, branches...)
	return n
}

// condition reads the number or name of a group, or DEFINE.
func (s *parser) condition(n *Node) {
	if number, ok := s.groupNumber(); ok {
		n.Groups = []int{number}
		if !s.skip(")") {
			s.fail(s.at, "missing closing parenthesis for condition")
		}
		return
	}
	switch {
	case s.skip("<"):
		n.names = s.name('>')
	case s.skip("'"):
		n.names = s.name('\'')
	case s.skip("DEFINE)"):
		n.Groups = []int{} // never set: the first branch is only called
		return
	case s.has("R)"), s.has("R&"), s.has("VERSION"):
		s.unsupported(n.at, "a condition about recursion or version")
	default:
		n.names = s.name(')')
		return
	}
	if !s.skip(")") {
		s.fail(s.at, "missing closing parenthesis for condition")
	}
}

// settings reads (?i) and its kin, or (?i: ...).
func (s *parser) settings(at int) *Node {
	o, xx := s.Options, s.xx
	on := true
	for ; ; s.at++ {
		if !s.more() {
			s.fail(s.at, "missing closing parenthesis")
		}
		switch c := s.text[s.at]; c {
		case '^':
			if s.at != at+2 {
				s.fail(s.at+1, "unrecognized character after (? or (?-")
			}
			o.Caseless, o.Multiline, o.DotAll, o.Extended, o.NoAutoCapture, xx = false, false, false, false, false, false
		case '-':
			if !on {
				s.fail(s.at+1, "invalid hyphen in option setting")
			}
			on = false
		case 'i':
			o.Caseless = on
		case 'm':
			o.Multiline = on
		case 's':
			o.DotAll = on
		case 'n':
			o.NoAutoCapture = on
		case 'J':
			o.DupNames = on
		case 'U':
			o.Ungreedy = on
		case 'x':
			o.Extended, xx = on, false
			if on && strings.HasPrefix(s.text[s.at:], "xx") {
				xx = true
				s.at++
			}
		case ')':
			s.at++
			s.Options, s.xx = o, xx
			return nil
		case ':':
			s.at++
			outer, outerXX := s.Options, s.xx
			s.Options, s.xx = o, xx
			n := s.inside()
			s.Options, s.xx = outer, outerXX
			return n
		default:
			s.fail(s.at+1, "unrecognized character after (? or (?-")
		}
	}
}

// verb reads (*VERB) and (*name: ...).
func (s *parser) verb(at int) *Node {
	for _, v := range []struct {
		names            []string
		behind, negative bool
	}{
		{[]string{"*pla:", "*positive_lookahead:"}, false, false},
		{[]string{"*nla:", "*negative_lookahead:"}, false, true},
		{[]string{"*plb:", "*positive_lookbehind:"}, true, false},
		{[]string{"*nlb:", "*negative_lookbehind:"}, true, true},
	} {
		if slices.ContainsFunc(v.names, s.skip) {
			return s.look(at, v.behind, v.negative)
		}
	}
	switch {
	case s.skip("*atomic:"):
		return &Node{Op: Atomic, Sub: []*Node{s.inside()}, at: at}
	case s.skip("*F)"), s.skip("*FAIL)"):
		return &Node{Op: Char, at: at}
	}
	name, _, _ := strings.Cut(s.text[s.at:], ")")
	for _, known := range []string{"*ACCEPT", "*COMMIT", "*PRUNE", "*SKIP", "*THEN", "*MARK", "*:", "*napla", "*naplb", "*sr", "*asr", "*script_run", "*atomic_script_run", "*non_atomic"} {
		if strings.HasPrefix(name, known) {
			s.unsupported(at, "("+name+")")
		}
	}
	s.fail(s.at+len(name), "(*VERB) not recognized or malformed")
	return nil
}
