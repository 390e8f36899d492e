package conf

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// FuzzLexer cuts any line: each word stands at its column, and nothing but
// blanks, braces, quotes and a comment is between the words.
func FuzzLexer(f *testing.F) {
	for _, s := range []string{"", "a b", `a "b c" d`, `a"b"c`, `"`, `a "b`, "a{b}c", "a # b", `"#" !x`, "\t\v\f\r a", "\xff\xfe"} {
		f.Add(s, true)
	}
	f.Fuzz(func(t *testing.T, line string, comments bool) {
		var l lexer
		l.start(line, 0, comments)
		end := 0
		between := func(from, to int) {
			if rest := strings.Trim(line[from:to], " \t\f\v\r\"{}"); rest != "" && !comments {
				t.Fatalf("%q of %q is in no word", rest, line)
			}
		}
		for l.next() {
			for _, w := range l.seg.words {
				at := w.Column - 1
				if w.Quoted {
					at++
				}
				if at < end || !strings.HasPrefix(line[at:], w.Text) {
					t.Fatalf("word %q is not at column %d of %q", w.Text, w.Column, line)
				}
				if !w.Quoted && strings.ContainsAny(w.Text, " \t\f\v\r\"{}") {
					t.Fatalf("word %q has a separator inside", w.Text)
				}
				between(end, at)
				end = at + len(w.Text)
			}
		}
		if l.openQuote == 0 {
			between(end, len(line))
		}
	})
}

// recorder is a handler that keeps what it is given.
type recorder struct{ depth, statements int }

func (r *recorder) statement(*Keyword, Statement) { r.statements++ }
func (r *recorder) item(*Keyword, Statement)      { r.statements++ }
func (r *recorder) open(*Keyword, Statement) bool { r.depth++; return true }
func (r *recorder) close(*Keyword, Pos)           { r.depth-- }

// FuzzPreprocessor feeds definitions, sequences, conditions and includes of
// any form: it ends, what is opened is closed, and a position is in the file.
func FuzzPreprocessor(f *testing.F) {
	for _, s := range []string{
		"$A=1\nglobal_defs {\nrouter_id $A\n}\n", "$A=$B$B\n$B=$A$A\n$A\n", "~SEQ(N,1,9) x$N\n", "~SEQx(N,0,0xff) ${N}\n", "~LST(N,a,b) $N\n",
		"~LST({A,B},{1,2},{3}) $A$B\n", "@id x\n@^id y\n", "include f\n", "include {f,g}*\n", "$M= \\\n a { \\\n }\n$M\n", "${_RANDOM 1 2}${_ENV X}${_PWD}\n",
		"~SEQ(A,1,100000) ~SEQ(B,1,100000) $A$B\n", "virtual_ipaddress\n}\n", "vrrp_instance A { interface eth0 }\n",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		path := filepath.Join(t.TempDir(), "f")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		var r recorder
		found := parse(path, Options{ConfigID: "id"}, keywordIndex(), &r)
		if r.depth != 0 {
			t.Fatalf("%d blocks are still open", r.depth)
		}
		if lines := strings.Count(text, "\n") + 1; len(found) > 0 && found[len(found)-1].Pos.Line > lines {
			t.Fatalf("%v is beyond line %d", found[len(found)-1], lines)
		}
	})
}
