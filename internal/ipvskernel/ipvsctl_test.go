package ipvskernel

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"halbd/internal/lab"
)

// tools are two namespaces: ipvsadm works in a, halbd ipvs in b.
type tools struct {
	net *lab.Net
	dir string
}

func newTools(t *testing.T) *tools {
	t.Helper()
	modules, err := filepath.Glob("/lib/modules/*/kernel/net/netfilter/ipvs/ip_vs_*.ko*")
	must(t, err)
	for _, m := range modules {
		name, _, _ := strings.Cut(filepath.Base(m), ".")
		must(t, exec.Command("modprobe", name).Run())
	}
	x := &tools{net: lab.New(), dir: t.TempDir()}
	t.Cleanup(x.net.Close)
	must(t, x.net.Add("a", "b"))
	for _, n := range []string{"a", "b"} {
		_, err := x.net.Run(n, "ip link add d0 type dummy && ip addr add 10.9.9.9/24 dev d0 && ip link set d0 up")
		must(t, err)
	}
	return x
}

// run runs a script in which "$T" is the tool, and returns what it prints.
func (x *tools) run(t *testing.T, node, script string) string {
	t.Helper()
	tool := map[string]string{"a": "ipvsadm", "b": os.Getenv(binary) + " ipvs"}[node]
	file := filepath.Join(x.dir, node+".sh")
	must(t, os.WriteFile(file, []byte("T='"+tool+"'\n"+script), 0o600))
	out, err := x.net.Run(node, "sh "+file)
	must(t, err)
	return out
}

// state prints all that the kernel has, with one ipvsadm.
const state = `printf -- '-S -n\n-L -n --thresholds\n-L --timeout\n-L --daemon\n' | ipvsadm -R
`

// same runs each command line with both tools and wants the same output, exit
// status, and state of the kernel behind it.
func (x *tools) same(t *testing.T, lines []string) {
	t.Helper()
	var b strings.Builder
	for _, l := range lines {
		fmt.Fprintf(&b, "$T %s 2>/dev/null </dev/null; echo \"status $?\"; %s echo =====\n", l, state)
	}
	want := strings.Split(x.run(t, "a", b.String()), "=====\n")
	got := strings.Split(x.run(t, "b", b.String()), "=====\n")
	for i, l := range lines {
		if i >= len(got) || i >= len(want) || got[i] != want[i] {
			t.Errorf("%s\n--- ipvsadm\n%s--- halbd\n%s", l, want[i], got[i])
		}
	}
}

// Each line does the same to the kernel as it does with ipvsadm, one after the
// other, and ends with the same status. ipvsctl has more such lines, in a
// recording of ipvsadm.
func TestToolWords(t *testing.T) {
	t.Parallel()
	newTools(t).same(t, []string{"-A -t 10.0.0.1:80", "-A -t 10.0.0.1:80", "-A -t 10.0.0.2:80 -s nosuch", "-A -f 7 -6 -s mh -b mh-port -p 9 -M 64", "-A -t localhost:http -s rr", "-A -u 10.0.0.3:53 -o --pe sip -p",
		"-a -t 10.0.0.1:80 -r 10.1.0.1 -w 0", "-a -t 10.0.0.1:80 -r 10.1.0.1:80", "-a -t 10.0.0.1:80 -r 10.1.0.2:99 -i --tun-type gre --tun-csum", "-a -t 10.0.0.1:80 -r 10.1.0.3 -m -x 5 -y 9",
		"-a -t 10.0.0.9:80 -r 10.1.0.3", "-e -t 10.0.0.1:80 -r 10.1.0.2 -w 5 -x 9 -y 3", "-e -t 10.0.0.1:80 -r 10.1.0.9", "-d -t 10.0.0.1:80 -r 10.1.0.9", "-d -t 10.0.0.1:80 -r 10.1.0.1",
		"-E -t 10.0.0.1:80 -s sh -b sh-fallback", "-E -t 10.0.0.9:80", "-L -n", "-L -n -f 7 -6", "-L -n -t 10.0.0.9:80", "-Z", "-Z -t 10.0.0.9:80", "-D -t 10.0.0.9:80", "-D -t 10.0.0.1:80",
		"--set 100 0 50", "-L --timeout", "--start-daemon master --mcast-interface nosuch", "--start-daemon master --mcast-interface d0 --syncid 5 --mcast-ttl 3 --mcast-port 99 --mcast-group 224.0.0.9 --sync-maxlen 1000",
		"--start-daemon master --mcast-interface d0", "--start-daemon backup --mcast-interface d0 --mcast-group ff02::9", "-L --daemon", "--stop-daemon master", "--stop-daemon master", "--stop-daemon backup", "-C", ""})
}

