package vrrp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"syscall"

	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"
	"golang.org/x/sys/unix"

	"halbd/conf"
)

// socketKey: one raw socket for each interface, family and IP protocol.
type socketKey struct {
	iface string
	v6    bool
	ah    bool // protocol 51: adverts behind an authentication header
}

// keyOf is the socket that an instance sends and receives by.
func keyOf(in *conf.Instance) socketKey {
	return socketKey{in.Interface, in.Family == conf.IPv6, in.AuthType == conf.AuthAH}
}

// socket sends and receives the adverts of one interface and family.
type socket struct {
	key   socketKey
	index int // of the interface that it is bound to
	fd    int
	conn  *net.IPConn
	raw4  *ipv4.RawConn
	raw6  *ipv6.PacketConn
	group map[netip.Addr]bool

	in  []ipv4.Message // receive buffers
	out []ipv4.Message // adverts that fall due together

	queued []*SendAdvert // what is in out
}

const (
	readBatch  = 32
	packetSize = 2048
)

// openSocket binds a raw socket to an interface.
func openSocket(key socketKey, index int) (*socket, error) {
	lc := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error {
		var err error
		cerr := c.Control(func(fd uintptr) {
			err = unix.SetsockoptString(int(fd), unix.SOL_SOCKET, unix.SO_BINDTODEVICE, key.iface)
		})
		return errors.Join(cerr, err)
	}}
	network := fmt.Sprintf("ip4:%d", ipProtocol(key.ah))
	if key.v6 {
		network = fmt.Sprintf("ip6:%d", Protocol)
	}
	pc, err := lc.ListenPacket(context.Background(), network, "")
	if err != nil {
		return nil, fmt.Errorf("VRRP socket on %s: %w", key.iface, err)
	}
	s := &socket{key: key, index: index, conn: pc.(*net.IPConn), group: map[netip.Addr]bool{}}
	if err := s.prepare(); err != nil {
		s.close()
		return nil, fmt.Errorf("VRRP socket on %s: %w", key.iface, err)
	}
	return s, nil
}

func (s *socket) prepare() error {
	rc, err := s.conn.SyscallConn()
	if err != nil {
		return err
	}
	if err := rc.Control(func(fd uintptr) { s.fd = int(fd) }); err != nil {
		return err
	}
	for range readBatch {
		m := ipv4.Message{Buffers: [][]byte{make([]byte, packetSize)}}
		if s.key.v6 {
			m.OOB = make([]byte, 128)
		}
		s.in = append(s.in, m)
	}
	ifi := &net.Interface{Index: s.index, Name: s.key.iface}
	if s.key.v6 {
		s.raw6 = ipv6.NewPacketConn(s.conn)
		return errors.Join(s.raw6.SetMulticastInterface(ifi), s.raw6.SetMulticastLoopback(false),
			s.raw6.SetControlMessage(ipv6.FlagDst|ipv6.FlagHopLimit, true))
	}
	if s.raw4, err = ipv4.NewRawConn(s.conn); err != nil {
		return err
	}
	return errors.Join(s.raw4.SetMulticastInterface(ifi), s.raw4.SetMulticastLoopback(false))
}

func (s *socket) close() { s.conn.Close() }

// join receives a multicast group, once.
func (s *socket) join(group netip.Addr) error {
	if s.group[group] {
		return nil
	}
	ifi := &net.Interface{Index: s.index, Name: s.key.iface}
	addr := &net.IPAddr{IP: group.AsSlice()}
	var err error
	if s.key.v6 {
		err = s.raw6.JoinGroup(ifi, addr)
	} else {
		err = s.raw4.JoinGroup(ifi, addr)
	}
	if err != nil && !errors.Is(err, unix.EADDRINUSE) {
		return fmt.Errorf("join %v on %s: %w", group, s.key.iface, err)
	}
	s.group[group] = true
	return nil
}

// receive hands every waiting packet to deliver. The payload is valid during the call.
func (s *socket) receive(deliver func(PacketReceived)) error {
	for {
		n, err := s.read()
		if err != nil {
			if errors.Is(err, unix.EAGAIN) {
				return nil
			}
			return fmt.Errorf("receive on %s: %w", s.key.iface, err)
		}
		for i := range s.in[:n] {
			if p, ok := s.packet(&s.in[i]); ok {
				deliver(p)
			}
		}
		if n < len(s.in) {
			return nil
		}
	}
}

func (s *socket) read() (int, error) {
	if s.key.v6 {
		return s.raw6.ReadBatch(s.in, unix.MSG_DONTWAIT)
	}
	return s.raw4.ReadBatch(s.in, unix.MSG_DONTWAIT)
}

func (s *socket) packet(m *ipv4.Message) (PacketReceived, bool) {
	from, ok := m.Addr.(*net.IPAddr)
	if !ok {
		return PacketReceived{}, false
	}
	src, ok := netip.AddrFromSlice(from.IP)
	if !ok {
		return PacketReceived{}, false
	}
	p := PacketReceived{Interface: s.key.iface, Src: src.Unmap(), TTL: -1, AH: s.key.ah}
	b := m.Buffers[0][:m.N]
	if !s.key.v6 {
		header := 4 * int(b[0]&15)
		if len(b) < ipv4.HeaderLen || header < ipv4.HeaderLen || len(b) < header {
			return PacketReceived{}, false
		}
		p.TTL, p.Dst, p.Header, p.Payload = int(b[8]), netip.AddrFrom4([4]byte(b[16:20])), b[:header], b[header:]
		return p, true
	}
	cm := new(ipv6.ControlMessage)
	if cm.Parse(m.OOB[:m.NN]) == nil {
		p.TTL = cm.HopLimit
		p.Dst, _ = netip.AddrFromSlice(cm.Dst)
	}
	p.Payload = b
	return p, true
}

// queue adds an advert to what flush sends.
func (s *socket) queue(a *SendAdvert) error {
	m := ipv4.Message{Addr: &net.IPAddr{IP: a.Dst.AsSlice()}}
	if s.key.v6 {
		cm := ipv6.ControlMessage{TrafficClass: tos, HopLimit: a.TTL, Src: a.Src.AsSlice(), IfIndex: s.index}
		m.Buffers, m.OOB = [][]byte{a.Payload}, cm.Marshal()
	} else {
		m.Buffers = [][]byte{appendHeader4(nil, a), a.Payload}
	}
	s.out, s.queued = append(s.out, m), append(s.queued, a)
	return nil
}

// flush sends what is queued in as few system calls as possible. An advert that
// cannot be sent is skipped and reported.
func (s *socket) flush(failed func(*SendAdvert, error)) {
	for from := 0; from < len(s.out); {
		n, err := s.write(s.out[from:])
		if err != nil {
			failed(s.queued[from], err)
			n = max(n, 1)
		}
		from += max(n, 0)
	}
	clear(s.out)
	clear(s.queued)
	s.out, s.queued = s.out[:0], s.queued[:0]
}

func (s *socket) write(ms []ipv4.Message) (int, error) {
	if s.key.v6 {
		return s.raw6.WriteBatch(ms, unix.MSG_DONTWAIT)
	}
	return s.raw4.WriteBatch(ms, unix.MSG_DONTWAIT)
}
