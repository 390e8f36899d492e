// Package ipvskernel tests what only a kernel with IPVS can show: the table
// that halbd leaves in it, beside keepalived's, and real traffic through it;
// and VRRP on kinds of links that the kernels of many hosts lack.
// Outside such a kernel the test starts itself again inside User Mode Linux.
package ipvskernel

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
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
	words := []string{test}
	for _, a := range args {
		if !strings.HasPrefix(a, "-test.testlogfile") && !strings.HasPrefix(a, "-test.gocoverdir") {
			words = append(words, a)
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), 8*time.Minute)
	defer cancel()
	return lab.InUML(ctx, os.Stdout, []string{binary + "=" + halbd}, append(words, "-test.parallel=8")...)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// director is a namespace with web servers on 127.0.0.2:8000 and so on.
type director struct {
	net *lab.Net
	web map[int]*lab.Web
}

func newDirector(t *testing.T) *director {
	t.Helper()
	d := &director{net: lab.New(), web: map[int]*lab.Web{}}
	t.Cleanup(d.net.Close)
	must(t, d.net.Add("d"))
	d.up(t, 1, 2, 3, 4)
	return d
}

func (d *director) up(t *testing.T, ids ...int) {
	t.Helper()
	for _, i := range ids {
		w, err := d.net.Serve("d", fmt.Sprintf("127.0.0.%d:8000", i+1), "hello\n")
		must(t, err)
		d.web[i] = w
		t.Cleanup(w.Close)
	}
}

func (d *director) down(ids ...int) {
	for _, i := range ids {
		d.web[i].Close()
	}
}

// table is what the kernel has, in ipvsadm's format.
func (d *director) table() string {
	out, err := d.net.Run("d", "ipvsadm -Sn")
	if err != nil {
		return err.Error()
	}
	return out
}

// wait wants a table; the lines may be in any order.
func (d *director) wait(t *testing.T, step string, want string) {
	t.Helper()
	got := ""
	err := lab.Wait(20*time.Second, func() bool {
		got = d.table()
		return sorted(got) == sorted(want)
	})
	if err != nil {
		t.Fatalf("%s: the table is\n%swant\n%s", step, got, want)
	}
}

func sorted(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

func (d *director) start(t *testing.T, program, conf string) *lab.Proc {
	t.Helper()
	p, err := d.net.Daemon("d", program, t.TempDir(), "global_defs {\n router_id t\n script_user root\n}\n"+conf)
	must(t, err)
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("log of %s:\n%s", filepath.Base(program), p.Log())
		}
	})
	return p
}

func rs(i, weight int, body string) string {
	return fmt.Sprintf(" real_server 127.0.0.%d 8000 {\n weight %d\n%s\n }\n", i+1, weight, body)
}

func vs(head, opts, body string) string {
	return "virtual_server " + head + " {\n delay_loop 1\n " + opts + "\n" + body + "}\n"
}

const (
	tcpCheck  = " TCP_CHECK {\n connect_timeout 1\n retry 1\n delay_before_retry 1\n }"
	httpCheck = " HTTP_GET {\n url {\n path /\n digest b1946ac92492d2347c6235b4d2611184\n }\n connect_timeout 1\n retry 1\n delay_before_retry 1\n }"
)

