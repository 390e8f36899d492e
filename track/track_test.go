package track

import (
	"context"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"halbd/conf"
)

func TestRiseAndFall(t *testing.T) {
	v := verdict{rise: 2, fall: 3}
	for i, step := range []struct{ result, changed, good bool }{
		{true, true, true},                                              // the first decides at once
		{false, false, true}, {false, false, true}, {true, false, true}, // the row is broken
		{false, false, true}, {false, false, true}, {false, true, false},
		{true, false, false}, {true, true, true},
	} {
		if changed := v.add(step.result); changed != step.changed || v.good != step.good {
			t.Fatalf("step %d: changed %v, good %v; want %+v", i, changed, v.good, step)
		}
	}
}

var quiet = slog.New(slog.NewTextHandler(io.Discard, nil))

func next(t *testing.T, results <-chan Result) Result {
	t.Helper()
	select {
	case r := <-results:
		return r
	case <-time.After(20 * time.Second):
		t.Fatal("no result")
		return Result{}
	}
}

func TestFileIsFollowed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	results := make(chan Result, 10)
	cfg := &conf.Config{TrackFiles: []conf.TrackFile{{Name: "f", Path: path, InitFile: true, InitValue: 4}}}
	tr := New(cfg, func(r Result) { results <- r }, quiet)
	defer tr.Close()
	if r := next(t, results); r != (Result{Kind: File, Name: "f", Known: true, Value: 4}) {
		t.Fatalf("init_file: %+v", r)
	}
	// Replaced as editors do it.
	if err := os.WriteFile(path+".new", []byte("-20\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
	if r := next(t, results); r.Value != -20 {
		t.Fatalf("replaced: %+v", r)
	}
	os.Remove(path)
	if r := next(t, results); r.Value != 0 {
		t.Fatalf("removed: %+v", r)
	}
	tr.Reload(cfg)                              // nothing changed: no new result, the tracker goes on
	for _, v := range []string{"5", "7", "9"} { // an empty file in between is nobody's value
		os.WriteFile(path, []byte(v), 0o600)
		if r := next(t, results); strconv.Itoa(r.Value) != v {
			t.Fatalf("%s written: %+v", v, r)
		}
	}
}

func TestScript(t *testing.T) {
	dir := t.TempDir()
	flag := filepath.Join(dir, "bad")
	chk := filepath.Join(dir, "chk")
	if err := os.WriteFile(chk, []byte("#!/bin/sh\ntest ! -e "+flag+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	results := make(chan Result, 10)
	cmd := conf.Command{Args: []string{chk}, UID: uint32(os.Geteuid()), GID: uint32(os.Getegid())}
	slow := conf.Command{Args: []string{"/bin/sleep", "60"}, UID: cmd.UID, GID: cmd.GID}
	cfg := &conf.Config{Scripts: []conf.TrackScript{
		{Name: "c", Command: cmd, Interval: 10 * time.Millisecond, Timeout: 10 * time.Second, Rise: 1, Fall: 2},
		{Name: "slow", Command: slow, Interval: time.Hour, Timeout: 20 * time.Millisecond, Rise: 1, Fall: 1},
	}}
	tr := New(cfg, func(r Result) {
		if r.Known {
			results <- r
		}
	}, quiet)
	defer tr.Close()
	got := map[string]int{}
	for range 2 {
		r := next(t, results)
		got[r.Name] = r.Value
	}
	if got["c"] != 0 || got["slow"] != 1 {
		t.Fatalf("first results %v, want c good and slow (timed out) bad", got)
	}
	os.WriteFile(flag, nil, 0o600)
	if r := next(t, results); r.Name != "c" || r.Value != 1 {
		t.Fatalf("after it fails: %+v", r)
	}
	os.Remove(flag)
	if r := next(t, results); r.Value != 0 {
		t.Fatalf("after it succeeds: %+v", r)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func contextOf(t *testing.T) (context.Context, context.CancelFunc) {
	return context.WithCancel(t.Context())
}

func copyFile(from, to string) error {
	b, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, b, 0o755)
}
