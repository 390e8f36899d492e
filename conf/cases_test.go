package conf

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// deliberate are the cases where keepalived crashes, hangs or runs out of file
// descriptors, and halbd gives a positioned error (docs/differences.md).
var deliberate = map[string]int{
	"192-def-mutually-recursive-hangs.conf":            5, // keepalived loops for ever
	"259-predef-env-no-name-crashes.conf":              5, // keepalived crashes
	"310-inc-self-include.conf":                        5, // keepalived recurses until no file can be opened, then starts
	"308-inc-conditional-read-twice.conf":              5,
	"309-inc-seq-read-twice.conf":                      5,
	"325-inc-conditional-include-of-comment-file.conf": 0, // keepalived crashes
	"327-inc-seq-include-subdir.conf":                  0, // keepalived crashes
}

var syntaxGroups = regexp.MustCompile(`^\d+-(base|comment|quote|cont|brace|unknown|bytes|def|multi|seq|cond|predef|inc)-`)

// Every recorded case of the syntax ends as keepalived ends.
func TestRecordedCases(t *testing.T) {
	dir := "../../shared/reference/cases"
	f, err := os.Open(filepath.Join(dir, "VERDICTS.tsv"))
	if err != nil {
		t.Skip("the recorded cases are not here")
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.Comma, r.LazyQuotes, r.FieldsPerRecord = '\t', true, -1
	rows, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	ran := 0
	for _, row := range rows[1:] {
		name, want := row[0], row[1]
		if !syntaxGroups.MatchString(name) {
			continue
		}
		ran++
		opt := Options{ConfigID: "test", Host: fakeHost{scripts: true}, Getenv: func(n string) string {
			for _, kv := range strings.Split(row[4], ";") {
				if k, v, _ := strings.Cut(kv, "="); k == n {
					return v
				}
			}
			return ""
		}}
		for i, args := 0, strings.Fields(row[3]); i < len(args); i++ {
			switch args[i] {
			case "-i":
				i++
				opt.ConfigID = args[i]
			case "-e":
				opt.StrictIncludes = true
			}
		}
		if n, ok := deliberate[name]; ok {
			want = strconv.Itoa(n)
		}
		_, ds := Load(filepath.Join(dir, name), opt)
		if got := strconv.Itoa(ds.ExitStatus()); got != want {
			t.Errorf("%s: status %s, want %s (%s)\n%v", name, got, want, row[2], ds)
		}
		for _, d := range ds {
			if d.Class == ClassConfig && d.Pos.File != "" && (d.Pos.Line < 1 || d.Pos.Column < 1) {
				t.Errorf("%s: no position: %+v", name, d)
			}
		}
	}
	t.Logf("%d cases", ran)
}
