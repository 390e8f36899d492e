package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"halbd/internal/lab"
)

// hooks calls one script for everything; it notes its arguments.
const hooks = ` notify_master "SCRIPT master one"
 notify_backup "SCRIPT backup"
 notify_fault "SCRIPT fault"
 notify_stop "SCRIPT stop"
 notify "SCRIPT 'two words' generic"
`

// transcript is what operators see of a daemon: FIFO lines in order, script
// calls as a set, since scripts of one event run side by side.
type transcript struct {
	t     *testing.T
	dir   string
	fifo  int
	lines []string
}

func newTranscript(t *testing.T) *transcript {
	t.Helper()
	dir, err := os.MkdirTemp("", "halbd-notify-")
	must(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	must(t, os.Chmod(dir, 0o755))
	must(t, os.WriteFile(filepath.Join(dir, "note"), []byte("#!/bin/sh\necho \"$*\" >> "+dir+"/calls\n"), 0o755))
	must(t, os.WriteFile(filepath.Join(dir, "calls"), nil, 0o644))
	path := filepath.Join(dir, "fifo")
	must(t, syscall.Mkfifo(path, 0o644))
	fd, err := syscall.Open(path, syscall.O_RDWR|syscall.O_NONBLOCK, 0)
	must(t, err)
	t.Cleanup(func() { syscall.Close(fd) })
	return &transcript{t: t, dir: dir, fifo: fd}
}

// conf is a file that tells everything. In text and globals SCRIPT notes its
// arguments, FIFO is the FIFO that is read, and DIR a directory for the test.
func (tr *transcript) conf(text string, globals ...string) string {
	return strings.NewReplacer("SCRIPT", tr.dir+"/note", "FIFO", tr.dir+"/fifo", "DIR", tr.dir).
		Replace("global_defs {\n router_id t\n script_user root\n vrrp_notify_fifo FIFO\n " + strings.Join(globals, "\n ") + "\n}\n" + text)
}

// put writes a file in the test's directory.
func (tr *transcript) put(name, text string) {
	tr.t.Helper()
	must(tr.t, os.WriteFile(filepath.Join(tr.dir, name), []byte(text), 0o755))
}

// reload gives a daemon another file.
func (tr *transcript) reload(p *lab.Proc, conf string) {
	tr.t.Helper()
	must(tr.t, os.WriteFile(p.Conf(), []byte(conf), 0o644))
	before := len(reloaded.FindAllString(p.Log(), -1))
	must(tr.t, p.Signal(syscall.SIGHUP))
	wait(tr.t, "reloaded", 10*time.Second, func() bool { return len(reloaded.FindAllString(p.Log(), -1)) > before })
}

// called waits until scripts have been called so often since the start.
func (tr *transcript) called(times int) {
	tr.t.Helper()
	tr.result(times)
}

// upTo collects until the FIFO has said a line, or fails.
func (tr *transcript) upTo(line string) {
	tr.t.Helper()
	before := len(tr.lines)
	wait(tr.t, "the line "+line, 15*time.Second, func() bool {
		b := make([]byte, 65536)
		n, err := syscall.Read(tr.fifo, b)
		if err == nil && n > 0 {
			tr.lines = append(tr.lines, strings.Split(strings.TrimSuffix(string(b[:n]), "\n"), "\n")...)
		}
		return slices.Contains(tr.lines[before:], line)
	})
}

// result adds the script calls, sorted.
func (tr *transcript) result(calls int) []string {
	tr.t.Helper()
	var list []string
	wait(tr.t, fmt.Sprintf("%d script calls", calls), 10*time.Second, func() bool {
		b, _ := os.ReadFile(filepath.Join(tr.dir, "calls"))
		list = strings.Split(strings.TrimSpace(string(b)), "\n")
		return len(list) >= calls
	})
	for i := range list { // each daemon has a directory of its own
		list[i] = strings.ReplaceAll(list[i], tr.dir, "DIR")
	}
	slices.Sort(list)
	return append(slices.Clone(tr.lines), list...)
}

// sequence is a history of a host "a" and how often it calls scripts.
type sequence struct {
	name  string
	calls int
	play  func(t *testing.T, n *lab.Net, binary string, tr *transcript)
}

// The same events give the same FIFO lines and script calls as with keepalived.
func TestNotifyTranscripts(t *testing.T) {
	vip := func(n int) string { return fmt.Sprintf("virtual_ipaddress {\n 10.9.1.%d/32\n }", n) }
	group := "vrrp_sync_group G {\n group {\n V1\n V2\n }\n" + hooks + "}\n"
	playSequences(t, []sequence{
		{"start, lose, win, stop", 10, func(t *testing.T, n *lab.Net, binary string, tr *transcript) {
			p := start(t, n, "a", binary, tr.conf(instance("V1", 1, 150, hooks+vip(1))))
			tr.upTo(`INSTANCE "V1" MASTER 150`)
			peer := start(t, n, "b", keepalived, instance("V1", 1, 200, vip(1)))
			tr.upTo(`INSTANCE "V1" BACKUP 150`)
			must(t, peer.Stop(8*time.Second))
			tr.upTo(`INSTANCE "V1" MASTER 150`)
			p.Stop(8 * time.Second)
			tr.upTo(`INSTANCE "V1" STOP 150`)
		}},
		{"sync group", 14, func(t *testing.T, n *lab.Net, binary string, tr *transcript) {
			p := start(t, n, "a", binary, tr.conf(instance("V1", 1, 150, hooks+vip(1))+instance("V2", 2, 140, vip(2))+group))
			tr.upTo(`GROUP "G" MASTER 0`)
			peer := start(t, n, "b", keepalived, instance("V1", 1, 200, vip(1)))
			tr.upTo(`GROUP "G" BACKUP 0`)
			must(t, peer.Stop(8*time.Second))
			tr.upTo(`GROUP "G" MASTER 0`)
			p.Stop(8 * time.Second)
			tr.upTo(`GROUP "G" STOP 0`)
		}},
		{"link", 12, func(t *testing.T, n *lab.Net, binary string, tr *transcript) {
			p := start(t, n, "a", binary, tr.conf(instance("V1", 1, 150, hooks+vip(1))))
			tr.upTo(`INSTANCE "V1" MASTER 150`)
			n.Run("a", "ip link set eth0 down")
			tr.upTo(`INSTANCE "V1" FAULT 150`)
			n.Run("a", "ip link set eth0 up")
			tr.upTo(`INSTANCE "V1" MASTER 150`)
			p.Stop(8 * time.Second)
			tr.upTo(`INSTANCE "V1" STOP 150`)
		}},
		{"link down at start", 6, func(t *testing.T, n *lab.Net, binary string, tr *transcript) {
			n.Run("a", "ip link set eth0 down")
			p := start(t, n, "a", binary, tr.conf(instance("V1", 1, 150, hooks+vip(1))))
			tr.upTo(`INSTANCE "V1" FAULT 150`)
			n.Run("a", "ip link set eth0 up")
			tr.upTo(`INSTANCE "V1" MASTER 150`)
			p.Stop(8 * time.Second)
			tr.upTo(`INSTANCE "V1" STOP 150`)
		}},
	})
}

// playSequences plays each sequence with keepalived and with halbd: both must
// give the same transcript.
func playSequences(t *testing.T, list []sequence) {
	t.Helper()
	for _, sc := range list {
		t.Run(sc.name, func(t *testing.T) {
			t.Parallel()
			var got [2][]string
			for i, binary := range []string{keepalived, halbd} {
				t.Run(filepath.Base(binary), func(t *testing.T) {
					tr := newTranscript(t)
					sc.play(t, lan(t, "a", "b"), binary, tr)
					got[i] = tr.result(sc.calls)
				})
			}
			if !slices.Equal(got[0], got[1]) {
				t.Errorf("keepalived gives\n  %s\nhalbd\n  %s", strings.Join(got[0], "\n  "), strings.Join(got[1], "\n  "))
			}
		})
	}
}
