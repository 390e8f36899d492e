package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"halbd/internal/lab"
)

// stage is a host "a" whose daemon depends on a script that fails while a file
// "bad" is there, on a number in a file and on a second interface.
type stage struct {
	*transcript
	net *lab.Net
}

func newStage(t *testing.T) *stage {
	t.Helper()
	s := &stage{newTranscript(t), lan(t, "a", "b")}
	must(t, os.WriteFile(s.dir+"/chk", []byte("#!/bin/sh\ntest ! -e "+s.dir+"/bad\n"), 0o755))
	s.number(0)
	_, err := s.net.Run("a", "ip link add eth1 type veth peer name far1 && ip link set far1 up && ip link set eth1 up")
	must(t, err)
	return s
}

func (s *stage) number(n int) {
	must(s.t, os.WriteFile(s.dir+"/num", []byte(strconv.Itoa(n)+"\n"), 0o644))
}

func (s *stage) script(good bool) {
	if good {
		must(s.t, os.Remove(s.dir+"/bad"))
	} else {
		must(s.t, os.WriteFile(s.dir+"/bad", nil, 0o644))
	}
}

func (s *stage) link(up bool) {
	word := map[bool]string{true: "up", false: "down"}[up]
	_, err := s.net.Run("a", "ip link set far1 "+word)
	must(s.t, err)
}

// conf is a configuration in which every VRRP event is told.
func (s *stage) config(text string) string {
	return strings.ReplaceAll(s.conf("vrrp_script chk {\n script DIR/chk\n interval 0.2\n timeout 5\n}\ntrack_file num {\n file DIR/num\n}\n"+text), "DIR", s.dir)
}

// lists are references to all three, with a weight.
func lists(weight string) string {
	text := ""
	for _, ref := range []string{"script {\n chk", "file {\n num", "interface {\n eth1"} {
		text += "track_" + ref + " " + weight + "\n}\n"
	}
	return text
}

// What scripts, files and interfaces do to an instance and to a sync group is
// told in the same lines as by keepalived.
func TestTrackerTranscripts(t *testing.T) {
	vip := func(n int) string { return fmt.Sprintf("virtual_ipaddress {\n 10.9.1.%d/32\n }", n) }
	everyFault := func(s *stage, object, priority string) {
		for _, move := range []func(good bool){s.script, func(good bool) { s.number(map[bool]int{false: 7}[good]) }, s.link} {
			move(false)
			s.upTo(object + " FAULT " + priority)
			move(true)
			s.upTo(object + " BACKUP " + priority)
		}
	}
	for _, sc := range []struct {
		name, conf string
		play       func(s *stage)
	}{
		{"an instance", instance("V1", 1, 150, vip(1)+lists("weight 0")), func(s *stage) {
			s.upTo(`INSTANCE "V1" BACKUP 150`)
			everyFault(s, `INSTANCE "V1"`, "150")
		}},
		{"a sync group", "vrrp_sync_group G {\n group {\n V1\n V2\n }\n" + lists("weight 0") + "}\n" +
			instance("V1", 1, 150, vip(1)) + instance("V2", 2, 140, vip(2)), func(s *stage) {
			s.upTo(`GROUP "G" BACKUP 0`)
			s.lines = nil // the order in which members start that waited for their script is not keepalived's
			everyFault(s, `GROUP "G"`, "0")
		}},
		{"weights", "global_defs {\n vrrp_notify_priority_changes\n}\n" + instance("V1", 1, 150, vip(1)+strings.Replace(lists("weight 10"), "num weight 10", "num weight -3", 1)), func(s *stage) {
			s.upTo(`INSTANCE "V1" MASTER 170`)
			s.script(false)
			s.upTo(`INSTANCE "V1" MASTER_PRIORITY 160`)
			s.number(5)
			s.upTo(`INSTANCE "V1" MASTER_PRIORITY 145`)
			s.link(false)
			s.upTo(`INSTANCE "V1" MASTER_PRIORITY 135`)
			s.script(true)
			s.upTo(`INSTANCE "V1" MASTER_PRIORITY 145`)
			s.number(85)
			s.upTo(`INSTANCE "V1" FAULT 145`)
			s.number(0)
			s.link(true)
			s.upTo(`INSTANCE "V1" MASTER 170`)
		}},
	} {
		t.Run(sc.name, func(t *testing.T) {
			t.Parallel()
			var got [2][]string
			for i, binary := range []string{keepalived, halbd} {
				t.Run(filepath.Base(binary), func(t *testing.T) {
					s := newStage(t)
					p := start(t, s.net, "a", binary, s.config(sc.conf))
					sc.play(s)
					p.Stop(8 * time.Second)
					// keepalived tells of weights before the first state too, and of the way there.
					got[i] = slices.DeleteFunc(s.lines, func(l string) bool {
						return sc.name == "weights" && (strings.Contains(l, "BACKUP") || strings.Contains(l, "STOP"))
					})
				})
			}
			if !slices.Equal(got[0], got[1]) {
				t.Errorf("keepalived gives\n  %s\nhalbd\n  %s", strings.Join(got[0], "\n  "), strings.Join(got[1], "\n  "))
			}
		})
	}
}

