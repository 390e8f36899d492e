package supervise

import (
	"io"
	"os"
	"path/filepath"
	"testing"

	"halbd/conf"
)

func TestDumpPath(t *testing.T) {
	t.Setenv("TMPDIR", "/var/tmp")
	for _, tc := range []struct {
		configured, instance, namespace string
		use                             bool
		want                            string
	}{
		{"", "", "", false, "/var/tmp/keepalived.stats"},
		{"", "one", "red", false, "/var/tmp/keepalived.stats"},
		{"", "one", "", true, "/var/tmp/keepalived_one.stats"},
		{"", "one", "red", true, "/var/tmp/keepalived_red_one.stats"},
		{"/run/x.stats", "one", "", true, "/run/x_one.stats"},
		{"/run/x", "", "red", true, "/run/x_red"},
	} {
		cfg := &conf.Config{}
		cfg.Global.InstanceName, cfg.Global.Namespaces.Name, cfg.Global.Dumps.UseInstance = tc.instance, tc.namespace, tc.use
		if got := dumpPath(cfg, tc.configured, "keepalived.stats", ""); got != tc.want {
			t.Errorf("%+v: %s", tc, got)
		}
	}
	t.Setenv("TMPDIR", "relative")
	if got := dumpPath(&conf.Config{}, "", "keepalived.stats", ""); got != "/tmp/keepalived.stats" {
		t.Errorf("a relative TMPDIR is not used: %s", got)
	}
}

// In a directory of everybody a link must not lead the writer elsewhere.
func TestWriteDump(t *testing.T) {
	dir := t.TempDir()
	victim, path := filepath.Join(dir, "victim"), filepath.Join(dir, "keepalived.stats")
	if err := os.WriteFile(victim, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(victim, path); err != nil {
		t.Fatal(err)
	}
	hello := func(w io.Writer) error {
		_, err := io.WriteString(w, "hello")
		return err
	}
	if err := writeDump(path, hello); err != nil {
		t.Fatal(err)
	}
	if b, _ := os.ReadFile(victim); string(b) != "precious" {
		t.Errorf("the file behind the link now holds %q", b)
	}
	info, err := os.Lstat(path)
	if b, _ := os.ReadFile(path); err != nil || string(b) != "hello" || info.Mode() != 0o600 {
		t.Errorf("%q, mode %v, %v", b, info.Mode(), err)
	}
	if err := writeDump(filepath.Join(dir, "missing", "file"), hello); err == nil {
		t.Error("a directory that is not there is no error")
	}
	if err := writeDump(dir, hello); err == nil { // cannot take the place of a directory
		t.Error("a directory in the way is no error")
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(dir), "*.*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}
