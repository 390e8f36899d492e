package track

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"

	"halbd/conf"
)

// The process event connector, linux/connector.h and linux/cn_proc.h.
const (
	cnIdxProc = 1 // also the multicast group
	cnValProc = 1

	listenOp = 1 // PROC_CN_MCAST_LISTEN
	ignoreOp = 2 // PROC_CN_MCAST_IGNORE

	eventAck  = 0 // PROC_EVENT_NONE
	eventFork = 1
	eventExec = 2
	eventComm = 0x200
	eventExit = 0x80000000

	connectorOffset = unix.SizeofNlMsghdr  // of struct cn_msg
	eventOffset     = connectorOffset + 20 // of struct proc_event
	dataOffset      = eventOffset + 16     // of its event_data
	smallestEvent   = dataOffset + 8
)

// procEvent is one event of a whole process; those of threads are left out.
type procEvent struct {
	what   uint32
	pid    int // the new one for eventFork
	parent int // eventFork only
}

// decodeEvent reads one datagram of the connector.
func decodeEvent(b []byte) (e procEvent, ok bool) {
	if len(b) < smallestEvent || binary.NativeEndian.Uint32(b[connectorOffset:]) != cnIdxProc || binary.NativeEndian.Uint32(b[connectorOffset+4:]) != cnValProc {
		return e, false
	}
	word := func(at int) int { return int(int32(binary.NativeEndian.Uint32(b[at:]))) }
	e.what = binary.NativeEndian.Uint32(b[eventOffset:])
	pid, group := word(dataOffset), word(dataOffset+4)
	switch e.what {
	case eventFork:
		if len(b) < dataOffset+16 {
			return e, false
		}
		e.parent = group
		pid, group = word(dataOffset+8), word(dataOffset+12)
	case eventExec, eventComm, eventExit:
	default:
		return e, false
	}
	e.pid = group
	return e, pid == group
}

// threadFilter lets only events of whole processes through, in the kernel:
// a host that starts thousands of threads does not wake the daemon.
func threadFilter() ([]unix.SockFilter, error) {
	host := func(v uint32) uint32 { // BPF loads words in network order
		var b [4]byte
		binary.NativeEndian.PutUint32(b[:], v)
		return binary.BigEndian.Uint32(b[:])
	}
	const keep, drop = 1 << 16, 0
	program := []bpf.Instruction{
		bpf.LoadAbsolute{Off: eventOffset, Size: 4},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: host(eventFork), SkipTrue: 6},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: host(eventExec), SkipTrue: 11},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: host(eventComm), SkipTrue: 10},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: host(eventExit), SkipTrue: 9},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: host(eventAck), SkipTrue: 1},
		bpf.RetConstant{Val: drop},
		bpf.RetConstant{Val: keep},
		// Fork: the child's two numbers are the same unless it is a thread.
		bpf.LoadAbsolute{Off: dataOffset + 8, Size: 4}, bpf.TAX{}, bpf.LoadAbsolute{Off: dataOffset + 12, Size: 4},
		bpf.JumpIfX{Cond: bpf.JumpEqual, SkipFalse: 1}, bpf.RetConstant{Val: keep}, bpf.RetConstant{Val: drop},
		// The others: the same of the process itself.
		bpf.LoadAbsolute{Off: dataOffset, Size: 4}, bpf.TAX{}, bpf.LoadAbsolute{Off: dataOffset + 4, Size: 4},
		bpf.JumpIfX{Cond: bpf.JumpEqual, SkipFalse: 1}, bpf.RetConstant{Val: keep}, bpf.RetConstant{Val: drop},
	}
	raw, err := bpf.Assemble(program)
	if err != nil {
		return nil, err
	}
	filter := make([]unix.SockFilter, len(raw))
	for i, r := range raw {
		filter[i] = unix.SockFilter{Code: r.Op, Jt: r.Jt, Jf: r.Jf, K: r.K}
	}
	return filter, nil
}

// errNoEvents says that this namespace gets no process events.
var errNoEvents = errors.New("no process events here")

// eventSocket is a subscription to the process events of the kernel.
type eventSocket struct {
	file *os.File
	raw  syscall.RawConn
	buf  [4096]byte
	lost bool // a loss was told, and not every event has been read since
}

// ackLimit is how long the kernel may take to confirm a subscription. It does
// so at once, or, in a process namespace of its own, never.
const ackLimit = time.Second

// openEvents subscribes and waits for the confirmation. Only the first network
// namespace has the connector, and only the first process namespace is heard.
func openEvents(buffer conf.Buffer) (*eventSocket, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, unix.NETLINK_CONNECTOR)
	if err != nil {
		return nil, fmt.Errorf("%w: open the connector: %w", errNoEvents, err)
	}
	s := &eventSocket{file: os.NewFile(uintptr(fd), "process events")}
	if err := s.subscribe(fd, buffer); err != nil {
		s.file.Close()
		return nil, err
	}
	return s, nil
}

