package healthcheck

import (
	"time"

	"halbd/conf"
	"halbd/event"
	"halbd/internal/duequeue"
)

// CheckerID identifies one checker. An ID is never used again in the life of a
// Core, so a late result of a removed checker finds nobody.
type CheckerID uint64

// Event is something that happened to a Core: Tick, ProbeResult, Reload, Stop.
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
	OK     bool
	Exit   int    // MISC_CHECK: exit status; -1 when the program did not end by itself
	Detail string // why it failed, for people
}

// Action is what a Core wants done.
type Action interface{ isAction() }

// StartProbe asks for one probe. Its result must come back as a ProbeResult;
// until then the Core starts no other for the same checker.
type StartProbe struct {
	ID    CheckerID
	Check *conf.Checker
	URL   int // index into Check.HTTP.URLs
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

	// Collected during one Step.
	actions []Action
	dirty   []Key
	isDirty map[Key]bool
}

// NewCore builds the state at start: every server without alpha is assumed up.
// random(d) returns a value in [0, d]; it spreads the first checks.
func NewCore(cfg *conf.Config, now Time, random func(limit time.Duration) time.Duration) (*Core, []Action) {
	c := &Core{
		byKey:    make(map[string]*service),
		owners:   make(map[Key][]*service),
		checkers: make(map[CheckerID]*checker),
		random:   random,
		isDirty:  make(map[Key]bool),
	}
	c.load(cfg, now)
	return c, c.take()
}

// Step applies one event and returns what to do about it, in order.
func (c *Core) Step(ev Event, now Time) []Action {
	switch ev := ev.(type) {
	case Tick:
		c.startDue(now)
	case ProbeResult:
		c.result(ev, now)
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
	return c.queue.Next()
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
		c.do(StartProbe{ID: ck.id, Check: ck.conf, URL: ck.url})
	}
}

func (c *Core) result(r ProbeResult, now Time) {
	ck := c.checkers[r.ID]
	if ck == nil || !ck.running || c.stopped {
		return
	}
	ck.running = false
	if ck.judge(&r.Result, c.cfg.Global.LogAllFailures, now, c.do) {
		c.refresh(ck.server, ck.cause(&r.Result))
	} else if srv := ck.server; !srv.up && !srv.told && !ck.isGood(&r.Result) {
		c.publishServer(srv, event.Down, ck.cause(&r.Result)) // alpha: it was never up, and now that is known
	}
	c.queue.Add(ck)
}

// stop publishes what omega promises and forgets every check.
func (c *Core) stop() {
	c.stopped = true
	c.queue = duequeue.Queue[*checker]{}
	for _, ck := range c.checkers {
		if ck.running {
			c.do(CancelProbe{ID: ck.id})
		}
	}
	for _, s := range c.services {
		if s.conf.Omega {
			c.farewell(s, "the checker is shutting down")
		}
	}
}

// farewell reports the servers down that were up. A virtual server that was
// down already is reported again only at the end of the daemon.
func (c *Core) farewell(s *service, cause string) {
	for _, r := range s.servers {
		if r.up {
			c.publishServer(r, event.Down, cause)
		}
	}
	if s.quorum || c.stopped {
		c.publishService(s, event.Down, cause)
	}
}
