package engine

import (
	"encoding/binary"
	"net/netip"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"halbd/internal/poll"
	"halbd/vrrp"
)

// What recvmmsg and sendmmsg take at a time. The kernel's structures and the
// buffers are allocated once and serve every socket, because one thread owns
// them all: a packet costs no allocation.
const (
	batchLen   = 32
	packetSize = 20 + 24 + 8 + 255*16 + 28 // IPv4 header, AH, the largest PDU, HMAC trailer
	controlLen = 128
)

// mmsghdr is struct mmsghdr of sys/socket.h.
type mmsghdr struct {
	hdr unix.Msghdr
	n   uint32
}

// call makes a system call that never blocks (MSG_DONTWAIT): the runtime need
// not be told, which would cost more than the call.
func call(nr uintptr, fd int, hdrs []mmsghdr) (int, error) {
	n, _, errno := unix.RawSyscall6(nr, uintptr(fd), uintptr(unsafe.Pointer(&hdrs[0])), uintptr(len(hdrs)), unix.MSG_DONTWAIT, 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}

// receiver reads packets.
type receiver struct {
	hdrs    [batchLen]mmsghdr
	iovs    [batchLen]unix.Iovec
	names   [batchLen]unix.RawSockaddrInet6
	data    [batchLen][packetSize]byte
	control [batchLen][controlLen]byte
}

func newReceiver() *receiver {
	r := new(receiver)
	for i := range r.hdrs {
		r.iovs[i].Base = &r.data[i][0]
		r.iovs[i].SetLen(packetSize)
		h := &r.hdrs[i].hdr
		h.Iov, h.Name, h.Control = &r.iovs[i], (*byte)(unsafe.Pointer(&r.names[i])), &r.control[i][0]
		h.SetIovlen(1)
	}
	return r
}

// read receives up to batchLen packets; EAGAIN says that there is none.
func (r *receiver) read(fd int) (int, error) {
	for i := range r.hdrs {
		h := &r.hdrs[i].hdr
		h.Namelen = unix.SizeofSockaddrInet6
		h.SetControllen(controlLen)
	}
	return call(unix.SYS_RECVMMSG, fd, r.hdrs[:])
}

// received is one packet with what the kernel says beside it.
type received struct {
	src      netip.Addr
	data     []byte        // from an IPv4 socket with its IP header
	at       time.Duration // when the kernel got it, since the epoch of the wall clock; 0: not known
	hopLimit int           // IPv6; -1: not known
	dst      netip.Addr    // IPv6
}

// packet reads message i of the last batch; false if it does not fit into the buffer.
func (r *receiver) packet(i int) (p received, ok bool) {
	h := &r.hdrs[i]
	p.hopLimit = -1
	p.data = r.data[i][:h.n]
	if name := &r.names[i]; name.Family == unix.AF_INET6 {
		p.src = netip.AddrFrom16(name.Addr)
	}
	r.readControl(&p, r.control[i][:h.hdr.Controllen])
	return p, h.hdr.Flags&unix.MSG_TRUNC == 0
}

// readControl reads struct cmsghdr after struct cmsghdr.
func (r *receiver) readControl(p *received, b []byte) {
	header := unix.CmsgLen(0)
	for len(b) >= header {
		c := (*unix.Cmsghdr)(unsafe.Pointer(&b[0]))
		if int(c.Len) < header || int(c.Len) > len(b) {
			return
		}
		v := b[header:c.Len]
		switch {
		case c.Level == unix.SOL_SOCKET && c.Type == unix.SO_TIMESTAMPNS_NEW && len(v) >= 16:
			p.at = time.Duration(binary.NativeEndian.Uint64(v))*time.Second + time.Duration(binary.NativeEndian.Uint64(v[8:]))
		case c.Level == unix.IPPROTO_IPV6 && c.Type == unix.IPV6_HOPLIMIT && len(v) >= 4:
			p.hopLimit = int(binary.NativeEndian.Uint32(v))
		case c.Level == unix.IPPROTO_IPV6 && c.Type == unix.IPV6_PKTINFO && len(v) >= 16:
			p.dst = netip.AddrFrom16([16]byte(v[:16]))
		}
		b = b[min(unix.CmsgSpace(len(v)), len(b)):]
	}
}

// arrivedAt turns the kernel's time of a packet into the engine's. A wall clock
// that was set meanwhile cannot lead astray: the packet came after the socket
// was last seen empty, and not in the future.
func arrivedAt(at time.Duration, since vrrp.Time) vrrp.Time {
	now, wall := poll.Now(), time.Now()
	if at == 0 {
		return now
	}
	return max(since, min(now, now-time.Duration(wall.UnixNano())+at))
}

// sender sends packets.
type sender struct {
	hdrs    [batchLen]mmsghdr
	iovs    [batchLen][2]unix.Iovec
	names   [batchLen]unix.RawSockaddrInet6
	headers [batchLen][vrrp.IPv6HeaderLen]byte
	control [batchLen][controlLen]byte
	n       int
}

func newSender() *sender {
	s := new(sender)
	for i := range s.hdrs {
		s.hdrs[i].hdr.Name = (*byte)(unsafe.Pointer(&s.names[i]))
	}
	return s
}

// add4 adds an IPv4 packet.
func (s *sender) add4(a *vrrp.SendAdvert) {
	h := vrrp.AppendIPv4Header(s.headers[s.n][:0], a)
	name := (*unix.RawSockaddrInet4)(unsafe.Pointer(&s.names[s.n]))
	*name = unix.RawSockaddrInet4{Family: unix.AF_INET, Addr: a.Dst.As4()}
	iov := &s.iovs[s.n]
	iov[0].Base = &h[0]
	iov[0].SetLen(len(h))
	s.finish(iov[:], a.Payload, unix.SizeofSockaddrInet4, 0)
}

// add6 adds a packet whose IPv6 header the kernel builds from control messages.
func (s *sender) add6(a *vrrp.SendAdvert, index int) {
	s.names[s.n] = unix.RawSockaddrInet6{Family: unix.AF_INET6, Addr: a.Dst.As16(), Scope_id: uint32(index)}
	c := s.control[s.n][:0]
	c = appendControl(c, unix.IPV6_TCLASS, binary.NativeEndian.AppendUint32(nil, vrrp.TrafficClass))
	c = appendControl(c, unix.IPV6_HOPLIMIT, binary.NativeEndian.AppendUint32(nil, uint32(a.TTL)))
	src := a.Src.As16()
	c = appendControl(c, unix.IPV6_PKTINFO, binary.NativeEndian.AppendUint32(src[:], uint32(index)))
	s.finish(s.iovs[s.n][:1], a.Payload, unix.SizeofSockaddrInet6, len(c))
}

// addFrame adds an IPv6 packet that goes to the link as it is.
func (s *sender) addFrame(a *vrrp.SendAdvert, index int) {
	h := vrrp.AppendIPv6Header(s.headers[s.n][:0], a)
	name := (*unix.RawSockaddrLinklayer)(unsafe.Pointer(&s.names[s.n]))
	*name = unix.RawSockaddrLinklayer{Family: unix.AF_PACKET, Protocol: networkOrder(unix.ETH_P_IPV6), Ifindex: int32(index), Halen: 6, Addr: groupMAC(a.Dst)}
	iov := &s.iovs[s.n]
	iov[0].Base = &h[0]
	iov[0].SetLen(len(h))
	s.finish(iov[:], a.Payload, unix.SizeofSockaddrLinklayer, 0)
}

// finish completes message n with the payload as the last of its parts.
func (s *sender) finish(iov []unix.Iovec, payload []byte, nameLen uint32, controlLen int) {
	last := &iov[len(iov)-1]
	last.Base = &payload[0]
	last.SetLen(len(payload))
	h := &s.hdrs[s.n].hdr
	h.Namelen, h.Iov, h.Control = nameLen, &iov[0], nil
	h.SetIovlen(len(iov))
	if controlLen > 0 {
		h.Control = &s.control[s.n][0]
	}
	h.SetControllen(controlLen)
	s.n++
}

// appendControl appends one struct cmsghdr of level IPPROTO_IPV6, padded.
func appendControl(b []byte, kind int32, v []byte) []byte {
	c := unix.Cmsghdr{Level: unix.IPPROTO_IPV6, Type: kind}
	c.SetLen(unix.CmsgLen(len(v)))
	b = append(b, unsafe.Slice((*byte)(unsafe.Pointer(&c)), unix.CmsgLen(0))...)
	b = append(b, v...)
	for pad := unix.CmsgSpace(len(v)) - unix.CmsgLen(len(v)); pad > 0; pad-- {
		b = append(b, 0)
	}
	return b
}

// flush sends what was added. A packet that cannot be sent is skipped and
// reported by its place.
func (s *sender) flush(fd int, failed func(i int, err error)) {
	for from := 0; from < s.n; {
		n, err := call(unix.SYS_SENDMMSG, fd, s.hdrs[from:s.n])
		if err != nil {
			failed(from, err)
			n = 1
		}
		from += n
	}
	s.n = 0
}
