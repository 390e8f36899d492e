package netstate

import (
	"errors"
	"testing"

	mdl "github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"

	"halbd/conf"
)

func bufferOf(t *testing.T, c *mdl.Conn) (size int) {
	t.Helper()
	rc, err := c.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	rc.Control(func(fd uintptr) { size, err = unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF) })
	if err != nil {
		t.Fatal(err)
	}
	return size
}

func TestSetBuffers(t *testing.T) {
	w, err := Watch(nil)
	if err != nil {
		t.Skip(err)
	}
	defer w.Close()
	before := bufferOf(t, w.events)
	if err := w.SetBuffers(conf.Buffer{}, conf.Buffer{Bytes: 30000}); err != nil {
		t.Fatal(err)
	}
	// The kernel keeps the double.
	if got := bufferOf(t, w.events); got != before {
		t.Errorf("size 0 has changed the buffer from %d to %d", before, got)
	}
	if got := bufferOf(t, w.queries); got != 60000 {
		t.Errorf("the buffer of the dumps has %d bytes, not 60000", got)
	}
	err = w.SetBuffers(conf.Buffer{Bytes: 8 << 20, Force: true}, conf.Buffer{})
	if errors.Is(err, unix.EPERM) {
		t.Skip(err)
	}
	if got := bufferOf(t, w.events); err != nil || got != 16<<20 {
		t.Errorf("forced beyond rmem_max: %d bytes, %v", got, err)
	}
}
