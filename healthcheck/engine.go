package healthcheck

import (
	"fmt"
	"io"
	"net/netip"

	"golang.org/x/sys/unix"

	"halbd/conf"
	"halbd/internal/duequeue"
	"halbd/internal/poll"
)

// engine runs the checks that users have thousands of, TCP_CHECK and HTTP_GET,
// on non-blocking sockets in the checker's own loop: a check has no goroutine,
// no buffer of its own and few system calls. The loop's goroutine owns it.
type engine struct {
	poll    *poll.Poller
	byID    map[CheckerID]*conn
	byFD    map[int]*conn // the connections that wait for the server
	limits  duequeue.Queue[*conn]
	pending []*conn // have more to read than one turn took
	done    []ProbeResult
	buf     []byte // shared by all: nothing stays in it between two turns
}

// conn is one running check.
type conn struct {
	duequeue.Place // when the present phase is over
	id             CheckerID
	conf           *conf.Checker
	to             netip.AddrPort
	url            *conf.URL
	fd             int
	phase          phase
	end            Time      // when the whole check is over
	unsent         []byte    // the rest of the request, when the socket was full
	answer         *response // nil: to connect is all
}

// phase is what a check waits for.
type phase uint8

const (
	connecting phase = iota
	sending
	reading
)

// bufferSize (bytes) is what one read takes. turn is how many of them a server
// gets before the others have theirs: one that pours a gigabyte delays nobody.
const (
	bufferSize = 16 << 10
	turn       = 8
)

func newEngine(p *poll.Poller) *engine {
	return &engine{poll: p, byID: map[CheckerID]*conn{}, byFD: map[int]*conn{}, buf: make([]byte, bufferSize)}
}

// handles tells whether checkers of a kind run in the engine.
func (e *engine) handles(k conf.CheckKind) bool { return k == conf.TCPCheck || k == conf.HTTPGet }

// start begins a check. Its result, which may be there at once, is in done.
func (e *engine) start(a StartProbe, w *web, now Time) {
	k := a.Check
	c := &conn{id: a.ID, conf: k, to: a.Target, fd: -1, end: now + k.ConnectTimeout, Place: duequeue.Place{Due: now + k.ConnectTimeout, Order: int(a.ID)}}
	if k.HTTP != nil {
		c.url = urlOf(k, a.URL)
		c.answer = w.expect(c.url)
		c.end = now + phases*k.ConnectTimeout
	}
	e.byID[c.id] = c
	if err := e.open(c, now); err != nil {
		e.finish(c, err)
	}
}

// open connects. A server on this host has answered already when connect
// returns: asking at once saves it a way through the poller.
func (e *engine) open(c *conn, now Time) error {
	var err error
	if c.fd, err = openStream(c.conf, c.to); err != nil {
		return c.connectError(err)
	}
	to := rawAddressOf(c.to)
	if err := to.connect(c.fd); err != nil && err != unix.EINPROGRESS {
		return c.connectError(err)
	}
	if c.answer == nil {
		err = to.connect(c.fd)
		if err == nil || err == unix.EISCONN {
			e.finish(c, nil)
			return nil
		}
	} else if err = e.send(c, now); err == nil {
		return e.wait(c)
	}
	if err != unix.EAGAIN && err != unix.EALREADY {
		return c.connectError(err)
	}
	return e.wait(c)
}

// wait leaves the connection to the poller and its time limit.
func (e *engine) wait(c *conn) error {
	if err := e.poll.AddStream(c.fd); err != nil {
		return c.connectError(err)
	}
	e.byFD[c.fd] = c
	e.limits.Add(c)
	return nil
}

// ready goes on with a connection that the poller has reported.
func (e *engine) ready(ev *unix.EpollEvent, now Time) {
	c := e.byFD[int(ev.Fd)]
	if c == nil {
		return
	}
	if c.phase == connecting {
		e.connected(c, ev.Events&(unix.EPOLLERR|unix.EPOLLHUP) != 0, now)
	}
	if c.phase == sending && c.fd >= 0 {
		e.resume(c, now)
	}
	if c.phase == reading && c.fd >= 0 && ev.Events&^unix.EPOLLOUT != 0 {
		e.read(c, ev.Events&(unix.EPOLLRDHUP|unix.EPOLLHUP|unix.EPOLLERR) != 0, now)
	}
}

// connected ends the first phase.
func (e *engine) connected(c *conn, failed bool, now Time) {
	switch {
	case failed:
		e.finish(c, c.connectError(socketError(c.fd)))
	case c.answer == nil:
		e.finish(c, nil)
	default:
		if err := e.send(c, now); err != nil && err != unix.EAGAIN {
			e.finish(c, c.sendError(err))
		}
	}
}

