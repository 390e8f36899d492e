package show

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"halbd/conf"
)

// readsBack writes a configuration, reads it, and compares the meaning.
func readsBack(t *testing.T, want *conf.Config) {
	t.Helper()
	var text bytes.Buffer
	if err := Write(&text, want); err != nil {
		t.Fatal(err)
	}
	got, ds := load(t, text.String())
	a, b := meaning(t, want), meaning(t, got)
	if a != b {
		t.Errorf("the text does not read back as what it was:\n%s\nfirst\n%s\nthen\n%s\n%v", text.String(), a, b, ds.NotHonoured())
	}
}

func meaning(t *testing.T, c *conf.Config) string {
	t.Helper()
	b, err := json.MarshalIndent(c, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// Files of other people, as far as keepalived takes them.
func TestCorpusReadsBack(t *testing.T) {
	files, _ := filepath.Glob("../../../shared/corpus/[0-9]*.conf")
	golden, _ := filepath.Glob("../testdata/golden/*.conf")
	for _, f := range append(append(files, golden...), "../../keepalived.conf.example") {
		t.Run(filepath.Base(f), func(t *testing.T) {
			cfg, _ := conf.Load(f, conf.Options{ConfigID: "lb1"})
			readsBack(t, cfg)
		})
	}
}

// Whatever a file says, config show writes something that means the same.
func FuzzReadsBack(f *testing.F) {
	for _, pattern := range []string{"../testdata/golden/*.conf", "../../keepalived.conf.example"} {
		files, _ := filepath.Glob(pattern)
		for _, name := range files {
			data, err := os.ReadFile(name)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(string(data))
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		cfg, _ := load(t, text)
		readsBack(t, cfg)
	})
}
