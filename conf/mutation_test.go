package conf

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// mutableFile is a configuration without an error, and its statements.
type mutableFile struct {
	name       string
	lines      []string
	statements []foundStatement
	known      map[string]bool // the diagnostics that it draws as it is
}

// foundStatement is a statement with its row and the blocks around it.
type foundStatement struct {
	Statement
	kw     *Keyword
	item   bool     // a line of kw's list
	around []string // the keywords of the open blocks, outermost first
}

// statementFinder notes the statements on their way to the builder.
type statementFinder struct {
	handler
	found  []foundStatement
	around []string
}

func (f *statementFinder) note(kw *Keyword, s Statement, item bool) {
	f.found = append(f.found, foundStatement{s, kw, item, slices.Clone(f.around)})
}

func (f *statementFinder) statement(kw *Keyword, s Statement) {
	f.note(kw, s, false)
	f.handler.statement(kw, s)
}

func (f *statementFinder) open(kw *Keyword, s Statement) bool {
	f.note(kw, s, false)
	f.around = append(f.around, kw.Name)
	return f.handler.open(kw, s)
}

func (f *statementFinder) item(kw *Keyword, s Statement) {
	f.note(kw, s, true)
	f.handler.item(kw, s)
}

func (f *statementFinder) close(kw *Keyword, at Pos) {
	f.around = f.around[:len(f.around)-1]
	f.handler.close(kw, at)
}

func statementsOf(path string, opt Options) []foundStatement {
	table := keywordIndex()
	finder := &statementFinder{handler: newBuilder(opt, table)}
	parse(path, opt, table, finder)
	return finder.found
}

const noSuchName = "nope0"

func mutationOptions() Options {
	plain := regexp.MustCompile(`^[a-z][a-z0-9_.:-]*$`)
	has := func(name string) bool { return plain.MatchString(name) && name != noSuchName }
	return Options{ConfigID: "lb1", Host: fakeHost{has: has, scripts: true, users: true}}
}

// mutableFiles are real files of other people where they are at hand, and ours.
func mutableFiles(t *testing.T) []mutableFile {
	t.Helper()
	var paths []string
	for _, pattern := range []string{"../../shared/corpus/*.conf", "testdata/golden/*.conf", "../keepalived.conf.example"} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		paths = append(paths, found...)
	}
	var files []mutableFile
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		f := mutableFile{name: filepath.Base(path), lines: strings.Split(string(data), "\n"), known: map[string]bool{}}
		if _, ds := Load(path, mutationOptions()); ds.HasErrors() || strings.Contains(string(data), "include") {
			continue
		} else {
			for _, d := range ds {
				f.known[diagnosticKey(d)] = true
			}
		}
		f.statements = statementsOf(path, mutationOptions())
		files = append(files, f)
	}
	return files
}

func diagnosticKey(d Diagnostic) string { return fmt.Sprint(d.Pos.Line, d.Code, d.Text) }

// mutation is one change of one line.
type mutation struct {
	what   string
	line   int // from 1
	text   string
	later  bool     // found at the line or after it, not just there
	naming []string // the message names one of these
	next   bool     // or it is about the next statement, whatever it names
}

// A mistake in a real file is found where it is: a misspelt keyword, a name
// that nothing has, a number out of its range, a brace that is lost.
func TestMutations(t *testing.T) {
	files := mutableFiles(t)
	rng := rand.New(rand.NewPCG(24, 3))
	mutators := []func(*rand.Rand, *mutableFile) (mutation, bool){misspell, misspell, dangle, exceed, loseBrace}
	const wanted = 100
	for n := 0; n < wanted; {
		f := &files[rng.IntN(len(files))]
		m, ok := mutators[n%len(mutators)](rng, f)
		if !ok {
			continue
		}
		n++
		t.Run(fmt.Sprintf("%s:%d %s", f.name, m.line, m.what), func(t *testing.T) { tryMutation(t, f, m) })
	}
}

func tryMutation(t *testing.T, f *mutableFile, m mutation) {
	lines := slices.Clone(f.lines)
	lines[m.line-1] = m.text
	path := filepath.Join(t.TempDir(), "keepalived.conf")
	if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	_, ds := Load(path, mutationOptions())
	end := m.line
	for end > 1 && strings.TrimSpace(strings.Join(lines[end-1:], "")) == "" {
		end-- // the text ends before the line
	}
	next := m.line
	for next < len(lines) && (next == m.line || strings.Trim(cutComment(lines[next-1], false), " \t\r") == "") {
		next++
	}
	for _, d := range ds {
		there := d.Pos.Line == m.line || m.later && d.Pos.Line >= end
		names := len(m.naming) == 0 || slices.ContainsFunc(m.naming, func(s string) bool { return strings.Contains(d.Text, s) }) || m.next && d.Pos.Line == next
		if there && names && d.Severity >= Warning && !f.known[diagnosticKey(d)] {
			return
		}
	}
	t.Errorf("%q became %q, and nothing is said there\n%v", f.lines[m.line-1], m.text, ds)
}