// send writes the request. EAGAIN means that the connection is not there yet.
func (e *engine) send(c *conn, now Time) error {
	request := appendRequest(e.buf[:0], c.conf.HTTP.Version, c.to, c.url)
	n, err := sendSome(c.fd, request)
	if err != nil {
		return err
	}
	c.phase = reading
	if n < len(request) {
		c.phase, c.unsent = sending, append([]byte(nil), request[n:]...)
	}
	e.extend(c, now)
	return nil
}

// resume writes what the socket had no room for.
func (e *engine) resume(c *conn, now Time) {
	n, err := sendSome(c.fd, c.unsent)
	switch {
	case err == unix.EAGAIN:
		return
	case err != nil:
		e.finish(c, c.sendError(err))
		return
	}
	if c.unsent = c.unsent[n:]; len(c.unsent) == 0 {
		c.phase, c.unsent = reading, nil
		e.extend(c, now)
	}
}

// read takes what has come. ended: the server has closed, or reset; then there
// is no other notice after this one.
func (e *engine) read(c *conn, ended bool, now Time) {
	for range turn {
		n, err := receiveSome(c.fd, e.buf)
		if err == unix.EAGAIN {
			return
		}
		if err == nil && n == 0 {
			err = io.EOF
		}
		done, perr := c.answer.feed(e.buf[:max(n, 0)])
		switch {
		case perr != nil:
			e.finish(c, perr)
		case done:
			e.finish(c, c.answer.judge())
		case err == io.EOF:
			if err = c.answer.end(); err == nil {
				err = c.answer.judge()
			}
			e.finish(c, err)
		case err != nil:
			e.finish(c, fmt.Errorf("read the answer: %w", err))
		default:
			e.extend(c, now)
			if n < len(e.buf) && !ended {
				return
			}
			continue
		}
		return
	}
	e.pending = append(e.pending, c)
}

// more gives the servers that had more to say than one turn another one.
func (e *engine) more(now Time) {
	again := e.pending
	e.pending = nil
	for _, c := range again {
		if c.fd >= 0 {
			e.read(c, true, now) // as if ended: go on until nothing is left
		}
	}
}

// extend starts the limit of the next phase.
func (e *engine) extend(c *conn, now Time) {
	e.limits.Move(c, min(now+c.conf.ConnectTimeout, c.end))
}

// deadline is when the engine must go on whatever the servers do.
func (e *engine) deadline() Time {
	if len(e.pending) > 0 {
		return 0
	}
	if at, ok := e.limits.Next(); ok {
		return at
	}
	return duequeue.Never
}

// expire ends the checks whose time is over.
func (e *engine) expire(now Time) {
	for {
		c, ok := e.limits.First()
		if !ok || c.Due > now {
			return
		}
		e.finish(c, c.late())
	}
}

// late words what did not happen in time.
func (c *conn) late() error {
	switch {
	case c.phase == connecting:
		return c.connectError(fmt.Errorf("no answer within %v", c.conf.ConnectTimeout))
	case c.Due >= c.end:
		return fmt.Errorf("the answer is not complete within %v", phases*c.conf.ConnectTimeout)
	case c.phase == sending:
		return c.sendError(fmt.Errorf("no answer within %v", c.conf.ConnectTimeout))
	}
	return fmt.Errorf("read the answer: no answer within %v", c.conf.ConnectTimeout)
}

func (c *conn) connectError(err error) error {
	return fmt.Errorf("connect to %v: %w", c.conf.Connect, blame(err))
}

func (c *conn) sendError(err error) error { return fmt.Errorf("send the request: %w", err) }

// finish notes a result and forgets the check.
func (e *engine) finish(c *conn, err error) {
	e.done = append(e.done, ProbeResult{ID: c.id, Result: verdictOf(err)})
	e.forget(c)
}

// cancel ends a check without a result.
func (e *engine) cancel(id CheckerID) {
	if c := e.byID[id]; c != nil {
		e.forget(c)
	}
}

func (e *engine) forget(c *conn) {
	delete(e.byID, c.id)
	e.limits.Remove(c)
	if c.fd >= 0 {
		delete(e.byFD, c.fd)
		closeSocket(c.fd)
		c.fd = -1
	}
}

// close ends every check.
func (e *engine) close() {
	for _, c := range e.byID {
		e.forget(c)
	}
}

// take returns the results since the last call.
func (e *engine) take() []ProbeResult {
	done := e.done
	e.done = nil
	return done
}
