package ipvskernel

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"halbd/internal/lab"
)

// routesConf has the options of routes and rules that need a kernel with VRF,
// MPLS and ILA.
const routesConf = `vrrp_instance V {
  interface eth0
  virtual_router_id 1
  priority 255
  advert_int 1
  virtual_ipaddress {
    10.9.1.1/24
    10.8.1.1/24 dev eth1
  }
  virtual_ipaddress_excluded {
    fd09:1::1/64
  }
  virtual_routes {
    10.20.0.0/16 via 10.8.0.9 dev eth1 vrf blue
    10.20.1.0/24 dev eth1 vrf blue metric 3
    10.23.0.0/24 via 10.9.0.9 dev eth0 encap ip id 5 dst 192.0.2.1 tos 4 ttl 5
    10.23.1.0/24 via 10.9.0.9 dev eth0 encap mpls 16/17
    10.23.2.0/24 via 10.9.0.9 dev eth0 encap mpls 16 ttl-propagate disabled
    10.24.0.0/24 via 10.9.0.9 dev eth0 congctl cubic
    fd23:1:0:1:2000::/80 via fd09::9 dev eth0 encap ila 1:2:3:4
    fd23:2::/64 via fd09::9 dev eth0 encap mpls 16
  }
  virtual_rules {
    l3mdev priority 105
    iif blue table 77 priority 106
  }
}
`

// What halbd makes of them is what keepalived makes of them, and halbd
// recognises it: nothing seems to be taken, and nothing stays behind.
func TestRoutesOfOtherKernels(t *testing.T) {
	t.Parallel()
	var got [2][]string
	for i, daemon := range []string{keepalived, os.Getenv(binary)} {
		n := lab.New()
		t.Cleanup(n.Close)
		must(t, n.Bridge("sw"))
		must(t, n.Add("a"))
		must(t, n.Plug("a", "eth0", "sw", "10.9.0.1/16", "fd09::1/64"))
		_, err := n.Run("a", "modprobe -a mpls_iptunnel ila; ip link add blue type vrf table 1000 && ip link set blue up")
		must(t, err)
		must(t, n.Plug("a", "eth1", "sw"))
		_, err = n.Run("a", "ip link set eth1 master blue && ip addr add 10.8.0.1/16 dev eth1")
		must(t, err)
		objects := func() []string {
			out, err := n.Run("a", "ip -d route show table all proto 18; ip -d -6 route show table all proto 18; ip -d rule; ip -d -6 rule; ip -o addr | grep -o 'inet6\\? [^ ]*' | grep -v fe80")
			must(t, err)
			list := strings.Split(out, "\n")
			slices.Sort(list)
			return list
		}
		before := objects()
		p, err := n.Daemon("a", daemon, t.TempDir(), routesConf)
		must(t, err)
		if lab.Wait(60*time.Second, func() bool {
			return slices.ContainsFunc(objects(), func(l string) bool { return strings.HasPrefix(l, "106:") })
		}) != nil {
			t.Fatalf("no rule:\n%s", p.Log())
		}
		got[i] = objects()
		must(t, p.Stop(20*time.Second))
		if d := cmp.Diff(before, objects()); i == 1 && d != "" {
			t.Errorf("what stays behind:\n%s", d)
		}
		if i == 1 && (strings.Contains(p.Log(), "taken by") || strings.Contains(p.Log(), "refuses")) {
			t.Errorf("log:\n%s", p.Log())
		}
	}
	if d := cmp.Diff(got[0], got[1]); d != "" {
		t.Errorf("- keepalived, + halbd:\n%s", d)
	}
}