// A tracked process that is killed moves the role at once; one that is started
// brings it back.
func TestProcessMovesTheRole(t *testing.T) {
	t.Parallel()
	n := lan(t, "a", "b")
	path := filepath.Join(t.TempDir(), fmt.Sprintf("hbt%d", os.Getpid()))
	must(t, exec.Command("cp", "/bin/sleep", path).Run())
	serve := func() *exec.Cmd {
		cmd := exec.Command(path, "1000")
		must(t, cmd.Start())
		t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
		return cmd
	}
	vip := "virtual_ipaddress {\n 10.9.1.1/32\n }"
	service := serve()
	p := start(t, n, "a", halbd, "vrrp_track_process svc {\n process "+filepath.Base(path)+"\n}\n"+instance("V1", 1, 200, vip+"\ntrack_process {\n svc\n}\n"))
	start(t, n, "b", keepalived, instance("V1", 1, 100, vip))
	wait(t, "a master", 15*time.Second, func() bool { return owns(n, "a", "10.9.1.1") })
	killed := time.Now()
	service.Process.Kill()
	service.Wait()
	wait(t, "b master", 5*time.Second, func() bool { return owns(n, "b", "10.9.1.1") && !owns(n, "a", "10.9.1.1") })
	t.Logf("b is master %v after the kill, its skew is 609 ms", time.Since(killed))
	if want := "process svc misses its quorum: 0 instances, quorum 1"; !strings.Contains(p.Log(), want) {
		t.Errorf("the log does not say %q", want)
	}
	serve()
	wait(t, "a master again", 15*time.Second, func() bool { return owns(n, "a", "10.9.1.1") })
}

// Fifty scripts that hang with children of their own disturb no advert, and
// nothing of them is left behind. They do not run under the adverts' scheduling class.
func TestHangingScriptsDisturbNoAdvert(t *testing.T) {
	t.Parallel()
	n := lan(t, "a", "b")
	dir := t.TempDir()
	pids := dir + "/pids"
	must(t, os.WriteFile(dir+"/hang", []byte("#!/bin/bash\necho $$ $(cut -d' ' -f41 /proc/self/stat) >> "+pids+
		"\ntrap '' TERM\nsetsid sleep 987 & echo $! 0 >> "+pids+"\nsleep 987 & echo $! 0 >> "+pids+"\nwait; wait\n"), 0o755))
	conf := "global_defs {\n script_user root\n vrrp_version 3\n vrrp_rt_priority 10\n}\n"
	refs := ""
	for i := range 50 {
		conf += fmt.Sprintf("vrrp_script h%d {\n script %s/hang\n interval 3\n timeout 1\n weight -1\n}\n", i, dir)
		refs += fmt.Sprintf(" h%d\n", i)
	}
	vip := "virtual_ipaddress {\n 10.9.1.1/32\n }"
	fast := func(text string) string { return strings.Replace(text, "advert_int 1\n", "advert_int 0.5\n", 1) }
	p := start(t, n, "a", halbd, conf+fast(instance("V1", 1, 200, vip+"\ntrack_script {\n"+refs+"}\n")))
	start(t, n, "b", halbd, "global_defs {\n vrrp_version 3\n}\n"+fast(instance("V1", 1, 100, vip)))
	wire, err := n.Sniff("b", "eth0")
	must(t, err)
	defer wire.Close()
	lines := func() []string { b, _ := os.ReadFile(pids); return strings.Split(strings.TrimSpace(string(b)), "\n") }
	wait(t, "every script hanging, twice", 60*time.Second, func() bool { return len(lines()) >= 2*150 })
	last, worst := time.Time{}, time.Duration(0)
	for _, f := range wire.Frames() {
		if f.GARP || f.Src.String() != "10.9.0.1" {
			continue
		}
		if !last.IsZero() {
			worst = max(worst, f.At.Sub(last))
		}
		last = f.At
	}
	t.Logf("longest time between two adverts every 500 ms: %v", worst)
	if owns(n, "b", "10.9.1.1") || worst > 1500*time.Millisecond {
		t.Errorf("%v between two adverts every 500 ms; the backup owns the address: %v", worst, owns(n, "b", "10.9.1.1"))
	}
	must(t, p.Stop(15*time.Second))
	for _, l := range lines() {
		var pid, class int
		fmt.Sscan(l, &pid, &class)
		if class != 0 {
			t.Errorf("script %d ran in scheduling class %d", pid, class)
		}
		wait(t, fmt.Sprintf("process %d of a script gone", pid), 10*time.Second, func() bool { return syscall.Kill(pid, 0) != nil || !sleeps(pid) })
	}
}

