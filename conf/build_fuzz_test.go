package conf

import (
	"os"
	"path/filepath"
	"testing"
)

// No text may panic the builder, whatever the order of its statements.
func FuzzBuild(f *testing.F) {
	f.Add(pair + servers)
	f.Add("virtual_server_group a {\n}\nvirtual_server_group a {\n1.2.3.4-5\n}\nvirtual_server group a {\nreal_server x\n}\n")
	f.Add("vrrp_instance a {\nunicast_peer\n}\ntrack_interface {\n}\n")
	f.Fuzz(func(t *testing.T, text string) {
		path := filepath.Join(t.TempDir(), "f")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Skip(err)
		}
		if cfg, _ := Load(path, Options{Host: fakeHost{scripts: true}}); cfg == nil {
			t.Fatal("no configuration")
		}
	})
}
