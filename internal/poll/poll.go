// Package poll is the waiting loop of a protocol process: one thread waits for
// packets, for messages of other goroutines and for one deadline. A timerfd is
// exact where Go's timers have a grain of a millisecond. It knows no protocol.
package poll

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"halbd/internal/duequeue"
)

// Time is CLOCK_BOOTTIME: the time since the host booted, monotonic, with the
// time that it was suspended.
type Time = time.Duration

// Poller is the loop's state. Only Post may be called from other goroutines.
//
// The loop waits in Go's own poller, which watches the epoll descriptor: a
// goroutine that blocked in epoll_wait itself would be late no less, and make
// the runtime's monitor run for milliseconds after each wake.
type Poller struct {
	epoll, timer, wake int
	armed              Time
	file               *os.File // the epoll descriptor
	conn               syscall.RawConn
	events             []unix.EpollEvent // room for what is ready
	ready              int               // of them
	err                error

	// OwnThread says that the loop's goroutine has a thread of its own, with a
	// scheduling class: it waits there, because Go's poller would wake it from
	// a thread without that class, which gets no processor on a busy host.
	OwnThread bool

	mu   sync.Mutex // guards mail
	mail []any
}

// New opens a Poller.
func New() (*Poller, error) {
	p := &Poller{timer: -1, wake: -1, armed: duequeue.Never}
	var err error
	if p.epoll, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return nil, fmt.Errorf("epoll: %w", err)
	}
	if err := unix.SetNonblock(p.epoll, true); err != nil { // that Go's poller takes it
		unix.Close(p.epoll)
		return nil, fmt.Errorf("epoll: %w", err)
	}
	p.file = os.NewFile(uintptr(p.epoll), "epoll")
	if p.conn, err = p.file.SyscallConn(); err != nil {
		p.Close()
		return nil, fmt.Errorf("epoll: %w", err)
	}
	if p.timer, err = unix.TimerfdCreate(unix.CLOCK_BOOTTIME, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC); err != nil {
		p.Close()
		return nil, fmt.Errorf("timerfd: %w", err)
	}
	if p.wake, err = unix.Eventfd(0, unix.EFD_NONBLOCK|unix.EFD_CLOEXEC); err != nil {
		p.Close()
		return nil, fmt.Errorf("eventfd: %w", err)
	}
	// Edge-triggered: nobody has to read their counters.
	return p, errors.Join(p.add(p.timer, unix.EPOLLIN|unix.EPOLLET), p.add(p.wake, unix.EPOLLIN|unix.EPOLLET))
}

// Close closes what New has opened; the descriptors of Add belong to the caller.
func (p *Poller) Close() {
	p.file.Close()
	for _, fd := range []int{p.timer, p.wake} {
		if fd >= 0 {
			unix.Close(fd)
		}
	}
}

// Add waits for packets on a descriptor, too.
func (p *Poller) Add(fd int) error { return p.add(fd, unix.EPOLLIN) }

// add makes one of the system calls that do not wait. None of them tells the
// scheduler of itself: that would wake the runtime's monitor each time.
func (p *Poller) add(fd int, events uint32) error {
	ev := unix.EpollEvent{Events: events, Fd: int32(fd)}
	if _, _, errno := unix.RawSyscall6(unix.SYS_EPOLL_CTL, uintptr(p.epoll), unix.EPOLL_CTL_ADD, uintptr(fd), uintptr(unsafe.Pointer(&ev)), 0, 0); errno != 0 {
		return errno
	}
	return nil
}

// AddStream waits for a connection: it is reported once each time that it
// becomes writable or readable, or ends (edge-triggered).
func (p *Poller) AddStream(fd int) error {
	return p.add(fd, unix.EPOLLIN|unix.EPOLLOUT|unix.EPOLLRDHUP|unix.EPOLLET)
}

// Remove forgets a descriptor; one that is closed already is forgotten anyway.
func (p *Poller) Remove(fd int) { unix.EpollCtl(p.epoll, unix.EPOLL_CTL_DEL, fd, nil) }

// Post queues a message from any goroutine and wakes the loop.
func (p *Poller) Post(m any) {
	p.mu.Lock()
	first := len(p.mail) == 0
	p.mail = append(p.mail, m)
	p.mu.Unlock()
	if first {
		one := [8]byte{1}
		unix.Write(p.wake, one[:])
	}
}

// Stop is the last message of Forward: ctx is cancelled.
type Stop struct{}

// Forward posts what comes from in until ctx is cancelled, and then Stop.
func Forward[T any](ctx context.Context, in <-chan T, p *Poller) {
	for {
		select {
		case <-ctx.Done():
			p.Post(Stop{})
			return
		case m, ok := <-in:
			if !ok {
				in = nil
				continue
			}
			p.Post(m)
		}
	}
}

// Ping is a message that asks whether the loop runs. The loop does not see it:
// Take calls Answer, which must not block.
type Ping struct{ Answer func() }

