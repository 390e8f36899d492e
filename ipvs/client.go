package ipvs

import (
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/mdlayher/genetlink"
	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"

	"halbd/internal/nlbatch"
)

// ErrNotSupported means that the kernel has no IPVS, or that its module is not loaded.
var ErrNotSupported = errors.New("the kernel has no IPVS")

// Kernel is what a reconciler needs of IPVS; Client is the real one, Memory a
// stand-in.
type Kernel interface {
	// Services dumps the table with every destination.
	Services() ([]Service, error)
	// Apply carries changes out in order. A change that is already so is no
	// error. The others' failures are joined; they do not stop the rest.
	Apply([]Change) error
	Daemons() ([]Daemon, error)
	StartDaemon(Daemon) error
	StopDaemon(master bool) error
	Timeouts() (Timeouts, error)
	// SetTimeouts leaves a zero timeout as it is.
	SetTimeouts(Timeouts) error
	Close() error
}

// Client speaks to the kernel of its network namespace. It is used by one
// goroutine at a time.
type Client struct {
	conn   *netlink.Conn
	genl   *genetlink.Conn
	family uint16
}

var _ Kernel = (*Client)(nil)

// Dial opens a client in the network namespace of the calling thread. The
// error is ErrNotSupported when there is no IPVS.
func Dial(options ...Option) (*Client, error) {
	conn, err := nlbatch.Dial(unix.NETLINK_GENERIC)
	if err != nil {
		return nil, err
	}
	for _, o := range options {
		if err := o(conn); err != nil {
			conn.Close()
			return nil, err
		}
	}
	c, err := newClient(conn)
	if err != nil {
		conn.Close()
		return nil, err
	}
	return c, nil
}

// Option changes the connection to the kernel.
type Option func(*netlink.Conn) error

// ReceiveBuffer sets the size of the receive buffer in bytes
// (lvs_netlink_cmd_rcv_bufs); 0 leaves the kernel's default.
func ReceiveBuffer(bytes int) Option {
	return func(c *netlink.Conn) error {
		if bytes == 0 {
			return nil
		}
		if err := c.SetReadBuffer(bytes); err != nil {
			return fmt.Errorf("receive buffer of %d bytes: %w", bytes, err)
		}
		return nil
	}
}

func newClient(conn *netlink.Conn) (*Client, error) {
	c := &Client{conn: conn, genl: genetlink.NewConn(conn)}
	f, err := c.genl.GetFamily("IPVS")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNotSupported
	}
	if err != nil {
		return nil, fmt.Errorf("find generic netlink family IPVS: %w", err)
	}
	c.family = f.ID
	return c, nil
}

// Close releases the socket.
func (c *Client) Close() error { return c.conn.Close() }

// Apply implements Kernel.
func (c *Client) Apply(changes []Change) error {
	msgs := make([]netlink.Message, 0, len(changes))
	for i := range changes {
		cmd, data, err := changes[i].encode()
		if err != nil {
			return err
		}
		m, err := c.message(cmd, netlink.Request, data)
		if err != nil {
			return err
		}
		msgs = append(msgs, m)
	}
	var errs error
	err := nlbatch.Send(c.conn, msgs, func(i int, err error) {
		if !changes[i].already(err) {
			errs = errors.Join(errs, fmt.Errorf("%s: %w", &changes[i], err))
		}
	})
	return errors.Join(errs, err)
}

func (c *Client) message(cmd uint8, flags netlink.HeaderFlags, data []byte) (netlink.Message, error) {
	body, err := (&genetlink.Message{Header: genetlink.Header{Command: cmd, Version: genlVersion}, Data: data}).MarshalBinary()
	if err != nil {
		return netlink.Message{}, fmt.Errorf("IPVS command %d: %w", cmd, err)
	}
	return netlink.Message{Header: netlink.Header{Type: netlink.HeaderType(c.family), Flags: flags}, Data: body}, nil
}

func (c *Client) execute(cmd uint8, flags netlink.HeaderFlags, data []byte) ([]genetlink.Message, error) {
	list, err := c.genl.Execute(genetlink.Message{Header: genetlink.Header{Command: cmd, Version: genlVersion}, Data: data}, c.family, netlink.Request|flags)
	if err != nil {
		return nil, fmt.Errorf("IPVS command %d: %w", cmd, err)
	}
	return list, nil
}

// Services implements Kernel.
func (c *Client) Services() ([]Service, error) {
	list, err := c.execute(cmdGetService, netlink.Dump, nil)
	if err != nil {
		return nil, err
	}
	services := make([]Service, 0, len(list))
	for _, m := range list {
		s, err := decodeService(m.Data)
		if err != nil {
			return nil, err
		}
		if s.Dests, err = c.destinations(s.ServiceKey); err != nil {
			return nil, err
		}
		services = append(services, s)
	}
	return services, nil
}

func (c *Client) destinations(k ServiceKey) ([]Destination, error) {
	data, err := encodeNested(attrService, k.encode)
	if err != nil {
		return nil, err
	}
	list, err := c.execute(cmdGetDest, netlink.Dump, data)
	if err != nil {
		return nil, err
	}
	dests := make([]Destination, 0, len(list))
	for _, m := range list {
		d, err := decodeDestination(m.Data, k.IPv6)
		if err != nil {
			return nil, err
		}
		dests = append(dests, d)
	}
	return dests, nil
}

// Daemons implements Kernel.
func (c *Client) Daemons() ([]Daemon, error) {
	list, err := c.execute(cmdGetDaemon, netlink.Dump, nil)
	if err != nil {
		return nil, err
	}
	var daemons []Daemon
	for _, m := range list {
		d, err := decodeDaemon(m.Data)
		if err != nil {
			return nil, err
		}
		daemons = append(daemons, d)
	}
	return daemons, nil
}

// StartDaemon implements Kernel.
func (c *Client) StartDaemon(d Daemon) error {
	data, err := encodeNested(attrDaemon, d.encode)
	if err != nil {
		return err
	}
	_, err = c.execute(cmdNewDaemon, netlink.Acknowledge, data)
	return err
}

// StopDaemon implements Kernel. A daemon that does not run is no error.
func (c *Client) StopDaemon(master bool) error {
	data, err := encodeNested(attrDaemon, func(e *netlink.AttributeEncoder) error {
		e.Uint32(daemonState, daemonNumber(master))
		return nil
	})
	if err != nil {
		return err
	}
	_, err = c.execute(cmdDelDaemon, netlink.Acknowledge, data)
	if errors.Is(err, unix.ESRCH) {
		return nil
	}
	return err
}

// Timeouts implements Kernel.
func (c *Client) Timeouts() (Timeouts, error) {
	list, err := c.execute(cmdGetConfig, 0, nil)
	if err != nil {
		return Timeouts{}, err
	}
	if len(list) != 1 {
		return Timeouts{}, fmt.Errorf("IPVS answers its configuration in %d messages", len(list))
	}
	return decodeTimeouts(list[0].Data)
}

// SetTimeouts implements Kernel.
func (c *Client) SetTimeouts(t Timeouts) error {
	e := netlink.NewAttributeEncoder()
	for _, x := range []struct {
		attr uint16
		d    time.Duration
	}{{attrTimeoutTCP, t.TCP}, {attrTimeoutTCPFin, t.TCPFin}, {attrTimeoutUDP, t.UDP}} {
		if x.d > 0 {
			e.Uint32(x.attr, uint32(x.d/time.Second))
		}
	}
	data, err := e.Encode()
	if err != nil || len(data) == 0 {
		return err
	}
	_, err = c.execute(cmdSetConfig, netlink.Acknowledge, data)
	return err
}