// rules are the lines of a table with every kind of object; equal numbers make
// equal tables.
func rules(r *rand.Rand) []string {
	pick := func(list ...string) string { return list[r.IntN(len(list))] }
	addr4 := func() string {
		return fmt.Sprintf("%d.%d.%d.%d", []int{10, 10, 10, 172, 192, r.IntN(223) + 1}[r.IntN(6)], r.IntN(256), r.IntN(3), r.IntN(256))
	}
	addr6 := func() string {
		return fmt.Sprintf("%s%x::%x:%x", pick("2001:db8:", "fd00:", "fe80:", "64:ff9b:", "0:"), r.IntN(9), r.IntN(1<<16), r.IntN(1<<16))
	}
	var lines []string
	for range 1 + r.IntN(25) {
		kind := pick("-t", "-u", "--sctp-service", "-f")
		v6 := r.IntN(3) == 0
		port := pick("80", "443", "53", "5060", "65535", "1")
		name := kind + " " + addr4() + ":" + port
		if v6 {
			name = kind + " [" + addr6() + "]:" + port
		}
		if kind == "-f" {
			name = fmt.Sprintf("-f %d", 1+r.IntN(40))
			if v6 {
				name += " -6"
			}
		}
		line := "-A " + name + " -s "
		scheduler := pick("rr", "wrr", "lc", "wlc", "lblc", "lblcr", "dh", "sh", "sed", "nq", "fo", "ovf", "mh")
		line += scheduler
		if r.IntN(2) == 0 {
			line += fmt.Sprintf(" -p %d", 1+r.IntN(100000))
			if r.IntN(2) == 0 && v6 {
				line += fmt.Sprintf(" -M %d", 1+r.IntN(128))
			} else if r.IntN(2) == 0 && !v6 {
				line += " -M " + pick("255.255.255.255", "255.255.255.0", "255.0.0.0", "255.255.255.254")
			}
			if r.IntN(2) == 0 {
				line += " --pe sip"
			}
		}
		if r.IntN(3) == 0 {
			switch scheduler {
			case "sh", "mh":
				line += " -b " + pick(scheduler+"-port", scheduler+"-fallback", scheduler+"-fallback,"+scheduler+"-port")
			default:
				line += " -b " + pick("flag-1", "flag-2", "flag-3", "flag-1,flag-3")
			}
		}
		if (kind == "-u" || kind == "-f") && r.IntN(2) == 0 {
			line += " -o"
		}
		lines = append(lines, line)
		for range r.IntN(12) {
			method := pick("-m", "-g", "-i", "-i --tun-type ipip", "-i --tun-type gue --tun-port 6080", "-i --tun-type gue --tun-port 5555 --tun-csum", "-i --tun-type gue --tun-port 1 --tun-remcsum",
				"-i --tun-type gre", "-i --tun-type gre --tun-csum", "-i --tun-type gre --tun-nocsum")
			server6 := v6
			if method[:2] == "-i" && r.IntN(3) == 0 {
				server6 = !v6
			}
			at := addr4() + ":" + pick("80", "8080", "40000")
			if server6 {
				at = "[" + addr6() + "]:" + pick("80", "8080", "40000")
			}
			line := fmt.Sprintf("-a %s -r %s %s -w %d", name, at, method, []int{0, 1, 100, 65535, 1 << 30}[r.IntN(5)])
			if r.IntN(3) == 0 {
				line += fmt.Sprintf(" -x %d -y %d", 100+r.IntN(100), r.IntN(100))
			}
			lines = append(lines, line)
		}
	}
	return lines
}

