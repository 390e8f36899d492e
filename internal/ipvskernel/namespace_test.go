package ipvskernel

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// With net_namespace_ipvs the table and the sync daemons are in another
// namespace than the probes.
func TestNamespaceOfIPVS(t *testing.T) {
	for _, program := range []string{keepalived, os.Getenv(binary)} {
		t.Run(filepath.Base(program), func(t *testing.T) {
			t.Parallel()
			d := newDirector(t)
			must(t, d.net.Add("i"))
			tables := func(node, want string) func() bool {
				return func() bool {
					out, err := d.net.Run(node, "ipvsadm -Sn; ipvsadm -Ln --daemon")
					return err == nil && out == want
				}
			}
			p := d.start(t, program, "net_namespace_ipvs "+d.net.Namespace("i")+"\nglobal_defs {\n lvs_sync_daemon lo id 5\n}\n"+
				vs("10.50.0.1 80", "lb_algo rr\n lb_kind NAT\n protocol TCP", rs(1, 1, tcpCheck)+rs(2, 2, tcpCheck)))
			service, one, two := "-A -t 10.50.0.1:80 -s rr\n", "-a -t 10.50.0.1:80 -r 127.0.0.2:8000 -m -w 1\n", "-a -t 10.50.0.1:80 -r 127.0.0.3:8000 -m -w 2\n"
			daemons := "master sync daemon (mcast=lo, syncid=5, maxlen=1472, group=224.0.0.81, port=8848, ttl=1)\nbackup sync daemon (mcast=lo, syncid=5, maxlen=65507, group=224.0.0.81, port=8848, ttl=1)\n"
			wait(t, "the table in the other namespace", 15*time.Second, tables("i", service+one+two+daemons))
			d.down(1)
			wait(t, "without the server that died", 15*time.Second, tables("i", service+two+daemons))
			if out := d.glance(); strings.Contains(out, "rr") {
				t.Errorf("the daemon's own namespace has %s", out)
			}
			must(t, p.Stop(20*time.Second))
			wait(t, "empty after the stop", 5*time.Second, tables("i", ""))
		})
	}
}