// sleeps reports whether a process of that number is one of the test's own.
func sleeps(pid int) bool {
	b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	return strings.Contains(string(b), "987") || strings.Contains(string(b), "/hang")
}

// A link that is polled counts by its carrier; with interface_up_down_delays a
// short loss does not count at all.
func TestPolledLinkWithDelays(t *testing.T) {
	t.Parallel()
	tr := newTranscript(t)
	n := lan(t, "a", "b")
	p := start(t, n, "a", halbd, tr.conf("linkbeat_interfaces {\n eth0\n}\ninterface_up_down_delays {\n eth0 2 0.1\n}\n"+instance("V1", 1, 150, "virtual_ipaddress {\n 10.9.1.1/32\n }")))
	tr.upTo(`INSTANCE "V1" MASTER 150`)
	port := func(word string) {
		_, err := n.Run("sw", "ip link set "+lab.Cable("a", "eth0")+" "+word)
		must(t, err)
	}
	port("down")
	wait(t, "the loss polled", 5*time.Second, func() bool {
		out, _ := n.Run("a", "cat /sys/class/net/eth0/carrier")
		return strings.HasPrefix(out, "0")
	})
	port("up")
	lost := time.Now()
	port("down")
	tr.upTo(`INSTANCE "V1" FAULT 150`)
	if d := time.Since(lost); d < 2*time.Second {
		t.Errorf("FAULT %v after the loss, the delay is 2 s", d)
	}
	port("up")
	tr.upTo(`INSTANCE "V1" BACKUP 150`)
	if want := "link of eth0 is polled by ETHTOOL"; !strings.Contains(p.Log(), want) {
		t.Errorf("the log does not say %q", want)
	}
}

// As process 1 of a container the daemon inherits what scripts leave behind,
// and no dead process stays. No process events arrive there.
func TestProcessOneLeavesNoZombies(t *testing.T) {
	t.Parallel()
	n := lan(t, "a")
	dir := t.TempDir()
	must(t, os.WriteFile(dir+"/leave", []byte("#!/bin/sh\necho >> "+dir+"/runs\nsetsid sh -c 'sleep 0.1; exit 0' &\n"), 0o755))
	must(t, os.WriteFile(dir+"/c.conf", []byte("global_defs {\n script_user root\n}\nvrrp_script s {\n script "+dir+"/leave\n interval 0.5\n}\nvrrp_track_process sh {\n process nosuch\n quorum_max 0\n}\n"+
		instance("V1", 1, 150, "virtual_ipaddress {\n 10.9.1.1/32\n }\ntrack_script {\n s\n}\ntrack_process {\n sh\n}")), 0o644))
	p, err := n.Start("a", dir+"/log", "unshare", "--pid", "--fork", "--mount-proc", "--kill-child", halbd, "-n", "-l", "-G", "-f", dir+"/c.conf", "-p", dir+"/1.pid", "-r", dir+"/2.pid", "-c", dir+"/3.pid")
	must(t, err)
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("log:\n%s", p.Log())
		}
	})
	dead := func() (count int) {
		for _, pid := range p.Tree() {
			b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
			if _, rest, ok := strings.Cut(string(b), ") "); ok && strings.HasPrefix(rest, "Z") {
				count++
			}
		}
		return count
	}
	wait(t, "master", 20*time.Second, func() bool { return owns(n, "a", "10.9.1.1") })
	wait(t, "dead processes left behind", 20*time.Second, func() bool { return dead() >= 4 })
	must(t, os.WriteFile(dir+"/leave", []byte("#!/bin/sh\n"), 0o755))
	wait(t, "every dead process fetched", 30*time.Second, func() bool { return dead() == 0 })
	if !owns(n, "a", "10.9.1.1") {
		t.Error("the role was lost meanwhile")
	}
}
