package conf

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"halbd/internal/rowcases"
)

var update = flag.Bool("update", false, "write the golden files anew")

// goldenHost has eth0 to eth3, as the cases of the rows.
func goldenHost() fakeHost {
	return fakeHost{scripts: true, has: func(name string) bool { return slices.Contains(rowcases.Interfaces, name) }}
}

func goldenFiles(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("testdata/golden/*.conf")
	if err != nil || len(files) == 0 {
		t.Fatal("no golden files", err)
	}
	return files
}

func goldenOptions() Options {
	return Options{ConfigID: "golden", Host: goldenHost(), Getenv: func(string) string { return "" }}
}

// Whole files, with every keyword of the language, mean what they meant when
// they were looked at last: -update writes the meaning down.
func TestGolden(t *testing.T) {
	for _, path := range goldenFiles(t) {
		name := strings.TrimSuffix(path, ".conf")
		t.Run(filepath.Base(name), func(t *testing.T) {
			cfg, ds := Load(path, goldenOptions())
			meaning, err := json.MarshalIndent(cfg, "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			compare(t, name+".json", string(meaning)+"\n")
			compare(t, name+".diag", relativeTo(filepath.Dir(path), ds))
		})
	}
}

// relativeTo writes diagnostics without the directory of the file.
func relativeTo(dir string, ds Diagnostics) string {
	var b strings.Builder
	for _, d := range ds {
		fmt.Fprintln(&b, strings.ReplaceAll(d.String(), dir+string(filepath.Separator), ""))
	}
	return b.String()
}

func compare(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("%s is not recorded: go test ./conf -run TestGolden -update", path)
	}
	if err != nil {
		t.Fatal(err)
	}
	if line := firstDifference(string(want), got); line != "" {
		t.Errorf("%s: %s (go test ./conf -run TestGolden -update, and look at the difference)", path, line)
	}
}

func firstDifference(want, got string) string {
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range max(len(w), len(g)) {
		switch {
		case i >= len(w):
			return fmt.Sprintf("line %d: %q is new", i+1, g[i])
		case i >= len(g):
			return fmt.Sprintf("line %d: %q is gone", i+1, w[i])
		case w[i] != g[i]:
			return fmt.Sprintf("line %d: %q, was %q", i+1, g[i], w[i])
		}
	}
	return ""
}

// lineOnly are the last parts of the names of blocks that are words of a line.
var lineOnly = []string{"item", "option", "value", "regex_options", "nexthop", "any (lexer)"}

func isLineOnly(block string) bool {
	last := block[strings.LastIndex(block, "/")+1:]
	return slices.Contains(lineOnly, last) || strings.HasPrefix(last, "encap ") || last == "<bool>"
}

// Every keyword stands in some golden file.
func TestGoldenHasEveryKeyword(t *testing.T) {
	seen := map[string]bool{}
	for _, path := range goldenFiles(t) {
		for _, s := range statementsOf(path, goldenOptions()) {
			seen[s.kw.Block+" "+s.kw.Name] = true
		}
	}
	for _, k := range Keywords() {
		if !seen[k.Block+" "+k.Name] && !isLineOnly(k.Block) && !strings.HasPrefix(k.Name, "<") {
			t.Errorf("%s %s stands in none", k.Block, k.Name)
		}
	}
}
