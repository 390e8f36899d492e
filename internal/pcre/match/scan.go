package match

import (
	"unicode/utf8"

	"halbd/internal/pcre"
)

// scan is a search by the engine, in a window over the subject. Until the end
// of the subject is known, only a match that begins Reach characters before
// the end of the window counts: it cannot have missed what it looks for.
type scan struct {
	e      *engine
	bounds Bounds
	text   []rune // the window
	from   int    // where in it the next attempt begins; before lies what lookbehinds see
	at     uint64 // how many bytes of the subject lie before from
	held   []byte // a part of a character
	over   bool   // nothing can change the verdict
	found  bool
	err    error
}

// invalid stands for what is not UTF-8. No set has it.
const invalid = pcre.MaxChar + 2

// Write implements Stream.
func (s *scan) Write(b []byte) (int, error) {
	for rest := b; len(rest) > 0 && !s.over; {
		part := rest[:min(len(rest), Reach)]
		rest = rest[len(part):]
		s.decode(part)
		if len(s.text)-s.from > 2*Reach {
			s.attempt(len(s.text) - Reach)
			s.slide()
		}
	}
	return len(b), nil
}

// decode adds bytes to the window.
func (s *scan) decode(b []byte) {
	if !s.e.pattern.UTF {
		for _, c := range b {
			s.text = append(s.text, rune(c))
		}
		return
	}
	s.held = append(s.held, b...)
	for utf8.FullRune(s.held) {
		c, size := utf8.DecodeRune(s.held)
		if c > pcre.MaxChar || c == utf8.RuneError && size == 1 {
			c = invalid
		}
		s.text = append(s.text, c)
		s.held = s.held[size:]
	}
}

// size is how many bytes of the subject a rune of the window stands for.
func (s *scan) size(c rune) uint64 {
	if !s.e.pattern.UTF || c == invalid {
		return 1
	}
	return uint64(utf8.RuneLen(c))
}

// attempt looks for a match that begins in from..upto, and moves from behind upto.
func (s *scan) attempt(upto int) {
	for s.from <= upto && s.at < s.bounds.Min {
		s.at += s.size(s.text[s.from])
		s.from++
	}
	if s.over = s.over || s.at > s.bounds.Max; s.over || s.from > upto {
		return
	}
	m, err := s.e.re.FindRunesMatchStartingAt(s.text, s.from)
	if err != nil {
		s.over, s.err = true, ErrTimeout
		return
	}
	begins := upto + 1
	if m != nil {
		begins = min(begins, m.Index)
	}
	for s.from < begins && !s.over {
		c := rune(0)
		if s.from < len(s.text) {
			c = s.text[s.from]
		}
		s.at += s.size(c)
		s.from++
		s.over = s.at > s.bounds.Max || s.e.pattern.FirstLine && c == '\n'
	}
	if begins <= upto && !s.over {
		s.over, s.found = true, true
	}
}

// slide drops what nothing looks back to.
func (s *scan) slide() {
	if drop := s.from - s.e.pattern.Behind - 1; drop > 0 {
		s.text = s.text[:copy(s.text, s.text[drop:])]
		s.from -= drop
	}
}

// Matched implements Stream.
func (s *scan) Matched() (bool, error) {
	if !s.over {
		for range s.held { // a character that was never finished
			s.text = append(s.text, invalid)
		}
		s.text = append(s.text, s.e.end)
		s.attempt(len(s.text) - 1)
		s.over = true
	}
	return s.found, s.err
}
