package engine

import (
	"fmt"
	"net/netip"

	"golang.org/x/sys/unix"
)

// openFrames makes the socket that sends IPv6 adverts by a VMAC. IPv6 is off
// there until this host is master, and the advert that claims the role must
// leave before it is, so the packets are made here and handed to the link.
// Only multicast leaves by a VMAC.
func openFrames(key socketKey, index int) (*socket, error) {
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0) // protocol 0: it receives nothing
	if err != nil {
		return nil, fmt.Errorf("packet socket on %s: %w", key.iface, err)
	}
	return &socket{key: key, index: index, fd: fd, frames: true}, nil
}

// groupMAC is the Ethernet address of an IPv6 multicast group (RFC 2464 section 7).
func groupMAC(group netip.Addr) (mac [8]byte) {
	g := group.As16()
	mac[0], mac[1] = 0x33, 0x33
	copy(mac[2:], g[12:])
	return mac
}
