package ipvskernel

import "testing"

// What a reload changes in the table, and what it leaves (contracts 5.5).
func TestReloadTables(t *testing.T) {
	nat := "lb_algo rr\n lb_kind NAT\n protocol TCP\n "
	playScenarios(t, []scenario{
		{
			name: "settings in place",
			conf: vs("10.50.0.1 80", nat, rs(1, 1, tcpCheck)+rs(2, 1, tcpCheck)),
			steps: []step{
				reload("weight", "127.0.0.2 8000 {\n weight 1", "127.0.0.2 8000 {\n weight 5"),
				reload("scheduler", "lb_algo rr", "lb_algo sh"),
				reload("persistence", "protocol TCP", "protocol TCP\n persistence_timeout 60"),
				reload("forwarding", "lb_kind NAT", "lb_kind TUN"),
				reload("forwarding back", "lb_kind TUN", "lb_kind NAT"),
			},
		},
		{
			name: "servers come and go",
			conf: vs("10.50.0.1 80", nat, rs(1, 1, tcpCheck)+rs(2, 1, tcpCheck)),
			steps: []step{
				reload("one more", "}\n}\n", "}\n"+rs(3, 7, tcpCheck)+"}\n"),
				reload("another address", "127.0.0.2 8000", "127.0.0.5 8000"),
				reload("another order and one less", rs(2, 1, tcpCheck), "", rs(3, 7, tcpCheck), rs(3, 7, tcpCheck)+rs(2, 1, tcpCheck)),
			},
		},
		{
			name: "a dead server stays out",
			conf: vs("10.50.0.1 80", nat, rs(1, 1, tcpCheck)+rs(2, 1, tcpCheck)),
			steps: []step{
				down(1),
				reload("another server's weight", "127.0.0.3 8000 {\n weight 1", "127.0.0.3 8000 {\n weight 3"),
				reload("its weight", "127.0.0.2 8000 {\n weight 1", "127.0.0.2 8000 {\n weight 8"),
				up(1),
			},
		},
		{
			name: "alpha of a new server",
			conf: vs("10.50.0.1 80", nat+"alpha", rs(1, 1, tcpCheck)),
			steps: []step{
				reload("a live one", "}\n}\n", "}\n"+rs(2, 2, tcpCheck)+"}\n"),
				down(3),
				reload("a dead one", "}\n}\n", "}\n"+rs(3, 3, tcpCheck)+"}\n"),
				up(3),
			},
		},
		{
			name: "keys of virtual servers",
			conf: vs("10.50.0.1 80", nat, rs(1, 1, tcpCheck)+rs(2, 1, tcpCheck)) + vs("fwmark 5", "lb_algo rr\n lb_kind NAT", rs(3, 1, tcpCheck)),
			steps: []step{
				reload("port", "10.50.0.1 80", "10.50.0.1 81"),
				reload("protocol", "protocol TCP", "protocol UDP"),
				reload("fwmark", "fwmark 5", "fwmark 6"),
				reload("address instead of a fwmark", "fwmark 6", "10.50.0.9 80"),
			},
		},
		{
			name: "dead servers under another key",
			conf: vs("10.50.0.1 80", nat, rs(1, 1, tcpCheck)+rs(2, 1, tcpCheck)),
			steps: []step{
				down(1),
				reload("port", "10.50.0.1 80", "10.50.0.1 81"),
			},
		},
		{
			name: "bad address", ours: true,
			conf: vs("10.50.0.1 80", nat, rs(1, 1, tcpCheck)) + vs("10.50.0.2 80", nat, rs(2, 1, tcpCheck)+rs(3, 1, tcpCheck)),
			steps: []step{
				reload("of a real server", "real_server 127.0.0.3", "real_server 127.0.0.333"),
				reload("mended", "127.0.0.333", "127.0.0.3"),
				reload("of a virtual server", "10.50.0.1 80", "10.50.0.1x 80"),
			},
		},
		{
			name: "sorry server comes and goes",
			conf: vs("10.50.0.1 80", nat, rs(1, 1, tcpCheck)),
			steps: []step{
				down(1),
				reload("comes", "protocol TCP", "protocol TCP\n sorry_server 127.0.0.9 8000"),
				reload("another", "127.0.0.9 8000", "127.0.0.10 8000"),
				reload("with a method", "127.0.0.10 8000", "127.0.0.10 80\n sorry_server_lvs_method DR"),
				up(1),
				down(1),
				reload("goes", "\n sorry_server 127.0.0.10 80\n sorry_server_lvs_method DR", ""),
				up(1),
			},
		},
		{
			name: "inhibited sorry server", ours: true,
			conf: vs("10.50.0.1 80", nat+"sorry_server 127.0.0.9 8000\n sorry_server_inhibit", rs(1, 1, "inhibit_on_failure\n"+tcpCheck)+rs(2, 1, tcpCheck)),
			steps: []step{
				down(1),
				down(2),
				reload("weights", "weight 1", "weight 6"),
				up(1),
				reload("not inhibited", "\n sorry_server_inhibit", ""),
				up(2),
			},
		},
		{
			name: "quorum",
			conf: vs("10.50.0.1 80", nat+"quorum 1\n sorry_server 127.0.0.9 8000", rs(1, 1, tcpCheck)+rs(2, 1, tcpCheck)+rs(3, 1, tcpCheck)),
			steps: []step{
				down(1, 2),
				reload("2 of 3", "quorum 1", "quorum 2"),
				up(1),
				reload("3 of 3", "quorum 2", "quorum 3"),
				reload("more weight", "127.0.0.2 8000 {\n weight 1", "127.0.0.2 8000 {\n weight 3"),
				reload("1 of 3", "quorum 3", "quorum 1"),
			},
		},
		{
			name: "group members come and go", ours: true,
			conf: "virtual_server_group g {\n 10.50.1.1-3 80\n fwmark 7\n}\n" + vs("group g", nat, rs(1, 1, tcpCheck)+rs(2, 1, tcpCheck)),
			steps: []step{
				reload("longer", "1.1-3", "1.1-5"),
				down(1),
				reload("shorter", "1.1-5", "1.2-3"),
				reload("another mark and an address", "fwmark 7", "fwmark 8\n 10.50.2.1 90"),
				up(1),
				reload("another port", "10.50.2.1 90", "10.50.2.1 91"),
			},
		},
		{
			name: "group and address",
			conf: "virtual_server_group g {\n 10.50.1.1-2 80\n}\n" + vs("group g", nat, rs(1, 1, tcpCheck)+rs(2, 1, tcpCheck)),
			steps: []step{
				reload("an address now", "virtual_server group g", "virtual_server 10.50.1.1 80"),
				reload("the group again", "virtual_server 10.50.1.1 80", "virtual_server group g"),
				reload("another group", "group g ", "group h ", "server_group g", "server_group h"),
			},
		},
		{
			name: "all virtual servers go",
			conf: vs("10.50.0.1 80", nat, rs(1, 1, tcpCheck)) + vs("10.50.0.2 80", nat, rs(2, 1, tcpCheck)),
			steps: []step{
				reload("one", vs("10.50.0.1 80", nat, rs(1, 1, tcpCheck)), ""),
				reload("and back", "virtual_server", vs("10.50.0.1 80", nat, rs(1, 1, tcpCheck))+"virtual_server"),
			},
		},
		{
			name: "thresholds and methods of one server", ours: true,
			also: "ipvsadm -Ln --thresholds | tail -n +4",
			conf: vs("10.50.0.1 80", nat, rs(1, 1, "uthreshold 9\n"+tcpCheck)+rs(2, 1, "lvs_method DR\n"+tcpCheck)),
			steps: []step{
				down(1),
				reload("while it is dead", "uthreshold 9", "uthreshold 10\n lthreshold 5"),
				up(1),
				reload("gone", "uthreshold 10\n lthreshold 5\n", "", "lvs_method DR\n", ""),
			},
		},
		{
			name: "checker edited while its server is dead",
			conf: vs("10.50.0.1 80", nat, rs(1, 1, tcpCheck)+rs(2, 1, tcpCheck)),
			steps: []step{
				down(1),
				reload("checks another port", " TCP_CHECK {\n", " TCP_CHECK {\n connect_ip 127.0.0.5\n connect_port 8000\n"),
			},
		},
	})
}
