package healthcheck

import (
	"encoding/binary"
	"net/netip"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The system calls of a check, none of which waits: the sockets do not block.
// So the scheduler is not told of them, which would wake the runtime's monitor
// with each; that costs more than the call.

func rawSocket(family, kind int) (fd int, err error) {
	r, _, errno := unix.RawSyscall(unix.SYS_SOCKET, uintptr(family), uintptr(kind), 0)
	if errno != 0 {
		return -1, errno
	}
	return int(r), nil
}

// rawAddress is an address in the kernel's form.
type rawAddress struct {
	raw  unix.RawSockaddrInet6 // its head is that of RawSockaddrInet4
	size uintptr
}

func rawAddressOf(a netip.AddrPort) rawAddress {
	var r rawAddress
	port := (*[2]byte)(unsafe.Pointer(&r.raw.Port))
	if a.Addr().Is4() {
		v4 := (*unix.RawSockaddrInet4)(unsafe.Pointer(&r.raw))
		v4.Family, v4.Addr = unix.AF_INET, a.Addr().As4()
		r.size = unix.SizeofSockaddrInet4
	} else {
		r.raw.Family, r.raw.Addr, r.raw.Scope_id = unix.AF_INET6, a.Addr().As16(), zoneID(a.Addr().Zone())
		r.size = unix.SizeofSockaddrInet6
	}
	binary.BigEndian.PutUint16(port[:], a.Port())
	return r
}

func (r *rawAddress) connect(fd int) error {
	_, _, errno := unix.RawSyscall(unix.SYS_CONNECT, uintptr(fd), uintptr(unsafe.Pointer(&r.raw)), r.size)
	return failure(errno)
}

// sendSome writes what the socket has room for; b is not empty.
func sendSome(fd int, b []byte) (n int, err error) {
	r, _, errno := unix.RawSyscall6(unix.SYS_SENDTO, uintptr(fd), uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)), unix.MSG_NOSIGNAL, 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(r), nil
}

// receiveSome reads what is there; b is not empty. 0 bytes: the server has closed.
func receiveSome(fd int, b []byte) (n int, err error) {
	r, _, errno := unix.RawSyscall(unix.SYS_READ, uintptr(fd), uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)))
	if errno != 0 {
		return 0, errno
	}
	return int(r), nil
}

func closeSocket(fd int) { unix.RawSyscall(unix.SYS_CLOSE, uintptr(fd), 0, 0) }

// failure makes the typed nil of an errno a plain one.
func failure(errno unix.Errno) error {
	if errno == 0 {
		return nil
	}
	return errno
}
