package vrrp

import (
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"time"

	"halbd/conf"
	"halbd/event"
	"halbd/internal/duequeue"
)

// Core is every virtual router of one host: their states, timers and groups.
// It is not safe for concurrent use. What Step and its kin return is valid
// until the next call.
type Core struct {
	cfg       *conf.Config
	instances []*instance // in file order
	byName    map[string]*instance
	routers   map[routerID][]*instance
	groups    []*group
	queue     duequeue.Queue[*instance]
	links     map[string]InterfaceState
	delayed   map[string]delayed
	trackers  map[trackerID]TrackerResult
	strays    map[string]bool // what was said of packets that are for nobody
	claims    []*instance     // that wait for Sent, in their order
	deafUntil Time            // vrrp_startup_delay, vrrp_delay_after_boot: adverts do not count before
	stopped   bool
	now       Time          // of the call that is being served
	wall      time.Duration // WallClock

	acts Actions
	buf  []byte // what acts.Adverts alias
	own  []byte // compareAddresses'
}

// routerID is what a packet says of the virtual router that it is for.
type routerID struct {
	iface string
	v6    bool
	vrid  uint8
}

type trackerID struct {
	kind TrackerKind
	name string
}

// NewCore returns a core that knows its configuration and nothing else. Tell
// it of every interface with Step, then call Start.
func NewCore(cfg *conf.Config) *Core {
	return &Core{cfg: cfg, links: map[string]InterfaceState{}, delayed: map[string]delayed{}, trackers: map[trackerID]TrackerResult{}}
}

// Start brings every instance into its first state.
func (c *Core) Start(now Time) *Actions {
	c.begin(now)
	c.deafUntil = max(now+c.cfg.Global.StartupDelay, c.cfg.Global.DelayAfterBoot)
	c.load(c.cfg, now)
	return c.end()
}

// Reload takes over a new configuration. An instance that is found again by
// its key keeps its role and its timers.
func (c *Core) Reload(now Time, cfg *conf.Config) *Actions {
	c.begin(now)
	c.load(cfg, now)
	return c.end()
}

// Step applies one event.
func (c *Core) Step(now Time, ev Event) *Actions {
	c.begin(now)
	if c.stopped {
		return &c.acts
	}
	switch ev := ev.(type) {
	case Tick:
		c.tick(now)
	case WallClock:
		c.wall = ev.Offset
	case *PacketReceived:
		c.receive(now, ev)
	case InterfaceState:
		c.interfaceState(now, ev)
	case TrackerResult:
		c.trackerResult(now, ev)
	case ObjectFaults:
		c.objectFaults(now, ev)
	case Order:
		c.order(now, ev)
	case ObjectsTaken:
		if in := c.byName[ev.Instance]; in != nil {
			in.counters.PutBack += ev.Count
		}
	}
	return c.end()
}

// Stop resigns every role (priority 0) and gives up every address.
func (c *Core) Stop(now Time) *Actions {
	c.begin(now)
	c.stopped = true
	for _, in := range c.instances {
		c.resign(in)
		c.stopTimers(in)
		c.enter(in, event.Stop, "the daemon is stopping", 0)
	}
	for _, g := range c.groups {
		c.publishGroup(g, event.Stop, "the daemon is stopping")
	}
	return &c.acts
}

// Held appends the configuration of every instance that holds its addresses,
// routes and rules: those that are MASTER.
func (c *Core) Held(to []*conf.Instance) []*conf.Instance {
	for _, in := range c.instances {
		if in.held {
			to = append(to, in.cfg)
		}
	}
	return to
}

// HeldBy gives the configuration of one instance if it is MASTER, else nil.
func (c *Core) HeldBy(name string) *conf.Instance {
	if in := c.byName[name]; in != nil && in.held {
		return in.cfg
	}
	return nil
}

func (c *Core) begin(now Time) {
	c.now = now
	c.acts.Adverts = c.acts.Adverts[:0]
	c.acts.Gained = c.acts.Gained[:0]
	c.acts.Addresses = false
	c.acts.Confirm = false
	c.acts.Announce = c.acts.Announce[:0]
	c.acts.Events = c.acts.Events[:0]
	c.acts.Log = c.acts.Log[:0]
	c.acts.Answers = c.acts.Answers[:0]
	c.buf = c.buf[:0]
}

func (c *Core) end() *Actions {
	for _, g := range c.groups {
		c.settle(g)
	}
	return &c.acts
}

func (c *Core) logf(level slog.Level, format string, args ...any) {
	c.acts.Log = append(c.acts.Log, event.LogLine{Level: level, Text: fmt.Sprintf(format, args...)})
}

// tick fires every timer that is due.
func (c *Core) tick(now Time) {
	c.settleLinks(now)
	for {
		in, ok := c.queue.First()
		if !ok || in.Due > now {
			return
		}
		for t := range timers {
			if at := in.at[t]; at <= now {
				c.set(in, t, never)
				c.fire(in, t, now, now-at)
			}
		}
	}
}

