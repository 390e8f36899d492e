package conf

import (
	"os"
	"path/filepath"
	"testing"
)

// FuzzParse feeds any bytes to the whole language: it must end, must not
// panic, and every position must be inside the file.
func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"", "\x00", "}", "{", "{{}}", "a\r\nb", "\"", "$A=$B\n$B=$A\n$A\n", "$A=x${A}\n${A}\n", "$M= \\\n a \\\n b\n$M\n",
		"~SEQ(A,1,3) x${A}\n", "~SEQ(A,0x7fffffffffffffff)\n", "~SEQ(A,-9223372036854775808,9223372036854775807) a\n", "~LST({A,B},{1,2}) $A\n",
		"@x y\n", "@^x y\n", "include *\n", "include {a,b}{c,d}\n", "${_RANDOM 1 0}", "${_ENV}", "${_ENV HOME}", "${_HASH}",
		"global_defs {\nrouter_id a\\#b\n}\n", "vrrp_instance A {\ninterface eth0\nvirtual_router_id 1\nvirtual_ipaddress {\n10.0.0.1/24 dev eth0\n}\n}\n",
		"virtual_server 10.0.0.1 80 {\nreal_server 10.0.0.2 80 {\nTCP_CHECK {\n}\n}\n}\n", "vrrp_sync_group G {\ngroup {\nA\n}\n}\n",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		path := filepath.Join(t.TempDir(), "f.conf")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		cfg, ds := Load(path, Options{ConfigID: "x", Host: fakeHost{scripts: true}})
		if cfg == nil {
			t.Fatal("no Config")
		}
		lines := 1
		for _, c := range data {
			if c == '\n' {
				lines++
			}
		}
		for _, d := range ds {
			if d.Pos.File == path && d.Pos.Line > lines {
				t.Fatalf("%v is beyond the last line, %d", d, lines)
			}
		}
	})
}
