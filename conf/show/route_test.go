package show

import (
	"bytes"
	"reflect"
	"strings"
	"testing"
)

const vrrp = "vrrp_instance VI_1 {\ninterface eth0\nvirtual_router_id 51\nvirtual_ipaddress {\n10.0.0.1\n}\n}\n"

const statics = `track_group TG {
group {
VI_1
}
}
track_group "EMPTY ONE" {
}
static_ipaddress {
10.9.0.1/24 dev eth1 brd + scope link label eth1:1 track_group TG
10.9.0.2 peer 10.9.0.3 scope 17 home noprefixroute autojoin preferred_lft 60
10.9.0.4/24 brd - -nodad mngtmpaddr no_track preferred_lft 0
2001:db8::1
2001:db8::2 preferred_lft forever
2001:db8::3 preferred_lft 9
2001:db8::4/64
2001:db8::5/64 preferred_lft 0
}
static_routes {
10.1.0.0/24 dev eth0
default via 10.0.0.254 dev eth0 onlink metric 5 table 100 scope link tos 0x10 src 10.0.0.1
default dev eth0 inet6
default6 via fe80::1 dev eth0 expires 60 pref high from 2001:db8::/64
blackhole 10.2.0.0/24
throw 10.2.0.0/24 append no_track
unicast 10.3.0.0/24 dev eth0 vrf blue protocol bird no_track
10.4.0.0/24 dev eth0 rtt 1.5s rttvar lock 250ms rto_min 300 mtu lock 1400 advmss 1 window 2 cwnd 3 ssthresh 4 reordering 5 hoplimit 6 initcwnd 7 initrwnd 8 quickack 1 fastopen_no_cookie 0 features ecn congctl lock cubic ttl-propagate disabled realms 1/2
10.5.0.0/24 dev eth0 encap ip dst 10.0.0.9 tos 4 ttl 5 flags 6 src 10.0.0.1
10.5.0.0/24 tos 7 hoplimit 8 src 10.0.0.1 dev eth0 encap ip id 0 no_track
10.5.1.0/24 hoplimit 8 dev eth0 encap ip6 id 5 dst fe80::1 tc 4 hoplimit 9
10.5.2.0/24 dev eth0 encap mpls 16/17
10.5.3.0/24 dev eth0 encap ila 1:2:3:fffe track_group TG
10.6.0.0/24 nexthop via 10.0.0.2 dev eth1 weight 5 onlink realms 3 nexthop dev eth2 encap mpls 16 nexthop via 10.0.0.3 encap ip id 5
10.7.0.0/24 dev eth0 via 10.0.0.1 or 10.0.0.2
}
static_rules {
from 10.0.0.0/24 table 100
not to 10.0.0.0/24 iif eth0 oif eth1 tos 4 fwmark 5/0xf0 table main priority 5 track_group TG
table 5 priority 7 no_track protocol 3 inet6
from 2001:db8::/64 l3mdev priority 8 suppress_prefixlength 0 sup_group 5
fwmark 7 tunnel-id 6 uidrange 0-0 ipproto 6 sport 1-2 dport 3-3 realms 1/2 table 5 priority 9
goto 500 priority 10
prohibit priority 11
}
`

// What is written means the same as what it was read from.
func TestRoutesAndAddressesRoundTrip(t *testing.T) {
	first := read(t, statics+vrrp)
	var out bytes.Buffer
	if err := Write(&out, first); err != nil {
		t.Fatal(err)
	}
	second := read(t, out.String())
	if got, want := len(first.StaticRoutes), strings.Count(statics, "10.2.0.0/24")+13; got != want {
		t.Errorf("%d routes, want %d", got, want)
	}
	for _, c := range []struct{ what, got, want any }{
		{"track groups", second.TrackGroups, first.TrackGroups},
		{"addresses", second.StaticAddresses, first.StaticAddresses},
		{"routes", second.StaticRoutes, first.StaticRoutes},
		{"rules", second.StaticRules, first.StaticRules},
	} {
		if !reflect.DeepEqual(c.got, c.want) {
			t.Errorf("%s:\n got %+v\nwant %+v\ntext:\n%s", c.what, c.got, c.want, out.String())
		}
	}
}

func TestRouteText(t *testing.T) {
	cfg := read(t, statics+vrrp)
	p := &printer{}
	p.addresses("virtual_ipaddress", cfg.StaticAddresses[:1])
	p.routes("virtual_routes", cfg.StaticRoutes[1:2])
	p.rules("virtual_rules", cfg.StaticRules[1:2])
	const want = `virtual_ipaddress {
    10.9.0.1/24 dev eth1 scope link brd 10.9.0.255 label eth1:1 track_group TG
}
virtual_routes {
    0.0.0.0/0 tos 16 via 10.0.0.254 src 10.0.0.1 dev eth0 onlink table 100 scope link metric 5
}
virtual_rules {
    not to 10.0.0.0/24 iif eth0 oif eth1 tos 4 fwmark 0x5/0xf0 table main priority 5 track_group TG
}
`
	if got := p.text.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
