package match

import (
	"encoding/binary"
	"slices"
	"sync"
	"unicode"
	"unicode/utf8"

	"halbd/internal/pcre"
)

// maxProgram bounds an automaton; larger patterns are left to the engine.
const maxProgram = 20000

// maxStates bounds what is kept of an automaton's states; beyond it they are
// made anew when they are needed.
const maxStates = 256

// inst is an instruction of the automaton (Thompson's construction).
type inst struct {
	op       pcre.Op // Char, Alternate, an assertion, or Empty: the end of the pattern
	set      pcre.Set
	out, alt int
}

// automaton runs all ways through a pattern at once.
type automaton struct {
	pattern *pcre.Pattern
	prog    []inst
	start   int
	visits  int // of nodes by compile

	mu     sync.Mutex
	states map[string]*state
	begin  *state
}

// state is what has happened up to a place of the subject.
type state struct {
	at      []int // Char instructions that wait for the next character, before assertions are followed
	before  rune  // the character before, or none at the beginning
	opening bool  // a match may begin here
	found   bool
	next    [256]*state // by character; nil: not known yet
}

// none stands for the character before the beginning and the one after the end.
const none = -1

func newAutomaton(p *pcre.Pattern) *automaton {
	a := &automaton{pattern: p, states: map[string]*state{}}
	a.prog = append(a.prog, inst{op: pcre.Empty})
	a.start = a.compile(p.Root, 0)
	if a.start < 0 {
		return nil
	}
	a.begin = a.state(nil, none, false)
	return a
}

func (a *automaton) add(i inst) int {
	a.prog = append(a.prog, i)
	return len(a.prog) - 1
}

// compile returns where a node begins if out follows it; -1: it is too large.
func (a *automaton) compile(n *pcre.Node, out int) int {
	if a.visits++; out < 0 || a.visits > maxProgram { // not len(a.prog): empty nodes can be repeated too
		return -1
	}
	switch n.Op {
	case pcre.Empty:
		return out
	case pcre.Concat:
		for _, sub := range slices.Backward(n.Sub) {
			out = a.compile(sub, out)
		}
		return out
	case pcre.Alternate:
		at := a.compile(n.Sub[len(n.Sub)-1], out)
		for _, sub := range slices.Backward(n.Sub[:len(n.Sub)-1]) {
			first := a.compile(sub, out)
			if first < 0 || at < 0 {
				return -1
			}
			at = a.add(inst{op: pcre.Alternate, out: first, alt: at})
		}
		return at
	case pcre.Repeat:
		return a.repeat(n, out)
	case pcre.Capture:
		return a.compile(n.Sub[0], out)
	case pcre.Char:
		return a.add(inst{op: pcre.Char, set: n.Set, out: out})
	}
	return a.add(inst{op: n.Op, out: out})
}

func (a *automaton) repeat(n *pcre.Node, out int) int {
	body := n.Sub[0]
	if n.Max < 0 {
		loop := a.add(inst{op: pcre.Alternate, alt: out})
		first := a.compile(body, loop)
		if first < 0 {
			return -1
		}
		a.prog[loop].out = first
		out = loop
	}
	for range max(0, n.Max-n.Min) {
		first := a.compile(body, out)
		if first < 0 {
			return -1
		}
		out = a.add(inst{op: pcre.Alternate, out: first, alt: out})
	}
	for range n.Min {
		if out = a.compile(body, out); out < 0 {
			return -1
		}
	}
	return out
}

// state finds or makes the state of these instructions, which it keeps.
func (a *automaton) state(at []int, before rune, opening bool) *state {
	kind := uint64(0) // of the character before: all that assertions ask of it
	switch {
	case before == none:
		kind = 1
	case before == '\n':
		kind = 2
	case a.pattern.Words.Contains(before):
		kind = 3
	}
	if opening {
		kind |= 4
	}
	slices.Sort(at)
	key := binary.AppendUvarint(nil, kind)
	for _, i := range at {
		key = binary.AppendUvarint(key, uint64(i))
	}
	if s := a.states[string(key)]; s != nil {
		return s
	}
	if len(a.states) >= maxStates {
		clear(a.states)
	}
	s := &state{at: at, before: before, opening: opening}
	a.states[string(key)] = s
	return s
}

// foundState is where a walk ends that has found its match.
var foundState = &state{found: true}

