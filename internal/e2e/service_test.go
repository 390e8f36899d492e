package e2e

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

const unit = "../../dist/halbd.service"

// setting is a line of the unit.
func setting(t *testing.T, name string) string {
	t.Helper()
	for l := range strings.Lines(read(unit)) {
		if value, found := strings.CutPrefix(l, name+"="); found {
			return strings.TrimSpace(value)
		}
	}
	t.Fatalf("the unit has no %s", name)
	return ""
}

// wrapped is a program that runs halbd behind other words.
func wrapped(t *testing.T, words string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "halbd")
	must(t, os.WriteFile(path, []byte("#!/bin/sh\nexec "+words+" "+halbd+" \"$@\"\n"), 0o755))
	return path
}

// manager is the service manager's end of sd_notify.
type manager struct {
	mu   sync.Mutex
	said []string
}

func newManager(t *testing.T) (m *manager, path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "notify")
	c, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	must(t, err)
	m = &manager{}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for b := make([]byte, 4096); ; {
			n, err := c.Read(b)
			if err != nil {
				return
			}
			m.mu.Lock()
			m.said = append(m.said, string(b[:n]))
			m.mu.Unlock()
		}
	}()
	t.Cleanup(func() {
		c.Close()
		<-done
	})
	return m, path
}

// heard is what was said from the nth message on.
func (m *manager) heard(from int) []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.said[from:]
}

// await waits for a message that begins like this and gives the number of the next one.
func (m *manager) await(t *testing.T, from int, prefix string) (next int) {
	t.Helper()
	wait(t, prefix+" for the service manager", 15*time.Second, func() bool {
		for i, text := range m.heard(from) {
			if strings.HasPrefix(text, prefix) {
				next = from + i + 1
				return true
			}
		}
		return false
	})
	return next
}

// The service manager hears of the start, of a reload and of the stop, and all
// the time that every process answers. One that hangs is killed and started
// again before the manager would lose patience.
func TestServiceManager(t *testing.T) {
	t.Parallel()
	n := lan(t, "a")
	m, path := newManager(t)
	a := start(t, n, "a", wrapped(t, "env NOTIFY_SOCKET="+path+" WATCHDOG_USEC=9000000"), instance("V", 51, 150, "virtual_ipaddress {\n 10.9.1.1/16\n }"))
	at := m.await(t, 0, "READY=1\nMAINPID=")
	at = m.await(t, at, "WATCHDOG=1")
	must(t, a.Signal(syscall.SIGHUP))
	at = m.await(t, at, "RELOADING=1\nMONOTONIC_USEC=")
	m.await(t, at, "READY=1")
	wait(t, "master", 10*time.Second, func() bool { return owns(n, "a", "10.9.1.1") })

	file := strings.TrimSuffix(a.Conf(), ".conf") + ".vrrp"
	hung := pidIn(t, file)
	must(t, syscall.Kill(hung, syscall.SIGSTOP))
	stopped := time.Now()
	wait(t, "another process in its place", 9*time.Second, func() bool { return strings.Count(a.Log(), "Starting vrrp process") == 2 })
	at = len(m.heard(0))
	m.await(t, at, "WATCHDOG=1")
	if d := time.Since(stopped); d > 9*time.Second {
		t.Errorf("the manager would have lost patience: %v", d)
	}
	wait(t, "master again", 10*time.Second, func() bool { return pidIn(t, file) != hung && owns(n, "a", "10.9.1.1") })
	must(t, a.Stop(10*time.Second))
	m.await(t, at, "STOPPING=1")
}

// With the capabilities of the unit and no other everything works that needs one.
func TestCapabilities(t *testing.T) {
	t.Parallel()
	n := lan(t, "a")
	dir := t.TempDir()
	must(t, os.Chmod(dir, 0o755))
	must(t, os.Chown(dir, 65534, 65534))
	must(t, os.WriteFile(filepath.Join(dir, "tracked"), []byte("0"), 0o600))
	must(t, os.Chown(filepath.Join(dir, "tracked"), 65534, 65534))
	var list []string
	for c := range strings.FieldsSeq(setting(t, "CapabilityBoundingSet")) {
		list = append(list, "+"+strings.ToLower(strings.TrimPrefix(c, "CAP_")))
	}
	a := start(t, n, "a", wrapped(t, "setpriv --bounding-set=-all,"+strings.Join(list, ",")),
		"global_defs {\n script_user nobody\n vrrp_rt_priority 5\n vrrp_no_swap\n vrrp_priority -5\n vrrp_cpu_affinity 0\n nftables\n notify_fifo "+dir+"/fifo nobody\n"+
			" startup_script /bin/true root\n}\n"+
			"vrrp_script slow {\n script \"/bin/sleep 90417\"\n interval 1\n timeout 1\n weight 2\n}\ntrack_file f {\n file "+dir+"/tracked\n}\n"+
			"bfd_instance B {\n neighbor_ip 10.9.0.77\n}\n"+
			instance("V", 51, 150, "track_script {\n slow\n}\ntrack_file {\n f weight 1\n}\ntrack_bfd {\n B weight 1\n}\nuse_vmac\nno_accept\nvirtual_ipaddress {\n 10.9.1.1/16\n}\n"+
				"virtual_routes {\n 10.77.0.0/16 via 10.9.0.9 dev eth0\n}\nvirtual_rules {\n from 10.9.1.1 table 77\n}\n")+
			instance("W", 52, 150, "virtual_ipaddress {\n fd09::99/64\n}\n"))
	wait(t, "the addresses", 15*time.Second, func() bool {
		out, _ := n.Run("a", "ip addr")
		return strings.Contains(out, " 10.9.1.1/") && strings.Contains(out, " fd09::99/")
	})
	wait(t, "the end of the slow script", 15*time.Second, func() bool { return strings.Contains(a.Log(), "VRRP_Script(slow) failed: timed out") })
	for command, part := range map[string]string{"ip route": "10.77.0.0/16", "ip rule": "lookup 77", "nft list ruleset": "table ip keepalived"} {
		if out, _ := n.Run("a", command); !strings.Contains(out, part) {
			t.Errorf("%s: %s", command, out)
		}
	}
	must(t, a.Stop(10*time.Second))
	if out, err := exec.Command("pgrep", "-af", "sleep 90417").Output(); err == nil {
		t.Errorf("the script is left: %s", out)
	}
	for l := range strings.Lines(a.Log()) {
		for _, bad := range []string{"no effect", "not permitted", "ermission denied", "cannot"} {
			if strings.Contains(l, bad) {
				t.Error(l)
			}
		}
	}
}

// systemd takes the unit as it stands.
func TestUnit(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("systemd-analyze"); err != nil {
		t.Skip(err)
	}
	path := filepath.Join(t.TempDir(), "halbd.service")
	must(t, os.WriteFile(path, []byte(strings.ReplaceAll(read(unit), "/usr/sbin/halbd", halbd)), 0o644))
	out, err := exec.Command("systemd-analyze", "verify", "--man=no", path).CombinedOutput()
	if err != nil || strings.Contains(string(out), "halbd.service:") {
		t.Errorf("%v\n%s", err, out)
	}
}
