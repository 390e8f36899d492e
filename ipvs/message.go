package ipvs

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"time"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

// Generic netlink commands and attributes of linux/ip_vs.h.
const (
	genlVersion = 1

	cmdNewService = 1
	cmdSetService = 2
	cmdDelService = 3
	cmdGetService = 4
	cmdNewDest    = 5
	cmdSetDest    = 6
	cmdDelDest    = 7
	cmdGetDest    = 8
	cmdNewDaemon  = 9
	cmdDelDaemon  = 10
	cmdGetDaemon  = 11
	cmdSetConfig  = 12
	cmdGetConfig  = 13

	attrService       = 1
	attrDest          = 2
	attrDaemon        = 3
	attrTimeoutTCP    = 4
	attrTimeoutTCPFin = 5
	attrTimeoutUDP    = 6

	svcFamily   = 1
	svcProtocol = 2
	svcAddr     = 3
	svcPort     = 4
	svcFwmark   = 5
	svcSched    = 6
	svcFlags    = 7
	svcTimeout  = 8
	svcNetmask  = 9
	svcPE       = 11

	destAddr     = 1
	destPort     = 2
	destMethod   = 3
	destWeight   = 4
	destUpper    = 5
	destLower    = 6
	destActive   = 7
	destInactive = 8
	destFamily   = 11
	destTunType  = 13
	destTunPort  = 14
	destTunFlags = 15

	daemonState   = 1
	daemonIfn     = 2
	daemonSyncID  = 3
	daemonMaxLen  = 4
	daemonGroup   = 5
	daemonGroup6  = 6
	daemonPort    = 7
	daemonTTL     = 8
	stateMaster   = 1
	stateBackup   = 2
	methodMask    = 0x0007
	addressLength = 16
)

func family(v6 bool) uint16 {
	if v6 {
		return unix.AF_INET6
	}
	return unix.AF_INET
}

// encodeNested makes one nested attribute.
func encodeNested(attr uint16, fill func(*netlink.AttributeEncoder) error) ([]byte, error) {
	e := netlink.NewAttributeEncoder()
	e.Nested(attr, fill)
	b, err := e.Encode()
	if err != nil {
		return nil, fmt.Errorf("encode IPVS attribute %d: %w", attr, err)
	}
	return b, nil
}

// encodeAddr writes an address as the kernel's union nf_inet_addr: 16 bytes.
func encodeAddr(e *netlink.AttributeEncoder, attr uint16, a netip.Addr) {
	var b [addressLength]byte
	copy(b[:], a.AsSlice())
	e.Bytes(attr, b[:])
}

func encodePort(e *netlink.AttributeEncoder, attr uint16, port uint16) {
	e.Bytes(attr, binary.BigEndian.AppendUint16(nil, port))
}

// encode writes what names a service.
func (k ServiceKey) encode(e *netlink.AttributeEncoder) error {
	e.Uint16(svcFamily, family(k.IPv6))
	if k.Fwmark != 0 {
		e.Uint32(svcFwmark, k.Fwmark)
		return nil
	}
	e.Uint16(svcProtocol, uint16(k.Protocol))
	encodeAddr(e, svcAddr, k.Addr)
	encodePort(e, svcPort, k.Port)
	return nil
}

// encode writes the service with its settings, without destinations.
func (s *Service) encode(e *netlink.AttributeEncoder) error {
	s.ServiceKey.encode(e)
	e.String(svcSched, s.Scheduler)
	var flags [8]byte // struct ip_vs_flags: value and mask
	binary.NativeEndian.PutUint32(flags[:], s.Flags)
	binary.NativeEndian.PutUint32(flags[4:], ^uint32(0))
	e.Bytes(svcFlags, flags[:])
	e.Uint32(svcTimeout, s.Timeout)
	if s.IPv6 {
		e.Uint32(svcNetmask, s.Netmask) // a prefix length
	} else {
		e.Bytes(svcNetmask, binary.BigEndian.AppendUint32(nil, s.Netmask))
	}
	if s.PersistName != "" {
		e.String(svcPE, s.PersistName)
	}
	return nil
}

// encode writes a destination; only what names it when it is to be deleted.
func (d *Destination) encode(e *netlink.AttributeEncoder, full bool) error {
	encodeAddr(e, destAddr, d.Addr)
	encodePort(e, destPort, d.Port)
	e.Uint16(destFamily, family(d.Addr.Is6()))
	if !full {
		return nil
	}
	e.Uint32(destMethod, uint32(d.Method))
	e.Uint32(destWeight, uint32(d.Weight))
	e.Uint32(destUpper, d.UpperThreshold)
	e.Uint32(destLower, d.LowerThreshold)
	if d.Method == Tunnel && d.TunnelType != 0 {
		e.Uint8(destTunType, d.TunnelType)
		encodePort(e, destTunPort, d.TunnelPort)
		e.Uint16(destTunFlags, d.TunnelFlags)
	}
	return nil
}

func daemonNumber(master bool) uint32 {
	if master {
		return stateMaster
	}
	return stateBackup
}

func (d *Daemon) encode(e *netlink.AttributeEncoder) error {
	e.Uint32(daemonState, daemonNumber(d.Master))
	e.String(daemonIfn, d.Interface)
	e.Uint32(daemonSyncID, uint32(d.SyncID))
	if d.MaxLen != 0 {
		e.Uint16(daemonMaxLen, d.MaxLen)
	}
	if d.Group.Is4() {
		e.Bytes(daemonGroup, d.Group.AsSlice())
	} else if d.Group.IsValid() {
		e.Bytes(daemonGroup6, d.Group.AsSlice())
	}
	if d.Port != 0 {
		e.Uint16(daemonPort, d.Port)
	}
	if d.TTL != 0 {
		e.Uint8(daemonTTL, d.TTL)
	}
	return nil
}

