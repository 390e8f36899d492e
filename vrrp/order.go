package vrrp

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"halbd/event"
)

// Order is what the operator asks of an instance or a sync group. A member of
// a group stands for its group. It is answered by an OrderAnswer with its ID.
type Order struct {
	ID      uint64        `json:"id"`
	Action  OrderAction   `json:"action"`
	Name    string        `json:"name"`              // of an instance or a group
	For     time.Duration `json:"for,omitempty"`     // 0: until it is released
	Force   bool          `json:"force,omitempty"`   // even where it may leave no master
	Resumed bool          `json:"resumed,omitempty"` // it was obeyed already, by an earlier process
	By      string        `json:"by"`                // who and why, for people
}

// OrderAction is the kind of an order.
type OrderAction string

const (
	// Switch makes a MASTER hand its role over: it resigns, and then does not
	// pre-empt whoever takes the role. It claims again when no master is heard.
	Switch OrderAction = "switch"
	// Hold keeps a router from claiming at all, even when no master is heard.
	Hold OrderAction = "hold"
	// Release ends either.
	Release OrderAction = "release"
)

// OrderAnswer says what became of an order.
type OrderAnswer struct {
	ID        uint64   `json:"id"`
	Refused   string   `json:"refused,omitempty"` // why; "": it was obeyed
	Instances []string `json:"instances,omitempty"`
}

func (Order) isEvent() {}

// standing is an order that an instance obeys.
type standing struct {
	action OrderAction
	since  Time
	by     string
}

// OrderStatus is an order that an instance obeys.
type OrderStatus struct {
	Action  OrderAction `json:"action"` // switch or hold
	Since   time.Time   `json:"since"`
	Until   time.Time   `json:"until,omitzero"` // zero: until it is released
	By      string      `json:"by"`
	Looking bool        `json:"looking_for_successor,omitempty"` // of a MASTER that has not switched yet
}

// holdsBack reports whether an instance does not claim by order.
func (in *instance) holdsBack() bool { return in.order != nil && in.order.action == Hold }

func (in *instance) orderStatus(timeOfDay func(Time) time.Time) *OrderStatus {
	if off := in.offer; off != nil {
		return &OrderStatus{Action: Switch, Since: timeOfDay(off.since), By: off.order.By, Looking: true}
	}
	if in.order == nil {
		return nil
	}
	s := &OrderStatus{Action: in.order.action, Since: timeOfDay(in.order.since), By: in.order.by}
	if at := in.at[timerOrder]; at != never {
		s.Until = timeOfDay(at)
	}
	return s
}

// order obeys the operator, or says why not.
func (c *Core) order(now Time, o Order) {
	members := c.addressed(o.Name)
	refused, later := "", false
	switch {
	case members != nil && o.Resumed:
		c.resumeOrder(members, now, &o)
	case members == nil:
		refused = fmt.Sprintf("there is no instance or sync group %q; there are %s", o.Name, c.names())
	case o.Action == Switch:
		refused, later = c.handOver(members, now, &o)
	case o.Action == Hold:
		refused = c.holdBack(members, now, &o)
	case o.Action == Release:
		refused = c.release(members, now, &o)
	default:
		refused = fmt.Sprintf("unknown order %q", o.Action)
	}
	if !later {
		c.answer(&o, members, refused)
	}
}

func (c *Core) answer(o *Order, members []*instance, refused string) {
	answer := OrderAnswer{ID: o.ID, Refused: refused}
	if refused == "" {
		for _, in := range members {
			answer.Instances = append(answer.Instances, in.cfg.Name)
		}
	}
	c.acts.Answers = append(c.acts.Answers, answer)
}

// addressed is whom an order is for: one instance, or every member of a group.
func (c *Core) addressed(name string) []*instance {
	if in := c.byName[name]; in != nil {
		if in.group != nil {
			return in.group.members
		}
		return []*instance{in}
	}
	for _, g := range c.groups {
		if g.cfg.Name == name {
			return g.members
		}
	}
	return nil
}

// maxNames bounds what is listed for who has mistyped a name.
const maxNames = 10

func (c *Core) names() string {
	var list []string
	for _, g := range c.groups {
		list = append(list, g.cfg.Name)
	}
	for _, in := range c.instances {
		list = append(list, in.cfg.Name)
	}
	if n := len(list) - maxNames; n > 0 {
		list = append(list[:maxNames], fmt.Sprintf("%d more", n))
	}
	if len(list) == 0 {
		return "none"
	}
	return strings.Join(list, ", ")
}

