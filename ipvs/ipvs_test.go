package ipvs

import (
	"net/netip"
	"reflect"
	"testing"

	"pgregory.net/rapid"
)

func dest(addr string, weight int32) Destination {
	a := netip.MustParseAddrPort(addr)
	return Destination{Addr: a.Addr(), Port: a.Port(), Weight: weight}
}

func service(dests ...Destination) *Service {
	return &Service{ServiceKey: ServiceKey{Addr: netip.MustParseAddr("10.0.0.100"), Port: 80, Protocol: 6}, Scheduler: "rr", Netmask: 0xffffffff, Dests: dests}
}

func describe(changes []Change) []string {
	var list []string
	for i := range changes {
		list = append(list, changes[i].String())
	}
	return list
}

func TestDiff(t *testing.T) {
	sorry := dest("10.0.0.9:80", 1)
	a, b := dest("10.0.0.1:80", 1), dest("10.0.0.2:80", 1)
	heavier := a
	heavier.Weight = 5
	busy := a
	busy.ActiveConns = 7
	wlc := service(a)
	wlc.Scheduler = "wlc"
	for name, tc := range map[string]struct {
		have, want *Service
		changes    []string
	}{
		"new":         {nil, service(a), []string{"add virtual service tcp 10.0.0.100:80", "add real server 10.0.0.1:80 in tcp 10.0.0.100:80"}},
		"gone":        {service(a), nil, []string{"delete virtual service tcp 10.0.0.100:80"}},
		"same":        {service(a, b), service(b, a), nil},
		"connections": {service(busy), service(a), nil},
		"weight":      {service(a, b), service(heavier, b), []string{"change real server 10.0.0.1:80 in tcp 10.0.0.100:80"}},
		"scheduler":   {service(a), wlc, []string{"change virtual service tcp 10.0.0.100:80"}},
		"sorry comes first": {service(a, b), service(sorry), []string{"add real server 10.0.0.9:80 in tcp 10.0.0.100:80",
			"delete real server 10.0.0.1:80 in tcp 10.0.0.100:80", "delete real server 10.0.0.2:80 in tcp 10.0.0.100:80"}},
	} {
		if got := describe(Diff(nil, tc.have, tc.want)); !reflect.DeepEqual(got, tc.changes) {
			t.Errorf("%s: %q, want %q", name, got, tc.changes)
		}
	}
}

func drawService(t *rapid.T, key ServiceKey, label string) *Service {
	if rapid.Bool().Draw(t, label+" absent") {
		return nil
	}
	s := &Service{ServiceKey: key, Scheduler: rapid.SampledFrom([]string{"rr", "wlc"}).Draw(t, "scheduler"),
		Flags: uint32(rapid.IntRange(0, 7).Draw(t, "flags")) &^ FlagHashed, Timeout: uint32(rapid.IntRange(0, 3).Draw(t, "timeout")), Netmask: 0xffffff00}
	for i := range 4 {
		if rapid.Bool().Draw(t, "destination") {
			d := dest("10.0.0.1:80", int32(rapid.IntRange(0, 2).Draw(t, "weight")))
			d.Port += uint16(i)
			d.Method = Method(rapid.SampledFrom([]int{0, 2, 3}).Draw(t, "method"))
			s.Dests = append(s.Dests, d)
		}
	}
	return s
}

// Whatever two tables are, the difference leads from one to the other, and a
// second look finds nothing to do.
func TestDiffLeadsToTheGoal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		key := service().ServiceKey
		have, want := drawService(t, key, "have"), drawService(t, key, "want")
		var m Memory
		m.Apply(Diff(nil, nil, have))
		m.Apply(Diff(nil, have, want))
		list, _ := m.Services()
		var now *Service
		if len(list) > 0 {
			now = &list[0]
		}
		if rest := Diff(nil, now, want); len(rest) > 0 {
			t.Fatalf("still to do: %q", describe(rest))
		}
	})
}

// encoded is a message as the kernel would send it back in a dump.
func encoded(attr uint16, fill func(*encoder)) []byte {
	var e encoder
	at := e.nest(attr)
	fill(&e)
	e.end(at)
	return e.b
}

func TestServiceRoundTrip(t *testing.T) {
	for _, want := range []Service{
		*service(),
		{ServiceKey: ServiceKey{Fwmark: 9, IPv6: true}, Scheduler: "mh", Netmask: 128, Flags: FlagSched1},
		{ServiceKey: ServiceKey{Addr: netip.MustParseAddr("2001:db8::1"), Port: 443, Protocol: 6, IPv6: true}, Scheduler: "sh",
			Flags: FlagPersistent, Timeout: 300, Netmask: 64, PersistName: "sip"},
	} {
		got, err := decodeService(encoded(attrService, want.encode))
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v, %v\nwant %+v", got, err, want)
		}
	}
}

func TestDestinationRoundTrip(t *testing.T) {
	for _, want := range []Destination{
		dest("10.0.0.1:80", 3),
		{Addr: netip.MustParseAddr("2001:db8::2"), Port: 80, Method: DirectRoute, Weight: 1, UpperThreshold: 9, LowerThreshold: 4},
		{Addr: netip.MustParseAddr("10.0.0.2"), Method: Tunnel, TunnelType: 1, TunnelPort: 6080, TunnelFlags: 1},
	} {
		got, err := decodeDestination(encoded(attrDest, func(e *encoder) { want.encode(e, true) }), false)
		if err != nil || got != want {
			t.Errorf("got %+v, %v\nwant %+v", got, err, want)
		}
	}
}

func TestDaemonRoundTrip(t *testing.T) {
	for _, want := range []Daemon{
		{Master: true, Interface: "eth0"},
		{Interface: "bond0.12", SyncID: 255, MaxLen: 1400, Port: 9000, TTL: 9, Group: netip.MustParseAddr("224.0.0.99")},
		{Master: true, Interface: "e", Group: netip.MustParseAddr("ff02::81")},
	} {
		got, err := decodeDaemon(encoded(attrDaemon, want.encode))
		if err != nil || got != want {
			t.Errorf("got %+v, %v\nwant %+v", got, err, want)
		}
	}
}

// Whatever the kernel answers, decoding ends with a value or an error.
func FuzzDecode(f *testing.F) {
	d := dest("10.0.0.1:80", 3)
	f.Add(encoded(attrService, service().encode))
	f.Add(encoded(attrService, (&Service{ServiceKey: ServiceKey{Fwmark: 9, IPv6: true}, Scheduler: "mh", PersistName: "sip"}).encode))
	f.Add(encoded(attrDest, func(e *encoder) { d.encode(e, true) }))
	f.Add(encoded(attrDaemon, (&Daemon{Master: true, Interface: "eth0", Group: netip.MustParseAddr("ff02::81")}).encode))
	f.Add([]byte{8, 0, attrTimeoutTCP, 0, 1, 0, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		decodeService(b)
		decodeDestination(b, false)
		decodeDestination(b, true)
		decodeDaemon(b)
		decodeTimeouts(b)
	})
}
