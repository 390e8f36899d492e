package ipvs

import (
	"net/netip"
	"strings"
	"testing"
)

// text is /proc/net/ip_vs of Linux 6.1.
const text = `IP Virtual Server version 1.2.1 (size=4096)
Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port Forward Weight ActiveConn InActConn
TCP  0A320001:0050 wrr persistent 50 FFFFFF00
  -> 7F000003:1F40      Masq    2      4          1         
  -> 7F000002:1F40      Masq    30     0          0         
UDP  0A320002:0035 rr ops 
  -> 0A3C0001:0035      Route   -1     0          0         
TCP  [2001:0db8:0000:0000:0000:0000:0000:0001]:0050 sh persistent 360 80000000
  -> [2001:0db8:0000:0000:0000:0000:0000:0010]:0050      Tunnel  1      0          0         
  -> 0A3C0009:0050      Tunnel  1      0          0         
FWM  00000009 mh 
  -> 0A3C0003:0000      Tunnel  5      0          0         
`

func textServices() []*Service {
	at := func(addr string, port uint16, m Method, w int32) Destination {
		return Destination{Addr: netip.MustParseAddr(addr), Port: port, Method: m, Weight: w}
	}
	key := func(addr string, port uint16, proto uint8) ServiceKey {
		a := netip.MustParseAddr(addr)
		return ServiceKey{Addr: a, Port: port, Protocol: proto, IPv6: a.Is6()}
	}
	return []*Service{
		{ServiceKey: key("10.50.0.1", 80, 6), Scheduler: "wrr", Flags: FlagPersistent, Timeout: 50, Netmask: 0xffffff00,
			Dests: []Destination{at("127.0.0.2", 8000, Masquerade, 30), at("127.0.0.3", 8000, Masquerade, 2)}},
		{ServiceKey: key("10.50.0.2", 53, 17), Scheduler: "rr", Flags: FlagOnePacket, Netmask: 0xffffffff, Dests: []Destination{at("10.60.0.1", 53, DirectRoute, -1)}},
		{ServiceKey: key("2001:db8::1", 80, 6), Scheduler: "sh", Flags: FlagPersistent | FlagOnePacket, Timeout: 360, Netmask: 128,
			Dests: []Destination{at("2001:db8::10", 80, Tunnel, 1), at("10.60.0.9", 80, Tunnel, 1)}},
	}
}

// suspects reads the text for the services and tells which differ.
func suspects(text string, want []*Service) (list []string) {
	v := View{state: map[ServiceKey]*watched{}}
	w := Wanted{Version: 1, Services: map[ServiceKey]*Service{}}
	for _, s := range want {
		w.Services[s.ServiceKey] = s
	}
	v.learn(w)
	r := textReader{find: func(k ServiceKey) *watched { return v.state[k] }}
	for line := range strings.Lines(text) {
		r.line([]byte(strings.TrimSuffix(line, "\n")))
	}
	r.endService()
	for _, k := range v.order {
		if s := v.state[k]; s.suspect || !s.seen {
			list = append(list, k.String())
		}
	}
	return list
}

// The text is taken as equal only where all that it shows is as it should be.
func TestTextShowsDifferences(t *testing.T) {
	if got := suspects(text, textServices()); got != nil {
		t.Errorf("suspects without a difference: %q", got)
	}
	for name, edit := range map[string]struct{ old, new, suspect string }{
		"connections":        {"4          1", "99         7", ""},
		"weight":             {"Masq    30 ", "Masq    31 ", "tcp 10.50.0.1:80"},
		"forwarding":         {"7F000003:1F40      Masq ", "7F000003:1F40      Route", "tcp 10.50.0.1:80"},
		"port":               {"7F000003:1F40", "7F000003:1F41", "tcp 10.50.0.1:80"},
		"scheduler":          {"0050 wrr", "0050 wlc", "tcp 10.50.0.1:80"},
		"persistence":        {"persistent 50 FFFFFF00", "", "tcp 10.50.0.1:80"},
		"timeout":            {"persistent 50 ", "persistent 51 ", "tcp 10.50.0.1:80"},
		"netmask":            {"FFFFFF00", "FFFFFFFF", "tcp 10.50.0.1:80"},
		"one packet":         {" ops", "", "udp 10.50.0.2:53"},
		"negative weight":    {"-1 ", "1 ", "udp 10.50.0.2:53"},
		"deleted service":    {"UDP  0A320002:0035 rr ops \n  -> 0A3C0001:0035      Route   -1     0          0         \n", "", "udp 10.50.0.2:53"},
		"deleted server":     {"  -> 7F000002:1F40      Masq    30     0          0         \n", "", "tcp 10.50.0.1:80"},
		"foreign server":     {"FWM ", "  -> 0A3C0009:0051      Tunnel  1      0          0         \nFWM ", "tcp [2001:db8::1]:80"},
		"IPv6 server":        {"0010]:0050", "0011]:0050", "tcp [2001:db8::1]:80"},
		"IPv6 persistence":   {"persistent 360", "persistent 361", "tcp [2001:db8::1]:80"},
		"unreadable server":  {"Masq    30 ", "What    30 ", "tcp 10.50.0.1:80"},
		"somebody's service": {"FWM  00000009 mh", "TCP  0A000001:0050 rr", ""},
	} {
		changed := strings.Replace(text, edit.old, edit.new, 1)
		if changed == text {
			t.Errorf("%s: nothing was edited", name)
		}
		if got := strings.Join(suspects(changed, textServices()), ", "); got != edit.suspect {
			t.Errorf("%s: suspects %q, want %q", name, got, edit.suspect)
		}
	}
}

// Whatever the kernel prints, reading ends.
func FuzzText(f *testing.F) {
	f.Add(text)
	f.Add("TCP  [2001:\n  -> [\nTCP  0A320001:0050 wrr persistent\n  -> 7F000003:1F40 Masq")
	f.Fuzz(func(t *testing.T, text string) { suspects(text, textServices()) })
}
