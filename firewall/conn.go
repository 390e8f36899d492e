package firewall

import (
	"encoding/binary"
	"errors"
	"fmt"
	"syscall"

	mdl "github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

// conn sends transactions to nf_tables.
type conn struct {
	*mdl.Conn
	raw  syscall.RawConn
	port uint32 // our address, by which our own changes are told from others'
	buf  []byte
}

// sendBuffer holds a transaction of some ten thousand addresses: it is sent whole.
const sendBuffer = 4 << 20

func dial() (*conn, error) {
	c, err := mdl.Dial(unix.NETLINK_NETFILTER, nil)
	if err != nil {
		return nil, fmt.Errorf("open netfilter netlink: %w", err)
	}
	c.SetWriteBuffer(sendBuffer) // as far as the system allows
	c.SetOption(mdl.CapAcknowledge, true)
	raw, err := c.SyscallConn()
	if err != nil {
		c.Close()
		return nil, fmt.Errorf("open netfilter netlink: %w", err)
	}
	port, err := portOf(raw)
	if err != nil {
		c.Close()
		return nil, fmt.Errorf("open netfilter netlink: %w", err)
	}
	return &conn{Conn: c, raw: raw, port: port, buf: make([]byte, 1<<16)}, nil
}

// portOf is the netlink address that the kernel gave a socket.
func portOf(raw syscall.RawConn) (port uint32, err error) {
	ctl := raw.Control(func(fd uintptr) {
		var a unix.Sockaddr
		if a, err = unix.Getsockname(int(fd)); err == nil {
			port = a.(*unix.SockaddrNetlink).Pid
		}
	})
	return port, errors.Join(ctl, err)
}

var errNoAnswer = errors.New("the kernel did not answer")

// transact has all requests done, or none. The kernel works while we send, so
// its answers are there when sending returns: nothing is waited for.
func (c *conn) transact(list []request) error {
	list = append(append([]request{border(unix.NFNL_MSG_BATCH_BEGIN)}, list...), border(unix.NFNL_MSG_BATCH_END))
	last := len(list) - 2 // the last real one is acknowledged: silence is no success
	msgs := make([]mdl.Message, len(list))
	for i := range list {
		if i == last {
			list[i].Header.Flags |= mdl.Acknowledge
		}
		list[i].Header.Sequence = uint32(i + 1)
		msgs[i] = list[i].Message
	}
	if _, err := c.SendMessages(msgs); err != nil {
		return fmt.Errorf("send to nf_tables: %w", err)
	}
	acked := false
	for {
		n, err := c.receive()
		if errors.Is(err, unix.EAGAIN) {
			break
		}
		if err != nil {
			return fmt.Errorf("receive from nf_tables: %w", err)
		}
		seq, errno, ok := answer(c.buf[:n])
		if !ok || seq == 0 || int(seq) > len(list) {
			continue
		}
		if errno != 0 {
			c.drain()
			return fmt.Errorf("%s: %w", list[seq-1].what(), errno)
		}
		acked = acked || int(seq) == last+1
	}
	if !acked {
		return errNoAnswer
	}
	return nil
}

// drain forgets the answers that are left of a failed transaction.
func (c *conn) drain() {
	for {
		if _, err := c.receive(); err != nil {
			return
		}
	}
}

// receive takes one datagram without waiting.
func (c *conn) receive() (n int, err error) {
	ctl := c.raw.Read(func(fd uintptr) bool {
		for {
			n, _, err = unix.Recvfrom(int(fd), c.buf, unix.MSG_DONTWAIT)
			if !errors.Is(err, unix.EINTR) {
				return true
			}
		}
	})
	return n, errors.Join(ctl, err)
}

// answer reads an acknowledgement (struct nlmsgerr).
func answer(b []byte) (seq uint32, errno syscall.Errno, ok bool) {
	if len(b) < unix.NLMSG_HDRLEN+4 || binary.NativeEndian.Uint16(b[4:]) != unix.NLMSG_ERROR {
		return 0, 0, false
	}
	return binary.NativeEndian.Uint32(b[8:]), syscall.Errno(-int32(binary.NativeEndian.Uint32(b[unix.NLMSG_HDRLEN:]))), true
}
