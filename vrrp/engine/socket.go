package engine

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"syscall"

	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"
	"golang.org/x/sys/unix"

	"halbd/conf"
	"halbd/internal/mmsg"
	"halbd/vrrp"
)

// socketKey: one raw socket for each interface, family and IP protocol.
type socketKey struct {
	iface string
	v6    bool
	ah    bool // protocol 51: adverts behind an authentication header
}

// listenKey is the socket that an instance receives by, sendKey the one that
// it sends by: without a VMAC they are the same.
func listenKey(in *conf.Instance) socketKey {
	return socketKey{in.ListenInterface(), in.Family == conf.IPv6, in.AuthType == conf.AuthAH}
}

func sendKey(in *conf.Instance) socketKey {
	k := listenKey(in)
	k.iface = in.SendInterface()
	return k
}

// socket sends and receives the adverts of one interface and family. The
// packets themselves go by a receiver and a sender that all sockets share.
type socket struct {
	key   socketKey
	index int // of the interface that it is bound to
	fd    int
	group map[netip.Addr]bool
	due   []*vrrp.SendAdvert // adverts that fall due together
	empty vrrp.Time          // when there was last nothing to receive

	buffer, given int // bytes: what resize was asked for, and what the system gave

	frames bool                                     // it sends whole IPv6 packets by a VMAC
	parse  func([]byte) (vrrp.PacketReceived, bool) // of whole packets; nil: the kernel's IP has looked at them
}

// openSocket binds a raw socket to an interface. The descriptor is taken from
// package net, whose poller would otherwise wake another thread for each packet.
func openSocket(key socketKey, index int) (*socket, error) {
	lc := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error {
		var err error
		cerr := c.Control(func(fd uintptr) {
			if key.iface != "" {
				err = unix.SetsockoptString(int(fd), unix.SOL_SOCKET, unix.SO_BINDTODEVICE, key.iface)
			}
		})
		return errors.Join(cerr, err)
	}}
	network := fmt.Sprintf("ip4:%d", vrrp.IPProtocol(key.ah))
	if key.v6 {
		network = fmt.Sprintf("ip6:%d", vrrp.Protocol)
	}
	pc, err := lc.ListenPacket(context.Background(), network, "")
	if err != nil {
		return nil, fmt.Errorf("VRRP socket on %s: %w", key.iface, err)
	}
	defer pc.Close()
	s := &socket{key: key, index: index, fd: -1, group: map[netip.Addr]bool{}, empty: monotonic()}
	if err := errors.Join(s.prepare(pc), s.take(pc.(syscall.Conn))); err != nil {
		s.close()
		return nil, fmt.Errorf("VRRP socket on %s: %w", key.iface, err)
	}
	// A kernel without it (before 5.1) costs some exactness only.
	unix.SetsockoptInt(s.fd, unix.SOL_SOCKET, unix.SO_TIMESTAMPNS_NEW, 1)
	return s, nil
}

func (s *socket) prepare(pc net.PacketConn) error {
	if s.key.v6 {
		c := ipv6.NewPacketConn(pc)
		return errors.Join(s.byInterface(c), c.SetControlMessage(ipv6.FlagDst|ipv6.FlagHopLimit, true))
	}
	c, err := ipv4.NewRawConn(pc) // its packets have their IP headers
	if err != nil {
		return err
	}
	return s.byInterface(c)
}

// byInterface makes multicast leave by the socket's interface, and not come
// back. A socket of no interface is for unicast.
func (s *socket) byInterface(c interface {
	SetMulticastInterface(*net.Interface) error
	SetMulticastLoopback(bool) error
}) error {
	if s.index == 0 {
		return nil
	}
	return errors.Join(c.SetMulticastInterface(s.netInterface()), c.SetMulticastLoopback(false))
}

