package healthcheck

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"strings"

	"golang.org/x/net/icmp"
	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"
	"golang.org/x/sys/unix"

	"halbd/conf"
)

// pingPayload is what an echo request carries: keepalived's 128 bytes.
var pingPayload = []byte(strings.Repeat("keepalived check - ", 7)[:128])

// pingSize holds a reply and the largest IPv4 header that a raw socket puts before it.
const pingSize = 60 + 8 + 128

// pingSequence numbers the only request of a socket, which has an identifier of its own.
const pingSequence = 1

// probePing sends one echo request and waits for its reply.
func probePing(ctx context.Context, k *conf.Checker) error {
	if err := ping(ctx, k); err != nil {
		return fmt.Errorf("%v: echo request: %w", k.Connect.Addr(), err)
	}
	return nil
}

func ping(ctx context.Context, k *conf.Checker) error {
	f, raw, err := openPing(k)
	if err != nil {
		return err
	}
	defer f.Close()
	e := echo{v6: k.Connect.Addr().Is6(), raw: raw}
	if raw {
		if e.id = k.Bind.Port(); e.id == 0 {
			e.id = uint16(rand.Uint32())
		}
	}
	request, err := e.request()
	if err != nil {
		return err
	}
	return exchange(ctx, f, request, k.ConnectTimeout, pingSize, func(reply []byte) (bool, error) { return e.answers(reply), nil })
}

// openPing opens a datagram socket where net.ipv4.ping_group_range permits one:
// there the kernel sorts the replies. Elsewhere it takes a raw socket, so that
// the setting can stay what the operator has made it.
func openPing(k *conf.Checker) (f *os.File, raw bool, err error) {
	family, proto := familyOf(k.Connect.Addr()), unix.IPPROTO_ICMP
	if family == unix.AF_INET6 {
		proto = unix.IPPROTO_ICMPV6
	}
	const flags = unix.SOCK_CLOEXEC | unix.SOCK_NONBLOCK
	fd, err := unix.Socket(family, unix.SOCK_DGRAM|flags, proto)
	if errors.Is(err, unix.EACCES) {
		raw = true
		fd, err = unix.Socket(family, unix.SOCK_RAW|flags, proto)
	}
	if err != nil {
		return nil, false, localError{fmt.Errorf("open a socket: %w", err)}
	}
	if err := connectPing(fd, raw, k); err != nil {
		unix.Close(fd)
		return nil, false, err
	}
	return os.NewFile(uintptr(fd), "icmp"), raw, nil
}

func connectPing(fd int, raw bool, k *conf.Checker) error {
	to := k.Connect.Addr()
	if err := reportErrors(fd, to); err != nil {
		return err
	}
	if err := prepare(fd, k); err != nil {
		return err
	}
	if raw {
		if err := repliesOnly(fd, to); err != nil {
			return localError{fmt.Errorf("filter ICMP: %w", err)}
		}
	}
	if k.Bind.IsValid() {
		if err := unix.Bind(fd, socketAddress(k.Bind)); err != nil {
			return localError{fmt.Errorf("bind to %v: %w", k.Bind, err)}
		}
	}
	return blame(unix.Connect(fd, socketAddress(netip.AddrPortFrom(to, 0))))
}

// repliesOnly keeps everything but echo replies from a raw socket.
func repliesOnly(fd int, to netip.Addr) error {
	if to.Is4() {
		return unix.SetsockoptInt(fd, unix.SOL_RAW, unix.ICMP_FILTER, ^(1 << ipv4.ICMPTypeEchoReply))
	}
	var filter ipv6.ICMPFilter
	filter.SetAll(true)
	filter.Accept(ipv6.ICMPTypeEchoReply)
	return unix.SetsockoptICMPv6Filter(fd, unix.IPPROTO_ICMPV6, unix.ICMPV6_FILTER, &unix.ICMPv6Filter{Data: filter.Data})
}

// echo is one echo request (RFC 792, RFC 4443) and knows its reply.
type echo struct {
	v6  bool
	raw bool   // the socket is: it sees the replies to others, and IPv4 headers
	id  uint16 // identifier; the kernel sets that of a datagram socket
}

func (e echo) request() ([]byte, error) {
	m := icmp.Message{Type: ipv4.ICMPTypeEcho, Body: &icmp.Echo{ID: int(e.id), Seq: pingSequence, Data: pingPayload}}
	if e.v6 {
		m.Type = ipv6.ICMPTypeEchoRequest // the kernel computes its checksum
	}
	return m.Marshal(nil)
}

// answers reports whether a packet is the reply.
func (e echo) answers(b []byte) bool {
	proto, want := unix.IPPROTO_ICMP, icmp.Type(ipv4.ICMPTypeEchoReply)
	if e.v6 {
		proto, want = unix.IPPROTO_ICMPV6, ipv6.ICMPTypeEchoReply
	} else if e.raw {
		if len(b) == 0 || len(b) < int(b[0]&15)*4 {
			return false
		}
		b = b[int(b[0]&15)*4:]
	}
	m, err := icmp.ParseMessage(proto, b)
	if err != nil || m.Type != want {
		return false
	}
	body, ok := m.Body.(*icmp.Echo)
	return ok && body.Seq == pingSequence && (!e.raw || body.ID == int(e.id))
}
