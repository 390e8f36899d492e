package conf

import (
	"encoding/json"
	"net/netip"
	"reflect"
	"strings"
	"testing"
)

const trackedInstance = "track_group TG {\ngroup {\nVI_1\n}\n}\n"

// staticWith makes a file around one line of a static block.
func staticWith(block, line string) string {
	return trackedInstance + block + " {\n" + line + "\n}\n" + instanceWith("")
}

func to(s string) netip.Prefix { return netip.MustParsePrefix(s) }
func ip(s string) netip.Addr   { return netip.MustParseAddr(s) }

func TestRoutes(t *testing.T) {
	off := false
	for _, c := range []struct {
		line string
		want Route
	}{
		{"10.1.0.0/24 dev eth0", Route{}},
		{"to 10.1.0.0/24 oif eth0", Route{}},
		{"10.1.0.0/24 dev eth0 inet", Route{}},
		{"inet6 inet6 2001:db8::/64 dev eth0", Route{Family: IPv6, Destination: to("2001:db8::/64")}},
		{"default dev eth0", Route{Destination: to("0.0.0.0/0")}},
		{"any dev eth0 inet6", Route{Family: IPv6, Destination: to("::/0")}},
		{"default dev eth0 via inet6 fe80::1 onlink", Route{Family: IPv6, Destination: to("::/0"), Gateway: ip("fe80::1"), OnLink: true}},
		{"default dev eth0 expires 60 pref low", Route{Family: IPv6, Destination: to("::/0"), Expires: 60, Preference: 3}},
		{"2001:db8::/64 from 2001:db9::/64 dev eth0 pref 1", Route{Family: IPv6, Destination: to("2001:db8::/64"), From: to("2001:db9::/64"), Preference: 1}},
		{"src 10.0.0.1 to 10.1.0.0/24 dev eth0 tos AF11 table 0x10 scope link metric 7", Route{Source: ip("10.0.0.1"), TOS: 0x28, Table: 16, Scope: 253, Metric: 7}},
		{"10.1.0.0/24 dev eth0 dsfield 010 table local scope 010 priority 8", Route{TOS: 8, Table: 255, Scope: 8, Metric: 8}},
		{"10.1.0.0/24 dev eth0 vrf blue protocol static no_track", Route{Table: 1000, VRF: "blue", Protocol: 4, NoTrack: true}},
		{"blackhole 10.1.0.0/24 no_track", Route{Type: RouteBlackhole, Mode: RouteAdd, Interface: "", NoTrack: true}},
		{"6 10.1.0.0/24 dev eth0", Route{Type: RouteBlackhole, Mode: RouteAdd}},
		{"brd 10.1.0.0/24 prepend dev eth0", Route{Type: RouteBroadcast}},
		{"10.1.0.0/24 dev eth0 append realms cosmos/0x14", Route{Mode: RouteAppend, Realms: Realms{0, 20}}},
		{"10.1.0.0/24 dev eth0 hoplimit 64 mtu lock 1400 features ecn quickack 1", Route{Metrics: []RouteMetric{{MetricMTU, 1400, true}, {MetricHopLimit, 64, false}, {MetricFeatures, 1, false}, {MetricQuickACK, 1, false}}}},
		{"10.1.0.0/24 dev eth0 rtt 1.5s rttvar lock 250ms rto_min 300", Route{Metrics: []RouteMetric{{MetricRTT, 12000, false}, {MetricRTTVar, 1000, true}, {MetricRTOMin, 300, false}}}},
		{"10.1.0.0/24 dev eth0 congctl lock cubic ttl-propagate disabled", Route{Congestion: "cubic", LockCongest: true, TTLPropagate: &off}},
		{"10.1.0.0/24 encap ip id 5 dst 10.0.0.1 src 10.0.0.2 tos 4 ttl 6 flags 7 dev eth0", Route{Encap: &Encap{Type: EncapIP, ID: 5, Destination: ip("10.0.0.1"), Source: ip("10.0.0.2"), TOS: 4, TTL: 6, Flags: 7}}},
		{"10.1.0.0/24 encap ip6 dst fe80::1 tc CS1 hoplimit 6 dev eth0", Route{Encap: &Encap{Type: EncapIP6, Destination: ip("fe80::1"), TOS: 0x20, TTL: 6}}},
		{"10.1.0.0/24 encap mpls 16/0x11 dev eth0", Route{Encap: &Encap{Type: EncapMPLS, Labels: []uint32{16, 17}}}},
		{"10.1.0.0/24 encap ila 1:2:3:fffe dev eth0", Route{Encap: &Encap{Type: EncapILA, Locator: 0x000100020003fffe}}},
		{"10.1.0.0/24 no_track nexthop via inet 10.0.0.2 dev eth1 weight 256 onlink realms 3 nexthop dev eth2 encap mpls 16", Route{NoTrack: true, NextHops: []NextHop{
			{Gateway: ip("10.0.0.2"), Interface: "eth1", Weight: 256, OnLink: true, Realms: Realms{0, 3}},
			{Interface: "eth2", Weight: 1, Encap: &Encap{Type: EncapMPLS, Labels: []uint32{16}}},
		}}},
		{"10.1.0.0/24 dev eth0 track_group TG", Route{TrackGroup: "TG"}},
	} {
		want := c.want
		if want.Family == 0 {
			want.Family = IPv4
		}
		if !want.Destination.IsValid() {
			want.Destination = to("10.1.0.0/24")
		}
		want.Type, want.Protocol = max(want.Type, RouteUnicast), max(want.Protocol, 4)
		if want.Protocol == 4 && !strings.Contains(c.line, "static") {
			want.Protocol = 18
		}
		if want.Table == 0 {
			want.Table = 254
		}
		if strings.Contains(" "+c.line, " dev eth0") || strings.Contains(c.line, "oif") {
			want.Interface = "eth0"
		}
		cfg, ds := loadText(t, staticWith("static_routes", c.line), fakeHost{})
		if len(cfg.StaticRoutes) != 1 || ds.ExitStatus() != 0 {
			t.Errorf("%s: %d routes, %v", c.line, len(cfg.StaticRoutes), ds)
			continue
		}
		if got := cfg.StaticRoutes[0]; !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\n got %+v\nwant %+v", c.line, got, want)
		}
	}
}

