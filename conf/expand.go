package conf

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
)

// expand replaces $NAME and ${NAME} in a line. Values are looked up again in
// what they expand to. A multi-line value must come last: its further lines
// are returned, to be processed as lines of their own.
func (p *preprocessor) expand(text string, pos Pos) (string, []string, error) {
	var more []string
	replaced := 0
	for i := strings.IndexByte(text, '$'); i >= 0 && i < len(text); {
		value, length, ok, err := p.reference(text[i:], pos)
		if err != nil {
			return "", nil, err
		}
		if ok && len(value) > 1 {
			if trimBlanks(text[i+length:]) != "" { // not the last thing on its line: stays as it is
				ok = false
			} else {
				more = append(append([]string{}, value[1:]...), more...)
			}
		}
		if !ok {
			next := strings.IndexByte(text[i+1:], '$')
			if next < 0 {
				break
			}
			i += 1 + next
			continue
		}
		first := ""
		if len(value) > 0 {
			first = value[0]
		}
		text = text[:i] + first + text[i+length:]
		replaced++
		if !p.afford(1, pos) {
			return "", nil, errors.New("the statement is ignored: there was too much to substitute")
		}
		if len(text) > maxExpansion {
			return "", nil, fmt.Errorf("the line has more than %d bytes after substitution: a definition is too long or expands to itself", maxExpansion)
		}
		if replaced > maxReplaced {
			return "", nil, errors.New("a definition expands to itself")
		}
		next := strings.IndexByte(text[i:], '$')
		if next < 0 {
			break
		}
		i += next
	}
	return text, more, nil
}

// reference reads the reference that s begins with and gives its value and
// its length; ok is false for an undefined name, which stays as text.
func (p *preprocessor) reference(s string, pos Pos) (value []string, length int, ok bool, err error) {
	if len(s) < 2 {
		return nil, 0, false, nil
	}
	if s[1] == '{' {
		end := strings.IndexByte(s, '}')
		if end < 0 {
			return nil, 0, false, nil
		}
		value, ok, err = p.lookup(s[2:end], pos)
		return value, end + 1, ok, err
	}
	n := nameLength(s[1:])
	if n == 0 || 1+n < len(s) && !endsBareName(s[1+n]) {
		return nil, 0, false, nil
	}
	value, ok, err = p.lookup(s[1:1+n], pos)
	return value, 1 + n, ok, err
}

// undefined warns of references that stay as text: of those that a blank, a
// brace or a definition shows to be meant as one, outside of quotes.
func (p *preprocessor) undefined(text string, pos Pos, offset int) {
	quoted := false
	for i := 0; i < len(text); i++ {
		if text[i] == '"' {
			quoted = !quoted
		}
		if text[i] != '$' || quoted || i+1 == len(text) {
			continue
		}
		pos.Column = offset + i + 1
		first := i == 0 || classOf[text[i-1]] != inWord
		if rest := text[i+1:]; rest[0] == '{' {
			p.undefinedBraced(rest[1:], pos)
		} else if n := nameLength(rest); n > 0 {
			p.undefinedBare(rest[:n], rest[n:], first, pos)
		}
	}
}

func (p *preprocessor) undefinedBraced(rest string, pos Pos) {
	ref, _, closed := strings.Cut(rest, "}")
	if !closed || strings.HasPrefix(ref, "_") {
		return // a brace that is no reference, or a predefined name
	}
	if _, ok := p.defs[ref]; !ok {
		d := p.found.report(undefinedName, pos, "${%s} is not defined and stays as it is: its braces begin and end a block", ref)
		if name := trimBlanks(ref); name != ref && p.defs[name] != nil {
			d.fix("write ${%s} without blanks", name)
		}
	}
}

func (p *preprocessor) undefinedBare(name, rest string, first bool, pos Pos) {
	value, defined := p.defs[name]
	switch {
	case defined && rest != "" && !endsBareName(rest[0]):
		p.found.report(undefinedName, pos, "$%s is not substituted, since '%c' follows it", name, rest[0]).fix("write ${%s}", name)
	case defined && len(value) > 1 && trimBlanks(rest) != "":
		p.found.report(undefinedName, pos, "$%s is not substituted: it has several lines, and must be the last word of its line", name).fix("remove what follows $%s", name)
	case !defined && first && !strings.HasPrefix(name, "_"):
		p.found.report(undefinedName, pos, "$%s is not defined and stays as it is", name)
	}
}

func endsBareName(c byte) bool { return isBlank(c) || c == ',' || c == ')' }

func nameLength(s string) int {
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c != '_' && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (i == 0 || c < '0' || c > '9') {
			return i
		}
	}
	return len(s)
}

// lookup gives the value of a definition: the file's own, else a predefined
// one, whose arguments follow its name.
func (p *preprocessor) lookup(ref string, pos Pos) ([]string, bool, error) {
	if v, ok := p.defs[ref]; ok {
		return v, true, nil
	}
	name := ref[:nameLength(ref)]
	args := strings.Fields(ref[len(name):])
	if len(name) < len(ref) && !isBlank(ref[len(name)]) {
		return nil, false, nil
	}
	one := func(s string) ([]string, bool, error) { return []string{s}, true, nil }
	switch name {
	case "_RANDOM":
		return one(p.random(args, pos))
	case "_ENV":
		if len(args) == 0 {
			return nil, false, errors.New("${_ENV} needs the name of an environment variable: ${_ENV NAME}")
		}
		if p.opt.Getenv == nil {
			return one("")
		}
		return one(p.opt.Getenv(args[0]))
	}
	if len(name) < len(ref) {
		return nil, false, nil
	}
	switch name {
	case "_PWD":
		return one(p.workingDirectory())
	case "_INSTANCE":
		return one(p.opt.ConfigID)
	case "_HASH":
		return one("#")
	case "_BANG":
		return one("!")
	}
	return nil, false, nil
}

// random is ${_RANDOM [min [max]]}: inclusive bounds, by default 0 and 32767.
func (p *preprocessor) random(args []string, pos Pos) string {
	lo, hi := uint64(0), uint64(32767)
	if len(args) > 2 {
		p.found.report(badPredefined, pos, "${_RANDOM} takes no, one or two numbers, not %d", len(args))
		args = nil
	}
	for i, bound := range []*uint64{&lo, &hi} {
		if i >= len(args) {
			break
		}
		n, err := strconv.ParseUint(args[i], 10, 32)
		if err != nil {
			p.found.report(badPredefined, pos, "${_RANDOM} takes numbers, not '%s'", args[i])
			continue
		}
		*bound = n
	}
	if lo > hi {
		p.found.report(badPredefined, pos, "${_RANDOM}: the lower bound %d is above the upper bound %d", lo, hi)
		return strconv.FormatUint(lo, 10)
	}
	number := rand.Uint64N
	if p.seed != nil {
		number = p.seed.Uint64N
	}
	return strconv.FormatUint(lo+number(hi-lo+1), 10)
}

// setSeed makes the numbers behind random_seed the same at each reading.
// A seed that is none is the builder's to complain about.
func (p *preprocessor) setSeed(s Statement) {
	if len(s.Words) < 2 {
		return
	}
	if seed, err := strconv.ParseUint(s.Words[1].Text, 0, 32); err == nil {
		p.seed = rand.New(rand.NewPCG(seed, 0))
	}
}
