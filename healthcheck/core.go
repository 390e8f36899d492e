package healthcheck

import (
	"net/netip"
	"time"

	"halbd/conf"
	"halbd/event"
	"halbd/internal/duequeue"
)

// CheckerID identifies one checker. An ID is never used again in the life of a
// Core, so a late result of a removed checker finds nobody.
type CheckerID uint64

// Event is something that happened to a Core: Tick, ProbeResult, Fact,
// AddressChange, Order, Connections, Reload, Stop.
type Event interface{ isEvent() }

// Tick tells a Core that its deadline has passed.
type Tick struct{}

// ProbeResult is the outcome of a probe that the Core asked for.
type ProbeResult struct {
	ID CheckerID
	Result
}

// Reload replaces the configuration.
type Reload struct{ Config *conf.Config }

// Stop asks for the farewell of virtual servers with omega; no check starts afterwards.
type Stop struct{}

func (Tick) isEvent()        {}
func (ProbeResult) isEvent() {}
func (Reload) isEvent()      {}
func (Stop) isEvent()        {}

// Result is what one probe found out. It judges nothing but itself: what a
// failure means for the server is the Core's business.
type Result struct {
	OK      bool
	Skipped bool   // this host could not ask (an address that is not here, no socket): it says nothing of the server
	Exit    int    // MISC_CHECK: exit status; -1 when the program did not end by itself
	Detail  string // why it failed or was skipped, for people
	Alert   string // the line of keepalived's mail, where it depends on what went wrong
}

// Action is what a Core wants done.
type Action interface{ isAction() }

// StartProbe asks for one probe. Its result must come back as a ProbeResult;
// until then the Core starts no other for the same checker.
type StartProbe struct {
	ID     CheckerID
	Check  *conf.Checker
	Target netip.AddrPort // Check.Connect, or the server that Check is of
	URL    int            // index into Check.HTTP.URLs
}

// question is the check with its target.
func (a *StartProbe) question() conf.Checker {
	k := *a.Check
	k.Connect = a.Target
	return k
}

// CancelProbe says that a running probe's result is no longer wanted.
type CancelProbe struct{ ID CheckerID }

// Publish hands out a transition. The shell fills in the wall clock.
type Publish struct{ Event event.Event }

// LogLine is a message for the operator that is no transition.
type LogLine struct {
	Warning bool
	Text    string
}

// TableChanged says that Desired of these kernel services may differ from before.
type TableChanged struct{ Keys []Key }

func (StartProbe) isAction()   {}
func (CancelProbe) isAction()  {}
func (Publish) isAction()      {}
func (LogLine) isAction()      {}
func (TableChanged) isAction() {}

// firstCheckDelay precedes the random part (0..warmup) of the first check.
const firstCheckDelay = time.Second

// Core holds the health of every server. It is not safe for concurrent use.
type Core struct {
	cfg      *conf.Config
	services []*service
	byKey    map[string]*service
	owners   map[Key][]*service // who contributes to a kernel service, in file order
	checkers map[CheckerID]*checker
	lastID   CheckerID
	queue    duequeue.Queue[*checker]
	random   func(limit time.Duration) time.Duration
	stopped  bool
	now      Time // of the call that is being served

	facts     map[subject]Fact
	followers map[subject][]*checker    // FILE_CHECK and BFD_CHECK, by what they follow
	present   map[netip.Addr]bool       // the addresses of this host
	waiting   map[netip.Addr][]*service // with ha_suspend, by their addresses
	ordered   []*server                 // that obey an order of the operator

	// Collected during one Step.
	actions []Action
	dirty   []Key
	isDirty map[Key]bool
}

// NewCore builds the state at start: every server without alpha is assumed up,
// unless a fact speaks against it. random(d) returns a value in [0, d]; it
// spreads the first checks.
func NewCore(cfg *conf.Config, now Time, random func(limit time.Duration) time.Duration, facts ...Fact) (*Core, []Action) {
	c := &Core{
		byKey:     make(map[string]*service),
		owners:    make(map[Key][]*service),
		checkers:  make(map[CheckerID]*checker),
		random:    random,
		facts:     make(map[subject]Fact),
		followers: make(map[subject][]*checker),
		present:   make(map[netip.Addr]bool),
		waiting:   make(map[netip.Addr][]*service),
		isDirty:   make(map[Key]bool),
		now:       now,
	}
	for _, f := range facts {
		c.facts[f.subject()] = f
	}
	c.load(cfg, now)
	return c, c.take()
}

// Step applies one event and returns what to do about it, in order.
func (c *Core) Step(ev Event, now Time) []Action {
	c.now = now
	switch ev := ev.(type) {
	case Tick:
		c.startDue(now)
		c.endDue(now)
	case ProbeResult:
		c.result(ev, now)
	case Fact:
		c.learn(ev, now)
	case AddressChange:
		c.moved(ev, now)
	case Order:
		c.order(ev, now)
	case Connections:
		c.connections(ev)
	case Reload:
		if !c.stopped {
			c.load(ev.Config, now)
		}
	case Stop:
		c.stop()
	}
	return c.take()
}

