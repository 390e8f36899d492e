package mmsg

import (
	"bytes"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// What the kernel says of packets of both families, and of one that is longer
// than the buffer.
func TestReceiver(t *testing.T) {
	for addr, options := range map[string][][2]int{
		"127.0.0.1": {{unix.IPPROTO_IP, unix.IP_RECVTTL}, {unix.IPPROTO_IP, unix.IP_PKTINFO}},
		"::1":       {{unix.IPPROTO_IPV6, unix.IPV6_RECVHOPLIMIT}, {unix.IPPROTO_IPV6, unix.IPV6_RECVPKTINFO}},
	} {
		t.Run(addr, func(t *testing.T) {
			c, err := net.ListenPacket("udp", net.JoinHostPort(addr, "0"))
			if err != nil {
				t.Skip(err)
			}
			defer c.Close()
			raw, err := c.(*net.UDPConn).SyscallConn()
			if err != nil {
				t.Fatal(err)
			}
			raw.Control(func(fd uintptr) {
				for _, o := range append(options, [2]int{unix.SOL_SOCKET, unix.SO_TIMESTAMPNS_NEW}) {
					if err := unix.SetsockoptInt(int(fd), o[0], o[1], 1); err != nil {
						t.Fatal(err)
					}
				}
			})
			out, err := net.Dial("udp", c.LocalAddr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer out.Close()
			sent := []string{"first", "second", strings.Repeat("x", 17)}
			for _, s := range sent {
				if _, err := out.Write([]byte(s)); err != nil {
					t.Fatal(err)
				}
			}
			r, got := NewReceiver(16), 0
			raw.Read(func(fd uintptr) bool {
				n, err := r.Read(int(fd))
				if err != nil {
					return err != unix.EAGAIN
				}
				for i := range n {
					p, whole := r.Packet(i)
					want := sent[got]
					got++
					if whole != (len(want) <= 16) || string(p.Data) != want[:min(16, len(want))] {
						t.Errorf("%q, whole: %v", p.Data, whole)
					}
					if self := netip.MustParseAddr(addr); p.Src != self || p.Dst != self || p.TTL != 64 {
						t.Errorf("from %v to %v, TTL %d", p.Src, p.Dst, p.TTL)
					}
					if age := time.Since(time.Unix(0, int64(p.At))); age < 0 || age > time.Minute {
						t.Errorf("it came %v ago", age)
					}
				}
				return got == len(sent)
			})
			if got != len(sent) {
				t.Errorf("%d packets, want %d", got, len(sent))
			}
		})
	}
}

// Of what is sent together each failure is told, and the rest leaves.
func TestSend(t *testing.T) {
	c, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	port := c.LocalAddr().(*net.UDPAddr).AddrPort().Port()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	payload := []byte("hello")
	var names [3]unix.RawSockaddrInet4
	var iovs [3]unix.Iovec
	hdrs := make([]Header, 3)
	for i := range hdrs {
		names[i] = unix.RawSockaddrInet4{Family: unix.AF_INET, Port: port<<8 | port>>8, Addr: [4]byte{127, 0, 0, 1}}
		iovs[i].Base = &payload[0]
		iovs[i].SetLen(len(payload))
		h := &hdrs[i].Msg
		h.Name, h.Namelen, h.Iov = (*byte)(unsafe.Pointer(&names[i])), unix.SizeofSockaddrInet4, &iovs[i]
		h.SetIovlen(1)
	}
	names[1].Addr = [4]byte{255, 255, 255, 255} // without SO_BROADCAST
	var failed []int
	Send(fd, hdrs, func(i int, err error) {
		if err != unix.EACCES {
			t.Error(err)
		}
		failed = append(failed, i)
	})
	if len(failed) != 1 || failed[0] != 1 {
		t.Errorf("failed: %v, want the second", failed)
	}
	b := make([]byte, 16)
	for range 2 {
		c.SetReadDeadline(time.Now().Add(5 * time.Second))
		if n, _, err := c.ReadFrom(b); err != nil || !bytes.Equal(b[:n], payload) {
			t.Errorf("%q, %v", b[:n], err)
		}
	}
}
