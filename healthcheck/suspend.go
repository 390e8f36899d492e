package healthcheck

import (
	"net/netip"
	"slices"
)

// AddressChange says that an address has come to this host or has left it.
type AddressChange struct {
	Addr    netip.Addr
	Present bool
}

func (AddressChange) isEvent() {}

// moved notes an address and lets the services with ha_suspend rest or go on.
func (c *Core) moved(a AddressChange, now Time) {
	if a.Present {
		c.present[a.Addr] = true
	} else {
		delete(c.present, a.Addr)
	}
	if c.stopped {
		return
	}
	for _, s := range c.waiting[a.Addr] {
		c.fitSuspension(s, now)
	}
}

// indexAddresses lists the services with ha_suspend by their addresses.
func (c *Core) indexAddresses(now Time) {
	clear(c.waiting)
	for _, s := range c.services {
		if s.conf.HASuspend {
			for _, k := range s.kernel {
				if k.Addr.IsValid() {
					c.waiting[k.Addr] = append(c.waiting[k.Addr], s)
				}
			}
		}
		c.fitSuspension(s, now)
	}
}

// fitSuspension makes a service rest while ha_suspend is set and none of its
// addresses is on this host: its state is frozen, and nothing is probed.
func (c *Core) fitSuspension(s *service, now Time) {
	rest := s.conf.HASuspend && !slices.ContainsFunc(s.kernel, func(k Key) bool { return c.present[k.Addr] })
	if rest == s.resting {
		return
	}
	s.resting = rest
	for _, r := range s.servers {
		for _, ck := range r.checkers {
			if ck.subject != (subject{}) {
				continue
			}
			if rest {
				c.pause(ck)
			} else {
				c.resume(ck, now)
			}
		}
	}
	if rest {
		c.do(LogLine{Text: "Suspending the checks of " + s.name + ": none of its addresses is on this host"})
	} else {
		c.do(LogLine{Text: "Resuming the checks of " + s.name + ": it has an address on this host"})
	}
}

// pause takes a checker out. A probe that runs is given up, and so that its
// late result finds nobody the checker goes on under another ID.
func (c *Core) pause(ck *checker) {
	c.queue.Remove(ck)
	if !ck.running {
		return
	}
	ck.running = false
	c.do(CancelProbe{ID: ck.id})
	delete(c.checkers, ck.id)
	c.lastID++
	ck.id = c.lastID
	c.checkers[ck.id] = ck
}

// resume lets a checker go on at its next regular time.
func (c *Core) resume(ck *checker, now Time) {
	if ck.Due <= now {
		ck.Due = ck.nextPhase(now)
	}
	c.queue.Add(ck)
}