func (c *Core) fire(in *instance, t timer, now, late Time) {
	g := &in.cfg.GARP
	switch t {
	case timerMain:
		switch {
		case in.state != event.Master:
			c.masterDown(in, now, late)
		case in.listening:
			c.resume(in, now)
		case !c.wake(in, now, late):
			c.advertise(in, in.priority)
			c.set(in, timerMain, nextAdvert(now, late, in.cfg.AdvertInterval))
		}
	case timerAnnounce:
		c.announce(in, g.MasterRepeat)
		if g.Refresh > 0 {
			c.set(in, timerRefresh, now+g.Refresh)
		}
	case timerRefresh:
		c.announce(in, g.RefreshRepeat)
		c.set(in, timerRefresh, now+g.Refresh)
	case timerExtra:
		c.acts.Announce = append(c.acts.Announce, Announce{Instance: in.cfg.Name, Repeat: 1, Only: in.extra})
		c.setExtra(in, now)
	case timerLower:
		c.announce(in, g.LowerPrioRepeat)
	case timerHeal:
		c.announceConflict(in, now)
	case timerProbe:
		c.probe(in, now)
	case timerOffer:
		c.noSuccessor(in.offer, now)
	case timerOrder:
		c.endOrder(in, now, "the time of the order is over")
	}
}

// nextAdvert keeps the rhythm: lateness does not add up, unless whole intervals were lost.
func nextAdvert(now, late, interval Time) Time {
	if late >= interval {
		return now + interval
	}
	return now - late + interval
}

// interfaceState takes an interface's new level.
func (c *Core) interfaceState(now Time, s InterfaceState) {
	s.Addrs = slices.Clone(s.Addrs)
	c.applyInterface(now, c.debounce(now, s))
}

// applyInterface looks at everyone who may care for what counts now.
func (c *Core) applyInterface(now Time, s InterfaceState) {
	old, known := c.links[s.Name]
	if known && old.sameAs(&s) {
		return
	}
	c.links[s.Name] = s
	for _, in := range c.instances {
		concerned := in.dependsOn(s.Name)
		if in.cfg.ListenInterface() == s.Name {
			in.source = in.findSource(&s)
		}
		if concerned && in.mute != "" {
			c.set(in, timerProbe, now)
		}
		if concerned || in.tracks(TrackInterface, s.Name) || in.implies(s.Name) {
			c.review(in, now)
		}
	}
}

// sameAs reports whether nothing has changed that anyone could care for.
func (s *InterfaceState) sameAs(o *InterfaceState) bool {
	return s.Exists == o.Exists && s.Up == o.Up && s.AdminUp == o.AdminUp && s.Pending == o.Pending && s.Fault == o.Fault && slices.Equal(s.Addrs, o.Addrs)
}

func (c *Core) objectFaults(now Time, f ObjectFaults) {
	if in := c.byName[f.Instance]; in != nil && !slices.Equal(in.objectFaults, f.Reasons) {
		in.objectFaults = f.Reasons
		c.review(in, now)
	}
}

func (c *Core) trackerResult(now Time, r TrackerResult) {
	id := trackerID{r.Kind, r.Name}
	if c.trackers[id] == r {
		return
	}
	c.trackers[id] = r
	for _, in := range c.instances {
		if in.tracks(r.Kind, r.Name) {
			c.review(in, now)
		}
	}
}

// load makes the state fit a configuration; at start there is nothing before.
func (c *Core) load(cfg *conf.Config, now Time) {
	before := map[conf.InstanceKey]*instance{}
	for _, in := range c.instances {
		before[in.cfg.Key()] = in
		c.queue.Remove(in) // its place may become another
	}
	oldGroups := c.groups
	c.cfg = cfg
	c.instances, c.groups = nil, nil
	c.routers = map[routerID][]*instance{}
	c.byName = map[string]*instance{}
	c.strays = map[string]bool{}
	var added, kept []*instance
	edited := map[*instance]*conf.Instance{} // what it was
	for i := range cfg.Instances {
		n := &cfg.Instances[i]
		in := before[n.Key()]
		if in == nil {
			in = newInstance(n)
			added = append(added, in)
		} else {
			delete(before, n.Key())
			if wireChanged(in.cfg, n) {
				c.advertiseOnceMore(in)
			}
			edited[in] = in.cfg
			in.cfg = n
			in.ipID = 0 // as keepalived counts: from each reload on
			kept = append(kept, in)
		}
		in.Order = i
		c.queue.Add(in)
		in.implied = impliedBy(cfg, n)
		in.group = nil
		in.complaints = nil
		in.settleAuth()
		own, _ := n.OwnLink()
		in.ownLink, in.extra = own.Name, extraAddresses(n)
		link := c.links[n.ListenInterface()]
		in.source = in.findSource(&link)
		c.instances = append(c.instances, in)
		c.byName[n.Name] = in
		id := routerID{n.ListenInterface(), n.Family == conf.IPv6, n.VRID}
		c.routers[id] = append(c.routers[id], in)
	}
	c.redelay(now)
	c.remove(before)
	c.loadGroups(oldGroups)
	for _, in := range c.instances {
		in.tracking = in.effectiveTracking()
	}
	for _, in := range kept {
		c.edit(in, edited[in], now)
	}
	c.introduce(added, now)
	c.reconsider(now)
}

