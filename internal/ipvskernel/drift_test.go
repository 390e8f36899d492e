package ipvskernel

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"halbd/control"
	"halbd/internal/lab"
	"halbd/ipvs"
)

// ipvsadm runs ipvsadm in the director. It says until when a change of it must
// have been undone: for a second, and longer where this host is so busy that
// ipvsadm itself takes its time.
func (d *director) ipvsadm(t *testing.T, args string) (deadline time.Time) {
	t.Helper()
	begin := time.Now()
	_, err := d.net.Run("d", "ipvsadm "+args)
	must(t, err)
	return time.Now().Add(time.Second + 5*time.Since(begin))
}

// becomes wants a table, in any order.
func (d *director) becomes(t *testing.T, step, want string) {
	t.Helper()
	got := ""
	want = strings.Join(slices.Sorted(strings.Lines(want)), "")
	if lab.Wait(20*time.Second, func() bool {
		var err error
		got, err = d.table()
		must(t, err)
		return got == want
	}) != nil {
		t.Fatalf("%s: the table is\n%swant\n%s", step, got, want)
	}
}

// robbed changes the table by ipvsadm and wants the old one back in time.
func (d *director) robbed(t *testing.T, args, want string) {
	t.Helper()
	deadline := d.ipvsadm(t, args)
	d.becomes(t, args, want)
	if late := time.Since(deadline); late > 0 {
		t.Errorf("%s: undone %v too late", args, late)
	}
}

// Whatever somebody else does to our services is undone within a second and
// told; what is not ours stays as it is.
func TestDriftIsRepaired(t *testing.T) {
	d := newDirector(t)
	p := d.start(t, os.Getenv(binary), vs("10.50.0.1 80", "lb_algo wrr\n lb_kind NAT\n protocol TCP\n persistence_timeout 50", rs(1, 3, tcpCheck)+rs(2, 2, tcpCheck+"\n uthreshold 9"))+
		vs("fwmark 9", "lb_algo mh\n lb_kind TUN", " real_server 10.60.0.3 80 {\n weight 5\n lvs_method TUN type gue port 6080\n }\n")+
		vs("2001:db8::1 80", "lb_algo rr\n lb_kind DR\n protocol UDP", " real_server 2001:db8::10 80 {\n weight 4\n }\n"))
	service, one, two := "-A -t 10.50.0.1:80 -s wrr -p 50\n", "-a -t 10.50.0.1:80 -r 127.0.0.2:8000 -m -w 3\n", "-a -t 10.50.0.1:80 -r 127.0.0.3:8000 -m -w 2\n"
	others := "-A -f 9 -s mh\n-a -f 9 -r 10.60.0.3:0 -i -w 5 --tun-type gue --tun-port 6080 --tun-nocsum\n-A -u [2001:db8::1]:80 -s rr\n-a -u [2001:db8::1]:80 -r [2001:db8::10]:80 -g -w 4\n"
	d.becomes(t, "start", service+one+two+others)
	d.down(1)
	rest := service + two + others
	d.becomes(t, "1 down", rest)

	foreign := "-A -t 10.77.0.1:80 -s rr\n-a -t 10.77.0.1:80 -r 10.77.0.2:80 -m -w 1\n"
	d.ipvsadm(t, "-A -t 10.77.0.1:80 -s rr && ipvsadm -a -t 10.77.0.1:80 -r 10.77.0.2:80 -m -w 1")
	for _, theft := range []string{
		"-D -t 10.50.0.1:80", "-D -f 9", "-D -u [2001:db8::1]:80",
		"-d -t 10.50.0.1:80 -r 127.0.0.3:8000", "-d -f 9 -r 10.60.0.3", "-d -u [2001:db8::1]:80 -r [2001:db8::10]:80",
		"-e -t 10.50.0.1:80 -r 127.0.0.3:8000 -m -w 77 -x 9", "-e -f 9 -r 10.60.0.3 -g -w 5",
		"-e -f 9 -r 10.60.0.3 -i -w 5", "-e -u [2001:db8::1]:80 -r [2001:db8::10]:80 -g -w 5",
		"-a -t 10.50.0.1:80 -r 10.78.0.1:80 -m", "-a -t 10.50.0.1:80 -r 127.0.0.2:8000 -m -w 3",
		"-E -t 10.50.0.1:80 -s rr -p 50", "-E -t 10.50.0.1:80 -s wrr", "-E -t 10.50.0.1:80 -s wrr -p 60", "-E -t 10.50.0.1:80 -s wrr -p 50 -M 255.255.0.0",
		"-E -f 9 -s mh -b mh-port", "-E -u [2001:db8::1]:80 -s rr -p 9", "-E -u [2001:db8::1]:80 -s rr -o",
	} {
		d.robbed(t, theft, rest+foreign)
	}
	deadline := d.ipvsadm(t, "-e -t 10.50.0.1:80 -r 127.0.0.3:8000 -m -w 2 -x 10")
	if lab.Wait(5*time.Second, func() bool {
		out, _ := d.net.Run("d", "ipvsadm -Ln --thresholds | awk '/127.0.0.3/{print $3}'")
		return out == "9\n"
	}) != nil || time.Now().After(deadline) {
		t.Error("the upper threshold was not restored in time")
	}
	for range 5 { // the failed server stays failed, and the stranger's service is not made again
		d.robbed(t, "-C", rest)
	}
	log := p.Log()
	if n := strings.Count(log, "changed by somebody else"); n == 0 || n > 4 {
		t.Errorf("%d log lines about the repairs, want a few", n)
	}
	if !strings.Contains(log, "virtual server tcp 10.50.0.1:80 was deleted") && !strings.Contains(log, "1 virtual server deleted") {
		t.Errorf("the log does not say what was taken:\n%s", log)
	}
	must(t, d.up(1))
	d.becomes(t, "1 up", rest+one)
	s, err := control.Dial(strings.TrimSuffix(p.Conf(), ".conf") + ".sock").Status(t.Context())
	must(t, err)
	if r := s.Repairs; r.Services < 6 || r.Servers == 0 || r.Added == 0 || r.Changed == 0 {
		t.Errorf("the status counts %+v", r)
	}
	for _, v := range s.VirtualServers { // of every kind and family
		for _, r := range v.Servers {
			if r.Connections == nil {
				t.Errorf("%s %s: its connections are not known", v.Name, r.Name)
			}
		}
	}
}

