package vrrp

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"halbd/conf"
	"halbd/event"
	"halbd/internal/duequeue"
)

// Sync groups are model-checked: from the start, every event of every member in
// every state that any order of events can lead to. States that differ only in
// how far apart deadlines are, not in their order, count as one.

// groupModel is one state of a group's host, and what was published on the way.
type groupModel struct {
	c         *Core
	now       Time
	down      []bool // the member's interface
	refused   []bool // the member's adverts cannot be sent
	published map[string]event.State
	path      []string
	outside   bool   // the last instance is no member at present; only where it may leave
	joining   bool   // it has come back and has not the role of the others yet
	leaves    bool   // it may leave and come back
	alike     bool   // members are interchangeable: states that differ in who is who count as one
	fault     string // the invariant that does not hold
}

func (m *groupModel) clone() *groupModel {
	n := *m
	n.c = m.c.clone()
	n.down, n.refused = slices.Clone(m.down), slices.Clone(m.refused)
	n.published = maps.Clone(m.published)
	n.path = slices.Clone(m.path)
	return &n
}

func (c *Core) clone() *Core {
	n := *c
	n.links, n.trackers, n.strays = maps.Clone(c.links), maps.Clone(c.trackers), maps.Clone(c.strays)
	n.acts, n.buf, n.claims = Actions{}, nil, nil
	twin := map[*instance]*instance{}
	copied := func(list []*instance) (out []*instance) {
		for _, in := range list {
			out = append(out, twin[in])
		}
		return out
	}
	for _, in := range c.instances {
		i := *in
		i.complaints = maps.Clone(in.complaints)
		twin[in] = &i
	}
	n.instances, n.queue = copied(c.instances), duequeue.Queue[*instance]{}
	for _, in := range n.instances {
		n.queue.Add(in)
	}
	n.byName, n.routers, n.groups = map[string]*instance{}, map[routerID][]*instance{}, nil
	for name, in := range c.byName {
		n.byName[name] = twin[in]
	}
	for id, list := range c.routers {
		n.routers[id] = copied(list)
	}
	for _, g := range c.groups {
		t := *g
		t.members = copied(g.members)
		for _, in := range t.members {
			in.group = &t
		}
		n.groups = append(n.groups, &t)
	}
	return &n
}

// act carries actions out and checks that every transition is published once.
func (m *groupModel) act(a *Actions) {
	for _, e := range a.Events {
		switch e.State {
		case event.RxLowerPri, event.MasterPriority, event.BackupPriority:
			continue
		}
		id := string(e.Kind) + " " + e.Name
		if m.published[id] != e.Previous || m.published[id] == e.State {
			m.fault = fmt.Sprintf("%s: published %s after %s, previous %s", id, e.State, m.published[id], e.Previous)
		}
		m.published[id] = e.State
	}
	var failed []SendFailure
	for i, in := range m.c.instances {
		sends := slices.ContainsFunc(a.Adverts, func(ad SendAdvert) bool { return ad.Instance == in.cfg.Name })
		if m.refused[i] && sends {
			failed = append(failed, SendFailure{Instance: in.cfg.Name, Text: "operation not permitted"})
		}
	}
	if a.Confirm || len(failed) > 0 {
		m.act(m.c.Sent(m.now, failed))
	}
}

func memberLink(i int, down bool) InterfaceState {
	l := eth0(fmt.Sprintf("10.%d.0.1", i))
	l.Name, l.Up = fmt.Sprintf("eth%d", i), !down
	return l
}

func newGroupModel(n int, edit func(i int, in *conf.Instance)) *groupModel {
	m := &groupModel{down: make([]bool, n), refused: make([]bool, n), published: map[string]event.State{}}
	cfg := groupConfig(n, edit)
	m.c = NewCore(cfg)
	for i := range n {
		m.c.Step(0, memberLink(i, false))
	}
	m.act(m.c.Start(0))
	return m
}

func groupConfig(n int, edit func(i int, in *conf.Instance)) *conf.Config {
	cfg := &conf.Config{SyncGroups: []conf.SyncGroup{{Name: "G"}}}
	for i := range n {
		in := router(string(rune('A'+i)), uint8(i+1), 150, func(in *conf.Instance) {
			in.Interface = fmt.Sprintf("eth%d", i)
			in.Addresses[0].Interface = in.Interface
		})
		if edit != nil {
			edit(i, &in)
		}
		cfg.Instances = append(cfg.Instances, in)
		cfg.SyncGroups[0].Members = append(cfg.SyncGroups[0].Members, in.Name)
	}
	return cfg
}

