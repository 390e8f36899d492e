package ipvskernel

import "testing"

// What servers that come and go do to the table.
func TestTables(t *testing.T) {
	nat := "lb_algo wrr\n lb_kind NAT\n protocol TCP\n "
	playScenarios(t, []scenario{
		{
			name:  "sorry server",
			conf:  vs("10.50.0.1 80", nat+"sorry_server 127.0.0.9 8000", rs(1, 1, httpCheck)+rs(2, 2, httpCheck)),
			steps: []step{down(1), down(2), up(2), answers(2, 200, "else"), answers(2, 200, "hello\n"), up(1)},
		},
		{
			name:  "inhibit and quorum",
			conf:  vs("10.50.0.1 80", nat+"quorum 2\n sorry_server 127.0.0.9 8000", rs(1, 1, "inhibit_on_failure\n"+tcpCheck)+rs(2, 1, tcpCheck)),
			steps: []step{down(1), up(1), down(1, 2), up(2), up(1)},
		},
		{
			name:  "hysteresis",
			conf:  vs("10.50.0.1 80", nat+"quorum 3\n hysteresis 1\n sorry_server 127.0.0.9 8000\n alpha", rs(1, 1, tcpCheck)+rs(2, 1, tcpCheck)+rs(3, 1, tcpCheck)+rs(4, 1, tcpCheck)),
			steps: []step{down(1), down(2), down(3), up(1), up(2), up(3)},
		},
		{
			name:  "misc weight",
			setup: "echo 0 > $DIR/code",
			conf:  vs("10.50.0.1 80", nat, rs(1, 10, " MISC_CHECK {\n misc_path \"/bin/sh -c 'exit $(cat $DIR/code)'\"\n misc_dynamic\n misc_timeout 5\n }")),
			steps: []step{shell("echo 52 > $DIR/code"), shell("echo 1 > $DIR/code"), shell("echo 2 > $DIR/code"), shell("echo 255 > $DIR/code"), shell("echo 0 > $DIR/code")},
		},
		{
			name:  "group",
			conf:  "virtual_server_group g {\n 10.50.1.1-2 80\n fwmark 77\n}\n" + vs("group g", "lb_algo wlc\n lb_kind NAT\n protocol TCP", rs(1, 1, tcpCheck)+rs(2, 1, "")),
			steps: []step{down(1), up(1)},
		},
		{
			name: "reload",
			conf: vs("10.50.0.1 80", nat, rs(1, 1, tcpCheck)+rs(2, 2, tcpCheck)) + vs("10.50.0.2 80", nat, rs(3, 1, tcpCheck)),
			steps: []step{
				down(1),
				reload("weight, key and scheduler; 1 stays down", "weight 2", "weight 9", "10.50.0.2", "10.50.0.3", "lb_algo wrr", "lb_algo wlc"),
				up(1),
			},
		},
	})
}
