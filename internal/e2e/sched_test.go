package e2e

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

// A real-time process that takes thousands of addresses over works for much
// longer than vrrp_rlimit_rttime, and is not killed for it: the limit is for
// one that has gone wild. Without the keyword there is none.
func TestRealTimeLimit(t *testing.T) {
	const routers, each = 250, 20
	for keyword, want := range map[string]string{"vrrp_rlimit_rttime 20000": "10000 20000 us", "": "unlimited unlimited us"} {
		t.Run(keyword, func(t *testing.T) {
			n := lan(t, "a")
			var conf strings.Builder
			conf.WriteString("global_defs {\n vrrp_rt_priority 10\n " + keyword + "\n}\n")
			for i := range routers {
				var addrs strings.Builder
				for k := range each {
					fmt.Fprintf(&addrs, " 10.9.%d.%d/32\n", 100+k, i+1)
				}
				conf.WriteString(instance(fmt.Sprint("V", i), i+1, 150, " virtual_ipaddress {\n"+addrs.String()+"}"))
			}
			a := start(t, n, "a", halbd, conf.String())
			wait(t, "every address", 30*time.Second, func() bool {
				out, _ := n.Run("a", "ip -o -4 addr show dev eth0")
				return strings.Count(out, "\n") == routers*each+1
			})
			pid := pidIn(t, strings.TrimSuffix(a.Conf(), ".conf")+".vrrp")
			limits, err := os.ReadFile(fmt.Sprintf("/proc/%d/limits", pid))
			must(t, err)
			if !strings.Contains(strings.Join(strings.Fields(string(limits)), " "), "Max realtime timeout "+want) {
				t.Errorf("want %s in:\n%s", want, limits)
			}
			if strings.Count(a.Log(), "Starting vrrp process") != 1 {
				t.Error("the process was started again")
			}
		})
	}
}
