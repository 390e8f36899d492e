package nlbatch

import (
	"slices"
	"testing"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

// unknown is a message type that no kernel has: it is refused.
const unknown = 0x7fff

// A request that the kernel refuses is named, whatever batch it is in and
// whoever is refused beside it; the connection stays in step.
func TestSendNamesTheRequestsThatFail(t *testing.T) {
	c, err := Dial(unix.NETLINK_ROUTE)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for name, bad := range map[string][]int{"none": nil, "one": {70}, "several": {0, 1, size - 1, size, 3*size - 1}, "every one": seq(3 * size)} {
		requests := make([]netlink.Message, 3*size)
		for i := range requests {
			requests[i] = netlink.Message{Header: netlink.Header{Type: netlink.Noop, Flags: netlink.Request}}
			if slices.Contains(bad, i) {
				requests[i] = netlink.Message{Header: netlink.Header{Type: unknown, Flags: netlink.Request}, Data: make([]byte, 16)}
			}
		}
		var failed []int
		if err := Send(c, requests, func(i int, err error) { failed = append(failed, i) }); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if !slices.Equal(failed, bad) {
			t.Errorf("%s: failed %v, want %v", name, failed, bad)
		}
	}
}

func seq(n int) (list []int) {
	for i := range n {
		list = append(list, i)
	}
	return list
}