// Deadline is when the next Tick is due; false when no check is waiting.
func (c *Core) Deadline() (Time, bool) {
	if c.stopped {
		return 0, false
	}
	due := c.orderDeadline()
	if at, ok := c.queue.Next(); ok {
		due = min(due, at)
	}
	return due, due != duequeue.Never
}

func (c *Core) take() []Action {
	if len(c.dirty) > 0 {
		c.actions = append(c.actions, TableChanged{Keys: c.dirty})
		c.dirty = nil
		clear(c.isDirty)
	}
	a := c.actions
	c.actions = nil
	return a
}

func (c *Core) do(a Action) { c.actions = append(c.actions, a) }

// touch marks the kernel services of a virtual server as possibly changed.
func (c *Core) touch(keys []Key) {
	for _, k := range keys {
		if !c.isDirty[k] {
			c.isDirty[k] = true
			c.dirty = append(c.dirty, k)
		}
	}
}

func (c *Core) startDue(now Time) {
	for !c.stopped {
		ck, ok := c.queue.First()
		if !ok || ck.Due > now {
			return
		}
		c.queue.Pop()
		ck.running = true
		c.do(StartProbe{ID: ck.id, Check: ck.conf, Target: ck.target(), URL: ck.url})
	}
}

func (c *Core) result(r ProbeResult, now Time) {
	ck := c.checkers[r.ID]
	if ck == nil || !ck.running || c.stopped {
		return
	}
	ck.running = false
	wasUp := ck.up
	ck.note(&r.Result, now)
	switch {
	case r.Skipped:
		ck.skip(r.Detail, now, c.do)
	case ck.judge(&r.Result, c.cfg.Global.LogAllFailures, now, c.do):
		c.apply(change{ck, ck.up != wasUp, ck.cause(&r.Result), r.Alert})
	case !ck.isGood(&r.Result):
		c.tellDown(ck.server, ck.cause(&r.Result))
	}
	c.queue.Add(ck)
}

// change is a new verdict of a checker, or a new weight that it asks for.
type change struct {
	checker *checker
	verdict bool // the verdict is new
	cause   string
	alert   string // of a probe: Result.Alert
}

// apply brings servers and their virtual servers up to date. Changes that come
// together make no virtual server go down and up again. The mails about the
// checkers come last, as keepalived's; of a checker that leaves its server as
// it was there is one only where no_checker_emails does not forbid it.
func (c *Core) apply(changes ...change) {
	moved := make([]bool, len(changes))
	for i, ch := range changes {
		r := ch.checker.server
		moved[i] = c.refresh(r, ch.cause)
		if s := r.service; s.hasQuorum((*server).healthy) != s.quorum {
			c.refreshQuorum(s, false)
		}
	}
	for i, ch := range changes {
		if ch.verdict && (moved[i] || !c.cfg.Global.NoCheckerEmails) {
			c.mail(ch)
		}
	}
}

// mail publishes what a mail tells of a checker, if anybody gets it.
func (c *Core) mail(ch change) {
	r := ch.checker.server
	alert := ch.checker.alert(ch.alert)
	if alert == "" || !r.conf.SMTPAlert || !c.cfg.Global.Mail.Sent() {
		return
	}
	ev := r.event(stateOf(r.up), ch.cause)
	ev.Kind, ev.Alert = event.Checker, alert
	c.do(Publish{ev})
}

// tellDown publishes, once, that a server with alpha has failed: it was never
// up, and now that is known.
func (c *Core) tellDown(r *server, cause string) {
	if !r.up && !r.told {
		c.publishServer(r, event.Down, cause, "")
	}
}

// stop publishes what omega promises and forgets every check.
func (c *Core) stop() {
	c.stopped = true
	c.ordered = nil
	c.queue = duequeue.Queue[*checker]{}
	for _, ck := range c.checkers {
		if ck.running {
			c.do(CancelProbe{ID: ck.id})
		}
	}
	for _, s := range c.services {
		if s.conf.Omega {
			c.farewell(s, "the checker is shutting down", "Shutting down")
		}
	}
}

// farewell reports the servers down that were serving. A virtual server that was
// down already is reported again only at the end of the daemon.
func (c *Core) farewell(s *service, cause, alert string) {
	for _, r := range s.servers {
		if r.serving() {
			c.publishServer(r, event.Down, cause, alert)
		}
	}
	if s.quorum || c.stopped {
		ev := s.event(event.Down, cause)
		ev.Alert = s.quorumAlert(false, false, 0)
		c.do(Publish{ev})
	}
}