// What list and save print of all kinds of tables is what ipvsadm prints, and
// what either saves the other restores.
func TestToolTables(t *testing.T) {
	t.Parallel()
	x := newTools(t)
	halbd := os.Getenv(binary) + " ipvs"
	in := func(node, script string) string {
		out, err := x.net.Run(node, script)
		must(t, err)
		return out
	}
	for seed := range uint64(3) {
		file := filepath.Join(x.dir, "rules")
		must(t, os.WriteFile(file, []byte(strings.Join(rules(rand.New(rand.NewPCG(seed, 5))), "\n")+"\n"), 0o600))
		statusA := in("a", "ipvsadm -C; ipvsadm -R < "+file+" 2>/dev/null; echo $?")
		statusB := in("b", "ipvsadm -C; "+halbd+" -R < "+file+" 2>/dev/null; echo $?")
		if a, b := statusA+in("a", state), statusB+in("b", state); a != b {
			t.Fatalf("seed %d: -R\n--- ipvsadm\n%s--- halbd\n%s", seed, a, b)
		}
		services := strings.Split(strings.TrimSpace(in("a", "ipvsadm -Sn | grep ^-A")), "\n")
		one := strings.Fields(services[int(seed)%len(services)])
		name := strings.Join(one[1:3], " ")
		if len(one) > 3 && one[3] == "-6" {
			name += " -6"
		}
		for _, words := range []string{"", "--stats", "--rate", "--thresholds", "--persistent-conn", "--tun-info", "--exact", "--stats --exact", "--rate --exact", "--nosort", "--thresholds --nosort",
			"--sort", "--timeout", "--daemon", "-c", "-c --persistent-conn", name, "--stats " + name, "--tun-info " + name} {
			want := in("a", "ipvsadm -Ln "+words)
			for _, grammar := range []string{" list ", " -Ln "} {
				if got := in("a", halbd+grammar+words); got != want {
					t.Errorf("seed %d: %s%s\n--- ipvsadm\n%s--- halbd\n%s", seed, grammar, words, want, got)
				}
			}
		}
		if seed < 1 { // names are slow where no name server answers
			for _, words := range []string{"-L", "-S", ""} {
				if want, got := in("a", "ipvsadm "+words), in("a", halbd+" "+words); got != want {
					t.Errorf("seed %d: %q\n--- ipvsadm\n%s--- halbd\n%s", seed, words, want, got)
				}
			}
		}
		saved := in("a", "ipvsadm -Sn")
		for _, words := range []string{" save", " -Sn"} {
			if got := in("a", halbd+words); got != saved {
				t.Errorf("seed %d: %s\n--- ipvsadm\n%s--- halbd\n%s", seed, words, saved, got)
			}
		}
		for _, round := range []string{
			halbd + " save > $F; ipvsadm -C; ipvsadm-restore < $F",
			"ipvsadm -Sn > $F; ipvsadm -C; " + halbd + " restore $F",
			"ipvsadm -Sn > $F; ipvsadm -A -t 10.77.0.1:77; " + halbd + " restore --clear < $F",
			"ipvsadm -Sn > $F; ipvsadm -C; " + halbd + " -R < $F",
		} {
			if got := in("a", "F="+file+"; "+round+"; ipvsadm -Sn"); !sameLines(got, saved) {
				t.Errorf("seed %d: %s\n--- before\n%s--- after\n%s", seed, round, saved, got)
			}
		}
	}
}