func TestRules(t *testing.T) {
	n := func(n uint32) *uint32 { return &n }
	for _, c := range []struct {
		line string
		want RoutingRule
	}{
		{"to any from 10.0.0.0/24 table 100 priority 7", RoutingRule{From: to("10.0.0.0/24"), Table: 100}},
		{"not from 2001:db8::/64 lookup main order 0x7", RoutingRule{Family: IPv6, Not: true, From: to("2001:db8::/64"), Table: 254}},
		{"to 10.0.0.1 table 5 iif eth0 oif eth1 preference 07 tos 4", RoutingRule{To: to("10.0.0.1/32"), Table: 5, Input: "eth0", Output: "eth1", TOS: 4}},
		{"table 5 priority 7 inet6", RoutingRule{Family: IPv6, Table: 5}},
		{"l3mdev priority 7 realms 1/2 sup_pl 0 sup_group default", RoutingRule{L3MDev: true, Realms: Realms{1, 2}, SuppressLength: n(0), SuppressGroup: n(0)}},
		{"fwmark 0x10/0xf0 table 5 priority 7", RoutingRule{Table: 5, FwMark: 16, FwMask: 0xf0}},
		{"fwmark 5 tunnel-id 6 uidrange 0-0 ipproto TCP sport 1-2 dport 3-3 table 5 priority 7", RoutingRule{Table: 5, FwMark: 5, FwMask: 0xffffffff, TunnelID: 6, UIDs: &UIDRange{}, IPProtocol: 6, SourcePorts: PortRange{1, 2}, DestPorts: PortRange{3, 3}}},
		{"from 10.0.0.0/24 goto 8 priority 7", RoutingRule{From: to("10.0.0.0/24"), Action: RuleGoto, Goto: 8}},
		{"priority 7 0x6", RoutingRule{Action: RuleBlackhole}},
		{"priority 7 type prohibit protocol 12 no_track", RoutingRule{Action: RuleProhibit, Protocol: 12, NoTrack: true}},
		{"priority 7 nop dev eth3 track_group TG", RoutingRule{Action: RuleNop, Input: "eth3", TrackGroup: "TG"}},
	} {
		want := c.want
		want.Priority = 7
		if want.Family == 0 {
			want.Family = IPv4
		}
		if want.Action == 0 {
			want.Action = RuleTable
		}
		if want.Protocol == 0 {
			want.Protocol = 18
		}
		cfg, ds := loadText(t, staticWith("static_rules", c.line), fakeHost{})
		if len(cfg.StaticRules) != 1 || ds.ExitStatus() != 0 {
			t.Errorf("%s: %d rules, %v", c.line, len(cfg.StaticRules), ds)
			continue
		}
		if got := cfg.StaticRules[0]; !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\n got %+v\nwant %+v", c.line, got, want)
		}
	}
}

