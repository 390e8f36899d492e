package healthcheck

import (
	"fmt"
	"math"

	"halbd/conf"
	"halbd/event"
)

// server is the state of one real server of one virtual server.
type server struct {
	service  *service
	conf     *conf.RealServer
	checkers []*checker
	up       bool // every checker is up
	told     bool // something was published of it
}

// service is the state of one virtual server.
type service struct {
	key     string // conf.VirtualServer.Key, made unique
	name    string
	conf    *conf.VirtualServer
	servers []*server
	quorum  bool
	kernel  []Key // the kernel services that it stands for
}

func (r *server) healthy() bool {
	for _, k := range r.checkers {
		if !k.up {
			return false
		}
	}
	return true
}

// weight is the configured weight moved by each misc_dynamic checker. It is
// computed from the present state each time, so nothing can add up over time.
func (r *server) weight() int32 {
	w := r.conf.Weight
	for _, k := range r.checkers {
		if k.up && k.asked != noWish {
			w += k.asked - r.conf.Weight
		}
	}
	return int32(min(max(w, 0), math.MaxInt32))
}

// aliveWeight is the sum of the weights of the servers that are up.
func (s *service) aliveWeight() int64 {
	var sum int64
	for _, r := range s.servers {
		if r.up {
			sum += int64(r.weight())
		}
	}
	return sum
}

// hasQuorum applies the hysteresis to the present alive weight.
func (s *service) hasQuorum() bool {
	w, quorum, hysteresis := s.aliveWeight(), int64(s.conf.Quorum), int64(s.conf.Hysteresis)
	if s.quorum {
		return w > 0 && w >= quorum-hysteresis
	}
	return w > 0 && w >= quorum+hysteresis
}

// refresh recomputes a server and its virtual server after a checker changed.
func (c *Core) refresh(r *server, cause string) {
	c.touch(r.service.kernel)
	if up := r.healthy(); up != r.up {
		r.up = up
		c.publishServer(r, stateOf(up), cause)
	}
	c.refreshQuorum(r.service)
}

func (c *Core) refreshQuorum(s *service) {
	has := s.hasQuorum()
	if has == s.quorum {
		return
	}
	cause := s.quorumCause(has)
	s.quorum = has
	c.touch(s.kernel)
	c.publishService(s, stateOf(has), cause)
}

func (s *service) quorumCause(has bool) string {
	w, q, h := s.aliveWeight(), s.conf.Quorum, s.conf.Hysteresis
	if has {
		return fmt.Sprintf("gained quorum %d+%d=%d <= %d", q, h, q+h, w)
	}
	return fmt.Sprintf("lost quorum %d-%d=%d > %d", q, h, q-h, w)
}

func stateOf(up bool) event.State {
	if up {
		return event.Up
	}
	return event.Down
}

func previousOf(now event.State) event.State {
	if now == event.Up {
		return event.Down
	}
	return event.Up
}

func (c *Core) publishServer(r *server, state event.State, cause string) {
	r.told = true
	c.do(Publish{event.Event{
		Kind: event.RealServer, Name: serverName(r.service.conf, r.conf), Service: r.service.name,
		State: state, Previous: previousOf(state), Cause: cause,
		ServiceKey: r.service.conf.Key(), ServerKey: r.conf.Addr.String(),
	}})
}

func (c *Core) publishService(s *service, state event.State, cause string) {
	c.do(Publish{s.event(state, cause)})
}

func (s *service) event(state event.State, cause string) event.Event {
	return event.Event{
		Kind: event.VirtualServer, Name: s.name,
		State: state, Previous: previousOf(state), Cause: cause,
		ServiceKey: s.conf.Key(),
	}
}