// Restoring a difference keeps what is equal, with its counters' connections,
// leaves other services alone, and says what it does before.
func TestToolRestoreIsADifference(t *testing.T) {
	t.Parallel()
	x := newTools(t)
	out := x.run(t, "b", `
ipvsadm -A -t 10.0.0.1:80 -s rr; ipvsadm -a -t 10.0.0.1:80 -r 10.1.0.1 -m; ipvsadm -a -t 10.0.0.1:80 -r 10.1.0.2 -m; ipvsadm -A -f 5; ipvsadm -a -f 5 -r 10.1.0.5
printf -- '-A -t 10.0.0.1:80 -s wrr\n-a -t 10.0.0.1:80 -r 10.1.0.2 -m -w 4\n-a -t 10.0.0.1:80 -r 10.1.0.3 -m\n' > `+x.dir+`/f
$T diff `+x.dir+`/f; echo; $T diff --clear `+x.dir+`/f; echo; $T restore `+x.dir+`/f; ipvsadm -Sn; $T restore --clear - < `+x.dir+`/f; echo; ipvsadm -Sn; $T diff --clear `+x.dir+`/f
printf -- '-A -t 10.0.0.9:80\n-a -t 10.0.0.8:80 -r 10.1.0.1\n-x\n-A -t 10.0.0.9:80\n-L\n' | $T restore 2>&1; echo $?; ipvsadm -Sn
`)
	want := `-E -t 10.0.0.1:80 -s wrr
-e -t 10.0.0.1:80 -r 10.1.0.2:80 -m -w 4
-a -t 10.0.0.1:80 -r 10.1.0.3:80 -m -w 1
-d -t 10.0.0.1:80 -r 10.1.0.1:80

-E -t 10.0.0.1:80 -s wrr
-e -t 10.0.0.1:80 -r 10.1.0.2:80 -m -w 4
-a -t 10.0.0.1:80 -r 10.1.0.3:80 -m -w 1
-d -t 10.0.0.1:80 -r 10.1.0.1:80
-D -f 5

-A -t 10.0.0.1:80 -s wrr
-a -t 10.0.0.1:80 -r 10.1.0.2:80 -m -w 4
-a -t 10.0.0.1:80 -r 10.1.0.3:80 -m -w 1
-A -f 5 -s wlc
-a -f 5 -r 10.1.0.5:0 -g -w 1

-A -t 10.0.0.1:80 -s wrr
-a -t 10.0.0.1:80 -r 10.1.0.2:80 -m -w 4
-a -t 10.0.0.1:80 -r 10.1.0.3:80 -m -w 1
halbd ipvs: standard input: nothing was changed:
line 2: add real server 10.1.0.1:80 in tcp 10.0.0.8:80: there is no such service
line 3: "-x" is no command (halbd ipvs --help)
line 4: add virtual service tcp 10.0.0.9:80: it exists already
line 5: list does not belong in a table
2
-A -t 10.0.0.1:80 -s wrr
-a -t 10.0.0.1:80 -r 10.1.0.2:80 -m -w 4
-a -t 10.0.0.1:80 -r 10.1.0.3:80 -m -w 1
`
	if out != want {
		t.Errorf("got\n%s\nwant\n%s", out, want)
	}
}