// Each scenario runs with keepalived and with halbd; both must reach the same
// table at every step.
func TestTables(t *testing.T) {
	for name, play := range map[string]func(t *testing.T, d *director, program string){
		"sorry server": func(t *testing.T, d *director, program string) {
			p := d.start(t, program, vs("10.50.0.1 80", "lb_algo wrr\n lb_kind NAT\n protocol TCP\n sorry_server 127.0.0.9 8000", rs(1, 1, httpCheck)+rs(2, 2, httpCheck)))
			service, one, two := "-A -t 10.50.0.1:80 -s wrr\n", "-a -t 10.50.0.1:80 -r 127.0.0.2:8000 -m -w 1\n", "-a -t 10.50.0.1:80 -r 127.0.0.3:8000 -m -w 2\n"
			d.wait(t, "start", service+one+two)
			d.down(1)
			d.wait(t, "1 down", service+two)
			d.down(2)
			d.wait(t, "both down", service+"-a -t 10.50.0.1:80 -r 127.0.0.9:8000 -m -w 1\n")
			d.up(t, 2)
			d.wait(t, "2 up", service+two)
			must(t, p.Stop(10*time.Second))
			d.wait(t, "stopped", "")
		},
		"inhibit and quorum": func(t *testing.T, d *director, program string) {
			d.start(t, program, vs("10.50.0.1 80", "lb_algo rr\n lb_kind NAT\n protocol TCP\n quorum 2\n sorry_server 127.0.0.9 8000",
				rs(1, 1, "inhibit_on_failure\n"+tcpCheck)+rs(2, 1, tcpCheck)))
			service, two := "-A -t 10.50.0.1:80 -s rr\n", "-a -t 10.50.0.1:80 -r 127.0.0.3:8000 -m -w 1\n"
			d.wait(t, "start", service+"-a -t 10.50.0.1:80 -r 127.0.0.2:8000 -m -w 1\n"+two)
			d.down(1)
			d.wait(t, "1 down", service+"-a -t 10.50.0.1:80 -r 127.0.0.2:8000 -m -w 0\n-a -t 10.50.0.1:80 -r 127.0.0.9:8000 -m -w 1\n")
			d.up(t, 1)
			d.wait(t, "1 up", service+"-a -t 10.50.0.1:80 -r 127.0.0.2:8000 -m -w 1\n"+two)
		},
		"every kind of service": func(t *testing.T, d *director, program string) {
			p := d.start(t, program, vs("10.50.0.1 80", "lb_algo sh\n lb_kind DR\n protocol TCP\n persistence_timeout 120\n persistence_granularity 255.255.255.0", rs(1, 1, "uthreshold 100\n lthreshold 50"))+
				vs("10.50.0.2 53", "lb_algo rr\n lb_kind NAT\n ops\n protocol UDP", rs(2, 7, ""))+
				vs("fwmark 9", "lb_algo mh\n lb_kind TUN", rs(1, 1, "")+rs(3, 1, ""))+
				vs("2001:db8::1 80", "lb_algo lblc\n lb_kind DR\n protocol TCP", " real_server 2001:db8::10 80 {\n weight 3\n }\n"))
			d.wait(t, "start", `-A -f 9 -s mh
-A -t 10.50.0.1:80 -s sh -p 120 -M 255.255.255.0
-A -t [2001:db8::1]:80 -s lblc
-A -u 10.50.0.2:53 -s rr -o
-a -f 9 -r 127.0.0.2:0 -i -w 1 --tun-type ipip
-a -f 9 -r 127.0.0.4:0 -i -w 1 --tun-type ipip
-a -t 10.50.0.1:80 -r 127.0.0.2:80 -g -w 1
-a -t [2001:db8::1]:80 -r [2001:db8::10]:80 -g -w 3
-a -u 10.50.0.2:53 -r 127.0.0.3:8000 -m -w 7
`)
			must(t, p.Stop(10*time.Second))
			d.wait(t, "stopped", "")
		},
		"group": func(t *testing.T, d *director, program string) {
			d.start(t, program, "virtual_server_group g {\n 10.50.1.1-2 80\n fwmark 77\n}\n"+vs("group g", "lb_algo wlc\n lb_kind NAT\n protocol TCP", rs(1, 1, tcpCheck)+rs(2, 1, "")))
			services := "-A -f 77 -s wlc\n-A -t 10.50.1.1:80 -s wlc\n-A -t 10.50.1.2:80 -s wlc\n"
			of := func(i int) string {
				return strings.ReplaceAll("-a -t 10.50.1.1:80 -r RS:8000 -m -w 1\n-a -t 10.50.1.2:80 -r RS:8000 -m -w 1\n-a -f 77 -r RS:8000 -m -w 1\n", "RS", fmt.Sprintf("127.0.0.%d", i+1))
			}
			d.wait(t, "start", services+of(1)+of(2))
			d.down(1)
			d.wait(t, "1 down", services+of(2))
		},
		"reload": func(t *testing.T, d *director, program string) {
			conf := vs("10.50.0.1 80", "lb_algo wrr\n lb_kind NAT\n protocol TCP", rs(1, 1, tcpCheck)+rs(2, 2, tcpCheck)) +
				vs("10.50.0.2 80", "lb_algo rr\n lb_kind NAT\n protocol TCP", rs(3, 1, tcpCheck))
			p := d.start(t, program, conf)
			d.wait(t, "start", "-A -t 10.50.0.1:80 -s wrr\n-a -t 10.50.0.1:80 -r 127.0.0.2:8000 -m -w 1\n-a -t 10.50.0.1:80 -r 127.0.0.3:8000 -m -w 2\n"+
				"-A -t 10.50.0.2:80 -s rr\n-a -t 10.50.0.2:80 -r 127.0.0.4:8000 -m -w 1\n")
			d.down(1)
			d.wait(t, "1 down", "-A -t 10.50.0.1:80 -s wrr\n-a -t 10.50.0.1:80 -r 127.0.0.3:8000 -m -w 2\n"+
				"-A -t 10.50.0.2:80 -s rr\n-a -t 10.50.0.2:80 -r 127.0.0.4:8000 -m -w 1\n")
			text, err := os.ReadFile(p.Conf())
			must(t, err)
			changed := strings.NewReplacer("weight 2", "weight 9", "10.50.0.2", "10.50.0.3", "lb_algo wrr", "lb_algo wlc").Replace(string(text))
			must(t, os.WriteFile(p.Conf(), []byte(changed), 0o644))
			must(t, p.Signal(syscall.SIGHUP))
			after := "-A -t 10.50.0.1:80 -s wlc\n-a -t 10.50.0.1:80 -r 127.0.0.3:8000 -m -w 9\n" +
				"-A -t 10.50.0.3:80 -s rr\n-a -t 10.50.0.3:80 -r 127.0.0.4:8000 -m -w 1\n"
			d.wait(t, "reload: 1 stays down", after)
			d.up(t, 1)
			d.wait(t, "1 up", after+"-a -t 10.50.0.1:80 -r 127.0.0.2:8000 -m -w 1\n")
		},
	} {
		for _, program := range []string{"/usr/sbin/keepalived", os.Getenv(binary)} {
			t.Run(name+" with "+filepath.Base(program), func(t *testing.T) {
				t.Parallel()
				play(t, newDirector(t), program)
			})
		}
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
