package ipvskernel

import "testing"

// Which services a virtual_server_group stands for.
func TestGroupTables(t *testing.T) {
	nat := "lb_algo rr\n lb_kind NAT\n protocol TCP\n "
	group := func(name, members string) string {
		return "virtual_server_group " + name + " {\n " + members + "\n}\n"
	}
	playScenarios(t, []scenario{
		{
			name: "group ranges",
			conf: group("g", "10.50.1.1-3 80\n 10.50.2.254 80\n 10.50.3.5-10.50.3.7 81\n 2001:db8::1 80") + vs("group g", nat, real("10.60.0.1 80", "")),
		},
		{
			name: "group of one family",
			conf: group("g", "10.50.1.1-3 80\n 10.50.2.254 80\n 10.50.3.5-10.50.3.7 81\n 10.50.4.0/30 82\n 10.50.5.254-10.50.5.255 83") + vs("group g", nat, real("10.60.0.1 80", "")+real("10.60.0.2 8080", "lvs_method DR")),
		},
		{
			name: "group of IPv6",
			conf: group("g", "2001:db8::1-3 80\n 2001:db8:1::ff 81\n 2001:db8:2::10/126 82\n fwmark 7") + vs("group g", nat, real("2001:db8:9::1 80", "")+real("2001:db8:9::2", "lvs_method TUN")),
		},
		{
			name: "group without ports",
			conf: group("g", "10.50.1.1-2\n 10.50.2.1 0") + vs("group g", nat, real("10.60.0.1 80", "")+real("10.60.0.2 0", "")+real("10.60.0.3 81", "lvs_method DR")) +
				group("h", "10.50.3.1-2 0\n 10.50.3.9 80") + vs("group h", nat+"persistence_timeout 40", real("10.60.0.1", "")),
		},
		{
			name: "group ports",
			conf: group("g", "10.50.1.1 80\n 10.50.1.2 90\n fwmark 3") + vs("group g", nat+"sorry_server 10.60.0.9 0\n quorum 1", real("10.60.0.1 0", "")+real("10.60.0.2 80", "")+real("10.60.0.3 80", "lvs_method DR")+real("10.60.0.4 0", "lvs_method TUN")),
		},
		{
			name:  "group with sorry server",
			conf:  group("g", "10.50.1.1-2 80\n fwmark 4") + vs("group g", nat+"sorry_server 10.60.0.9 70\n sorry_server_lvs_method DR", rs(1, 1, tcpCheck)),
			steps: []step{down(1), up(1)},
		},
		{
			name: "marks of both families in a group",
			conf: group("g", "fwmark 3\n fwmark 4 inet\n fwmark 5") + vs("group g", "lb_algo rr\n lb_kind NAT", real("10.60.0.1 80", "")) +
				group("h", "fwmark 3 inet6\n fwmark 6") + vs("group h", "lb_algo rr\n lb_kind NAT", real("2001:db8:9::1 80", "")),
		},
		{
			name: "one group of two protocols",
			conf: group("g", "10.50.1.1-2 53") + vs("group g", nat, rs(1, 1, tcpCheck)+rs(2, 1, "")) + vs("group g", "lb_algo rr\n lb_kind NAT\n protocol UDP", rs(1, 2, "")+rs(3, 2, tcpCheck)),
			steps: []step{
				down(1),
				down(3),
				up(1, 3),
			},
		},
		{
			name: "one mark in two groups",
			conf: group("g", "10.50.1.1 80\n fwmark 9") + group("h", "10.50.1.2 81\n fwmark 9") +
				vs("group g", nat, rs(1, 1, tcpCheck)+rs(2, 1, tcpCheck)) + vs("group h", nat, rs(2, 1, tcpCheck)+rs(3, 4, tcpCheck)),
			steps: []step{down(1), down(2), up(2), up(1)},
		},
		{
			name:  "overlapping ranges",
			conf:  group("g", "10.50.1.1-3 80\n 10.50.1.2-4 80") + vs("group g", nat, rs(1, 1, tcpCheck)+rs(2, 1, tcpCheck)),
			steps: []step{down(1), up(1)},
		},
		{
			name:  "range of 30",
			ours:  true,
			conf:  group("g", "10.50.1.1-30 80") + vs("group g", nat, rs(1, 1, tcpCheck)+rs(2, 1, tcpCheck)),
			steps: []step{down(1), reload("longer", "1.1-30", "1.1-35"), up(1)},
		},
	})
}
