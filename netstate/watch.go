package netstate

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync/atomic"
	"time"

	mdl "github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

// Watcher delivers what happens to links, addresses, rules and the routes of
// our protocol number.
type Watcher struct {
	// Mark names the state of the writer's work; it is asked before a snapshot
	// and comes back in Update.Mark. It is called from Run's goroutine.
	Mark func() uint64

	events  *mdl.Conn // the subscription
	queries *mdl.Conn // dumps
	dumps   []request // what a snapshot consists of, but for routes
	buf     []byte    // of Run's goroutine

	refresh atomic.Bool // a snapshot was asked for
	routes  atomic.Bool // routes are followed

	// Of Run's goroutine: the kernel removes IPv4 routes without a notice when
	// their interface goes down or their source address goes.
	suspect time.Time     // when the routes must be read again; zero: they need not
	pause   time.Duration // until they may be read once more
	last    time.Time
}

const (
	// receiveBuffer holds the notices of some thousand addresses that change at once.
	receiveBuffer = 4 << 20
	// settleTime is how long events are gathered before the routes are read again.
	settleTime = 20 * time.Millisecond
)

// Watch subscribes to the network namespace of the calling thread. What the
// writer adds is not reported when it is an IPv4 address, which the mirror has
// assumed already: the echo of some thousand addresses would cost more than it
// tells. IPv6 has something to tell: duplicates. The writer may be nil.
func Watch(mute *Writer) (*Watcher, error) {
	return watch(mute, []request{{unix.RTM_GETLINK, make([]byte, unix.SizeofIfInfomsg)}, dumpAddresses,
		{unix.RTM_GETRULE, routingHeader(unix.AF_INET, 0)}, {unix.RTM_GETRULE, routingHeader(unix.AF_INET6, 0)}},
		unix.RTNLGRP_LINK, unix.RTNLGRP_IPV4_IFADDR, unix.RTNLGRP_IPV6_IFADDR,
		unix.RTNLGRP_IPV4_ROUTE, unix.RTNLGRP_IPV6_ROUTE, unix.RTNLGRP_IPV4_RULE, unix.RTNLGRP_IPV6_RULE)
}

// WatchAddresses is Watch for addresses alone.
func WatchAddresses() (*Watcher, error) {
	return watch(nil, []request{dumpAddresses}, unix.RTNLGRP_IPV4_IFADDR, unix.RTNLGRP_IPV6_IFADDR)
}

func watch(mute *Writer, dumps []request, groups ...uint32) (*Watcher, error) {
	events, err := mdl.Dial(unix.NETLINK_ROUTE, nil)
	if err != nil {
		return nil, fmt.Errorf("open route netlink: %w", err)
	}
	w := &Watcher{events: events, dumps: dumps, Mark: func() uint64 { return 0 }}
	events.SetReadBuffer(receiveBuffer) // as far as the system allows
	if err := w.filter(mute); err != nil {
		w.Close()
		return nil, fmt.Errorf("filter route netlink: %w", err)
	}
	for _, g := range groups {
		if err := events.JoinGroup(g); err != nil {
			w.Close()
			return nil, fmt.Errorf("subscribe to route netlink group %d: %w", g, err)
		}
	}
	if w.queries, err = mdl.Dial(unix.NETLINK_ROUTE, nil); err != nil {
		w.Close()
		return nil, fmt.Errorf("open route netlink: %w", err)
	}
	w.queries.SetOption(mdl.GetStrictCheck, true) // Linux 4.20: the kernel picks the routes; before, decode does
	return w, nil
}

// FollowRoutes says whether the routes matter. Without any of our own they are
// never read. It tells whether that is news.
func (w *Watcher) FollowRoutes(on bool) (news bool) { return w.routes.Swap(on) != on }

// Refresh makes Run deliver a snapshot soon.
func (w *Watcher) Refresh() {
	w.refresh.Store(true)
	w.events.SetReadDeadline(time.Unix(1, 0))
}

// Close ends the subscription and every Run.
func (w *Watcher) Close() {
	if w.events != nil {
		w.events.Close()
	}
	if w.queries != nil {
		w.queries.Close()
	}
}

// Snapshot dumps everything that is watched.
func (w *Watcher) Snapshot() (Update, error) {
	u := Update{Full: true, Mark: w.Mark()}
	for _, req := range w.dumps {
		if err := w.dump(&u, req); err != nil {
			return u, err
		}
	}
	if w.routes.Load() {
		return u, w.dumpRoutes(&u)
	}
	return u, nil
}

// request is a dump.
type request struct {
	kind mdl.HeaderType
	body []byte
}

