package track

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"halbd/conf"
)

// Runs begin at whole intervals from the first: one that takes too long
// delays nothing but leaves out those that fell due meanwhile.
func TestRhythm(t *testing.T) {
	start := time.Unix(1000, 0)
	s := &script{conf: &conf.TrackScript{Interval: time.Second}, log: slog.New(slog.DiscardHandler)}
	for _, row := range []struct{ due, now, want time.Duration }{
		{0, 10 * time.Millisecond, time.Second},
		{0, time.Second, time.Second},
		{0, time.Second + 1, 2 * time.Second},
		{3 * time.Second, 6500 * time.Millisecond, 7 * time.Second},
		{3 * time.Second, 7 * time.Second, 7 * time.Second},
	} {
		if got := s.next(start.Add(row.due), start.Add(row.now)).Sub(start); got != row.want {
			t.Errorf("due %v, ended %v: next at %v, want %v", row.due, row.now, got, row.want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		s.conf.Interval = time.Duration(rapid.Int64Range(1e6, 1e12).Draw(t, "interval"))
		took := time.Duration(rapid.Int64Range(0, 1e13).Draw(t, "took"))
		next := s.next(start, start.Add(took))
		if wait := next.Sub(start.Add(took)); wait < 0 || took > 0 && wait >= s.conf.Interval && took >= s.conf.Interval || next.Sub(start)%s.conf.Interval != 0 {
			t.Fatalf("after %v of %v the next run is %v later", took, s.conf.Interval, next.Sub(start))
		}
	})
}

// Many scripts begin within a second and are spread evenly after that; none
// waits for more than one and a half intervals.
func TestSpread(t *testing.T) {
	for _, n := range []int{1, 10, 51, 1000} {
		const interval = 10 * time.Second
		s := &spread{total: n}
		slots := make([]int, 10)
		for i := range n {
			delay, shift := s.next(interval)
			if delay < 0 || delay > time.Second || shift < -interval/2 || shift > interval/2 {
				t.Fatalf("script %d of %d: delay %v, shift %v", i, n, delay, shift)
			}
			if n <= fewScripts && shift != 0 {
				t.Errorf("script %d of %d is moved by %v", i, n, shift)
			}
			slots[(delay+shift+interval)%interval/time.Second]++
		}
		for i, have := range slots {
			if n > fewScripts && (have < n/10-1 || have > n/10+2) {
				t.Errorf("second %d has %d of %d scripts", i, have, n)
			}
		}
	}
}

// shell is a script that runs under the account of the test.
func shell(t *testing.T, text string) conf.Command {
	t.Helper()
	path := filepath.Join(t.TempDir(), "script")
	must(t, os.WriteFile(path, []byte("#!/bin/bash\n"+text+"\n"), 0o755))
	return conf.Command{Args: []string{path}, UID: uint32(os.Geteuid()), GID: uint32(os.Getegid())}
}

// scriptsOf starts a tracker with these scripts; known results only.
func scriptsOf(t *testing.T, list ...conf.TrackScript) (*Tracker, <-chan Result) {
	results := make(chan Result, 4096)
	tr := New(&conf.Config{Scripts: list}, func(r Result) {
		if r.Known {
			results <- r
		}
	}, quiet)
	t.Cleanup(tr.Close)
	return tr, results
}

func TestOutcomes(t *testing.T) {
	for _, row := range []struct {
		name, text string
		limit      time.Duration
		want       int
		why        string
	}{
		{"ok", "exit 0", time.Minute, 0, ""},
		{"fail", "exit 3", time.Minute, 1, "exit status 3"},
		{"signal", "kill -9 $$", time.Minute, 1, "signal: killed"},
		{"timeout", "sleep 60", 50 * time.Millisecond, 1, "timed out after 50ms"},
	} {
		_, results := scriptsOf(t, conf.TrackScript{Name: "s", Command: shell(t, row.text), Interval: time.Hour, Timeout: row.limit, Rise: 3, Fall: 3})
		if r := next(t, results); r.Value != row.want || r.Why != row.why {
			t.Errorf("%s: %+v", row.name, r)
		}
	}
	none := conf.Command{Args: []string{"/nonexistent/script"}, UID: uint32(os.Geteuid()), GID: uint32(os.Getegid())}
	_, results := scriptsOf(t, conf.TrackScript{Name: "s", Command: none, Interval: time.Hour, Timeout: time.Second, Rise: 1, Fall: 1})
	if r := next(t, results); r.Value != 1 || !strings.HasPrefix(r.Why, "could not run: ") {
		t.Errorf("error: %+v", r)
	}
}

// alive reports whether a process runs; one that only waits to be fetched does not.
func alive(pid int) bool {
	fs := procfs{root: "/proc"}
	s, ok := fs.stat(pid)
	return ok && !s.dead
}

// A script that hangs is ended with everything that came from it, also what
// left its process group and what ignores TERM; the failure is told before.
func TestHangingScriptLeavesNothing(t *testing.T) {
	mark := filepath.Join(t.TempDir(), "pids")
	text := fmt.Sprintf(`trap "" TERM
sleep 987 & echo $! >> %[1]s
setsid bash -c 'trap "" TERM; echo $$ >> %[1]s; sleep 987 & echo $! >> %[1]s; wait; wait' &
echo $$ >> %[1]s
while :; do sleep 987 & wait; done`, mark)
	_, results := scriptsOf(t, conf.TrackScript{Name: "s", Command: shell(t, text), Interval: time.Hour, Timeout: 500 * time.Millisecond, Rise: 1, Fall: 1})
	next(t, results)
	told := time.Now()
	pids := readPIDs(t, mark)
	if len(pids) != 4 {
		t.Fatalf("%d processes noted, want 4", len(pids))
	}
	if !alive(os.Getpid()) {
		t.Fatal("the test does not see itself")
	}
	for _, pid := range pids {
		for deadline := told.Add(10 * time.Second); alive(pid); time.Sleep(10 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("process %d outlives the script", pid)
			}
		}
	}
}