// handOver resigns the role of every member; later: a successor is looked for first.
func (c *Core) handOver(members []*instance, now Time, o *Order) (refused string, later bool) {
	successor := o.Force
	for _, in := range members {
		switch {
		case in.offer != nil:
			return fmt.Sprintf("a successor of %s is being looked for already", in.cfg.Name), false
		case in.state == event.Master:
			successor = successor || c.hasSuccessor(in, now)
		case in.state == event.Backup && in.master.IsValid():
			return fmt.Sprintf("%s is BACKUP: only the MASTER can hand the role over, and that is %v (priority %d)", in.cfg.Name, in.master, in.masterPriority), false
		default:
			return fmt.Sprintf("%s is %s: only a MASTER can hand its role over", in.cfg.Name, stateOrInitial(in.state)), false
		}
	}
	if !successor {
		c.offerRole(members, now, o)
		return "", true
	}
	for _, in := range members {
		c.obey(in, now, o, event.Yielding)
		c.resign(in)
		c.becomeBackup(in, now, switched(o))
	}
	return "", false
}

func switched(o *Order) string { return "switched by the operator: " + o.By }

// hasSuccessor reports whether another router gives signs of life: it has
// advertised within a master-down time, or a BFD session with a unicast peer
// or with the router that was heard last is up.
func (c *Core) hasSuccessor(in *instance, now Time) bool {
	if in.hears(now) {
		return true
	}
	for i := range c.cfg.BFDs {
		b := &c.cfg.BFDs[i]
		r := c.trackers[trackerID{TrackBFD, b.Name}]
		if r.Known && r.Value == 0 && (in.isPeer(b.Neighbor) || b.Neighbor == in.heardFrom) {
			return true
		}
	}
	return false
}

// hears reports whether another router has advertised within a master-down time.
func (in *instance) hears(now Time) bool {
	return in.heardAt != 0 && now-in.heardAt <= in.masterDownInterval()
}

// holdBack keeps every member from claiming.
func (c *Core) holdBack(members []*instance, now Time, o *Order) (refused string) {
	for _, in := range members {
		switch {
		case in.state == event.Master:
			return fmt.Sprintf("%s is MASTER: held, it would leave no master; switch it first", in.cfg.Name)
		case in.claim.pending:
			return fmt.Sprintf("%s is about to become MASTER", in.cfg.Name)
		case !o.Force && !in.hears(now):
			return fmt.Sprintf("no master of %s was heard within %v: held, this host would leave it without one (--force holds it all the same)",
				in.cfg.Name, in.masterDownInterval().Round(time.Millisecond))
		}
	}
	for _, in := range members {
		c.obey(in, now, o, event.Held)
		if in.instant { // it would not listen to anybody
			in.instant = false
			c.wait(in, now)
		}
	}
	return ""
}

// resumeOrder obeys what an earlier process has obeyed, unless it is too late.
func (c *Core) resumeOrder(members []*instance, now Time, o *Order) {
	told := event.Held
	if o.Action == Switch {
		told = event.Yielding
	}
	for _, in := range members {
		if in.state != event.Master && !in.claim.pending {
			c.obey(in, now, o, told)
		}
	}
}

// obey notes an order, in the place of an earlier one.
func (c *Core) obey(in *instance, now Time, o *Order, told event.State) {
	in.order = &standing{action: o.Action, since: now, by: o.By}
	until := never
	how := "until it is released"
	if o.For > 0 {
		until = now + o.For
		how = fmt.Sprintf("for %v", o.For.Round(time.Millisecond))
	}
	c.set(in, timerOrder, until)
	c.tellOrder(in, told, fmt.Sprintf("by the operator, %s: %s", how, o.By))
}

func (c *Core) tellOrder(in *instance, told event.State, cause string) {
	c.acts.Events = append(c.acts.Events, event.Event{Kind: event.Instance, Name: in.cfg.Name, State: told,
		Previous: stateOrInitial(in.state), Priority: int(in.priority), Cause: cause, Quiet: true})
}

// release ends the orders of every member.
func (c *Core) release(members []*instance, now Time, o *Order) (refused string) {
	if off := members[0].offer; off != nil {
		c.endOffer(off, now, "released by the operator: "+o.By)
		return ""
	}
	if !slices.ContainsFunc(members, func(in *instance) bool { return in.order != nil }) {
		return fmt.Sprintf("%s is not held and does not yield: there is nothing to release", o.Name)
	}
	for _, in := range members {
		if in.order != nil {
			c.endOrder(in, now, "by the operator: "+o.By)
		}
	}
	return ""
}

// endOrder lets an instance decide by itself again. Whose wait for a master
// has ended meanwhile claims at once.
func (c *Core) endOrder(in *instance, now Time, cause string) {
	in.order = nil
	c.set(in, timerOrder, never)
	c.tellOrder(in, event.Released, cause)
	if in.state == event.Backup && in.expired && !in.claim.pending {
		c.claimOrWait(in, now, 0)
	}
}

// stayBack says that a role is free and stays so by order.
func (c *Core) stayBack(in *instance) {
	c.logf(slog.LevelWarn, "(%s) %s, but it is held back by the operator (%s): there may be no master", in.cfg.Name, in.downCause(), in.order.by)
}
