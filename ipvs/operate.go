package ipvs

import "github.com/mdlayher/netlink"

// Commands of linux/ip_vs.h that work on a table as a whole.
const (
	cmdZero  = 16
	cmdFlush = 17
)

// Do carries out one change and reports what the kernel says of it, also that
// it is so already: EEXIST, ESRCH (no such service), ENOENT (no such
// destination; of a service: no such scheduler or persistence engine).
func (c *Client) Do(change Change) error {
	_, err := c.execute(uint8(change.Op), netlink.Acknowledge, change.encode)
	return err
}

// Zero sets the counters of a service and its destinations to zero, of every
// service for nil. The error is unix.ESRCH when there is no such service.
func (c *Client) Zero(k *ServiceKey) error {
	var attributes func(*encoder)
	if k != nil {
		attributes = k.name
	}
	_, err := c.execute(cmdZero, netlink.Acknowledge, attributes)
	return err
}

// name writes the attribute that names a service in a request about it.
func (k *ServiceKey) name(e *encoder) {
	at := e.nest(attrService)
	k.encode(e)
	e.end(at)
}

// Flush deletes every service.
func (c *Client) Flush() error {
	_, err := c.execute(cmdFlush, netlink.Acknowledge, nil)
	return err
}

// EndDaemon stops a synchronisation daemon. The error is unix.ESRCH when it does not run.
func (c *Client) EndDaemon(master bool) error {
	_, err := c.execute(cmdDelDaemon, netlink.Acknowledge, func(e *encoder) {
		at := e.nest(attrDaemon)
		e.uint32(daemonState, daemonNumber(master))
		e.end(at)
	})
	return err
}
