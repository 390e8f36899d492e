package ipvs

import (
	"errors"
	"fmt"
	"net/netip"

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
	same := 0 // destinations at the same place in both: all of them, mostly
	if have != nil {
		for same < min(len(have.Dests), len(want.Dests)) && have.Dests[same].Endpoint() == want.Dests[same].Endpoint() {
			to = diffDest(to, want, &have.Dests[same], same)
			same++
		}
	}
	var old map[netip.AddrPort]*Destination
	if have != nil && same < len(have.Dests) {
		old = make(map[netip.AddrPort]*Destination, len(have.Dests)-same)
		for i := range have.Dests[same:] {
			d := &have.Dests[same+i]
			old[d.Endpoint()] = d
		}
	}
	for i := same; i < len(want.Dests); i++ {
		k := want.Dests[i].Endpoint()
		to = diffDest(to, want, old[k], i)
		delete(old, k)
	}
	if len(old) > 0 {
		for i := range have.Dests { // in a stable order
			if d := &have.Dests[i]; old[d.Endpoint()] == d {
				to = append(to, Change{Op: DelDest, Service: want, Dest: d})
			}
		}
	}
	return to
}

// diffDest turns one destination into the wanted one of index i.
func diffDest(to []Change, want *Service, was *Destination, i int) []Change {
	switch d := &want.Dests[i]; {
	case was == nil:
		to = append(to, Change{Op: AddDest, Service: want, Dest: d})
	case !was.sameSettings(d):
		to = append(to, Change{Op: SetDest, Service: want, Dest: d})
	}
	return to
}

// Endpoint names a destination within its service.
func (d *Destination) Endpoint() netip.AddrPort { return netip.AddrPortFrom(d.Addr, d.Port) }

func (s *Service) sameSettings(o *Service) bool {
	return s.Scheduler == o.Scheduler && s.Flags == o.Flags && s.Timeout == o.Timeout && s.Netmask == o.Netmask && s.PersistName == o.PersistName
}

func (d *Destination) sameSettings(o *Destination) bool {
	a, b := *d, *o
	a.ActiveConns, a.InactiveConns, b.ActiveConns, b.InactiveConns = 0, 0, 0, 0
	return a == b
}

// encode appends the request's attributes.
func (c *Change) encode(e *encoder) {
	at := e.nest(attrService)
	switch c.Op {
	case AddService, SetService:
		c.Service.encode(e)
		e.end(at)
	case DelService:
		c.Service.ServiceKey.encode(e)
		e.end(at)
	default:
		c.Service.ServiceKey.encode(e)
		e.end(at)
		at = e.nest(attrDest)
		c.Dest.encode(e, c.Op != DelDest)
		e.end(at)
	}
}

// Refusal is a change that the kernel has refused.
type Refusal struct {
	Change Change
	Err    error
}

// Refused lists what the kernel has refused of an Apply.
type Refused []Refusal

// Error names the first one: ten thousand lines would help nobody.
func (r Refused) Error() string {
	text := fmt.Sprintf("%s: %v", &r[0].Change, r[0].Err)
	if n := len(r) - 1; n > 0 {
		text += fmt.Sprintf(", and %d more", n)
	}
	return text
}

// Services lists whose changes they are, each once.
func (r Refused) Services() []ServiceKey {
	var list []ServiceKey
	seen := make(map[ServiceKey]bool)
	for i := range r {
		if k := r[i].Change.Service.ServiceKey; !seen[k] {
			seen[k] = true
			list = append(list, k)
		}
	}
	return list
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
	return fmt.Sprintf("%s real server %v in %s", verb, c.Dest.Endpoint(), c.Service.ServiceKey)
}

// String is like "tcp 10.0.0.100:80" or "fwmark 9".
func (k ServiceKey) String() string {
	if k.Fwmark != 0 {
		return fmt.Sprintf("fwmark %d", k.Fwmark)
	}
	proto := map[uint8]string{unix.IPPROTO_TCP: "tcp", unix.IPPROTO_UDP: "udp", unix.IPPROTO_SCTP: "sctp"}[k.Protocol]
	return fmt.Sprintf("%s %v", proto, netip.AddrPortFrom(k.Addr, k.Port))
}
