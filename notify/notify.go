// Package notify delivers transitions to the operator's scripts, FIFOs,
// mailbox and webhooks, in order for each object. It runs in the parent process
// and decides nothing: an event that reaches it has happened.
package notify

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"time"

	"halbd/conf"
	"halbd/event"
)

// overtakeTime is how long a script may hold up the next one of its object.
const overtakeTime = time.Minute

// Notifier owns the FIFOs, the queues of scripts, that of mails and those of webhooks.
type Notifier struct {
	log    *slog.Logger
	mailer *mailer
	queues *queues
	counts counts
	prefix string // of the ids of events

	mu       sync.Mutex
	number   uint64 // of the last event
	hooks    hooks
	coalesce bool                   // notify_coalesce
	limit    time.Duration          // notify_timeout
	fifos    map[string]*fifo       // general, vrrp, lvs
	webhooks []*webhook             // in the order of the configuration
	retired  sync.WaitGroup         // webhooks that a reload has removed
	last     map[string]event.Event // the state that each VRRP object is in
	closed   bool
}

// New opens the FIFOs and starts their scripts. What cannot be opened is
// logged; the daemon goes on without it.
func New(cfg *conf.Config, log *slog.Logger) *Notifier {
	n := &Notifier{log: log, mailer: newMailer(log, sendMail), fifos: map[string]*fifo{}, last: map[string]event.Event{}, prefix: fmt.Sprintf("%x-", time.Now().UnixNano())}
	n.queues = newQueues(overtakeTime, n.begin, func(c call) {
		n.log.Warn("notify script still runs; the next one of the object does not wait any longer", "object", c.object, "script", c.cmd.Args[0])
	})
	n.Reload(cfg)
	return n
}

// Reload takes the hooks and FIFOs of a new configuration. FIFO scripts are
// started again, as keepalived does on every reload.
func (n *Notifier) Reload(cfg *conf.Config) {
	n.mu.Lock()
	defer n.mu.Unlock()
	old := n.hooks
	n.hooks = newHooks(cfg)
	n.hooks.keepRemoved(old, cfg)
	g := &cfg.Global
	n.coalesce, n.limit = g.NotifyCoalesce, g.NotifyTimeout
	n.mailer.configure(g.Mail)
	n.setWebhooks(g.NotifyWebhooks)
	for name, c := range map[string]conf.FIFO{"general": g.NotifyFIFO, "vrrp": g.VRRPNotifyFIFO, "lvs": g.LVSNotifyFIFO} {
		n.setFIFO(name, c)
	}
	if g.FIFOStatesOnReload {
		n.repeatStates(cfg)
	}
}

// repeatStates writes the state of every group and of every instance that is
// not MASTER to the FIFOs (fifo_write_vrrp_states_on_reload).
func (n *Notifier) repeatStates(cfg *conf.Config) {
	for i := range cfg.SyncGroups {
		n.repeat(objectKey(event.Group, cfg.SyncGroups[i].Name))
	}
	for i := range cfg.Instances {
		n.repeat(objectKey(event.Instance, cfg.Instances[i].Name))
	}
}

func (n *Notifier) repeat(key string) {
	if ev, ok := n.last[key]; ok && (ev.Kind == event.Group || ev.State != event.Master) {
		n.writeFIFOs(ev)
	}
}

func objectKey(k event.Kind, name string) string { return string(k) + " " + name }

func (n *Notifier) setFIFO(name string, c conf.FIFO) {
	f := n.fifos[name]
	if f != nil && f.conf.Path != c.Path {
		f.close()
		delete(n.fifos, name)
		f = nil
	}
	if c.Path == "" {
		return
	}
	if f == nil {
		var err error
		if f, err = openFIFO(c); err != nil {
			n.log.Error(err.Error())
			return
		}
		n.fifos[name] = f
	}
	f.stopScript()
	f.conf = c
	if err := f.startScript(); err != nil {
		n.log.Error(err.Error())
	}
}

// setWebhooks keeps the outboxes of the receivers that stay.
func (n *Notifier) setWebhooks(urls []string) {
	old := map[string]*webhook{}
	for _, w := range n.webhooks {
		old[w.url] = w
	}
	n.webhooks = nil
	for _, url := range urls {
		w := old[url]
		if w == nil {
			w = newWebhook(url, n.log)
		}
		delete(old, url)
		n.webhooks = append(n.webhooks, w)
	}
	for _, w := range old {
		n.retired.Go(w.close)
	}
}

