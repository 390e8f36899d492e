package ipvs

import (
	"errors"
	"fmt"
	"net/netip"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

// Change is one step from one table to another.
type Change struct {
	Op      Op
	Service *Service     // for services; its destinations are not part of the change
	Dest    *Destination // for destinations, which are in Service
}

// Op is what a Change does.
type Op uint8

const (
	AddService Op = cmdNewService
	SetService Op = cmdSetService
	DelService Op = cmdDelService
	AddDest    Op = cmdNewDest
	SetDest    Op = cmdSetDest
	DelDest    Op = cmdDelDest
)

// Diff lists the changes that turn one service into the other. Nil means that
// the service is not there. What comes is added before what goes is removed,
// so that a service is never without servers in between.
func Diff(to []Change, have, want *Service) []Change {
	switch {
	case have == nil && want == nil:
		return to
	case want == nil:
		return append(to, Change{Op: DelService, Service: have}) // its destinations go with it
	case have == nil:
		to = append(to, Change{Op: AddService, Service: want})
	case !have.sameSettings(want):
		to = append(to, Change{Op: SetService, Service: want})
	}
	old := map[netip.AddrPort]*Destination{}
	if have != nil {
		for i := range have.Dests {
			old[have.Dests[i].key()] = &have.Dests[i]
		}
	}
	for i := range want.Dests {
		d := &want.Dests[i]
		was := old[d.key()]
		delete(old, d.key())
		if was == nil {
			to = append(to, Change{Op: AddDest, Service: want, Dest: d})
		} else if !was.sameSettings(d) {
			to = append(to, Change{Op: SetDest, Service: want, Dest: d})
		}
	}
	if have != nil && len(old) > 0 {
		for i := range have.Dests { // in a stable order
			if d := &have.Dests[i]; old[d.key()] == d {
				to = append(to, Change{Op: DelDest, Service: want, Dest: d})
			}
		}
	}
	return to
}

func (d *Destination) key() netip.AddrPort { return netip.AddrPortFrom(d.Addr, d.Port) }

func (s *Service) sameSettings(o *Service) bool {
	return s.Scheduler == o.Scheduler && s.Flags == o.Flags && s.Timeout == o.Timeout && s.Netmask == o.Netmask && s.PersistName == o.PersistName
}

func (d *Destination) sameSettings(o *Destination) bool {
	a, b := *d, *o
	a.ActiveConns, a.InactiveConns, b.ActiveConns, b.InactiveConns = 0, 0, 0, 0
	return a == b
}

func (c *Change) encode() (cmd uint8, data []byte, err error) {
	e := netlink.NewAttributeEncoder()
	switch c.Op {
	case AddService, SetService:
		e.Nested(attrService, c.Service.encode)
	case DelService:
		e.Nested(attrService, c.Service.ServiceKey.encode)
	default:
		e.Nested(attrService, c.Service.ServiceKey.encode)
		e.Nested(attrDest, func(n *netlink.AttributeEncoder) error { return c.Dest.encode(n, c.Op != DelDest) })
	}
	data, err = e.Encode()
	if err != nil {
		err = fmt.Errorf("%s: %w", c, err)
	}
	return uint8(c.Op), data, err
}

// already reports errors that say: it is so.
func (c *Change) already(err error) bool {
	switch c.Op {
	case AddService, AddDest:
		return errors.Is(err, unix.EEXIST)
	case DelService, DelDest:
		return errors.Is(err, unix.ESRCH) || errors.Is(err, unix.ENOENT)
	}
	return false
}

// String says what the change does, for errors.
func (c *Change) String() string {
	verb := map[Op]string{AddService: "add", SetService: "change", DelService: "delete", AddDest: "add", SetDest: "change", DelDest: "delete"}[c.Op]
	if c.Dest == nil {
		return fmt.Sprintf("%s virtual service %s", verb, c.Service.ServiceKey)
	}
	return fmt.Sprintf("%s real server %v in %s", verb, c.Dest.key(), c.Service.ServiceKey)
}

// String is like "tcp 10.0.0.100:80" or "fwmark 9".
func (k ServiceKey) String() string {
	if k.Fwmark != 0 {
		return fmt.Sprintf("fwmark %d", k.Fwmark)
	}
	proto := map[uint8]string{unix.IPPROTO_TCP: "tcp", unix.IPPROTO_UDP: "udp", unix.IPPROTO_SCTP: "sctp"}[k.Protocol]
	return fmt.Sprintf("%s %v", proto, netip.AddrPortFrom(k.Addr, k.Port))
}
