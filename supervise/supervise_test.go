package supervise

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"halbd/conf"
	"halbd/event"
)

func TestPIDFileIsLockedAndRemoved(t *testing.T) {
	path := filepath.Join(t.TempDir(), "run", "halbd.pid")
	p, err := lockPIDFile(path)
	if err != nil {
		t.Fatal(err)
	}
	st, err := os.Stat(path)
	if err != nil || st.Mode().Perm() != 0o644 {
		t.Errorf("mode %v, %v; want 0644", st.Mode(), err)
	}
	if _, err := lockPIDFile(path); !errors.Is(err, errRunning) {
		t.Errorf("a second daemon got %v, want %v", err, errRunning)
	}
	p.remove()
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the pid file is left behind: %v", err)
	}
	p, err = lockPIDFile(path)
	if err != nil {
		t.Fatalf("after the first daemon's end: %v", err)
	}
	p.remove()
}

func TestPIDPath(t *testing.T) {
	for _, tc := range []struct {
		given, instance, namespace string
		dir                        bool
		want                       string
	}{
		{"/x.pid", "A", "N", true, "/x.pid"},
		{"", "", "", false, "/run/vrrp.pid"},
		{"", "A", "", false, "/run/keepalived/vrrp_A.pid"},
		{"", "", "", true, "/run/keepalived/vrrp.pid"},
		{"", "", "N", false, "/run/keepalived/vrrp.pid"}, // where the namespace's own directory is mounted
		{"", "A", "N", false, "/run/keepalived/vrrp_A.pid"},
	} {
		g := &conf.Global{InstanceName: tc.instance, UsePIDDir: tc.dir}
		g.Namespaces.Name = tc.namespace
		if got := pidPath(tc.given, "vrrp", g); got != tc.want {
			t.Errorf("%+v: %s", tc, got)
		}
	}
}

func TestStartStatus(t *testing.T) {
	for name, tc := range map[string]struct {
		d       conf.Diagnostic
		status  int
		refused bool
	}{
		"unknown keyword":  {conf.Diagnostic{Severity: conf.Error, Class: conf.ClassConfig}, 0, false},
		"insecure script":  {conf.Diagnostic{Severity: conf.Error, Class: conf.ClassSecurity}, 0, false},
		"failed include":   {conf.Diagnostic{Severity: conf.Error, Class: conf.ClassSecurity, NoStart: true}, 6, true},
		"missing argument": {conf.Diagnostic{Severity: conf.Error, Class: conf.ClassArgument}, 2, true},
		"no vrid":          {conf.Diagnostic{Severity: conf.Error, Class: conf.ClassConfig, NoStart: true}, 2, true},
	} {
		if s, r := startStatus(conf.Diagnostics{tc.d}); s != tc.status || r != tc.refused {
			t.Errorf("%s: status %d, refused %v", name, s, r)
		}
	}
}

func TestLogLineHasAttributes(t *testing.T) {
	var got logLine
	log := slog.New(&textHandler{level: slog.LevelInfo, emit: func(l logLine) { got = l }})
	log.Debug("hidden")
	if got.Text != "" {
		t.Errorf("a debug line was logged: %q", got.Text)
	}
	log.With("instance", "VI_1").Warn("cannot send", "err", errors.New("no route"), "n", 3)
	if want := `cannot send instance=VI_1 err="no route" n=3`; got.Text != want || got.Level != slog.LevelWarn {
		t.Errorf("got %q (%v), want %q", got.Text, got.Level, want)
	}
}

func TestEveryTransitionSaysWhy(t *testing.T) {
	for want, ev := range map[string]event.Event{
		"(VI_1) Entering MASTER STATE: master-down timer (1.5ms late)":   {Kind: event.Instance, Name: "VI_1", State: event.Master, Cause: "master-down timer", Late: 1500 * time.Microsecond},
		"VRRP_Group(G) Syncing instances to FAULT state: VI_1 is faulty": {Kind: event.Group, Name: "G", State: event.Fault, Cause: "VI_1 is faulty"},
		"Real server [10.0.0.1]:tcp:80 of [10.0.0.9]:tcp:80 DOWN: connect refused": {Kind: event.RealServer, Name: "[10.0.0.1]:tcp:80",
			Service: "[10.0.0.9]:tcp:80", State: event.Down, Cause: "connect refused"},
	} {
		if got := ev.Text(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestUnreadableFilesAreErrors(t *testing.T) {
	dir := t.TempDir()
	if err := Readable(dir); err == nil || !strings.Contains(err.Error(), "directory") {
		t.Errorf("a directory: %v", err)
	}
	if err := Readable(filepath.Join(dir, "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a missing file: %v", err)
	}
}