var dumpAddresses = request{unix.RTM_GETADDR, make([]byte, unix.SizeofIfAddrmsg)}

// routingHeader is struct rtmsg, or struct fib_rule_hdr, of a dump.
func routingHeader(family, protocol byte) []byte {
	b := make([]byte, unix.SizeofRtMsg)
	b[0], b[5] = family, protocol
	return b
}

// dumpRoutes reads the routes of our protocol number. Where the kernel filters
// they alone are copied out of it, however many routes there are.
func (w *Watcher) dumpRoutes(u *Update) error {
	err := w.dump(u, request{unix.RTM_GETROUTE, routingHeader(unix.AF_INET, AddressProtocol)})
	if err == nil {
		err = w.dump(u, request{unix.RTM_GETROUTE, routingHeader(unix.AF_INET6, AddressProtocol)})
	}
	return err
}

// interrupted is NLM_F_DUMP_INTR: something changed while a dump was going on.
const interrupted = 0x10

// dumpTries is how often a dump is begun again that changes disturb. What they
// were is told by the subscription, so the last one is good enough.
const dumpTries = 5

func (w *Watcher) dump(u *Update, req request) error {
	for try := 1; ; try++ {
		list, err := w.queries.Execute(mdl.Message{Header: mdl.Header{Type: req.kind, Flags: mdl.Request | mdl.Dump}, Data: req.body})
		switch {
		case errors.Is(err, unix.EAFNOSUPPORT) || errors.Is(err, unix.EOPNOTSUPP):
			return nil // a kernel without IPv6, or without policy routing
		case err != nil:
			return fmt.Errorf("dump (message %d): %w", req.kind, err)
		}
		whole := true
		for i := range list {
			whole = whole && list[i].Header.Flags&interrupted == 0
		}
		if whole || try == dumpTries {
			return u.add(list)
		}
	}
}

func (u *Update) add(list []mdl.Message) error {
	var errs error
	for _, m := range list {
		c, ok, err := decode(m)
		if ok {
			u.Changes = append(u.Changes, c)
		}
		errs = errors.Join(errs, err)
	}
	return errs
}

// Run delivers updates until ctx ends or the subscription breaks. complain is
// told of what went wrong and was repaired.
func (w *Watcher) Run(ctx context.Context, deliver func(Update), complain func(string)) error {
	stop := context.AfterFunc(ctx, w.Close)
	defer stop()
	for {
		w.events.SetReadDeadline(w.suspect)
		var err error
		if w.refresh.Swap(false) { // after the deadline was set: Refresh sets it again
			err = w.snapshot(deliver, complain)
		} else {
			err = w.receive(deliver, complain)
		}
		if errors.Is(err, os.ErrDeadlineExceeded) {
			err = w.lookAgain(deliver, complain)
		}
		if errors.Is(err, unix.ENOBUFS) {
			complain("netlink messages were lost: reading links, addresses, routes and rules again")
			err = w.snapshot(deliver, complain)
		}
		switch {
		case ctx.Err() != nil || errors.Is(err, os.ErrClosed):
			return ctx.Err()
		case err != nil:
			return err
		}
	}
}

// gatherTime is how long Run pauses between two deliveries: of a thousand
// changes each need not wake the receiver.
const gatherTime = time.Millisecond

// receive waits for events and delivers what has come by then.
func (w *Watcher) receive(deliver func(Update), complain func(string)) error {
	raw, err := w.events.SyscallConn()
	if err != nil {
		return fmt.Errorf("route netlink: %w", err)
	}
	var list []mdl.Message
	var failed error
	err = raw.Read(func(fd uintptr) bool {
		list, failed = w.take(int(fd))
		return len(list) > 0 || failed != nil
	})
	if len(list) > 0 {
		w.pass(list, deliver, complain)
		time.Sleep(gatherTime)
	}
	if failed != nil || err != nil {
		return fmt.Errorf("receive from route netlink: %w", errors.Join(failed, err))
	}
	return nil
}

const (
	// takeLimit is how many datagrams make a delivery at most.
	takeLimit = 512
	// datagramSize is more than the kernel puts into one notice.
	datagramSize = 64 << 10
)

// take reads the datagrams that are there.
func (w *Watcher) take(fd int) (list []mdl.Message, err error) {
	if w.buf == nil {
		w.buf = make([]byte, datagramSize)
	}
	for range takeLimit {
		n, _, err := unix.Recvfrom(fd, w.buf, unix.MSG_DONTWAIT|unix.MSG_TRUNC)
		switch {
		case errors.Is(err, unix.EAGAIN):
			return list, nil
		case errors.Is(err, unix.EINTR):
			continue
		case err != nil:
			return list, err
		case n > len(w.buf):
			return list, unix.ENOBUFS // cut off: as good as lost
		}
		list = append(list, messages(append([]byte(nil), w.buf[:n]...))...)
	}
	return list, nil
}

