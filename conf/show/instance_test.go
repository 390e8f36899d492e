package show

import (
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"halbd/conf"
)

// load reads text; nothing of the host is asked.
func load(t *testing.T, text string) (*conf.Config, conf.Diagnostics) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "keepalived.conf")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return conf.Load(path, conf.Options{ConfigID: "test"})
}

const hmacKey = "0123456789abcdef0123456789abcdef"

// Instances mean the same when they are read back, without the defaults of
// global_defs that they were written under.
func TestInstancesReadBack(t *testing.T) {
	const trackers = "vrrp_script chk {\nscript \"/bin/x a\"\nweight 7\n}\ntrack_file f {\nfile /run/f\n}\n"
	four := "virtual_ipaddress {\n10.0.0.1/24 dev eth1 label eth1:1 brd + scope link\n10.0.0.2 no_track\n}\n"
	six := "virtual_ipaddress {\nfe80::1\n2001:db8::1/64 preferred_lft 5 home\n}\n"
	peers := "unicast_peer {\n10.0.0.7 min_ttl 10\n10.0.0.8 max_ttl 200\n}\n"
	for name, c := range map[string]struct{ global, group, body string }{
		"plain":          {body: four},
		"defaults":       {global: "vrrp_version 3\nvrrp_garp_master_delay 7\nvrrp_garp_extra_if all 9\nvrrp_lower_prio_no_advert\nvrrp_higher_prio_send_advert\nvrrp_owner_ignore_adverts\nv3_checksum_as_v2\nvrrp_skip_check_adv_addr\nvrrp_check_unicast_src\nvrrp_notify_priority_changes\nvrrp_down_timer_adverts 5\n", body: four + peers},
		"IPv6":           {body: six},
		"IPv6 version 2": {body: "version 2\n" + six},
		"IPv6 strict":    {global: "vrrp_strict\n", body: "version 2\n" + six},
		"native IPv6":    {body: "native_ipv6\nno_virtual_ipaddress\n"},
		"bare IPv6 v2":   {body: "version 2\nmcast_dst_ip ff02::12\nno_virtual_ipaddress\n"},
		"excluded only":  {body: "no_virtual_ipaddress\nvirtual_ipaddress_excluded {\n2001:db8::5\n10.0.0.9/8\n}\n"},
		"strict":         {body: "strict_mode on\npreempt_delay 4\ngarp_master_repeat 2\n" + four},
		"strict owner":   {body: "strict_mode on\nstate BACKUP\npriority 255\naccept\n" + four},
		"strict master":  {body: "strict_mode on\nstate MASTER\npriority 9\n" + four},
		"strict accept":  {body: "strict_mode on\nversion 3\naccept\n" + four},
		"master":         {body: "state MASTER\nno_accept\ndebug 3\n" + four},
		"backup owner":   {body: "state BACKUP\npriority 255\npreempt_delay 2.5\n" + four},
		"nopreempt":      {body: "state BACKUP\nnopreempt\ntimer_expired_backup\nadvert_int 3\n" + four},
		"version 3":      {body: "version 3\nadvert_int 0.25\nv3_checksum_as_v2\nowner_ignore_adverts\n" + four},
		"unicast":        {body: peers + "unicast_src_ip 10.0.0.3\nunicast_ttl 9\ntrack_src_ip\nold_unicast_checksum never\n" + four},
		"old checksum":   {body: peers + "old_unicast_checksum\n" + four},
		"no peers":       {body: "unicast_peer {\n}\nunicast_fault_no_peer\nunicast_src_ip 10.0.0.3\n" + four},
		"multicast":      {body: "mcast_src_ip 10.0.0.3\nmcast_dst_ip 224.0.0.99\n" + four},
		"group":          {global: "vrrp_mcast_group4 224.0.0.77\n", body: four},
		"password":       {body: "authentication {\nauth_type PASS\nauth_pass \"a b#c\"\n}\n" + four},
		"AH":             {body: "state MASTER\npriority 7\nauthentication {\nauth_type AH\nauth_pass x\n}\n" + four},
		"HMAC":           {body: "auth_hmac {\nkey 1 " + hmacKey + "\nkey 9 hex:" + hmacKey + hmacKey + "\nkey 3 \"file:/etc/a key\"\nactive_key 9\nmode permissive\nanti_replay monotonic\ntime_window 20\n}\n" + four},
		"HMAC default":   {body: "advert_int 4\nauth_hmac {\nkey 1 " + hmacKey + "\nactive_key 1\n}\n" + four},
		"VMAC":           {body: "use_vmac 02:0:0:0:1 netlink_notify_msg group 5\nvmac_xmit_base\nuse_vmac_addr\n" + four},
		"named VMAC":     {body: "use_vmac name vmac0\n" + peers + four},
		"ipvlan":         {body: "use_ipvlan ip0 10.0.0.9/24 vepa group 7\n" + four},
		"bare ipvlan":    {body: "use_ipvlan\n" + four},
		"rest":           {body: "promote_secondaries\nlinkbeat_use_polling\ndont_track_primary\nkernel_rx_buf_size 4000\nsmtp_alert\nskip_check_adv_addr off\ngarp_extra_if 3\ngarp_master_refresh 60\n" + four},
		"hooks":          {body: "notify_master \"/bin/m 'a b' \\x22q\\x24{_PWD} '' #! c\\\\d\" 12 13\nnotify_backup /bin/b\nnotify_fault /bin/f\nnotify_stop /bin/s 5\nnotify_master_rx_lower_pri /bin/r\nnotify /bin/n\nnotify_deleted\n" + four},
		"notify_deleted": {body: "notify_deleted /bin/d\n" + four},
		"tracking":       {body: "track_interface {\neth5 weight -3 reverse\neth6\n}\ntrack_script {\nchk\n}\ntrack_file {\nf weight 2 reverse\n}\n" + four},
		"owner tracks":   {body: "priority 255\ntrack_interface {\neth5 weight -3\neth6\n}\ntrack_script {\nchk weight 0 reverse\n}\n" + four},
		"member tracks":  {group: "vrrp_sync_group G {\ngroup {\nVI_1\nVI_2\n}\nnotify_priority_changes\n}\n", body: "track_interface {\neth5 weight -3\n}\ntrack_script {\nchk weight 0\n}\ntrack_file {\nf\n}\n" + four},
	} {
		t.Run(name, func(t *testing.T) {
			second := "vrrp_instance VI_2 {\ninterface eth2\nvirtual_router_id 51\nuse_vmac\n" + "virtual_ipaddress {\n10.9.0.1\n}\n}\n"
			text := "global_defs {\n" + c.global + "}\n" + trackers + c.group + "vrrp_instance VI_1 {\ninterface eth0\nvirtual_router_id 51\n" + c.body + "}\n" + second
			want, _ := load(t, text)
			p := &printer{}
			p.instances(want)
			groups := ""
			for line := range strings.Lines(c.global) {
				if strings.HasPrefix(line, "vrrp_mcast_group") {
					groups += line
				}
			}
			shown := "global_defs {\n" + groups + "}\n" + trackers + c.group + p.text.String()
			got, ds := load(t, shown)
			if diff := cmp.Diff(want.Instances, got.Instances, cmpopts.EquateComparable(netip.Addr{}, netip.Prefix{})); diff != "" {
				t.Errorf("read back (-first +second):\n%s\n%s", diff, shown)
			}
			if len(want.Instances) != 2 {
				t.Fatalf("%d instances", len(want.Instances))
			}
			for _, d := range ds {
				if strings.Contains(d.Text, "nknown") || strings.Contains(d.Text, "invalid") {
					t.Errorf("the text draws %v\n%s", d, shown)
				}
			}
		})
	}
}
