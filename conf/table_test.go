package conf

import (
	"os"
	"slices"
	"strings"
	"testing"
)

// reference reads a tab separated file of the reference, without its head line.
func reference(t *testing.T, path string) [][]string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Skip("no reference here:", err)
	}
	var rows [][]string
	for line := range strings.SplitSeq(strings.TrimSuffix(string(data), "\n"), "\n") {
		rows = append(rows, strings.Split(line, "\t"))
	}
	return rows[1:]
}

func TestTableHasEveryKeyword(t *testing.T) {
	rows := reference(t, "../../shared/reference/keywords.tsv")
	got := slices.DeleteFunc(Keywords(), func(k Keyword) bool { return k.Status == statusHalbd })
	if len(got) != len(rows) {
		t.Fatalf("%d keywords, the reference has %d", len(got), len(rows))
	}
	for i, r := range rows {
		if g := got[i]; g.Block != r[0] || g.Name != r[1] || g.Args != r[2] || g.Status != r[8] {
			t.Errorf("row %d: %+v, the reference has %q", i, g, r)
		}
	}
}

func TestEverySetterHasARow(t *testing.T) {
	table := keywordIndex()
	for path, kind := range blockKinds() {
		for _, m := range kind.setters {
			for name := range m {
				if kw, ok := table.lookup(path, name); !ok {
					t.Errorf("setter of %s %s has no row", path, name)
				} else if kw.set == nil {
					t.Errorf("row %s %s has lost its setter", path, name)
				}
			}
		}
	}
}

// Rows that act and are neither options, values nor words of the
// preprocessor must store something.
func TestEveryActingRowHasASetter(t *testing.T) {
	for _, kw := range Keywords() {
		if !kw.Acts || kw.set != nil || kw.Block == "any (lexer)" || strings.Contains(kw.Name, "<") {
			continue
		}
		last := kw.Block[strings.LastIndex(kw.Block, "/")+1:]
		switch {
		case strings.Contains(kw.Block, "/item") || last == "value" || last == "option" || last == "regex_options": // read with their item
		case kw.Name == "global_defs" || kw.Name == "authentication" || kw.Name == "include_check": // containers, and the include reader's own
		default:
			t.Errorf("%s %s acts without a setter", kw.Block, kw.Name)
		}
	}
}
