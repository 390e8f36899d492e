package netstate

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"

	mdl "github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"

	"halbd/conf"
)

// Attributes of linux/if_link.h, linux/ip.h and linux/in6.h that x/sys/unix lacks.
const (
	inetConf       = 1 // IFLA_INET_CONF
	inet6AddrGen   = 8 // IFLA_INET6_ADDR_GEN_MODE
	addrGenNone    = 1 // IN6_ADDR_GEN_MODE_NONE
	macvlanMode    = 1 // IFLA_MACVLAN_MODE
	ipvlanMode     = 1 // IFLA_IPVLAN_MODE
	ipvlanFlags    = 2 // IFLA_IPVLAN_FLAGS
	ipvlanL2       = 0
	macvlanPrivate = 1

	confRPFilter           = 8 // IPV4_DEVCONF_*
	confARPFilter          = 13
	confARPAnnounce        = 18
	confARPIgnore          = 19
	confPromoteSecondaries = 20
	confAcceptLocal        = 23
)

var ipvlanFlag = map[conf.IPVLANMode]uint16{conf.IPVLANBridge: 0, conf.IPVLANPrivate: 1, conf.IPVLANVEPA: 2}

// MadeLink is a macvlan or an ipvlan on another interface, as an Object. To
// remove one, Index says which, or the name if it is 0; to make one, Parent
// says on what.
type MadeLink struct {
	Link   *conf.Link
	Index  int
	Parent int
}

func (o *MadeLink) String() string {
	return fmt.Sprintf("%s %s on %s", o.Link.Kind, o.Link.Name, o.Link.Parent)
}

// settled: a request may be repeated, so a link that is there already has been
// made by the first attempt. A mirror tells whose it is.
func (o *MadeLink) settled(remove bool, err error) bool {
	if remove {
		return errors.Is(err, unix.ENODEV)
	}
	return errors.Is(err, unix.EEXIST)
}

func (o *MadeLink) request(remove bool) (mdl.Message, error) {
	if remove {
		m, err := linkRequest(0, ifinfo(o.Index, false), func(e *mdl.AttributeEncoder) {
			if o.Index == 0 {
				e.String(unix.IFLA_IFNAME, o.Link.Name)
			}
		})
		m.Header.Type = unix.RTM_DELLINK
		return m, err
	}
	mac, err := net.ParseMAC(o.Link.MAC)
	if err != nil && o.Link.Kind == conf.LinkMACVLAN {
		return mdl.Message{}, fmt.Errorf("%v: %w", o, err)
	}
	return linkRequest(mdl.Create|mdl.Excl, ifinfo(0, false), func(e *mdl.AttributeEncoder) {
		e.String(unix.IFLA_IFNAME, o.Link.Name)
		e.Uint32(unix.IFLA_LINK, uint32(o.Parent))
		if mac != nil {
			e.Bytes(unix.IFLA_ADDRESS, mac)
		}
		if o.Link.Group != 0 {
			e.Uint32(unix.IFLA_GROUP, o.Link.Group)
		}
		e.Nested(unix.IFLA_LINKINFO, func(e *mdl.AttributeEncoder) error {
			e.String(unix.IFLA_INFO_KIND, string(o.Link.Kind))
			e.Nested(unix.IFLA_INFO_DATA, o.data)
			return nil
		})
	})
}

func (o *MadeLink) data(e *mdl.AttributeEncoder) error {
	if o.Link.Kind == conf.LinkMACVLAN {
		e.Uint32(macvlanMode, macvlanPrivate)
		return nil
	}
	e.Uint16(ipvlanMode, ipvlanL2)
	e.Uint16(ipvlanFlags, ipvlanFlag[o.Link.Mode])
	return nil
}

// ifinfo is struct ifinfomsg; up brings the link up.
func ifinfo(index int, up bool) []byte {
	b := make([]byte, unix.SizeofIfInfomsg)
	binary.NativeEndian.PutUint32(b[4:], uint32(index))
	if up {
		binary.NativeEndian.PutUint32(b[8:], unix.IFF_UP)
		binary.NativeEndian.PutUint32(b[12:], unix.IFF_UP)
	}
	return b
}

