package healthcheck

import (
	"net/netip"
	"time"

	"halbd/conf"
	"halbd/event"
)

// StatusRequest asks for the state of every virtual server.
type StatusRequest struct{}

// Status is the checker's part of a picture.
type Status struct {
	VirtualServers []ServiceStatus `json:"virtual_servers"`
	Repairs        Repairs         `json:"repairs"`
}

// ServiceStatus is the state of one virtual server.
type ServiceStatus struct {
	Name        string           `json:"name"` // as in FIFO lines
	Kind        conf.ServiceKind `json:"kind"`
	Key         string           `json:"key"` // conf.VirtualServer.Key
	SNMPName    string           `json:"snmp_name,omitempty"`
	Protocol    string           `json:"protocol"` // "none" for a fwmark
	Scheduler   string           `json:"scheduler"`
	Method      conf.Method      `json:"method"`
	State       event.State      `json:"state"` // UP with quorum, else DOWN
	Since       time.Time        `json:"since,omitzero"`
	Cause       string           `json:"cause,omitempty"`
	Quorum      int              `json:"quorum"`
	Hysteresis  int              `json:"hysteresis,omitempty"`
	AliveWeight int64            `json:"alive_weight"`         // of the servers that serve
	OutWeight   int64            `json:"out_weight,omitempty"` // of those that the operator has taken out; it counts for the quorum
	Sorry       netip.AddrPort   `json:"sorry_server,omitzero"`
	SorryActive bool             `json:"sorry_server_active,omitempty"`
	Suspended   bool             `json:"suspended,omitempty"` // ha_suspend: no address of it is on this host
	Kernel      []KernelService  `json:"kernel_services"`     // what it is in the kernel's table
	Servers     []ServerStatus   `json:"real_servers"`
}

// KernelService names a service of the kernel's IPVS table.
type KernelService struct {
	Protocol uint8          `json:"protocol,omitempty"` // IPPROTO_*; 0 for a fwmark
	Addr     netip.AddrPort `json:"addr,omitzero"`
	Fwmark   uint32         `json:"fwmark,omitempty"`
	Family   int            `json:"family"` // 4 or 6
}

// ServerStatus is the state of one real server.
type ServerStatus struct {
	Name        string           `json:"name"`
	Addr        netip.AddrPort   `json:"addr"`
	SNMPName    string           `json:"snmp_name,omitempty"`
	Method      conf.Method      `json:"method"`
	State       event.State      `json:"state"`
	Since       time.Time        `json:"since,omitzero"`
	Cause       string           `json:"cause,omitempty"`
	Weight      int32            `json:"weight"` // effective
	Configured  int              `json:"configured_weight"`
	Inhibit     bool             `json:"inhibit_on_failure,omitempty"`
	Connections *ConnectionCount `json:"connections,omitempty"` // nil: it is not in the kernel's table
	Order       *OrderStatus     `json:"order,omitempty"`       // of the operator
	Checkers    []CheckerStatus  `json:"checks,omitempty"`
}

// CheckerStatus is the state of one check.
type CheckerStatus struct {
	Kind   conf.CheckKind `json:"kind"`
	Target netip.AddrPort `json:"target,omitzero"`
	State  event.State    `json:"state"`
	Proven bool           `json:"proven"`                // it has succeeded at least once
	Failed int            `json:"failed_attempts"`       // since the last success or verdict
	Last   time.Time      `json:"last_result,omitzero"`  // zero: none yet
	Error  string         `json:"last_error,omitempty"`  // why the last attempt failed; none when it did not
	Next   time.Time      `json:"next_attempt,omitzero"` // zero: one is running, the service is suspended, or the check follows a file or a session
}

// Status describes every virtual server in file order. timeOfDay gives the time
// of day of a Time, and the zero time for 0.
func (c *Core) Status(timeOfDay func(Time) time.Time) []ServiceStatus {
	list := make([]ServiceStatus, 0, len(c.services))
	for _, s := range c.services {
		list = append(list, s.status(timeOfDay))
	}
	return list
}

func (s *service) status(timeOfDay func(Time) time.Time) ServiceStatus {
	v := s.conf
	st := ServiceStatus{
		Name: s.name, Kind: v.Kind, Key: s.key, SNMPName: v.SNMPName, Protocol: v.Protocol.String(), Scheduler: v.Scheduler, Method: v.Forwarding.Method,
		State: stateOf(s.quorum), Since: timeOfDay(s.entered.since), Cause: s.entered.cause,
		Quorum: v.Quorum, Hysteresis: v.Hysteresis, AliveWeight: s.weightOf((*server).alive), OutWeight: s.weightOut(),
		Suspended: s.resting, Servers: make([]ServerStatus, 0, len(s.servers)),
	}
	if v.Sorry != nil {
		st.Sorry, st.SorryActive = v.Sorry.Addr, !s.quorum
	}
	for _, k := range s.kernel {
		ks := KernelService{Protocol: k.Protocol, Fwmark: k.Fwmark, Family: 4}
		if k.Addr.IsValid() {
			ks.Addr = netip.AddrPortFrom(k.Addr, k.Port)
		}
		if k.IPv6 {
			ks.Family = 6
		}
		st.Kernel = append(st.Kernel, ks)
	}
	for _, r := range s.servers {
		st.Servers = append(st.Servers, r.status(timeOfDay))
	}
	return st
}

func (r *server) status(timeOfDay func(Time) time.Time) ServerStatus {
	st := ServerStatus{
		Name: serverName(r.service.conf, r.conf), Addr: r.conf.Addr, SNMPName: r.conf.SNMPName, Method: r.conf.Forwarding.Method,
		State: stateOf(r.up), Since: timeOfDay(r.entered.since), Cause: r.entered.cause,
		Weight: r.weight(), Configured: r.conf.Weight, Inhibit: r.conf.Inhibit, Order: r.order.status(timeOfDay),
	}
	if r.out() {
		st.Weight = 0
	}
	for _, k := range r.checkers {
		ck := CheckerStatus{Kind: k.conf.Kind, Target: k.target(), State: stateOf(k.up), Proven: k.proven, Failed: k.tries,
			Last: timeOfDay(k.lastAt), Error: k.lastWhy}
		if !k.running && !k.conf.Disabled && !r.service.resting {
			ck.Next = timeOfDay(k.Due)
		}
		st.Checkers = append(st.Checkers, ck)
	}
	return st
}