func (s *eventSocket) subscribe(fd int, buffer conf.Buffer) error {
	var err error
	if s.raw, err = s.file.SyscallConn(); err != nil {
		return err
	}
	if err := setBuffer(fd, buffer); err != nil {
		return fmt.Errorf("process_monitor_rcv_bufs %d: %w", buffer.Bytes, err)
	}
	filter, err := threadFilter()
	if err != nil {
		return err
	}
	prog := &unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	if err := unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, prog); err != nil {
		return fmt.Errorf("filter process events: %w", err)
	}
	if err := unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Groups: cnIdxProc}); err != nil {
		return fmt.Errorf("%w: bind: %w", errNoEvents, err)
	}
	if err := s.send(fd, listenOp); err != nil {
		return fmt.Errorf("%w: %w", errNoEvents, err)
	}
	return s.awaitAck()
}

// eventBuffer holds some ten thousand events: those of a busy moment.
const eventBuffer = 8 << 20

// setBuffer makes the receive buffer as large as asked for, or large.
func setBuffer(fd int, b conf.Buffer) error {
	switch {
	case b.Bytes == 0:
		unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, eventBuffer) // as far as the system allows
		return nil
	case b.Force:
		return unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, int(b.Bytes))
	}
	return unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, int(b.Bytes))
}

// subscriptionNumber marks our own subscription in its confirmation, which
// every listener gets.
func subscriptionNumber() uint32 { return uint32(os.Getpid()) }

// send asks the connector for something.
func (s *eventSocket) send(fd int, op uint32) error {
	const size = eventOffset + 4
	var b [size]byte
	put := binary.NativeEndian.PutUint32
	put(b[0:], size)
	binary.NativeEndian.PutUint16(b[4:], unix.NLMSG_DONE)
	put(b[connectorOffset:], cnIdxProc)
	put(b[connectorOffset+4:], cnValProc)
	put(b[connectorOffset+12:], subscriptionNumber())        // the answer has this plus 1
	binary.NativeEndian.PutUint16(b[connectorOffset+16:], 4) // length of the operation
	put(b[eventOffset:], op)
	return unix.Sendto(fd, b[:], 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK})
}

// ackError is the answer to our subscription; ok is false for anything else.
func ackError(b []byte, number uint32) (err error, ok bool) {
	if len(b) < dataOffset+4 || binary.NativeEndian.Uint32(b[eventOffset:]) != eventAck || binary.NativeEndian.Uint32(b[connectorOffset+12:]) != number+1 {
		return nil, false
	}
	if code := binary.NativeEndian.Uint32(b[dataOffset:]); code != 0 {
		return unix.Errno(code), true
	}
	return nil, true
}

func (s *eventSocket) awaitAck() error {
	s.file.SetReadDeadline(time.Now().Add(ackLimit))
	defer s.file.SetReadDeadline(time.Time{})
	for {
		n, err := s.file.Read(s.buf[:])
		switch {
		case errors.Is(err, unix.ENOBUFS):
			s.lost = true
			continue
		case err != nil:
			return fmt.Errorf("%w: the kernel does not confirm the subscription: %w", errNoEvents, err)
		}
		if err, ok := ackError(s.buf[:n], subscriptionNumber()); ok {
			if err != nil {
				return fmt.Errorf("%w: subscribe: %w", errNoEvents, err)
			}
			return nil
		}
	}
}

// receive waits for events and appends all that there are, at most a batch.
// lost says that the kernel had to drop some. Having told that once it drops
// whatever comes, without a word, until all that it has kept is read.
func (s *eventSocket) receive(list []procEvent) (_ []procEvent, lost bool, err error) {
	const batch = 4096
	var failed error
	lost = s.lost
	err = s.raw.Read(func(fd uintptr) bool {
		for range batch {
			n, err := unix.Read(int(fd), s.buf[:])
			switch {
			case errors.Is(err, unix.EAGAIN):
				s.lost = false
				return lost || failed != nil || len(list) > 0
			case errors.Is(err, unix.EINTR):
			case errors.Is(err, unix.ENOBUFS):
				lost, s.lost = true, true
			case err != nil:
				failed = err
				return true
			default:
				if e, ok := decodeEvent(s.buf[:n]); ok {
					list = append(list, e)
				}
			}
		}
		return true
	})
	return list, lost, errors.Join(err, failed)
}

// close ends the subscription and receive.
func (s *eventSocket) close() {
	s.raw.Control(func(fd uintptr) { s.send(int(fd), ignoreOp) }) // older kernels count listeners
	s.file.Close()
}
