package engine

import (
	"slices"
	"sync"
	"time"

	"halbd/conf"
)

// paces are the gaps between announcements: garp_interval and gna_interval for
// each interface by itself, and for each garp_group together.
type paces struct {
	garp, na time.Duration
	groups   []conf.GARPGroup
}

// pacer gives the announcements of the interfaces that share it their times.
// Gratuitous ARPs and neighbour advertisements do not wait for each other.
type pacer struct{ garp, na clock }

// clock hands out times that are at least a gap apart. Any goroutine may ask.
type clock struct {
	gap  time.Duration
	mu   sync.Mutex
	next time.Time
}

// after is how long to wait for the next time.
func (c *clock) after(now time.Time) time.Duration {
	if c.gap == 0 {
		return 0
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	at := c.next
	if at.Before(now) {
		at = now
	}
	c.next = at.Add(c.gap)
	return at.Sub(now)
}

// find makes the pacer of an interface. A group that leaves one of its gaps
// out has none: the global one is for interfaces without a group.
func (p *paces) find(pacers map[string]*pacer, iface string) *pacer {
	if w := pacers[iface]; w != nil {
		return w
	}
	w := &pacer{garp: clock{gap: p.garp}, na: clock{gap: p.na}}
	names := []string{iface}
	for i := range p.groups {
		if g := &p.groups[i]; slices.Contains(g.Interfaces, iface) {
			w = &pacer{garp: clock{gap: g.GARPInterval}, na: clock{gap: g.GNAInterval}}
			names = g.Interfaces
		}
	}
	for _, n := range names {
		pacers[n] = w
	}
	return w
}
