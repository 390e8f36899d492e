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
	// Service reads one service with its destinations; nil: it is not there.
	Service(ServiceKey) (*Service, error)
	// Apply carries changes out in order. A change that is already so is no
	// error. What the kernel refuses does not stop the rest; the error is
	// Refused then, any other is the connection's.
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
	buf    nlbatch.Buffer
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
// (lvs_netlink_cmd_rcv_bufs), with force beyond the system's limit; 0 leaves
// the kernel's default.
func ReceiveBuffer(bytes int, force bool) Option {
	return func(c *netlink.Conn) error {
		if bytes == 0 {
			return nil
		}
		set := c.SetReadBuffer // tries SO_RCVBUFFORCE first
		if !force {
			set = func(n int) error { return setReadBuffer(c, n) }
		}
		if err := set(bytes); err != nil {
			return fmt.Errorf("receive buffer of %d bytes: %w", bytes, err)
		}
		return nil
	}
}

// setReadBuffer stays within net.core.rmem_max.
func setReadBuffer(c *netlink.Conn, bytes int) error {
	raw, err := c.SyscallConn()
	if err != nil {
		return err
	}
	cerr := raw.Control(func(fd uintptr) {
		err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF, bytes)
	})
	return errors.Join(err, cerr)
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
	var refused Refused
	err := nlbatch.Stream(c.conn, len(changes), func(to []byte, i int) []byte {
		e := c.request(to, uint8(changes[i].Op), 0)
		changes[i].encode(&e)
		return e.b
	}, func(i int, err error) {
		if !changes[i].already(err) {
			refused = append(refused, Refusal{changes[i], err})
		}
	})
	if err != nil {
		return fmt.Errorf("change the IPVS table: %w", err)
	}
	if len(refused) > 0 {
		return refused
	}
	return nil
}

// request begins a message to the family, for attributes to follow.
func (c *Client) request(to []byte, cmd uint8, flags netlink.HeaderFlags) encoder {
	to = nlbatch.AppendHeader(to, netlink.HeaderType(c.family), netlink.Request|flags)
	return encoder{append(to, cmd, genlVersion, 0, 0)} // struct genlmsghdr
}

// dump reads every object of a kind.
func (c *Client) dump(cmd uint8, attributes func(*encoder), take func(attributes []byte) error) error {
	err := nlbatch.Dump(c.conn, &c.buf, func(to []byte) []byte {
		e := c.request(to, cmd, netlink.Dump)
		if attributes != nil {
			attributes(&e)
		}
		return e.b
	}, func(body []byte) error {
		if len(body) < genlHeaderLen {
			return errAttribute
		}
		return take(body[genlHeaderLen:])
	})
	if err != nil {
		return fmt.Errorf("IPVS command %d: %w", cmd, err)
	}
	return nil
}

// execute is for a single request with at most one answer.
func (c *Client) execute(cmd uint8, flags netlink.HeaderFlags, attributes func(*encoder)) ([]genetlink.Message, error) {
	var e encoder
	if attributes != nil {
		attributes(&e)
	}
	list, err := c.genl.Execute(genetlink.Message{Header: genetlink.Header{Command: cmd, Version: genlVersion}, Data: e.b}, c.family, netlink.Request|flags)
	if err != nil {
		return nil, fmt.Errorf("IPVS command %d: %w", cmd, err)
	}
	return list, nil
}

// Services implements Kernel.
func (c *Client) Services() ([]Service, error) {
	var services []Service
	err := c.dump(cmdGetService, nil, func(b []byte) error {
		s, err := decodeService(b)
		services = append(services, s)
		return err
	})
	for i := range services {
		if err == nil {
			err = c.destinations(&services[i])
		}
	}
	return services, err
}

// Service implements Kernel.
func (c *Client) Service(k ServiceKey) (*Service, error) {
	s, err := c.settings(k)
	if errors.Is(err, unix.ESRCH) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &s, c.destinations(&s)
}

// settings reads a service without its destinations; ESRCH: it is not there.
func (c *Client) settings(k ServiceKey) (Service, error) {
	list, err := c.execute(cmdGetService, 0, func(e *encoder) {
		at := e.nest(attrService)
		k.encode(e)
		e.end(at)
	})
	if err != nil {
		return Service{}, err
	}
	if len(list) != 1 {
		return Service{}, fmt.Errorf("IPVS answers for one service in %d messages", len(list))
	}
	return decodeService(list[0].Data)
}

// destinations reads what is in a service.
func (c *Client) destinations(s *Service) error {
	s.Dests = s.Dests[:0]
	return c.dump(cmdGetDest, func(e *encoder) {
		at := e.nest(attrService)
		s.ServiceKey.encode(e)
		e.end(at)
	}, func(b []byte) error {
		d, err := decodeDestination(b, s.IPv6)
		s.Dests = append(s.Dests, d)
		return err
	})
}

// Daemons implements Kernel.
func (c *Client) Daemons() ([]Daemon, error) {
	var daemons []Daemon
	err := c.dump(cmdGetDaemon, nil, func(b []byte) error {
		d, err := decodeDaemon(b)
		daemons = append(daemons, d)
		return err
	})
	return daemons, err
}

// StartDaemon implements Kernel.
func (c *Client) StartDaemon(d Daemon) error {
	_, err := c.execute(cmdNewDaemon, netlink.Acknowledge, func(e *encoder) {
		at := e.nest(attrDaemon)
		d.encode(e)
		e.end(at)
	})
	return err
}

// StopDaemon implements Kernel. A daemon that does not run is no error.
func (c *Client) StopDaemon(master bool) error {
	if err := c.EndDaemon(master); !errors.Is(err, unix.ESRCH) {
		return err
	}
	return nil
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
	if t == (Timeouts{}) {
		return nil
	}
	_, err := c.execute(cmdSetConfig, netlink.Acknowledge, func(e *encoder) {
		for _, x := range []struct {
			attr uint16
			d    time.Duration
		}{{attrTimeoutTCP, t.TCP}, {attrTimeoutTCPFin, t.TCPFin}, {attrTimeoutUDP, t.UDP}} {
			if x.d > 0 {
				e.uint32(x.attr, uint32(x.d/time.Second))
			}
		}
	})
	return err
}
