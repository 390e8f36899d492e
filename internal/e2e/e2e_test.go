// Package e2e runs the halbd binary as users do: beside a real keepalived, on
// real sockets and a real kernel, in namespaces that each test makes itself.
package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"halbd/internal/lab"
)

var halbd string // the binary under test

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	if os.Geteuid() != 0 {
		fmt.Println("skipped: these tests make network namespaces, which needs root")
		return 0
	}
	if halbd = os.Getenv("HALBD_BIN"); halbd != "" {
		return m.Run()
	}
	dir, err := os.MkdirTemp("", "halbd-e2e-")
	if err != nil {
		fmt.Println(err)
		return 1
	}
	defer os.RemoveAll(dir)
	os.Chmod(dir, 0o755) // scripts of other accounts live below
	halbd = filepath.Join(dir, "halbd")
	// With the race detector: these tests are where its threads meet.
	if out, err := exec.Command("go", "build", "-race", "-o", halbd, "halbd/cmd/halbd").CombinedOutput(); err != nil {
		fmt.Printf("go build: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

// net makes an empty net that ends with the test.
func newNet(t *testing.T) *lab.Net {
	t.Helper()
	n := lab.New()
	t.Cleanup(n.Close)
	return n
}

// lan is a switch "sw" and hosts on it: 10.9.0.1, 10.9.0.2, ... and fd09::1, ...
func lan(t *testing.T, hosts ...string) *lab.Net {
	t.Helper()
	n := newNet(t)
	must(t, n.Bridge("sw"))
	for i, h := range hosts {
		must(t, n.Add(h))
		must(t, n.Plug(h, "eth0", "sw", fmt.Sprintf("10.9.0.%d/16", i+1), fmt.Sprintf("fd09::%d/64", i+1)))
	}
	for _, h := range hosts {
		must(t, lab.Wait(10*time.Second, func() bool { // link-local addresses must have passed DAD
			out, err := n.Run(h, "ip -6 addr show dev eth0 scope link -tentative")
			return err == nil && strings.Contains(out, "fe80")
		}))
	}
	return n
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// start runs a daemon and looks at its log when the test ends.
func start(t *testing.T, n *lab.Net, host, binary, conf string, more ...string) *lab.Proc {
	t.Helper()
	p, err := n.Daemon(host, binary, t.TempDir(), conf, more...)
	must(t, err)
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("log of %s on %s:\n%s", filepath.Base(binary), host, p.Log())
		}
		if strings.Contains(p.Log(), "DATA RACE") {
			t.Errorf("the race detector complains:\n%s", p.Log())
		}
	})
	return p
}

// wait fails the test when something does not happen in time.
func wait(t *testing.T, what string, limit time.Duration, cond func() bool) {
	t.Helper()
	if lab.Wait(limit, cond) != nil {
		t.Fatalf("within %v: not %s", limit, what)
	}
}

// owns reports whether a host has an address on eth0.
func owns(n *lab.Net, host, addr string) bool {
	out, err := n.Run(host, "ip -o addr show dev eth0")
	return err == nil && strings.Contains(out, " "+addr+"/")
}

// instance is a vrrp_instance on eth0.
func instance(name string, vrid, priority int, body string) string {
	return fmt.Sprintf("vrrp_instance %s {\n interface eth0\n virtual_router_id %d\n priority %d\n advert_int 1\n%s\n}\n", name, vrid, priority, body)
}

const keepalived = "/usr/sbin/keepalived"
