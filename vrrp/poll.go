package vrrp

import (
	"errors"
	"fmt"
	"sync"

	"golang.org/x/sys/unix"
)

// poller waits on one thread for packets, for messages and for one deadline.
// A timerfd is exact where Go's timers have a grain of a millisecond.
type poller struct {
	epoll, timer, wake int
	armed              Time

	mu   sync.Mutex // guards mail
	mail []any
}

func newPoller() (*poller, error) {
	p := &poller{epoll: -1, timer: -1, wake: -1, armed: never}
	var err error
	if p.epoll, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return nil, fmt.Errorf("epoll: %w", err)
	}
	if p.timer, err = unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC); err != nil {
		p.close()
		return nil, fmt.Errorf("timerfd: %w", err)
	}
	if p.wake, err = unix.Eventfd(0, unix.EFD_NONBLOCK|unix.EFD_CLOEXEC); err != nil {
		p.close()
		return nil, fmt.Errorf("eventfd: %w", err)
	}
	return p, errors.Join(p.add(p.timer), p.add(p.wake))
}

func (p *poller) close() {
	for _, fd := range []int{p.epoll, p.timer, p.wake} {
		if fd >= 0 {
			unix.Close(fd)
		}
	}
}

func (p *poller) add(fd int) error {
	return unix.EpollCtl(p.epoll, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(fd)})
}

// remove forgets a descriptor; one that is closed already is forgotten anyway.
func (p *poller) remove(fd int) { unix.EpollCtl(p.epoll, unix.EPOLL_CTL_DEL, fd, nil) }

// post queues a message from any goroutine and wakes the loop.
func (p *poller) post(m any) {
	p.mu.Lock()
	first := len(p.mail) == 0
	p.mail = append(p.mail, m)
	p.mu.Unlock()
	if first {
		one := [8]byte{1}
		unix.Write(p.wake, one[:])
	}
}

func (p *poller) take() []any {
	p.mu.Lock()
	defer p.mu.Unlock()
	m := p.mail
	p.mail = nil
	return m
}

// wait returns the descriptors that have packets, when there is one, or a
// message, or when the deadline has come.
func (p *poller) wait(deadline Time, events []unix.EpollEvent) ([]unix.EpollEvent, error) {
	if err := p.arm(deadline); err != nil {
		return nil, err
	}
	n, err := unix.EpollWait(p.epoll, events, -1)
	if errors.Is(err, unix.EINTR) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("epoll: %w", err)
	}
	ready := events[:0]
	for _, e := range events[:n] {
		switch int(e.Fd) {
		case p.timer:
			p.drain(p.timer)
			p.armed = never
		case p.wake:
			p.drain(p.wake)
		default:
			ready = append(ready, e)
		}
	}
	return ready, nil
}

func (p *poller) drain(fd int) {
	var b [8]byte
	unix.Read(fd, b[:])
}

func (p *poller) arm(deadline Time) error {
	if deadline == p.armed {
		return nil
	}
	p.armed = deadline
	spec := unix.ItimerSpec{} // zero: disarmed
	if deadline != never {
		spec.Value = unix.NsecToTimespec(max(int64(deadline), 1))
	}
	if err := unix.TimerfdSettime(p.timer, unix.TFD_TIMER_ABSTIME, &spec, nil); err != nil {
		return fmt.Errorf("timerfd: %w", err)
	}
	return nil
}

// monotonic is the Time of the engine: CLOCK_MONOTONIC.
func monotonic() Time {
	var ts unix.Timespec
	unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts)
	return Time(ts.Nano())
}
