package ipvsctl

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"halbd/internal/live"
	"halbd/ipvs"
)

// sample is the table at one time.
type sample struct {
	at    time.Time
	table []ipvs.Usage
}

// picture is a sample in words, with what changed since the one before.
type picture struct {
	title string
	rows  []row
}

// row is a service or a server.
type row struct {
	name     string // "TCP  10.0.0.1:80" or "  -> 10.1.0.1:80"
	how      string // scheduler or forwarding method
	weight   string // of a service, the sum
	active   string
	inactive string
	rates    string
	hot      [4]bool // name, weight, active, inactive changed
}

const heading = "Prot LocalAddress:Port              Sched.  Weight     Active   Inactive  Conns/s  InPkt/s OutPkt/s   InB/s    OutB/s"

// picture puts the sample in words. What has gone since the sample before is
// shown once more.
func (s *sample) picture(before *sample) picture {
	old := map[ipvs.ServiceKey]*ipvs.Usage{}
	if before != nil {
		for i := range before.table {
			old[before.table[i].ServiceKey] = &before.table[i]
		}
	}
	var p picture
	servers := 0
	for i := range s.table {
		u := &s.table[i]
		servers += len(u.Dests)
		p.addService(u, old[u.ServiceKey], before, s.at)
		delete(old, u.ServiceKey)
	}
	if before != nil {
		for i := range before.table { // in its order
			if u := &before.table[i]; old[u.ServiceKey] != nil {
				p.rows = append(p.rows, goneRow(serviceRowName(u.ServiceKey)))
			}
		}
	}
	p.title = fmt.Sprintf("halbd ipvs  %s  %d services, %d servers", s.at.Format(time.DateTime), len(s.table), servers)
	return p
}

// addService adds a service and its servers; was is the same service before,
// nil for a new one.
func (p *picture) addService(u, was *ipvs.Usage, before *sample, at time.Time) {
	old := map[netip.AddrPort]int{}
	if was != nil {
		for i, d := range was.Dests {
			old[d.Endpoint()] = i
		}
	}
	elapsed := time.Duration(0)
	if before != nil {
		elapsed = at.Sub(before.at)
	}
	sum, sumBefore := totals(u), totals(was)
	r := newRow(serviceRowName(u.ServiceKey), u.Scheduler, sum)
	r.compare(sum, sumBefore, before != nil, was != nil)
	r.rates = counters(rates(u.Stats, statsOf(was), elapsed), false)
	p.rows = append(p.rows, r)
	for i, d := range u.Dests {
		key := d.Endpoint()
		now, prior := numbersOf(&d), [3]int64{}
		var stats *ipvs.Stats
		j, known := old[key]
		if known {
			prior, stats = numbersOf(&was.Dests[j]), &was.Servers[j].Stats
			delete(old, key)
		}
		r := newRow(serverRowName(&d), methodName(d.Method), now)
		r.compare(now, prior, before != nil, known)
		r.rates = counters(rates(u.Servers[i].Stats, stats, elapsed), false)
		p.rows = append(p.rows, r)
	}
	if was == nil {
		return
	}
	for i := range was.Dests {
		if d := &was.Dests[i]; len(old) > 0 {
			if _, gone := old[d.Endpoint()]; gone {
				p.rows = append(p.rows, goneRow(serverRowName(d)))
			}
		}
	}
}

func serviceRowName(k ipvs.ServiceKey) string {
	kind, name := printer{}.service(k)
	return fmt.Sprintf("%-4s %s", kind, name)
}

func serverRowName(d *ipvs.Destination) string { return "  -> " + printer{}.at(d.Addr, d.Port, "") }

func newRow(name, how string, n [3]int64) row {
	return row{name: name, how: how, weight: fmt.Sprint(n[0]), active: fmt.Sprint(n[1]), inactive: fmt.Sprint(n[2])}
}

func goneRow(name string) row { return row{name: name, how: "gone", hot: [4]bool{true}} }

// compare marks what is new or has changed since a sample before, if there was one.
func (r *row) compare(now, prior [3]int64, sampled, known bool) {
	r.hot[0] = sampled && !known
	for i := range now {
		r.hot[i+1] = sampled && known && now[i] != prior[i]
	}
}

// numbersOf are weight, active and inactive connections.
func numbersOf(d *ipvs.Destination) [3]int64 {
	return [3]int64{int64(d.Weight), int64(d.ActiveConns), int64(d.InactiveConns)}
}

// totals sums numbersOf over a service, nil for none.
func totals(u *ipvs.Usage) (sum [3]int64) {
	if u == nil {
		return sum
	}
	for i := range u.Dests {
		for j, n := range numbersOf(&u.Dests[i]) {
			sum[j] += n
		}
	}
	return sum
}

func statsOf(u *ipvs.Usage) *ipvs.Stats {
	if u == nil {
		return nil
	}
	return &u.Stats
}

// rates are what happened in each second between two samples. Without a sample
// before, the kernel's estimates stand in; a counter that went back was zeroed.
func rates(now ipvs.Stats, before *ipvs.Stats, elapsed time.Duration) [5]uint64 {
	if before == nil || elapsed <= 0 {
		return [5]uint64{now.CPS, now.InPPS, now.OutPPS, now.InBPS, now.OutBPS}
	}
	each := func(now, before uint64) uint64 {
		if now < before {
			before = 0
		}
		return uint64(float64(now-before)/elapsed.Seconds() + 0.5)
	}
	return [5]uint64{each(now.Conns, before.Conns), each(now.InPkts, before.InPkts), each(now.OutPkts, before.OutPkts),
		each(now.InBytes, before.InBytes), each(now.OutBytes, before.OutBytes)}
}

// write writes a row. With color, what changed is reversed and services are bold.
func (r *row) write(b *strings.Builder, color bool) {
	service := !strings.HasPrefix(r.name, " ")
	put := func(text string, hot bool) {
		switch {
		case color && hot:
			b.WriteString(live.Reverse + text + live.Normal)
		case color && service:
			b.WriteString(live.Bold + text + live.Normal)
		default:
			b.WriteString(text)
		}
	}
	put(fmt.Sprintf("%-35s", r.name), r.hot[0])
	put(fmt.Sprintf(" %-7s", r.how), false)
	for i, n := range []string{r.weight, r.active, r.inactive} {
		put(" ", false)
		put(fmt.Sprintf("%*s", []int{6, 10, 10}[i], n), r.hot[i+1])
	}
	put(r.rates, false)
}

// Plain is the picture as lines of text; what is new or changed ends with "*".
func (p picture) Plain() string {
	b := &strings.Builder{}
	fmt.Fprintf(b, "%s\n%s\n", p.title, heading)
	for i := range p.rows {
		r := &p.rows[i]
		r.write(b, false)
		if r.hot != [4]bool{} {
			b.WriteString(" *")
		}
		b.WriteByte('\n')
	}
	b.WriteByte('\n')
	return b.String()
}

// View is the picture for a terminal.
func (p picture) View() live.View {
	v := live.View{Title: p.title, Heading: heading}
	for i := range p.rows {
		var b strings.Builder
		p.rows[i].write(&b, true)
		v.Rows = append(v.Rows, b.String())
	}
	return v
}
