package conf

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// inDir writes files into a directory and gives the path of the first one.
func inDir(t *testing.T, files ...string) string {
	t.Helper()
	dir := t.TempDir()
	for i := 0; i < len(files); i += 2 {
		if err := os.WriteFile(filepath.Join(dir, files[i]), []byte(files[i+1]), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, files[0])
}

// What is included stands where the line was that includes it, once, whatever
// other nodes the file is for.
func TestCopy(t *testing.T) {
	path := inDir(t, "main", "a 1 # x\n  include in*\nb\n@n include other\n$X=\\\n c\\\n d\n", "in1", "global_defs {\n", "in2", "}\n", "other", "# only a comment")
	var c Copy
	Load(path, Options{ConfigID: "n", Copy: &c})
	var b strings.Builder
	if _, err := c.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Dir(path)
	got := strings.ReplaceAll(b.String(), dir+"/", "")
	const want = "# main\na 1 # x\n\n# in1\nglobal_defs {\n\n# in2\n}\n\n# main\nb\n\n# other\n# only a comment\n# main\n$X=\\\n c\\\n d\n\n"
	if got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// Numbers behind random_seed are the same at each reading; another seed gives others.
func TestRandomSeed(t *testing.T) {
	read := func(seed string) string {
		cfg, _ := Load(inDir(t, "f", "global_defs {\n random_seed "+seed+"\n router_id ${_RANDOM 1 1000000}-${_RANDOM}\n}\n"), Options{})
		return cfg.Global.RouterID
	}
	if a, b, c := read("7"), read("7"), read("8"); a != b || a == c || strings.HasPrefix(a, "$") {
		t.Errorf("%s, %s, and of another seed %s", a, b, c)
	}
}