// pending is when something happens by itself: a claim, an advert or a probe.
func (m *groupModel) pending() Time {
	at := never
	for _, in := range m.c.instances {
		at = min(at, in.at[timerMain], in.at[timerProbe])
	}
	return at
}

// pass lets the time pass up to the end, every timer acting at its time.
func (m *groupModel) pass(end Time) {
	for {
		d, ok := m.c.Deadline()
		if !ok || d > end {
			break
		}
		m.now = d
		m.act(m.c.Step(d, Tick{}))
	}
	m.now = max(m.now, end)
}

// next lists every event that can follow, with its name.
func (m *groupModel) next() map[string]func(*groupModel) {
	events := map[string]func(*groupModel){}
	if at := m.pending(); at != never {
		events["time"] = func(m *groupModel) { m.pass(at) }
		events["stall"] = func(m *groupModel) {
			m.now = at + 20*s
			m.act(m.c.Step(m.now, Tick{}))
		}
	}
	events["reload"] = func(m *groupModel) { m.act(m.c.Reload(m.now, m.c.cfg)) }
	if m.leaves {
		events["leave or join"] = (*groupModel).leaveOrJoin
	}
	for i, in := range m.c.instances {
		name := in.cfg.Name
		events[name+" link"] = func(m *groupModel) {
			m.down[i] = !m.down[i]
			m.act(m.c.Step(m.now, memberLink(i, m.down[i])))
		}
		if !m.leaves { // it only multiplies the states
			events[name+" sending"] = func(m *groupModel) { m.refused[i] = !m.refused[i] }
		}
		for word, priority := range map[string]uint8{"higher": 200, "lower": 50, "resigned": 0} {
			events[name+" hears "+word] = func(m *groupModel) {
				m.act(m.c.Step(m.now, advertOf(m.c.instances[i].cfg, fmt.Sprintf("10.%d.0.2", i), priority)))
			}
		}
	}
	return events
}

// leaveOrJoin reloads with the last instance outside the group, or in it again.
func (m *groupModel) leaveOrJoin() {
	cfg := *m.c.cfg
	g := cfg.SyncGroups[0]
	m.outside = !m.outside
	if m.outside {
		g.Members = g.Members[:len(g.Members)-1]
	} else {
		g.Members = append(slices.Clone(g.Members), cfg.Instances[len(cfg.Instances)-1].Name)
	}
	m.joining = !m.outside
	cfg.SyncGroups = []conf.SyncGroup{g}
	m.act(m.c.Reload(m.now, &cfg))
}

// key is what makes two states differ.
func (m *groupModel) key() string {
	var deadlines []Time
	for _, in := range m.c.instances {
		deadlines = append(deadlines, in.at[timerMain], in.at[timerProbe])
	}
	slices.Sort(deadlines)
	deadlines = slices.Compact(deadlines)
	members := make([]string, len(m.c.instances))
	for i, in := range m.c.instances {
		var b strings.Builder
		fmt.Fprintf(&b, "%s%t%t%t%t%t%t%t", in.state, in.held, in.expired, in.instant, in.listening, in.mute != "", m.down[i], m.refused[i])
		for _, t := range []timer{timerMain, timerProbe} {
			at := -1
			if in.at[t] != never {
				at = slices.Index(deadlines, in.at[t])
			}
			fmt.Fprint(&b, at, " ")
		}
		members[i] = b.String()
	}
	switch n := len(members); {
	case m.leaves:
		slices.Sort(members[:n-1])
	case m.alike:
		slices.Sort(members)
	}
	return fmt.Sprint(strings.Join(members, ""), m.c.groups[0].state, m.outside, m.joining)
}