// messages splits a datagram.
func messages(b []byte) (list []mdl.Message) {
	for len(b) >= unix.SizeofNlMsghdr {
		n := int(binary.NativeEndian.Uint32(b))
		if n < unix.SizeofNlMsghdr || n > len(b) {
			break
		}
		list = append(list, mdl.Message{Header: mdl.Header{Length: uint32(n), Type: mdl.HeaderType(binary.NativeEndian.Uint16(b[4:])),
			Flags: mdl.HeaderFlags(binary.NativeEndian.Uint16(b[6:])), Sequence: binary.NativeEndian.Uint32(b[8:]), PID: binary.NativeEndian.Uint32(b[12:])},
			Data: b[unix.SizeofNlMsghdr:n:n]})
		b = b[min((n+3)&^3, len(b)):]
	}
	return list
}

// drainLimit bounds how many events may hold up a snapshot.
const drainLimit = 100_000

// drain delivers the events that are there already: they are older than the
// dump that follows, so they must not be applied after it.
func (w *Watcher) drain(deliver func(Update), complain func(string)) error {
	raw, err := w.events.SyscallConn()
	if err != nil {
		return fmt.Errorf("route netlink: %w", err)
	}
	for range drainLimit / takeLimit {
		var list []mdl.Message
		var failed error
		// Not by a deadline: one that has passed before the read begins, on a busy
		// host, would look like an empty queue.
		err := raw.Control(func(fd uintptr) { list, failed = w.take(int(fd)) })
		if len(list) > 0 {
			w.pass(list, deliver, complain)
		}
		if failed != nil || err != nil {
			return fmt.Errorf("receive from route netlink: %w", errors.Join(failed, err))
		}
		if len(list) == 0 {
			return nil
		}
	}
	return nil
}

// snapshot delivers everything. After a loss the kernel drops what comes, and
// tells nothing more of that, until every event has been read. So that comes
// first, and during a storm of events another snapshot will follow.
func (w *Watcher) snapshot(deliver func(Update), complain func(string)) error {
	err := w.drain(deliver, complain)
	for try := 1; errors.Is(err, unix.ENOBUFS); try++ {
		if try == dumpTries {
			w.refresh.Store(true)
			break
		}
		err = w.drain(deliver, complain)
	}
	if err != nil && !errors.Is(err, unix.ENOBUFS) {
		return err
	}
	w.suspect = time.Time{}
	u, err := w.Snapshot()
	if err == nil {
		deliver(u)
	}
	return err
}

// pass delivers events, and notes those after which routes may be missing.
func (w *Watcher) pass(list []mdl.Message, deliver func(Update), complain func(string)) {
	var u Update
	if err := u.add(list); err != nil {
		complain(err.Error())
	}
	if w.routes.Load() && w.suspect.IsZero() && (foreign(list) || slices.ContainsFunc(u.Changes, Change.losesRoutes)) {
		w.suspect = time.Now().Add(settleTime)
		if earliest := w.last.Add(w.pause); earliest.After(w.suspect) {
			w.suspect = earliest
		}
	}
	if len(u.Changes) > 0 {
		deliver(u)
	}
}

// foreign says whether somebody else's route has replaced one.
func foreign(list []mdl.Message) bool {
	return slices.ContainsFunc(list, func(m mdl.Message) bool {
		return m.Header.Type == unix.RTM_NEWROUTE && len(m.Data) >= unix.SizeofRtMsg && m.Data[5] != AddressProtocol
	})
}

// losesRoutes says whether routes may have gone with what has changed.
func (c Change) losesRoutes() bool {
	return c.Replaced || c.Link != nil && (c.Gone || !c.Link.AdminUp) || c.Address != nil && c.Gone && c.Address.Prefix.Addr().Is4()
}

// lookAgain reads the routes if they are due. With a table of a million routes
// that takes the kernel some time, so the next reading waits for longer.
func (w *Watcher) lookAgain(deliver func(Update), complain func(string)) error {
	now := time.Now()
	if w.suspect.IsZero() || now.Before(w.suspect) {
		return nil // Refresh had woken us
	}
	if err := w.drain(deliver, complain); err != nil {
		return err
	}
	u := Update{Routes: true, Mark: w.Mark()}
	if err := w.dumpRoutes(&u); err != nil {
		return err
	}
	w.last = time.Now()
	w.pause, w.suspect = 9*w.last.Sub(now), time.Time{} // at most a tenth of a processor
	deliver(u)
	return nil
}
