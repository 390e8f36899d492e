package healthcheck

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"halbd/ipvs"
)

// Repairs counts what somebody else had done to our part of the IPVS table and
// was undone, since the start.
type Repairs struct {
	Times    uint64 `json:"times"`              // reports
	Services uint64 `json:"services_deleted"`   // virtual servers put back
	Servers  uint64 `json:"servers_deleted"`    // real servers put back, without those of deleted services
	Added    uint64 `json:"servers_added"`      // real servers of somebody else in our services, removed
	Changed  uint64 `json:"settings_changed"`   // settings of virtual and real servers
	Daemons  uint64 `json:"daemons_changed"`    // sync daemons
	Timeouts uint64 `json:"timeouts_changed"`   // lvs_timeouts
	Inside   uint64 `json:"servers_in_deleted"` // real servers that went with their virtual server
}

func (r *Repairs) add(o *Repairs) {
	r.Times += o.Times
	r.Services += o.Services
	r.Servers += o.Servers
	r.Added += o.Added
	r.Changed += o.Changed
	r.Daemons += o.Daemons
	r.Timeouts += o.Timeouts
	r.Inside += o.Inside
}

// sum is everything since the start.
func (d *drift) sum() Repairs {
	all := d.total
	all.add(&d.news)
	return all
}

// drift puts into words what somebody else has done. When it is done again and
// again it is undone each time, and told at a bounded rate. It is pure: time is
// an argument.
type drift struct {
	total   Repairs
	news    Repairs  // since the last report
	details []string // the first ones of the news
	quiet   Time     // no report until then
	row     int      // reports that followed each other at once
}

const (
	// maxDetails is how many differences are described one by one.
	maxDetails = 5
	// reportGap is the shortest time between two reports.
	reportGap = 10 * time.Second
	// stubborn is after how many reports in a row somebody else seems to be at work for good.
	stubborn = 3
)

// note takes the changes that turn a service into ours again. is is what it
// was; nil: it was not there.
func (d *drift) note(changes []ipvs.Change, is *ipvs.Service) {
	old := map[netip.AddrPort]*ipvs.Destination(nil)
	for i := range changes {
		c := &changes[i]
		n := &d.news
		switch c.Op {
		case ipvs.AddService:
			n.Services++
			d.detail("virtual server %s was deleted", c.Service.ServiceKey)
		case ipvs.SetService:
			n.Changed++
			d.detail("virtual server %s: %s", c.Service.ServiceKey, settingsChanged(is, c.Service))
		case ipvs.AddDest:
			if is == nil {
				n.Inside++
				continue
			}
			n.Servers++
			d.detail("real server %v of %s was deleted", c.Dest.Endpoint(), c.Service.ServiceKey)
		case ipvs.DelDest:
			n.Added++
			d.detail("real server %v was added to %s", c.Dest.Endpoint(), c.Service.ServiceKey)
		case ipvs.SetDest:
			n.Changed++
			if len(d.details) >= maxDetails {
				continue
			}
			if old == nil {
				old = map[netip.AddrPort]*ipvs.Destination{}
				for k := range is.Dests {
					old[is.Dests[k].Endpoint()] = &is.Dests[k]
				}
			}
			d.detail("real server %v of %s: %s", c.Dest.Endpoint(), c.Service.ServiceKey, destinationChanged(old[c.Dest.Endpoint()], c.Dest))
		}
	}
}

func (d *drift) detail(format string, args ...any) {
	if len(d.details) < maxDetails {
		d.details = append(d.details, fmt.Sprintf(format, args...))
	}
}

func (d *drift) timeouts(is, want ipvs.Timeouts) {
	d.news.Timeouts++
	d.detail("timeouts: %v", differences("tcp", is.TCP, want.Or(is).TCP, "tcpfin", is.TCPFin, want.Or(is).TCPFin, "udp", is.UDP, want.Or(is).UDP))
}

func (d *drift) daemon(name, what string) {
	d.news.Daemons++
	d.detail("sync daemon (%s) %s", name, what)
}

// differences words triples of name, value found, value wanted.
func differences(triples ...any) string {
	var list []string
	for i := 0; i+2 < len(triples); i += 3 {
		if triples[i+1] != triples[i+2] {
			list = append(list, fmt.Sprintf("%v was %v, not %v", triples[i], triples[i+1], triples[i+2]))
		}
	}
	return strings.Join(list, ", ")
}

func settingsChanged(is, want *ipvs.Service) string {
	return differences("scheduler", is.Scheduler, want.Scheduler, "flags", is.Flags, want.Flags, "persistence", is.Timeout, want.Timeout,
		"netmask", is.Netmask, want.Netmask, "persistence engine", is.PersistName, want.PersistName)
}

func destinationChanged(is, want *ipvs.Destination) string {
	return differences("weight", is.Weight, want.Weight, "forwarding", is.Method, want.Method, "upper threshold", is.UpperThreshold, want.UpperThreshold,
		"lower threshold", is.LowerThreshold, want.LowerThreshold, "tunnel type", is.TunnelType, want.TunnelType,
		"tunnel port", is.TunnelPort, want.TunnelPort, "tunnel flags", is.TunnelFlags, want.TunnelFlags)
}

// report returns a line about what was undone since the last one; false: there
// is nothing to tell, or not yet.
func (d *drift) report(now Time) (text string, ok bool) {
	if d.news == (Repairs{}) {
		if now >= d.quiet {
			d.row = 0
		}
		return "", false
	}
	if now < d.quiet {
		return "", false
	}
	d.row++
	d.news.Times++
	d.quiet = now + reportGap
	text = d.summary() + "; it is put back as it was"
	if d.row >= stubborn {
		text += fmt.Sprintf(" (this goes on: does another program manage these virtual servers? next report in %v at the earliest)", reportGap)
	}
	d.forget()
	return text, true
}

// adopted words the differences to what an earlier run has left behind.
func (d *drift) adopted() string {
	if d.news == (Repairs{}) {
		return ""
	}
	text := "; " + d.summary()
	d.news, d.details = Repairs{}, nil
	return text
}

// summary describes few differences one by one and counts many.
func (d *drift) summary() string {
	n := &d.news
	if int(n.Services+n.Servers+n.Added+n.Changed+n.Daemons+n.Timeouts) <= len(d.details) && n.Inside == 0 {
		return strings.Join(d.details, "; ")
	}
	inside := ""
	if n.Inside > 0 {
		inside = fmt.Sprintf(" with %d real server%s", n.Inside, plural(n.Inside))
	}
	var list []string
	for _, c := range []struct {
		n    uint64
		text string
	}{{n.Services, "virtual server%s deleted" + inside}, {n.Servers, "real server%s deleted"}, {n.Added, "foreign real server%s added"},
		{n.Changed, "setting%s changed"}, {n.Daemons, "sync daemon%s changed"}, {n.Timeouts, "timeout change%s"}} {
		if c.n > 0 {
			list = append(list, fmt.Sprintf("%d "+c.text, c.n, plural(c.n)))
		}
	}
	return strings.Join(list, ", ") + "; for example " + d.details[0]
}

func plural(n uint64) string {
	if n == 1 {
		return ""
	}
	return "s"
}

func (d *drift) forget() {
	d.total.add(&d.news)
	d.news, d.details = Repairs{}, nil
}
