// Package format writes keepalived.conf text in one canonical way. It moves
// blanks, line ends and braces, and nothing else: comments stay where they
// stand, and the formatted text means what the text meant.
package format

import (
	"bytes"
	"fmt"
	"strings"

	"halbd/conf"
)

// Error is why a text cannot be formatted.
type Error struct {
	Line, Column int // from 1
	Text         string
}

func (e *Error) Error() string { return fmt.Sprintf("%d:%d: %s", e.Line, e.Column, e.Text) }

// Format gives the canonical form of a configuration: one statement per line,
// four blanks per level, { on the line of its keyword and } alone, at most one
// blank line in a row and none directly inside braces. Lines that the
// preprocessor reads, and lines with references, are only indented. A text
// whose braces are out of balance is refused with an *Error.
func Format(src []byte) ([]byte, error) {
	f := &formatter{}
	for len(src) > 0 {
		f.line++
		content, rest, _ := bytes.Cut(src, []byte{'\n'})
		src = rest
		if err := f.add(string(content)); err != nil {
			return nil, err
		}
	}
	if n := len(f.open); n > 0 {
		return nil, &Error{f.open[n-1].line, f.open[n-1].column, "'{' is not closed"}
	}
	return f.text(), nil
}

// kind says what a line of the output is.
type kind uint8

const (
	statement kind = iota // words that a { may follow on the same line
	opening               // ends with {
	closing               // }
	remark                // a comment on its own line
	fixed                 // stays as it is
	empty                 // a blank line
	ending                // a blank line that ends a definition, and must stay
)

// output is a line of the output.
type output struct {
	kind    kind
	depth   int
	code    string
	comment string
	pad     int // blanks before the comment, beyond the first
}

type brace struct{ line, column int }

type formatter struct {
	out  []output
	open []brace
	line int
	more bool // the next line belongs to the definition above
}

// add takes the next line of the source.
func (f *formatter) add(text string) error {
	switch {
	case len(text) > conf.MaxLine:
		return f.fail(1, "line too long: %d bytes, a line may have %d", len(text), conf.MaxLine)
	case strings.IndexByte(text, 0) >= 0:
		return f.fail(1+strings.IndexByte(text, 0), "line contains a NUL byte")
	}
	more := f.more
	l := conf.ScanLine(text, more)
	f.more = l.Continues
	switch {
	case l.Doubtful:
		return f.fail(1, "what stands behind the backslash is a comment for some and none for others: use double quotes")
	case more:
		return f.continuation(l)
	case l.Code == "" && l.Comment == "":
		f.push(output{kind: empty})
		return nil
	case l.Code == "":
		f.push(output{kind: remark, comment: l.Comment})
		return nil
	case l.Fixed:
		return f.keep(l)
	}
	return f.pieces(l)
}

// continuation keeps a line of a definition's value.
func (f *formatter) continuation(l conf.Line) error {
	o := output{kind: fixed, code: l.Code, comment: l.Comment, depth: len(f.open) + 1}
	switch {
	case l.Code == "" && l.Comment == "":
		o = output{kind: ending}
	case l.Code == "":
		o.depth--
	}
	f.out = append(f.out, o)
	return f.fits(o)
}

// keep takes a line as it is; its braces count.
func (f *formatter) keep(l conf.Line) error {
	depth := len(f.open)
	for i, p := range l.Pieces {
		if err := f.count(p); err != nil {
			return err
		}
		if p.Brace == '}' && braces(l.Pieces[:i+1]) {
			depth = len(f.open)
		}
	}
	o := output{kind: fixed, code: l.Code, comment: l.Comment, depth: depth}
	f.out = append(f.out, o)
	return f.fits(o)
}

// braces reports whether the line begins with these braces and nothing else.
func braces(pieces []conf.Piece) bool {
	for _, p := range pieces {
		if p.Brace != '}' {
			return false
		}
	}
	return true
}

// pieces writes the words and braces of a line on lines of their own. The
// comment goes with the last of them.
func (f *formatter) pieces(l conf.Line) error {
	for i, p := range l.Pieces {
		comment := ""
		if i == len(l.Pieces)-1 {
			comment = l.Comment
		}
		depth := len(f.open)
		if err := f.count(p); err != nil {
			return err
		}
		switch p.Brace {
		case 0:
			f.push(output{kind: statement, depth: depth, code: join(p.Words), comment: comment})
		case '{':
			f.openBrace(depth, comment)
		case '}':
			f.push(output{kind: closing, depth: len(f.open), code: "}", comment: comment})
		}
		if err := f.fits(f.out[len(f.out)-1]); err != nil {
			return err
		}
	}
	return nil
}

