package conf

import (
	"encoding/binary"
	"fmt"
	"os"
	"strings"
	"unicode"
	"unicode/utf8"
	"unsafe"
)

// maxLine is the longest line content (bytes) that keepalived reads whole.
const maxLine = 1022

// rawLine is one line of a file as it stands there, without its newline.
type rawLine struct {
	text     string
	comments bool // has # or ! somewhere
	quotes   bool
}

// source is one file that is being read.
type source struct {
	name string
	path string // absolute
	from *Pos
	text string
	at   int  // where the next line begins
	here int  // where the line begins that next returned
	kept int  // what a Copy has already
	line int  // of the line that next returned
	wide bool // some byte is not ASCII

	nul, hash, bang, quote finder
}

// finder knows where a byte comes next, so that a file is searched only once.
type finder struct {
	c  byte
	at int
}

// before reports whether the byte stands between from and end.
func (f *finder) before(text string, from, end int) bool {
	if f.at < from {
		if i := strings.IndexByte(text[from:], f.c); i >= 0 {
			f.at = from + i
		} else {
			f.at = len(text)
		}
	}
	return f.at < end
}

// newSource takes over data: nobody may change it any more, since the words of
// the configuration are parts of it.
func newSource(name string, from *Pos, data []byte) *source {
	text := unsafe.String(unsafe.SliceData(data), len(data))
	return &source{name: name, path: absolutePath(name), from: from, text: text, wide: !isASCII(data),
		nul: finder{0, -1}, hash: finder{'#', -1}, bang: finder{'!', -1}, quote: finder{'"', -1}}
}

// readSource reads a whole file.
func readSource(name string, from *Pos) (*source, error) {
	st, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if st.IsDir() {
		return nil, fmt.Errorf("%s is a directory", name)
	}
	if !st.Mode().IsRegular() || st.Mode()&0o111 != 0 {
		return nil, fmt.Errorf("%s is not a regular non-executable file", name)
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	return newSource(name, from, data), nil
}

// pos is the position of a column of the line that next returned.
func (s *source) pos(column int) Pos {
	return Pos{File: s.name, Line: s.line, Column: column, From: s.from}
}

// next returns the next usable line. Lines that keepalived does not read
// whole, or not at all, are complained about: of a line that is too long the
// rest is read as a line of its own, as keepalived does it.
func (s *source) next(found *Diagnostics) (rawLine, bool) {
	for s.at < len(s.text) {
		s.line++
		s.here = s.at
		start, end, next := s.at, len(s.text), len(s.text)
		if i := strings.IndexByte(s.text[start:], '\n'); i >= 0 {
			end = start + i
			next = end + 1
		}
		s.at = next
		if n := end - start; n > maxLine {
			lost := n / (maxLine + 1) * (maxLine + 1)
			found.report(longLine, s.pos(1), "line too long: %d bytes are ignored, a line may have %d", lost, maxLine)
			start += lost
		}
		if s.nul.before(s.text, start, end) {
			if next > end || end-start > 1 {
				found.report(nulByte, s.pos(1+s.nul.at-start), "line contains a NUL byte and is ignored")
			}
			continue
		}
		comments := s.hash.before(s.text, start, end)
		comments = s.bang.before(s.text, start, end) || comments
		return rawLine{s.text[start:end], comments, s.quote.before(s.text, start, end)}, true
	}
	return rawLine{}, false
}

// inspect says once per file what is unusual about its bytes.
func (s *source) inspect(found *Diagnostics) {
	if strings.HasPrefix(s.text, byteOrder) {
		found.report(byteOrderMark, s.place(0), "the file begins with a byte order mark, which becomes part of the first word")
	}
	if s.wide && !utf8.ValidString(s.text) {
		i := 0
		for i < len(s.text) {
			r, n := utf8.DecodeRuneInString(s.text[i:])
			if r == utf8.RuneError && n == 1 {
				break
			}
			i += n
		}
		found.report(notUTF8, s.place(i), "byte 0x%02x is no UTF-8 text: it is taken as it is", s.text[i])
	}
	s.inspectReturns(found)
}

// inspectReturns looks for carriage returns: at the end of a line they do no
// harm, elsewhere somebody may have meant them as the end of a line.
func (s *source) inspectReturns(found *Diagnostics) {
	ended := false
	for i := strings.IndexByte(s.text, '\r'); i >= 0 && i < len(s.text); {
		if i+1 < len(s.text) && s.text[i+1] != '\n' && s.text[i+1] != '\r' {
			found.report(loneReturn, s.place(i), "carriage return inside a line: it is a blank and ends no line")
			return
		}
		if !ended && i+1 < len(s.text) {
			ended = true
			found.report(returnNewline, s.place(i), "lines end with carriage return and newline")
		}
		next := strings.IndexByte(s.text[i+1:], '\r')
		if next < 0 {
			return
		}
		i += 1 + next
	}
}

const byteOrder = "\ufeff"

// place is the position of a byte of the file.
func (s *source) place(i int) Pos {
	before := s.text[:i]
	return Pos{File: s.name, Line: 1 + strings.Count(before, "\n"), Column: i - strings.LastIndexByte(before, '\n'), From: s.from}
}

func isASCII(b []byte) bool {
	for ; len(b) >= 8; b = b[8:] {
		if binary.LittleEndian.Uint64(b)&0x8080808080808080 != 0 {
			return false
		}
	}
	for _, c := range b {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// oddBlanks warns of Unicode blanks inside words: they look like separators
// and are none.
func (p *preprocessor) oddBlanks(pos Pos, words []Word) {
	for _, w := range words {
		if w.Quoted {
			continue
		}
		for i, r := range w.Text {
			if r >= utf8.RuneSelf && (unicode.IsSpace(r) || unicode.Is(unicode.Cf, r)) && !(i == 0 && r == '\ufeff') {
				pos.Column = w.Column + i
				p.found.report(oddBlank, pos, "%U in '%s' looks like a blank or like nothing, and is part of the word", r, w.Text)
				break
			}
		}
	}
}
