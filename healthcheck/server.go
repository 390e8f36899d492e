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
	up       bool  // every checker is up
	told     bool  // something was published of it
	shown    int32 // its weight when it was last looked at
	entered  transition
	order    *standing // of the operator
}

// transition is when a state was entered, and why.
type transition struct {
	since Time
	cause string
}

// service is the state of one virtual server.
type service struct {
	key     string // conf.VirtualServer.Key, made unique
	name    string
	conf    *conf.VirtualServer
	servers []*server
	quorum  bool
	entered transition // of its quorum
	resting bool       // ha_suspend: none of its addresses is on this host
	kernel  []Key      // the kernel services that it stands for
}

func (r *server) healthy() bool {
	for _, k := range r.checkers {
		if !k.up {
			return false
		}
	}
	return true
}

// weight is the configured weight, moved by each misc_dynamic checker and each
// tracked file. It is computed from the present state each time, so nothing can
// add up over time.
func (r *server) weight() int32 {
	w := int64(r.conf.Weight)
	for _, k := range r.checkers {
		if k.up && k.asked != noWish {
			w += int64(k.asked - r.conf.Weight)
		}
		w += k.delta
	}
	return int32(min(max(w, 0), math.MaxInt32))
}

func (r *server) alive() bool { return r.up }

// serving reports whether a server gets traffic: it is up, and no sorry server
// stands in its place.
func (r *server) serving() bool {
	return r.up && (r.service.quorum || r.service.conf.Sorry == nil)
}

// weightOf is the sum of the weights of the servers that count and that the
// operator has not taken out.
func (s *service) weightOf(counts func(*server) bool) int64 {
	var sum int64
	for _, r := range s.servers {
		if !r.out() && counts(r) {
			sum += int64(r.weight())
		}
	}
	return sum
}

// weightOut is the sum of the weights of the servers that the operator has
// taken out. The quorum is measured as if they were up, whatever their checks
// say: taking a server out for maintenance must not cost the quorum. But
// somebody must serve.
func (s *service) weightOut() int64 {
	var sum int64
	for _, r := range s.servers {
		if r.out() {
			sum += int64(r.weight())
		}
	}
	return sum
}

// hasQuorum applies the hysteresis to the weight of the servers that count.
func (s *service) hasQuorum(counts func(*server) bool) bool {
	serving, quorum, hysteresis := s.weightOf(counts), int64(s.conf.Quorum), int64(s.conf.Hysteresis)
	w := serving + s.weightOut()
	if s.quorum {
		return serving > 0 && w >= quorum-hysteresis
	}
	return serving > 0 && w >= quorum+hysteresis
}

// refresh recomputes a server after a checker changed. It reports whether the
// server has come up or gone down.
func (c *Core) refresh(r *server, cause string) (moved bool) {
	c.touch(r.service.kernel)
	up := r.healthy()
	moved = up != r.up
	if moved {
		r.up = up
		c.publishServer(r, stateOf(up), cause, "")
	}
	c.showWeight(r, moved, cause)
	return moved
}

// showWeight tells the operator of a new weight, unless the server's coming
// or going says enough.
func (c *Core) showWeight(r *server, moved bool, cause string) {
	w := r.weight()
	if w != r.shown && !moved && r.up {
		c.do(LogLine{Text: fmt.Sprintf("Changing weight of %s of %s from %d to %d: %s",
			serverName(r.service.conf, r.conf), r.service.name, r.shown, w, cause)})
	}
	r.shown = w
}

// refreshQuorum recomputes the state of a virtual server. What a reload makes
// of it keepalived calls a start.
func (c *Core) refreshQuorum(s *service, reload bool) {
	has := s.hasQuorum((*server).alive)
	if has == s.quorum {
		return
	}
	s.quorum = has
	c.touch(s.kernel)
	s.entered = transition{c.now, s.quorumCause(has)}
	ev := s.event(stateOf(has), s.entered.cause)
	ev.Alert = s.quorumAlert(has, reload, s.weightOf((*server).alive))
	c.do(Publish{ev})
}

func (s *service) quorumCause(has bool) string {
	w, q, h := s.weightOf((*server).alive), s.conf.Quorum, s.conf.Hysteresis
	if w == 0 && s.weightOut() > 0 {
		return "no server serves beside those that the operator has taken out"
	}
	w += s.weightOut()
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

func (c *Core) publishServer(r *server, state event.State, cause, alert string) {
	r.told = true
	r.entered = transition{c.now, cause}
	ev := r.event(state, cause)
	ev.Alert = alert
	c.do(Publish{ev})
}

func (r *server) event(state event.State, cause string) event.Event {
	return event.Event{
		Kind: event.RealServer, Name: serverName(r.service.conf, r.conf), Service: r.service.name,
		State: state, Previous: previousOf(state), Cause: cause,
		ServiceKey: r.service.conf.Key(), ServerKey: r.conf.Addr.String(),
	}
}

func (s *service) event(state event.State, cause string) event.Event {
	return event.Event{
		Kind: event.VirtualServer, Name: s.name,
		State: state, Previous: previousOf(state), Cause: cause,
		ServiceKey: s.conf.Key(),
	}
}
