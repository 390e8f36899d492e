package match

import (
	"fmt"
	"strings"

	"github.com/dlclark/regexp2"

	"halbd/internal/pcre"
)

// engine is a pattern for regexp2. Its subjects are runes, bytes as U+0000 to
// U+00FF, and end in a rune that no set has: the end of the subject, which a
// window in the middle of it lacks.
type engine struct {
	pattern *pcre.Pattern
	re      *regexp2.Regexp
	end     rune
}

func newEngine(p *pcre.Pattern) (*engine, error) {
	e := &engine{pattern: p, end: 0x100}
	if p.UTF {
		e.end = pcre.MaxChar + 1
	}
	w := writer{engine: e, word: class(p.Words)}
	w.node(p.Root)
	re, err := regexp2.Compile(w.String(), regexp2.None)
	if err != nil {
		return nil, fmt.Errorf("the pattern is not supported by halbd: %w", err)
	}
	re.MatchTimeout = Limit
	e.re = re
	return e, nil
}

// writer writes a tree in the language of regexp2. It uses nothing whose
// meaning depends on an option there.
type writer struct {
	strings.Builder
	*engine
	word string
}

func (w *writer) print(parts ...string) {
	for _, p := range parts {
		w.WriteString(p)
	}
}

func (w *writer) around(open string, n *pcre.Node, shut string) {
	w.print(open)
	w.node(n)
	w.print(shut)
}

func (w *writer) node(n *pcre.Node) {
	end := escaped(w.end)
	switch n.Op {
	case pcre.Char:
		w.print(class(n.Set))
	case pcre.Concat:
		for _, sub := range n.Sub {
			w.around("(?:", sub, ")")
		}
	case pcre.Alternate:
		for i, sub := range n.Sub {
			if i > 0 {
				w.print("|")
			}
			w.around("(?:", sub, ")")
		}
	case pcre.Repeat:
		w.repeat(n)
	case pcre.Capture:
		w.around(fmt.Sprintf("(?<%d>", n.Group), n.Sub[0], ")")
	case pcre.Atomic:
		w.around("(?>", n.Sub[0], ")")
	case pcre.Look:
		w.around(lookOpen(n), n.Sub[0], ")")
	case pcre.Backref:
		w.reference(n, n.Groups)
	case pcre.Conditional:
		w.conditional(n, n.Groups)
	case pcre.Begin:
		w.print(`\A`)
	case pcre.BeginLine:
		if w.pattern.AltCircumflex {
			w.print(`(?:\A|(?<=\n))`)
		} else {
			w.print(`(?:\A|(?<=\n)(?!`, end, `))`)
		}
	case pcre.End:
		w.print(`(?=`, end, `)`)
	case pcre.EndLast:
		w.print(`(?=\n?`, end, `)`)
	case pcre.EndLine:
		w.print(`(?=[\n`, end, `])`)
	case pcre.WordBoundary:
		w.print(`(?:(?<=`, w.word, `)(?!`, w.word, `)|(?<!`, w.word, `)(?=`, w.word, `))`)
	case pcre.NoBoundary:
		w.print(`(?:(?<=`, w.word, `)(?=`, w.word, `)|(?<!`, w.word, `)(?!`, w.word, `))`)
	}
}

func lookOpen(n *pcre.Node) string {
	switch {
	case n.Behind && n.Negative:
		return "(?<!"
	case n.Behind:
		return "(?<="
	case n.Negative:
		return "(?!"
	}
	return "(?="
}

func (w *writer) repeat(n *pcre.Node) {
	open, shut, lazy := "(?:", ")", ""
	if n.Possessive {
		open, shut = "(?>", ")"
	}
	if n.Lazy {
		lazy = "?"
	}
	count := fmt.Sprintf("{%d,%d}", n.Min, n.Max)
	if n.Max < 0 {
		count = fmt.Sprintf("{%d,}", n.Min)
	}
	w.print(open)
	w.around("(?:", n.Sub[0], ")")
	w.print(count, lazy, shut)
}

// reference is to the first group that is set; to none, it fails, or with
// match_unset_backref matches the empty string.
func (w *writer) reference(n *pcre.Node, groups []int) {
	if len(groups) == 0 {
		if !n.Optional {
			w.print("(?!)")
		}
		return
	}
	w.print(fmt.Sprintf("(?(%d)", groups[0]))
	if n.Caseless {
		w.print(fmt.Sprintf(`(?i:\k<%d>)`, groups[0]))
	} else {
		w.print(fmt.Sprintf(`\k<%d>`, groups[0]))
	}
	w.print("|")
	w.reference(n, groups[1:])
	w.print(")")
}

func (w *writer) conditional(n *pcre.Node, groups []int) {
	w.print(fmt.Sprintf("(?(%d)", groups[0]))
	w.around("(?:", n.Sub[0], ")|")
	if len(groups) > 1 {
		w.conditional(n, groups[1:])
	} else {
		w.around("(?:", n.Sub[1], ")")
	}
	w.print(")")
}

// class writes a set.
func class(s pcre.Set) string {
	if len(s) == 0 {
		return "(?!)"
	}
	var b strings.Builder
	b.WriteByte('[')
	for _, r := range s {
		b.WriteString(escaped(r.Low))
		if r.High > r.Low {
			b.WriteString("-" + escaped(r.High))
		}
	}
	b.WriteByte(']')
	return b.String()
}

// escaped writes a rune so that it stands for itself, in a class too.
func escaped(c rune) string {
	if c <= 0xffff {
		return fmt.Sprintf(`\u%04x`, c)
	}
	return string(c)
}
