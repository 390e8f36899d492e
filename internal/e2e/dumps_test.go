package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"halbd/internal/lab"
)

// differs are lines of keepalived.data and names in keepalived.json that are
// not the same on purpose: times, keepalived's own descriptors and defaults,
// and what Debian's 2.2 words otherwise than 2.4.
var differs = []string{"Last transition", "Read timeout", "Last advert sent", "fd_in", "Flags", "faults", "Send advert after receive higher priority advert", "Interface = lo", "Password"}

// topology is the part of a data file that monitoring reads.
func topology(t *testing.T, path string) []string {
	t.Helper()
	b, err := os.ReadFile(path)
	must(t, err)
	_, text, found := strings.Cut(string(b), "VRRP Topology")
	if !found {
		t.Fatalf("no topology in\n%s", b)
	}
	text, _, _ = strings.Cut(text, "Sockpool")
	var lines []string
lines:
	for l := range strings.Lines(text) {
		for _, d := range differs {
			if strings.Contains(l, d) {
				continue lines
			}
		}
		lines = append(lines, strings.TrimRight(l, "\n"))
	}
	return lines
}

// withTMPDIR is a daemon that writes its dump files into dir.
func withTMPDIR(t *testing.T, binary, dir string) string {
	t.Helper()
	path := filepath.Join(dir, filepath.Base(binary))
	must(t, os.WriteFile(path, []byte("#!/bin/sh\nTMPDIR="+dir+" exec "+binary+" \"$@\"\n"), 0o755))
	return path
}

// data is what keepalived.json says of the first instance.
func data(t *testing.T, path string) map[string]any {
	t.Helper()
	b, err := os.ReadFile(path)
	must(t, err)
	var list []struct{ Data map[string]any }
	if err := json.Unmarshal(b, &list); err != nil || len(list) != 1 {
		t.Fatalf("%s: %v", b, err)
	}
	for _, name := range []string{"last_transition", "higher_prio_send_advert", "auth_data"} {
		delete(list[0].Data, name)
	}
	return list[0].Data
}

// The same file and history: the same dump files as a keepalived's, of a
// master and of a backup, without the password, and for root only.
func TestDumpFiles(t *testing.T) {
	t.Parallel()
	const body = "virtual_ipaddress {\n 10.9.1.1/16\n 10.9.1.2/16 dev eth0 label eth0:1\n}\nvirtual_routes {\n 10.77.0.0/16 via 10.9.0.9 dev eth0\n}\n" +
		"authentication {\n auth_type PASS\n auth_pass secret\n}\nlower_prio_no_advert\ndown_timer_adverts 4\n"
	write := func(binary string) (dirs []string) {
		n := lan(t, "a", "b")
		var daemons []*lab.Proc
		for _, host := range []string{"a", "b"} {
			dir := t.TempDir()
			dirs = append(dirs, dir)
			daemons = append(daemons, start(t, n, host, withTMPDIR(t, binary, dir), instance("V", 51, map[string]int{"a": 150, "b": 100}[host], body)))
		}
		wait(t, "the first one master", 15*time.Second, func() bool { return owns(n, "a", "10.9.1.1") })
		for i, p := range daemons {
			must(t, p.Signal(syscall.SIGUSR1))
			must(t, p.Signal(syscall.Signal(36)))
			for _, name := range []string{"keepalived.data", "keepalived_parent.data", "keepalived.json"} {
				wait(t, name, 5*time.Second, func() bool {
					st, err := os.Stat(filepath.Join(dirs[i], name))
					return err == nil && st.Size() > 0
				})
			}
		}
		for _, p := range daemons {
			must(t, p.Stop(10*time.Second)) // what was begun is written then
		}
		return dirs
	}
	ours, theirs := write(halbd), write(keepalived)
	for i := range ours {
		if d := cmp.Diff(topology(t, filepath.Join(theirs[i], "keepalived.data")), topology(t, filepath.Join(ours[i], "keepalived.data"))); d != "" {
			t.Error(d)
		}
		if d := cmp.Diff(data(t, filepath.Join(theirs[i], "keepalived.json")), data(t, filepath.Join(ours[i], "keepalived.json"))); d != "" {
			t.Error(d)
		}
		for _, name := range []string{"keepalived.data", "keepalived.json"} {
			path := filepath.Join(ours[i], name)
			if st, err := os.Stat(path); err != nil || st.Mode().Perm() != 0o600 {
				t.Errorf("%s: %v %v", name, st.Mode(), err)
			}
			if b, _ := os.ReadFile(path); strings.Contains(string(b), "secret") {
				t.Errorf("%s has the password", name)
			}
		}
	}
}
