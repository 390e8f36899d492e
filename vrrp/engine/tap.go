package engine

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"

	"golang.org/x/sys/unix"

	"halbd/internal/inetsum"
	"halbd/netstate"
	"halbd/vrrp"
)

// tap receives adverts that come from a VMAC's own MAC. The kernel gives a
// frame whose source is the MAC of a private macvlan to that macvlan alone, so
// the socket on the parent never sees the adverts of the master, which has the
// same VMAC. A socket on the macvlan would have to join the group there, and
// every such membership makes the kernel send reports from the VMAC: so the
// frames are taken as they are.
type tap struct {
	socket // its key names the parent: that is what the packets count as received on
	name   string
	mac    [6]byte
}

func openTap(l *netstate.Link, key socketKey) (*tap, error) {
	t := &tap{socket: socket{key: key, index: l.Index, parse: parse4, empty: monotonic()}, name: l.Name, mac: l.MAC}
	kind := uint16(unix.ETH_P_IP)
	if key.v6 {
		kind, t.parse = unix.ETH_P_IPV6, parse6
	}
	var err error
	if t.fd, err = unix.Socket(unix.AF_PACKET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0); err != nil {
		return nil, fmt.Errorf("packet socket on %s: %w", l.Name, err)
	}
	// The filter first: without a protocol the socket receives nothing yet.
	err = errors.Join(attachFilter(t.fd, fromMAC(t.mac, key.v6)),
		unix.Bind(t.fd, &unix.SockaddrLinklayer{Protocol: networkOrder(kind), Ifindex: l.Index}))
	if err != nil {
		t.close()
		return nil, fmt.Errorf("packet socket on %s: %w", l.Name, err)
	}
	unix.SetsockoptInt(t.fd, unix.SOL_SOCKET, unix.SO_TIMESTAMPNS_NEW, 1) // where the kernel has it
	return t, nil
}

func networkOrder(v uint16) uint16 {
	return binary.NativeEndian.Uint16(binary.BigEndian.AppendUint16(nil, v))
}

// Classic BPF (linux/filter.h). linkHeader is SKF_LL_OFF, where the Ethernet
// header can be read by a filter of packets without it.
const linkHeader = 0xffe00000

// fromMAC passes VRRP and authentication header packets whose Ethernet source is mac.
func fromMAC(mac [6]byte, v6 bool) []unix.SockFilter {
	protocol := uint32(9) // its offset in the IPv4 header
	if v6 {
		protocol = 6
	}
	return []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_B | unix.BPF_ABS, K: protocol},
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: vrrp.Protocol, Jt: 1},
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: vrrp.AHProtocol, Jf: 5},
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: linkHeader + 6},
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: binary.BigEndian.Uint32(mac[:4]), Jf: 3},
		{Code: unix.BPF_LD | unix.BPF_H | unix.BPF_ABS, K: linkHeader + 10},
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: uint32(binary.BigEndian.Uint16(mac[4:])), Jf: 1},
		{Code: unix.BPF_RET | unix.BPF_K, K: packetSize},
		{Code: unix.BPF_RET | unix.BPF_K, K: 0},
	}
}

// nothing passes no packet.
var nothing = []unix.SockFilter{{Code: unix.BPF_RET | unix.BPF_K, K: 0}}

func attachFilter(fd int, f []unix.SockFilter) error {
	return unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &unix.SockFprog{Len: uint16(len(f)), Filter: &f[0]})
}

// parse4 takes an IPv4 packet that the kernel's IP has not looked at: it must
// be whole and its header right.
func parse4(b []byte) (p vrrp.PacketReceived, ok bool) {
	if len(b) < vrrp.IPv4HeaderLen || b[0]>>4 != 4 {
		return p, false
	}
	header, total := 4*int(b[0]&15), int(binary.BigEndian.Uint16(b[2:]))
	if header < vrrp.IPv4HeaderLen || total < header || total > len(b) || inetsum.Of(b[:header]) != 0 {
		return p, false
	}
	if fragment := binary.BigEndian.Uint16(b[6:]); fragment&0x3fff != 0 {
		return p, false
	}
	return vrrp.PacketReceived{Src: netip.AddrFrom4([4]byte(b[12:16])), Dst: netip.AddrFrom4([4]byte(b[16:20])), TTL: int(b[8]),
		Header: b[:header], AH: b[9] == vrrp.AHProtocol, Payload: b[header:total]}, true
}

// parse6 takes an IPv6 packet without extension headers.
func parse6(b []byte) (p vrrp.PacketReceived, ok bool) {
	if len(b) < vrrp.IPv6HeaderLen || b[0]>>4 != 6 || b[6] != vrrp.Protocol {
		return p, false
	}
	length := int(binary.BigEndian.Uint16(b[4:]))
	if vrrp.IPv6HeaderLen+length > len(b) {
		return p, false
	}
	return vrrp.PacketReceived{Src: netip.AddrFrom16([16]byte(b[8:24])), Dst: netip.AddrFrom16([16]byte(b[24:40])), TTL: int(b[7]),
		Payload: b[vrrp.IPv6HeaderLen : vrrp.IPv6HeaderLen+length]}, true
}
