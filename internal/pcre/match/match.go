// Package match looks for a pattern of PCRE2 in a subject that arrives in
// pieces, such as the body of an HTTP answer, and says whether it is there.
// Time and memory are bounded whatever the pattern and the subject.
//
// A pattern that looks neither around nor back is matched by an automaton: each
// character is looked at once, and nothing of the subject is kept. The others
// are given to a backtracking engine with a time limit, over a window that
// moves along the subject; their match must begin and end within Reach.
package match

import (
	"errors"
	"time"

	"halbd/internal/pcre"
)

// Reach is how far behind its beginning a match of a backtracking pattern may
// look, in characters.
const Reach = 64 << 10

// ErrTimeout means that a pattern went back and forth for longer than Limit.
var ErrTimeout = errors.New("the pattern takes too long on this text")

// Limit bounds the time that a backtracking pattern may take for one subject.
const Limit = time.Second

// Bounds limit where a match may begin, in bytes of the subject.
type Bounds struct {
	Min, Max uint64 // inclusive
}

// Program is a pattern that is ready to match. It may be used by many streams at once.
type Program struct {
	automaton *automaton
	engine    *engine
}

// Compile makes a program of a pattern.
func Compile(p *pcre.Pattern) (*Program, error) {
	if p.Regular {
		if a := newAutomaton(p); a != nil {
			return &Program{automaton: a}, nil
		}
	}
	e, err := newEngine(p)
	if err != nil {
		return nil, err
	}
	return &Program{engine: e}, nil
}

// Backtracks reports whether a stream may take up to Limit of processor time.
func (p *Program) Backtracks() bool { return p.engine != nil }

// Stream is a search in one subject.
type Stream interface {
	// Write takes the next bytes. It never fails.
	Write(b []byte) (int, error)
	// Matched is the verdict after the last byte.
	Matched() (bool, error)
}

// Search begins a search.
func (p *Program) Search(b Bounds) Stream {
	if p.automaton != nil {
		return &walk{a: p.automaton, bounds: b, state: p.automaton.begin}
	}
	return &scan{e: p.engine, bounds: b}
}
