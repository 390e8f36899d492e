package ipvs

import (
	"slices"
	"sync"
)

// Memory is a Kernel without a kernel: a table that a test can look at. It is
// safe for concurrent use.
type Memory struct {
	mu       sync.Mutex
	services []Service
	daemons  []Daemon
	timeouts Timeouts
	// Log receives each change, if it is set.
	Log func(Change)
}

var _ Kernel = (*Memory)(nil)

// Services implements Kernel.
func (m *Memory) Services() ([]Service, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	list := slices.Clone(m.services)
	for i := range list {
		list[i].Dests = slices.Clone(list[i].Dests)
	}
	return list, nil
}

// Service implements Kernel.
func (m *Memory) Service(k ServiceKey) (*Service, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, s := range m.services {
		if s.ServiceKey == k {
			s.Dests = slices.Clone(s.Dests)
			return &s, nil
		}
	}
	return nil, nil
}

// Suspects is View's.
func (m *Memory) Suspects(want Wanted) ([]ServiceKey, error) {
	var list []ServiceKey
	for k, s := range want.Services {
		if now, _ := m.Service(k); len(Diff(nil, now, s)) > 0 {
			list = append(list, k)
		}
	}
	slices.SortFunc(list, ServiceKey.Compare)
	return list, nil
}

// Apply implements Kernel.
func (m *Memory) Apply(changes []Change) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, c := range changes {
		if m.Log != nil {
			m.Log(c)
		}
		m.apply(c)
	}
	return nil
}

func (m *Memory) apply(c Change) {
	i := slices.IndexFunc(m.services, func(s Service) bool { return s.ServiceKey == c.Service.ServiceKey })
	if c.Op == AddService && i < 0 {
		s := *c.Service
		s.Dests = nil
		m.services = append(m.services, s)
	}
	if i < 0 {
		return
	}
	s := &m.services[i]
	at := -1
	if c.Dest != nil {
		at = slices.IndexFunc(s.Dests, func(d Destination) bool { return d.Endpoint() == c.Dest.Endpoint() })
	}
	switch c.Op {
	case SetService:
		dests := s.Dests
		*s = *c.Service
		s.Dests = dests
	case DelService:
		m.services = slices.Delete(m.services, i, i+1)
	case AddDest:
		if at < 0 {
			s.Dests = append(s.Dests, *c.Dest)
		}
	case SetDest:
		if at >= 0 {
			s.Dests[at] = *c.Dest
		}
	case DelDest:
		if at >= 0 {
			s.Dests = slices.Delete(s.Dests, at, at+1)
		}
	}
}

// Daemons implements Kernel.
func (m *Memory) Daemons() ([]Daemon, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.daemons), nil
}

// StartDaemon implements Kernel.
func (m *Memory) StartDaemon(d Daemon) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.daemons = append(m.daemons, d)
	return nil
}

// StopDaemon implements Kernel.
func (m *Memory) StopDaemon(master bool) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.daemons = slices.DeleteFunc(m.daemons, func(d Daemon) bool { return d.Master == master })
	return nil
}

// Timeouts implements Kernel.
func (m *Memory) Timeouts() (Timeouts, error) { return m.timeouts, nil }

// SetTimeouts implements Kernel.
func (m *Memory) SetTimeouts(t Timeouts) error {
	if t.TCP > 0 {
		m.timeouts.TCP = t.TCP
	}
	if t.TCPFin > 0 {
		m.timeouts.TCPFin = t.TCPFin
	}
	if t.UDP > 0 {
		m.timeouts.UDP = t.UDP
	}
	return nil
}

// Close implements Kernel.
func (m *Memory) Close() error { return nil }
