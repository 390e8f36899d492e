package healthcheck

import (
	"net/netip"
	"time"
)

// ConnectionCount is how many connections IPVS has with a server.
type ConnectionCount struct {
	Active   uint64 `json:"active"`
	Inactive uint64 `json:"inactive"`
}

// counter reads the connections of every destination.
type counter interface {
	Connections(take func(k Key, at netip.AddrPort, active, inactive uint64)) error
}

// countGap is the shortest time between two readings for a picture: who looks
// ten times a second does not occupy the checker.
const countGap = time.Second

// census is the last reading.
type census struct {
	at    Time
	known map[Place]ConnectionCount
}

// status answers a StatusRequest.
func (r *checkerRun) status(now Time, timeOfDay func(Time) time.Time) Status {
	s := Status{VirtualServers: r.core.Status(timeOfDay), Repairs: r.table.drift.sum()}
	if c, ok := r.counter.(counter); ok && (r.census.known == nil || now-r.census.at >= countGap) {
		known := make(map[Place]ConnectionCount, len(r.census.known))
		err := c.Connections(func(k Key, at netip.AddrPort, active, inactive uint64) {
			known[Place{k, at}] = ConnectionCount{active, inactive}
		})
		if err != nil {
			r.log.Debug(err.Error())
		}
		r.census = census{now, known}
	}
	r.core.addConnections(s.VirtualServers, r.census.known)
	return s
}

// addConnections fills in the connections of a picture that was just taken: a
// server's are those of all its places in the kernel's table.
func (c *Core) addConnections(list []ServiceStatus, known map[Place]ConnectionCount) {
	for i, s := range c.services {
		for j, r := range s.servers {
			for _, k := range s.kernel {
				to := r.destination(k, 0)
				n, counted := known[Place{k, to.Endpoint()}]
				if !counted {
					continue
				}
				st := &list[i].Servers[j]
				if st.Connections == nil {
					st.Connections = &ConnectionCount{}
				}
				st.Connections.Active += n.Active
				st.Connections.Inactive += n.Inactive
			}
		}
	}
}
