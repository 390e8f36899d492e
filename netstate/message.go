package netstate

import (
	"encoding/binary"
	"fmt"
	"net/netip"

	mdl "github.com/mdlayher/netlink"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// decode turns one message of a dump or of the subscription into a change;
// false for what a mirror does not keep.
func decode(m mdl.Message) (Change, bool, error) {
	switch m.Header.Type {
	case unix.RTM_NEWLINK, unix.RTM_DELLINK:
		return decodeLink(m)
	case unix.RTM_NEWADDR, unix.RTM_DELADDR:
		return decodeAddress(m)
	case unix.RTM_NEWROUTE, unix.RTM_DELROUTE:
		return decodeRoute(m)
	case unix.RTM_NEWRULE, unix.RTM_DELRULE:
		return decodeRule(m)
	}
	return Change{}, false, nil
}

func decodeLink(m mdl.Message) (Change, bool, error) {
	if len(m.Data) < unix.SizeofIfInfomsg {
		return Change{}, false, fmt.Errorf("link message of %d bytes", len(m.Data))
	}
	if m.Data[0] != unix.AF_UNSPEC { // a bridge's own notices about its ports
		return Change{}, false, nil
	}
	l, err := netlink.LinkDeserialize(&unix.NlMsghdr{Type: uint16(m.Header.Type)}, m.Data)
	if err != nil {
		return Change{}, false, fmt.Errorf("link message: %w", err)
	}
	a := l.Attrs()
	link := &Link{Index: a.Index, Name: a.Name, MTU: a.MTU, Up: a.RawFlags&unix.IFF_UP != 0 && a.RawFlags&unix.IFF_RUNNING != 0,
		AdminUp: a.RawFlags&unix.IFF_UP != 0, Parent: a.ParentIndex, Master: a.MasterIndex, Group: a.Group}
	if kind := l.Type(); kind != "device" {
		link.Kind = kind
	}
	switch l := l.(type) {
	case *netlink.Macvlan:
		link.Private = l.Mode == netlink.MACVLAN_MODE_PRIVATE
	case *netlink.IPVlan:
		link.L2 = l.Mode == netlink.IPVLAN_MODE_L2
	}
	if len(a.HardwareAddr) == len(link.MAC) && a.RawFlags&unix.IFF_LOOPBACK == 0 && a.EncapType == "ether" {
		link.Ether = true
		copy(link.MAC[:], a.HardwareAddr)
	}
	return Change{Gone: m.Header.Type == unix.RTM_DELLINK, Link: link}, true, nil
}

// ifaProto is IFA_PROTO (Linux 5.18); older kernels ignore it.
const ifaProto = 11

func decodeAddress(m mdl.Message) (Change, bool, error) {
	if len(m.Data) < unix.SizeofIfAddrmsg {
		return Change{}, false, fmt.Errorf("address message of %d bytes", len(m.Data))
	}
	a := &Address{Index: int(binary.NativeEndian.Uint32(m.Data[4:]))}
	bits, flags := int(m.Data[1]), uint32(m.Data[2])
	ad, err := mdl.NewAttributeDecoder(m.Data[unix.SizeofIfAddrmsg:])
	if err != nil {
		return Change{}, false, fmt.Errorf("address message: %w", err)
	}
	var local, address netip.Addr
	for ad.Next() {
		switch ad.Type() {
		case unix.IFA_LOCAL:
			local, _ = netip.AddrFromSlice(ad.Bytes())
		case unix.IFA_ADDRESS:
			address, _ = netip.AddrFromSlice(ad.Bytes())
		case unix.IFA_FLAGS:
			flags = ad.Uint32()
		case ifaProto:
			a.Protocol = ad.Uint8()
		}
	}
	if err := ad.Err(); err != nil {
		return Change{}, false, fmt.Errorf("address message: %w", err)
	}
	if !local.IsValid() {
		local = address
	}
	a.Prefix = netip.PrefixFrom(local, bits)
	if !a.Prefix.IsValid() {
		return Change{}, false, nil
	}
	a.Failed = flags&unix.IFA_F_DADFAILED != 0
	a.Usable = flags&(unix.IFA_F_TENTATIVE|unix.IFA_F_DADFAILED) == 0
	return Change{Gone: m.Header.Type == unix.RTM_DELADDR, Address: a}, true, nil
}
