package healthcheck

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"halbd/conf"
	"halbd/event"
	"halbd/internal/duequeue"
)

// Order is what the operator asks of a real server of a virtual server. It is
// answered by an OrderAnswer with its ID.
type Order struct {
	ID      uint64        `json:"id"`
	Action  OrderAction   `json:"action"`
	Service string        `json:"virtual_server"` // as in FIFO lines, its key, its address or group
	Server  string        `json:"real_server"`    // as in FIFO lines, its address, its SNMP name
	For     time.Duration `json:"for,omitempty"`  // 0: without a limit
	Force   bool          `json:"force,omitempty"`
	Drained bool          `json:"drained,omitempty"` // a Drain that has come to its end in an earlier process
	By      string        `json:"by"`                // who and why, for people
}

// OrderAction is the kind of an order.
type OrderAction string

const (
	// Drain gives a server weight 0, and takes it out of the table when its last
	// connection has ended, or after Order.For.
	Drain OrderAction = "drain"
	// Disable takes a server out of the table at once, for Order.For.
	Disable OrderAction = "disable"
	// Enable ends either.
	Enable OrderAction = "enable"
)

// OrderAnswer says what became of an order. The keys name the server for
// another order, whatever name the first one had.
type OrderAnswer struct {
	ID      uint64 `json:"id"`
	Refused string `json:"refused,omitempty"`        // why; "": it was obeyed
	Service string `json:"virtual_server,omitempty"` // its key
	Name    string `json:"name,omitempty"`           // of the virtual server, as events have it
	Server  string `json:"real_server,omitempty"`    // its address
}

// Connections are those of a server that is being drained, in every kernel
// service of its virtual server.
type Connections struct {
	Service          string // its key
	Server           netip.AddrPort
	Active, Inactive uint64
}

// Answer is the answer to an Order.
type Answer struct{ OrderAnswer }

func (Order) isEvent()       {}
func (Connections) isEvent() {}
func (Answer) isAction()     {}

// standing is an order that a server obeys.
type standing struct {
	action           OrderAction
	drained          bool // it has left the table
	since            Time
	until            Time // of a drain: at the latest; of a server that is disabled; duequeue.Never: without a limit
	by               string
	counted          bool // the connections are known
	active, inactive uint64
}

// OrderStatus is an order that a server obeys.
type OrderStatus struct {
	State    event.State `json:"state"` // DRAINING, DRAINED or DISABLED
	Since    time.Time   `json:"since"`
	Until    time.Time   `json:"until,omitzero"`
	By       string      `json:"by"`
	Counted  bool        `json:"counted,omitempty"` // of DRAINING: the connections are known
	Active   uint64      `json:"active_connections,omitempty"`
	Inactive uint64      `json:"inactive_connections,omitempty"`
}

func (o *standing) state() event.State {
	switch {
	case o.action == Disable:
		return event.Disabled
	case o.drained:
		return event.Drained
	}
	return event.Draining
}

func (o *standing) status(timeOfDay func(Time) time.Time) *OrderStatus {
	if o == nil {
		return nil
	}
	s := &OrderStatus{State: o.state(), Since: timeOfDay(o.since), By: o.by, Counted: o.counted, Active: o.active, Inactive: o.inactive}
	if o.until != duequeue.Never && !o.drained {
		s.Until = timeOfDay(o.until)
	}
	return s
}

// out reports whether a server gets no new connections by order.
func (r *server) out() bool { return r.order != nil }

// draining reports whether a server only keeps the connections that it has.
func (r *server) draining() bool { return r.order != nil && r.order.state() == event.Draining }

// order obeys the operator, or says why not.
func (c *Core) order(o Order, now Time) {
	answer := OrderAnswer{ID: o.ID}
	r, refused := c.find(o.Service, o.Server)
	if refused == "" {
		switch o.Action {
		case Drain, Disable:
			refused = c.takeOut(r, &o, now)
		case Enable:
			refused = c.enable(r, &o)
		default:
			refused = fmt.Sprintf("unknown order %q", o.Action)
		}
		answer.Service, answer.Name, answer.Server = r.service.key, r.service.name, r.conf.Addr.String()
	}
	answer.Refused = refused
	c.do(Answer{answer})
}

// takeOut starts a drain, or takes a server out at once.
func (c *Core) takeOut(r *server, o *Order, now Time) (refused string) {
	s := r.service
	if !o.Force && r.alive() && !r.out() && s.quorum && s.weightOf((*server).alive) == int64(r.weight()) {
		return fmt.Sprintf("%s is the last server of %s that serves: without it %s (--force takes it out all the same)", serverName(s.conf, r.conf), s.name, s.bereft())
	}
	order := &standing{action: o.Action, drained: o.Drained, since: now, until: duequeue.Never, by: o.By}
	how := ""
	if o.For > 0 {
		order.until = now + o.For
		how = fmt.Sprintf(" for %v", o.For.Round(time.Millisecond))
		if o.Action == Drain {
			how = fmt.Sprintf(", at the latest in %v", o.For.Round(time.Millisecond))
		}
	}
	r.order = order
	if !slices.Contains(c.ordered, r) {
		c.ordered = append(c.ordered, r)
	}
	c.tellOrder(r, order.state(), "by the operator"+how+": "+o.By)
	c.reweigh(r)
	return ""
}

// bereft says what a virtual server without servers does.
func (s *service) bereft() string {
	if s.conf.Sorry != nil {
		return "its quorum is lost and the sorry server serves"
	}
	return "its quorum is lost and nobody serves"
}

