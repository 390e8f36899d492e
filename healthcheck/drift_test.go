package healthcheck

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"halbd/ipvs"
)

func kernelService(addr string, dests ...ipvs.Destination) *ipvs.Service {
	return &ipvs.Service{ServiceKey: Key{Addr: netip.MustParseAddr(addr), Port: 80, Protocol: 6}, Scheduler: "wrr", Netmask: defaultNetmask4, Dests: dests}
}

func kernelDest(addr string, weight int32) ipvs.Destination {
	return ipvs.Destination{Addr: netip.MustParseAddr(addr), Port: 80, Weight: weight}
}

// An operator reads what was done, one by one while it is little, else counted.
func TestDriftIsPutIntoWords(t *testing.T) {
	a, b := kernelDest("10.1.0.1", 1), kernelDest("10.1.0.2", 5)
	want := kernelService("10.0.0.1", a, b)
	edited := kernelService("10.0.0.1", a, kernelDest("10.1.0.2", 7))
	edited.Scheduler = "rr"
	many := func(n int) (list []ipvs.Destination) {
		for i := range n {
			list = append(list, kernelDest(netip.AddrFrom4([4]byte{10, 2, 0, byte(i)}).String(), 1))
		}
		return list
	}
	for name, c := range map[string]struct {
		is, want *ipvs.Service
		text     string
	}{
		"one":      {kernelService("10.0.0.1", a), want, "real server 10.1.0.2:80 of tcp 10.0.0.1:80 was deleted"},
		"extra":    {kernelService("10.0.0.1", a, b, kernelDest("10.9.0.9", 1)), want, "real server 10.9.0.9:80 was added to tcp 10.0.0.1:80"},
		"settings": {edited, want, "virtual server tcp 10.0.0.1:80: scheduler was rr, not wrr; real server 10.1.0.2:80 of tcp 10.0.0.1:80: weight was 7, not 5"},
		"whole":    {nil, want, "1 virtual server deleted with 2 real servers; for example virtual server tcp 10.0.0.1:80 was deleted"},
		"many":     {kernelService("10.0.0.1"), kernelService("10.0.0.1", many(9)...), "9 real servers deleted; for example real server 10.2.0.0:80 of tcp 10.0.0.1:80 was deleted"},
	} {
		d := &drift{}
		d.note(ipvs.Diff(nil, c.is, c.want), c.is)
		if got, ok := d.report(0); !ok || got != c.text+"; it is put back as it was" {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// Theft that goes on is undone each time, but told at a bounded rate; the
// counters miss nothing.
func TestReportsAreBounded(t *testing.T) {
	d := &drift{}
	want := kernelService("10.0.0.1", kernelDest("10.1.0.1", 1))
	var lines []string
	for now := Time(0); now < time.Minute; now += 500 * time.Millisecond {
		d.note(ipvs.Diff(nil, nil, want), nil)
		if text, ok := d.report(now); ok {
			lines = append(lines, text)
		}
	}
	if len(lines) != 6 {
		t.Errorf("%d lines in a minute, want 6: %q", len(lines), lines)
	}
	if !strings.Contains(lines[1], "20 virtual servers deleted with 20 real servers") || strings.Contains(lines[1], "another program") || !strings.Contains(lines[5], "another program") {
		t.Errorf("lines: %q", lines)
	}
	if text, ok := d.report(2 * time.Minute); !ok || d.total.Services != 120 {
		t.Errorf("the rest: %q, all in all %+v", text, d.total)
	}
	if _, ok := d.report(3 * time.Minute); ok || d.row != 0 {
		t.Error("a report of nothing")
	}
}
