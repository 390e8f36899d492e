package e2e

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"halbd/control"
	"halbd/status"
)

// picture is what `halbd status --json` says of a daemon.
func picture(t *testing.T, pid string) *status.Status {
	t.Helper()
	out, err := exec.Command(halbd, "status", "--json", "-p", pid).Output()
	if err != nil {
		return nil
	}
	s := new(status.Status)
	must(t, json.Unmarshal(out, s))
	return s
}

// page is what the control socket answers.
func page(t *testing.T, socket, path string) []byte {
	t.Helper()
	body, err := control.Dial(socket).Get(t.Context(), path)
	must(t, err)
	defer body.Close()
	b, err := io.ReadAll(body)
	must(t, err)
	return b
}

// A master and a backup say so, and why; a process that is stopped is missed
// and does not hold the answer up for long; the socket goes with the daemon.
func TestStatus(t *testing.T) {
	t.Parallel()
	n := lan(t, "a", "b")
	a := start(t, n, "a", halbd, "global_defs {\n control_listen 127.0.0.1:9112\n}\n"+instance("V", 51, 150, "virtual_ipaddress {\n 10.9.1.1/16\n }"))
	b := start(t, n, "b", halbd, instance("V", 51, 100, "virtual_ipaddress {\n 10.9.1.1/16\n }"))
	pidA, pidB := strings.TrimSuffix(a.Conf(), ".conf")+".pid", strings.TrimSuffix(b.Conf(), ".conf")+".pid"
	state := func(pid string) string {
		if s := picture(t, pid); s != nil && len(s.VRRP.Instances) == 1 {
			return string(s.VRRP.Instances[0].State)
		}
		return ""
	}
	wait(t, "roles", 10*time.Second, func() bool { return state(pidA) == "MASTER" && state(pidB) == "BACKUP" })
	wait(t, "the backup to know its master", 5*time.Second, func() bool {
		in := picture(t, pidB).VRRP.Instances[0]
		return in.Master.IsValid() && in.MasterPriority == 150 && in.Next != nil
	})
	text, err := exec.Command(halbd, "status", "-p", pidA).Output()
	must(t, err)
	if !strings.Contains(string(text), "this host") || strings.Contains(string(text), "\x1b") {
		t.Errorf("table:\n%s", text)
	}

	watch := exec.Command(halbd, "top", "--interval", "200ms", "-p", pidA)
	lines, err := watch.StdoutPipe()
	must(t, err)
	must(t, watch.Start())
	for n, r := 0, bufio.NewScanner(lines); n < 2 && r.Scan(); { // two pictures with rates
		if strings.HasPrefix(r.Text(), "adverts: ") {
			n++
		}
	}
	must(t, watch.Process.Signal(syscall.SIGINT))
	must(t, watch.Wait())

	out, err := exec.Command(halbd, "events", "-n", "1", "-p", pidA).Output()
	must(t, err)
	if !strings.Contains(string(out), "(V) Entering MASTER STATE: ") {
		t.Errorf("events: %s", out)
	}
	metrics := page(t, strings.TrimSuffix(pidA, ".pid")+".sock", "/metrics")
	promtool := exec.Command("promtool", "check", "metrics")
	promtool.Stdin = bytes.NewReader(metrics)
	if out, err := promtool.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("promtool: %v\n%s\n%s", err, out, metrics)
	}
	if !strings.Contains(string(metrics), `halbd_vrrp_state{vrrp_instance="V",state="MASTER"} 1`) {
		t.Errorf("metrics:\n%s", metrics)
	}

	over, err := n.Run("a", `bash -c 'exec 3<>/dev/tcp/127.0.0.1/9112; printf "GET /healthz HTTP/1.0\r\n\r\n" >&3; cat <&3'`)
	if err != nil || !strings.HasSuffix(over, "\r\n\r\nok\n") {
		t.Errorf("over TCP: %v %s", err, over)
	}

	vrrp := picture(t, pidB).Daemon.Processes[0].PID
	must(t, syscall.Kill(vrrp, syscall.SIGSTOP))
	s := picture(t, pidB)
	must(t, syscall.Kill(vrrp, syscall.SIGCONT))
	if s == nil || len(s.Daemon.Processes) != 1 || s.Daemon.Processes[0].Problem == "" {
		t.Errorf("a process that hangs is not named: %+v", s)
	}

	must(t, a.Stop(10*time.Second))
	out, err = exec.Command(halbd, "status", "-p", pidA).CombinedOutput()
	if err == nil || !strings.Contains(string(out), "does not run") {
		t.Errorf("after the stop: %v %s", err, out)
	}
}