// pick takes a statement that fits, and whose word i stands in its line as it
// is, not out of a definition.
func pick(rng *rand.Rand, f *mutableFile, i int, fits func(s foundStatement) bool) (foundStatement, bool) {
	var list []foundStatement
	for _, s := range f.statements {
		if len(s.Words) <= i || s.Pos.Line > len(f.lines) || !fits(s) {
			continue
		}
		line, w := f.lines[s.Pos.Line-1], s.Words[i]
		if w.Column <= len(line) && strings.HasPrefix(line[w.Column-1:], w.Text) && !strings.ContainsAny(line, "$~") {
			list = append(list, s)
		}
	}
	if len(list) == 0 {
		return foundStatement{}, false
	}
	return list[rng.IntN(len(list))], true
}

// replace writes another word at the place of word i.
func replace(f *mutableFile, s foundStatement, i int, word string) string {
	line, w := f.lines[s.Pos.Line-1], s.Words[i]
	return line[:w.Column-1] + word + line[w.Column-1+len(w.Text):]
}

func misspell(rng *rand.Rand, f *mutableFile) (mutation, bool) {
	s, ok := pick(rng, f, 0, func(s foundStatement) bool { return !s.item && len(s.Keyword()) > 3 })
	if !ok {
		return mutation{}, false
	}
	word := []byte(s.Keyword())
	at := 1 + rng.IntN(len(word)-2)
	switch rng.IntN(3) {
	case 0:
		word = slices.Delete(word, at, at+1)
	case 1:
		word = slices.Insert(word, at, word[at])
	default:
		word[at], word[at-1] = word[at-1], word[at]
	}
	if _, known := keywordIndex().lookup(s.kw.Block, string(word)); known {
		return mutation{}, false
	}
	return mutation{what: "misspelt", line: s.Pos.Line, text: replace(f, s, 0, string(word)), naming: []string{string(word)}}, true
}

// references are the rows whose first word, of the statement or of each item,
// is the name of something that must exist.
var references = []string{
	"vrrp_instance interface", "garp_group interface",
	"vrrp_instance track_interface", "vrrp_instance track_script", "vrrp_instance track_file", "vrrp_instance track_process", "vrrp_instance track_bfd",
	"vrrp_sync_group track_interface", "vrrp_sync_group track_script", "vrrp_sync_group track_file", "vrrp_sync_group track_process", "vrrp_sync_group track_bfd",
	"vrrp_sync_group group", "track_group group",
	"virtual_server/real_server/FILE_CHECK track_file", "virtual_server/real_server/BFD_CHECK name",
}

func dangle(rng *rand.Rand, f *mutableFile) (mutation, bool) {
	word := func(s foundStatement) int {
		if s.item {
			return 0
		}
		return 1
	}
	for _, i := range rng.Perm(2) {
		s, ok := pick(rng, f, i, func(s foundStatement) bool {
			return word(s) == i && (s.item || s.kw.Shape == Simple) && slices.Contains(references, s.kw.Block+" "+s.kw.Name)
		})
		if ok {
			return mutation{what: "dangling", line: s.Pos.Line, text: replace(f, s, i, noSuchName), naming: []string{noSuchName}}, true
		}
	}
	return mutation{}, false
}

func exceed(rng *rand.Rand, f *mutableFile) (mutation, bool) {
	s, ok := pick(rng, f, 1, func(s foundStatement) bool {
		return !s.item && s.kw.Max != "" && slices.Contains([]valueKind{valueUint, valueInt, valueDecimal}, s.kw.value.kind)
	})
	if !ok {
		return mutation{}, false
	}
	return mutation{what: "too much", line: s.Pos.Line, text: replace(f, s, 1, "9"+strings.ReplaceAll(s.kw.Max, ".", "")+"9")}, true
}

// loseBrace takes one brace away. Without its { a block is complained about at
// its keyword; without its } it is open until a line that cannot be in it, or
// until the end. In a list the next statement is taken for an item.
func loseBrace(rng *rand.Rand, f *mutableFile) (mutation, bool) {
	s, ok := pick(rng, f, 0, func(s foundStatement) bool { return !s.item && s.kw.Shape != Simple })
	if !ok {
		return mutation{}, false
	}
	names := append(slices.Clone(s.around), s.kw.Name)
	if rng.IntN(2) == 0 {
		line := strings.TrimRight(f.lines[s.Pos.Line-1], " \t\r")
		if !strings.HasSuffix(line, "{") {
			return mutation{}, false
		}
		return mutation{what: "lost {", line: s.Pos.Line, text: strings.TrimSuffix(line, "{"), later: true, naming: names}, true
	}
	for n := s.Pos.Line; n < len(f.lines); n++ {
		line := f.lines[n]
		if strings.TrimSpace(line) == "}" && indentation(line) == indentation(f.lines[s.Pos.Line-1]) {
			return mutation{what: "lost } of " + s.kw.Name, line: n + 1, later: true, naming: names, next: s.kw.Shape == List}, true
		}
		if strings.ContainsAny(line, "{}#!\"") && indentation(line) <= indentation(f.lines[s.Pos.Line-1]) {
			break // not written so that the block's end can be seen
		}
	}
	return mutation{}, false
}

func indentation(line string) int { return len(line) - len(strings.TrimLeft(line, " \t")) }
