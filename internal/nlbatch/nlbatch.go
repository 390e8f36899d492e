// Package nlbatch sends many netlink requests with few system calls, and reads
// dumps into one buffer. It knows nothing of what the messages mean.
package nlbatch

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

// size is how many requests share a system call: if every one of them fails,
// the answers still fit into a receive buffer of the default size.
const size = 128

// patience is how long the kernel may take for a batch before the connection
// counts as broken.
const patience = 10 * time.Second

// headerLen is the length of struct nlmsghdr.
const headerLen = 16

// bufferSize holds the largest piece of a dump that the kernel makes (32 KiB).
const bufferSize = 32 << 10

// Dial opens a connection whose failures are answered without a copy of the request.
func Dial(family int) (*netlink.Conn, error) {
	c, err := netlink.Dial(family, nil)
	if err != nil {
		return nil, fmt.Errorf("open netlink (family %d): %w", family, err)
	}
	if err := c.SetOption(netlink.CapAcknowledge, true); err != nil {
		c.Close()
		return nil, fmt.Errorf("netlink option CAP_ACK: %w", err)
	}
	return c, nil
}

// Send sends requests in order, whatever becomes of each; failed gets the
// index of each request that failed, and its error.
func Send(c *netlink.Conn, requests []netlink.Message, failed func(i int, err error)) error {
	return Stream(c, len(requests), func(to []byte, i int) []byte {
		m := &requests[i]
		return append(AppendHeader(to, m.Header.Type, m.Header.Flags&^netlink.Acknowledge), m.Data...)
	}, failed)
}

// AppendHeader begins a message; its length and sequence number are filled in later.
func AppendHeader(to []byte, typ netlink.HeaderType, flags netlink.HeaderFlags) []byte {
	var h [headerLen]byte
	binary.NativeEndian.PutUint16(h[4:], uint16(typ))
	binary.NativeEndian.PutUint16(h[6:], uint16(flags))
	return append(to, h[:]...)
}

// Stream sends n requests in order, whatever becomes of each. encode appends
// request i, which begins with AppendHeader. Only failures are answered by the
// kernel, so nobody waits for thousands of acknowledgements: a message behind
// each batch asks for one.
func Stream(c *netlink.Conn, n int, encode func(to []byte, i int) []byte, failed func(i int, err error)) error {
	raw, err := c.SyscallConn()
	if err != nil {
		return fmt.Errorf("netlink: %w", err)
	}
	s := stream{raw: raw, failed: failed}
	for from := 0; from < n; from += size {
		s.base, s.n = reserve(size+1), min(size, n-from)
		s.out = s.out[:0]
		for i := range s.n {
			at := len(s.out)
			s.out = encode(s.out, from+i)
			s.finish(at, s.base+uint32(i))
		}
		at := len(s.out)
		s.out = AppendHeader(s.out, netlink.Noop, netlink.Request|netlink.Acknowledge)
		s.finish(at, s.base+uint32(s.n))
		s.from = from
		if err := s.exchange(c); err != nil {
			return fmt.Errorf("netlink: %d requests: %w", s.n, err)
		}
	}
	return nil
}

// stream is one batch under way.
type stream struct {
	raw    syscall.RawConn
	out    []byte
	in     [bufferSize / 8]byte
	base   uint32 // sequence number of the first request
	from   int    // its index
	n      int    // requests in the batch
	failed func(i int, err error)
}

// finish pads the message that begins at an offset, and completes its header.
func (s *stream) finish(at int, seq uint32) {
	length := len(s.out) - at
	for len(s.out)%4 != 0 {
		s.out = append(s.out, 0)
	}
	binary.NativeEndian.PutUint32(s.out[at:], uint32(length))
	binary.NativeEndian.PutUint32(s.out[at+8:], seq)
}