// join writes words with one blank between them.
func join(words []conf.Word) string {
	var b strings.Builder
	for i, w := range words {
		if i > 0 {
			b.WriteByte(' ')
		}
		if w.Quoted {
			b.WriteString(`"` + w.Text + `"`)
		} else {
			b.WriteString(w.Text)
		}
	}
	return b.String()
}

// openBrace puts { behind the statement that it belongs to. Comments that
// stand between the two come into the block.
func (f *formatter) openBrace(depth int, comment string) {
	i := len(f.out) - 1
	for i >= 0 && (f.out[i].kind == remark || f.out[i].kind == empty) {
		i--
	}
	if i < 0 || f.out[i].kind != statement || width(f.out[i])+2 > conf.MaxLine {
		f.push(output{kind: opening, depth: depth, code: "{", comment: comment})
		return
	}
	between := f.out[i+1:]
	f.out[i].kind = opening
	f.out[i].code += " {"
	f.out = f.out[:i+1]
	if f.out[i].comment == "" && len(between) == 0 {
		f.out[i].comment = comment
		if width(f.out[i]) <= conf.MaxLine {
			return
		}
		f.out[i].comment = ""
	}
	for _, o := range append([]output(nil), between...) {
		if o.kind == remark {
			o.depth = len(f.open)
			f.push(o)
		}
	}
	if comment != "" {
		f.push(output{kind: remark, comment: comment})
	}
}

// push appends a line. Of blank lines it keeps those that separate something.
func (f *formatter) push(o output) {
	n := len(f.out)
	last := opening // so that the text begins with no blank line
	if n > 0 {
		last = f.out[n-1].kind
	}
	switch o.kind {
	case empty:
		if last == empty || last == ending || last == opening {
			return
		}
	case closing:
		if last == empty {
			f.out = f.out[:n-1]
		}
	case remark:
		o.depth = len(f.open)
	}
	f.out = append(f.out, o)
}

// count keeps the open braces.
func (f *formatter) count(p conf.Piece) error {
	switch p.Brace {
	case '{':
		f.open = append(f.open, brace{f.line, p.Column})
	case '}':
		if len(f.open) == 0 {
			return f.fail(p.Column, "'}' closes nothing")
		}
		f.open = f.open[:len(f.open)-1]
	}
	return nil
}

func (f *formatter) fail(column int, format string, args ...any) error {
	return &Error{f.line, column, fmt.Sprintf(format, args...)}
}

// width is what a line needs without its indentation.
func width(o output) int {
	n := len(o.code) + len(o.comment)
	if o.code != "" && o.comment != "" {
		n++
	}
	return n
}

func (f *formatter) fits(o output) error {
	if width(o) > conf.MaxLine {
		return f.fail(1, "the formatted line would be too long: a line may have %d bytes", conf.MaxLine)
	}
	return nil
}

const indent = 4

// text writes the lines. Where the indentation would make a line too long it
// is left out.
func (f *formatter) text() []byte {
	for n := len(f.out); n > 0 && f.out[n-1].kind == empty; n-- {
		f.out = f.out[:n-1]
	}
	var b bytes.Buffer
	for i := range f.out {
		if f.trailing(i) && !(f.trailing(i-1) && f.out[i-1].depth == f.out[i].depth) {
			f.align(i)
		}
		o := f.out[i]
		n := o.depth * indent
		if width(o) == 0 || n+width(o) > conf.MaxLine {
			n = 0
		}
		b.WriteString(strings.Repeat(" ", n) + o.code)
		if o.code != "" && o.comment != "" {
			b.WriteString(strings.Repeat(" ", 1+o.pad))
		}
		b.WriteString(o.comment + "\n")
	}
	return b.Bytes()
}

// trailing reports a statement whose comment stands behind it.
func (f *formatter) trailing(i int) bool {
	if i < 0 || i >= len(f.out) {
		return false
	}
	o := &f.out[i]
	return o.code != "" && o.comment != "" && (o.kind == statement || o.kind == fixed)
}

// align puts the trailing comments of neighbouring statements, from line i on,
// below each other, where no line becomes too long by it.
func (f *formatter) align(i int) {
	end, column, comment := i, 0, 0
	for ; f.trailing(end) && f.out[end].depth == f.out[i].depth; end++ {
		column = max(column, len(f.out[end].code))
		comment = max(comment, len(f.out[end].comment))
	}
	if f.out[i].depth*indent+column+1+comment > conf.MaxLine {
		return
	}
	for ; i < end; i++ {
		f.out[i].pad = column - len(f.out[i].code)
	}
}
