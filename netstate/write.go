package netstate

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"

	mdl "github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"

	"halbd/conf"
	"halbd/internal/nlbatch"
)

// Op adds or removes one address.
type Op struct {
	Remove  bool
	Index   int
	Address *conf.Address
}

// Writer changes addresses. It is used by one goroutine at a time.
type Writer struct {
	conn *mdl.Conn
}

// NewWriter opens a connection in the network namespace of the calling thread.
func NewWriter() (*Writer, error) {
	c, err := nlbatch.Dial(unix.NETLINK_ROUTE)
	if err != nil {
		return nil, err
	}
	return &Writer{conn: c}, nil
}

// Close releases the connection.
func (w *Writer) Close() { w.conn.Close() }

// Apply carries the operations out in order. What is already as wanted is no
// error; every other failure is reported, and does not stop the rest.
func (w *Writer) Apply(ops []Op) error {
	msgs := make([]mdl.Message, 0, len(ops))
	for _, op := range ops {
		m, err := encode(op)
		if err != nil {
			return err
		}
		msgs = append(msgs, m)
	}
	var errs error
	err := nlbatch.Send(w.conn, msgs, func(i int, err error) {
		if op := &ops[i]; !op.done(err) {
			errs = errors.Join(errs, fmt.Errorf("%s %v on %s: %w", op.verb(), op.Address.Prefix, op.Address.Interface, err))
		}
	})
	return errors.Join(errs, err)
}

// done reports errors that say: it is already so.
func (op *Op) done(err error) bool {
	if op.Remove {
		return errors.Is(err, unix.EADDRNOTAVAIL) || errors.Is(err, unix.ENODEV)
	}
	return errors.Is(err, unix.EEXIST)
}

func (op *Op) verb() string {
	if op.Remove {
		return "remove"
	}
	return "add"
}

// encode makes the request (struct ifaddrmsg and attributes of linux/if_addr.h).
func encode(op Op) (mdl.Message, error) {
	a := op.Address
	addr := a.Prefix.Addr()
	family := byte(unix.AF_INET)
	flags := uint32(0)
	if addr.Is6() {
		family = unix.AF_INET6
		if !a.DAD {
			flags |= unix.IFA_F_NODAD
		}
	}
	for _, f := range []struct {
		on  bool
		bit uint32
	}{{a.Home, unix.IFA_F_HOMEADDRESS}, {a.ManageTemp, unix.IFA_F_MANAGETEMPADDR},
		{a.NoPrefixRoute, unix.IFA_F_NOPREFIXROUTE}, {a.AutoJoin, unix.IFA_F_MCAUTOJOIN}} {
		if f.on {
			flags |= f.bit
		}
	}
	body := make([]byte, unix.SizeofIfAddrmsg)
	body[0], body[1], body[2], body[3] = family, byte(a.Prefix.Bits()), byte(flags), a.Scope
	binary.NativeEndian.PutUint32(body[4:], uint32(op.Index))

	e := mdl.NewAttributeEncoder()
	far := addr
	if a.Peer.IsValid() {
		far = a.Peer.Addr()
		body[1] = byte(a.Peer.Bits())
	}
	e.Bytes(unix.IFA_LOCAL, addr.AsSlice())
	e.Bytes(unix.IFA_ADDRESS, far.AsSlice())
	if !op.Remove {
		encodeOptions(e, a, flags)
	}
	attrs, err := e.Encode()
	if err != nil {
		return mdl.Message{}, fmt.Errorf("encode address %v: %w", a.Prefix, err)
	}
	m := mdl.Message{Header: mdl.Header{Type: unix.RTM_NEWADDR, Flags: mdl.Request | mdl.Create | mdl.Replace}, Data: append(body, attrs...)}
	if op.Remove {
		m.Header.Type, m.Header.Flags = unix.RTM_DELADDR, mdl.Request
	}
	return m, nil
}

func encodeOptions(e *mdl.AttributeEncoder, a *conf.Address, flags uint32) {
	e.Uint32(unix.IFA_FLAGS, flags)
	e.Uint8(ifaProto, AddressProtocol)
	if a.Broadcast.IsValid() {
		e.Bytes(unix.IFA_BROADCAST, a.Broadcast.AsSlice())
	}
	if a.Label != "" {
		e.String(unix.IFA_LABEL, a.Label)
	}
	if a.PreferredLifetime != conf.Forever {
		life := make([]byte, unix.SizeofIfaCacheinfo)
		binary.NativeEndian.PutUint32(life, a.PreferredLifetime)
		binary.NativeEndian.PutUint32(life[4:], conf.Forever) // valid
		e.Bytes(unix.IFA_CACHEINFO, life)
	}
}

// Prefix is how the kernel will show a configured address.
func Prefix(a *conf.Address) netip.Prefix {
	if a.Peer.IsValid() {
		return netip.PrefixFrom(a.Prefix.Addr(), a.Peer.Bits())
	}
	return a.Prefix
}