// A large table that vanishes is there again soon, and the log counts what was taken.
func TestLargeTableIsRepaired(t *testing.T) {
	d := newDirector(t)
	var conf strings.Builder
	for v := range 100 {
		fmt.Fprintf(&conf, "virtual_server 10.50.0.%d 80 {\n lb_algo wrr\n lb_kind NAT\n protocol TCP\n", v+1)
		for r := range 100 {
			fmt.Fprintf(&conf, " real_server 10.60.%d.%d 80 {\n  weight %d\n }\n", v, r+1, r%7+1)
		}
		conf.WriteString("}\n")
	}
	p := d.start(t, os.Getenv(binary), conf.String())
	want := ""
	if lab.Wait(20*time.Second, func() (complete bool) {
		var err error
		want, err = d.table()
		must(t, err)
		return strings.Count(want, "\n") == 100*101
	}) != nil {
		t.Fatal("the table is not complete")
	}
	d.ipvsadm(t, "-C")
	begin := time.Now()
	var client *ipvs.Client
	must(t, d.net.Inside("d", func() (err error) {
		client, err = ipvs.Dial()
		return err
	}))
	defer client.Close()
	if lab.Wait(20*time.Second, func() bool {
		services, err := client.Services()
		must(t, err)
		n := 0
		for i := range services {
			n += len(services[i].Dests)
		}
		return n == 100*100
	}) != nil {
		t.Fatal("the table does not come back")
	}
	t.Logf("the table was back after %v", time.Since(begin))
	d.becomes(t, "after -C", want)
	if lab.Wait(5*time.Second, func() bool {
		return strings.Contains(p.Log(), "00 real servers; for example virtual server tcp 10.50.0.")
	}) != nil {
		t.Errorf("the log does not count what was taken:\n%s", p.Log())
	}
}

