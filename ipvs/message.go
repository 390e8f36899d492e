package ipvs

import (
	"encoding/binary"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"
)

// Generic netlink commands and attributes of linux/ip_vs.h.
const (
	genlVersion   = 1
	genlHeaderLen = 4

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

// addr writes an address as the kernel's union nf_inet_addr: 16 bytes.
func (e *encoder) addr(attr uint16, a netip.Addr) {
	at := e.begin(attr)
	if a.Is6() {
		b := a.As16()
		e.b = append(e.b, b[:]...)
	} else {
		b := a.As4()
		e.b = append(e.b, b[:]...)
		e.b = append(e.b, make([]byte, addressLength-len(b))...)
	}
	e.end(at)
}

// encode writes what names a service.
func (k *ServiceKey) encode(e *encoder) {
	e.uint16(svcFamily, family(k.IPv6))
	if k.Fwmark != 0 {
		e.uint32(svcFwmark, k.Fwmark)
		return
	}
	e.uint16(svcProtocol, uint16(k.Protocol))
	e.addr(svcAddr, k.Addr)
	e.port(svcPort, k.Port)
}

// encode writes the service with its settings, without destinations.
func (s *Service) encode(e *encoder) {
	s.ServiceKey.encode(e)
	e.string(svcSched, s.Scheduler)
	at := e.begin(svcFlags) // struct ip_vs_flags: value and mask
	e.b = binary.NativeEndian.AppendUint32(e.b, s.Flags)
	e.b = binary.NativeEndian.AppendUint32(e.b, ^uint32(0))
	e.end(at)
	e.uint32(svcTimeout, s.Timeout)
	if s.IPv6 {
		e.uint32(svcNetmask, s.Netmask) // a prefix length
	} else {
		at := e.begin(svcNetmask)
		e.b = binary.BigEndian.AppendUint32(e.b, s.Netmask)
		e.end(at)
	}
	if s.PersistName != "" {
		e.string(svcPE, s.PersistName)
	}
}

// encode writes a destination; only what names it when it is to be deleted.
func (d *Destination) encode(e *encoder, full bool) {
	e.addr(destAddr, d.Addr)
	e.port(destPort, d.Port)
	e.uint16(destFamily, family(d.Addr.Is6()))
	if !full {
		return
	}
	e.uint32(destMethod, uint32(d.Method))
	e.uint32(destWeight, uint32(d.Weight))
	e.uint32(destUpper, d.UpperThreshold)
	e.uint32(destLower, d.LowerThreshold)
	if d.Method == Tunnel && d.TunnelType != 0 {
		e.uint8(destTunType, d.TunnelType)
		e.port(destTunPort, d.TunnelPort)
		e.uint16(destTunFlags, d.TunnelFlags)
	}
}

func daemonNumber(master bool) uint32 {
	if master {
		return stateMaster
	}
	return stateBackup
}

func (d *Daemon) encode(e *encoder) {
	e.uint32(daemonState, daemonNumber(d.Master))
	e.string(daemonIfn, d.Interface)
	e.uint32(daemonSyncID, uint32(d.SyncID))
	if d.MaxLen != 0 {
		e.uint16(daemonMaxLen, d.MaxLen)
	}
	if d.Group.Is4() {
		e.bytes(daemonGroup, d.Group.AsSlice())
	} else if d.Group.IsValid() {
		e.bytes(daemonGroup6, d.Group.AsSlice())
	}
	if d.Port != 0 {
		e.uint16(daemonPort, d.Port)
	}
	if d.TTL != 0 {
		e.uint8(daemonTTL, d.TTL)
	}
}

func decodeService(b []byte) (Service, error) {
	var s Service
	var af uint16
	var addr, mask []byte
	d, err := within(b, attrService)
	if err != nil {
		return s, err
	}
	for d.next() {
		switch d.typ {
		case svcFamily:
			af = d.uint16()
		case svcProtocol:
			s.Protocol = uint8(d.uint16())
		case svcAddr:
			addr = d.value
		case svcPort:
			s.Port = d.port()
		case svcFwmark:
			s.Fwmark = d.uint32()
		case svcSched:
			s.Scheduler = d.string()
		case svcFlags:
			s.Flags = d.uint32() &^ FlagHashed
		case svcTimeout:
			s.Timeout = d.uint32()
		case svcNetmask:
			mask = d.first(4)
		case svcPE:
			s.PersistName = d.string()
		}
	}
	if err := d.finish(); err != nil {
		return s, err
	}
	s.IPv6 = af == unix.AF_INET6
	if mask != nil && s.IPv6 {
		s.Netmask = binary.NativeEndian.Uint32(mask)
	} else if mask != nil {
		s.Netmask = binary.BigEndian.Uint32(mask)
	}
	if s.Fwmark != 0 {
		s.Protocol, s.Port = 0, 0
		return s, nil
	}
	s.Addr, err = decodeAddr(addr, s.IPv6)
	return s, err
}

func decodeDestination(b []byte, serviceV6 bool) (Destination, error) {
	var t Destination
	v6 := serviceV6 // kernels before 3.18 do not say
	var addr []byte
	d, err := within(b, attrDest)
	if err != nil {
		return t, err
	}
	for d.next() {
		switch d.typ {
		case destAddr:
			addr = d.value
		case destPort:
			t.Port = d.port()
		case destMethod:
			t.Method = Method(d.uint32() & methodMask)
		case destWeight:
			t.Weight = int32(d.uint32())
		case destUpper:
			t.UpperThreshold = d.uint32()
		case destLower:
			t.LowerThreshold = d.uint32()
		case destActive:
			t.ActiveConns = d.uint32()
		case destInactive:
			t.InactiveConns = d.uint32()
		case destFamily:
			v6 = d.uint16() == unix.AF_INET6
		case destTunType:
			t.TunnelType = d.uint8()
		case destTunPort:
			t.TunnelPort = d.port()
		case destTunFlags:
			t.TunnelFlags = d.uint16()
		}
	}
	if err := d.finish(); err != nil {
		return t, err
	}
	t.Addr, err = decodeAddr(addr, v6)
	return t, err
}

func decodeDaemon(b []byte) (Daemon, error) {
	var t Daemon
	d, err := within(b, attrDaemon)
	if err != nil {
		return t, err
	}
	for d.next() {
		switch d.typ {
		case daemonState:
			t.Master = d.uint32() == stateMaster
		case daemonIfn:
			t.Interface = d.string()
		case daemonSyncID:
			t.SyncID = uint8(d.uint32())
		case daemonMaxLen:
			t.MaxLen = d.uint16()
		case daemonGroup, daemonGroup6:
			t.Group, _ = netip.AddrFromSlice(d.value)
		case daemonPort:
			t.Port = d.uint16()
		case daemonTTL:
			t.TTL = d.uint8()
		}
	}
	return t, d.finish()
}

func decodeTimeouts(b []byte) (Timeouts, error) {
	var t Timeouts
	d := decoder{rest: b}
	for d.next() {
		seconds := func() time.Duration { return time.Duration(d.uint32()) * time.Second }
		switch d.typ {
		case attrTimeoutTCP:
			t.TCP = seconds()
		case attrTimeoutTCPFin:
			t.TCPFin = seconds()
		case attrTimeoutUDP:
			t.UDP = seconds()
		}
	}
	return t, d.finish()
}
