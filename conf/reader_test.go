package conf

import (
	"fmt"
	"os"
	"regexp"
	"strings"
)

// plainReader walks a file that uses nothing of the preprocessor but simple
// definitions: what the tests of table and builder need, so that they fail
// for reasons of their own only.
type plainReader struct {
	lang  language
	h     handler
	path  string
	defs  map[string]string
	open  []openBlock
	next  *Keyword // a block's keyword that waits for its brace
	stmt  Statement
	found Diagnostics
}

type openBlock struct {
	path string
	kw   *Keyword
	skip bool
}

var definition = regexp.MustCompile(`^\s*\$([A-Za-z_]\w*)=\s*([^#]*)`)

func readPlain(path string, _ Options, lang language, h handler) Diagnostics {
	data, err := os.ReadFile(path)
	if err != nil {
		return Diagnostics{{Severity: Error, Class: ClassFatal, Text: err.Error()}}
	}
	r := &plainReader{lang: lang, h: h, path: path, defs: map[string]string{}}
	n := 0
	for line := range strings.SplitSeq(string(data), "\n") {
		n++
		if m := definition.FindStringSubmatch(line); m != nil {
			r.defs[m[1]] = strings.TrimSpace(m[2])
			continue
		}
		for name, value := range r.defs {
			line = strings.ReplaceAll(line, "${"+name+"}", value)
			line = regexp.MustCompile(`\$`+name+`\b`).ReplaceAllLiteralString(line, value)
		}
		if start := strings.TrimSpace(line); strings.HasPrefix(start, "@") || strings.HasPrefix(start, "include") {
			continue
		}
		r.line(n, line)
	}
	if len(r.open) > 0 {
		r.complain(Pos{}, "There are %d missing '}'s", len(r.open))
	}
	return r.found
}

func (r *plainReader) complain(pos Pos, format string, args ...any) {
	r.found = append(r.found, Diagnostic{Pos: pos, Severity: Error, Class: ClassConfig, Text: fmt.Sprintf(format, args...)})
}

// words cuts a line at blanks, braces and quotes.
func (r *plainReader) words(n int, line string) (words []Word) {
	const ends = " \t\r#!\"{}"
	for i := 0; i < len(line); {
		switch c := line[i]; {
		case c == ' ' || c == '\t' || c == '\r':
			i++
		case c == '#' || c == '!':
			return words
		case c == '"':
			end := strings.IndexByte(line[i+1:], '"')
			if end < 0 {
				r.complain(Pos{File: r.path, Line: n, Column: i + 1}, "Unterminated quote")
				return words
			}
			words = append(words, Word{Text: line[i+1 : i+1+end], Quoted: true, Column: i + 1})
			i += end + 2
		default:
			j := i + 1
			for c != '{' && c != '}' && j < len(line) && strings.IndexByte(ends, line[j]) < 0 {
				j++
			}
			words = append(words, Word{Text: line[i:j], Column: i + 1})
			i = j
		}
	}
	return words
}

func (w Word) brace() bool { return !w.Quoted && (w.Text == "{" || w.Text == "}") }

func (r *plainReader) line(number int, line string) {
	for words := r.words(number, line); len(words) > 0; {
		n := 0
		for n < len(words) && !words[n].brace() {
			n++
		}
		pos := Pos{File: r.path, Line: number, Column: words[0].Column}
		if n > 0 {
			r.statement(Statement{Pos: pos, Words: words[:n:n]})
			words = words[n:]
			continue
		}
		r.brace(pos, words[0].Text)
		words = words[1:]
	}
}

func (r *plainReader) statement(s Statement) {
	block := "root"
	if n := len(r.open); n > 0 {
		top := r.open[n-1]
		if top.skip {
			return
		}
		if top.kw.Shape == List {
			r.h.item(top.kw, s)
			return
		}
		block = top.path
	}
	kw, ok := r.lang.lookup(block, s.Keyword())
	switch {
	case !ok:
		r.complain(s.Pos, "Unknown keyword '%s'", s.Keyword())
	case kw.Shape == Simple:
		r.h.statement(kw, s)
	default:
		r.next, r.stmt = kw, s
	}
}

func (r *plainReader) brace(pos Pos, text string) {
	n := len(r.open)
	skipped := n > 0 && r.open[n-1].skip
	switch {
	case text == "{" && skipped:
		r.open = append(r.open, openBlock{skip: true})
	case text == "{" && r.next == nil:
		r.complain(pos, "Unexpected '{' - ignoring")
	case text == "{":
		path := r.next.Name
		if r.next.Block != "root" {
			path = r.next.Block + "/" + path
		}
		r.open = append(r.open, openBlock{path, r.next, !r.h.open(r.next, r.stmt)})
		r.next = nil
	case n == 0:
		r.complain(pos, "Unknown keyword '}'")
	default:
		closed := r.open[n-1].kw
		r.open = r.open[:n-1]
		if !skipped {
			r.h.close(closed)
		}
	}
}