func linkRequest(flags mdl.HeaderFlags, body []byte, attrs func(*mdl.AttributeEncoder)) (mdl.Message, error) {
	e := mdl.NewAttributeEncoder()
	attrs(e)
	b, err := e.Encode()
	if err != nil {
		return mdl.Message{}, fmt.Errorf("encode link: %w", err)
	}
	return mdl.Message{Header: mdl.Header{Type: unix.RTM_NEWLINK, Flags: mdl.Request | flags}, Data: append(body, b...)}, nil
}

// inet sets IPv4 values of a link (/proc/sys/net/ipv4/conf), which needs no
// writable /proc.
func inet(e *mdl.AttributeEncoder, values map[uint16]uint32) {
	e.Nested(unix.IFLA_AF_SPEC, func(e *mdl.AttributeEncoder) error {
		e.Nested(unix.AF_INET, func(e *mdl.AttributeEncoder) error {
			e.Nested(inetConf, func(e *mdl.AttributeEncoder) error {
				for id, v := range values {
					e.Uint32(id, v)
				}
				return nil
			})
			return nil
		})
		return nil
	})
}

// NoOwnAddress keeps the kernel from giving a VMAC a link-local address of its
// own, as an Object that cannot be removed.
type NoOwnAddress struct{ Name string }

func (o *NoOwnAddress) String() string { return "no IPv6 address of its own for " + o.Name }

// settled: without IPv6 in the kernel there is nothing to do.
func (o *NoOwnAddress) settled(_ bool, err error) bool {
	return errors.Is(err, unix.EAFNOSUPPORT) || errors.Is(err, unix.ENODEV)
}

func (o *NoOwnAddress) request(bool) (mdl.Message, error) {
	return linkRequest(0, ifinfo(0, false), func(e *mdl.AttributeEncoder) {
		e.String(unix.IFLA_IFNAME, o.Name)
		e.Nested(unix.IFLA_AF_SPEC, func(e *mdl.AttributeEncoder) error {
			e.Nested(unix.AF_INET6, func(e *mdl.AttributeEncoder) error {
				e.Uint8(inet6AddrGen, addrGenNone)
				return nil
			})
			return nil
		})
	})
}

// LinkUp brings a made link up, as an Object that cannot be removed. A VMAC
// answers ARP for addresses of its own only, and takes packets that the route
// back would send elsewhere. Master is the VRF of its parent, or 0.
type LinkUp struct {
	Name   string
	VMAC   bool
	Master int
}

func (o *LinkUp) String() string { return "up of " + o.Name }

func (o *LinkUp) settled(bool, error) bool { return false }

func (o *LinkUp) request(bool) (mdl.Message, error) {
	return linkRequest(0, ifinfo(0, true), func(e *mdl.AttributeEncoder) {
		e.String(unix.IFLA_IFNAME, o.Name)
		if o.Master != 0 {
			e.Uint32(unix.IFLA_MASTER, uint32(o.Master))
		}
		if !o.VMAC {
			return
		}
		values := map[uint16]uint32{confAcceptLocal: 1, confARPIgnore: 1, confPromoteSecondaries: 1}
		if strictReversePath() {
			values[confRPFilter] = 2 // loose: the largest of this and of "all" counts
		}
		inet(e, values)
	})
}

// strictReversePath says whether a new link would drop what comes from
// addresses that are routed by its parent.
func strictReversePath() bool {
	all, err1 := ReadSysctl("net/ipv4/conf/all/rp_filter")
	def, err2 := ReadSysctl("net/ipv4/conf/default/rp_filter")
	return err1 == nil && all == "1" || err2 == nil && def == "1"
}

// LinkMAC gives a made link its MAC and its group again, as an Object that
// cannot be removed.
type LinkMAC struct{ Link *conf.Link }

func (o *LinkMAC) String() string { return "MAC " + o.Link.MAC + " of " + o.Link.Name }

func (o *LinkMAC) settled(bool, error) bool { return false }

func (o *LinkMAC) request(bool) (mdl.Message, error) {
	mac, err := net.ParseMAC(o.Link.MAC)
	if err != nil {
		return mdl.Message{}, fmt.Errorf("%v: %w", o, err)
	}
	return linkRequest(0, ifinfo(0, false), func(e *mdl.AttributeEncoder) {
		e.String(unix.IFLA_IFNAME, o.Link.Name)
		e.Bytes(unix.IFLA_ADDRESS, mac)
		e.Uint32(unix.IFLA_GROUP, o.Link.Group)
	})
}

