package status

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"halbd/event"
	"halbd/healthcheck"
	"halbd/vrrp"
)

// Text writes a picture as tables for people. Ages are counted from s.At.
// colour marks states with ANSI colours.
func (s *Status) Text(w io.Writer, colour bool) {
	p := printer{w: w, now: s.At, colour: colour}
	p.daemon(&s.Daemon)
	p.instances(s.VRRP.Instances)
	p.groups(s.VRRP.Groups)
	p.services(s.VirtualServers)
	p.sessions(s)
	p.trackers(s.Trackers)
}

type printer struct {
	w      io.Writer
	now    time.Time
	colour bool
}

func (p *printer) daemon(d *Daemon) {
	fmt.Fprintf(p.w, "halbd %s, pid %d, up %s, %s", d.Version, d.PID, p.since(d.Started), d.Config)
	if d.Errors+d.Warnings > 0 {
		fmt.Fprintf(p.w, " (%d errors, %d warnings)", d.Errors, d.Warnings)
	}
	if r := d.Reloads; !r.Last.IsZero() {
		fmt.Fprintf(p.w, ", reload %s ago", p.since(r.Last))
	}
	fmt.Fprintln(p.w)
	for _, bad := range (&Status{Daemon: *d}).Problems() {
		fmt.Fprintln(p.w, p.paint("problem: "+bad, red))
	}
}

func (p *printer) instances(list []vrrp.InstanceStatus) {
	t := table{head: []string{"INSTANCE", "STATE", "SINCE", "PRIORITY", "VRID", "INTERFACE", "MASTER", "NEXT", "WHY"}}
	for i := range list {
		in := &list[i]
		why := in.Cause
		if len(in.Faults) > 0 {
			why = strings.Join(in.Faults, ", ")
		}
		if o := in.Order; o != nil {
			text := map[vrrp.OrderAction]string{vrrp.Hold: "held by the operator", vrrp.Switch: "does not pre-empt, by the operator"}[o.Action]
			if o.Looking {
				text = "looks for a successor, by the operator"
			}
			why = p.and(why, text+p.until(o.Until))
		}
		t.add(in.Name, p.state(in.State), p.since(in.Since), priority(in), strconv.Itoa(int(in.VRID)), dash(in.Interface), p.master(in), p.next(in.Next), dash(why))
	}
	p.print(&t)
}

// and joins two reasons.
func (p *printer) and(a, b string) string {
	if a == "" {
		return p.paint(b, yellow)
	}
	return a + "; " + p.paint(b, yellow)
}

// until is when an order ends, with the date if that is not today.
func (p *printer) until(t time.Time) string {
	switch {
	case t.IsZero():
		return ""
	case t.Sub(p.now) > 20*time.Hour:
		return t.Format(" until 2006-01-02 15:04")
	}
	return t.Format(" until 15:04:05")
}

// ordered words what the operator has ordered of a real server.
func (p *printer) ordered(o *healthcheck.OrderStatus) string {
	text := strings.ToLower(string(o.State)) + " by the operator"
	if o.Counted && o.State == event.Draining {
		text += fmt.Sprintf(", %d active and %d inactive connections", o.Active, o.Inactive)
	}
	return text + p.until(o.Until)
}

// priority is "150", or "130 (150)" when trackers have moved it.
func priority(in *vrrp.InstanceStatus) string {
	if in.Priority == in.BasePriority {
		return strconv.Itoa(int(in.Priority))
	}
	return fmt.Sprintf("%d (%d)", in.Priority, in.BasePriority)
}

func (p *printer) master(in *vrrp.InstanceStatus) string {
	switch {
	case in.State == event.Master:
		return "this host"
	case !in.Master.IsValid():
		return "-"
	}
	return fmt.Sprintf("%v (%d)", in.Master, in.MasterPriority)
}

func (p *printer) next(d *vrrp.Deadline) string {
	if d == nil {
		return "-"
	}
	return fmt.Sprintf("%s in %.2f s", d.What, max(0, d.At.Sub(p.now).Seconds()))
}

func (p *printer) groups(list []vrrp.GroupStatus) {
	t := table{head: []string{"GROUP", "STATE", "SINCE", "MEMBERS", "WHY"}}
	for _, g := range list {
		t.add(g.Name, p.state(g.State), p.since(g.Since), strings.Join(g.Members, " "), dash(g.Cause))
	}
	p.print(&t)
}

func (p *printer) services(list []healthcheck.ServiceStatus) {
	t := table{head: []string{"VIRTUAL SERVER / REAL SERVER", "STATE", "SINCE", "WEIGHT", "CONNECTIONS", "CHECKS", "WHY"}}
	for i := range list {
		v := &list[i]
		why := v.Cause
		if v.SorryActive {
			why += ", sorry server " + v.Sorry.String() + " serves"
		}
		if v.OutWeight > 0 {
			why = p.and(why, fmt.Sprintf("%d more of weight taken out by the operator", v.OutWeight))
		}
		t.add(v.Name+" "+v.Scheduler, p.state(v.State), p.since(v.Since), fmt.Sprintf("%d of %d", v.AliveWeight, v.Quorum), "-", "-", dash(why))
		for j := range v.Servers {
			r := &v.Servers[j]
			why := r.Cause
			if r.Order != nil {
				why = p.and(why, p.ordered(r.Order))
			}
			t.add("  "+r.Name+" "+string(r.Method), p.state(r.State), p.since(r.Since), weight(r), connections(r), p.checks(r), dash(why))
		}
	}
	p.print(&t)
}

