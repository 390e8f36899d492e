package e2e

import (
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"halbd/internal/lab"
)

// session is a bfd_instance with a detection time of 500 ms, which the race
// detector and other tests beside it do not reach.
func session(name, source, neighbor, body string) string {
	return fmt.Sprintf("bfd_instance %s {\n neighbor_ip %s\n source_ip %s\n min_rx 100\n min_tx 100\n%s\n}\n", name, neighbor, source, body)
}

// routed is two hosts with a router between them: 10.9.0.1 and 10.8.0.1.
func routed(t *testing.T) *lab.Net {
	t.Helper()
	n := newNet(t)
	must(t, n.Add("a", "b", "r"))
	for _, sw := range []string{"sw", "sw2"} {
		must(t, n.Bridge(sw))
	}
	must(t, n.Plug("a", "eth0", "sw", "10.9.0.1/16"))
	must(t, n.Plug("r", "eth0", "sw", "10.9.0.254/16"))
	must(t, n.Plug("r", "eth1", "sw2", "10.8.0.254/16"))
	must(t, n.Plug("b", "eth0", "sw2", "10.8.0.1/16"))
	for _, script := range []string{"a:ip route add default via 10.9.0.254", "b:ip route add default via 10.8.0.254", "r:sysctl -qw net.ipv4.ip_forward=1"} {
		host, script, _ := strings.Cut(script, ":")
		_, err := n.Run(host, script)
		must(t, err)
	}
	return n
}

// neighbor is the other side of a session, on host b.
type neighbor struct {
	up, down func() bool // what it says of the session
	crash    func()
}

func startNeighbor(t *testing.T, n *lab.Net, kind, source, peer, body, frr string) neighbor {
	t.Helper()
	if kind != "frr" {
		binary := map[string]string{"halbd": halbd, "keepalived": keepalived}[kind]
		p := start(t, n, "b", binary, session("S", source, peer, body), "-D")
		return neighbor{func() bool { return strings.Contains(p.Log(), "(S) Entering Up state") },
			func() bool { return strings.Contains(p.Log(), "(S) Entering Down state") }, p.Crash}
	}
	f, err := n.StartFRR("b", fmt.Sprintf("bfd\n peer %s %s\n  detect-multiplier 3\n  receive-interval 100\n  transmit-interval 100\n  no shutdown\n", peer, frr))
	must(t, err)
	t.Cleanup(f.Crash)
	said := func(status string) func() bool {
		return func() bool { return strings.Contains(f.Peers(), "Status: "+status) }
	}
	return neighbor{said("up"), said("down"), f.Crash}
}

// A session comes up with each implementation, notices a cut cable and the
// neighbour's death and return, and says at the end that it goes on purpose.
func TestBFDInterop(t *testing.T) {
	for _, v := range []struct {
		name, here, there, body string // body: of both ends, unless mine is given
		mine                    string
		frr                     string
		routed                  bool
		peers                   []string
	}{
		{name: "IPv4", here: "10.9.0.1", there: "10.9.0.2", frr: "local-address 10.9.0.2 interface eth0", peers: []string{"halbd", "keepalived", "frr"}},
		{name: "IPv6", here: "fd09::1", there: "fd09::2", frr: "local-address fd09::2 interface eth0", body: " hoplimit 255", peers: []string{"halbd", "keepalived", "frr"}},
		{name: "IPv6 with keepalived's hop limit", here: "fd09::1", there: "fd09::2", peers: []string{"halbd", "keepalived"}},
		{name: "passive", here: "10.9.0.1", there: "10.9.0.2", mine: " passive", frr: "local-address 10.9.0.2 interface eth0", peers: []string{"halbd", "keepalived", "frr"}},
		// The installed keepalived has no multihop yet.
		{name: "multihop", here: "10.9.0.1", there: "10.8.0.1", body: " multihop\n max_hops 1", frr: "multihop local-address 10.8.0.1", routed: true, peers: []string{"halbd", "frr"}},
	} {
		for _, kind := range v.peers {
			t.Run(v.name+" with "+kind, func(t *testing.T) {
				t.Parallel()
				if kind == "frr" && !lab.HasFRR() {
					t.Skip("frr is not installed")
				}
				var n *lab.Net
				if v.routed {
					n = routed(t)
				} else {
					n = lan(t, "a", "b")
				}
				a := start(t, n, "a", halbd, session("S", v.here, v.there, v.body+v.mine))
				said := func(what string) int { return strings.Count(a.Log(), "(S) Entering "+what) }
				b := startNeighbor(t, n, kind, v.there, v.here, v.body, v.frr)
				wait(t, "up", 15*time.Second, func() bool { return said("Up state") == 1 && b.up() })
				sw := map[bool]string{false: "sw", true: "sw2"}[v.routed]
				_, err := n.Run(sw, "ip link set b-eth0 down")
				must(t, err)
				wait(t, "noticed", 5*time.Second, func() bool { return said("Down state: no packet of "+v.there) == 1 })
				_, err = n.Run(sw, "ip link set b-eth0 up")
				must(t, err)
				wait(t, "up again", 15*time.Second, func() bool { return said("Up state") == 2 })
				b.crash()
				wait(t, "noticed again", 5*time.Second, func() bool { return said("Down state") == 2 })
				b = startNeighbor(t, n, kind, v.there, v.here, v.body, v.frr)
				wait(t, "up once more", 15*time.Second, func() bool { return said("Up state") == 3 && b.up() })
				must(t, a.Stop(5*time.Second))
				wait(t, "the neighbor told", 5*time.Second, b.down)
			})
		}
	}
}

