package show

import (
	"bytes"
	"reflect"
	"testing"

	"halbd/conf"
)

// read loads a text without asking anything of this host.
func read(t *testing.T, text string) *conf.Config {
	t.Helper()
	c, ds := load(t, text)
	for _, d := range ds {
		if d.Severity == conf.Error && d.Code != duplicateBlock {
			t.Errorf("%v in\n%s", d, text)
		}
	}
	return c
}

// duplicateBlock is what the second writing of the members draws.
const duplicateBlock conf.Code = 301

// members are instances for the sync groups of the examples.
const members = `
vrrp_instance VI_1 {
    interface eth0
    virtual_router_id 51
    virtual_ipaddress {
        10.0.0.1
    }
}
vrrp_instance VI_2 {
    interface eth1
    virtual_router_id 52
    virtual_ipaddress {
        10.0.1.1
    }
}
`

var globals = map[string]string{
	"nothing": "",
	"root": `
net_namespace blue
net_namespace_ipvs green
namespace_with_ipsets
instance one
use_pid_dir
linkbeat_use_polling
child_wait_time 7
`,
	"ipvs in the namespace of the start": "net_namespace blue\nnet_namespace_ipvs\n",
	"mail": `
global_defs {
    router_id "lb 1"
    notification_email {
        a@example.org
        "B <b@example.org>"
    }
    notification_email_from "LB <lb@example.org>"
    smtp_server 2001:db8::25 587
    smtp_helo_name lb.example.org
    smtp_connect_timeout 12
    no_email_faults
}
`,
	"mail by name": "global_defs {\n smtp_server mail.example.org\n}\n",
	"processes": `
global_defs {
    process_names
    process_name parent
    vrrp_process_name v
    checker_process_name c
    bfd_process_name b
    vrrp_priority -10
    vrrp_rt_priority 50
    vrrp_rlimit_rttime 5000
    vrrp_no_swap
    vrrp_cpu_affinity 0 3
    checker_priority 5
    bfd_rt_priority 20
    bfd_rlimit_rttime 20000
    bfd_no_swap
    bfd_cpu_affinity 1
    max_auto_priority -1
    min_auto_priority_delay 250000
}
`,
	"scripts": `
global_defs {
    enable_script_security
    script_user 1000 1000
    use_symlink_paths
    set_supplementary_groups on
    umask IWGRP|IRWXO
    startup_script "/bin/start '' 'a b' \"x\" \x24HOME"
    startup_script_timeout 3
    shutdown_script /bin/stop 5 6
    shutdown_script_timeout 4
    notify_fifo /run/all 7 8
    notify_fifo_script "/bin/all a"
    vrrp_notify_fifo /run/vrrp
    lvs_notify_fifo "/run/with blank"
    lvs_notify_fifo_script /bin/lvs 9 9
    fifo_write_vrrp_states_on_reload
}
`,
	"vrrp": `
global_defs {
    dynamic_interfaces allow_if_changes
    disable_local_igmp
    vrrp_mcast_group4 224.0.0.20
    vrrp_mcast_group6 ff02::20
    vrrp_garp_interval 0.001
    vrrp_gna_interval 0.000001
    vrrp_startup_delay 5.5
    vrrp_delay_after_boot 60
    log_unknown_vrids
    vmac_prefix vm
    vmac_addr_prefix va
    random_seed 0
}
`,
	"lvs": `
global_defs {
    lvs_timeouts tcp 900 udp 300
    lvs_sync_daemon eth0 inst VI_1 id 7 maxlen 1400 port 8849 ttl 2 group 224.0.0.82
    lvs_flush
    lvs_flush_on_stop VS
    rs_init_notifies
    checker_log_all_failures
}
` + members,
	"firewall": `
global_defs {
    vrrp_iptables IN OUT
    vrrp_ipsets a b c d e f
    nftables vrrp
    nftables_priority -5
    nftables_ifindex
    nftables_counters
    nftables_ipvs
    nftables_ipvs_priority 7
    nftables_ipvs_start_fwmark 2000
}
`,
	"iptables by default, no sets": "global_defs {\n vrrp_iptables\n vrrp_ipsets\n dynamic_interfaces\n}\n",
	"surroundings": `
global_defs {
    snmp_socket udp:localhost:705
    enable_traps
    enable_snmp_keepalived
    enable_snmp_rfc
    enable_snmp_checker
    snmp_vs_stats_update_interval 1.5
    snmp_rs_stats_update_interval 0.001
    enable_dbus
    dbus_service_name org.example.Vrrp
    dbus_no_interface_name none
    vrrp_netlink_cmd_rcv_bufs 1000
    vrrp_netlink_cmd_rcv_bufs_force
    vrrp_netlink_monitor_rcv_bufs 2000
    lvs_netlink_cmd_rcv_bufs 3000
    lvs_netlink_monitor_rcv_bufs_force on
    process_monitor_rcv_bufs 4294967295
    vrrp_rx_bufs_policy advert
    vrrp_rx_bufs_multiplier 5
}
`,
	"files": `
global_defs {
    vrrp_rx_bufs_policy 65536
    strict_config
    control_socket /run/halbd/x.sock
    control_listen 10.0.0.1:9112 insecure
    control_tls /etc/halbd/x.pem /etc/halbd/x.key
    control_token_file /etc/halbd/token
    notify_coalesce
    notify_timeout 2.5
    notify_webhook https://hooks.example.org/a
    notify_webhook "http://user:pass@10.0.0.1:8080/b c"
    smtp_tls starttls
    smtp_auth lb "pass word"
    reload_check_config /var/log/reload.log
    reload_time_file /run/reload.time
    reload_repeat
    reload_file
    config_save_dir /var/lib/halbd
    tmp_config_directory /var/tmp
    iproute_usr_dir /usr/share/iproute2
    iproute_etc_dir /etc/iproute2
    data_use_instance
    state_dump_file /tmp/state
    stats_dump_file /tmp/stats
    json_dump_file /tmp/json
    json_version 2
}
`,
	"links": `
garp_group {
    garp_interval 0.5
    interface eth0
    interfaces {
        eth1 eth2
        eth3
    }
}
garp_group {
    gna_interval 1.000001
    interface eth4
}
linkbeat_interfaces {
    eth0 MII
    eth1
}
interface_up_down_delays {
    eth0 1 2.5
    eth1 3
}
`,
	"trackers": `
vrrp_script chk {
    script "/bin/chk -a 'b c'"
    user 12 13
    interval 0.25
    timeout 4
    weight -20 reverse
    rise 2
    fall 3
    init_fail
}
vrrp_script plain {
    script /bin/plain
}
track_file load {
    file "/run/the load"
    weight 5 reverse
    init_file 10 overwrite
}
track_file plain {
    file /run/x
    init_file
}
vrrp_track_process sshd {
    process /usr/sbin/sshd -D "a b"
    param_match partial
    weight 10 reverse
    quorum 2
    quorum_max 5
    fork_delay 1
    terminate_delay 0.000002
    full_command
}
vrrp_track_process absent {
    process bad
    quorum_max 0
}
vrrp_track_process exact {
    process a b
}
bfd_instance near {
    neighbor_ip 192.0.2.1
    source_ip 192.0.2.2
    min_rx 50.5
    min_tx 4294967
    idle_tx 1000.001
    multiplier 3
    passive
    ttl 255
    max_hops -1
    multihop
    weight -10 reverse
    vrrp
}
bfd_instance six {
    neighbor_ip 2001:db8::1
}
vrrp_sync_group G {
    group {
        VI_1
        VI_2
    }
    track_interface {
        eth5 weight 10 reverse
    }
    track_script {
        chk weight 5
        plain
    }
    track_file {
        load
    }
    track_process {
        sshd
    }
    track_bfd {
        near
        six weight 3
    }
    sync_group_tracking_weight
    smtp_alert
    notify_master "/bin/m x" 1 2
    notify_stop /bin/s
    notify /bin/n
    notify_priority_changes on
}
` + members,
}

// What is written reads back as the same settings.
func TestGlobalsReadBack(t *testing.T) {
	for name, text := range globals {
		t.Run(name, func(t *testing.T) {
			want := read(t, text)
			var out bytes.Buffer
			if err := Write(&out, want); err != nil {
				t.Fatal(err)
			}
			got := read(t, out.String()+members)
			if len(want.Instances) == 0 {
				got.Instances = nil
			}
			for _, pair := range [][2]any{
				{want.Global, got.Global}, {want.Scripts, got.Scripts}, {want.TrackFiles, got.TrackFiles},
				{want.TrackProcesses, got.TrackProcesses}, {want.BFDs, got.BFDs}, {want.SyncGroups, got.SyncGroups},
				{want.GARPGroups, got.GARPGroups}, {want.LinkPolls, got.LinkPolls}, {want.LinkDelays, got.LinkDelays},
			} {
				if !reflect.DeepEqual(pair[0], pair[1]) {
					t.Errorf("want %+v\n got %+v\nfrom\n%s", pair[0], pair[1], out.String())
				}
			}
		})
	}
}
