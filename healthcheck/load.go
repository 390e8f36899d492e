package healthcheck

import (
	"net/netip"
	"reflect"
	"slices"

	"halbd/conf"
	"halbd/event"
	"halbd/internal/duequeue"
)

// load makes the state fit a configuration. At start there is nothing before;
// on a reload every object that is found again by its key keeps its past.
func (c *Core) load(cfg *conf.Config, now Time) {
	keys, names := serviceKeys(cfg.VirtualServers)
	kept := make(map[string]bool, len(keys))
	for _, k := range keys {
		kept[k] = true
	}
	c.cfg = cfg
	for _, s := range c.services {
		if !kept[s.key] {
			c.remove(s)
		}
	}
	services := make([]*service, len(keys))
	for i := range keys {
		v := &cfg.VirtualServers[i]
		s := c.byKey[keys[i]]
		if s == nil {
			s = &service{key: keys[i]}
			c.byKey[keys[i]] = s
			c.create(s, v, names[i], now)
		} else {
			c.adopt(s, v, names[i], now)
		}
		services[i] = s
	}
	c.services = services
	c.keepOrdered()
	c.indexOwners()
	c.indexAddresses(now)
}

func (c *Core) indexOwners() {
	clear(c.owners)
	for _, s := range c.services {
		for _, k := range s.kernel {
			c.owners[k] = append(c.owners[k], s)
		}
	}
}

func (c *Core) remove(s *service) {
	c.farewell(s, "removed from the configuration", "Removing")
	for _, r := range s.servers {
		c.dropCheckers(r.checkers)
	}
	c.touch(s.kernel)
	delete(c.byKey, s.key)
}

func (c *Core) create(s *service, v *conf.VirtualServer, name string, now Time) {
	s.conf, s.name, s.kernel = v, name, kernelKeys(v)
	for i := range v.RealServers {
		s.servers = append(s.servers, c.createServer(s, &v.RealServers[i], now))
	}
	// Without alpha the quorum is assumed and only a lack of it takes it away.
	s.quorum = !v.Alpha
	has := s.hasQuorum((*server).alive)
	cause := "the servers are assumed to be up at start"
	if !has {
		cause = s.quorumCause(false)
	}
	s.quorum = has
	ev := s.event(stateOf(has), cause)
	ev.Alert = s.quorumAlert(has, true, s.weightOf((*server).alive))
	// keepalived is silent about a virtual server that begins without quorum, unless a sorry server steps in.
	ev.Quiet = !has && v.Sorry == nil
	s.entered = transition{now, cause}
	c.do(Publish{ev})
	c.touch(s.kernel)
}

func (c *Core) createServer(s *service, rs *conf.RealServer, now Time) *server {
	r := &server{service: s, conf: rs}
	for i := range rs.Checkers {
		r.checkers = append(r.checkers, c.createChecker(r, &rs.Checkers[i], now, false))
	}
	r.up, r.shown = r.healthy(), r.weight()
	r.entered = transition{now, startCause(r.up)}
	if r.up && c.cfg.Global.RSInitNotifies {
		c.publishServer(r, event.Up, startCause(true), "")
	}
	return r
}

func startCause(up bool) string {
	if up {
		return "assumed to be up at start"
	}
	return "down until every check has succeeded"
}

// createChecker makes a checker that is up unless alpha says otherwise; on a
// server that serves already (up) alpha says nothing.
func (c *Core) createChecker(r *server, k *conf.Checker, now Time, up bool) *checker {
	c.lastID++
	ck := &checker{id: c.lastID, conf: k, server: r, up: up || !k.Alpha, asked: noWish}
	c.checkers[ck.id] = ck
	if about, ok := follows(k); ok {
		ck.subject = about
		c.followers[about] = append(c.followers[about], ck)
		if f, ok := c.facts[about]; ok {
			ck.follow(f, now)
		}
		return ck
	}
	ck.phase = now + firstCheckDelay + c.random(max(0, k.Warmup))
	if k.Disabled {
		ck.phase, ck.lastWhy = duequeue.Never, "its program cannot be run"
	}
	ck.Place = duequeue.Place{Due: ck.phase, Order: int(c.lastID)}
	if !r.service.resting {
		c.queue.Add(ck)
	}
	return ck
}

