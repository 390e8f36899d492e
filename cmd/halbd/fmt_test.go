package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const (
	untidy = "global_defs{\n router_id   lb1 # here\n\n}\n"
	tidy   = "global_defs {\n    router_id lb1 # here\n}\n"
)

// runFmt gives the output of halbd fmt.
func runFmt(t *testing.T, stdin string, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	c := fmtCommand()
	c.SilenceErrors, c.SilenceUsage = true, true
	c.SetIn(strings.NewReader(stdin))
	c.SetOut(&out)
	c.SetArgs(args)
	err := c.Execute()
	return out.String(), err
}

func TestFmt(t *testing.T) {
	dir := t.TempDir()
	bad, good := filepath.Join(dir, "bad.conf"), filepath.Join(dir, "good.conf")
	for name, text := range map[string]string{bad: untidy, good: tidy} {
		if err := os.WriteFile(name, []byte(text), 0o640); err != nil {
			t.Fatal(err)
		}
	}
	link := filepath.Join(dir, "link.conf")
	if err := os.Symlink("bad.conf", link); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, stdin, want string
		args              []string
		found             bool
	}{
		{name: "stdin", stdin: untidy, args: []string{}, want: tidy},
		{name: "stdout", args: []string{bad, good}, want: tidy + tidy},
		{name: "list", args: []string{"-l", bad, good}, want: bad + "\n", found: true},
		{name: "list nothing", args: []string{"-l", good}},
		{name: "diff", args: []string{"-d", bad}, want: "--- " + bad + "\n+++ " + bad + " (formatted)\n-global_defs{\n- router_id   lb1 # here\n-\n+global_defs {\n+    router_id lb1 # here\n", found: true},
		{name: "write", args: []string{"-w", link, good}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := runFmt(t, c.stdin, c.args...)
			if got != c.want || errors.Is(err, errFound) != c.found || err != nil && !c.found {
				t.Errorf("halbd fmt %v: %v, %q, want %q", c.args, err, got, c.want)
			}
		})
	}
	text, err := os.ReadFile(bad)
	if err != nil || string(text) != tidy {
		t.Errorf("after -w: %q, %v", text, err)
	}
	if st, err := os.Lstat(bad); err != nil || st.Mode().Perm() != 0o640 {
		t.Errorf("after -w: %v, %v", st, err)
	}
	if st, err := os.Lstat(link); err != nil || st.Mode()&os.ModeSymlink == 0 {
		t.Errorf("-w replaced the link: %v, %v", st, err)
	}
	if left, err := filepath.Glob(filepath.Join(dir, ".*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// A file whose braces are out of balance is refused with the place, and stays as it is.
func TestFmtRefuses(t *testing.T) {
	name := filepath.Join(t.TempDir(), "a.conf")
	if err := os.WriteFile(name, []byte("a {\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := runFmt(t, "", "-w", name)
	if err == nil || err.Error() != name+":1:3: '{' is not closed" {
		t.Error(err)
	}
	if text, err := os.ReadFile(name); err != nil || string(text) != "a {\n" {
		t.Errorf("%q, %v", text, err)
	}
}
