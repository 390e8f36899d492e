package engine

import (
	"bytes"
	"net/netip"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"halbd/internal/pcap"
)

// Every gratuitous ARP and unsolicited neighbour advertisement that keepalived
// 2.4.3 sent is made again from its MAC and its address. The captures are no
// part of this repository.
func TestAnnouncementsAreThoseOfKeepalived(t *testing.T) {
	files, _ := filepath.Glob("../../../shared/reference/pcap/*.pcap")
	if len(files) == 0 {
		t.Skip("not compared with keepalived's frames: no captures")
	}
	arps, advertisements := 0, 0
	for _, name := range files {
		frames, err := pcap.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range frames {
			b := f.Data
			var got []byte
			switch kind, ip := uint16(b[12])<<8|uint16(b[13]), b[14:]; {
			case kind == unix.ETH_P_ARP && bytes.Equal(ip[14:18], ip[24:28]):
				arps++
				if got, err = garpFrame([6]byte(b[6:12]), netip.AddrFrom4([4]byte(ip[14:18]))); err != nil {
					t.Fatal(err)
				}
			case kind == unix.ETH_P_IPV6 && ip[6] == icmp6 && ip[40] == naType && netip.AddrFrom16([16]byte(ip[24:40])) == netip.MustParseAddr("ff02::1"):
				advertisements++
				got = naFrame([6]byte(b[6:12]), netip.AddrFrom16([16]byte(ip[8:24])), false)
			default:
				continue
			}
			if !bytes.Equal(got, b[:len(got)]) { // behind it is Ethernet's padding
				t.Errorf("%s at %v: %x\nkeepalived's %x", filepath.Base(name), f.At, got, b)
			}
		}
	}
	t.Logf("%d ARP requests, %d neighbour advertisements", arps, advertisements)
	if arps == 0 || advertisements == 0 {
		t.Error("the captures have nothing to compare with")
	}
}
