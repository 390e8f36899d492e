// Package ipvskernel tests what only a kernel with IPVS can show: the table
// that halbd leaves in it, beside keepalived's, and real traffic through it;
// and VRRP on kinds of links that the kernels of many hosts lack.
// Outside such a kernel the test starts itself again inside User Mode Linux.
//
// A table is tested with a scenario: a file, what happens to it in steps, and a
// recorded transcript of the table that keepalived has after each of them. A new
// one is an entry in a list that a test, whose name ends in Tables, hands to
// playScenarios; "go test ./internal/ipvskernel -run TEST/NAME -record" (or make
// record, for all of them) has keepalived write its transcript. The blocks that
// vs, rs and the check constants make have times that fit the frame's.
package ipvskernel

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"halbd/internal/lab"
)

// binary names the environment variable with the halbd to test; it is set
// inside the kernel.
const binary = "HALBD_BIN"

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	if os.Getenv(binary) != "" {
		return m.Run()
	}
	if os.Geteuid() != 0 {
		fmt.Println("skipped: the IPVS kernel needs root")
		return 0
	}
	if err := inKernel(os.Args[1:]); err != nil {
		fmt.Println(err)
		return 1
	}
	return 0
}

// inKernel builds this test without the race detector, which does not run
// there, and halbd, and runs the test in the kernel.
func inKernel(args []string) error {
	dir, err := os.MkdirTemp("", "halbd-kernel-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	test, halbd := filepath.Join(dir, "test"), filepath.Join(dir, "halbd")
	for _, build := range [][]string{{"test", "-c", "-o", test, "."}, {"build", "-o", halbd, "halbd/cmd/halbd"}} {
		cmd := exec.Command("go", build...)
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("go %s: %w\n%s", strings.Join(build, " "), err, out)
		}
	}
	words := []string{test, "-test.parallel=16"}
	all := true
	for _, a := range args {
		if !strings.HasPrefix(a, "-test.testlogfile") && !strings.HasPrefix(a, "-test.gocoverdir") {
			words = append(words, a)
		}
		all = all && !strings.HasPrefix(a, "-test.run") && !strings.HasPrefix(a, "-test.list")
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Minute)
	defer cancel()
	env := []string{binary + "=" + halbd}
	if !all {
		return lab.InUML(ctx, os.Stdout, env, words...)
	}
	return inKernels(ctx, test, env, words)
}

// kernels is how many run side by side: each has one processor.
const kernels = 2

// inKernels gives every kernel its share of all tests. What the first one
// prints is shown as it comes, the rest at the end.
func inKernels(ctx context.Context, test string, env, words []string) error {
	list := exec.Command(test, "-test.list", ".")
	list.Env = append(os.Environ(), env...)
	names, err := list.Output()
	if err != nil {
		return fmt.Errorf("list the tests: %w", err)
	}
	var share [kernels][]string
	for i, name := range strings.Fields(string(names)) {
		share[i%kernels] = append(share[i%kernels], name)
	}
	var wg sync.WaitGroup
	var out [kernels]bytes.Buffer
	var errs [kernels]error
	for k := range kernels {
		wg.Go(func() {
			w := io.Writer(&out[k])
			if k == 0 {
				w = os.Stdout
			}
			run := "-test.run=^(" + strings.Join(share[k], "|") + ")$"
			errs[k] = lab.InUML(ctx, w, env, append(slices.Clone(words), run)...)
		})
	}
	wg.Wait()
	for k := range kernels {
		os.Stdout.Write(out[k].Bytes())
	}
	return errors.Join(errs[:]...)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// The sync daemon of the kernel follows the role of a VRRP instance.
func TestSyncDaemonFollowsTheRole(t *testing.T) {
	t.Parallel()
	d := newDirector(t)
	must(t, d.net.Bridge("sw"))
	must(t, d.net.Plug("d", "eth0", "sw", "10.9.0.1/16"))
	p := d.start(t, os.Getenv(binary), "global_defs {\n lvs_sync_daemon eth0 V\n}\nvrrp_instance V {\n interface eth0\n virtual_router_id 7\n priority 150\n virtual_ipaddress {\n 10.9.1.1/32\n }\n}\n"+
		vs("10.9.1.1 80", "lb_algo rr\n lb_kind NAT\n protocol TCP", rs(1, 1, "")))
	daemons := func(want string) func() bool {
		return func() bool {
			out, err := d.net.Run("d", "ipvsadm -Ln --daemon")
			return err == nil && strings.Contains(out, want)
		}
	}
	if lab.Wait(5*time.Second, daemons("backup sync daemon (mcast=eth0, syncid=7")) != nil {
		t.Error("no backup daemon at start")
	}
	if lab.Wait(10*time.Second, daemons("master sync daemon (mcast=eth0, syncid=7")) != nil {
		t.Error("no master daemon as MASTER")
	}
	must(t, p.Stop(10*time.Second))
	if out, _ := d.net.Run("d", "ipvsadm -Ln --daemon"); strings.Contains(out, "sync daemon") {
		t.Errorf("left behind: %s", out)
	}
}

func TestTimeoutsAreRestored(t *testing.T) {
	t.Parallel()
	d := newDirector(t)
	before, err := d.net.Run("d", "ipvsadm -Ln --timeout")
	must(t, err)
	p := d.start(t, os.Getenv(binary), "global_defs {\n lvs_timeouts tcp 1000 tcpfin 60 udp 200\n}\n"+vs("10.50.0.1 80", "lb_algo rr\n lb_kind NAT\n protocol TCP", rs(1, 1, "")))
	if lab.Wait(5*time.Second, func() bool {
		out, _ := d.net.Run("d", "ipvsadm -Ln --timeout")
		return strings.Contains(out, "1000 60 200")
	}) != nil {
		t.Error("lvs_timeouts were not applied")
	}
	must(t, p.Stop(10*time.Second))
	if after, _ := d.net.Run("d", "ipvsadm -Ln --timeout"); after != before {
		t.Errorf("after the stop %s, before %s", after, before)
	}
}
