package ipvskernel

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"halbd/internal/lab"
)

// director is a namespace d with IPVS, a daemon and web servers on
// 127.0.0.2:8000 and so on.
type director struct {
	net    *lab.Net
	dir    string // for files of the test; "$DIR" in a scenario
	web    map[int]*lab.Web
	more   map[string]io.Closer // servers of other kinds, by their address
	daemon *lab.Proc
	kernel *os.File // /proc/net/ip_vs of the namespace
}

func newDirector(t *testing.T) *director {
	t.Helper()
	d := &director{net: lab.New(), dir: t.TempDir(), web: map[int]*lab.Web{}, more: map[string]io.Closer{}}
	t.Cleanup(d.close)
	must(t, d.net.Add("d"))
	must(t, d.net.Inside("d", func() (err error) {
		d.kernel, err = os.Open("/proc/thread-self/net/ip_vs")
		return err
	}))
	must(t, d.up(1, 2, 3, 4))
	return d
}

func (d *director) close() {
	d.net.Close()
	for _, w := range d.web {
		w.Close()
	}
	for _, s := range d.more {
		s.Close()
	}
	if d.kernel != nil {
		d.kernel.Close()
	}
}

// start runs keepalived, or what takes its options, and shows its log when the
// test fails.
func (d *director) start(t *testing.T, program, conf string) *lab.Proc {
	t.Helper()
	return d.startOn(t, "d", program, conf)
}

// startOn is start on another node than d.
func (d *director) startOn(t *testing.T, node, program, conf string) *lab.Proc {
	t.Helper()
	p, err := d.net.Daemon(node, program, t.TempDir(), "global_defs {\n router_id t\n script_user root\n}\n"+d.expand(conf))
	must(t, err)
	d.daemon = p
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("log of %s:\n%s", filepath.Base(program), p.Log())
		}
	})
	return p
}

func (d *director) expand(text string) string { return strings.ReplaceAll(text, "$DIR", d.dir) }

// up starts web servers that say "hello".
func (d *director) up(ids ...int) error {
	for _, i := range ids {
		w, err := d.net.Serve("d", fmt.Sprintf("127.0.0.%d:8000", i+1), "hello\n")
		if err != nil {
			return err
		}
		d.web[i] = w
	}
	return nil
}

func (d *director) down(ids ...int) {
	for _, i := range ids {
		d.web[i].Close()
	}
}

// glance is the kernel's own short form of the table. It costs nothing, but
// tells neither thresholds nor tunnels.
func (d *director) glance() string {
	if _, err := d.kernel.Seek(0, io.SeekStart); err != nil {
		return err.Error()
	}
	b, err := io.ReadAll(d.kernel)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// table is what ipvsadm saves: services and destinations.
func (d *director) table() (string, error) {
	out, err := d.output("ipvsadm", "-Sn")
	return strings.Join(slices.Sorted(strings.Lines(out)), ""), err
}

// output runs a program in the namespace without "ip netns exec", which is dear
// in User Mode Linux.
func (d *director) output(name string, args ...string) (string, error) {
	var out []byte
	err := d.net.Inside("d", func() (err error) {
		out, err = exec.Command(name, args...).Output()
		return err
	})
	return string(out), err
}

// rewrite edits the daemon's configuration file and has it read again.
func (d *director) rewrite(edit func(string) string) error {
	before, err := os.ReadFile(d.daemon.Conf())
	if err != nil {
		return err
	}
	after := edit(string(before))
	if after == string(before) {
		return errors.New("the edit changes nothing")
	}
	if err := os.WriteFile(d.daemon.Conf(), []byte(d.expand(after)), 0o644); err != nil {
		return err
	}
	return d.daemon.Signal(reloadSignal)
}
