package supervise

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"halbd/conf"
	"halbd/vrrp"
)

// What keepalived 2.4.3 wrote for two instances, byte for byte.
func TestStatsLayout(t *testing.T) {
	want, err := os.ReadFile("../../shared/reference/dumps/keepalived.stats")
	if err != nil {
		t.Skipf("not compared with keepalived's file: %v", err)
	}
	k := vrrp.Counters{AdvertsSent: 4, BecameMaster: 1}
	var got strings.Builder
	writeStats(&got, []vrrp.InstanceStatus{{Name: "V", Counters: k}, {Name: "V6", Counters: k}})
	if got.String() != string(want) {
		t.Errorf("got\n%s\nwant\n%s", got.String(), want)
	}
}

// Each counter has a line of its own.
func TestStatsCounters(t *testing.T) {
	var k vrrp.Counters
	for i, n := range []*uint64{&k.AdvertsReceived, &k.AdvertsSent, &k.BecameMaster, &k.ReleasedMaster, &k.Length, &k.TTL, &k.InvalidType,
		&k.AdvertInterval, &k.AddressList, &k.InvalidAuthType, &k.AuthTypeMismatch, &k.AuthFailure, &k.HMACMissing, &k.HMACMalformed,
		&k.HMACUnknownKey, &k.HMACInvalid, &k.HMACStale, &k.HMACReplay, &k.PriorityZeroRcvd, &k.PriorityZeroSent} {
		*n = uint64(101 + i)
	}
	var got strings.Builder
	writeStats(&got, []vrrp.InstanceStatus{{Name: "V", Counters: k}})
	var values []string
	for line := range strings.Lines(got.String()) {
		if _, value, ok := strings.Cut(line, ": 1"); ok {
			values = append(values, "1"+strings.TrimSpace(value))
		}
	}
	const want = "101 102 103 104 105 106 107 108 109 110 111 112 113 114 115 116 117 118 119 120"
	if strings.Join(values, " ") != want {
		t.Errorf("in order %v", values)
	}
}

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
		if got := dumpPath(cfg, tc.configured, "keepalived", ".stats"); got != tc.want {
			t.Errorf("%+v: %s", tc, got)
		}
	}
	t.Setenv("TMPDIR", "relative")
	if got := dumpPath(&conf.Config{}, "", "keepalived", ".stats"); got != "/tmp/keepalived.stats" {
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
	hello := func(w io.Writer) { io.WriteString(w, "hello") }
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
