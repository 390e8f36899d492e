// Package mmsg receives and sends many packets with one system call each
// (recvmmsg, sendmmsg) and without an allocation: the kernel's structures and
// the buffers are allocated once and serve every socket of a loop.
package mmsg

import (
	"encoding/binary"
	"net/netip"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Len is how many packets a system call takes at most.
const Len = 32

const controlLen = 128

// Header is struct mmsghdr of sys/socket.h.
type Header struct {
	Msg unix.Msghdr
	n   uint32
}

// call makes a system call that never blocks (MSG_DONTWAIT): the runtime need
// not be told, which would cost more than the call.
func call(nr uintptr, fd int, hdrs []Header) (int, error) {
	n, _, errno := unix.RawSyscall6(nr, uintptr(fd), uintptr(unsafe.Pointer(&hdrs[0])), uintptr(len(hdrs)), unix.MSG_DONTWAIT, 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}

// Send sends packets, and skips and reports by its place each that cannot be sent.
func Send(fd int, hdrs []Header, failed func(i int, err error)) {
	for from := 0; from < len(hdrs); {
		n, err := call(unix.SYS_SENDMMSG, fd, hdrs[from:])
		if err != nil {
			failed(from, err)
			n = 1
		}
		from += n
	}
}

// Receiver reads packets. One goroutine uses it.
type Receiver struct {
	hdrs    [Len]Header
	iovs    [Len]unix.Iovec
	names   [Len]unix.RawSockaddrInet6
	data    []byte
	size    int // of a packet
	control [Len][controlLen]byte
}

// NewReceiver makes one for packets of up to size bytes.
func NewReceiver(size int) *Receiver {
	r := &Receiver{data: make([]byte, Len*size), size: size}
	for i := range r.hdrs {
		r.iovs[i].Base = &r.data[i*size]
		r.iovs[i].SetLen(size)
		h := &r.hdrs[i].Msg
		h.Iov, h.Name, h.Control = &r.iovs[i], (*byte)(unsafe.Pointer(&r.names[i])), &r.control[i][0]
		h.SetIovlen(1)
	}
	return r
}

// Read receives up to Len packets; EAGAIN says that there is none.
func (r *Receiver) Read(fd int) (int, error) {
	for i := range r.hdrs {
		h := &r.hdrs[i].Msg
		h.Namelen = unix.SizeofSockaddrInet6
		h.SetControllen(controlLen)
	}
	return call(unix.SYS_RECVMMSG, fd, r.hdrs[:])
}

// Packet is one packet with what the kernel says beside it.
type Packet struct {
	Src  netip.Addr    // without a zone
	Dst  netip.Addr    // with IP_PKTINFO or IPV6_RECVPKTINFO
	Data []byte        // from a raw IPv4 socket with its IP header
	At   time.Duration // with SO_TIMESTAMPNS when the kernel got it, since the epoch of the wall clock; else 0
	TTL  int           // or hop limit, with IP_RECVTTL or IPV6_RECVHOPLIMIT; else -1
}

// Packet gives packet i of the last Read, valid until the next one; false if it
// does not fit into the buffer.
func (r *Receiver) Packet(i int) (p Packet, ok bool) {
	h := &r.hdrs[i]
	p.TTL = -1
	p.Data = r.data[i*r.size:][:h.n]
	switch name := &r.names[i]; name.Family {
	case unix.AF_INET6:
		p.Src = netip.AddrFrom16(name.Addr)
	case unix.AF_INET:
		p.Src = netip.AddrFrom4((*unix.RawSockaddrInet4)(unsafe.Pointer(name)).Addr)
	}
	p.readControl(r.control[i][:h.Msg.Controllen])
	return p, h.Msg.Flags&unix.MSG_TRUNC == 0
}

// readControl reads struct cmsghdr after struct cmsghdr.
func (p *Packet) readControl(b []byte) {
	header := unix.CmsgLen(0)
	for len(b) >= header {
		c := (*unix.Cmsghdr)(unsafe.Pointer(&b[0]))
		if int(c.Len) < header || int(c.Len) > len(b) {
			return
		}
		v := b[header:c.Len]
		switch {
		case c.Level == unix.SOL_SOCKET && c.Type == unix.SO_TIMESTAMPNS_NEW && len(v) >= 16:
			p.At = time.Duration(binary.NativeEndian.Uint64(v))*time.Second + time.Duration(binary.NativeEndian.Uint64(v[8:]))
		case c.Level == unix.IPPROTO_IPV6 && c.Type == unix.IPV6_HOPLIMIT && len(v) >= 4, c.Level == unix.IPPROTO_IP && c.Type == unix.IP_TTL && len(v) >= 4:
			p.TTL = int(binary.NativeEndian.Uint32(v))
		case c.Level == unix.IPPROTO_IPV6 && c.Type == unix.IPV6_PKTINFO && len(v) >= 16:
			p.Dst = netip.AddrFrom16([16]byte(v[:16]))
		case c.Level == unix.IPPROTO_IP && c.Type == unix.IP_PKTINFO && len(v) >= unix.SizeofInet4Pktinfo: // index, local address, destination
			p.Dst = netip.AddrFrom4([4]byte(v[8:12]))
		}
		b = b[min(unix.CmsgSpace(len(v)), len(b)):]
	}
}