// adopt gives a virtual server its new configuration.
func (c *Core) adopt(s *service, v *conf.VirtualServer, name string, now Time) {
	before := make(map[netip.AddrPort]*server, len(s.servers))
	for _, r := range s.servers {
		before[r.conf.Addr] = r
	}
	wanted := make(map[netip.AddrPort]bool, len(v.RealServers))
	for i := range v.RealServers {
		wanted[v.RealServers[i].Addr] = true
	}
	c.touch(s.kernel)
	for _, r := range s.servers {
		if wanted[r.conf.Addr] {
			continue
		}
		if r.serving() {
			c.publishServer(r, event.Down, "removed from the configuration", "Removing")
		}
		c.dropCheckers(r.checkers)
	}
	s.conf, s.name, s.kernel = v, name, kernelKeys(v)
	s.servers = s.servers[:0:0]
	for i := range v.RealServers {
		rs := &v.RealServers[i]
		r := before[rs.Addr]
		if r == nil {
			r = c.createServer(s, rs, now)
		} else {
			c.adoptServer(r, rs, now)
		}
		s.servers = append(s.servers, r)
	}
	c.touch(s.kernel)
	c.refreshQuorum(s, true)
}

// adoptServer keeps the checkers that still ask the same question. An edited
// one starts anew, which puts a server back up until it fails again.
func (c *Core) adoptServer(r *server, rs *conf.RealServer, now Time) {
	r.conf = rs
	old := r.checkers
	r.checkers = make([]*checker, 0, len(rs.Checkers))
	for i := range rs.Checkers {
		k := &rs.Checkers[i]
		at := -1
		for j, o := range old {
			if o != nil && sameProbe(o.conf, k) {
				at = j
				break
			}
		}
		if at < 0 {
			r.checkers = append(r.checkers, c.createChecker(r, k, now, r.up))
			continue
		}
		c.retime(old[at], k, now)
		r.checkers = append(r.checkers, old[at])
		old[at] = nil
	}
	c.dropCheckers(old)
	up := r.healthy()
	moved := up != r.up
	if moved {
		r.up = up
		c.publishServer(r, stateOf(up), "its checkers were edited", "")
	}
	c.showWeight(r, moved, "the configuration was changed")
}

// sameProbe reports whether two checkers ask the same question of the same
// server. How often they ask, and how often again, does not matter; the
// connect_timeout does, as in keepalived.
func sameProbe(a, b *conf.Checker) bool {
	return reflect.DeepEqual(question(a), question(b))
}

func question(k *conf.Checker) conf.Checker {
	q := *k
	q.DelayLoop, q.Warmup, q.RetryDelay = 0, 0, 0
	q.Retry, q.Alpha, q.LogAllFailures = 0, false, false
	if q.Misc != nil {
		m := *q.Misc
		m.Timeout = 0
		q.Misc = &m
	}
	return q
}

// retime gives a checker new times without losing what it knows.
func (c *Core) retime(k *checker, to *conf.Checker, now Time) {
	shorter := to.DelayLoop < k.conf.DelayLoop
	k.conf = to
	if shorter && !k.running && !to.Disabled && k.Due > now+to.DelayLoop {
		c.queue.Move(k, now+to.DelayLoop)
		k.phase = k.Due
	}
}

// dropCheckers forgets checkers; nil entries are skipped.
func (c *Core) dropCheckers(list []*checker) {
	gone := make(map[*checker]bool)
	for _, k := range list {
		if k == nil {
			continue
		}
		gone[k] = true
		delete(c.checkers, k.id)
		if k.running {
			c.do(CancelProbe{ID: k.id})
		}
		if list := c.followers[k.subject]; len(list) > 0 {
			c.followers[k.subject] = slices.DeleteFunc(list, func(f *checker) bool { return f == k })
		}
	}
	for k := range gone {
		c.queue.Remove(k)
	}
}
