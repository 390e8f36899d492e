package dump

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"halbd/conf"
	"halbd/event"
	"halbd/healthcheck"
	"halbd/status"
	"halbd/vrrp"
)

const reference = "../../shared/reference/dumps/"

// load reads a configuration as on the host that wrote the reference.
func load(t *testing.T, file string) *conf.Config {
	t.Helper()
	path := filepath.Join(reference, file)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("keepalived's own files are not here: %v", err)
	}
	cfg, _ := conf.Load(path, conf.Options{})
	return cfg
}

func at(micros int64) time.Time { return time.UnixMicro(micros).UTC() }

// recorded is the history that the reference was written after.
func recorded() *status.Status {
	master := func(name string, since, next, sent int64, priority uint8, down float64, source string) vrrp.InstanceStatus {
		return vrrp.InstanceStatus{Name: name, State: event.Master, Since: at(since), Next: &vrrp.Deadline{At: at(next)}, Sent: at(sent),
			Priority: priority, MasterDown: down, MasterInterval: 1, Holds: true, Source: netip.MustParseAddr(source), Counters: vrrp.Counters{BecameMaster: 1}}
	}
	v := master("V", 1795398048355011, 1795398051355273, 1795398050355229, 150, 3.414062, "10.0.0.1")
	v.Group, v.Counters.AdvertsSent = "G", 5
	v6 := master("V6", 1795398048415132, 1795398051415457, 1795398050415398, 135, 3.472656, "fe80::ff:fe00:1")
	v6.Counters.AdvertsSent = 4
	v6.Trackers = []vrrp.TrackerStatus{{Kind: vrrp.TrackScript, Name: "chk", Known: true, Change: 10}, {Kind: vrrp.TrackInterface, Name: "lo", Known: true, Change: 5}}
	return &status.Status{
		VRRP:     vrrp.Status{Instances: []vrrp.InstanceStatus{v, v6}, Groups: []vrrp.GroupStatus{{Name: "G", State: event.Master, Members: []string{"V"}}}},
		Trackers: []status.Tracker{{Kind: "script", Name: "chk", Known: true}, {Kind: "file", Name: "tf", Known: true}, {Kind: "process", Name: "tp", Known: true, Value: 1}, {Kind: "bfd", Name: "B1", Known: true, Value: 1}},
	}
}

// linksThere are the interfaces of that host.
func linksThere() []Link {
	up := net.FlagUp | net.FlagRunning
	mac, _ := net.ParseMAC("02:00:00:00:00:01")
	return []Link{
		{net.Interface{Index: 1, Name: "lo", MTU: 65536, Flags: up | net.FlagLoopback}, []netip.Addr{netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("::1")}},
		{net.Interface{Index: 2, Name: "eth0", MTU: 1500, HardwareAddr: mac, Flags: up | net.FlagBroadcast | net.FlagMulticast},
			[]netip.Addr{netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("fe80::ff:fe00:1")}},
	}
}

// ours are lines whose value differs on purpose, or which have none here:
// descriptors, keepalived's own timers of a link, libraries.
var ours = []string{"fd_in", "Send advert after receive higher priority advert", "libnftnl version", "Current processes", "delay timer",
	"MAC broadcast", "Seen up", "Delayed state change", "debounce timer", "Group = 0", "NIC netlink status", "Reset ARP", "Original ", "Reset promote", "Not IPv6 forwarding",
	"Retries iterations", "ICMP seq no", "Last ran", "Last status", "Regex ref count"}

// checkers builds the picture that a file of keepalived's was written of: who
// was up is read from it.
func checkers(cfg *conf.Config, want string) *status.Status {
	var up []event.State
	for l := range strings.Lines(want) {
		switch strings.TrimSpace(l) {
		case "Up = yes":
			up = append(up, event.Up)
		case "Up = no":
			up = append(up, event.Down)
		}
	}
	s := &status.Status{Trackers: []status.Tracker{{Kind: "file", Name: "tf", Known: true}}}
	for i := range cfg.VirtualServers {
		v := &cfg.VirtualServers[i]
		st := healthcheck.ServiceStatus{Name: fmt.Sprintf("[%v]:%v:%d", v.Addr.Addr(), v.Protocol, v.Addr.Port()), State: event.Up}
		for j := range v.RealServers {
			r := &v.RealServers[j]
			rs := healthcheck.ServerStatus{Name: fmt.Sprintf("[%v]:%v:%d", r.Addr.Addr(), v.Protocol, r.Addr.Port()), State: event.Up, Weight: int32(r.Weight)}
			for range r.Checkers {
				rs.Checkers = append(rs.Checkers, healthcheck.CheckerStatus{State: up[0], Last: at(1795400112766571)})
				if up[0] == event.Down {
					rs.State = event.Down
				}
				up = up[1:]
			}
			st.Servers = append(st.Servers, rs)
		}
		s.VirtualServers = append(s.VirtualServers, st)
	}
	return s
}

// Virtual servers and checks of every kind, line by line.
func TestChecker(t *testing.T) {
	for _, name := range []string{"misc", "http"} {
		cfg := load(t, name+".conf")
		want, err := os.ReadFile(reference + name + "_check.data")
		if err != nil {
			t.Fatal(err)
		}
		var got strings.Builder
		if err := Checker(&got, cfg, checkers(cfg, string(want))); err != nil {
			t.Fatal(err)
		}
		text := strings.ReplaceAll(string(want), " = 4294967295", " = 5")
		if d := cmp.Diff(comparable(text), comparable(got.String())); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

func comparable(text string) []string {
	var lines []string
	for l := range strings.Lines(text) {
		l = strings.TrimSuffix(l, "\n")
		mine := false
		for _, o := range ours {
			mine = mine || strings.Contains(l, o)
		}
		if !mine {
			lines = append(lines, strings.Replace(l, ", ifindex 2", "", 1))
		}
	}
	return lines
}

// The file that keepalived 2.4.3 wrote, line by line.
func TestVRRP(t *testing.T) {
	cfg := load(t, "vrrp.conf")
	want, err := os.ReadFile(reference + "keepalived.data")
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	if err := VRRP(&got, cfg, recorded(), linksThere()); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(comparable(string(want)), comparable(got.String())); d != "" {
		t.Error(d)
	}
}

func TestParent(t *testing.T) {
	cfg := load(t, "vrrp.conf")
	want, err := os.ReadFile(reference + "keepalived_parent.data")
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	if err := Parent(&got, cfg, &status.Status{}); err != nil {
		t.Fatal(err)
	}
	// keepalived's parent has not resolved these two.
	text := strings.ReplaceAll(string(want), " = 4294967295", " = 5")
	if d := cmp.Diff(comparable(text), comparable(got.String())); d != "" {
		t.Error(d)
	}
}

// Exporters read this: names, order, types, escapes.
func TestJSON(t *testing.T) {
	cfg := load(t, "vrrp.conf")
	want, err := os.ReadFile(reference + "keepalived.json")
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	if err := JSON(&got, cfg, recorded()); err != nil {
		t.Fatal(err)
	}
	same := strings.NewReplacer(`"higher_prio_send_advert":1`, `"higher_prio_send_advert":0`) // on by default here
	if d := cmp.Diff(strings.TrimSpace(string(want)), same.Replace(got.String())); d != "" {
		t.Error(d)
	}
}
