package ipvsctl

import (
	"bytes"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"halbd/internal/live"
	"halbd/ipvs"
)

// fake is a kernel with a table and no traffic; it refuses what Linux refuses.
type fake struct {
	plan
	daemons  []ipvs.Daemon
	timeouts ipvs.Timeouts
}

func newFake() *fake {
	return &fake{timeouts: ipvs.Timeouts{TCP: 900 * time.Second, TCPFin: 120 * time.Second, UDP: 300 * time.Second}}
}

func (f *fake) Info() (ipvs.Info, error) { return ipvs.Info{Version: 0x010201, TableSize: 4096}, nil }
func (f *fake) Close() error             { return nil }

func (f *fake) Usage() ([]ipvs.Usage, error) {
	var table []ipvs.Usage
	for _, s := range f.services {
		s.Dests = slices.Clone(s.Dests)
		table = append(table, ipvs.Usage{Service: s, Servers: make([]ipvs.ServerUsage, len(s.Dests))})
	}
	return table, nil
}

func (f *fake) UsageOf(k ipvs.ServiceKey) (ipvs.Usage, error) {
	table, _ := f.Usage()
	for _, u := range table {
		if u.ServiceKey == k {
			return u, nil
		}
	}
	return ipvs.Usage{}, unix.ESRCH
}

func (f *fake) Services() ([]ipvs.Service, error) { return slices.Clone(f.services), nil }

func (f *fake) Do(c ipvs.Change) error {
	exists := slices.ContainsFunc(f.services, func(s ipvs.Service) bool { return s.ServiceKey == c.Service.ServiceKey })
	service := c.Op == ipvs.AddService && !exists || c.Op == ipvs.SetService && exists
	if service && (len(c.Service.Scheduler) > 5 || c.Service.PersistName != "" && c.Service.PersistName != "sip") {
		return unix.ENOENT
	}
	if c.Dest != nil && c.Dest.LowerThreshold > c.Dest.UpperThreshold && exists {
		return unix.ERANGE
	}
	return f.do(c)
}

func (f *fake) Apply(list []ipvs.Change) error {
	var all error
	for _, c := range list {
		all = errors.Join(all, f.do(c))
	}
	return all
}

func (f *fake) Zero(k *ipvs.ServiceKey) error {
	if k == nil {
		return nil
	}
	_, err := f.UsageOf(*k)
	return err
}

func (f *fake) Flush() error { f.services = nil; return nil }

func (f *fake) Daemons() ([]ipvs.Daemon, error) { return f.daemons, nil }

func (f *fake) StartDaemon(d ipvs.Daemon) error {
	if slices.ContainsFunc(f.daemons, func(o ipvs.Daemon) bool { return o.Master == d.Master }) {
		return unix.EEXIST
	}
	if d.Interface != "d0" && d.Interface != "lo" {
		return unix.ENODEV
	}
	if !d.Group.IsValid() {
		d.Group = netip.MustParseAddr("224.0.0.81")
	}
	switch {
	case d.MaxLen == 0 && d.Group.Is6():
		d.MaxLen = 1452
	case d.MaxLen == 0:
		d.MaxLen = 1472
	case !d.Master:
		d.MaxLen = max(d.MaxLen, 1024)
	}
	if d.Port == 0 {
		d.Port = 8848
	}
	d.TTL = max(d.TTL, 1)
	f.daemons = append(f.daemons, d)
	return nil
}

func (f *fake) EndDaemon(master bool) error {
	before := len(f.daemons)
	f.daemons = slices.DeleteFunc(f.daemons, func(d ipvs.Daemon) bool { return d.Master == master })
	if len(f.daemons) == before {
		return unix.ESRCH
	}
	return nil
}

func (f *fake) Timeouts() (ipvs.Timeouts, error) { return f.timeouts, nil }

func (f *fake) SetTimeouts(t ipvs.Timeouts) error {
	for _, x := range []struct{ to, from *time.Duration }{{&f.timeouts.TCP, &t.TCP}, {&f.timeouts.TCPFin, &t.TCPFin}, {&f.timeouts.UDP, &t.UDP}} {
		if *x.from != 0 {
			*x.to = *x.from
		}
	}
	return nil
}

// book is a names without a name server.
type book struct{}

func (book) Address(host string) (netip.Addr, error) {
	if host == "localhost" {
		return netip.MustParseAddr("127.0.0.1"), nil
	}
	return netip.Addr{}, errors.New("no such host")
}

func (book) Host(a netip.Addr) string {
	if a == netip.MustParseAddr("127.0.0.1") {
		return "localhost"
	}
	return ""
}

func (book) Port(protocol, service string) (uint16, bool) {
	p, ok := map[string]uint16{"http/TCP": 80, "domain/UDP": 53}[service+"/"+protocol]
	return p, ok
}

func (book) Service(protocol string, port uint16) string {
	if protocol == "TCP" && port == 80 {
		return "http"
	}
	return ""
}

// tool runs command lines on a fake kernel.
type tool struct{ kernel *fake }

// run returns what is printed, what is complained of, and the exit status.
func (x tool) run(stdin string, args ...string) (out, complaint string, status int) {
	var o, e bytes.Buffer
	s := &session{in: strings.NewReader(stdin), out: &o, err: &e, names: book{}, connections: func() ([]ipvs.Conn, error) { return nil, nil },
		terminal: func() (*live.Terminal, error) { return nil, nil }}
	status = s.run(args, func() (kernel, error) { return x.kernel, nil })
	return o.String(), e.String(), status
}

func (x tool) must(t testing.TB, stdin string, line string) string {
	t.Helper()
	out, complaint, status := x.run(stdin, strings.Fields(line)...)
	if status != 0 || complaint != "" {
		t.Fatalf("%s: status %d, %s", line, status, complaint)
	}
	return out
}
