package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A daemon that is started outside runs inside, with all its threads, and with
// pid files where keepalived has them.
func TestNetNamespace(t *testing.T) {
	for _, how := range []string{"net_namespace", "-s", "-s, in the background"} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			n := lan(t, "a")
			name := n.Namespace("a")
			conf := filepath.Join(t.TempDir(), "keepalived.conf")
			text := instance("V", 51, 150, "virtual_ipaddress {\n 10.9.1.1/16\n }")
			args := []string{"-G", "-f", conf}
			if how == "net_namespace" {
				text = "net_namespace " + name + "\n" + text
			} else {
				text = "net_namespace no-such-namespace\n" + text
				args = append(args, "-s", name)
			}
			must(t, os.WriteFile(conf, []byte(text), 0o600))

			var daemon *exec.Cmd
			if how == "-s, in the background" {
				if out, err := exec.Command(halbd, args...).CombinedOutput(); err != nil {
					t.Fatalf("%v\n%s", err, out)
				}
			} else {
				daemon = exec.Command(halbd, append(args, "-n")...)
				must(t, daemon.Start())
			}
			dir := filepath.Join("/run/keepalived", name)
			pid := func() int {
				b, _ := os.ReadFile(filepath.Join(dir, "keepalived.pid"))
				n, _ := strconv.Atoi(strings.TrimSpace(string(b)))
				return n
			}
			wait(t, "a pid file", 5*time.Second, func() bool { return pid() > 0 })
			parent := pid()
			t.Cleanup(func() { syscall.Kill(parent, syscall.SIGKILL) })
			wait(t, "master in the namespace", 10*time.Second, func() bool { return owns(n, "a", "10.9.1.1") })

			inside, err := os.Stat("/run/netns/" + name)
			must(t, err)
			tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/ns/net", parent))
			for _, task := range tasks {
				if at, err := os.Stat(task); err == nil && !os.SameFile(at, inside) {
					t.Errorf("%s is not in the namespace", task)
				}
			}
			if _, err := os.Stat(fmt.Sprintf("/proc/%d/root/run/keepalived/vrrp.pid", parent)); err != nil {
				t.Errorf("inside, the pid files are in /run/keepalived: %v", err)
			}

			must(t, syscall.Kill(parent, syscall.SIGTERM))
			if daemon != nil {
				if err := daemon.Wait(); err != nil {
					t.Error(err)
				}
			}
			wait(t, "the end", 8*time.Second, func() bool { return syscall.Kill(parent, 0) != nil })
			if owns(n, "a", "10.9.1.1") {
				t.Error("the address is still there")
			}
			if _, err := os.Stat(dir); err == nil {
				t.Errorf("%s is left behind", dir)
			}
		})
	}
}

// keepalived's status for a namespace that is not there is 0.
func TestNetNamespaceMissing(t *testing.T) {
	conf := filepath.Join(t.TempDir(), "keepalived.conf")
	must(t, os.WriteFile(conf, []byte("net_namespace no-such-namespace\n"), 0o600))
	out, err := exec.Command(halbd, "-n", "-l", "-G", "-f", conf).CombinedOutput()
	if err != nil || !strings.Contains(string(out), "no-such-namespace") {
		t.Errorf("%v\n%s", err, out)
	}
}
