package engine

import (
	"fmt"
	"math"

	"golang.org/x/sys/unix"

	"halbd/conf"
	"halbd/vrrp"
)

// sizeNetlink applies vrrp_netlink_monitor_rcv_bufs and vrrp_netlink_cmd_rcv_bufs.
func (e *engine) sizeNetlink() {
	b := &e.cfg.Global.Buffers
	if err := e.watcher.SetBuffers(b.VRRPMonitor, b.VRRPCommand); err != nil {
		e.log.Warn(err.Error())
	}
	if err := e.objects.writer.kernel.SetBuffer(b.VRRPCommand); err != nil {
		e.log.Warn(err.Error())
	}
}

// sizeSockets applies kernel_rx_buf_size and vrrp_rx_bufs_policy after a reload.
func (e *engine) sizeSockets() {
	for _, s := range e.sockets {
		e.sizeSocket(s)
	}
}

func (e *engine) sizeSocket(s *socket) {
	if err := s.resize(e.receiveBuffer(s.key)); err != nil {
		e.log.Warn(fmt.Sprintf("receive buffer of VRRP on %s: %v", s.key.iface, err))
	}
}

// receiveBuffer is the sum of what the instances that share a socket ask for
// (bytes); 0: nothing.
func (e *engine) receiveBuffer(key socketKey) int {
	mtu := 0
	if l := e.mirror.Link(key.iface); l != nil {
		mtu = l.MTU
	}
	sum := 0
	for i := range e.cfg.Instances {
		if in := &e.cfg.Instances[i]; listenKey(in) == key {
			sum += receiveBufferOf(in, &e.cfg.Global.Buffers, mtu)
		}
	}
	return min(sum, math.MaxInt32/2)
}

func receiveBufferOf(in *conf.Instance, b *conf.Buffers, mtu int) int {
	switch {
	case in.ReceiveBuffer > 0:
		return int(in.ReceiveBuffer)
	case b.RxPolicy == conf.RxMTU:
		return mtu * int(b.RxMultiplier)
	case b.RxPolicy == conf.RxAdvert:
		return vrrp.PacketLen(in) * int(b.RxMultiplier)
	}
	return int(b.RxSize)
}

// resize sets the receive buffer; 0 asks for what the system gave it.
func (s *socket) resize(bytes int) error {
	if bytes == s.buffer {
		return nil
	}
	if s.buffer == 0 { // the kernel tells the double, which is what it keeps
		was, err := unix.GetsockoptInt(s.fd, unix.SOL_SOCKET, unix.SO_RCVBUF)
		if err != nil {
			return err
		}
		s.given = was / 2
	}
	s.buffer = bytes
	if bytes == 0 {
		bytes = s.given
	}
	return unix.SetsockoptInt(s.fd, unix.SOL_SOCKET, unix.SO_RCVBUF, bytes)
}
