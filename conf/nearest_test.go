package conf

import (
	"strings"
	"testing"
)

// An unknown keyword is answered with what was meant.
func TestSuggest(t *testing.T) {
	for _, c := range []struct{ block, word, want string }{
		{"vrrp_instance", "priorty", "'priority'"},
		{"vrrp_instance", "Priority", "'priority'"},
		{"vrrp_instance", "virtual_ipadress", "'virtual_ipaddress'"},
		{"vrrp_instance", "virtualRouterID", "'virtual_router_id'"},
		{"vrrp_instance", "virtual-router-id", "'virtual_router_id'"},
		{"vrrp_instance", "netify_backup", "'notify_backup'"},
		{"vrrp_instance", "macast_src_ip", "'mcast_src_ip'"},
		{"virtual_server", "lbKind", "'lvs_method'"},
		{"virtual_server", "lb_argo", "'lvs_sched'"},
		{"virtual_server/real_server", "weigth", "'weight'"},
		{"virtual_server/real_server", "HTTP-GET", "'HTTP_GET'"},
		{"virtual_server/real_server", "tcp_check", "'TCP_CHECK'"},
		{"virtual_server/real_server/TCP_CHECK", "nb_get_retry", "'retry'"},
		{"virtual_server/real_server", "connect_port", "belongs in virtual_server/real_server/"},
		{"vrrp_script", "inteval", "'interval'"},
		{"global_defs", "smtp_connect_time", "'smtp_connect_timeout'"},
		{"global_defs", "lvs_id", "router_id"},
		{"virtual_server", "nat_mask", "remove"},
		{"vrrp_instance", "lvs_sync_daemon_inteface", "'lvs_sync_daemon_interface'"},
		{"global_defs", "lvs_sync_daemon_inteface", "'lvs_sync_daemon'"},
		{"global_defs", "nb_get_retry", "write 'retry'"},
		{"root", "virtual_ipadress", "'virtual_ipaddress' belongs in vrrp_instance"},
		{"vrrp_instance", "real_server", "belongs in virtual_server:"},
		{"vrrp_instance", "vrrp_instance", "belongs in the top level"},
		{"root", "priority", "belongs in vrrp_instance: is a brace missing"},
		{"root", "vvrp_script", "'vrrp_script'"},
		{"root", "global_def", "'global_defs'"},
		{"vrrp_instance", "xyzzy", ""},
		{"vrrp_instance", "}", ""},
		{"vrrp_instance", "a", ""},
	} {
		table := keywordIndex()
		got := table.suggest(table.block(c.block), c.word)
		if (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
			t.Errorf("suggest(%s, %s) = %q, want %q", c.block, c.word, got, c.want)
		}
	}
}
