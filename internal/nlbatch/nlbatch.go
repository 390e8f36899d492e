// Package nlbatch sends many netlink requests with few system calls. It knows
// nothing of what the requests mean.
package nlbatch

import (
	"fmt"
	"time"

	"github.com/mdlayher/netlink"
)

// size is how many requests share a system call: if every one of them fails,
// the answers still fit into a receive buffer of the default size.
const size = 64

// patience is how long the kernel may take for a batch before the connection
// counts as broken.
const patience = 10 * time.Second

// Dial opens a connection whose failures are answered without a copy of the request.
func Dial(family int) (*netlink.Conn, error) {
	c, err := netlink.Dial(family, nil)
	if err != nil {
		return nil, fmt.Errorf("open netlink (family %d): %w", family, err)
	}
	if err := c.SetOption(netlink.CapAcknowledge, true); err != nil {
		c.Close()
		return nil, fmt.Errorf("netlink option CAP_ACK: %w", err)
	}
	return c, nil
}

// Send sends requests in order, whatever becomes of each. Only failures are
// answered by the kernel, so nobody waits for thousands of acknowledgements;
// when a batch has a failure its requests are repeated one by one, to learn
// whose it was. A request must therefore bear repetition: failed gets the
// index of each request that failed, and its error, which may just say that
// the first attempt had succeeded.
func Send(c *netlink.Conn, requests []netlink.Message, failed func(i int, err error)) error {
	for from := 0; from < len(requests); from += size {
		batch := requests[from:min(from+size, len(requests))]
		ok, err := try(c, batch)
		if err != nil {
			return err
		}
		if ok {
			continue
		}
		for i, m := range batch {
			m.Header.Flags |= netlink.Acknowledge
			if _, err := c.Execute(m); err != nil {
				failed(from+i, err)
			}
		}
	}
	return nil
}

// try sends a batch with a no-op behind it that asks for an acknowledgement:
// what comes before that are failures.
func try(c *netlink.Conn, batch []netlink.Message) (ok bool, err error) {
	list := make([]netlink.Message, 0, len(batch)+1)
	for _, m := range batch {
		m.Header.Flags &^= netlink.Acknowledge
		list = append(list, m)
	}
	list = append(list, netlink.Message{Header: netlink.Header{Type: netlink.Noop, Flags: netlink.Request | netlink.Acknowledge}})
	if _, err := c.SendMessages(list); err != nil {
		return false, fmt.Errorf("send %d netlink requests: %w", len(batch), err)
	}
	c.SetReadDeadline(time.Now().Add(patience))
	defer c.SetReadDeadline(time.Time{})
	ok = true
	for range list {
		if _, err = c.Receive(); err == nil {
			return ok, nil
		}
		ok = false
	}
	return false, fmt.Errorf("netlink: no answer to %d requests: %w", len(batch), err)
}
