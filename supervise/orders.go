package supervise

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"halbd/event"
	"halbd/healthcheck"
	"halbd/internal/ipc"
	"halbd/vrrp"
)

// orders are what the operator has asked for: the questions that a process has
// not answered yet, and what a process must be told again when it starts anew.
type orders struct {
	lastID  uint64
	waiting map[uint64]waitingOrder
	roles   map[string]*standingOrder[vrrp.Order]          // by instance
	servers map[serverID]*standingOrder[healthcheck.Order] // by virtual and real server
}

// waitingOrder is a question to a process.
type waitingOrder struct {
	to   *process
	then func(json.RawMessage, error) // on the parent's goroutine
}

// serverID names a real server as events do.
type serverID struct{ service, server string }

// standingOrder is an order that is being obeyed.
type standingOrder[T any] struct {
	order T
	until time.Time // zero: without a limit
}

func newOrders() orders {
	return orders{waiting: map[uint64]waitingOrder{}, roles: map[string]*standingOrder[vrrp.Order]{}, servers: map[serverID]*standingOrder[healthcheck.Order]{}}
}

// left is how long an order is still to be obeyed; false: no longer.
func (o *standingOrder[T]) left() (time.Duration, bool) {
	if o.until.IsZero() {
		return 0, true
	}
	d := time.Until(o.until)
	return d, d > 0
}

func standingFor[T any](o T, d time.Duration) *standingOrder[T] {
	s := &standingOrder[T]{order: o}
	if d > 0 {
		s.until = time.Now().Add(d)
	}
	return s
}

const (
	// orderTime is how long an answer may take.
	orderTime = 5 * time.Second
	// switchTime is how long the search for a successor may take, with an
	// advertisement interval of a minute and more.
	switchTime = 10 * time.Minute
)

// ask sends an order to a process and waits for the answer, from any goroutine,
// for no longer than limit. The message is made with the number that the answer
// will have; taken is called with the answer on the parent's goroutine.
func ask[A any](ctx context.Context, p *parent, to role, limit time.Duration, message func(id uint64) any, taken func(*A)) (A, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	type result struct {
		answer A
		err    error
	}
	r, err := call(ctx, p, func(then func(result)) {
		p.sendOrder(to, message, func(raw json.RawMessage, err error) {
			r := result{err: err}
			if err == nil {
				r.err = json.Unmarshal(raw, &r.answer)
			}
			if r.err == nil {
				taken(&r.answer)
			}
			then(r)
		})
	})
	if err != nil {
		return r.answer, fmt.Errorf("the %s process does not answer: %w", to, err)
	}
	return r.answer, r.err
}

func (p *parent) sendOrder(to role, message func(id uint64) any, then func(json.RawMessage, error)) {
	c := p.children[to]
	if c == nil || p.stopping {
		then(nil, fmt.Errorf("the %s process does not run", to))
		return
	}
	p.orders.lastID++
	id := p.orders.lastID
	p.orders.waiting[id] = waitingOrder{c, then}
	c.conn.Send(msgOrder, message(id))
}

// onOrdered takes a process's answer to an order. One without a number is to an
// order that the process was started with.
func (p *parent) onOrdered(m childMessage) {
	var a struct {
		ID      uint64 `json:"id"`
		Refused string `json:"refused"`
	}
	if !p.decoded(m, &a) {
		return
	}
	if a.ID == 0 && a.Refused != "" {
		p.log.Warn("an order of the operator holds no longer: " + a.Refused)
	}
	if w, ok := p.orders.waiting[a.ID]; ok {
		delete(p.orders.waiting, a.ID)
		w.then(m.raw, nil)
	}
}

// forgetOrders ends the waiting for a process that has died.
func (p *parent) forgetOrders(c *process) {
	for id, w := range p.orders.waiting {
		if w.to == c {
			delete(p.orders.waiting, id)
			w.then(nil, fmt.Errorf("the %s process has ended", c.role))
		}
	}
}

// OrderVRRP gives an order to the VRRP process, from any goroutine.
func (p *parent) OrderVRRP(ctx context.Context, o vrrp.Order) (vrrp.OrderAnswer, error) {
	message := func(id uint64) any { o.ID = id; return o }
	limit := orderTime
	if o.Action == vrrp.Switch {
		limit = switchTime
	}
	a, err := ask(ctx, p, roleVRRP, limit, message, func(a *vrrp.OrderAnswer) {
		for _, name := range a.Instances {
			if o.Action == vrrp.Release {
				delete(p.orders.roles, name)
				continue
			}
			kept := o
			kept.Name = name
			p.orders.roles[name] = standingFor(kept, o.For)
		}
	})
	p.logOrder(fmt.Sprintf("vrrp %s %s", o.Action, o.Name), o.For, o.Force, o.By, a.Refused, err)
	return a, err
}

// OrderServer gives an order to the checker process, from any goroutine.
func (p *parent) OrderServer(ctx context.Context, o healthcheck.Order) (healthcheck.OrderAnswer, error) {
	message := func(id uint64) any { o.ID = id; return o }
	a, err := ask(ctx, p, roleChecker, orderTime, message, func(a *healthcheck.OrderAnswer) {
		if a.Refused != "" || o.Action == healthcheck.Enable {
			return // the event of its end has come already
		}
		kept := o
		kept.Service, kept.Server = a.Service, a.Server
		p.orders.servers[serverID{a.Name, a.Server}] = standingFor(kept, o.For)
	})
	p.logOrder(fmt.Sprintf("server %s %s %s", o.Action, o.Service, o.Server), o.For, o.Force, o.By, a.Refused, err)
	return a, err
}

// logOrder logs every order: what, who, why, and what became of it.
func (p *parent) logOrder(what string, d time.Duration, force bool, by, refused string, err error) {
	if d > 0 {
		what += fmt.Sprintf(" for %v", d)
	}
	if force {
		what += " (forced)"
	}
	if refused != "" {
		err = errors.New(refused)
	}
	if err != nil {
		p.log.Warn(fmt.Sprintf("Order %s by %s: refused: %v", what, by, err))
		return
	}
	p.log.Info(fmt.Sprintf("Order %s by %s", what, by))
}

// followOrder keeps the standing orders equal to what a process says of them.
func (p *parent) followOrder(ev *event.Event) {
	id := serverID{ev.Service, ev.ServerKey}
	switch ev.State {
	case event.Released:
		delete(p.orders.roles, ev.Name)
	case event.Enabled:
		delete(p.orders.servers, id)
	case event.Drained:
		if o := p.orders.servers[id]; o != nil {
			o.order.Drained, o.until = true, time.Time{}
		}
	}
}

// resumeRoles tells a VRRP process that starts again what it is to obey.
func (p *parent) resumeRoles(c *ipc.Conn) {
	for _, s := range p.orders.roles {
		if left, ok := s.left(); ok {
			o := s.order
			o.ID, o.For, o.Resumed = 0, left, true
			c.Send(msgOrder, o)
		}
	}
}

// resumeServers lists what a checker process that starts again is to obey.
func (p *parent) resumeServers() (list []healthcheck.Order) {
	for _, s := range p.orders.servers {
		left, ok := s.left()
		o := s.order
		if !ok {
			if o.Action == healthcheck.Disable {
				continue
			}
			o.Drained = true // its time ended while nobody was there to see
			left = 0
		}
		o.ID, o.For, o.Force = 0, left, true
		list = append(list, o)
	}
	return list
}
