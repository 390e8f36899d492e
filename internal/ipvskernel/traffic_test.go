package ipvskernel

import (
	"fmt"
	"os"
	"testing"
	"time"

	"halbd/internal/lab"
)

// Real requests of a client reach every web server through the director, and
// go on when one of them dies.
func TestTraffic(t *testing.T) {
	for _, kind := range []string{"NAT", "DR"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			n := farm(t, kind)
			var web []*lab.Web
			for i := range 2 {
				w, err := n.Serve(fmt.Sprintf("w%d", i+1), ":80", fmt.Sprintf("w%d", i+1))
				must(t, err)
				defer w.Close()
				web = append(web, w)
			}
			d := &director{net: n}
			d.start(t, os.Getenv(binary), "vrrp_instance F {\n interface eth0\n virtual_router_id 1\n priority 255\n virtual_ipaddress {\n 10.1.0.100/32\n }\n}\n"+
				"virtual_server 10.1.0.100 80 {\n delay_loop 1\n lb_algo rr\n lb_kind "+kind+"\n protocol TCP\n"+
				" real_server "+server(kind, 1)+" 80 {\n"+tcpCheck+"\n }\n real_server "+server(kind, 2)+" 80 {\n"+tcpCheck+"\n }\n}\n")
			answers := map[string]int{}
			ask := func() string {
				text, err := n.Get("c", "10.1.0.100:80", time.Second)
				if err != nil {
					return err.Error()
				}
				return text
			}
			if lab.Wait(15*time.Second, func() bool { answers[ask()]++; return answers["w1"] >= 5 && answers["w2"] >= 5 }) != nil {
				t.Fatalf("answers %v, want some of both servers", answers)
			}
			web[0].Close()
			row := 0
			if lab.Wait(15*time.Second, func() bool {
				if ask() == "w2" {
					row++
				} else {
					row = 0
				}
				return row >= 10
			}) != nil {
				t.Error("the server that is left does not get every request")
			}
		})
	}
}

func server(kind string, i int) string {
	if kind == "DR" {
		return fmt.Sprintf("10.1.0.%d", 10+i)
	}
	return fmt.Sprintf("10.2.0.%d", 10+i)
}

// farm is a client c, a director d and web servers w1 and w2. With NAT the
// servers are on a network behind the director; with DR on the client's, with
// the virtual address on their loopback.
func farm(t *testing.T, kind string) *lab.Net {
	t.Helper()
	n := lab.New()
	t.Cleanup(n.Close)
	must(t, n.Bridge("front"))
	must(t, n.Bridge("back"))
	must(t, n.Add("c", "d", "w1", "w2"))
	must(t, n.Plug("c", "eth0", "front", "10.1.0.1/16"))
	must(t, n.Plug("d", "eth0", "front", "10.1.0.2/16"))
	must(t, n.Plug("d", "eth1", "back", "10.2.0.1/16"))
	_, err := n.Run("d", "sysctl -qw net.ipv4.ip_forward=1")
	must(t, err)
	for i := 1; i <= 2; i++ {
		w, bridge, setup := fmt.Sprintf("w%d", i), "back", "ip route add default via 10.2.0.1"
		if kind == "DR" {
			bridge, setup = "front", "sysctl -qw net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.all.arp_announce=2 && ip addr add 10.1.0.100/32 dev lo"
		}
		must(t, n.Plug(w, "eth0", bridge, server(kind, i)+"/16"))
		_, err := n.Run(w, setup)
		must(t, err)
	}
	return n
}
