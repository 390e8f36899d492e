package notify

import (
	"net"
	"net/netip"
	"testing"

	"halbd/conf"
)

// The loopback interface is the one that every host has.
func TestLinksOfThisHost(t *testing.T) {
	if _, err := net.InterfaceByName("lo"); err != nil {
		t.Skip(err)
	}
	h := SystemHost{}
	if h.ReusableLink("lo", false) || h.ReusableLink("lo", true) || h.ReusableLink("no-such-link", false) {
		t.Error("a link that VRRP did not make counts as its own")
	}
	if got, want := h.PrimaryAddress("lo", conf.IPv4), netip.MustParseAddr("127.0.0.1"); got.IsValid() && got != want {
		t.Errorf("primary address of lo: %v", got)
	}
	if got := h.PrimaryAddress("no-such-link", conf.IPv4); got.IsValid() {
		t.Errorf("address %v of no link", got)
	}
}
