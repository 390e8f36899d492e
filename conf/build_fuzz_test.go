package conf

import (
	"os"
	"path/filepath"
	"testing"
)

// No text may panic the builder, whatever the order of its statements.
func FuzzBuild(f *testing.F) {
	f.Add(pair + servers)
	f.Add("virtual_server_group a {\n}\nvirtual_server_group a {\n1.2.3.4-5\n}\nvirtual_server group a {\nreal_server x\n}\n")
	f.Add("vrrp_instance a {\nunicast_peer\n}\ntrack_interface {\n}\n")
	f.Add("vrrp_instance a {\nuse_vmac name 2:0:0:0:1 group x\nuse_ipvlan ::1/129\nauth_hmac {\nkey 1 hex:0 x\nkey 2 file:/\nactive_key 1\n}\ngarp_extra_if all\nkernel_rx_buf_size\nversion 2\nnative_ipv6\n}\n")
	f.Add("static_routes {\n10.0.0.0/8 via inet 10.0.0.1 dev eth0 rtt lock 1.5s realms 1/2 encap ip id 5 nexthop via 10.0.0.2 weight 5 encap mpls 16/17\n}\n")
	f.Add("track_group a {\ngroup {\nb\n}\n}\nstatic_rules {\nfrom 10.0.0.0/8 uidrange 1-2 sport 1-2 fwmark 1/2 type goto 9 priority 0x8 track_group a\n}\n")
	f.Add("bfd_instance a {\nneighbor_ip 1.2.3.4/33\nmax_hops -1\nmin_rx 4294967\n}\nvrrp_track_process p {\nprocess a\nquorum_max 0\n}\nvrrp_sync_group g {\ntrack_bfd {\na weight\n}\ntrack_process {\np weight 1 x\n}\n}\n")
	f.Add("garp_group {\ninterfaces {\na a\n}\n}\ninterface_up_down_delays {\na 1 2\n}\nglobal_defs {\nnotification_email {\n}\nvrrp_rx_bufs_policy mtu\numask |\nvrrp_ipsets\n}\n")
	f.Fuzz(func(t *testing.T, text string) {
		path := filepath.Join(t.TempDir(), "f")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Skip(err)
		}
		if cfg, _ := Load(path, Options{Host: fakeHost{scripts: true}}); cfg == nil {
			t.Fatal("no configuration")
		}
	})
}