// step goes on by one character, which is none at the end. last says that it
// is the last one.
func (a *automaton) step(s *state, c rune, last, opening bool) *state {
	known := c >= 0 && c < 256 && !last && (!a.pattern.UTF || c < utf8.RuneSelf)
	if known {
		if next := s.next[c]; next != nil {
			if next.found || next.opening == opening {
				return next
			}
			return a.state(next.at, next.before, opening)
		}
	}
	seen := make([]bool, len(a.prog))
	var wait []int
	found := false
	var follow func(i int)
	follow = func(i int) {
		for !found && !seen[i] {
			seen[i] = true
			in := &a.prog[i]
			switch in.op {
			case pcre.Empty:
				found = true
				return
			case pcre.Char:
				if c != none && in.set.Contains(c) {
					wait = append(wait, in.out)
				}
				return
			case pcre.Alternate:
				follow(in.out)
				i = in.alt
			default:
				if !a.holds(in.op, s.before, c, last) {
					return
				}
				i = in.out
			}
		}
	}
	for _, i := range s.at {
		follow(i)
	}
	if s.opening {
		follow(a.start)
	}
	if found {
		if known {
			s.next[c] = foundState
		}
		return foundState
	}
	slices.Sort(wait)
	next := a.state(slices.Compact(wait), c, opening)
	if known {
		s.next[c] = next
	}
	return next
}

// holds judges an assertion between two characters.
func (a *automaton) holds(op pcre.Op, before, after rune, last bool) bool {
	switch op {
	case pcre.Begin:
		return before == none
	case pcre.BeginLine:
		return before == none || before == '\n' && (after != none || a.pattern.AltCircumflex)
	case pcre.End:
		return after == none
	case pcre.EndLast:
		return after == none || after == '\n' && last
	case pcre.EndLine:
		return after == none || after == '\n'
	}
	return (a.pattern.Words.Contains(before) != a.pattern.Words.Contains(after)) == (op == pcre.WordBoundary)
}

// walk is a search by an automaton.
type walk struct {
	a      *automaton
	bounds Bounds
	state  *state
	at     uint64 // bytes of the subject that have been passed
	closed bool   // firstline: a newline has been passed
	held   []byte // the last bytes, of which one may be the last of all
}

// opens reports whether a match may begin here.
func (w *walk) opens() bool {
	return !w.closed && w.at >= w.bounds.Min && w.at <= w.bounds.Max
}

// Write implements Stream.
func (w *walk) Write(b []byte) (int, error) {
	if w.state.found {
		return len(b), nil
	}
	w.a.mu.Lock()
	defer w.a.mu.Unlock()
	rest := b
	if len(w.held) > 0 {
		rest = append(w.held, b...)
	}
	for len(rest) > utf8.UTFMax && !w.state.found {
		if rest = w.hurry(rest); len(rest) > utf8.UTFMax {
			rest = w.pass(rest, false)
		}
	}
	w.held = append([]byte(nil), rest...)
	return len(b), nil
}

// hurry takes as many bytes as lead from one known state to the next while
// matches may begin anywhere.
func (w *walk) hurry(b []byte) (rest []byte) {
	if !w.state.opening || w.a.pattern.FirstLine || w.at >= w.bounds.Max {
		return b
	}
	s, n := w.state, 0
	for most := int(min(uint64(len(b)-utf8.UTFMax), w.bounds.Max-w.at)); n < most; n++ {
		next := s.next[b[n]]
		if next == nil || next.found || !next.opening {
			break
		}
		s = next
	}
	w.state = s
	w.at += uint64(n)
	return b[n:]
}

// pass takes the first character of some bytes. What is not UTF-8 is a
// character that no set has.
func (w *walk) pass(b []byte, last bool) (rest []byte) {
	c, size := rune(b[0]), 1
	if w.a.pattern.UTF && c >= utf8.RuneSelf {
		if c, size = utf8.DecodeRune(b); c == utf8.RuneError && size == 1 || c > pcre.MaxChar {
			c = unicode.MaxRune + 1
		}
	}
	w.step(c, size, last && size == len(b))
	return b[size:]
}

func (w *walk) step(c rune, size int, last bool) {
	if w.at == 0 && w.opens() && !w.state.opening {
		w.state = w.a.state(nil, none, true)
	}
	w.closed = w.closed || w.a.pattern.FirstLine && c == '\n' && w.at >= w.bounds.Min
	w.at += uint64(size)
	w.state = w.a.step(w.state, c, last, w.opens())
}

// Matched implements Stream.
func (w *walk) Matched() (bool, error) {
	w.a.mu.Lock()
	defer w.a.mu.Unlock()
	for len(w.held) > 0 && !w.state.found {
		w.held = w.pass(w.held, true)
	}
	if !w.state.found {
		w.step(none, 0, true)
	}
	return w.state.found, nil
}
