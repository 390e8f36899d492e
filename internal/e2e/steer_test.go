package e2e

import (
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"halbd/control"
	"halbd/event"
	"halbd/internal/lab"
	"halbd/status"
	"halbd/vrrp"
)

// steered is a daemon and its pid file, for halbd's commands.
type steered struct {
	t   *testing.T
	p   *lab.Proc
	pid string
}

func steer(t *testing.T, p *lab.Proc) *steered {
	return &steered{t, p, strings.TrimSuffix(p.Conf(), ".conf") + ".pid"}
}

// run runs a command of halbd and gives what it prints and whether its status is 0.
func (s *steered) run(args ...string) (text string, ok bool) {
	out, err := exec.Command(halbd, append(args, "-p", s.pid)...).CombinedOutput()
	return string(out), err == nil
}

// obeys wants a command to do what it is told.
func (s *steered) obeys(args ...string) string {
	s.t.Helper()
	text, ok := s.run(args...)
	if !ok {
		s.t.Fatalf("halbd %s: %s", strings.Join(args, " "), text)
	}
	return text
}

// refuses wants a command to end with another status, and to say why.
func (s *steered) refuses(why string, args ...string) {
	s.t.Helper()
	if text, ok := s.run(args...); ok || !strings.Contains(text, why) {
		s.t.Errorf("halbd %s: status 0 is %v: %s\nwant %q", strings.Join(args, " "), ok, text, why)
	}
}

// instance is the first instance of the daemon.
func (s *steered) instance() (in vrrp.InstanceStatus) {
	if all := picture(s.t, s.pid); all != nil && len(all.VRRP.Instances) > 0 {
		in = all.VRRP.Instances[0]
	}
	return in
}

// last is when the daemon last told of a state.
func (s *steered) last(state event.State) (at time.Time) {
	for ev, err := range control.Dial(strings.TrimSuffix(s.pid, ".pid")+".sock").Events(s.t.Context(), 1000, false) {
		must(s.t, err)
		if ev.State == state {
			at = ev.At
		}
	}
	return at
}

// tookOver wants the role to have gone from one to the other within a skew,
// by their own clocks: a command takes as long on a busy host.
func tookOver(t *testing.T, from, to *steered, skew time.Duration) {
	t.Helper()
	if took := to.last(event.Master).Sub(from.last(event.Backup)); took < skew-time.Millisecond || took > skew+200*time.Millisecond {
		t.Errorf("the role went over after %v, the skew is %v", took, skew)
	}
}

// never wants something not to happen for a while.
func never(t *testing.T, what string, limit time.Duration, cond func() bool) {
	t.Helper()
	if lab.Wait(limit, cond) == nil {
		t.Fatal(what)
	}
}