// Mistakes in routes and rules: the exit status, what is said, and whether the line is kept.
func TestRouteMistakes(t *testing.T) {
	for _, c := range []struct {
		line   string
		status int
		want   string
		kept   bool
	}{
		{"inet6 2001:db8::/64 dev eth0", 5, "must have a destination", false},
		{"inet6 2001:db8::/64 dev eth0", 5, "'2001:db8::/64' is not seen", false},
		{"10.1.0.7/24 dev eth0", 0, "using 10.1.0.0/24", true},
		{"10.1.0.0/24 dev eth0 track_grup TG", 5, "did you mean 'track_group'?", false},
		{"10.1.0.0/24 dev nope0", 5, "interface nope0", true},
		{"10.1.0.0/24 dev eth0 mtu", 2, "mtu is missing a parameter", false},
		{"10.1.0.0/24 dev eth0 mtu -1", 5, "negative number '-1' - leaving the route out", false},
		{"10.1.0.0/24 dev eth0 mtu 1 mtu 2", 0, "mtu is set twice", true},
		{"10.1.0.0/24 dev eth0 metric 1 priority 2", 0, "priority is set twice", true},
		{"10.1.0.0/24 dev eth0 table 4294967296", 0, "outside range [0, 4294967295]", false},
		{"10.1.0.0/24 dev eth0 table nope", 5, "no routing table has the name 'nope'", false},
		{"10.1.0.0/24 dev eth0 vrf eth1", 5, "no VRF device", false},
		{"10.1.0.0/24 dev eth0 rtt 5ms", 5, "using 200 ms", true},
		{"10.1.0.0/24 dev eth0 protocol static", 5, "using 18", true},
		{"10.1.0.0/24 dev eth0 via fe80::1", 5, "Cannot mix IPv4 and IPv6", false},
		{"via fe80::1 default dev eth0", 5, "keepalived refuses 'default' here", true},
		{"10.1.0.0/24 dev eth0 gw 10.0.0.1", 5, "deprecated", true},
		{"10.1.0.0/24 dev eth0 via 10.0.0.1 or 10.0.0.2", 5, "deprecated", true},
		{"10.1.0.0/24 dev eth0 encap ip src 10.0.0.1", 5, "address or id missing", false},
		{"10.1.0.0/24 dev eth0 nexthop weight 2", 0, "neither via nor dev", true},
		{"10.1.0.0/24 dev eth0 nexthop via 10.0.0.300 nexthop via 10.0.0.2", 5, "invalid nexthop address", true},
		{"10.1.0.0/24 dev eth0 nexthop via 10.0.0.2 metric 5", 5, "trailing nonsense after nexthops - metric 5", true},
		{"10.1.0.0/24 dev eth0 track_group NOPE", 5, "track_group NOPE not found", true},
		{"10.1.0.0/24 via 10.0.0.1 no_track track_group TG", 5, "is not tracked", true},
		{"rule from 10.0.0.0/24 to any table 5 priority 5", 5, "keepalived refuses 'any' here", true},
		{"rule from 10.0.0.0/24 table 5", 5, "setting to 16384", true},
		{"rule from 10.0.0.0/24 priority 5", 5, "No action", false},
		{"rule table 5 nop priority 5", 5, "two actions", false},
		{"rule goto 5", 5, "without a priority", false},
		{"rule priority 5 goto 5", 5, "does not lead behind priority 5", false},
		{"rule from 10.0.0.0/24 to 2001:db8::1 table 5 priority 5", 5, "Cannot mix", false},
		{"rule table 5 priority 5 sport 80", 5, "write sport LOW-HIGH", true},
		{"rule table 5 priority 5 sport 9-8", 0, "does not go upwards", true},
		{"rule table 5 priority 5 uidrange 9-8", 0, "does not go upwards", false},
		{"rule table 5 priority 5 ipproto nope", 5, "the rule is for every protocol", true},
		{"rule table 5 priority 5 fwmark 1/", 0, "lacks a part", true},
		{"rule nop realms 5 priority 5", 5, "go with table only", false},
		{"rule table 5 priority 5 track_group TG", 5, "if dev/iif not specified", true},
	} {
		block, line := "static_routes", c.line
		if rest, ok := strings.CutPrefix(line, "rule "); ok {
			block, line = "static_rules", rest
		}
		cfg, ds := loadText(t, staticWith(block, line), fakeHost{})
		if got := ds.ExitStatus(); got != c.status {
			t.Errorf("%s: status %d, want %d: %v", c.line, got, c.status, ds)
		}
		if kept := len(cfg.StaticRoutes)+len(cfg.StaticRules) == 1; kept != c.kept {
			t.Errorf("%s: kept %v: %v", c.line, kept, ds)
		}
		said := false
		for _, d := range ds {
			said = said || d.Pos.Line == 7 && strings.Contains(d.Message(), c.want)
		}
		if !said {
			t.Errorf("%s: nothing in line 7 says %q: %v", c.line, c.want, ds)
		}
	}
}

