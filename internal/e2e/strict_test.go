package e2e

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A host that booted yesterday boots today: what is not honoured is said in
// the last line of the start-up log and to the service manager. Strict, the
// same file is refused.
func TestWhatIsNotHonoured(t *testing.T) {
	t.Parallel()
	n := lan(t, "a")
	conf := instance("VI_1", 51, 100, " priorty 150\n enable_dbus\n virtual_ipaddress { 10.9.0.100 }")

	dir := t.TempDir()
	socket, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: filepath.Join(dir, "notify"), Net: "unixgram"})
	must(t, err)
	defer socket.Close()
	must(t, os.WriteFile(filepath.Join(dir, "k.conf"), []byte(conf), 0o644))
	p, err := n.Start("a", filepath.Join(dir, "log"), "env", "NOTIFY_SOCKET="+socket.LocalAddr().String(),
		halbd, "-n", "-l", "-G", "-f", filepath.Join(dir, "k.conf"), "-p", filepath.Join(dir, "pid"), "-r", filepath.Join(dir, "vrrp"), "-c", filepath.Join(dir, "checkers"))
	must(t, err)
	defer p.Stop(10 * time.Second)

	const summary = "is honoured: 2 errors, 0 warnings, 0 hints (HB0101 x2)"
	must(t, socket.SetReadDeadline(time.Now().Add(20*time.Second)))
	for status := ""; !strings.Contains(status, summary); {
		b := make([]byte, 4096)
		k, err := socket.Read(b)
		if err != nil {
			t.Fatalf("no STATUS with %q: %v\n%s", summary, err, p.Log())
		}
		if status = string(b[:k]); strings.HasPrefix(status, "STATUS=") && !strings.Contains(status, summary) {
			t.Fatal(status)
		}
	}
	wait(t, "the summary in the log", 10*time.Second, func() bool { return strings.Contains(p.Log(), summary) })

	strict := start(t, n, "a", halbd, conf, "--strict")
	wait(t, "the end of a strict start", 20*time.Second, func() bool { return !strict.Alive() })
	if err := strict.Stop(time.Second); err == nil || err.Error() != "exit status 2" {
		t.Errorf("a strict start ended with %v, not exit status 2", err)
	}
	if !strings.Contains(strict.Log(), "did you mean 'priority'?") {
		t.Errorf("the log does not say why:\n%s", strict.Log())
	}
}

// With strict_config a reload that would lose something is refused, warnings
// included, and what runs goes on running.
func TestStrictReload(t *testing.T) {
	t.Parallel()
	n := lan(t, "a")
	good := "global_defs {\n strict_config\n}\n" + instance("VI_1", 51, 100, " virtual_ipaddress { 10.9.0.100 }")
	p := start(t, n, "a", halbd, good)
	wait(t, "master", 20*time.Second, func() bool { return owns(n, "a", "10.9.0.100") })

	must(t, os.WriteFile(p.Conf(), []byte(strings.Replace(good, "advert_int 1", "advert_int 1 2", 1)), 0o644))
	must(t, p.Signal(syscall.SIGHUP))
	wait(t, "the reload refused", 10*time.Second, func() bool {
		return strings.Contains(p.Log(), "reload refused, the running configuration stays: strict")
	})
	if !strings.Contains(p.Log(), "HB0216") || !owns(n, "a", "10.9.0.100") {
		t.Errorf("the address is gone, or the reason is not in the log:\n%s", p.Log())
	}

	must(t, os.WriteFile(p.Conf(), []byte(good), 0o644))
	must(t, p.Signal(syscall.SIGHUP))
	wait(t, "the reload", 10*time.Second, func() bool { return strings.Contains(p.Log(), "Reload finished") })
	if strings.Count(p.Log(), "Entering MASTER STATE") != 1 {
		t.Errorf("the role moved:\n%s", p.Log())
	}
}
