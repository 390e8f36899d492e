package netstate

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"

	mdl "github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"

	"halbd/conf"
)

// AddressOn is an address on an interface, as an Object.
type AddressOn struct {
	Index   int
	Address *conf.Address
}

func (o *AddressOn) String() string {
	return "address " + Prefix(o.Address).String() + " on " + o.Address.Interface
}

func (o *AddressOn) settled(remove bool, err error) bool {
	if remove {
		return errors.Is(err, unix.EADDRNOTAVAIL) || errors.Is(err, unix.ENODEV)
	}
	return errors.Is(err, unix.EEXIST)
}

// Prefix is how the kernel will show a configured address.
func Prefix(a *conf.Address) netip.Prefix {
	if a.Peer.IsValid() {
		return netip.PrefixFrom(a.Prefix.Addr(), a.Peer.Bits())
	}
	return a.Prefix
}

// request has struct ifaddrmsg and attributes of linux/if_addr.h.
func (o *AddressOn) request(remove bool) (mdl.Message, error) {
	a := o.Address
	addr := a.Prefix.Addr()
	family, flags := byte(unix.AF_INET), uint32(0)
	if addr.Is6() {
		family = unix.AF_INET6
		if !a.DAD {
			flags |= unix.IFA_F_NODAD
		}
	}
	for _, f := range []struct {
		on  bool
		bit uint32
	}{{a.Home, unix.IFA_F_HOMEADDRESS}, {a.ManageTemp, unix.IFA_F_MANAGETEMPADDR},
		{a.NoPrefixRoute, unix.IFA_F_NOPREFIXROUTE}, {a.AutoJoin, unix.IFA_F_MCAUTOJOIN}} {
		if f.on {
			flags |= f.bit
		}
	}
	body := make([]byte, unix.SizeofIfAddrmsg)
	body[0], body[1], body[2], body[3] = family, byte(a.Prefix.Bits()), byte(flags), a.Scope
	binary.NativeEndian.PutUint32(body[4:], uint32(o.Index))

	e := mdl.NewAttributeEncoder()
	far := addr
	if a.Peer.IsValid() {
		far = a.Peer.Addr()
		body[1] = byte(a.Peer.Bits())
	}
	e.Bytes(unix.IFA_LOCAL, addr.AsSlice())
	e.Bytes(unix.IFA_ADDRESS, far.AsSlice())
	if !remove {
		encodeOptions(e, a, flags)
	}
	attrs, err := e.Encode()
	if err != nil {
		return mdl.Message{}, fmt.Errorf("encode %v: %w", o, err)
	}
	m := mdl.Message{Header: mdl.Header{Type: unix.RTM_NEWADDR, Flags: mdl.Request | mdl.Create | mdl.Replace}, Data: append(body, attrs...)}
	if remove {
		m.Header.Type, m.Header.Flags = unix.RTM_DELADDR, mdl.Request
	}
	return m, nil
}

func encodeOptions(e *mdl.AttributeEncoder, a *conf.Address, flags uint32) {
	e.Uint32(unix.IFA_FLAGS, flags)
	e.Uint8(ifaProto, AddressProtocol)
	if a.Broadcast.IsValid() {
		e.Bytes(unix.IFA_BROADCAST, a.Broadcast.AsSlice())
	}
	if a.Label != "" {
		e.String(unix.IFA_LABEL, a.Label)
	}
	if a.PreferredLifetime != conf.Forever {
		life := make([]byte, unix.SizeofIfaCacheinfo)
		binary.NativeEndian.PutUint32(life, a.PreferredLifetime)
		binary.NativeEndian.PutUint32(life[4:], conf.Forever) // valid
		e.Bytes(unix.IFA_CACHEINFO, life)
	}
}
