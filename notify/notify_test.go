package notify

import (
	"context"
	"fmt"
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

// recorder is a script that appends its arguments to a file.
func recorder(t *testing.T, sleep string) (conf.Command, func() []string) {
	t.Helper()
	dir := t.TempDir()
	script, out := filepath.Join(dir, "note.sh"), filepath.Join(dir, "calls")
	text := fmt.Sprintf("#!/bin/sh\nsleep %s\necho \"$*\" >> %s\n", sleep, out)
	writeProgram(t, script, text)
	me := conf.Command{Args: []string{script}, UID: uint32(os.Getuid()), GID: uint32(os.Getgid())}
	return me, func() []string {
		b, _ := os.ReadFile(out)
		return strings.Split(strings.TrimSpace(string(b)), "\n")
	}
}

func with(c conf.Command, args ...string) *conf.Command {
	c.Args = append(append([]string{}, c.Args...), args...)
	return &c
}

func TestStatesAreRepeatedOnReload(t *testing.T) {
	cfg := &conf.Config{
		Global:     conf.Global{FIFOStatesOnReload: true, VRRPNotifyFIFO: conf.FIFO{Path: filepath.Join(t.TempDir(), "fifo"), UID: uint32(os.Getuid()), GID: uint32(os.Getgid())}},
		Instances:  []conf.Instance{{Name: "A"}, {Name: "B"}},
		SyncGroups: []conf.SyncGroup{{Name: "G"}},
	}
	n := New(cfg, slog.New(slog.DiscardHandler))
	defer n.Close(context.Background())
	n.Publish(event.Event{Kind: event.Instance, Name: "A", State: event.Backup, Priority: 100})
	n.Publish(event.Event{Kind: event.Instance, Name: "B", State: event.Master, Priority: 150})
	n.Publish(event.Event{Kind: event.Group, Name: "G", State: event.Backup})
	buf := make([]byte, 4096)
	syscall.Read(n.fifos["vrrp"].fd, buf)
	n.Reload(cfg)
	count, err := syscall.Read(n.fifos["vrrp"].fd, buf)
	if want := "GROUP \"G\" BACKUP 0\nINSTANCE \"A\" BACKUP 100\n"; err != nil || string(buf[:count]) != want {
		t.Errorf("on reload %q, %v; want %q", buf[:max(count, 0)], err, want)
	}
}

func TestScriptsAndFIFOLines(t *testing.T) {
	me, calls := recorder(t, "0")
	fifoPath := filepath.Join(t.TempDir(), "fifo")
	cfg := &conf.Config{
		Global:     conf.Global{NotifyFIFO: conf.FIFO{Path: fifoPath, UID: uint32(os.Getuid()), GID: uint32(os.Getgid())}},
		Instances:  []conf.Instance{{Name: "VI_1", Notify: conf.Notify{Master: with(me, "master one"), Any: with(me, "any")}}},
		SyncGroups: []conf.SyncGroup{{Name: "G", Notify: conf.Notify{Any: with(me, "group")}}},
	}
	n := New(cfg, slog.New(slog.DiscardHandler))
	n.Publish(event.Event{Kind: event.Instance, Name: "VI_1", State: event.Master, Priority: 150})
	n.Publish(event.Event{Kind: event.Instance, Name: "VI_1", State: event.Backup, Priority: 150, Quiet: true})
	n.Publish(event.Event{Kind: event.Group, Name: "G", State: event.Master})
	n.Publish(event.Event{Kind: event.RealServer, Name: "[10.0.0.1]:tcp:80", Service: "[10.0.0.9]:tcp:80", State: event.Down})
	buf := make([]byte, 4096)
	count, err := syscall.Read(n.fifos["general"].fd, buf)
	if err != nil {
		t.Fatal(err)
	}
	want := "INSTANCE \"VI_1\" MASTER 150\nGROUP \"G\" MASTER 0\nRS [10.0.0.1]:tcp:80 [10.0.0.9]:tcp:80 DOWN\n\x00"
	if got := string(buf[:count]); got != want {
		t.Errorf("FIFO: %q, want %q", got, want)
	}
	n.Close(context.Background())
	got := map[string]bool{}
	for _, c := range calls() {
		got[c] = true
	}
	for _, c := range []string{"master one", "any INSTANCE VI_1 MASTER 150", "group GROUP G MASTER 0"} {
		if !got[c] {
			t.Errorf("script call %q is missing in %q", c, calls())
		}
	}
	if len(got) != 3 {
		t.Errorf("calls: %q", calls())
	}
	if _, err := os.Stat(fifoPath); !os.IsNotExist(err) {
		t.Errorf("the FIFO that we made is left behind: %v", err)
	}
}

// However fast an object flips, its scripts run one after the other and the
// last run tells the final state.
func TestScriptsOfOneObjectNeverOvertake(t *testing.T) {
	me, calls := recorder(t, "0.01")
	cfg := &conf.Config{Instances: []conf.Instance{{Name: "V", Notify: conf.Notify{Any: &me}}}}
	n := New(cfg, slog.New(slog.DiscardHandler))
	states := []event.State{event.Master, event.Backup}
	for i := range 20 {
		n.Publish(event.Event{Kind: event.Instance, Name: "V", State: states[i%2], Priority: i})
	}
	n.queues.serving.Wait()
	got := calls()
	if len(got) != 20 {
		t.Fatalf("%d calls, want 20", len(got))
	}
	for i, c := range got {
		if want := fmt.Sprintf("INSTANCE V %s %d", states[i%2], i); c != want {
			t.Errorf("call %d: %q, want %q", i, c, want)
		}
	}
	n.Close(context.Background())
}

func TestRunScriptKillsChildrenAtTheLimit(t *testing.T) {
	dir := t.TempDir()
	script, mark := filepath.Join(dir, "s.sh"), filepath.Join(dir, "pid")
	os.WriteFile(script, []byte("#!/bin/sh\nsleep 30 & echo $! > "+mark+"\nwait\n"), 0o755)
	c := conf.Command{Args: []string{script}, UID: uint32(os.Getuid()), GID: uint32(os.Getgid())}
	if err := RunScript(context.Background(), c, 300*time.Millisecond); err == nil {
		t.Fatal("a script that runs for 30 s ended within 0.3 s")
	}
	b, err := os.ReadFile(mark)
	if err != nil {
		t.Fatal(err)
	}
	state := func() string {
		s, err := os.ReadFile("/proc/" + strings.TrimSpace(string(b)) + "/stat")
		if err != nil {
			return "gone"
		}
		return strings.Fields(string(s)[strings.LastIndexByte(string(s), ')')+1:])[0]
	}
	for deadline := time.Now().Add(5 * time.Second); state() != "gone" && state() != "Z"; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the script's child outlives it")
		}
	}
}

