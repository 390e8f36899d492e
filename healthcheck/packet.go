package healthcheck

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"halbd/conf"
)

// packetConn moves whole packets to and from one server.
type packetConn interface {
	io.ReadWriter
	SetReadDeadline(time.Time) error
}

// errSilent is the end of the time without a packet that counts.
var errSilent = errors.New("no answer")

// exchange sends one packet and hands every packet that comes back to judge,
// until judge is done with them or the limit has passed. A packet longer than
// size is cut. What the network says of the server (ICMP) is an error.
func exchange(ctx context.Context, c packetConn, request []byte, limit time.Duration, size int, judge func(reply []byte) (done bool, err error)) error {
	if err := c.SetReadDeadline(time.Now().Add(limit)); err != nil {
		return err
	}
	defer context.AfterFunc(ctx, func() { c.SetReadDeadline(time.Unix(1, 0)) })()
	if _, err := c.Write(request); err != nil {
		return fmt.Errorf("send the request: %w", plain(err, limit))
	}
	reply := make([]byte, size)
	for {
		n, err := c.Read(reply)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return fmt.Errorf("%w within %v", errSilent, limit)
		}
		if err != nil {
			return fmt.Errorf("wait for the answer: %w", plain(err, limit))
		}
		if done, err := judge(reply[:n]); done || err != nil {
			return err
		}
	}
}

// dialUDP opens a UDP socket that takes packets of the checked server alone,
// and everything that routers and hosts say about it.
func dialUDP(ctx context.Context, k *conf.Checker) (net.Conn, error) {
	d := net.Dialer{Control: func(_, _ string, rc syscall.RawConn) error {
		var err error
		cerr := rc.Control(func(fd uintptr) { err = reportErrors(int(fd), k.Connect.Addr()) })
		return errors.Join(cerr, err, control(rc, k))
	}}
	if k.Bind.IsValid() {
		d.LocalAddr = net.UDPAddrFromAddrPort(k.Bind)
	}
	c, err := d.DialContext(ctx, "udp", k.Connect.String())
	if err != nil {
		return nil, fmt.Errorf("connect: %w", plain(err, k.ConnectTimeout))
	}
	return c, nil
}

// reportErrors makes the kernel hand over every ICMP error; else it keeps
// those that it takes for passing, like "host unreachable".
func reportErrors(fd int, to netip.Addr) error {
	level, option := unix.IPPROTO_IP, unix.IP_RECVERR
	if to.Is6() {
		level, option = unix.IPPROTO_IPV6, unix.IPV6_RECVERR
	}
	if err := unix.SetsockoptInt(fd, level, option, 1); err != nil {
		return localError{fmt.Errorf("ask for ICMP errors: %w", err)}
	}
	return nil
}
