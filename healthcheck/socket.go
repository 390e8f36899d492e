package healthcheck

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"

	"golang.org/x/sys/unix"

	"halbd/conf"
)

// localError is a failure of this host before anything was sent: it has no
// socket, or not the address, the port or the interface to send from. It says
// nothing of the server, so the check counts as skipped.
type localError struct{ err error }

func (e localError) Error() string { return "on this host: " + e.err.Error() }
func (e localError) Unwrap() error { return e.err }

// blame finds the failures of connect that are this host's: no port is free.
func blame(err error) error {
	if errors.Is(err, unix.EADDRNOTAVAIL) || errors.Is(err, unix.EADDRINUSE) {
		return localError{err}
	}
	return err
}

// openStream makes the non-blocking TCP socket of a check, with the checker's
// source address, mark and interface.
func openStream(k *conf.Checker, to netip.AddrPort) (fd int, err error) {
	fd, err = rawSocket(familyOf(to.Addr()), unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC)
	if err != nil {
		return -1, localError{fmt.Errorf("open a socket: %w", err)}
	}
	if err = prepare(fd, k); err == nil {
		err = bind(fd, k.Bind)
	}
	if err != nil {
		unix.Close(fd)
		return -1, err
	}
	return fd, nil
}

func familyOf(a netip.Addr) int {
	if a.Is4() {
		return unix.AF_INET
	}
	return unix.AF_INET6
}

// prepare applies fwmark and bind_if, and makes bind_port usable: a connection
// that leaves from it is reset at its end, as the next check could not have the
// port while it is in TIME_WAIT, and several checks may share it.
func prepare(fd int, k *conf.Checker) error {
	if k.Mark != 0 {
		if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_MARK, int(k.Mark)); err != nil {
			return localError{fmt.Errorf("set the mark %d: %w", k.Mark, err)}
		}
	}
	if k.BindInterface != "" {
		if err := unix.BindToDevice(fd, k.BindInterface); err != nil {
			return localError{fmt.Errorf("bind to the interface %s: %w", k.BindInterface, err)}
		}
	}
	if k.Bind.Port() != 0 {
		err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1)
		if err == nil {
			err = unix.SetsockoptLinger(fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1})
		}
		if err != nil {
			return localError{fmt.Errorf("share the port %d: %w", k.Bind.Port(), err)}
		}
	}
	return nil
}

// bind applies bindto and bind_port. Without a port it is chosen when the
// destination is known: thousands of checks may share one.
func bind(fd int, to netip.AddrPort) error {
	if !to.IsValid() {
		return nil
	}
	if to.Port() == 0 {
		if err := unix.SetsockoptInt(fd, unix.SOL_IP, unix.IP_BIND_ADDRESS_NO_PORT, 1); err != nil {
			return localError{fmt.Errorf("bind to %v: %w", to, err)}
		}
	}
	if err := unix.Bind(fd, socketAddress(to)); err != nil {
		return localError{fmt.Errorf("bind to %v: %w", to, err)}
	}
	return nil
}

// socketAddress is the kernel's form of an address.
func socketAddress(a netip.AddrPort) unix.Sockaddr {
	if a.Addr().Is4() {
		return &unix.SockaddrInet4{Port: int(a.Port()), Addr: a.Addr().As4()}
	}
	return &unix.SockaddrInet6{Port: int(a.Port()), Addr: a.Addr().As16(), ZoneId: zoneID(a.Addr().Zone())}
}

// socketError is why a connection failed.
func socketError(fd int) error {
	errno, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ERROR)
	switch {
	case err != nil:
		return err
	case errno == 0:
		return unix.ENOTCONN
	}
	return unix.Errno(errno)
}

// zoneID is the index of the interface that scopes a link-local address; 0 for
// none, and for one that is not there: the kernel refuses that.
func zoneID(zone string) uint32 {
	if zone == "" {
		return 0
	}
	if link, err := net.InterfaceByName(zone); err == nil {
		return uint32(link.Index)
	}
	n, _ := strconv.ParseUint(zone, 10, 32)
	return uint32(n)
}
