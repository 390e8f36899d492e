package main

import (
	"net/netip"
	"strings"
	"testing"

	"halbd/conf/diff"
	"halbd/control"
	"halbd/event"
	"halbd/healthcheck"
	"halbd/status"
)

// What is printed while a drain goes on, and when it has ended.
func TestProgressOfADrain(t *testing.T) {
	a := &healthcheck.OrderAnswer{Service: "tcp 10.0.0.100:80", Name: "[10.0.0.100]:tcp:80", Server: "10.0.0.1:80"}
	draining := func(o healthcheck.OrderStatus) *healthcheck.OrderStatus { o.State = event.Draining; return &o }
	for _, tc := range []struct {
		order *healthcheck.OrderStatus
		key   string
		want  string
		done  bool
	}{
		{draining(healthcheck.OrderStatus{}), a.Service, "no new connections", false},
		{draining(healthcheck.OrderStatus{Counted: true, Active: 3, Inactive: 4}), a.Service, "3 active, 4 inactive connections", false},
		{&healthcheck.OrderStatus{State: event.Drained}, a.Service, "out of the table", true},
		{nil, a.Service, "the order has ended, it serves again", true},
		{nil, "tcp 10.0.0.101:80", "it is no longer configured", true},
	} {
		s := &status.Status{VirtualServers: []healthcheck.ServiceStatus{{Key: tc.key,
			Servers: []healthcheck.ServerStatus{{Addr: netip.MustParseAddrPort("10.0.0.2:80")}, {Addr: netip.MustParseAddrPort("10.0.0.1:80"), Order: tc.order}}}}}
		want := "10.0.0.1:80 of [10.0.0.100]:tcp:80: " + tc.want
		if line, done := progress(s, a); line != want || done != tc.done {
			t.Errorf("%q, done %v; want %q, %v", line, done, want, tc.done)
		}
	}
	hung := &status.Status{Daemon: status.Daemon{Processes: []status.Process{{Role: "checker", Problem: "it does not answer"}}}}
	if line, done := progress(hung, a); done {
		t.Errorf("a checker that hangs ends the waiting: %q", line)
	}
}

// What a reload and a dry run print.
func TestReloadIsPrinted(t *testing.T) {
	for want, tc := range map[string]struct {
		a   control.ReloadAnswer
		dry bool
	}{
		"f:1:1: warning\nf: 0 errors, 1 warnings; reloaded\n":                                  {control.ReloadAnswer{File: "f", Warnings: 1, Diagnostics: []string{"f:1:1: warning"}}, false},
		"f: 1 errors, 0 warnings; the reload is refused, the running configuration stays: x\n": {control.ReloadAnswer{File: "f", Errors: 1, Refused: "x"}, false},
		"A reload changes nothing.\nf: 0 errors, 0 warnings; nothing of it would be refused\n": {control.ReloadAnswer{File: "f"}, true},
		"- vrrp_instance V\nf: 1 errors, 0 warnings; the reload would be refused: x\n":         {control.ReloadAnswer{File: "f", Errors: 1, Refused: "x", Changes: []diff.Change{{Kind: "vrrp_instance", Name: "V", Action: diff.Removed}}}, true},
	} {
		var b strings.Builder
		if err := printReload(&b, &tc.a, tc.dry); err != nil || b.String() != want {
			t.Errorf("%v, %q, want %q", err, b.String(), want)
		}
	}
}
