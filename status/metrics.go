package status

import (
	"bufio"
	"io"
	"math"
	"strconv"
	"strings"
	"time"

	"halbd/event"
	"halbd/healthcheck"
	"halbd/vrrp"
)

// Metrics writes a picture in the text format of Prometheus (version 0.0.4).
// The format is three kinds of lines; the usual client library would cost a
// seventh of the daemon's memory, in each of its processes.
func (s *Status) Metrics(w io.Writer) error {
	m := &exposition{w: bufio.NewWriter(w)}
	m.daemon(&s.Daemon)
	m.instances(s.VRRP.Instances)
	m.vrrpCounters(s.VRRP.Instances)
	m.groups(s.VRRP.Groups)
	m.services(s.VirtualServers)
	m.servers(s.VirtualServers)
	m.connections(s)
	m.orders(s.VirtualServers)
	m.bfd(s)
	m.trackers(s.Trackers)
	m.notify(&s.Notify)
	return m.w.Flush()
}

// exposition writes one family after another. The first error stays in w.
type exposition struct {
	w    *bufio.Writer
	name string
}

// label is a name and a value.
type label struct{ name, value string }

// family begins a metric.
func (m *exposition) family(name, kind, help string) {
	m.name = name
	m.w.WriteString("# HELP " + name + " " + help + "\n# TYPE " + name + " " + kind + "\n")
}

func (m *exposition) gauge(name, help string)   { m.family(name, "gauge", help) }
func (m *exposition) counter(name, help string) { m.family(name, "counter", help) }

// value writes one sample of the family that was begun last.
func (m *exposition) value(v float64, labels ...label) {
	m.w.WriteString(m.name)
	for i, l := range labels {
		m.w.WriteByte("{,"[min(i, 1)])
		m.w.WriteString(l.name + `="` + escape.Replace(l.value) + `"`)
	}
	if len(labels) > 0 {
		m.w.WriteByte('}')
	}
	m.w.WriteByte(' ')
	m.w.WriteString(number(v))
	m.w.WriteByte('\n')
}

var escape = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)

