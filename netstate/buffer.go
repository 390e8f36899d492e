package netstate

import (
	"errors"
	"fmt"
	"math"

	mdl "github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"

	"halbd/conf"
)

// SetBuffers sizes the receive buffers of the subscription (monitor) and of
// the dumps (command). A size of 0 leaves what there is.
func (w *Watcher) SetBuffers(monitor, command conf.Buffer) error {
	return errors.Join(setReceiveBuffer(w.events, monitor), setReceiveBuffer(w.queries, command))
}

// SetBuffer sizes the receive buffer, as SetBuffers does.
func (w *Writer) SetBuffer(command conf.Buffer) error { return setReceiveBuffer(w.conn, command) }

func setReceiveBuffer(c *mdl.Conn, b conf.Buffer) error {
	if b.Bytes == 0 {
		return nil
	}
	option := unix.SO_RCVBUF
	if b.Force {
		option = unix.SO_RCVBUFFORCE
	}
	rc, err := c.SyscallConn()
	if err != nil {
		return err
	}
	cerr := rc.Control(func(fd uintptr) {
		err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, option, int(min(b.Bytes, math.MaxInt32/2)))
	})
	if err = errors.Join(cerr, err); err != nil {
		return fmt.Errorf("receive buffer of %d bytes for route netlink: %w", b.Bytes, err)
	}
	return nil
}
