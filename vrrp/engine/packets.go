package engine

import (
	"encoding/binary"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"halbd/internal/mmsg"
	"halbd/internal/poll"
	"halbd/vrrp"
)

// packetSize is that of the largest advert: IPv4 header, AH, PDU, HMAC trailer.
const packetSize = 20 + 24 + 8 + 255*16 + 28

// controlLen has room for what an IPv6 packet's header comes from.
const controlLen = 128

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

// sender sends packets. Its buffers serve every socket, because one thread owns
// them all.
type sender struct {
	hdrs    [mmsg.Len]mmsg.Header
	iovs    [mmsg.Len][2]unix.Iovec
	names   [mmsg.Len]unix.RawSockaddrInet6
	headers [mmsg.Len][vrrp.IPv6HeaderLen]byte
	control [mmsg.Len][controlLen]byte
	n       int
}

func newSender() *sender {
	s := new(sender)
	for i := range s.hdrs {
		s.hdrs[i].Msg.Name = (*byte)(unsafe.Pointer(&s.names[i]))
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
	h := &s.hdrs[s.n].Msg
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
	mmsg.Send(fd, s.hdrs[:s.n], failed)
	s.n = 0
}