// A packet that crossed a router is none of a session without max_hops.
func TestBFDGuardsHops(t *testing.T) {
	t.Parallel()
	n := routed(t)
	a := start(t, n, "a", halbd, session("S", "10.9.0.1", "10.8.0.1", " multihop"))
	start(t, n, "b", halbd, session("S", "10.8.0.1", "10.9.0.1", " multihop\n max_hops 1"))
	wait(t, "refused", 5*time.Second, func() bool {
		return strings.Contains(a.Log(), "Packet of 10.8.0.1 to 10.9.0.1 dropped: its TTL 254 is below 255 (ttl 255, max_hops 0 of session S)")
	})
	if strings.Contains(a.Log(), "Entering Up") {
		t.Error("the session is up")
	}
}

// trackingPair is two routers, of which the better one, a, watches host c.
func trackingPair(t *testing.T, track string, more ...string) (n *lab.Net, a *lab.Proc) {
	t.Helper()
	n = lan(t, "a", "b", "c")
	start(t, n, "c", halbd, session("S", "10.9.0.3", "10.9.0.1", ""))
	body := "virtual_ipaddress {\n 10.9.1.1/32\n }\n"
	a = start(t, n, "a", halbd, session("S", "10.9.0.1", "10.9.0.3", "")+instance("V", 51, 150, body+"track_bfd {\n S "+track+"\n }"), more...)
	start(t, n, "b", halbd, instance("V", 51, 100, body))
	return n, a
}

func TestBFDMovesTheRole(t *testing.T) {
	for track, want := range map[string]string{
		"":           "(V) Entering FAULT STATE: bfd S is down: no packet of 10.9.0.3 for 500ms",
		"weight -60": "(V) Changing effective priority to 90: configured 150, bfd S -60",
	} {
		t.Run("weight "+track, func(t *testing.T) {
			t.Parallel()
			n, a := trackingPair(t, track)
			wait(t, "a master", 15*time.Second, func() bool { return owns(n, "a", "10.9.1.1") && !owns(n, "b", "10.9.1.1") })
			_, err := n.Run("sw", "ip link set c-eth0 down")
			must(t, err)
			wait(t, "the loss seen", 2*time.Second, func() bool { return strings.Contains(a.Log(), want) })
			wait(t, "b master", 8*time.Second, func() bool { return owns(n, "b", "10.9.1.1") && !owns(n, "a", "10.9.1.1") })
			_, err = n.Run("sw", "ip link set c-eth0 up")
			must(t, err)
			wait(t, "a master again", 15*time.Second, func() bool { return owns(n, "a", "10.9.1.1") && !owns(n, "b", "10.9.1.1") })
		})
	}
}