// A route that loses a leg keeps the others, and "via A or B" has two.
func TestLegs(t *testing.T) {
	for line, want := range map[string][]NextHop{
		"10.1.0.0/24 dev eth0 nexthop via 10.0.0.300 weight 5 nexthop via 10.0.0.2": {{Gateway: ip("10.0.0.2"), Weight: 1}},
		"10.1.0.0/24 dev eth0 via 10.0.0.1 or 10.0.0.2":                             {{Gateway: ip("10.0.0.1"), Interface: "eth0", Weight: 1}, {Gateway: ip("10.0.0.2"), Interface: "eth0", Weight: 1}},
	} {
		cfg, ds := loadText(t, staticWith("static_routes", line), fakeHost{})
		if len(cfg.StaticRoutes) != 1 || !reflect.DeepEqual(cfg.StaticRoutes[0].NextHops, want) || cfg.StaticRoutes[0].Gateway.IsValid() {
			t.Errorf("%s: %+v %v", line, cfg.StaticRoutes, ds)
		}
	}
}

// Rules without a priority count down in the order of the file, over all blocks.
func TestAutomaticPriorities(t *testing.T) {
	cfg, _ := loadText(t, instanceWith("virtual_rules {\nfrom 10.0.0.1 table 5\nfrom 10.0.0.2 table 5 priority 3\nfrom 10.0.0.3 table 5\n}\nvirtual_routes {\n10.9.0.0/24 dev eth0\n}")+
		"static_rules {\nfrom 10.0.0.4 table 5\n}\n", fakeHost{})
	got := []uint32{cfg.StaticRules[0].Priority}
	for _, r := range cfg.Instances[0].Rules {
		got = append(got, r.Priority)
	}
	if want := []uint32{16382, 16384, 3, 16383}; !reflect.DeepEqual(got, want) {
		t.Errorf("priorities %v, want %v", got, want)
	}
	if len(cfg.Instances[0].Routes) != 1 {
		t.Errorf("routes: %+v", cfg.Instances[0].Routes)
	}
}

func TestTrackGroups(t *testing.T) {
	cfg, ds := loadText(t, "track_group TG {\ngroup {\nVI_1 NOPE\nVI_1\n}\ngroup {\nVI_1\n}\n}\ntrack_group TG {\n}\ntrack_group EMPTY {\ngroup {\n}\n}\n"+
		"static_ipaddress {\n10.9.0.1/24 dev eth1 track_group TG\n10.9.0.2/24 dev eth1 track_group LATER\n}\ntrack_group LATER {\n}\n"+instanceWith(""), fakeHost{})
	want := []TrackGroup{{"TG", []string{"VI_1"}}, {"EMPTY", nil}, {"LATER", nil}}
	if !reflect.DeepEqual(cfg.TrackGroups, want) {
		t.Errorf("track groups %+v", cfg.TrackGroups)
	}
	if a := cfg.StaticAddresses; len(a) != 2 || a[0].TrackGroup != "TG" || a[1].TrackGroup != "" {
		t.Errorf("addresses %+v", a)
	}
	lines := map[int]string{3: "NOPE", 4: "already", 6: "already specified", 10: "already defined", 13: "empty", 18: "LATER not found", 20: "no members"}
	for line, text := range lines {
		said := false
		for _, d := range ds {
			said = said || d.Pos.Line == line && strings.Contains(d.Text, text)
		}
		if !said {
			t.Errorf("nothing in line %d says %q: %v", line, text, ds)
		}
	}
}

