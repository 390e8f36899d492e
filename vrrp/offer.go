package vrrp

import (
	"fmt"
	"log/slog"
	"time"

	"halbd/event"
)

// Backups are silent, so a MASTER may not know whether there is one. Before it
// gives anything up it looks for a successor: it advertises the lowest priority
// and keeps its addresses. A backup that pre-empts takes the role at the end of
// its master-down time. If none does, nothing has happened.

// offeredPriority is the lowest that is not a resignation.
const offeredPriority = 1

// offer is a role that its MASTER wants to hand over.
type offer struct {
	order   Order
	members []*instance
	since   Time
}

// advertised is the priority in the adverts of a MASTER.
func (in *instance) advertised() uint8 {
	if in.offer != nil {
		return offeredPriority
	}
	return in.priority
}

// offerRole looks for a successor of every member.
func (c *Core) offerRole(members []*instance, now Time, o *Order) {
	off := &offer{order: *o, members: members, since: now}
	limit := Time(0)
	for _, in := range members {
		limit = max(limit, Time(in.cfg.DownTimerAdverts+2)*in.cfg.AdvertInterval) // master-down time of the slowest backup, and its advert
	}
	for _, in := range members {
		in.offer = off
		c.advertise(in, in.priority)
		c.set(in, timerMain, now+in.cfg.AdvertInterval)
		c.logf(slog.LevelInfo, "(%s) looks for a successor: advertising priority %d for %v at most", in.cfg.Name, offeredPriority, limit)
	}
	c.set(members[0], timerOffer, now+limit)
}

// acceptOffer turns an offer into an order that is obeyed: somebody has the role now.
func (c *Core) acceptOffer(off *offer, now Time) {
	c.withdraw(off)
	for _, in := range off.members {
		c.obey(in, now, &off.order, event.Yielding)
	}
	c.answer(&off.order, off.members, "")
}

// endOffer refuses the order; the members that are MASTER go on as before.
func (c *Core) endOffer(off *offer, now Time, why string) {
	c.withdraw(off)
	for _, in := range off.members {
		if in.state == event.Master {
			c.advertise(in, in.priority)
			c.set(in, timerMain, now+in.cfg.AdvertInterval)
		}
	}
	c.answer(&off.order, off.members, why)
}

func (c *Core) withdraw(off *offer) {
	for _, in := range off.members {
		in.offer = nil
		c.set(in, timerOffer, never)
	}
}

// noSuccessor is the end of the search.
func (c *Core) noSuccessor(off *offer, now Time) {
	c.endOffer(off, now, fmt.Sprintf("no other router took %s within %v, though this one advertised priority %d: it would leave no master. "+
		"A backup with nopreempt takes only what is given up: --force resigns all the same",
		off.order.Name, (now-off.since).Round(100*time.Millisecond), offeredPriority))
}