func (c *Core) enable(r *server, o *Order) (refused string) {
	if !r.out() {
		return fmt.Sprintf("%s of %s is neither drained nor disabled", serverName(r.service.conf, r.conf), r.service.name)
	}
	c.endOrder(r, "by the operator: "+o.By)
	return ""
}

// endOrder lets a server serve again, if its checks do.
func (c *Core) endOrder(r *server, cause string) {
	r.order = nil
	c.ordered = slices.DeleteFunc(c.ordered, func(o *server) bool { return o == r })
	c.tellOrder(r, event.Enabled, cause)
	c.reweigh(r)
}

// reweigh makes table and quorum fit after an order.
func (c *Core) reweigh(r *server) {
	c.touch(r.service.kernel)
	c.refreshQuorum(r.service, false)
}

func (c *Core) tellOrder(r *server, told event.State, cause string) {
	ev := r.event(told, cause)
	ev.Previous, ev.Quiet = stateOf(r.up), true
	c.do(Publish{ev})
}

// connections notes how far a drain is; without a connection it has come to its end.
func (c *Core) connections(n Connections) {
	s := c.byKey[n.Service]
	if s == nil {
		return
	}
	for _, r := range s.servers {
		if r.conf.Addr != n.Server || !r.draining() {
			continue
		}
		r.order.counted, r.order.active, r.order.inactive = true, n.Active, n.Inactive
		if n.Active+n.Inactive == 0 {
			c.drained(r, "its last connection has ended")
		}
	}
}

func (c *Core) drained(r *server, cause string) {
	r.order.drained = true
	c.tellOrder(r, event.Drained, cause+"; drained by the operator: "+r.order.by)
	c.touch(r.service.kernel)
}

// endDue ends what is due: drains that last too long, servers that were
// disabled for a time.
func (c *Core) endDue(now Time) {
	for _, r := range slices.Clone(c.ordered) {
		switch o := r.order; {
		case o.until > now || o.drained:
		case o.action == Drain:
			c.drained(r, fmt.Sprintf("the time is over, with %d active and %d inactive connections", o.active, o.inactive))
		default:
			c.endOrder(r, "the time of the order is over")
		}
	}
}

// orderDeadline is when endDue is due.
func (c *Core) orderDeadline() Time {
	due := duequeue.Never
	for _, r := range c.ordered {
		if !r.order.drained {
			due = min(due, r.order.until)
		}
	}
	return due
}

// keepOrdered forgets the servers that a reload has taken away.
func (c *Core) keepOrdered() {
	c.ordered = slices.DeleteFunc(c.ordered, func(r *server) bool {
		s := r.service
		if c.byKey[s.key] == s && slices.Contains(s.servers, r) {
			return false
		}
		c.tellOrder(r, event.Enabled, "it was removed from the configuration")
		return true
	})
}

// Draining lists the servers whose connections matter, with the kernel
// services that have them.
func (c *Core) Draining() (list []Drainage) {
	for _, r := range c.ordered {
		if r.draining() {
			d := Drainage{Connections: Connections{Service: r.service.key, Server: r.conf.Addr}}
			for _, k := range r.service.kernel {
				to := r.destination(k, 0)
				d.In = append(d.In, Place{k, to.Endpoint()})
			}
			list = append(list, d)
		}
	}
	return list
}

// Drainage is a server that is being drained and its places in the kernel's table.
type Drainage struct {
	Connections
	In []Place
}

// Place is a destination of a kernel service.
type Place struct {
	Key  Key
	Dest netip.AddrPort
}

// find looks for a server by the names that people and programs have for it.
func (c *Core) find(service, real string) (r *server, refused string) {
	var among []string
	for _, s := range c.services {
		among = append(among, s.name)
		if !s.called(service) {
			continue
		}
		var servers []string
		for _, n := range s.servers {
			if n.called(real) {
				if r != nil {
					return nil, fmt.Sprintf("%s %s is not one real server: it is in %s and in %s; name the virtual server as one of them", service, real, r.service.name, s.name)
				}
				r = n
			}
			servers = append(servers, n.conf.Addr.String())
		}
		if r == nil {
			refused = fmt.Sprintf("%s has no real server %s; it has %s", s.name, real, some(servers))
		}
	}
	switch {
	case r != nil:
		return r, ""
	case refused != "":
		return nil, refused
	}
	return nil, fmt.Sprintf("there is no virtual server %s; there are %s", service, some(among))
}

func (s *service) called(name string) bool {
	v := s.conf
	switch {
	case name == s.name, name == s.key, v.SNMPName != "" && name == v.SNMPName:
		return true
	case v.Kind == conf.ByGroup:
		return name == v.Group
	case v.Kind == conf.ByFwmark:
		return name == fmt.Sprint("fwmark:", v.Fwmark) || name == fmt.Sprint("fwmark ", v.Fwmark)
	}
	return name == v.Addr.String() || name == v.Protocol.String()+":"+v.Addr.String()
}

func (r *server) called(name string) bool {
	return name == r.conf.Addr.String() || name == serverName(r.service.conf, r.conf) || r.conf.SNMPName != "" && name == r.conf.SNMPName ||
		name == r.conf.Addr.Addr().String() && r.conf.Addr.Port() == 0
}

// maxNames bounds what is listed for who has mistyped a name.
const maxNames = 10

func some(names []string) string {
	if n := len(names) - maxNames; n > 0 {
		names = append(names[:maxNames:maxNames], fmt.Sprintf("%d more", n))
	}
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}
