package notify

import (
	"os"
	"path/filepath"
	"testing"

	"halbd/conf"
)

func TestLookupName(t *testing.T) {
	etc, usr := t.TempDir(), t.TempDir()
	for path, text := range map[string]string{
		filepath.Join(etc, "rt_tables"):              "# comment\n100\tmine # trailing\n0x65 hex\nbad\n",
		filepath.Join(etc, "rt_tables.d", "a.conf"):  "200 dropped_in\n",
		filepath.Join(etc, "rt_tables.d", "b.other"): "201 not_read\n",
		filepath.Join(usr, "rt_tables"):              "1 mine\n102 vendor\n",
		filepath.Join(usr, "rt_dsfield"):             "0x28 AF11\n",
	} {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		kind conf.NameKind
		name string
		want uint32
		ok   bool
	}{
		{conf.NameTable, "mine", 100, true}, // the administrator's file wins
		{conf.NameTable, "hex", 101, true},
		{conf.NameTable, "dropped_in", 200, true},
		{conf.NameTable, "vendor", 102, true},
		{conf.NameTable, "not_read", 0, false},
		{conf.NameTable, "comment", 0, false},
		{conf.NameDSField, "AF11", 0x28, true},
		{conf.NameDSField, "af11", 0, false},
		{conf.NameGroup, "default", 0, false}, // no such file
	} {
		n, err := SystemHost{}.LookupName(c.kind, c.name, etc, usr)
		if n != c.want || (err == nil) != c.ok {
			t.Errorf("%s: %d, %v", c.name, n, err)
		}
	}
}

func TestLookupIPProtocol(t *testing.T) {
	path := filepath.Join(t.TempDir(), "protocols")
	if err := os.WriteFile(path, []byte("# x\nip\t0\tIP\ntcp 6 TCP # comment\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]uint32{"ip": 0, "tcp": 6, "TCP": 6} {
		if n, err := ipProtocol(path, name); n != want || err != nil {
			t.Errorf("%s: %d, %v", name, n, err)
		}
	}
	if n, err := ipProtocol(path, "comment"); err == nil {
		t.Errorf("a comment is protocol %d", n)
	}
}