// Publish delivers one event: its scripts are queued, its FIFO lines written,
// its mail queued and its copy for every webhook. Of a quiet one only webhooks
// are told.
func (n *Notifier) Publish(ev event.Event) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed {
		return
	}
	n.number++
	d := document{ID: n.prefix + strconv.FormatUint(n.number, 10), RouterID: n.hooks.routerID, Event: ev}
	n.postWebhooks(&d)
	if ev.Quiet {
		return
	}
	if scripts := n.hooks.calls(ev); len(scripts) > 0 {
		object := strings.TrimSpace(string(ev.Kind) + " " + ev.Name + " " + ev.Service)
		left := n.queues.add(object, callsOf(object, scripts, &d, n.limit), n.coalesce)
		n.counts.supersede(left)
		if left > 0 && !n.coalesce {
			n.log.Warn("too many notify scripts wait; the oldest are left out", "object", object, "waiting", queueLimit)
		}
	}
	repeated := n.last[objectKey(ev.Kind, ev.Name)].State == ev.State
	switch ev.State {
	case event.Master, event.Backup, event.Fault:
		n.last[objectKey(ev.Kind, ev.Name)] = ev
	case event.Stop, event.Deleted:
		delete(n.last, objectKey(ev.Kind, ev.Name))
	}
	n.writeFIFOs(ev)
	if a, ok := alertOf(ev, n.hooks.routerID); ok && !repeated && n.hooks.mails(ev) {
		n.mailer.post(a)
	}
}

// postWebhooks leaves out checkers: their servers speak for them.
func (n *Notifier) postWebhooks(d *document) {
	if len(n.webhooks) == 0 || d.Kind == event.Checker {
		return
	}
	p := posting{id: d.ID, name: strings.TrimSpace(fmt.Sprintf("%s %s %s %s", d.Kind, d.Name, d.Service, d.State)), at: d.At, body: d.encode()}
	for _, w := range n.webhooks {
		w.post(p)
	}
}

// isState tells whether s is a state that an object stays in until it is
// told of another one.
func isState(s event.State) bool {
	switch s {
	case event.RxLowerPri, event.MasterPriority, event.BackupPriority:
		return false
	}
	return true
}

func (n *Notifier) writeFIFOs(ev event.Event) {
	line := fifoLine(ev)
	if line == "" {
		return
	}
	own := "vrrp"
	if ev.Kind == event.VirtualServer || ev.Kind == event.RealServer {
		own = "lvs"
	}
	for _, name := range []string{"general", own} {
		if f := n.fifos[name]; f != nil {
			if err := f.write(line); err != nil {
				n.log.Warn(err.Error())
			}
		}
	}
}

// stopGrace is how long STOP scripts get, as keepalived gives them.
const stopGrace = time.Second

// Close waits for scripts that run or wait, a second at most, and for mails
// and webhooks, three seconds at most, and closes the FIFOs.
func (n *Notifier) Close(ctx context.Context) {
	var outboxes sync.WaitGroup
	defer outboxes.Wait()
	outboxes.Go(n.mailer.close)
	outboxes.Go(n.retired.Wait)
	n.mu.Lock()
	n.closed = true
	for _, w := range n.webhooks {
		outboxes.Go(w.close)
	}
	n.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, stopGrace)
	defer cancel()
	n.queues.drain(ctx)
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, f := range n.fifos {
		f.close()
	}
}

// hooks finds the scripts of an object.
type hooks struct {
	instances map[string]conf.Notify
	groups    map[string]conf.Notify
	up, down  map[string]*conf.Command // by service key, and service key + " " + server key
	alerts    map[string]bool          // smtp_alert, by kind and name, or as up
	noFaults  bool                     // no_email_faults
	routerID  string
}