// introduce starts new instances. A group that starts as BACKUP says so before
// its members here, as keepalived's do.
func (c *Core) introduce(added []*instance, now Time) {
	for _, g := range c.groups {
		if g.state == "" && c.allReady(g) {
			c.publishGroup(g, event.Backup, "start")
		}
	}
	for _, in := range added {
		c.review(in, now)
	}
}

// reconsider lets groups claim whose members have waited long enough, after a
// reload has changed who the members are.
func (c *Core) reconsider(now Time) {
	for _, in := range c.instances {
		if in.state == event.Backup && in.expired && !in.claim.pending {
			c.claimOrWait(in, now, 0)
		}
	}
}

// remove lets go of instances that the configuration no longer has.
func (c *Core) remove(gone map[conf.InstanceKey]*instance) {
	list := make([]*instance, 0, len(gone))
	for _, in := range gone {
		list = append(list, in)
	}
	slices.SortFunc(list, func(a, b *instance) int { return a.Order - b.Order })
	for _, in := range list {
		if in.order != nil {
			c.tellOrder(in, event.Released, "removed from the configuration")
		}
		c.advertiseOnceMore(in)
		c.resign(in)
		state := event.Fault
		if in.cfg.Notify.ReportDeleted {
			state = event.Deleted
		}
		c.enter(in, state, "removed from the configuration", 0)
		c.acts.Events[len(c.acts.Events)-1].Removed = true
	}
}

// advertiseOnceMore lets a master say what it was just before it becomes
// something else, as keepalived does: the others wait anew.
func (c *Core) advertiseOnceMore(in *instance) {
	if in.state == event.Master {
		c.advertise(in, in.priority)
	}
}

// edit applies a changed configuration to a living instance.
func (c *Core) edit(in *instance, was *conf.Instance, now Time) {
	is := in.cfg
	if was.OldChecksum != is.OldChecksum {
		in.oldChecksum = is.OldChecksum == conf.OldChecksumAlways
	}
	if was.Priority != is.Priority {
		in.demoted = false
	}
	if in.held && !sameAddresses(was, is) {
		c.acts.Addresses = true
		if added := newAddresses(was, is); len(added) > 0 && !in.listening {
			c.acts.Announce = append(c.acts.Announce, Announce{Instance: is.Name, Repeat: max(1, is.GARP.MasterRepeat), Only: added})
			if is.GARP.MasterDelay > 0 {
				c.set(in, timerAnnounce, now+is.GARP.MasterDelay)
			}
		}
	}
	state := in.state
	c.review(in, now)
	if in.state != state {
		return
	}
	if in.state == event.Master && (in.at[timerExtra] == never || was.GARP.ExtraInterval != is.GARP.ExtraInterval) {
		c.setExtra(in, now)
	}
	switch {
	case in.listening: // the new adverts and addresses are told when it speaks again
	case in.state == event.Master && wireChanged(was, is):
		c.advertise(in, in.priority)
		c.set(in, timerMain, now+is.AdvertInterval)
	case in.state == event.Backup && is.Version == 2 && in.masterInterval != is.AdvertInterval,
		in.state == event.Backup && was.AdvertInterval != is.AdvertInterval && was.AdvertInterval == in.masterInterval:
		in.masterInterval = is.AdvertInterval
		c.wait(in, now)
	}
}

// wireChanged reports whether other routers would see the difference.
func wireChanged(a, b *conf.Instance) bool {
	return a.Version != b.Version || a.Priority != b.Priority || a.AdvertInterval != b.AdvertInterval ||
		a.AuthType != b.AuthType || string(a.AuthPass) != string(b.AuthPass) || !sameHMAC(a.HMAC, b.HMAC) ||
		!slices.Equal(a.UnicastPeers, b.UnicastPeers) ||
		!slices.EqualFunc(a.Addresses, b.Addresses, func(x, y conf.Address) bool { return x.Prefix.Addr() == y.Prefix.Addr() })
}

func sameAddresses(a, b *conf.Instance) bool {
	return slices.Equal(a.Addresses, b.Addresses) && slices.Equal(a.Excluded, b.Excluded)
}

// newAddresses lists what is held now and was not before.
func newAddresses(was, is *conf.Instance) []netip.Addr {
	old := map[netip.Addr]bool{}
	for _, list := range [][]conf.Address{was.Addresses, was.Excluded} {
		for i := range list {
			old[list[i].Prefix.Addr()] = true
		}
	}
	added := []netip.Addr{} // never nil: nil would mean every address
	for _, list := range [][]conf.Address{is.Addresses, is.Excluded} {
		for i := range list {
			if a := list[i].Prefix.Addr(); !old[a] {
				added = append(added, a)
			}
		}
	}
	return added
}
