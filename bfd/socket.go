package bfd

import (
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/netip"
	"strings"

	"golang.org/x/sys/unix"

	"halbd/conf"
	"halbd/internal/mmsg"
)

// Ports of RFC 5881 and RFC 5883, and the source ports that RFC 5881 demands.
const (
	singleHopPort   = 3784
	multihopPort    = 4784
	firstSourcePort = 49152
	lastSourcePort  = 65535
)

// inletKey: one receive socket for each port and family.
type inletKey struct{ multihop, v6 bool }

func inletOf(b *conf.BFDInstance) inletKey { return inletKey{b.Multihop, b.Neighbor.Is6()} }

func (k inletKey) port() int { return portOf(k.multihop) }

func portOf(multihop bool) int {
	if multihop {
		return multihopPort
	}
	return singleHopPort
}

// inlet receives the packets of every session of a port and family.
type inlet struct {
	key    inletKey
	fd     int
	packet PacketReceived // that deliver is given
}

// packetSize is more than a packet has: what is longer is seen to be too long.
const packetSize = 256

// receiveBuffer has room (bytes) for what arrives while this process waits for
// a processor.
const receiveBuffer = 1 << 20

func openInlet(key inletKey) (*inlet, error) {
	fail := func(err error) (*inlet, error) {
		family := "IPv4"
		if key.v6 {
			family = "IPv6"
		}
		return nil, fmt.Errorf("BFD socket on UDP port %d of %s: %w", key.port(), family, err)
	}
	fd, err := udpSocket(key.v6)
	if err != nil {
		return fail(err)
	}
	var addr unix.Sockaddr = &unix.SockaddrInet4{Port: key.port()}
	options := [][2]int{{unix.IPPROTO_IP, unix.IP_RECVTTL}, {unix.IPPROTO_IP, unix.IP_PKTINFO}}
	if key.v6 {
		addr = &unix.SockaddrInet6{Port: key.port()}
		options = [][2]int{{unix.IPPROTO_IPV6, unix.IPV6_RECVHOPLIMIT}, {unix.IPPROTO_IPV6, unix.IPV6_RECVPKTINFO}}
	}
	for _, o := range options {
		err = errors.Join(err, unix.SetsockoptInt(fd, o[0], o[1], 1))
	}
	unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, receiveBuffer) // without CAP_NET_ADMIN the system's default must do
	if err = errors.Join(err, unix.Bind(fd, addr)); err != nil {
		unix.Close(fd)
		return fail(err)
	}
	return &inlet{key: key, fd: fd}, nil
}

func udpSocket(v6 bool) (int, error) {
	family := unix.AF_INET
	if v6 {
		family = unix.AF_INET6
	}
	fd, err := unix.Socket(family, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, unix.IPPROTO_UDP)
	if err != nil {
		return -1, err
	}
	if v6 {
		if err := unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, 1); err != nil {
			unix.Close(fd)
			return -1, err
		}
	}
	return fd, nil
}

// receive hands every waiting packet to deliver. It is valid during the call.
func (i *inlet) receive(r *mmsg.Receiver, deliver func(*PacketReceived)) error {
	for {
		n, err := r.Read(i.fd)
		if err != nil && !errors.Is(err, unix.EAGAIN) && !errors.Is(err, unix.EINTR) {
			return fmt.Errorf("receive on UDP port %d: %w", i.key.port(), err)
		}
		for k := range n {
			p, _ := r.Packet(k) // one that does not fit is too long anyway, as its length says
			i.packet = PacketReceived{Src: p.Src, Dst: p.Dst, TTL: p.TTL, Multihop: i.key.multihop, Payload: p.Data}
			deliver(&i.packet)
		}
		if n < mmsg.Len {
			return nil
		}
	}
}

// outlet sends the packets of one session. It is not connected: the kernel
// chooses the route anew for each packet, and an ICMP error costs none.
type outlet struct {
	path Path
	fd   int // -1: not open
	to   unix.Sockaddr
	said string // of the last failure
}

func newOutlet(p Path) *outlet {
	return &outlet{path: p, fd: -1, to: sockaddr(p.Neighbor, portOf(p.Multihop))}
}

func sockaddr(a netip.Addr, port int) unix.Sockaddr {
	if a.Is6() {
		return &unix.SockaddrInet6{Addr: a.As16(), Port: port}
	}
	return &unix.SockaddrInet4{Addr: a.As4(), Port: port}
}

// open binds a socket to the source address and a free source port. While the
// address is missing, every packet tries it again.
func (o *outlet) open(ttl uint8) error {
	fd, err := udpSocket(o.path.Neighbor.Is6())
	if err != nil {
		return err
	}
	if err := o.bind(fd); err != nil {
		unix.Close(fd)
		if o.path.Source.IsValid() {
			err = fmt.Errorf("source address %v: %w", o.path.Source, err)
		}
		return err
	}
	o.fd = fd
	if err := errors.Join(o.setTTL(ttl), o.deaf()); err != nil {
		unix.Close(fd)
		o.fd = -1
		return err
	}
	return nil
}

func (o *outlet) bind(fd int) error {
	source := o.path.Source
	if !source.IsValid() {
		source = netip.IPv4Unspecified()
		if o.path.Neighbor.Is6() {
			source = netip.IPv6Unspecified()
		}
	}
	const count = lastSourcePort - firstSourcePort + 1
	first := rand.IntN(count)
	var err error
	for i := range count {
		err = unix.Bind(fd, sockaddr(source, firstSourcePort+(first+i)%count))
		if !errors.Is(err, unix.EADDRINUSE) {
			return err
		}
	}
	return err
}

// deaf makes the send socket keep nothing that is sent to it.
func (o *outlet) deaf() error { return unix.SetsockoptInt(o.fd, unix.SOL_SOCKET, unix.SO_RCVBUF, 0) }

func (o *outlet) setTTL(ttl uint8) error {
	if o.path.Neighbor.Is6() {
		return unix.SetsockoptInt(o.fd, unix.IPPROTO_IPV6, unix.IPV6_UNICAST_HOPS, int(ttl))
	}
	return errors.Join(unix.SetsockoptInt(o.fd, unix.IPPROTO_IP, unix.IP_TTL, int(ttl)),
		unix.SetsockoptInt(o.fd, unix.IPPROTO_IP, unix.IP_MTU_DISCOVER, unix.IP_PMTUDISC_DO)) // sets DF
}

func (o *outlet) send(b []byte, ttl uint8) error {
	if o.fd < 0 {
		if err := o.open(ttl); err != nil {
			return err
		}
	}
	return unix.Sendto(o.fd, b, unix.MSG_DONTWAIT, o.to)
}

// complain logs a failure when it begins and when it ends, not for each packet.
func (o *outlet) complain(log *slog.Logger, err error) {
	text := ""
	if err != nil {
		text = err.Error()
	}
	if text == o.said {
		return
	}
	o.said = text
	if text == "" {
		log.Info(fmt.Sprintf("BFD packets to %v can be sent again", o.path.Neighbor))
		return
	}
	log.Warn(fmt.Sprintf("BFD packets to %v cannot be sent: %s", o.path.Neighbor, strings.ReplaceAll(text, "\n", ", ")))
}