// Take returns the messages that wait, and forgets them.
func (p *Poller) Take() []any {
	p.mu.Lock()
	mail := p.mail
	p.mail = nil
	p.mu.Unlock()
	return slices.DeleteFunc(mail, func(m any) bool {
		ping, is := m.(Ping)
		if is {
			ping.Answer()
		}
		return is
	})
}

// Wait returns the descriptors that have packets, when there is one, or a
// message, or when the deadline has come.
func (p *Poller) Wait(deadline Time, events []unix.EpollEvent) ([]unix.EpollEvent, error) {
	for {
		if err := p.arm(deadline); err != nil {
			return nil, err
		}
		p.events = events
		if err := p.sleep(); err != nil {
			return nil, fmt.Errorf("epoll: %w", err)
		}
		noteSuspension()
		ready, others := events[:0], false
		for _, e := range p.events[:p.ready] {
			switch int(e.Fd) {
			case p.timer:
				p.armed = duequeue.Never
			case p.wake:
				others = true
			default:
				ready = append(ready, e)
			}
		}
		if others || len(ready) > 0 || deadline <= Now() {
			return ready, nil
		}
	}
}

// sleep waits until something is ready.
func (p *Poller) sleep() error {
	if p.OwnThread {
		p.epollWait(p.epoll, -1)
		return p.err
	}
	return errors.Join(p.conn.Read(p.look), p.err)
}

// look takes what is ready; false: nothing.
func (p *Poller) look(fd uintptr) bool { return p.epollWait(int(fd), 0) }

// epollWait waits for so many milliseconds, -1: for ever.
func (p *Poller) epollWait(fd, limit int) bool {
	n, err := 0, error(nil)
	if limit == 0 {
		r, _, errno := unix.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(fd), uintptr(unsafe.Pointer(&p.events[0])), uintptr(len(p.events)), 0, 0, 0)
		if n = int(r); errno != 0 {
			n, err = 0, errno
		}
	} else {
		n, err = unix.EpollWait(fd, p.events, limit)
	}
	if errors.Is(err, unix.EINTR) {
		n, err = 0, nil
	}
	p.ready, p.err = max(n, 0), err
	return n > 0 || err != nil
}

// Pause sleeps for less than a few milliseconds. The runtime is not told: to
// find another use for the thread would cost more than it is.
func Pause(d time.Duration) {
	ts := unix.NsecToTimespec(int64(d))
	unix.RawSyscall(unix.SYS_NANOSLEEP, uintptr(unsafe.Pointer(&ts)), 0, 0)
}

// arm sets the timer. One that is armed for an earlier time stays: a backup
// moves its deadline with each advert, and to go to sleep once more when the
// earlier time comes costs less than to set the timer for each.
func (p *Poller) arm(deadline Time) error {
	if deadline >= p.armed && p.armed != duequeue.Never || deadline == duequeue.Never {
		return nil
	}
	p.armed = deadline
	spec := unix.ItimerSpec{Value: unix.NsecToTimespec(max(int64(deadline), 1))}
	if _, _, errno := unix.RawSyscall6(unix.SYS_TIMERFD_SETTIME, uintptr(p.timer), unix.TFD_TIMER_ABSTIME, uintptr(unsafe.Pointer(&spec)), 0, 0, 0); errno != 0 {
		return fmt.Errorf("timerfd: %w", errno)
	}
	return nil
}

// Now reads CLOCK_BOOTTIME as of the last Wait: Go's own clock advances beside
// it, without a system call, as long as the host is not suspended.
func Now() Time { return time.Since(started) + Time(offset.Load()) }

// TimeOfDay returns a function that gives the time of day of a Time by what
// both clocks read now, and the zero time for 0.
func TimeOfDay() func(Time) time.Time {
	wall, now := time.Now().Round(0), Now()
	return func(t Time) time.Time {
		if t == 0 {
			return time.Time{}
		}
		return wall.Add(t - now)
	}
}

var (
	started = time.Now()
	offset  atomic.Int64 // of CLOCK_BOOTTIME, ahead of the time since started
)

func init() {
	for !noteSuspension() {
	}
}

// clockGrain is far above what lies between reading two clocks.
const clockGrain = time.Millisecond

// noteSuspension looks whether the host was suspended, in which Go's clock
// stands still. When the thread lost its processor between the two clocks they
// cannot be compared: the time would go back, and a deadline that is set then
// would come too early. It tells whether they could; the next wait looks again.
func noteSuspension() bool {
	var ts unix.Timespec
	before := time.Since(started)
	unix.RawSyscall(unix.SYS_CLOCK_GETTIME, unix.CLOCK_BOOTTIME, uintptr(unsafe.Pointer(&ts)), 0)
	ahead := Time(ts.Nano()) - before
	if (ahead - Time(offset.Load())).Abs() <= clockGrain {
		return true
	}
	if time.Since(started)-before > clockGrain/2 {
		return false
	}
	offset.Store(int64(ahead))
	return true
}
