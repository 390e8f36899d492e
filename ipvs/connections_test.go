package ipvs

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
)

// The kernel's text: services of each kind, and lines that belong to none.
func TestDestinationConnections(t *testing.T) {
	const text = `IP Virtual Server version 1.2.1 (size=4096)
Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port Forward Weight ActiveConn InActConn
TCP  0A000001:0050 wrr persistent 300 FFFFFFFF
  -> 0A000002:1F90      Masq    1      12         345
  -> 0A000003:1F90      Masq    0      0          0
UDP  [fd00:0000:0000:0000:0000:0000:0000:0001]:0035 rr
  -> [fd00:0000:0000:0000:0000:0000:0000:0002]:0035      Route   1      1          2
FWM  00000007 rr
  -> [fd00:0000:0000:0000:0000:0000:0000:0003]:0000      Route   1      3          4
XYZ  0A000001:0050 rr
  -> 0A000009:1F90      Masq    1      9          9
`
	var got []string
	err := connections(strings.NewReader(text), func(k ServiceKey, at netip.AddrPort, active, inactive uint64) {
		got = append(got, fmt.Sprint(k, " ", k.IPv6, " ", at, " ", active, " ", inactive))
	})
	want := []string{"tcp 10.0.0.1:80 false 10.0.0.2:8080 12 345", "tcp 10.0.0.1:80 false 10.0.0.3:8080 0 0", "udp [fd00::1]:53 true [fd00::2]:53 1 2", "fwmark 7 true [fd00::3]:0 3 4"}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%v\n%s", err, strings.Join(got, "\n"))
	}
}