func number(v float64) string {
	if v == math.Trunc(v) && math.Abs(v) < 1<<53 {
		return strconv.FormatInt(int64(v), 10)
	}
	return strconv.FormatFloat(v, 'f', -1, 64)
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// stamp is a time in seconds since 1970; 0 for one that never was.
func stamp(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return float64(t.UnixMilli()) / 1000
}

func (m *exposition) daemon(d *Daemon) {
	m.gauge("halbd_build_info", "Version of the daemon.")
	m.value(1, label{"version", d.Version})
	m.gauge("halbd_start_time_seconds", "When the daemon was started.")
	m.value(stamp(d.Started))
	m.gauge("halbd_config_loaded_timestamp_seconds", "When the running configuration was taken.")
	m.value(stamp(d.Loaded))
	m.gauge("halbd_config_diagnostics", "Diagnostics of the running configuration.")
	m.value(float64(d.Errors), label{"severity", "error"})
	m.value(float64(d.Warnings), label{"severity", "warning"})
	m.counter("halbd_reloads_total", "Reloads by result.")
	m.value(float64(d.Reloads.Done), label{"result", "done"})
	m.value(float64(d.Reloads.Refused), label{"result", "refused"})
	m.gauge("halbd_last_reload_refused", "Whether the last reload was refused.")
	m.value(truth(d.Reloads.Error != ""))
	m.gauge("halbd_process_up", "Whether a process runs and answers.")
	for _, p := range d.Processes {
		m.value(truth(p.Problem == ""), label{"process", p.Role})
	}
	m.counter("halbd_process_deaths_total", "Ends of a process that nobody asked for.")
	for _, p := range d.Processes {
		m.value(float64(p.Deaths), label{"process", p.Role})
	}
}

// states are those that an instance and a group can be in.
var states = []event.State{"INIT", event.Backup, event.Master, event.Fault}

func (m *exposition) instances(list []vrrp.InstanceStatus) {
	if len(list) == 0 {
		return
	}
	m.gauge("halbd_vrrp_state", "State of an instance: 1 for the one that it is in.")
	for i := range list {
		for _, s := range states {
			m.value(truth(list[i].State == s), label{"vrrp_instance", list[i].Name}, label{"state", string(s)})
		}
	}
	for _, g := range []struct {
		name, help string
		value      func(*vrrp.InstanceStatus) float64
	}{
		{"halbd_vrrp_last_transition_timestamp_seconds", "When an instance came into its state.", func(s *vrrp.InstanceStatus) float64 { return stamp(s.Since) }},
		{"halbd_vrrp_priority", "Effective priority of an instance.", func(s *vrrp.InstanceStatus) float64 { return float64(s.Priority) }},
		{"halbd_vrrp_base_priority", "Configured priority of an instance.", func(s *vrrp.InstanceStatus) float64 { return float64(s.BasePriority) }},
		{"halbd_vrrp_holds_addresses", "Whether the virtual addresses are to be on this host.", func(s *vrrp.InstanceStatus) float64 { return truth(s.Holds) }},
		{"halbd_vrrp_held", "Whether the operator keeps an instance from claiming.", func(s *vrrp.InstanceStatus) float64 { return truth(s.Order != nil && s.Order.Action == vrrp.Hold) }},
		{"halbd_vrrp_yielding", "Whether an instance has handed its role over by order and does not pre-empt.", func(s *vrrp.InstanceStatus) float64 {
			return truth(s.Order != nil && s.Order.Action == vrrp.Switch && !s.Order.Looking)
		}},
		{"halbd_vrrp_faults", "Reasons of FAULT.", func(s *vrrp.InstanceStatus) float64 { return float64(len(s.Faults)) }},
		{"halbd_vrrp_master_priority", "Priority that a backup has heard of the master; 0 on the master.", func(s *vrrp.InstanceStatus) float64 { return float64(s.MasterPriority) }},
		{"halbd_vrrp_last_advert_received_timestamp_seconds", "When the last valid advert was heard; 0: never.", func(s *vrrp.InstanceStatus) float64 { return stamp(s.Heard) }},
		{"halbd_vrrp_transition_lateness_seconds", "How long after its deadline the last transition happened.", func(s *vrrp.InstanceStatus) float64 { return s.Late }},
	} {
		m.gauge(g.name, g.help)
		for i := range list {
			m.value(g.value(&list[i]), label{"vrrp_instance", list[i].Name})
		}
	}
}

func (m *exposition) vrrpCounters(list []vrrp.InstanceStatus) {
	if len(list) == 0 {
		return
	}
	for _, c := range []struct {
		name, help string
		value      func(*vrrp.Counters) uint64
	}{
		{"halbd_vrrp_adverts_received_total", "Adverts that passed every check.", func(c *vrrp.Counters) uint64 { return c.AdvertsReceived }},
		{"halbd_vrrp_adverts_sent_total", "Adverts sent, once for all peers.", func(c *vrrp.Counters) uint64 { return c.AdvertsSent }},
		{"halbd_vrrp_became_master_total", "Times that an instance became master.", func(c *vrrp.Counters) uint64 { return c.BecameMaster }},
		{"halbd_vrrp_released_master_total", "Times that an instance gave up being master.", func(c *vrrp.Counters) uint64 { return c.ReleasedMaster }},
		{"halbd_vrrp_priority_zero_received_total", "Resignations of other routers.", func(c *vrrp.Counters) uint64 { return c.PriorityZeroRcvd }},
		{"halbd_vrrp_priority_zero_sent_total", "Resignations sent.", func(c *vrrp.Counters) uint64 { return c.PriorityZeroSent }},
		{"halbd_vrrp_put_back_total", "Addresses, routes and rules that somebody else had removed and that were put back.", func(c *vrrp.Counters) uint64 { return c.PutBack }},
	} {
		m.counter(c.name, c.help)
		for i := range list {
			m.value(float64(c.value(&list[i].Counters)), label{"vrrp_instance", list[i].Name})
		}
	}
	m.counter("halbd_vrrp_packets_refused_total", "Received packets that were refused, by reason.")
	for i := range list {
		for _, r := range refusals(&list[i].Counters) {
			m.value(float64(r.n), label{"vrrp_instance", list[i].Name}, label{"reason", r.reason})
		}
	}
}

// refusal counts packets that were refused for one reason.
type refusal struct {
	reason string
	n      uint64
}

func refusals(c *vrrp.Counters) []refusal {
	return []refusal{
		{"length", c.Length}, {"ttl", c.TTL}, {"type", c.InvalidType}, {"advert_interval", c.AdvertInterval}, {"address_list", c.AddressList},
		{"auth_type", c.InvalidAuthType}, {"auth_type_mismatch", c.AuthTypeMismatch}, {"auth_failure", c.AuthFailure},
		{"hmac_missing", c.HMACMissing}, {"hmac_malformed", c.HMACMalformed}, {"hmac_unknown_key", c.HMACUnknownKey},
		{"hmac_invalid", c.HMACInvalid}, {"hmac_stale", c.HMACStale}, {"hmac_replay", c.HMACReplay},
	}
}

func (m *exposition) groups(list []vrrp.GroupStatus) {
	if len(list) == 0 {
		return
	}
	m.gauge("halbd_vrrp_group_state", "State of a sync group: 1 for the one that it is in.")
	for _, g := range list {
		for _, s := range states {
			m.value(truth(g.State == s), label{"group", g.Name}, label{"state", string(s)})
		}
	}
}

func (m *exposition) services(list []healthcheck.ServiceStatus) {
	if len(list) == 0 {
		return
	}
	for _, g := range []struct {
		name, help string
		value      func(*healthcheck.ServiceStatus) float64
	}{
		{"halbd_virtual_server_up", "Whether a virtual server has its quorum.", func(s *healthcheck.ServiceStatus) float64 { return truth(s.State == event.Up) }},
		{"halbd_virtual_server_alive_weight", "Sum of the weights of real servers that are up and not taken out by the operator.", func(s *healthcheck.ServiceStatus) float64 { return float64(s.AliveWeight) }},
		{"halbd_virtual_server_out_weight", "Sum of the weights of real servers that the operator has taken out; it counts for the quorum.", func(s *healthcheck.ServiceStatus) float64 { return float64(s.OutWeight) }},
		{"halbd_virtual_server_quorum", "Weight that a virtual server needs.", func(s *healthcheck.ServiceStatus) float64 { return float64(s.Quorum) }},
		{"halbd_virtual_server_sorry_active", "Whether the sorry server serves.", func(s *healthcheck.ServiceStatus) float64 { return truth(s.SorryActive) }},
		{"halbd_virtual_server_last_transition_timestamp_seconds", "When a virtual server came into its state.", func(s *healthcheck.ServiceStatus) float64 { return stamp(s.Since) }},
	} {
		m.gauge(g.name, g.help)
		for i := range list {
			m.value(g.value(&list[i]), label{"virtual_server", list[i].Name})
		}
	}
}

func (m *exposition) servers(list []healthcheck.ServiceStatus) {
	if len(list) == 0 {
		return
	}
	for _, g := range []struct {
		name, help string
		value      func(*healthcheck.ServerStatus) float64
	}{
		{"halbd_real_server_up", "Whether a real server passes all of its checks.", func(r *healthcheck.ServerStatus) float64 { return truth(r.State == event.Up) }},
		{"halbd_real_server_weight", "Effective weight of a real server.", func(r *healthcheck.ServerStatus) float64 { return float64(r.Weight) }},
		{"halbd_real_server_last_transition_timestamp_seconds", "When a real server came into its state.", func(r *healthcheck.ServerStatus) float64 { return stamp(r.Since) }},
		{"halbd_real_server_checks_failed", "Checks of a real server that are down.", failedChecks},
	} {
		m.gauge(g.name, g.help)
		for i := range list {
			for j := range list[i].Servers {
				r := &list[i].Servers[j]
				m.value(g.value(r), label{"virtual_server", list[i].Name}, label{"real_server", r.Name})
			}
		}
	}
}

// orderStates are those of a server by order of the operator.
var orderStates = []event.State{event.Draining, event.Drained, event.Disabled}

// orders leaves out the servers without an order: there may be ten thousand.
func (m *exposition) orders(list []healthcheck.ServiceStatus) {
	if len(list) == 0 {
		return
	}
	m.gauge("halbd_real_server_admin_state", "What the operator has ordered of a real server: 1 for the state that it is in. Missing without an order.")
	for i := range list {
		for j := range list[i].Servers {
			r := &list[i].Servers[j]
			if r.Order == nil {
				continue
			}
			for _, s := range orderStates {
				m.value(truth(s == r.Order.State), label{"virtual_server", list[i].Name}, label{"real_server", r.Name}, label{"state", string(s)})
			}
		}
	}
}

// connections are of the servers that are in the kernel's table.
func (m *exposition) connections(s *Status) {
	if len(s.VirtualServers) == 0 {
		return
	}
	for _, g := range []struct {
		name, help string
		value      func(*healthcheck.ConnectionCount) uint64
	}{
		{"halbd_real_server_active_connections", "Established connections with a real server, at most a second old.", func(c *healthcheck.ConnectionCount) uint64 { return c.Active }},
		{"halbd_real_server_inactive_connections", "Connections with a real server that IPVS keeps in another state, at most a second old.", func(c *healthcheck.ConnectionCount) uint64 { return c.Inactive }},
	} {
		m.gauge(g.name, g.help)
		for i := range s.VirtualServers {
			v := &s.VirtualServers[i]
			for j := range v.Servers {
				if c := v.Servers[j].Connections; c != nil {
					m.value(float64(g.value(c)), label{"virtual_server", v.Name}, label{"real_server", v.Servers[j].Name})
				}
			}
		}
	}
	m.counter("halbd_ipvs_repairs_total", "Changes of others in our part of the IPVS table that were undone, by what they had done.")
	r := &s.Repairs
	for _, c := range []struct {
		what string
		n    uint64
	}{
		{"virtual_server_deleted", r.Services}, {"real_server_deleted", r.Servers + r.Inside}, {"real_server_added", r.Added},
		{"setting_changed", r.Changed}, {"sync_daemon_changed", r.Daemons}, {"timeout_changed", r.Timeouts},
	} {
		m.value(float64(c.n), label{"what", c.what})
	}
}

func failedChecks(r *healthcheck.ServerStatus) float64 {
	n := 0
	for i := range r.Checkers {
		if r.Checkers[i].State == event.Down {
			n++
		}
	}
	return float64(n)
}

func (m *exposition) bfd(s *Status) {
	if len(s.BFD) == 0 {
		return
	}
	m.gauge("halbd_bfd_up", "Whether a session is up.")
	for i := range s.BFD {
		m.value(truth(s.BFD[i].State == "Up"), label{"session", s.BFD[i].Name})
	}
	m.gauge("halbd_bfd_detection_time_seconds", "How long the neighbour may be silent; 0: not known.")
	for i := range s.BFD {
		m.value(s.BFD[i].Detection, label{"session", s.BFD[i].Name})
	}
	m.counter("halbd_bfd_packets_received_total", "Packets of the neighbour that passed the checks.")
	for i := range s.BFD {
		m.value(float64(s.BFD[i].Counters.Received), label{"session", s.BFD[i].Name})
	}
	m.counter("halbd_bfd_packets_sent_total", "Packets sent to the neighbour.")
	for i := range s.BFD {
		m.value(float64(s.BFD[i].Counters.Sent), label{"session", s.BFD[i].Name})
	}
	m.counter("halbd_bfd_went_down_total", "Times that an established session ended.")
	for i := range s.BFD {
		m.value(float64(s.BFD[i].Counters.WentDown), label{"session", s.BFD[i].Name})
	}
}

func (m *exposition) trackers(list []Tracker) {
	if len(list) == 0 {
		return
	}
	m.gauge("halbd_tracker_value", "Latest result of a tracker: 0 good, 1 bad; of a file its number. Missing until the first result.")
	for _, t := range list {
		if t.Known {
			m.value(float64(t.Value), label{"kind", t.Kind}, label{"name", t.Name})
		}
	}
}