// A session that has never been up is down from the start, and so it is
// without a BFD process.
func TestBFDIsDownFromTheStart(t *testing.T) {
	for _, option := range []string{"--all", "-B"} {
		t.Run(option, func(t *testing.T) {
			t.Parallel()
			n := lan(t, "a")
			a := start(t, n, "a", halbd, session("S", "10.9.0.1", "10.9.0.3", "")+
				instance("V", 51, 150, "virtual_ipaddress {\n 10.9.1.1/32\n }\ntrack_bfd {\n S\n }"), option, "-P")
			wait(t, "in FAULT", 5*time.Second, func() bool {
				return strings.Contains(a.Log(), "(V) Entering FAULT STATE: bfd S is down: it has not come up yet")
			})
			if runs := strings.Contains(a.Log(), "Starting bfd process"); runs == (option == "-B") {
				t.Errorf("with %s a BFD process runs: %v", option, runs)
			}
		})
	}
}

// A reload that changes intervals, adds a session and drops one costs the
// neighbour of the session that stays nothing.
func TestBFDReloadKeepsSessions(t *testing.T) {
	t.Parallel()
	n := lan(t, "a", "b", "c", "d")
	conf := session("S", "10.9.0.1", "10.9.0.2", "") + session("old", "10.9.0.1", "10.9.0.3", "")
	a := start(t, n, "a", halbd, conf)
	b := start(t, n, "b", keepalived, session("S", "10.9.0.2", "10.9.0.1", ""), "-D")
	c := start(t, n, "c", keepalived, session("S", "10.9.0.3", "10.9.0.1", ""), "-D")
	d := start(t, n, "d", halbd, session("S", "10.9.0.4", "10.9.0.1", ""))
	up := func(p *lab.Proc) func() bool {
		return func() bool { return strings.Contains(p.Log(), "(S) Entering Up state") }
	}
	wait(t, "b up", 10*time.Second, up(b))
	wait(t, "c up", 10*time.Second, up(c))
	child := pidIn(t, strings.TrimSuffix(a.Conf(), ".conf")+".bfd")

	conf = session("S", "10.9.0.1", "10.9.0.2", " min_tx 160\n min_rx 80\n multiplier 4") + session("new", "10.9.0.1", "10.9.0.4", "")
	must(t, os.WriteFile(a.Conf(), []byte(conf), 0o644))
	must(t, a.Signal(syscall.SIGHUP))
	wait(t, "d up", 10*time.Second, up(d))
	wait(t, "c told", 5*time.Second, func() bool { return strings.Contains(c.Log(), "(S) Entering Down state") })
	// keepalived prints what it agrees to: our min_tx, and 4 times that for the detection.
	wait(t, "the new intervals agreed", 5*time.Second, func() bool { return strings.Contains(b.Log(), "Detection time is 640000 us") })
	for p, name := range map[*lab.Proc]string{a: "(S) Entering Down", b: "(S) Entering Down"} {
		if strings.Contains(p.Log(), name) {
			t.Errorf("the session that stays went down: %s", p.Log())
		}
	}
	if now := pidIn(t, strings.TrimSuffix(a.Conf(), ".conf")+".bfd"); now != child {
		t.Errorf("the BFD process was %d and is %d", child, now)
	}
}

func pidIn(t *testing.T, file string) int {
	t.Helper()
	b, err := os.ReadFile(file)
	must(t, err)
	pid, err := strconv.Atoi(strings.TrimSpace(string(b)))
	must(t, err)
	return pid
}

