package ipvskernel

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"halbd/internal/lab"
)

// bfdSession is a bfd_instance with a detection time of two seconds, which a
// busy kernel keeps.
func bfdSession(source, neighbor, use string) string {
	return fmt.Sprintf("bfd_instance b {\n neighbor_ip %s\n source_ip %s\n min_rx 400\n min_tx 400\n %s\n}\n", neighbor, source, use)
}

// A server with BFD_CHECK follows the session with its host: it goes at the
// start, comes with the session and goes with it. When the BFD process dies it
// stays until the next one knows more.
func TestBFDCheck(t *testing.T) {
	for _, program := range []string{keepalived, os.Getenv(binary)} {
		t.Run(filepath.Base(program), func(t *testing.T) {
			t.Parallel()
			d := newDirector(t)
			n := d.net
			must(t, n.Bridge("sw"))
			must(t, n.Add("p"))
			must(t, n.Plug("d", "eth0", "sw", "10.9.0.1/16"))
			must(t, n.Plug("p", "eth0", "sw", "10.9.0.2/16"))
			service, one, two := "-A -t 10.50.0.1:80 -s rr\n", "-a -t 10.50.0.1:80 -r 127.0.0.2:8000 -m -w 1\n", "-a -t 10.50.0.1:80 -r 127.0.0.3:8000 -m -w 1\n"
			becomes := func(what, want string) {
				t.Helper()
				got := ""
				if lab.Wait(30*time.Second, func() bool {
					var err error
					got, err = d.table()
					return err == nil && got == want
				}) != nil {
					t.Fatalf("%s: the table is\n%swant\n%s", what, got, want)
				}
			}
			p := d.start(t, program, bfdSession("10.9.0.1", "10.9.0.2", "checker")+
				vs("10.50.0.1 80", "lb_algo rr\n lb_kind NAT\n protocol TCP", rs(1, 1, " BFD_CHECK {\n name b\n }")+rs(2, 1, tcpCheck)))
			becomes("start", service+two)
			peer, err := n.Daemon("p", keepalived, t.TempDir(), bfdSession("10.9.0.2", "10.9.0.1", ""))
			must(t, err)
			becomes("the neighbour is there", service+one+two)
			must(t, d.rewrite(func(text string) string { return strings.Replace(text, "lb_algo rr", "lb_algo wrr", 1) }))
			service = strings.Replace(service, "rr", "wrr", 1)
			becomes("reload", service+one+two)
			if program != keepalived {
				killBFD(t, p)
				if change(d, 3*time.Second) {
					got, _ := d.table()
					t.Errorf("the BFD process died, and the table became\n%s", got)
				}
			}
			peer.Crash()
			becomes("the neighbour is gone", service+two)
			must(t, p.Stop(20*time.Second))
			becomes("stopped", "")
		})
	}
}

// killBFD kills the BFD process of halbd and waits for the next one.
func killBFD(t *testing.T, p *lab.Proc) {
	t.Helper()
	const started = "Starting bfd process, pid="
	_, rest, _ := strings.Cut(p.Log(), started)
	var pid int
	_, err := fmt.Sscan(rest, &pid)
	must(t, err)
	must(t, syscall.Kill(pid, syscall.SIGKILL))
	wait(t, "a new BFD process", 10*time.Second, func() bool { return strings.Count(p.Log(), started) == 2 })
}
