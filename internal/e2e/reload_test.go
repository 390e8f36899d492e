package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// read is the text of a file, "" without one.
func read(path string) string {
	b, _ := os.ReadFile(path)
	return string(b)
}

// A reload at a scheduled time, what is said of one that is refused, and what
// is kept of each.
func TestReloadFiles(t *testing.T) {
	t.Parallel()
	n := lan(t, "a")
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	head := "global_defs {\n reload_time_file " + in("when") + "\n reload_check_config " + in("check.log") + "\n reload_file " + in("marker") +
		"\n config_save_dir " + in("saved") + "\n}\n# a comment\n"
	must(t, os.WriteFile(in("when"), []byte("2020-01-01 00:00:00\n"), 0o600))
	a := start(t, n, "a", halbd, head+instance("V", 51, 150, "virtual_ipaddress {\n 10.9.1.1/16\n }"))
	wait(t, "master", 10*time.Second, func() bool { return owns(n, "a", "10.9.1.1") })
	logged := func(text string) func() bool { return func() bool { return strings.Contains(a.Log(), text) } }
	wait(t, "a time that has passed to be ignored", 5*time.Second, logged("it is in the past"))

	must(t, os.WriteFile(in("marker"), []byte("not yet"), 0o600))
	must(t, os.WriteFile(a.Conf(), []byte(head+instance("V", 51, 150, "virtual_ipaddress {\n 10.9.1.2/16\n }")), 0o600))
	must(t, os.WriteFile(in("when"), []byte("23:59:59\n"), 0o600))
	wait(t, "a schedule", 5*time.Second, logged("Scheduling reload for "))
	if s := picture(t, strings.TrimSuffix(a.Conf(), ".conf")+".pid"); s.Daemon.Reloads.Scheduled.IsZero() {
		t.Error("the schedule is not in the status")
	}
	must(t, os.WriteFile(in("when"), []byte(time.Now().Add(1500*time.Millisecond).UTC().Format("06-01-02 15:04:05Z\n")), 0o600))
	wait(t, "another time", 5*time.Second, logged("Reload time updated from "))
	wait(t, "the new address", 10*time.Second, func() bool { return owns(n, "a", "10.9.1.2") && !owns(n, "a", "10.9.1.1") })
	for _, gone := range []string{"when", "marker"} {
		wait(t, gone+" gone", 5*time.Second, func() bool { _, err := os.Stat(in(gone)); return os.IsNotExist(err) })
	}

	must(t, os.WriteFile(a.Conf(), []byte(head+"vrrp_instance W {\n}\n"), 0o600))
	must(t, a.Signal(syscall.SIGHUP))
	wait(t, "the refusal in the log of the check", 5*time.Second, func() bool { return strings.Contains(read(in("check.log")), "reload refused: ") })
	must(t, os.WriteFile(a.Conf(), []byte(head+instance("V", 51, 150, "virtual_ipaddress {\n 10.9.1.3/16\n }")), 0o600))
	must(t, a.Signal(syscall.SIGHUP))
	wait(t, "the next reload", 10*time.Second, func() bool { return owns(n, "a", "10.9.1.3") })
	wait(t, "an empty log of the check", 5*time.Second, func() bool { return read(in("check.log")) == "" })
	must(t, a.Stop(10*time.Second))

	for pattern, part := range map[string]string{
		"keepalived.conf.*.0": "10.9.1.1", "keepalived.conf.*.1": "10.9.1.2", "keepalived.conf.*.3": "# a comment",
		"keepalived_vrrp.*.1.pre": "10.9.1.1", "keepalived_vrrp.*.1.post": "10.9.1.2", "keepalived_vrrp.*.2.pre": "10.9.1.2", "keepalived_vrrp.*.3.post": "10.9.1.3",
	} {
		list, _ := filepath.Glob(filepath.Join(in("saved"), pattern))
		if len(list) != 1 || !strings.Contains(read(list[0]), part) {
			t.Errorf("%s: %v without %s", pattern, list, part)
		}
	}
	if list, _ := filepath.Glob(in("saved/*.2.post")); len(list) > 0 {
		t.Errorf("%v of a reload that was refused", list)
	}
}
