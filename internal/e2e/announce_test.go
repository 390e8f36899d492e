package e2e

import (
	"slices"
	"strings"
	"testing"
	"time"

	"halbd/internal/lab"
)

// The interfaces of a garp_group share one rate, and so do the VMACs on them.
func TestGARPGroup(t *testing.T) {
	const pace = 200 * time.Millisecond
	conf := "global_defs {\n vrrp_garp_master_delay 0\n vrrp_garp_master_repeat 1\n}\ngarp_group {\n garp_interval 0.2\n interfaces {\n eth0\n eth1\n }\n}\n" +
		instance("A", 1, 255, " use_vmac\n virtual_ipaddress {\n 10.9.1.1\n 10.9.1.2\n }") +
		instance("B", 2, 255, " virtual_ipaddress {\n 10.9.1.3\n 10.9.1.4\n }") +
		strings.Replace(instance("C", 3, 255, " virtual_ipaddress {\n 10.9.1.5\n 10.9.1.6\n }"), "eth0", "eth1", 1)
	for name, binary := range map[string]string{"keepalived": keepalived, "halbd": halbd} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := lan(t, "a")
			must(t, n.Plug("a", "eth1", "sw", "10.8.0.1/16"))
			sniff, err := n.Sniff("sw", "br0")
			must(t, err)
			defer sniff.Close()
			start(t, n, "a", binary, conf)
			var at []time.Time
			garps := func() bool {
				at = at[:0]
				for _, f := range sniff.Frames() {
					if f.GARP {
						at = append(at, f.At)
					}
				}
				return len(at) >= 6
			}
			wait(t, "six announcements", 20*time.Second, garps)
			addrs := map[string]bool{}
			for i, f := range slices.DeleteFunc(sniff.Frames(), func(f lab.Frame) bool { return !f.GARP }) {
				addrs[f.Src.String()] = true
				// A reader that is late sees a shorter gap after it, but not twice.
				if i > 1 && at[i].Sub(at[i-2]) < 2*pace-pace/2 {
					t.Errorf("announcements %d to %d within %v", i-2, i, at[i].Sub(at[i-2]))
				}
			}
			if len(addrs) != 6 {
				t.Errorf("announced: %v", addrs)
			}
			if all := at[5].Sub(at[0]); all < 5*pace-pace/2 {
				t.Errorf("six announcements within %v, want %v", all, 5*pace)
			}
		})
	}
}
