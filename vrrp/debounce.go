package vrrp

import (
	"maps"
	"slices"
)

// delayed is a change of an interface that has not lasted long enough yet
// (interface_up_down_delays).
type delayed struct {
	state InterfaceState // the latest
	due   Time
}

// debounce gives the state of an interface that counts now: the one before,
// while a change between up and down is younger than its delay. What is found
// at the start counts at once, and so does the end of an interface.
func (c *Core) debounce(now Time, s InterfaceState) InterfaceState {
	old, known := c.links[s.Name]
	delay := c.linkDelay(s.Name, s.Up)
	if !known || !s.Exists || s.Up == old.Up || delay == 0 {
		delete(c.delayed, s.Name)
		return s
	}
	d, waits := c.delayed[s.Name]
	if !waits {
		d.due = now + delay
	}
	d.state = s
	c.delayed[s.Name] = d
	if old.Up { // what went with it is not gone yet either
		s.AdminUp, s.Addrs = old.AdminUp, old.Addrs
	}
	s.Up = old.Up
	return s
}

func (c *Core) linkDelay(name string, up bool) Time {
	for i := range c.cfg.LinkDelays {
		if d := &c.cfg.LinkDelays[i]; d.Interface == name {
			if up {
				return d.Up
			}
			return d.Down
		}
	}
	return 0
}

// settleLinks applies the changes that have lasted long enough.
func (c *Core) settleLinks(now Time) {
	if len(c.delayed) == 0 {
		return // at each advert: it must cost nothing
	}
	for _, name := range slices.Sorted(maps.Keys(c.delayed)) {
		if d := c.delayed[name]; d.due <= now {
			delete(c.delayed, name)
			c.applyInterface(now, d.state)
		}
	}
}

// redelay gives the changes that wait the delays of a new configuration: one
// that has none any more counts at once.
func (c *Core) redelay(now Time) {
	for name, d := range c.delayed {
		if c.linkDelay(name, d.state.Up) == 0 {
			d.due = now
			c.delayed[name] = d
		}
	}
}

// linkDeadline is when the next change counts; never if none waits.
func (c *Core) linkDeadline() Time {
	due := never
	for _, d := range c.delayed {
		due = min(due, d.due)
	}
	return due
}
