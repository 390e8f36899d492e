package lab

import (
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/mdlayher/packet"
	"golang.org/x/sys/unix"

	"halbd/vrrp"
)

// Frame is a VRRP advert or a gratuitous ARP that was seen on a wire.
type Frame struct {
	At     time.Time
	Src    netip.Addr
	GARP   bool // else an advert
	Advert vrrp.Advert
	Raw    []byte // the Ethernet frame
}

// Sniffer collects the adverts and gratuitous ARPs that cross an interface.
type Sniffer struct {
	conn   *packet.Conn
	mu     sync.Mutex // guards frames
	frames []Frame
}

// Sniff listens on an interface of a node until Close.
func (n *Net) Sniff(node, iface string) (*Sniffer, error) {
	s := &Sniffer{}
	err := n.Inside(node, func() error {
		ifi, err := net.InterfaceByName(iface)
		if err != nil {
			return err
		}
		if s.conn, err = packet.Listen(ifi, packet.Raw, unix.ETH_P_ALL, nil); err != nil {
			return err
		}
		return s.enlarge()
	})
	if err != nil {
		return nil, err
	}
	go s.run()
	return s, nil
}

// enlarge makes room for a burst of some thousand frames.
func (s *Sniffer) enlarge() error {
	rc, err := s.conn.SyscallConn()
	if err != nil {
		return err
	}
	var set error
	err = rc.Control(func(fd uintptr) { set = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, 64<<20) })
	return errors.Join(err, set)
}

// Close ends the collection.
func (s *Sniffer) Close() { s.conn.Close() }

// Send puts an Ethernet frame on the interface, as if this end had sent it.
func (s *Sniffer) Send(frame []byte) error {
	_, err := s.conn.WriteTo(frame, &packet.Addr{HardwareAddr: frame[:6]})
	return err
}

// Frames returns what was seen so far.
func (s *Sniffer) Frames() []Frame {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Frame(nil), s.frames...)
}

func (s *Sniffer) run() {
	for {
		b := make([]byte, 2048)
		n, _, err := s.conn.ReadFrom(b)
		if err != nil {
			return
		}
		if f, ok := decode(b[:n]); ok {
			f.At, f.Raw = time.Now(), b[:n]
			s.mu.Lock()
			s.frames = append(s.frames, f)
			s.mu.Unlock()
		}
	}
}

// ahLen is the size of VRRP's authentication header (bytes).
const ahLen = 24

func decode(b []byte) (Frame, bool) {
	if len(b) < 14 {
		return Frame{}, false
	}
	kind, b := binary.BigEndian.Uint16(b[12:]), b[14:]
	switch {
	case kind == unix.ETH_P_ARP && len(b) >= 28:
		src, dst := netip.AddrFrom4([4]byte(b[14:18])), netip.AddrFrom4([4]byte(b[24:28]))
		return Frame{Src: src, GARP: true}, src == dst
	case kind == unix.ETH_P_IP && len(b) >= 20 && b[9] == vrrp.Protocol:
		size := min(len(b), int(binary.BigEndian.Uint16(b[2:])))
		return advert(netip.AddrFrom4([4]byte(b[12:16])), b[min(size, 4*int(b[0]&15)):size])
	case kind == unix.ETH_P_IP && len(b) >= 20+ahLen && b[9] == unix.IPPROTO_AH:
		size := min(len(b), int(binary.BigEndian.Uint16(b[2:])))
		return advert(netip.AddrFrom4([4]byte(b[12:16])), b[min(size, 4*int(b[0]&15)+ahLen):size])
	case kind == unix.ETH_P_IPV6 && len(b) >= 40 && b[6] == vrrp.Protocol:
		return advert(netip.AddrFrom16([16]byte(b[8:24])), b[40:])
	}
	return Frame{}, false
}

func advert(src netip.Addr, pdu []byte) (Frame, bool) {
	a, err := vrrp.ParseAdvert(pdu, src.Is6())
	return Frame{Src: src, Advert: a}, err == nil
}
