package healthcheck

import (
	"fmt"
	"net/netip"
	"time"

	"halbd/ipvs"
)

// A drain needs to know when the last connection has ended, and IPVS tells
// nobody. So the services of the servers that are being drained are read again
// and again, and nothing is while there are none.
const (
	shortestCount = 250 * time.Millisecond
	countShare    = 50 // pause / time of a count
)

// tally is when the connections of drained servers are counted next.
type tally struct {
	at     Time // 0: nothing is drained
	failed bool // and that was logged
}

// count tells the core of the connections of every server that is being drained.
func (r *checkerRun) count(now Time) {
	if r.tally.at == 0 || r.tally.at > now {
		return
	}
	begin := time.Now()
	services := map[Key]*ipvs.Service{}
	for _, d := range r.core.Draining() {
		err := r.countOne(&d, services)
		if err != nil && !r.tally.failed {
			r.log.Error(fmt.Sprintf("count the connections of %v: %v", d.Server, err))
		}
		if r.tally.failed = err != nil; err == nil {
			r.act(r.core.Step(d.Connections, now), now)
		}
	}
	r.tally.at = 0
	r.planCount(now, max(shortestCount, countShare*time.Since(begin)))
}

// planCount sets the time of the next count, if anything is drained.
func (r *checkerRun) planCount(now Time, pause time.Duration) {
	if r.tally.at == 0 && len(r.core.Draining()) > 0 {
		r.tally.at = now + pause
	}
}

// countOne adds up the connections of a server. Each service is read once.
func (r *checkerRun) countOne(d *Drainage, services map[Key]*ipvs.Service) error {
	for _, place := range d.In {
		s, read := services[place.Key]
		if !read {
			var err error
			if s, err = r.table.kernel.Service(place.Key); err != nil {
				return err
			}
			services[place.Key] = s
		}
		if n := destinationOf(s, place.Dest); n != nil {
			d.Active += uint64(n.ActiveConns)
			d.Inactive += uint64(n.InactiveConns)
		}
	}
	return nil
}

// destinationOf finds a destination; nil when it or its service is not there.
func destinationOf(s *ipvs.Service, at netip.AddrPort) *ipvs.Destination {
	if s == nil {
		return nil
	}
	for i := range s.Dests {
		if s.Dests[i].Endpoint() == at {
			return &s.Dests[i]
		}
	}
	return nil
}