// SetGroup puts a link into a group, as an Object that cannot be removed. With
// the group that it is in already, it only makes the kernel tell everyone about
// the link (netlink_notify_msg).
type SetGroup struct {
	Index int
	Name  string
	Group uint32
}

func (o *SetGroup) String() string { return fmt.Sprintf("group %d of %s", o.Group, o.Name) }

func (o *SetGroup) settled(_ bool, err error) bool { return errors.Is(err, unix.ENODEV) }

func (o *SetGroup) request(bool) (mdl.Message, error) {
	return linkRequest(0, ifinfo(o.Index, false), func(e *mdl.AttributeEncoder) { e.Uint32(unix.IFLA_GROUP, o.Group) })
}

// LinkGroup is a group of links, as an Object that can only be removed: with
// every link of a kind that can be removed. The kernel waits once for all of
// them, and would for each one that is removed by itself.
type LinkGroup struct{ Group uint32 }

func (o *LinkGroup) String() string { return fmt.Sprintf("links of group %d", o.Group) }

func (o *LinkGroup) settled(_ bool, err error) bool { return errors.Is(err, unix.ENODEV) }

func (o *LinkGroup) request(bool) (mdl.Message, error) {
	m, err := linkRequest(0, ifinfo(0, false), func(e *mdl.AttributeEncoder) { e.Uint32(unix.IFLA_GROUP, o.Group) })
	m.Header.Type = unix.RTM_DELLINK
	return m, err
}

// QuietParent keeps the interface below a VMAC from answering ARP for the
// VMAC's addresses, and from asking in their name, with its own MAC, as an
// Object. Removing it restores what was there before.
type QuietParent struct {
	Index  int
	Name   string
	before map[uint16]uint32 // nil: nothing was changed
}

// quietValues are the IPv4 values of a quiet parent and their names; a larger
// value that is there stays.
var quietValues = map[uint16]struct {
	name  string
	value uint32
}{
	confARPIgnore:   {"arp_ignore", 1},   // only for addresses of its own
	confARPFilter:   {"arp_filter", 1},   // only for those that are routed by it
	confARPAnnounce: {"arp_announce", 2}, // only with an address of its own
}

func (o *QuietParent) String() string { return "arp_ignore, arp_filter and arp_announce of " + o.Name }

func (o *QuietParent) settled(_ bool, err error) bool { return errors.Is(err, unix.ENODEV) }

func (o *QuietParent) request(remove bool) (mdl.Message, error) {
	values := map[uint16]uint32{}
	if o.before == nil {
		o.before = map[uint16]uint32{}
		for id, q := range quietValues {
			o.before[id] = readValue(o.Name, q.name)
		}
	}
	for id, q := range quietValues {
		values[id] = o.before[id]
		if !remove {
			values[id] = max(q.value, o.before[id])
		}
	}
	return linkRequest(0, ifinfo(o.Index, false), func(e *mdl.AttributeEncoder) { inet(e, values) })
}

// PromoteSecondaries is the sysctl of an interface that lets another address of
// a subnet take the place of its first one when that is removed, as an Object.
// Removing it restores what was there before.
type PromoteSecondaries struct {
	Index  int
	Name   string
	known  bool
	before uint32
}

func (o *PromoteSecondaries) String() string { return "promote_secondaries of " + o.Name }

func (o *PromoteSecondaries) settled(_ bool, err error) bool { return errors.Is(err, unix.ENODEV) }

func (o *PromoteSecondaries) request(remove bool) (mdl.Message, error) {
	value := o.before
	if !remove {
		if !o.known {
			o.known, o.before = true, readValue(o.Name, "promote_secondaries")
		}
		value = 1
	}
	return linkRequest(0, ifinfo(o.Index, false), func(e *mdl.AttributeEncoder) {
		inet(e, map[uint16]uint32{confPromoteSecondaries: value})
	})
}

// readValue reads an IPv4 value of a link; what cannot be read counts as the default.
func readValue(link, name string) uint32 {
	text, err := ReadSysctl("net/ipv4/conf/" + link + "/" + name)
	var v uint32
	if err == nil {
		fmt.Sscan(text, &v)
	}
	return v
}