// check looks at what must hold after every event.
func (m *groupModel) check() string {
	if m.fault != "" {
		return m.fault
	}
	g := m.c.groups[0]
	faulty, mixed := false, false
	for i, in := range m.c.instances {
		if in.group != nil {
			faulty = faulty || m.down[i] || in.mute != ""
			mixed = mixed || in.state != g.state
		}
	}
	m.joining = m.joining && mixed
	for i, in := range m.c.instances {
		switch {
		case in.group != nil && in.state != g.state && (!m.joining || in.state == event.Fault):
			return fmt.Sprintf("%s is %s in a group that is %s", in.cfg.Name, in.state, g.state)
		case in.group != nil && (in.state == event.Fault) != faulty:
			return fmt.Sprintf("%s is %s, members at fault: %t", in.cfg.Name, in.state, faulty)
		case in.group == nil && (in.state == event.Fault) != (m.down[i] || in.mute != ""):
			return fmt.Sprintf("%s, outside the group, is %s", in.cfg.Name, in.state)
		case in.held != (in.state == event.Master):
			return fmt.Sprintf("%s is %s, has its addresses: %t", in.cfg.Name, in.state, in.held)
		case in.claim.pending:
			return in.cfg.Name + " waits for Sent"
		case m.published["INSTANCE "+in.cfg.Name] != in.state:
			return in.cfg.Name + " has an unpublished state"
		}
	}
	if m.published["GROUP G"] != g.state {
		return "the group has an unpublished state"
	}
	return ""
}

// settles plays the state on without faults: alone it must become MASTER, and
// with a better master for one member the whole must stay BACKUP.
func (m *groupModel) settles() string {
	const limit = 12 * s // a probe, a stall's second wait and one more
	alone := m.clone()
	alone.heal()
	alone.pass(alone.now + limit)
	for _, in := range alone.c.instances {
		if in.state != event.Master {
			return fmt.Sprintf("healthy and alone %s ends as %s", in.cfg.Name, in.state)
		}
	}
	led := m.clone()
	led.heal()
	for range limit / s {
		led.pass(led.now + s)
		led.act(led.c.Step(led.now, advertOf(led.c.instances[0].cfg, "10.0.0.2", 255)))
	}
	if wrong := cmp.Or(alone.check(), led.check()); wrong != "" {
		return wrong
	}
	if led.joining {
		return "with a better master the new member never gets the role of the others"
	}
	if st := led.c.groups[0].state; st != event.Backup && !led.c.instances[0].instant {
		return "with a better master it ends as " + string(st)
	}
	return ""
}

func (m *groupModel) heal() {
	clear(m.refused)
	for i := range m.down {
		if m.down[i] {
			m.down[i] = false
			m.act(m.c.Step(m.now, memberLink(i, false)))
		}
	}
}

func TestSyncGroupModel(t *testing.T) {
	nopreempt := func(_ int, in *conf.Instance) { in.NoPreempt = true }
	for _, tc := range []struct {
		name    string
		members int
		edit    func(int, *conf.Instance)
	}{
		{"2 members", 2, nil},
		{"2 members, one owner", 2, func(i int, in *conf.Instance) { in.Priority += uint8(105 * (1 - i)) }},
		{"2 members, nopreempt", 2, nopreempt},
		{"2 members, timer_expired_backup", 2, func(_ int, in *conf.Instance) { in.NoPreempt, in.ExpiredBackup = true, 254 }},
		{"2 members, preempt_delay", 2, func(_ int, in *conf.Instance) { in.PreemptDelay = 2 * s }},
		{"2 members, one of which leaves", 2, nil},
		{"3 members, one of which leaves", 3, nil},
		{"3 members", 3, nil},
		{"4 members", 4, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			m := newGroupModel(tc.members, tc.edit)
			m.leaves = strings.HasSuffix(tc.name, "leaves")
			m.alike = tc.members > 2
			explore(t, m)
		})
	}
}

// explore visits every state, nearest first, so that a failure has a shortest path.
func explore(t *testing.T, start *groupModel) {
	seen := map[string]bool{start.key(): true}
	for todo := []*groupModel{start}; len(todo) > 0; todo = todo[1:] {
		m := todo[0]
		for _, name := range slices.Sorted(maps.Keys(m.next())) {
			n := m.clone()
			n.path = append(n.path, name)
			m.next()[name](n)
			if wrong := n.check(); wrong != "" {
				t.Fatalf("%s, after %s", wrong, strings.Join(n.path, ", "))
			}
			if k := n.key(); !seen[k] {
				seen[k] = true
				if wrong := n.settles(); wrong != "" {
					t.Fatalf("%s, after %s", wrong, strings.Join(n.path, ", "))
				}
				todo = append(todo, n)
			}
		}
		todo[0] = nil
	}
	t.Logf("%d states", len(seen))
}