// The role goes over within the successor's skew and stays there, goes back in
// the same way, and a router that is held leaves it alone, whatever becomes of
// its file, its process and the master.
func TestSteering(t *testing.T) {
	t.Parallel()
	n := lan(t, "a", "b")
	a := steer(t, start(t, n, "a", halbd, instance("V", 51, 150, vip)))
	b := steer(t, start(t, n, "b", halbd, instance("V", 51, 100, vip)))
	wait(t, "roles", 10*time.Second, func() bool {
		return a.instance().State == "MASTER" && b.instance().Master.IsValid()
	})
	b.refuses("only the MASTER can hand the role over, and that is 10.9.0.1 (priority 150)", "vrrp", "switch", "V")
	a.refuses("it would leave no master", "vrrp", "hold", "V")
	a.refuses(`no instance or sync group "W"; there are V`, "vrrp", "switch", "W")
	b.refuses("nothing to release", "vrrp", "release", "V")

	a.obeys("vrrp", "switch", "V") // looks for a successor, and ends when there is one
	wait(t, "the role on b, found", time.Second, func() bool { return owns(n, "b", "10.9.1.1") })
	if st := a.instance(); st.State != event.Backup {
		t.Errorf("switched without force: %+v", st)
	}
	b.obeys("vrrp", "switch", "V") // it has just heard the other
	wait(t, "the role on a, given back", 5*time.Second, func() bool { return owns(n, "a", "10.9.1.1") })
	tookOver(t, b, a, 106*time.Second/256)

	a.obeys("vrrp", "switch", "V", "--force", "--why", "new disk")
	wait(t, "the role on b", 5*time.Second, func() bool { return owns(n, "b", "10.9.1.1") })
	tookOver(t, a, b, 156*time.Second/256)
	if owns(n, "a", "10.9.1.1") {
		t.Error("both have the address")
	}
	never(t, "a pre-empts in spite of the order", 4500*time.Millisecond, func() bool { return owns(n, "a", "10.9.1.1") })
	if text := a.obeys("events"); !strings.Contains(text, "Entering BACKUP STATE: switched by the operator: uid 0 (root) from PID ") || !strings.Contains(text, ": new disk") {
		t.Errorf("events:\n%s", text)
	}
	if text := a.obeys("status"); !strings.Contains(text, "does not pre-empt, by the operator") {
		t.Errorf("status:\n%s", text)
	}
	if !strings.Contains(a.p.Log(), "Order vrrp switch V (forced) by uid 0 (root) from PID ") {
		t.Error("the order is not in the log")
	}

	b.obeys("vrrp", "switch", "V", "--force")
	wait(t, "the role on a again", 5*time.Second, func() bool { return owns(n, "a", "10.9.1.1") })
	tookOver(t, b, a, 106*time.Second/256)
	if o := a.instance().Order; o != nil {
		t.Errorf("a is MASTER again and obeys %+v", o)
	}

	wait(t, "b to hear a", 5*time.Second, func() bool { return b.instance().MasterPriority == 150 })
	b.obeys("vrrp", "release", "V")
	b.obeys("vrrp", "hold", "V", "--for", "10m")
	must(t, os.WriteFile(b.p.Conf(), []byte(instance("V", 51, 101, vip)), 0o644))
	b.obeys("reload")
	held := func() bool {
		in := b.instance()
		return in.BasePriority == 101 && in.State == "BACKUP" && in.Order != nil && in.Order.Action == vrrp.Hold && time.Until(in.Order.Until) > 9*time.Minute
	}
	if !held() {
		t.Errorf("after a reload: %+v", b.instance())
	}
	process := picture(t, b.pid).Daemon.Processes[0].PID
	must(t, syscall.Kill(process, syscall.SIGKILL))
	wait(t, "held by a new process", 10*time.Second, func() bool {
		all := picture(t, b.pid)
		return all != nil && len(all.Daemon.Processes) > 0 && all.Daemon.Processes[0].PID != process && held()
	})
	a.refuses("no other router took V within 5s, though this one advertised priority 1: it would leave no master", "vrrp", "switch", "V")
	if !owns(n, "a", "10.9.1.1") {
		t.Error("a switch that is refused costs the role")
	}
	must(t, a.p.Stop(10*time.Second))
	never(t, "b claims in spite of the order", 5*time.Second, func() bool { return owns(n, "b", "10.9.1.1") })
	b.obeys("vrrp", "release", "V")
	wait(t, "b master", 5*time.Second, func() bool { return owns(n, "b", "10.9.1.1") })
	if took := b.last(event.Master).Sub(b.last(event.Released)); took > 100*time.Millisecond {
		t.Errorf("b claims %v after its release", took)
	}
}

// A dry run tells what a reload changes and refuses, and changes nothing; a
// reload ends when every process has it, and says by its status what became of it.
func TestReloadCommand(t *testing.T) {
	t.Parallel()
	n := lan(t, "a")
	a := steer(t, start(t, n, "a", halbd, instance("V", 51, 150, vip)))
	wait(t, "master", 10*time.Second, func() bool { return a.instance().State == "MASTER" })
	write := func(text string) { must(t, os.WriteFile(a.p.Conf(), []byte(text), 0o644)) }
	reloads := func() status.Reloads { return picture(t, a.pid).Daemon.Reloads }

	if text := a.obeys("reload", "--dry-run"); !strings.Contains(text, "A reload changes nothing.") {
		t.Error(text)
	}
	write(instance("V", 51, 120, vip) + instance("W", 52, 100, "virtual_ipaddress {\n 10.9.1.2/16\n }"))
	text := a.obeys("reload", "--dry-run")
	for _, want := range []string{"+ vrrp_instance W", "~ vrrp_instance V", "priority: 150 -> 120", "nothing of it would be refused"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
	if in := a.instance(); in.BasePriority != 150 || reloads().Done != 0 {
		t.Errorf("a dry run has changed something: %+v", in)
	}
	a.obeys("reload", "--why", "a second address")
	if all := picture(t, a.pid); len(all.VRRP.Instances) != 2 || all.VRRP.Instances[0].BasePriority != 120 || all.Daemon.Reloads.Done != 1 {
		t.Errorf("after the reload: %+v", all.VRRP.Instances)
	}
	a.refuses("the checker process does not run", "server", "drain", "10.0.0.1:80", "10.0.0.2:80")
	write(instance("V", 51, 300, vip))
	a.refuses("the reload would be refused: 1 new error(s)", "reload", "--dry-run")
	a.refuses("the reload is refused, the running configuration stays: 1 new error(s)", "reload")
	if r := reloads(); r.Refused != 1 || r.Done != 1 {
		t.Errorf("%+v", r)
	}
	must(t, os.Remove(a.p.Conf()))
	a.refuses("would be refused", "reload", "--dry-run")
}