func TestAddressOptions(t *testing.T) {
	for _, c := range []struct {
		line   string
		status int
		want   string // "": the address is left out
	}{
		{"10.9.0.1/24", 0, `{"prefix":"10.9.0.1/24","dev":"eth0","preferred_lft":4294967295}`},
		{"10.9.0.1/24 use_vmac", 0, `{"prefix":"10.9.0.1/24","dev":"vrrp.51","parent":"eth0","use_vmac":true,"preferred_lft":4294967295}`},
		{"10.9.0.1/24 brd + scope 0x10 dev eth1", 0, `{"prefix":"10.9.0.1/24","dev":"eth1","scope":16,"brd":"10.9.0.255","preferred_lft":4294967295}`},
		{"10.9.0.1/31 brd -", 5, `{"prefix":"10.9.0.1/31","dev":"eth0","preferred_lft":4294967295}`},
		{"10.9.0.1/24 peer 10.9.0.2", 5, `{"prefix":"10.9.0.1/32","dev":"eth0","peer":"10.9.0.2/32","preferred_lft":4294967295}`},
		{"10.9.0.1 peer fe80::1", 5, `{"prefix":"10.9.0.1/32","dev":"eth0","preferred_lft":4294967295}`},
		{"10.9.0.1/", 0, `{"prefix":"10.9.0.1/32","dev":"eth0","preferred_lft":4294967295}`},
		{"10.9.0.1 preferred_lft 5", 0, `{"prefix":"10.9.0.1/32","dev":"eth0","preferred_lft":5}`},
		{"10.9.0.1 track_group TG", 5, `{"prefix":"10.9.0.1/32","dev":"eth0","preferred_lft":4294967295}`},
		{"10.9.0.1 brd 10.9.0.300", 5, ""},
		{"10.9.0.1 dev eth1 dev eth2", 5, ""},
		{"10.9.0.1 label", 5, ""},
		{"10.9.0.1 label sixteen-byte-str", 5, ""},
		{"fe80::1%eth0", 5, ""},
	} {
		cfg, ds := loadText(t, trackedInstance+instanceWith("virtual_ipaddress_excluded {\n"+c.line+"\n}"), fakeHost{})
		if got := ds.ExitStatus(); got != c.status {
			t.Errorf("%s: status %d, want %d: %v", c.line, got, c.status, ds)
		}
		got := ""
		for _, a := range cfg.Instances[0].Excluded {
			text, err := json.Marshal(a)
			if err != nil {
				t.Fatal(err)
			}
			got += string(text)
		}
		if got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.line, got, c.want)
		}
	}
}

// Without a host a name may be one that the host knows.
func TestNamesWithoutHost(t *testing.T) {
	_, ds := loadText(t, staticWith("static_routes", "10.1.0.0/24 dev eth0 table mine realms theirs tos bulk"), nil)
	if ds.ExitStatus() != 0 {
		t.Errorf("%v", ds)
	}
}

// The names that need no host are those of the table.
func TestBuiltinNamesAreRows(t *testing.T) {
	for block, kind := range map[string]NameKind{"table": NameTable, "scope": NameScope, "protocol": NameProtocol} {
		rows := keywordIndex().blocks["virtual_routes/item/"+block+"/value"].words
		if len(rows) != len(builtinNames[kind]) {
			t.Errorf("%s: %d rows, %d numbers", block, len(rows), len(builtinNames[kind]))
		}
		for _, name := range rows {
			n, ok := builtinNames[kind][name]
			if !ok || BuiltinName(kind, n) != name {
				t.Errorf("%s %s: number %d, %v", block, name, n, ok)
			}
		}
	}
	for _, name := range keywordIndex().blocks["virtual_routes/item/pref/value"].words {
		if _, ok := preferences[name]; !ok {
			t.Errorf("pref %s has no number", name)
		}
	}
}

// Every option of the table is read, and every reader has a row.
func TestRouteOptionsAreRows(t *testing.T) {
	table := keywordIndex()
	for _, name := range table.blocks["virtual_rules/item"].words {
		if ruleOptions[name] == nil {
			t.Errorf("rule option %s is not read", name)
		}
	}
	for name := range ruleOptions {
		if (&itemReader{b: &builder{table: table}, blocks: []string{"virtual_rules/item", "static_rules/item"}}).row(name) == nil {
			t.Errorf("rule option %s has no row", name)
		}
	}
	for name := range routeOptions {
		if (&itemReader{b: &builder{table: table}, blocks: []string{"virtual_routes/item", "static_routes/item"}}).row(name) == nil {
			t.Errorf("route option %s has no row", name)
		}
	}
}

func TestRoutesSurviveJSON(t *testing.T) {
	cfg, ds := loadText(t, trackedInstance+"static_routes {\n10.1.0.0/24 dev eth0 ttl-propagate enabled mtu lock 5 encap mpls 16 nexthop via 10.0.0.1 encap ip id 5\n}\n"+
		"static_rules {\nuidrange 0-0 sup_pl 0 iif eth0 table 5 priority 1 sport 1-2 track_group TG\n}\n"+instanceWith(""), fakeHost{})
	if ds.ExitStatus() != 0 || len(cfg.StaticRoutes) != 1 || len(cfg.StaticRules) != 1 {
		t.Fatal(ds)
	}
	survivesJSON(t, cfg)
}