func newHooks(cfg *conf.Config) hooks {
	h := hooks{instances: map[string]conf.Notify{}, groups: map[string]conf.Notify{},
		up: map[string]*conf.Command{}, down: map[string]*conf.Command{}, alerts: map[string]bool{},
		noFaults: cfg.Global.Mail.NoFaults, routerID: cfg.Global.RouterID}
	if h.routerID == "" {
		h.routerID = hostName()
	}
	for i := range cfg.Instances {
		v := &cfg.Instances[i]
		h.instances[v.Name], h.alerts[objectKey(event.Instance, v.Name)] = v.Notify, v.SMTPAlert
	}
	for i := range cfg.SyncGroups {
		g := &cfg.SyncGroups[i]
		h.groups[g.Name], h.alerts[objectKey(event.Group, g.Name)] = g.Notify, g.SMTPAlert
	}
	mails := cfg.Global.Mail.Sent()
	eachServer(cfg, func(key string, up, down *conf.Command, alert bool) {
		if up != nil {
			h.up[key] = up
		}
		if down != nil {
			h.down[key] = down
		}
		if alert && mails {
			h.alerts[key] = true
		}
	})
	return h
}

// eachServer visits every virtual and real server by its key.
func eachServer(cfg *conf.Config, visit func(key string, up, down *conf.Command, alert bool)) {
	for i := range cfg.VirtualServers {
		v := &cfg.VirtualServers[i]
		key := v.Key()
		visit(key, v.QuorumUp, v.QuorumDown, v.SMTPAlert)
		for k := range v.RealServers {
			r := &v.RealServers[k]
			visit(key+" "+r.Addr.String(), r.NotifyUp, r.NotifyDown, r.SMTPAlert)
		}
	}
}

// keepRemoved keeps the hooks of objects that a reload removes: their last
// events (DELETED, DOWN) come after the new configuration.
func (h hooks) keepRemoved(old hooks, cfg *conf.Config) {
	present := map[string]bool{}
	if len(old.up)+len(old.down)+len(old.alerts) > 0 {
		eachServer(cfg, func(key string, _, _ *conf.Command, _ bool) { present[key] = true })
	}
	for i := range cfg.Instances {
		present[objectKey(event.Instance, cfg.Instances[i].Name)] = true
	}
	for i := range cfg.SyncGroups {
		present[objectKey(event.Group, cfg.SyncGroups[i].Name)] = true
	}
	keep(h.instances, old.instances, nil)
	keep(h.groups, old.groups, nil)
	keep(h.up, old.up, present)
	keep(h.down, old.down, present)
	keep(h.alerts, old.alerts, present)
}

// keep takes over what is not there any more.
func keep[V any](now, old map[string]V, present map[string]bool) {
	for k, v := range old {
		if _, ok := now[k]; !ok && !present[k] {
			now[k] = v
		}
	}
}

// calls lists the scripts of an event: the specific one, then the generic one.
func (h hooks) calls(ev event.Event) []scriptCall {
	var j []scriptCall
	add := func(c *conf.Command, extra ...string) {
		if c != nil {
			j = append(j, scriptCall{*c, extra})
		}
	}
	switch ev.Kind {
	case event.Instance, event.Group:
		set := h.instances
		if ev.Kind == event.Group {
			set = h.groups
		}
		n := set[ev.Name]
		if !ev.Removed || ev.State == event.Deleted {
			add(specific(n, ev.State))
		}
		switch ev.State {
		case event.Master, event.Backup, event.Fault, event.Stop, event.Deleted:
			add(n.Any, string(ev.Kind), ev.Name, string(ev.State), strconv.Itoa(ev.Priority))
		}
	case event.VirtualServer, event.RealServer:
		key := serverKey(ev)
		if ev.State == event.Up {
			add(h.up[key])
		} else {
			add(h.down[key])
		}
	}
	return j
}

// serverKey is the key of the virtual or real server of an event.
func serverKey(ev event.Event) string {
	if ev.ServerKey == "" {
		return ev.ServiceKey
	}
	return ev.ServiceKey + " " + ev.ServerKey
}

// mails reports whether the object of an event wants mail of it.
func (h hooks) mails(ev event.Event) bool {
	switch ev.Kind {
	case event.Instance, event.Group:
		return h.alerts[objectKey(ev.Kind, ev.Name)] && (ev.State != event.Fault || !h.noFaults)
	}
	return h.alerts[serverKey(ev)]
}

func specific(n conf.Notify, s event.State) *conf.Command {
	switch s {
	case event.Master:
		return n.Master
	case event.Backup:
		return n.Backup
	case event.Fault:
		return n.Fault
	case event.Stop:
		return n.Stop
	case event.Deleted:
		return n.Deleted
	case event.RxLowerPri:
		return n.RxLowerPri
	}
	return nil
}
