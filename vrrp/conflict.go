package vrrp

import (
	"fmt"
	"log/slog"
	"net/netip"

	"halbd/event"
)

// Two masters of one virtual router have both told the network where its
// addresses are. Whatever shows that there was a second one makes the winner
// announce them again; the loser gives way at once.

const (
	// healPause is the least time between two announcements because of conflicts:
	// a peer that never gives way must not make a storm.
	healPause = Time(1e9)
	// tellPause is the least time between two MASTER_RX_LOWER_PRI events of an instance.
	tellPause = Time(1e8)
)

// conflict is what a MASTER remembers of others.
type conflict struct {
	healFrom  Time       // no announcement before
	tellFrom  Time       // no event or log line before
	preempted netip.Addr // the master that was known when the role was claimed; its last advert is no conflict
	lastWord  Time       // until when that one may come
	owners    int        // adverts of another owner with a lower address
	ownerFrom Time       // none counts before
}

// meetRival answers a second master that must give way.
func (c *Core) meetRival(in *instance, now Time, src netip.Addr, a *Advert) {
	if src == in.preempted && now <= in.lastWord {
		in.preempted = netip.Addr{}
		return // it has not heard of the claim yet, or gives way with a last word
	}
	if in.listening {
		c.set(in, timerMain, now) // when everything that waits has been read
	} else {
		c.defend(in, now)
	}
	c.tellRival(in, now, src, a)
	if c.twoOwners(in, src, a) {
		c.insist(in, now)
	}
}

// defend sends an advert that makes the rival give way, and repairs what the
// rival has told the network.
func (c *Core) defend(in *instance, now Time) {
	if !in.cfg.LowerPrioNoAdv {
		c.advertise(in, in.priority)
		c.set(in, timerMain, now+in.cfg.AdvertInterval)
	}
	c.heal(in, now)
}

// heal announces every address again, at once or when healPause is over, and
// after garp_lower_prio_delay once more. garp_lower_prio_repeat 0 is the
// operator's wish for silence.
func (c *Core) heal(in *instance, now Time) {
	g := &in.cfg.GARP
	if g.LowerPrioRepeat == 0 {
		return
	}
	if now < in.healFrom {
		c.set(in, timerHeal, in.healFrom)
	} else {
		c.announceConflict(in, now)
	}
	if g.LowerPrioDelay > 0 {
		c.set(in, timerLower, now+g.LowerPrioDelay)
	}
}

func (c *Core) announceConflict(in *instance, now Time) {
	in.healFrom = now + healPause
	c.announce(in, in.cfg.GARP.LowerPrioRepeat)
}

func (c *Core) tellRival(in *instance, now Time, src netip.Addr, a *Advert) {
	if now < in.tellFrom {
		return
	}
	in.tellFrom = now + tellPause
	cause := fmt.Sprintf("%v advertises priority %d, lower than %d", src, a.Priority, in.advertised())
	if a.Priority == in.advertised() {
		cause = fmt.Sprintf("%v advertises the same priority %d and has the lower address", src, a.Priority)
	}
	c.acts.Events = append(c.acts.Events, event.Event{Kind: event.Instance, Name: in.cfg.Name, State: event.RxLowerPri,
		Previous: in.state, Priority: int(in.priority), Cause: cause})
}

// rivalResigned answers a priority 0 that reaches a MASTER: there was another.
func (c *Core) rivalResigned(in *instance, now Time, src netip.Addr) {
	if in.listening {
		c.set(in, timerMain, now)
		return
	}
	c.advertise(in, in.priority)
	c.set(in, timerMain, now+in.cfg.AdvertInterval)
	if now >= in.tellFrom {
		in.tellFrom = now + tellPause
		c.logf(slog.LevelWarn, "(%s) %v, which was MASTER too, has resigned: announcing the addresses again", in.cfg.Name, src)
	}
	c.heal(in, now)
}

// twoOwners complains of two routers of priority 255.
func (c *Core) twoOwners(in *instance, src netip.Addr, a *Advert) bool {
	if a.Priority != 255 || in.priority != 255 {
		return false
	}
	if in.first(flawOwner, src) {
		c.logf(slog.LevelWarn, "(%s) %v has priority 255 too: only one router can own the addresses", in.cfg.Name, src)
	}
	return true
}

// insist counts the adverts of an owner that should give way because its
// address is the lower one. When it does not, this one is an owner no more.
func (c *Core) insist(in *instance, now Time) {
	if now < in.ownerFrom {
		return // the same advert once more
	}
	in.ownerFrom = now + in.cfg.AdvertInterval/2
	if in.owners++; in.owners != 2 {
		return
	}
	members := []*instance{in}
	if in.group != nil {
		members = in.group.members // else each host would win with another member, and none with all
	}
	for _, m := range members {
		m.demoted = true
		c.reprioritise(m)
	}
}
