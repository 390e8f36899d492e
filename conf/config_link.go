package conf

import (
	"fmt"
	"net/netip"
)

// LinkKind is the kernel's name of a kind of link.
type LinkKind string

const (
	LinkMACVLAN LinkKind = "macvlan" // in private mode: use_vmac
	LinkIPVLAN  LinkKind = "ipvlan"  // in L2 mode: use_ipvlan
)

// Link is an interface that the daemon makes on top of another one and
// removes when it stops: a VMAC, or an ipvlan.
type Link struct {
	Name   string       `json:"name"`
	Kind   LinkKind     `json:"kind"`
	Parent string       `json:"parent"`
	MAC    string       `json:"mac,omitempty"`  // of a macvlan
	Mode   IPVLANMode   `json:"mode,omitempty"` // of an ipvlan
	Group  uint32       `json:"group,omitempty"`
	Notify bool         `json:"notify,omitempty"` // netlink_notify_msg
	Family Family       `json:"family"`           // of the addresses that it carries
	Addr   netip.Prefix `json:"addr,omitzero"`    // of an ipvlan

	Instance string `json:"-"` // whose addresses it carries; Config.Links tells
}

// OwnLink is the link that the instance itself runs on; false without use_vmac
// and use_ipvlan.
func (i *Instance) OwnLink() (Link, bool) {
	switch {
	case i.VMAC != nil:
		return Link{Name: i.VMAC.Name, Kind: LinkMACVLAN, Parent: i.Interface, MAC: i.virtualMAC(i.Family),
			Group: i.VMAC.Group, Notify: i.VMAC.Notify, Family: i.Family}, true
	case i.IPVLAN != nil:
		v := i.IPVLAN
		return Link{Name: v.Name, Kind: LinkIPVLAN, Parent: i.Interface, Mode: v.Mode, Group: v.Group, Family: i.Family, Addr: v.Address}, true
	}
	return Link{}, false
}

// virtualMAC is the MAC that was written, or the one that RFC 9568 section 7.3
// gives to a virtual router of that family.
func (i *Instance) virtualMAC(f Family) string {
	if i.VMAC != nil && i.VMAC.MAC != "" {
		return i.VMAC.MAC
	}
	return routerMAC(i.VRID, f)
}

func routerMAC(vrid uint8, f Family) string {
	family := 1
	if f == IPv6 {
		family = 2
	}
	return fmt.Sprintf("00:00:5e:00:%02x:%02x", family, vrid)
}

// Links lists every link that the daemon has to make.
func (c *Config) Links() []Link {
	var list []Link
	for n := range c.Instances {
		i := &c.Instances[n]
		first := len(list)
		if own, ok := i.OwnLink(); ok {
			list = append(list, own)
		}
		list = append(list, i.AddressLinks...)
		for k := range list[first:] {
			list[first+k].Instance = i.Name
		}
	}
	return list
}

// SendInterface is where adverts leave: the VMAC, unless vmac_xmit_base is
// set, the ipvlan, or the interface itself. It is empty for a unicast instance
// without an interface and without a VRF.
func (i *Instance) SendInterface() string {
	if i.VMAC != nil && !i.XmitBase {
		return i.VMAC.Name
	}
	return i.ListenInterface()
}

// ListenInterface is where adverts arrive and where their source address is:
// the ipvlan, or the interface itself. Below a VMAC it is the interface itself.
func (i *Instance) ListenInterface() string {
	switch {
	case i.IPVLAN != nil:
		return i.IPVLAN.Name
	case i.Interface == "":
		return i.VRF
	}
	return i.Interface
}

// VMACs names the links that carry addresses of the instance.
func (i *Instance) VMACs() []string {
	if i.VMAC == nil && len(i.AddressLinks) == 0 {
		return nil
	}
	names := make([]string, 0, 1+len(i.AddressLinks))
	if i.VMAC != nil {
		names = append(names, i.VMAC.Name)
	}
	for n := range i.AddressLinks {
		names = append(names, i.AddressLinks[n].Name)
	}
	return names
}
