package conf

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// rulesHost has the interfaces eth0 to eth9, and every script but those whose
// path says otherwise.
type rulesHost struct{ fakeHost }

func (rulesHost) CheckScript(c Command, _ bool) (Command, ScriptVerdict) {
	return c, ScriptVerdict{Missing: c.Args[0] == "/missing", NotExecutable: c.Args[0] == "/not_executable", Insecure: c.Args[0] == "/insecure", Reason: "test"}
}

// withoutExample are the rules that one text file cannot show, with the tests that do.
var withoutExample = map[Code]string{
	longLine:     "TestHardText",
	nulByte:      "TestHardText",
	includeCycle: "TestHardText",
	noMainFile:   "TestNoMainFile",
}

// Each rule's example draws its own diagnostic, with a position.
func TestExamplesDrawTheirRule(t *testing.T) {
	for _, r := range Rules() {
		t.Run(r.Code.String(), func(t *testing.T) {
			if r.Title == "" || r.Explain == "" || r.Fix == "" {
				t.Errorf("rule is not explained: %+v", r)
			}
			if r.Example == "" {
				if withoutExample[r.Code] == "" {
					t.Error("rule has no example")
				}
				return
			}
			_, ds := loadText(t, r.Example, rulesHost{})
			for _, d := range ds {
				if d.Code == r.Code {
					if d.Pos.Line == 0 {
						t.Errorf("no position: %v", d)
					}
					if d.Fix == "" || strings.Contains(d.Message(), "%!") {
						t.Errorf("message: %v", d)
					}
					return
				}
			}
			t.Errorf("the example does not draw it: %v", ds)
		})
	}
}

// Codes are in order and each stands once.
func TestCodesAreUnique(t *testing.T) {
	last := Code(0)
	for _, r := range Rules() {
		if r.Code <= last {
			t.Errorf("%v stands behind %v", r.Code, last)
		}
		last = r.Code
		if got, ok := RuleOf(r.Code); !ok || got.Title != r.Title {
			t.Errorf("%v is not found", r.Code)
		}
	}
}

// What each example draws, in the words that the operator reads.
func TestGoldenExamples(t *testing.T) {
	var b strings.Builder
	for _, r := range Rules() {
		if r.Example == "" {
			continue
		}
		path := filepath.Join(t.TempDir(), "keepalived.conf")
		if err := os.WriteFile(path, []byte(r.Example), 0o600); err != nil {
			t.Fatal(err)
		}
		_, ds := Load(path, Options{ConfigID: "test", Host: rulesHost{}})
		b.WriteString("# " + r.Code.String() + " " + r.Title + "\n" + relativeTo(filepath.Dir(path), ds))
	}
	compare(t, "testdata/examples.diag", b.String())
}
