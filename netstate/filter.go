package netstate

import (
	"encoding/binary"
	"fmt"

	mdl "github.com/mdlayher/netlink"
	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// filter installs the socket filter of the subscription.
func (w *Watcher) filter(mute *Writer) error {
	list := routeFilter()
	if mute != nil {
		port, err := portOf(mute.conn)
		if err != nil {
			return err
		}
		list = append(echoFilter(port), list...)
	}
	raw, err := bpf.Assemble(list)
	if err != nil {
		return err
	}
	return w.events.SetBPF(raw)
}

const accept, reject = 0xffffffff, 0 // what filters return

// Offsets in a notice (struct nlmsghdr).
const (
	kindOffset  = 4
	flagsOffset = 6
	portOffset  = 12
)

// echoFilter rejects the kernel's notice of an IPv4 address that was added by
// the socket with this port; what follows in the filter judges the rest.
func echoFilter(port uint32) []bpf.Instruction {
	const family = unix.SizeofNlMsghdr
	return []bpf.Instruction{
		bpf.LoadAbsolute{Off: kindOffset, Size: 2},
		bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: wire(unix.RTM_NEWADDR), SkipTrue: 5},
		bpf.LoadAbsolute{Off: portOffset, Size: 4},
		bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: binary.BigEndian.Uint32(binary.NativeEndian.AppendUint32(nil, port)), SkipTrue: 3},
		bpf.LoadAbsolute{Off: family, Size: 1},
		bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: unix.AF_INET, SkipTrue: 1},
		bpf.RetConstant{Val: reject},
	}
}

// portOf is the port of a netlink socket, which the kernel writes into the
// notices of what it is asked for there.
func portOf(c *mdl.Conn) (port uint32, err error) {
	raw, err := c.SyscallConn()
	if err != nil {
		return 0, fmt.Errorf("port of a netlink socket: %w", err)
	}
	var name unix.Sockaddr
	if e := raw.Control(func(fd uintptr) { name, err = unix.Getsockname(int(fd)) }); e != nil {
		err = e
	}
	at, ok := name.(*unix.SockaddrNetlink)
	if err != nil || !ok {
		return 0, fmt.Errorf("port of a netlink socket: %w", err)
	}
	return at.Pid, nil
}

// routeFilter is a socket filter that lets everything pass but the routes of
// others: a routing daemon that loads a full table must not wake this process
// a million times. Of others' routes it passes those that replace a route and
// come from an operator or the like (protocol numbers up to static, and DHCP):
// routing daemons replace their own.
func routeFilter() []bpf.Instruction {
	const protocol = unix.SizeofNlMsghdr + 5
	return []bpf.Instruction{
		bpf.LoadAbsolute{Off: kindOffset, Size: 2},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: wire(unix.RTM_NEWROUTE), SkipTrue: 2},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: wire(unix.RTM_DELROUTE), SkipTrue: 1},
		bpf.RetConstant{Val: accept},
		bpf.LoadAbsolute{Off: protocol, Size: 1},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: AddressProtocol, SkipTrue: 5},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: unix.RTPROT_DHCP, SkipTrue: 1},
		bpf.JumpIf{Cond: bpf.JumpGreaterThan, Val: unix.RTPROT_STATIC, SkipTrue: 2},
		bpf.LoadAbsolute{Off: flagsOffset, Size: 2},
		bpf.JumpIf{Cond: bpf.JumpBitsSet, Val: wire(unix.NLM_F_REPLACE), SkipTrue: 1},
		bpf.RetConstant{Val: reject},
		bpf.RetConstant{Val: accept},
	}
}

// wire is a netlink number as a filter, which reads big endian, sees it.
func wire(host uint16) uint32 {
	return uint32(binary.BigEndian.Uint16(binary.NativeEndian.AppendUint16(nil, host)))
}