// take keeps a descriptor of its own; pc may be closed then.
func (s *socket) take(pc syscall.Conn) error {
	rc, err := pc.SyscallConn()
	if err != nil {
		return err
	}
	var dupErr error
	err = rc.Control(func(fd uintptr) { s.fd, dupErr = unix.FcntlInt(fd, unix.F_DUPFD_CLOEXEC, 0) })
	return errors.Join(err, dupErr)
}

func (s *socket) netInterface() *net.Interface {
	return &net.Interface{Index: s.index, Name: s.key.iface}
}

func (s *socket) close() {
	if s.fd >= 0 {
		unix.Close(s.fd)
	}
}

// join receives a multicast group, once.
func (s *socket) join(group netip.Addr) error {
	if s.group[group] {
		return nil
	}
	if err := s.joinGroup(&net.IPAddr{IP: group.AsSlice()}); err != nil && !errors.Is(err, unix.EADDRINUSE) {
		return fmt.Errorf("join %v on %s: %w", group, s.key.iface, err)
	}
	s.group[group] = true
	return nil
}

func (s *socket) joinGroup(group net.Addr) error {
	fd, err := unix.FcntlInt(uintptr(s.fd), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return err
	}
	f := os.NewFile(uintptr(fd), "vrrp")
	defer f.Close()
	pc, err := net.FilePacketConn(f)
	if err != nil {
		return err
	}
	defer pc.Close()
	if s.key.v6 {
		return ipv6.NewPacketConn(pc).JoinGroup(s.netInterface(), group)
	}
	return ipv4.NewPacketConn(pc).JoinGroup(s.netInterface(), group)
}

// receive hands every waiting packet to deliver, with the time of its arrival:
// what happened while this process waited for the processor is dated right.
// The payload is valid during the call.
func (s *socket) receive(r *mmsg.Receiver, deliver func(at vrrp.Time, p vrrp.PacketReceived)) error {
	for {
		n, err := r.Read(s.fd)
		if err != nil && !errors.Is(err, unix.EAGAIN) {
			return fmt.Errorf("receive on %s: %w", s.key.iface, err)
		}
		for i := range n {
			rec, ok := r.Packet(i)
			if !ok {
				continue
			}
			if p, ok := s.packet(&rec); ok {
				deliver(arrivedAt(rec.At, s.empty), p)
			}
		}
		if n < mmsg.Len {
			s.empty = monotonic()
			return nil
		}
	}
}

func (s *socket) packet(r *mmsg.Packet) (vrrp.PacketReceived, bool) {
	if s.parse != nil {
		p, ok := s.parse(r.Data)
		p.Interface = s.key.iface
		return p, ok
	}
	p := vrrp.PacketReceived{Interface: s.key.iface, Src: r.Src, Dst: r.Dst, TTL: r.TTL, AH: s.key.ah, Payload: r.Data}
	if s.key.v6 {
		return p, p.Src.IsValid()
	}
	b := r.Data
	if len(b) < ipv4.HeaderLen {
		return p, false
	}
	header := 4 * int(b[0]&15)
	if header < ipv4.HeaderLen || len(b) < header {
		return p, false
	}
	p.Src, p.Dst, p.TTL = netip.AddrFrom4([4]byte(b[12:16])), netip.AddrFrom4([4]byte(b[16:20])), int(b[8])
	p.Header, p.Payload = b[:header], b[header:]
	return p, true
}

// flush sends what is due in as few system calls as possible. An advert that
// cannot be sent is skipped and reported.
func (s *socket) flush(out *sender, failed func(*vrrp.SendAdvert, error)) {
	for rest := s.due; len(rest) > 0; {
		n := min(len(rest), mmsg.Len)
		for _, a := range rest[:n] {
			switch {
			case s.frames:
				out.addFrame(a, s.index)
			case s.key.v6:
				out.add6(a, s.index)
			default:
				out.add4(a)
			}
		}
		out.flush(s.fd, func(i int, err error) { failed(rest[i], err) })
		rest = rest[n:]
	}
	clear(s.due)
	s.due = s.due[:0]
}
