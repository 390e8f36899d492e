package notify

import (
	"net/netip"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"halbd/conf"
)

// ReusableLink reports whether the link is one that VRRP may take over.
func (SystemHost) ReusableLink(name string, ipvlan bool) bool {
	link, err := netlink.LinkByName(name)
	if err != nil {
		return false
	}
	switch l := link.(type) {
	case *netlink.Macvlan:
		return !ipvlan && l.Mode == netlink.MACVLAN_MODE_PRIVATE
	case *netlink.IPVlan:
		return ipvlan && l.Mode == netlink.IPVLAN_MODE_L2
	}
	return false
}

// PrimaryAddress gives the first address of an interface; of IPv6 the first link-local one.
func (SystemHost) PrimaryAddress(name string, f conf.Family) netip.Addr {
	link, err := netlink.LinkByName(name)
	if err != nil {
		return netip.Addr{}
	}
	family := unix.AF_INET
	if f == conf.IPv6 {
		family = unix.AF_INET6
	}
	list, err := netlink.AddrList(link, family)
	if err != nil {
		return netip.Addr{}
	}
	for _, a := range list {
		addr, ok := netip.AddrFromSlice(a.IP)
		if addr = addr.Unmap(); ok && (f == conf.IPv4 || addr.IsLinkLocalUnicast()) && a.Flags&unix.IFA_F_SECONDARY == 0 {
			return addr
		}
	}
	return netip.Addr{}
}

// MTU gives the largest packet of a link in bytes.
func (SystemHost) MTU(name string) int {
	link, err := netlink.LinkByName(name)
	if err != nil {
		return 0
	}
	return link.Attrs().MTU
}
