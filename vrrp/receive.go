package vrrp

import (
	"fmt"
	"log/slog"
	"net/netip"
	"time"

	"halbd/event"
)

// receive finds the instance that a packet is for, checks the packet (RFC 9568
// section 7.1 and keepalived's rules) and lets the state machine have it.
func (c *Core) receive(now Time, packet *PacketReceived) {
	p, ok := packet.open()
	if !ok {
		c.strayf("packet of %d bytes from %v on %s is no VRRP packet", len(packet.Payload), packet.Src, packet.Interface)
		return
	}
	in := c.recipient(&p)
	if in == nil {
		if c.cfg.Global.LogUnknownVRIDs {
			c.strayf("advert for unknown VRID %d from %v on %s", p.pdu[1], p.Src, p.Interface)
		}
		return
	}
	if !c.listens(in, now, p.Src) {
		return
	}
	a, d := c.checked(in, now, &p)
	if !d.ok() {
		c.dropped(in, p.Src, d)
		return
	}
	in.heardAt, in.heardFrom = now, p.Src
	switch {
	case in.state == event.Backup:
		c.advertWhileBackup(in, now, p.Src, &a)
	default:
		c.advertWhileMaster(in, now, p.Src, &a)
	}
}

// listens reports whether an instance takes note of a packet at all.
func (c *Core) listens(in *instance, now Time, src netip.Addr) bool {
	switch {
	case in.state != event.Backup && in.state != event.Master, c.deafUntil > now:
		return false
	case src == in.source && !in.cfg.Unicast:
		return false
	case in.cfg.OwnerIgnore && in.cfg.Priority == 255:
		return false
	case in.hmac != nil && in.cfg.Unicast && !in.isPeer(src):
		return false
	}
	return true
}

// maxStrays bounds what is remembered of packets that are for nobody.
const maxStrays = 64

// strayf logs about a packet that is for nobody, each text once until a reload.
func (c *Core) strayf(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if c.strays[text] || len(c.strays) >= maxStrays {
		return
	}
	c.strays[text] = true
	c.logf(slog.LevelWarn, "%s", text)
}

// recipient is the instance of the packet's interface, family, VRID and
// destination: multicast and unicast instances do not hear each other.
func (c *Core) recipient(p *arrival) *instance {
	for _, in := range c.routers[routerID{p.Interface, p.Src.Is6(), p.pdu[1]}] {
		if !in.cfg.Unicast && p.Dst == in.cfg.Destination {
			return in
		}
		if in.cfg.Unicast && !p.Dst.IsMulticast() && (!in.source.IsValid() || p.Dst == in.source) {
			return in
		}
	}
	return nil
}

func (c *Core) advertWhileBackup(in *instance, now Time, src netip.Addr, a *Advert) {
	switch {
	case a.Priority == 0:
		c.masterResigned(in, now, src, a)
		return
	case in.instant:
		return
	case a.Priority >= in.priority:
		in.preemptAt = 0
	case in.cfg.NoPreempt, in.order != nil:
	case in.cfg.PreemptDelay > 0 && in.preemptAt == 0:
		in.preemptAt = now + in.cfg.PreemptDelay
		c.logf(slog.LevelInfo, "(%s) %v has the lower priority %d: preempting it after %v", in.cfg.Name, src, a.Priority, in.cfg.PreemptDelay)
	case in.cfg.PreemptDelay > 0 && now < in.preemptAt:
	default:
		in.rival = src
		if in.first(flawPriority, src) {
			c.logf(slog.LevelWarn, "(%s) %v has the lower priority %d, not %d: its adverts do not count", in.cfg.Name, src, a.Priority, in.priority)
		}
		return
	}
	if in.master != src {
		in.newSubject(src)
	}
	c.noteInterval(in, src, a)
	in.heard(src, a)
	c.wait(in, now)
	c.syncBackup(in, now)
}

// masterResigned waits for the skew only. Who says it again does not make the
// wait longer: a host that never stops saying so must not keep all from claiming.
func (c *Core) masterResigned(in *instance, now Time, src netip.Addr, a *Advert) {
	again := in.resigned
	in.heard(src, a)
	in.resigned = true
	if !again || in.at[timerMain] == never {
		in.at[timerAwake] = never
		c.set(in, timerMain, now+in.skew())
	}
}

// noteInterval says that the master of version 3 has another interval.
func (c *Core) noteInterval(in *instance, src netip.Addr, a *Advert) {
	if a.Version != 3 || a.Interval == in.wireInterval() || !in.first(flawOtherInterval, src) {
		return
	}
	if a.Interval == 0 {
		c.logf(slog.LevelWarn, "(%s) %v advertises an interval of 0, which leaves no time to wait: %v counts", in.cfg.Name, src, in.masterInterval)
	} else {
		c.logf(slog.LevelWarn, "(%s) %v advertises every %d ms, not every %v as configured here; its interval counts while it is master",
			in.cfg.Name, src, 10*int(a.Interval), in.cfg.AdvertInterval)
	}
}

// heard notes who is master. Version 3 adopts the master's interval (RFC 9568
// section 6.4.2); 0 would be no time to wait at all and is not adopted.
func (in *instance) heard(src netip.Addr, a *Advert) {
	in.master, in.rival, in.expired, in.resigned = src, netip.Addr{}, false, false
	in.masterPriority = a.Priority
	if a.Version == 3 && a.Interval > 0 {
		in.masterInterval = time.Duration(a.Interval) * 10 * time.Millisecond
	}
}

func (c *Core) advertWhileMaster(in *instance, now Time, src netip.Addr, a *Advert) {
	c.wake(in, now, now-in.at[timerMain])
	switch {
	case in.state == event.Backup:
		c.advertWhileBackup(in, now, src, a)
	case a.Priority == 0:
		c.rivalResigned(in, now, src)
	case a.Priority > in.advertised() || a.Priority == in.advertised() && in.source.Less(src):
		c.yield(in, now, src, a)
	default:
		c.meetRival(in, now, src, a)
	}
}

// yield gives way to a better master at once. Its last advert, unless the
// operator does not want it, shows the better master that there were two.
func (c *Core) yield(in *instance, now Time, src netip.Addr, a *Advert) {
	if in.cfg.HigherPrioAdv {
		c.advertise(in, in.priority)
	}
	cause := fmt.Sprintf("%v advertises priority %d, higher than %d", src, a.Priority, in.priority)
	if a.Priority == in.priority {
		cause = fmt.Sprintf("%v advertises the same priority %d and has the higher address", src, a.Priority)
	}
	if off := in.offer; off != nil {
		cause = switched(&off.order)
		c.acceptOffer(off, now)
	}
	in.complaints = nil
	c.twoOwners(in, src, a)
	in.heard(src, a)
	c.becomeBackup(in, now, cause)
	in.master = src
	c.syncBackup(in, now)
}
