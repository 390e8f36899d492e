package notify

import (
	"context"
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"halbd/conf"
	"halbd/event"
)

// script writes an executable and gives its command.
func script(t *testing.T, text string) *conf.Command {
	t.Helper()
	path := filepath.Join(t.TempDir(), "s.sh")
	writeProgram(t, path, "#!/bin/sh\n"+text)
	return &conf.Command{Args: []string{path}, UID: uint32(os.Getuid()), GID: uint32(os.Getgid())}
}

// writeProgram writes a file that is executed next. No other test may start a
// program meanwhile: its child would have the file open for writing until it
// executes, and the kernel refuses to execute such a file.
func writeProgram(t *testing.T, path, text string) {
	t.Helper()
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
}

// notifierOf runs one generic script for the instance V.
func notifierOf(c *conf.Command, g conf.Global) (*Notifier, *lines) {
	log := &lines{}
	cfg := &conf.Config{Global: g, Instances: []conf.Instance{{Name: "V", Notify: conf.Notify{Any: c}}}}
	return New(cfg, slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))), log
}

var becameMaster = event.Event{Kind: event.Instance, Name: "V", State: event.Master, Previous: event.Backup, Priority: 150, Cause: "no advert\x00 for 3.4 s", At: mailAt}

// Arguments as ever, and the same in the environment and on standard input.
func TestScriptIsToldEverything(t *testing.T) {
	dir := t.TempDir()
	os.Chmod(filepath.Dir(dir), 0o755)
	os.Chmod(dir, 0o777)
	c := script(t, "echo \"$*\" > "+dir+"/args; cat /dev/stdin > "+dir+"/stdin; env | grep ^HALBD_ | sort > "+dir+"/env")
	if os.Getuid() == 0 { // of another account, /dev/stdin can be opened too
		c.UID, c.GID = 65534, 65534
	}
	n, log := notifierOf(c, conf.Global{RouterID: "lb1"})
	n.Publish(becameMaster)
	n.queues.serving.Wait()
	n.Close(context.Background())
	read := func(name string) string {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Error(err, log.text.String())
		}
		return string(b)
	}
	if got := read("args"); got != "INSTANCE V MASTER 150\n" {
		t.Errorf("arguments %q", got)
	}
	want := "HALBD_AT=2026-11-05T02:20:45+02:00\nHALBD_CAUSE=no advert  for 3.4 s\nHALBD_KIND=INSTANCE\nHALBD_NAME=V\nHALBD_PREVIOUS=BACKUP\nHALBD_PRIORITY=150\nHALBD_SERVICE=\nHALBD_STATE=MASTER\n"
	if got := read("env"); got != want {
		t.Errorf("environment %q\nwant %q", got, want)
	}
	var d document
	if err := json.Unmarshal([]byte(read("stdin")), &d); err != nil || d.ID == "" || d.RouterID != "lb1" || d.Name != "V" || d.Cause != becameMaster.Cause || !d.At.Equal(mailAt) {
		t.Errorf("%v: %+v", err, d)
	}
}

// What becomes of a run, in log and counts. A script need not read its
// input, and may write what it likes.
func TestRunResults(t *testing.T) {
	for name, c := range map[string]struct {
		text  string
		want  Runs
		log   string
		limit time.Duration
	}{
		"succeeds":                             {"echo fine", Runs{Succeeded: 1}, `level=DEBUG msg="notify script ended"`, 0},
		"fails":                                {"echo first; echo oh no >&2; exit 3", Runs{Failed: 1}, `output="first\noh no" err="exit status 3"`, 0},
		"is killed":                            {"kill -9 $$", Runs{Failed: 1}, "signal: killed", 0},
		"writes much":                          {"dd if=/dev/zero bs=1M count=20 2>/dev/null; echo the end; exit 1", Runs{Failed: 1}, "the end", 0},
		"hangs":                                {"echo before; sleep 60", Runs{TimedOut: 1}, "output=before err=\"timed out after 200ms\"", 200 * time.Millisecond},
		"ignores TERM with a child of its own": {"trap '' TERM; setsid sh -c 'trap \"\" TERM; sleep 60' & sleep 60", Runs{TimedOut: 1}, "timed out", 200 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n, log := notifierOf(script(t, c.text), conf.Global{NotifyTimeout: c.limit})
			n.Publish(becameMaster)
			n.queues.serving.Wait()
			got := n.Status().Runs
			got.Seconds = 0
			if got != c.want || !log.has(c.log) {
				t.Errorf("%+v, want %+v\n%s", got, c.want, log.text.String())
			}
			n.Close(context.Background())
		})
	}
	t.Run("cannot be started", func(t *testing.T) {
		n, log := notifierOf(&conf.Command{Args: []string{"/nonexistent"}}, conf.Global{})
		n.Publish(becameMaster)
		n.Close(context.Background())
		if n.Status().Runs.NotStarted != 1 || !log.has("cannot be started") {
			t.Errorf("%+v\n%s", n.Status(), log.text.String())
		}
	})
}

// What a script has left in the background may write as long as it likes.
func TestBackgroundMayWrite(t *testing.T) {
	dir := t.TempDir()
	mark := filepath.Join(dir, "mark")
	if err := syscall.Mkfifo(mark, 0o600); err != nil {
		t.Fatal(err)
	}
	n, _ := notifierOf(script(t, "(trap 'echo SIGPIPE > "+mark+"' PIPE; read x < "+mark+"; echo late && echo wrote > "+mark+") &"), conf.Global{})
	n.Publish(becameMaster)
	n.queues.serving.Wait()
	n.Close(context.Background())
	if err := os.WriteFile(mark, []byte("go\n"), 0); err != nil { // both open and write wait for the other side
		t.Fatal(err)
	}
	if b, err := os.ReadFile(mark); err != nil || strings.TrimSpace(string(b)) != "wrote" {
		t.Errorf("%q, %v", b, err)
	}
}

// Scripts are found through a directory that is a symbolic link; the last
// component stays, as with keepalived, and everything with use_symlink_paths.
func TestSymlinkPaths(t *testing.T) {
	dir := t.TempDir()
	if resolved, err := filepath.EvalSymlinks(dir); err != nil || resolved != dir {
		t.Skip("the temporary directory is a link")
	}
	os.Mkdir(dir+"/real", 0o755)
	os.WriteFile(dir+"/real/r.sh", []byte("#!/bin/sh\n"), 0o755)
	os.Symlink("r.sh", dir+"/real/l.sh")
	os.Symlink("real", dir+"/d")
	for path, want := range map[string]string{"/d/r.sh": "/real/r.sh", "/d/l.sh": "/real/l.sh", "/real/l.sh": "/real/l.sh"} {
		for asWritten, want := range map[bool]string{false: want, true: path} {
			c, v := SystemHost{}.CheckScript(conf.Command{Args: []string{dir + path, "x"}}, asWritten)
			if v.Missing || strings.TrimPrefix(c.Args[0], dir) != want || c.Args[1] != "x" {
				t.Errorf("%s, as written %v: %q %+v, want %s", path, asWritten, c.Args, v, want)
			}
		}
	}
}