// exchange sends the batch and reads failures up to the last message's answer.
func (s *stream) exchange(c *netlink.Conn) error {
	if err := send(s.raw, s.out); err != nil {
		return err
	}
	c.SetReadDeadline(time.Now().Add(patience))
	defer c.SetReadDeadline(time.Time{})
	for done := false; !done; {
		n, err := receive(s.raw, s.in[:])
		if err != nil {
			return err
		}
		err = each(s.in[:n], func(h netlink.Header, body []byte) error {
			i := int(h.Sequence - s.base)
			if h.Type != netlink.Error || i < 0 || i > s.n {
				return nil // a late answer to somebody who has given up
			}
			errno := status(body)
			switch {
			case i == s.n:
				done = true
			case errno != nil:
				s.failed(s.from+i, errno)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Dump sends a request, which begins with AppendHeader and asks for a dump,
// and hands over the body of each message of the answer. A body is only good
// until take returns; an error of take ends the dump when its answer is read.
func Dump(c *netlink.Conn, buf *Buffer, encode func(to []byte) []byte, take func(body []byte) error) error {
	raw, err := c.SyscallConn()
	if err != nil {
		return fmt.Errorf("netlink: %w", err)
	}
	s := stream{raw: raw, out: encode(buf.out[:0])}
	seq := reserve(1)
	s.finish(0, seq)
	buf.out = s.out
	if err := send(raw, s.out); err != nil {
		return fmt.Errorf("netlink: %w", err)
	}
	if buf.in == nil {
		buf.in = make([]byte, bufferSize)
	}
	c.SetReadDeadline(time.Now().Add(patience))
	defer c.SetReadDeadline(time.Time{})
	var taken error
	for done := false; !done; {
		n, err := receive(raw, buf.in)
		if err != nil {
			return fmt.Errorf("netlink: %w", err)
		}
		err = each(buf.in[:n], func(h netlink.Header, body []byte) error {
			switch {
			case h.Sequence != seq || done:
			case h.Type == netlink.Done, h.Type == netlink.Error:
				done = true
				return status(body)
			case taken == nil:
				taken = take(body)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return taken
}

// Buffer is the memory of dumps, to be used again.
type Buffer struct{ out, in []byte }

// sequence numbers the requests of all connections, so that an answer that
// nobody waits for any more is taken for no other's.
var sequence atomic.Uint32

func reserve(n uint32) uint32 { return sequence.Add(n) - n + 1 }

func send(raw syscall.RawConn, b []byte) error {
	var err error
	werr := raw.Write(func(fd uintptr) bool {
		err = unix.Sendto(int(fd), b, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK})
		return !again(err)
	})
	if err == nil {
		err = werr
	}
	return os.NewSyscallError("sendto", err)
}

func receive(raw syscall.RawConn, b []byte) (int, error) {
	var n int
	var err error
	rerr := raw.Read(func(fd uintptr) bool {
		n, err = unix.Read(int(fd), b)
		return !again(err)
	})
	if rerr != nil {
		err = rerr
	}
	return n, os.NewSyscallError("read", err)
}

func again(err error) bool {
	return errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EINTR)
}

// errShort means that a message claims more bytes than there are.
var errShort = errors.New("a netlink message is cut short")

// each walks over the messages of one packet.
func each(b []byte, take func(h netlink.Header, body []byte) error) error {
	for len(b) >= headerLen {
		h := netlink.Header{
			Length:   binary.NativeEndian.Uint32(b),
			Type:     netlink.HeaderType(binary.NativeEndian.Uint16(b[4:])),
			Flags:    netlink.HeaderFlags(binary.NativeEndian.Uint16(b[6:])),
			Sequence: binary.NativeEndian.Uint32(b[8:]),
		}
		if h.Length < headerLen || int(h.Length) > len(b) {
			return errShort
		}
		if err := take(h, b[headerLen:h.Length]); err != nil {
			return err
		}
		b = b[min(len(b), int(h.Length+3)&^3):]
	}
	return nil
}

// status is the result of NLMSG_ERROR and NLMSG_DONE.
func status(body []byte) error {
	if len(body) < 4 {
		return nil
	}
	if code := int32(binary.NativeEndian.Uint32(body)); code < 0 {
		return unix.Errno(-code)
	}
	return nil
}