// Sync daemons and timeouts that somebody changes become what they were.
func TestDriftOfDaemonsAndTimeouts(t *testing.T) {
	d := newDirector(t)
	must(t, d.net.Bridge("sw"))
	must(t, d.net.Plug("d", "eth0", "sw", "10.9.0.1/16"))
	d.start(t, os.Getenv(binary), "global_defs {\n lvs_sync_daemon eth0 id 7\n lvs_timeouts tcp 1000\n}\n"+vs("10.50.0.1 80", "lb_algo rr\n lb_kind NAT\n protocol TCP", rs(1, 1, "")))
	state := func() string {
		out, err := d.net.Run("d", "ipvsadm -Ln --daemon && ipvsadm -Ln --timeout")
		must(t, err)
		return out
	}
	whole := func() bool {
		s := state()
		return strings.Contains(s, "master sync daemon (mcast=eth0, syncid=7") && strings.Contains(s, "backup sync daemon (mcast=eth0, syncid=7") && strings.Contains(s, ": 1000 ")
	}
	if lab.Wait(10*time.Second, whole) != nil {
		t.Fatalf("at start: %s", state())
	}
	for _, change := range []string{"--stop-daemon master", "--stop-daemon backup", "--set 60 0 0",
		"--stop-daemon backup && ipvsadm --start-daemon backup --mcast-interface eth0 --syncid 9 || true"} {
		deadline := d.ipvsadm(t, change)
		if lab.Wait(10*time.Second, whole) != nil || time.Now().After(deadline) {
			t.Errorf("%s: not in time: %s", change, state())
		}
	}
	d.ipvsadm(t, "--set 0 0 33") // udp is not configured: it is not ours
	time.Sleep(time.Second)      // a look or two
	if s := state(); !strings.Contains(s, ": 1000 ") || !strings.Contains(s, " 33\n") {
		t.Errorf("a timeout that is not configured was changed: %s", s)
	}
}

// A start finds the table of a run that was killed, or that left it (-I): no
// connection is lost, and what differs is mended.
func TestStartAdoptsTheTable(t *testing.T) {
	d := newDirector(t)
	conf := vs("10.50.0.1 80", "lb_algo wrr\n lb_kind NAT\n protocol TCP", rs(1, 3, "")+rs(2, 2, ""))
	want := "-A -t 10.50.0.1:80 -s wrr\n-a -t 10.50.0.1:80 -r 127.0.0.2:8000 -m -w 3\n-a -t 10.50.0.1:80 -r 127.0.0.3:8000 -m -w 2\n"
	_, err := d.net.Run("d", "ip addr add 10.50.0.1/32 dev lo")
	must(t, err)
	p := d.start(t, os.Getenv(binary), conf)
	d.becomes(t, "start", want)
	for range 5 {
		d.net.Get("d", "10.50.0.1:80", time.Second)
	}
	counted := func() string {
		out, err := d.net.Run("d", "ipvsadm -Lnc | grep -c 10.50.0.1:80 || true")
		must(t, err)
		return out
	}
	before := counted()
	if before != "5\n" {
		t.Fatalf("connections: %q", before)
	}
	for _, pid := range slices.Backward(p.Tree()) { // the checker first: it would clean up after its parent
		must(t, syscall.Kill(pid, syscall.SIGKILL))
	}
	d.ipvsadm(t, "-e -t 10.50.0.1:80 -r 127.0.0.3:8000 -m -w 9")
	p = d.start(t, os.Getenv(binary), conf)
	d.becomes(t, "after the crash", want)
	if after := counted(); after != before {
		t.Errorf("after a crash the kernel counts %q, before %q", after, before)
	}
	if lab.Wait(5*time.Second, func() bool {
		return strings.Contains(p.Log(), "1 virtual servers of an earlier run are kept") && strings.Contains(p.Log(), "weight was 9, not 2")
	}) != nil {
		t.Errorf("not told: %s", p.Log())
	}
	must(t, p.Stop(10*time.Second))
	d.becomes(t, "stopped", "")

	// -I leaves the table, and the next start takes it over.
	leaves, err := d.net.Daemon("d", os.Getenv(binary), t.TempDir(), conf, "-I")
	must(t, err)
	d.becomes(t, "start with -I", want)
	d.net.Get("d", "10.50.0.1:80", time.Second)
	before = counted()
	must(t, leaves.Stop(10*time.Second))
	d.becomes(t, "stopped with -I", want)
	p = d.start(t, os.Getenv(binary), conf)
	if lab.Wait(5*time.Second, func() bool { return strings.Contains(p.Log(), "of an earlier run are kept with their connections\n") }) != nil {
		t.Errorf("not told, or with differences: %s", p.Log())
	}
	if after := counted(); after != before {
		t.Errorf("after -I the kernel counts %q, before %q", after, before)
	}
}