// The death of the BFD process is no sign of the neighbour's: the role stays
// while the sessions come up again.
func TestBFDProcessDies(t *testing.T) {
	t.Parallel()
	n, a := trackingPair(t, "", "-D")
	wait(t, "a master", 15*time.Second, func() bool { return owns(n, "a", "10.9.1.1") })
	before := strings.Count(a.Log(), "FAULT")
	must(t, syscall.Kill(pidIn(t, strings.TrimSuffix(a.Conf(), ".conf")+".bfd"), syscall.SIGKILL))
	wait(t, "up again", 10*time.Second, func() bool { return strings.Count(a.Log(), "(S) Entering Up state") == 2 })
	if strings.Count(a.Log(), "FAULT") != before || !owns(n, "a", "10.9.1.1") {
		t.Error("the role was lost")
	}
	must(t, syscall.Kill(pidIn(t, strings.TrimSuffix(a.Conf(), ".conf")+".bfd"), syscall.SIGKILL))
	wait(t, "in FAULT when it dies again", 5*time.Second, func() bool {
		return strings.Contains(a.Log(), "(V) Entering FAULT STATE: bfd S is down: the BFD process keeps dying")
	})
	wait(t, "up once more", 15*time.Second, func() bool { return strings.Count(a.Log(), "(S) Entering Up state") == 3 && owns(n, "a", "10.9.1.1") })
}

// The BFD process gets the scheduling that is asked for.
func TestBFDScheduling(t *testing.T) {
	t.Parallel()
	n := lan(t, "a")
	a := start(t, n, "a", halbd, "global_defs {\n bfd_rt_priority 20\n bfd_rlimit_rttime 500000\n bfd_no_swap\n bfd_cpu_affinity 0\n bfd_priority -5\n}\n"+
		session("S", "10.9.0.1", "10.9.0.2", ""))
	wait(t, "started", 5*time.Second, func() bool { return strings.Contains(a.Log(), "honoured") })
	pid := pidIn(t, strings.TrimSuffix(a.Conf(), ".conf")+".bfd")
	read := func(name string) string {
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", pid, name))
		must(t, err)
		return string(b)
	}
	if !strings.Contains(strings.Join(strings.Fields(read("limits")), " "), "Max realtime timeout 250000 500000 us") {
		t.Errorf("limits: %s", read("limits"))
	}
	if strings.Contains(read("status"), "VmLck:\t       0 kB") {
		t.Error("its memory is not locked")
	}
	tasks, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
	must(t, err)
	var loop []string // policy, priority, nice value and processors of the real-time thread
	for _, task := range tasks {
		stat := strings.Fields(read("task/" + task.Name() + "/stat"))
		if status := read("task/" + task.Name() + "/status"); stat[40] == "2" {
			_, cpus, _ := strings.Cut(status, "Cpus_allowed_list:\t")
			cpus, _, _ = strings.Cut(cpus, "\n")
			loop = append(loop, stat[39], stat[18], cpus)
		}
	}
	if got := strings.Join(loop, " "); got != "20 -5 0" {
		t.Errorf("real-time priority, nice value and processors of its SCHED_RR thread: %q, want 20 -5 0", got)
	}
}

// What is not there at the start, the port because a routing daemon has it or
// the source address, is tried until it is.
func TestBFDWaitsForPortAndAddress(t *testing.T) {
	t.Parallel()
	n := lan(t, "a", "b")
	var other net.PacketConn
	must(t, n.Inside("a", func() (err error) {
		other, err = net.ListenPacket("udp4", ":3784")
		return err
	}))
	defer other.Close()
	start(t, n, "b", halbd, session("S", "10.9.0.2", "10.9.0.7", ""))
	a := start(t, n, "a", halbd, session("S", "10.9.0.7", "10.9.0.2", ""))
	wait(t, "both missed", 5*time.Second, func() bool {
		return strings.Contains(a.Log(), "BFD socket on UDP port 3784 of IPv4: address already in use; trying again every second") &&
			strings.Contains(a.Log(), "BFD packets to 10.9.0.2 cannot be sent: source address 10.9.0.7: cannot assign requested address")
	})
	must(t, other.Close())
	_, err := n.Run("a", "ip addr add 10.9.0.7/16 dev eth0")
	must(t, err)
	wait(t, "up", 10*time.Second, func() bool { return strings.Contains(a.Log(), "(S) Entering Up state") })
	for _, line := range []string{"BFD packets to 10.9.0.2 can be sent again", "address already in use"} {
		if c := strings.Count(a.Log(), line); c != 1 {
			t.Errorf("%d lines %q, want 1", c, line)
		}
	}
}