func TestScriptSecurityNamesTheComponent(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root's files can be secure")
	}
	dir, err := os.MkdirTemp("/tmp", "halbd-test")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	script := filepath.Join(dir, "s.sh")
	os.WriteFile(script, []byte("echo no interpreter line\n"), 0o755)
	c, v := SystemHost{}.CheckScript(conf.Command{Args: []string{script, "x"}}, false)
	if v.Missing || v.Insecure || !c.Shell {
		t.Errorf("secure script: %+v, shell %v", v, c.Shell)
	}
	os.Chmod(dir, 0o777)
	if _, v = (SystemHost{}).CheckScript(conf.Command{Args: []string{script}, UID: 65534}, false); v.Insecure {
		t.Errorf("a script of another account than root is judged: %+v", v)
	}
	if _, v = (SystemHost{}).CheckScript(conf.Command{Args: []string{script}}, false); !v.Insecure || !strings.Contains(v.Reason, dir) || !strings.Contains(v.Reason, "0777") {
		t.Errorf("writable directory: %+v", v)
	}
	os.Chmod(dir, 0o755)
	os.Chmod(script, 0o644)
	if _, v = (SystemHost{}).CheckScript(conf.Command{Args: []string{script}}, false); !v.NotExecutable || !strings.Contains(v.Reason, "0644") {
		t.Errorf("not executable: %+v", v)
	}
	os.Chmod(script, 0o750)
	for _, c := range []struct {
		mode     os.FileMode
		uid, gid uint32
		may      bool
	}{{0o755, 65534, 0, true}, {0o755, 65534, 65534, false}, {0o700, 65534, 0, false}, {0o700, 0, 0, true}} {
		os.Chmod(dir, c.mode)
		if _, v = (SystemHost{}).CheckScript(conf.Command{Args: []string{script}, UID: c.uid, GID: c.gid}, false); v.NotExecutable == c.may {
			t.Errorf("uid %d, gid %d: %+v", c.uid, c.gid, v)
		}
	}
	if _, v = (SystemHost{}).CheckScript(conf.Command{Args: []string{dir + "/none"}}, false); !v.Missing {
		t.Errorf("missing: %+v", v)
	}
}

func TestAccounts(t *testing.T) {
	if u, g, err := (SystemHost{}).LookupUser("root"); err != nil || u != 0 || g != 0 {
		t.Errorf("root: %d:%d, %v", u, g, err)
	}
	if _, _, err := (SystemHost{}).LookupUser("no such user"); err == nil {
		t.Error("an unknown user was found")
	}
	if g, err := (SystemHost{}).LookupGroup("0"); err != nil || g != 0 {
		t.Errorf("group 0: %d, %v", g, err)
	}
}

// A key file is a regular file, and no more of it is read than a key may have.
func TestReadFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(path, []byte("0123456789"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := (SystemHost{}).ReadFile(path, 4); err != nil || string(got) != "0123" {
		t.Errorf("%q, %v", got, err)
	}
	for _, other := range []string{filepath.Dir(path), "/dev/zero", path + "x"} {
		if _, err := (SystemHost{}).ReadFile(other, 4); err == nil {
			t.Errorf("%s was read", other)
		}
	}
}
