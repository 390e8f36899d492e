package ipvskernel

import "testing"

// What the global settings and the daemon's start and end do to the kernel.
func TestGlobalTables(t *testing.T) {
	nat := "lb_algo rr\n lb_kind NAT\n protocol TCP\n "
	one := vs("10.50.0.1 80", nat, rs(1, 1, tcpCheck)+rs(2, 2, tcpCheck))
	global := func(text string) string { return "global_defs {\n " + text + "\n}\n" }
	const (
		foreign  = "ipvsadm -A -t 10.70.0.1:80 -s wlc && ipvsadm -a -t 10.70.0.1:80 -r 10.60.0.7:80 -m"
		daemons  = "ipvsadm -Ln --daemon | LC_ALL=C sort"
		timeouts = "ipvsadm -Ln --timeout"
	)
	playScenarios(t, []scenario{
		{name: "timeouts", also: timeouts, conf: global("lvs_timeouts tcp 1000 tcpfin 60 udp 200") + one},
		{
			name: "one timeout", also: timeouts, setup: "ipvsadm --set 111 22 33", conf: global("lvs_timeouts udp 44") + one,
		},
		{name: "sync daemons", also: daemons, conf: global("lvs_sync_daemon lo") + one},
		{name: "sync daemons with every option", also: daemons, conf: global("lvs_sync_daemon lo id 33 maxlen 1400 port 8849 ttl 3 group 224.0.0.99") + one},
		{name: "sync daemons of IPv6", also: daemons, conf: global("lvs_sync_daemon lo id 255 ttl 255 group ff02::8:9") + one},
		{
			name: "sync daemon of an instance", also: daemons,
			setup: "ip link add eth0 type veth peer name eth9 && ip link set eth9 up && ip addr add 10.9.0.1/16 dev eth0 && ip link set eth0 up",
			conf:  global("lvs_sync_daemon eth0 inst V ttl 2") + "vrrp_instance V {\n interface eth0\n virtual_router_id 77\n priority 200\n advert_int 1\n virtual_ipaddress {\n 10.9.1.1/32\n }\n}\n" + one,
			steps: []step{shell("ip link set eth0 down"), shell("ip link set eth0 up")},
		},
		{
			name: "sync daemons outlive a reload", also: daemons, conf: global("lvs_sync_daemon lo id 7") + one,
			steps: []step{reload("a weight", "weight 2", "weight 5")},
		},
		{name: "foreign services stay", setup: foreign, conf: one, steps: []step{down(1), up(1)}},
		{name: "flush at the start", setup: foreign + " && ipvsadm -A -t 10.50.0.1:80 -s sh && ipvsadm -a -t 10.50.0.1:80 -r 10.60.0.8:80 -g", conf: global("lvs_flush") + one},
		{name: "flush at the end", setup: foreign, conf: global("lvs_flush_on_stop") + one},
		{name: "flush ours at the end", setup: foreign, conf: global("lvs_flush_on_stop VS") + one, steps: []step{down(1)}},
		{name: "end with inhibited servers", conf: vs("10.50.0.1 80", nat+"inhibit_on_failure\n sorry_server 127.0.0.9 8000", rs(1, 1, tcpCheck)), steps: []step{down(1)}},
	})
}
