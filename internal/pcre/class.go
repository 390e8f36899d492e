package pcre

import "strings"

// class reads a class; its opening bracket, at offset at, has been read.
func (s *parser) class(at int) *Node {
	// [[:<:]] and [[:>:]] are the beginning and the end of a word.
	if s.has("[:<:]]") || s.has("[:>:]]") {
		ahead := s.text[s.at+2] == '<'
		s.at += len("[:<:]]")
		look := &Node{Op: Look, Behind: !ahead, Sub: []*Node{s.set(s.words(), at)}, at: at}
		return &Node{Op: Concat, Sub: []*Node{{Op: WordBoundary, at: at}, look}, at: at}
	}
	negative := s.skip("^")
	var set Set
	if s.AllowEmptyClass && s.skip("]") {
		return s.finishClass(set, negative, at)
	}
	for first := true; ; first = false {
		if !s.more() {
			s.fail(len(s.text), "missing terminating ] for character class")
		}
		if !first && s.skip("]") {
			return s.finishClass(set, negative, at)
		}
		if s.xx && (s.has(" ") || s.has("\t")) {
			s.at++
			continue
		}
		item, c, isChar := s.classItem()
		if !isChar {
			if ahead := s.text[s.at:]; item != nil && len(ahead) > 1 && ahead[0] == '-' && ahead[1] != ']' {
				s.fail(s.at+1, "invalid range in character class")
			}
			set = append(set, item...)
			continue
		}
		set = append(set, s.classRange(c)...)
	}
}

func (s *parser) words() Set {
	if s.UCP {
		return unicodeWords()
	}
	return words
}

func (s *parser) finishClass(set Set, negative bool, at int) *Node {
	set = normal(set).clip(s.top)
	if negative {
		set = set.negate(s.top)
	}
	return s.set(set, at)
}

// classRange gives the range that c begins, or c alone.
func (s *parser) classRange(c rune) Set {
	if !s.has("-") || s.at+1 >= len(s.text) || s.text[s.at+1] == ']' {
		return s.folded(single(c))
	}
	s.at++
	_, high, isChar := s.classItem()
	switch {
	case !isChar:
		s.fail(s.at-1, "invalid range in character class")
	case high < c:
		s.fail(s.at-1, "range out of order in character class")
	}
	return s.folded(Set{{c, high}})
}

// classItem reads one character, or something that is a set.
func (s *parser) classItem() (set Set, c rune, isChar bool) {
	if s.has("[:") || s.has("[.") || s.has("[=") {
		if set, ok := s.posixClass(); ok {
			return set, 0, false
		}
	}
	if s.skip(`\Q`) {
		end := strings.Index(s.text[s.at:], `\E`)
		if end < 0 {
			s.fail(len(s.text), "missing terminating ] for character class")
		}
		for stop := s.at + end; s.at < stop; {
			set = append(set, s.folded(single(s.next()))...)
		}
		s.at += 2
		return set, 0, false
	}
	if s.skip(`\E`) {
		return nil, 0, false
	}
	if c = s.next(); c != '\\' {
		return nil, c, true
	}
	if !s.more() {
		s.fail(s.at, `\ at end of pattern`)
	}
	if s.skip("b") {
		return nil, 8, true
	}
	if c, ok := s.charEscape(true); ok {
		return nil, c, true
	}
	if set, ok := s.setEscape(); ok {
		return set, 0, false
	}
	c = s.next()
	if strings.ContainsRune("BRXN", c) {
		s.fail(s.at, "escape sequence is invalid in character class")
	}
	s.fail(s.at, `unrecognized character follows \`)
	return nil, 0, false
}

// posixClass reads [:name:] or [:^name:].
func (s *parser) posixClass() (Set, bool) {
	kind := s.text[s.at+1]
	end := strings.Index(s.text[s.at+2:], string(kind)+"]")
	if end < 0 {
		return nil, false
	}
	name := s.text[s.at+2 : s.at+2+end]
	if strings.ContainsAny(name, `]\`) {
		return nil, false
	}
	if kind != ':' {
		s.fail(s.at, "POSIX collating elements are not supported")
	}
	plain := strings.TrimPrefix(name, "^")
	set := posix(plain)
	if set == nil {
		s.fail(s.at, "unknown POSIX class name")
	}
	if s.Caseless && (plain == "lower" || plain == "upper") {
		set, plain = posix("alpha"), "alpha"
	}
	if s.UCP {
		if u, ok := unicodePosix(plain); ok {
			set = u
		}
	}
	s.at += 2 + end + 2
	if strings.HasPrefix(name, "^") {
		return set.clip(s.top).negate(s.top), true
	}
	return set, true
}