// Connections, with the data of a persistence engine, and counters of real
// traffic are what ipvsadm prints; zero sets counters to zero.
func TestToolConnections(t *testing.T) {
	t.Parallel()
	x := newTools(t)
	halbd := os.Getenv(binary) + " ipvs"
	_, err := x.net.Run("a", `
ip addr add 10.0.0.1/32 dev lo; ip -6 addr add 2001:db8::1/128 dev lo nodad
ipvsadm -A -t 10.0.0.1:80; ipvsadm -a -t 10.0.0.1:80 -r 127.0.0.1:8080 -m
ipvsadm -A -u 10.0.0.1:53 -p 100; ipvsadm -a -u 10.0.0.1:53 -r 127.0.0.1:53 -m
ipvsadm -A -u 10.0.0.1:5060 --pe sip -p 100; ipvsadm -a -u 10.0.0.1:5060 -r 127.0.0.1:5060 -m
ipvsadm -A -t [2001:db8::1]:80; ipvsadm -a -t [2001:db8::1]:80 -r [::1]:8080 -m
sysctl -qw net.ipv4.vs.conntrack=0`)
	must(t, err)
	var open []io.Closer
	must(t, x.net.Inside("a", func() (err error) { open, err = traffic(); return err }))
	defer func() {
		for _, c := range open {
			c.Close()
		}
	}()
	// The tools run at different moments.
	timeless := func(s string) string { return regexp.MustCompile(` \d\d:\d\d  `).ReplaceAllString(s, " MM:SS  ") }
	for _, words := range []string{"-Lnc", "-Lc", "-Lnc --persistent-conn", "-Lc --persistent-conn", "-Ln", "-Ln --stats", "-Ln --stats --exact", "-Ln --persistent-conn"} {
		var got, want string
		for range 5 { // until nothing moves between the tools' runs
			out, err := x.net.Run("a", "ipvsadm "+words+"; echo =====; "+halbd+" "+words+"; echo =====; ipvsadm "+words)
			must(t, err)
			three := strings.Split(timeless(out), "=====\n")
			if want, got = three[0], three[1]; want == three[2] {
				break
			}
		}
		if got != want {
			t.Errorf("%s\n--- ipvsadm\n%s--- halbd\n%s", words, want, got)
		}
		if words == "-Lnc --persistent-conn" && (!strings.Contains(got, "abcdef@host") || !strings.Contains(got, "[2001:db8::1]:80")) {
			t.Errorf("not all connections are there:\n%s", got)
		}
	}
	after, err := x.net.Run("a", halbd+" zero -t 10.0.0.1:80; ipvsadm -Ln --stats -t 10.0.0.1:80; "+halbd+" zero; ipvsadm -Ln --stats | tail -n +4 | grep -v ' 0        0        0        0        0'; true")
	must(t, err)
	if want := "TCP  10.0.0.1:80                         0        0        0        0        0\n"; !strings.Contains(after, want) || strings.Contains(after, "UDP") {
		t.Errorf("after zero:\n%s", after)
	}
}

// traffic makes connections through the services of TestToolConnections: TCP
// ones that stay open, and datagrams, one of them of SIP.
func traffic() (open []io.Closer, err error) {
	for _, at := range []struct{ server, client, service string }{
		{"127.0.0.1:8080", "127.0.0.1:40001", "10.0.0.1:80"},
		{"[::1]:8080", "[::1]:40002", "[2001:db8::1]:80"},
	} {
		l, err := net.Listen("tcp", at.server)
		if err != nil {
			return open, err
		}
		open = append(open, l)
		from, err := net.ResolveTCPAddr("tcp", at.client)
		if err != nil {
			return open, err
		}
		c, err := (&net.Dialer{LocalAddr: from}).Dial("tcp", at.service)
		if err != nil {
			return open, err
		}
		open = append(open, c)
	}
	for client, packet := range map[string][2]string{"127.0.0.1:40003": {"10.0.0.1:53", "x"}, "127.0.0.1:40004": {"10.0.0.1:5060", "INVITE sip:x@y SIP/2.0\r\nCall-ID: abcdef@host\r\n\r\n"}} {
		from, err := net.ResolveUDPAddr("udp", client)
		if err != nil {
			return open, err
		}
		c, err := (&net.Dialer{LocalAddr: from}).Dial("udp", packet[0])
		if err != nil {
			return open, err
		}
		open = append(open, c)
		if _, err := io.WriteString(c, packet[1]); err != nil {
			return open, err
		}
	}
	return open, nil
}

// sameLines compares texts whose lines may be in any order.
func sameLines(a, b string) bool {
	x, y := lines(a), lines(b)
	slices.Sort(x)
	slices.Sort(y)
	return slices.Equal(x, y)
}
