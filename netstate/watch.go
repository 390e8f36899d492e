package netstate

import (
	"context"
	"errors"
	"fmt"
	"os"

	mdl "github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

// Watcher delivers what happens to links and addresses.
type Watcher struct {
	events  *mdl.Conn // the subscription
	queries *mdl.Conn // dumps
}

// receiveBuffer holds the notices of some thousand addresses that change at once.
const receiveBuffer = 4 << 20

// Watch subscribes to the links and addresses of the network namespace of the
// calling thread.
func Watch() (*Watcher, error) {
	events, err := mdl.Dial(unix.NETLINK_ROUTE, nil)
	if err != nil {
		return nil, fmt.Errorf("open route netlink: %w", err)
	}
	w := &Watcher{events: events}
	events.SetReadBuffer(receiveBuffer) // as far as the system allows
	for _, g := range []uint32{unix.RTNLGRP_LINK, unix.RTNLGRP_IPV4_IFADDR, unix.RTNLGRP_IPV6_IFADDR} {
		if err := events.JoinGroup(g); err != nil {
			w.Close()
			return nil, fmt.Errorf("subscribe to route netlink group %d: %w", g, err)
		}
	}
	if w.queries, err = mdl.Dial(unix.NETLINK_ROUTE, nil); err != nil {
		w.Close()
		return nil, fmt.Errorf("open route netlink: %w", err)
	}
	return w, nil
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

// Snapshot dumps everything.
func (w *Watcher) Snapshot() (Update, error) {
	u := Update{Full: true}
	for _, req := range []struct {
		kind mdl.HeaderType
		body []byte
	}{{unix.RTM_GETLINK, make([]byte, unix.SizeofIfInfomsg)}, {unix.RTM_GETADDR, make([]byte, unix.SizeofIfAddrmsg)}} {
		list, err := w.queries.Execute(mdl.Message{Header: mdl.Header{Type: req.kind, Flags: mdl.Request | mdl.Dump}, Data: req.body})
		if err != nil {
			return u, fmt.Errorf("dump (message %d): %w", req.kind, err)
		}
		if err := u.add(list); err != nil {
			return u, err
		}
	}
	return u, nil
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
		list, err := w.events.Receive()
		var u Update
		switch {
		case ctx.Err() != nil || errors.Is(err, os.ErrClosed):
			return ctx.Err()
		case errors.Is(err, unix.ENOBUFS):
			complain("netlink messages were lost: reading all links and addresses again")
			if u, err = w.Snapshot(); err != nil {
				return err
			}
		case err != nil:
			return fmt.Errorf("receive from route netlink: %w", err)
		default:
			if err := u.add(list); err != nil {
				complain(err.Error())
			}
		}
		if u.Full || len(u.Changes) > 0 {
			deliver(u)
		}
	}
}