// nested decodes the one nested attribute of a dump's message.
func nested(b []byte, attr uint16, field func(*netlink.AttributeDecoder)) error {
	ad, err := netlink.NewAttributeDecoder(b)
	if err != nil {
		return fmt.Errorf("IPVS message: %w", err)
	}
	found := false
	for ad.Next() {
		if ad.Type() != attr {
			continue
		}
		found = true
		ad.Nested(func(n *netlink.AttributeDecoder) error {
			for n.Next() {
				field(n)
			}
			return n.Err()
		})
	}
	if err := ad.Err(); err != nil {
		return fmt.Errorf("IPVS message: %w", err)
	}
	if !found {
		return fmt.Errorf("IPVS message without attribute %d", attr)
	}
	return nil
}

func decodeService(b []byte) (Service, error) {
	var s Service
	var af uint16
	var addr, mask []byte
	err := nested(b, attrService, func(n *netlink.AttributeDecoder) {
		switch n.Type() {
		case svcFamily:
			af = n.Uint16()
		case svcProtocol:
			s.Protocol = uint8(n.Uint16())
		case svcAddr:
			addr = n.Bytes()
		case svcPort:
			s.Port = bigEndian16(n.Bytes())
		case svcFwmark:
			s.Fwmark = n.Uint32()
		case svcSched:
			s.Scheduler = n.String()
		case svcFlags:
			if f := n.Bytes(); len(f) >= 4 {
				s.Flags = binary.NativeEndian.Uint32(f) &^ FlagHashed
			}
		case svcTimeout:
			s.Timeout = n.Uint32()
		case svcNetmask:
			mask = n.Bytes()
		case svcPE:
			s.PersistName = n.String()
		}
	})
	if err != nil {
		return s, err
	}
	s.IPv6 = af == unix.AF_INET6
	if len(mask) == 4 && s.IPv6 {
		s.Netmask = binary.NativeEndian.Uint32(mask)
	} else if len(mask) == 4 {
		s.Netmask = binary.BigEndian.Uint32(mask)
	}
	if s.Fwmark != 0 {
		s.Protocol, s.Port = 0, 0
		return s, nil
	}
	s.Addr, err = decodeAddr(addr, s.IPv6)
	return s, err
}

func decodeAddr(b []byte, v6 bool) (netip.Addr, error) {
	n := 4
	if v6 {
		n = addressLength
	}
	if len(b) < n {
		return netip.Addr{}, fmt.Errorf("IPVS address of %d bytes", len(b))
	}
	a, _ := netip.AddrFromSlice(b[:n])
	return a, nil
}

func bigEndian16(b []byte) uint16 {
	if len(b) < 2 {
		return 0
	}
	return binary.BigEndian.Uint16(b)
}

func decodeDestination(b []byte, serviceV6 bool) (Destination, error) {
	var d Destination
	v6 := serviceV6 // kernels before 3.18 do not say
	var addr []byte
	err := nested(b, attrDest, func(n *netlink.AttributeDecoder) {
		switch n.Type() {
		case destAddr:
			addr = n.Bytes()
		case destPort:
			d.Port = bigEndian16(n.Bytes())
		case destMethod:
			d.Method = Method(n.Uint32() & methodMask)
		case destWeight:
			d.Weight = int32(n.Uint32())
		case destUpper:
			d.UpperThreshold = n.Uint32()
		case destLower:
			d.LowerThreshold = n.Uint32()
		case destActive:
			d.ActiveConns = n.Uint32()
		case destInactive:
			d.InactiveConns = n.Uint32()
		case destFamily:
			v6 = n.Uint16() == unix.AF_INET6
		case destTunType:
			d.TunnelType = n.Uint8()
		case destTunPort:
			d.TunnelPort = bigEndian16(n.Bytes())
		case destTunFlags:
			d.TunnelFlags = n.Uint16()
		}
	})
	if err != nil {
		return d, err
	}
	d.Addr, err = decodeAddr(addr, v6)
	return d, err
}

func decodeDaemon(b []byte) (Daemon, error) {
	var d Daemon
	err := nested(b, attrDaemon, func(n *netlink.AttributeDecoder) {
		switch n.Type() {
		case daemonState:
			d.Master = n.Uint32() == stateMaster
		case daemonIfn:
			d.Interface = n.String()
		case daemonSyncID:
			d.SyncID = uint8(n.Uint32())
		case daemonMaxLen:
			d.MaxLen = n.Uint16()
		case daemonGroup, daemonGroup6:
			d.Group, _ = netip.AddrFromSlice(n.Bytes())
		case daemonPort:
			d.Port = n.Uint16()
		case daemonTTL:
			d.TTL = n.Uint8()
		}
	})
	return d, err
}

func decodeTimeouts(b []byte) (Timeouts, error) {
	var t Timeouts
	ad, err := netlink.NewAttributeDecoder(b)
	if err != nil {
		return t, fmt.Errorf("IPVS timeouts: %w", err)
	}
	for ad.Next() {
		seconds := func() time.Duration { return time.Duration(ad.Uint32()) * time.Second }
		switch ad.Type() {
		case attrTimeoutTCP:
			t.TCP = seconds()
		case attrTimeoutTCPFin:
			t.TCPFin = seconds()
		case attrTimeoutUDP:
			t.UDP = seconds()
		}
	}
	return t, ad.Err()
}