func readPIDs(t *testing.T, file string) (list []int) {
	b, err := os.ReadFile(file)
	must(t, err)
	for _, f := range strings.Fields(string(b)) {
		pid, err := strconv.Atoi(f)
		must(t, err)
		list = append(list, pid)
	}
	return list
}

// Scripts that hang hold nobody up, and no run overlaps the one before.
func TestHangingScriptsDoNotDisturb(t *testing.T) {
	dir := t.TempDir()
	var list []conf.TrackScript
	hang := shell(t, `exec 9>"`+dir+`/lock.$1" && flock -n 9 || touch "`+dir+`/overlap"; sleep 987`)
	for i := range 16 {
		c := hang
		c.Args = append([]string{hang.Args[0]}, strconv.Itoa(i))
		list = append(list, conf.TrackScript{Name: fmt.Sprint("hang", i), Command: c, Interval: 50 * time.Millisecond, Timeout: 300 * time.Millisecond, Rise: 1, Fall: 1})
	}
	good := shell(t, `echo >> "`+dir+`/runs"`)
	list = append(list, conf.TrackScript{Name: "good", Command: good, Interval: 100 * time.Millisecond, Timeout: 10 * time.Second, Rise: 1, Fall: 1})
	_, results := scriptsOf(t, list...)
	failed := 0
	for range len(list) {
		failed += next(t, results).Value
	}
	if failed != 16 {
		t.Fatalf("%d of 16 hanging scripts failed", failed)
	}
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if b, _ := os.ReadFile(dir + "/runs"); len(b) >= 10 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the good script does not run again and again")
		}
	}
	if _, err := os.Stat(dir + "/overlap"); err == nil {
		t.Error("a run began before the one before it had ended")
	}
}

// A reload leaves unchanged scripts and their results alone; a changed one
// begins anew, and says so.
func TestReloadOfScripts(t *testing.T) {
	results := make(chan Result, 100)
	one := conf.TrackScript{Name: "one", Command: shell(t, "exit 0"), Interval: time.Hour, Timeout: time.Minute, Rise: 1, Fall: 1}
	two := one
	two.Name = "two"
	tr := New(&conf.Config{Scripts: []conf.TrackScript{one, two}}, func(r Result) { results <- r }, quiet)
	defer tr.Close()
	got := map[Result]bool{}
	for len(got) < 2 {
		if r := next(t, results); r.Known {
			got[r] = true
		}
	}
	two.Command = shell(t, "exit 1")
	tr.Reload(&conf.Config{Scripts: []conf.TrackScript{one, two}})
	if r := next(t, results); r != (Result{Kind: Script, Name: "two"}) {
		// What was not known may have been overtaken by the result itself.
		if r.Name != "two" || r.Value != 1 {
			t.Fatalf("after the reload %+v", r)
		}
		return
	}
	if r := next(t, results); r.Name != "two" || r.Value != 1 || !r.Known {
		t.Fatalf("the changed script: %+v", r)
	}
}

// A result never waits for a reader that waits for the tracker.
func TestReloadDoesNotWaitForTheReader(t *testing.T) {
	block := make(chan struct{})
	list := make([]conf.TrackScript, 20)
	for i := range list {
		list[i] = conf.TrackScript{Name: fmt.Sprint(i), Command: shell(t, "exit 0"), Interval: 10 * time.Millisecond, Timeout: time.Minute, Rise: 1, Fall: 1}
	}
	tr := New(&conf.Config{Scripts: list}, func(Result) { <-block }, quiet)
	done := make(chan struct{})
	go func() {
		defer close(done)
		tr.Reload(&conf.Config{})
		tr.Close()
	}()
	select {
	case <-done:
	case <-time.After(20 * time.Second):
		t.Fatal("the reload hangs")
	}
	close(block)
}