func weight(r *healthcheck.ServerStatus) string {
	if int(r.Weight) == r.Configured {
		return strconv.Itoa(r.Configured)
	}
	return fmt.Sprintf("%d (%d)", r.Weight, r.Configured)
}

// connections are active and inactive ones.
func connections(r *healthcheck.ServerStatus) string {
	if r.Connections == nil {
		return "-"
	}
	return fmt.Sprintf("%d + %d", r.Connections.Active, r.Connections.Inactive)
}

// checks counts the good ones, and shows the first error.
func (p *printer) checks(r *healthcheck.ServerStatus) string {
	if len(r.Checkers) == 0 {
		return "none"
	}
	good, text := 0, ""
	for i := range r.Checkers {
		k := &r.Checkers[i]
		if k.State == event.Up {
			good++
		}
		if text == "" && k.Error != "" {
			text = fmt.Sprintf(" (%s: %s)", k.Kind, k.Error)
		}
	}
	return fmt.Sprintf("%d/%d%s", good, len(r.Checkers), text)
}

func (p *printer) sessions(s *Status) {
	t := table{head: []string{"BFD", "STATE", "SINCE", "NEIGHBOR", "DETECTION", "WHY"}}
	for i := range s.BFD {
		b := &s.BFD[i]
		t.add(b.Name, p.state(event.State(b.State)), p.since(b.Since), b.Neighbor.String(), fmt.Sprintf("%.0f ms", b.Detection*1000), dash(b.Cause))
	}
	p.print(&t)
}

func (p *printer) trackers(list []Tracker) {
	t := table{head: []string{"TRACKER", "NAME", "VALUE", "SINCE", "WHY"}}
	for _, r := range list {
		value := "not known yet"
		switch {
		case r.Known && r.Kind == "file":
			value = strconv.Itoa(r.Value)
		case r.Known && r.Value == 0:
			value = p.paint("good", green)
		case r.Known:
			value = p.paint("bad", red)
		}
		t.add(r.Kind, r.Name, value, p.since(r.Since), dash(r.Why))
	}
	p.print(&t)
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// since is an age in at most two units: "3d4h", "12m5s", "0.3s".
func (p *printer) since(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	d := max(0, p.now.Sub(t))
	switch {
	case d < 10*time.Second:
		return fmt.Sprintf("%.1fs", d.Seconds())
	case d < time.Minute:
		return fmt.Sprintf("%ds", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%dm%ds", int(d.Minutes()), int(d.Seconds())%60)
	case d < 24*time.Hour:
		return fmt.Sprintf("%dh%dm", int(d.Hours()), int(d.Minutes())%60)
	}
	return fmt.Sprintf("%dd%dh", int(d.Hours())/24, int(d.Hours())%24)
}

// ANSI colours.
const (
	green  = "32"
	yellow = "33"
	red    = "31"
	bold   = "1"
)

func (p *printer) paint(s, colour string) string {
	if !p.colour {
		return s
	}
	return "\x1b[" + colour + "m" + s + "\x1b[0m"
}

// state colours what is good, what waits and what is bad.
func (p *printer) state(s event.State) string {
	switch strings.ToUpper(string(s)) {
	case "MASTER", "UP":
		return p.paint(string(s), green)
	case "FAULT", "DOWN", "ADMINDOWN":
		return p.paint(string(s), red)
	case "BACKUP":
		return string(s)
	}
	return p.paint(string(s), yellow)
}

// table aligns columns; the last one is as long as it is.
type table struct {
	head []string
	rows [][]string
}

func (t *table) add(cells ...string) { t.rows = append(t.rows, cells) }

func (p *printer) print(t *table) {
	if len(t.rows) == 0 {
		return
	}
	width := make([]int, len(t.head))
	for _, row := range append([][]string{t.head}, t.rows...) {
		for i, c := range row {
			width[i] = max(width[i], visible(c))
		}
	}
	fmt.Fprintln(p.w)
	fmt.Fprintln(p.w, p.paint(line(t.head, width), bold))
	for _, row := range t.rows {
		fmt.Fprintln(p.w, line(row, width))
	}
}

func line(cells []string, width []int) string {
	var b strings.Builder
	for i, c := range cells {
		b.WriteString(c)
		if i < len(cells)-1 {
			b.WriteString(strings.Repeat(" ", width[i]-visible(c)+2))
		}
	}
	return b.String()
}

// visible is the width of a cell without its colours.
func visible(s string) int {
	n, escape := 0, false
	for len(s) > 0 {
		r, size := utf8.DecodeRuneInString(s)
		s = s[size:]
		switch {
		case r == '\x1b':
			escape = true
		case escape:
			escape = r != 'm'
		default:
			n++
		}
	}
	return n
}
