package conf

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// fakeHost is a machine with the interfaces eth0 to eth9, or those that has
// allows, and the account root.
type fakeHost struct {
	has     func(string) bool
	scripts bool // every script exists
	users   bool // every account exists
	unsafe  bool
}

func (h fakeHost) InterfaceExists(name string) bool {
	if h.has != nil {
		return h.has(name)
	}
	return len(name) == 4 && strings.HasPrefix(name, "eth")
}

// ReusableLink: ethN belong to somebody else, and there is nothing else.
func (h fakeHost) ReusableLink(string, bool) bool { return false }

// PrimaryAddress of ethN is 192.168.N.1.
func (h fakeHost) PrimaryAddress(name string, f Family) netip.Addr {
	if n, ok := strings.CutPrefix(name, "eth"); ok && f == IPv4 {
		if a, err := netip.ParseAddr("192.168." + n + ".1"); err == nil {
			return a
		}
	}
	return netip.Addr{}
}

// MTU of every interface is that of Ethernet.
func (h fakeHost) MTU(string) int { return 1500 }

func (h fakeHost) CPUs() int { return 64 }

func (h fakeHost) CheckTLSClient(t *TLSClient) error {
	for _, path := range []string{t.CA, t.Certificate, t.Key} {
		if strings.HasPrefix(path, "/no/such") {
			return fs.ErrNotExist
		}
	}
	return nil
}

func (h fakeHost) ResolveHost(name string) error {
	if strings.HasSuffix(name, ".invalid") {
		return errors.New("no such host")
	}
	return nil
}

func (h fakeHost) LookupUser(name string) (uid, gid uint32, err error) {
	switch {
	case name == "root":
		return 0, 0, nil
	case h.users:
		return 1000, 1000, nil
	}
	return 0, 0, errors.New("no such user")
}

// ReadFile reads what a test has written.
func (h fakeHost) ReadFile(path string, most int64) ([]byte, error) {
	data, err := os.ReadFile(path)
	return data[:min(int64(len(data)), most)], err
}

func (h fakeHost) DirectoryExists(path string) bool { return !strings.HasPrefix(path, "/no/such") }

func (h fakeHost) LookupGroup(name string) (uint32, error) { return 2000, nil }

func (h fakeHost) SupplementaryGroups(uid uint32) []uint32 { return []uint32{uid + 1, uid + 2} }

func (h fakeHost) CheckScript(c Command, _ bool) (Command, ScriptVerdict) {
	return c, ScriptVerdict{Missing: !h.scripts, Insecure: h.unsafe, Reason: "test"}
}

// LookupName knows what /etc/iproute2 and /etc/protocols hold everywhere, and the VRF blue.
func (h fakeHost) LookupName(kind NameKind, name string, _ ...string) (uint32, error) {
	n, ok := map[NameKind]map[string]uint32{
		NameTable: {"unspec": 0}, NameProtocol: {"keepalived": 18}, NameRealm: {"cosmos": 0}, NameDSField: {"AF11": 0x28, "CS1": 0x20},
		NameGroup: {"default": 0}, NameIPProtocol: {"tcp": 6, "TCP": 6, "udp": 17}, NameVRF: {"blue": 1000},
	}[kind][name]
	if !ok {
		return 0, errors.New("no such name")
	}
	return n, nil
}

func loadText(t testing.TB, text string, host Host) (*Config, Diagnostics) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "keepalived.conf")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return Load(path, Options{ConfigID: "test", Host: host})
}

const pair = `
global_defs {
  router_id lb1
  vrrp_garp_master_delay 2
  vrrp_version 3
  script_user root
  enable_script_security
  lvs_sync_daemon eth1 VI_1 id 7 maxlen 1400 port 8849 ttl 2 group 224.0.0.82
  lvs_timeouts tcp 100 udp 30
  umask IXUSR|IRWXG|IRWXO
}
static_ipaddress {
  10.9.9.1/24 dev eth1 brd + scope link label eth1:9
}
vrrp_script chk {
  script "/usr/bin/test -e 'a b' \x41\102"
  interval 1.5
  weight -20 reverse
  fall 3
}
track_file load { file /run/load
 weight 2 }
vrrp_sync_group G {
  group { VI_1
   VI_6 }
  sync_group_tracking_weight
  notify "/bin/g x"
}
vrrp_instance VI_1 {
  state BACKUP
  interface eth0
  virtual_router_id 51
  version 2
  priority 150
  advert_int 2
  garp_master_repeat 3
  authentication {
    auth_type PASS
    auth_pass secret
  }
  unicast_src_ip 10.0.0.1
  unicast_peer { 10.0.0.2 min_ttl 10 max_ttl 200 }
  track_interface { eth1 weight 10 }
  track_script { chk
    }
  track_file { load weight 5 reverse }
  virtual_ipaddress {
    10.0.0.100/24 dev eth1 label eth1:1
    10.0.0.101
  }
  virtual_ipaddress_excluded { 2001:db8::1/64 }
  notify_master "/bin/m a" root
}
vrrp_instance VI_6 {
  interface eth0
  virtual_router_id 51
  advert_int 0.25
  virtual_ipaddress { fe80::100 }
}
`

func TestBuildVRRP(t *testing.T) {
	cfg, ds := loadText(t, pair, fakeHost{scripts: true})
	if ds = ds.NotHonoured(); len(ds) != 0 {
		t.Fatalf("diagnostics: %v", ds)
	}
	g := cfg.Global
	if g.Umask != 0o177 || g.LVSTimeouts.TCP != 100*time.Second || g.LVSSyncDaemon.ID != 7 || g.LVSSyncDaemon.Instance != "VI_1" || g.LVSSyncDaemon.TTL != 2 {
		t.Errorf("global: %+v %+v", g, g.LVSSyncDaemon)
	}
	if a := cfg.StaticAddresses[0]; a.Broadcast != netip.MustParseAddr("10.9.9.255") || a.Scope != 253 || a.Label != "eth1:9" || a.PreferredLifetime != Forever {
		t.Errorf("static address: %+v", a)
	}
	s := cfg.Scripts[0]
	if !reflect.DeepEqual(s.Command.Args, []string{"/usr/bin/test", "-e", "a b", "AB"}) || s.Interval != 1500*time.Millisecond || s.Timeout != s.Interval || s.Weight != -20 || !s.Reverse || s.Fall != 3 || s.Rise != 1 {
		t.Errorf("script: %+v", s)
	}
	if len(cfg.SyncGroups) != 1 || !reflect.DeepEqual(cfg.SyncGroups[0].Members, []string{"VI_1", "VI_6"}) || cfg.SyncGroups[0].Notify.Any == nil {
		t.Errorf("groups: %+v", cfg.SyncGroups)
	}
	i := cfg.Instances[0]
	want := GARP{MasterDelay: 2 * time.Second, MasterRepeat: 3, RefreshRepeat: 1, LowerPrioDelay: 2 * time.Second, LowerPrioRepeat: 5}
	if i.GARP != want || i.Version != 2 || i.Priority != 150 || i.AdvertInterval != 2*time.Second || string(i.AuthPass) != "secret" || i.AuthType != AuthPass {
		t.Errorf("instance: %+v", i)
	}
	if !i.Unicast || i.Source != netip.MustParseAddr("10.0.0.1") || i.UnicastPeers[0] != (UnicastPeer{netip.MustParseAddr("10.0.0.2"), 10, 200}) || i.Destination.IsValid() {
		t.Errorf("unicast: %+v", i)
	}
	if i.Addresses[0].Interface != "eth1" || i.Addresses[1].Interface != "eth0" || i.Addresses[1].Prefix.Bits() != 32 || i.Excluded[0].PreferredLifetime != Forever {
		t.Errorf("addresses: %+v %+v", i.Addresses, i.Excluded)
	}
	tracks := Tracking{Interfaces: []Track{{"eth1", 10, false}}, Scripts: []Track{{"chk", -20, true}}, Files: []Track{{"load", 5, true}}}
	if !reflect.DeepEqual(i.Track, tracks) {
		t.Errorf("tracks: %+v", i.Track)
	}
	if !reflect.DeepEqual(i.Notify.Master.Args, []string{"/bin/m", "a"}) {
		t.Errorf("notify: %+v", i.Notify.Master)
	}
	six := cfg.Instances[1]
	if six.Family != IPv6 || six.Version != 3 || six.Priority != 100 || six.AdvertInterval != 250*time.Millisecond || six.Destination != netip.MustParseAddr("ff02::12") || six.Addresses[0].PreferredLifetime != 0 || six.DownTimerAdverts != 3 {
		t.Errorf("IPv6 instance: %+v", six)
	}
}

const servers = `
virtual_server_group vg {
  10.0.0.200-203 80
  10.0.1.0/30 80
  fwmark 5 inet
}
virtual_server 10.0.0.200 443 {
  delay_loop 6
  retry 4
  lvs_sched mh
  mh-port
  lvs_method TUN type gue port 6080 csum
  persistence_timeout
  persistence_granularity 255.255.255.0
  protocol tcp
  virtualhost www.example
  quorum 2
  hysteresis 1
  weight 2
  sorry_server 10.0.0.9 443
  sorry_server_lvs_method NAT
  real_server 192.168.0.1 443 {
    inhibit_on_failure
    SSL_GET {
      connect_port 8443
      enable_sni
      url { path /
       digest AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA
       status_code 200-204 301
      }
      url {
       path /b
       virtualhost b.example
      }
    }
    TCP_CHECK { bind_port 99
     connect_timeout 1.5
     retry 0 }
  }
  real_server 192.168.0.2 443 {
    weight 5
    lvs_method NAT
    MISC_CHECK { misc_path "/bin/c x"
     misc_dynamic
    }
  }
}
virtual_server fwmark 9 {
  ip_family inet6
  lvs_sched rr
  lvs_method NAT
  real_server 2001:db8::1 80 { weight 1 }
}
virtual_server group vg {
  lvs_sched rr
  lvs_method NAT
  protocol UDP
  real_server 192.168.0.2 443 { weight 1 }
}
`

func TestBuildServers(t *testing.T) {
	cfg, ds := loadText(t, "global_defs {\nscript_user root\nenable_script_security\n}\n"+servers, fakeHost{scripts: true})
	if len(ds) != 0 {
		t.Fatalf("diagnostics: %v", ds)
	}
	v := cfg.VirtualServers[0]
	if v.Addr != netip.MustParseAddrPort("10.0.0.200:443") || v.Scheduler != "mh" || v.SchedFlags != 16 || v.Persistence != 360 || v.Granularity != 0xffffff00 || v.Protocol != ProtoTCP || v.Quorum != 2 || v.Hysteresis != 1 {
		t.Errorf("server: %+v", v)
	}
	if v.Forwarding != (Forwarding{TUN, TunnelGUE, 6080, TunnelCsumOn}) || v.Sorry.Forwarding.Method != NAT || v.Sorry.Addr.String() != "10.0.0.9:443" {
		t.Errorf("forwarding: %+v %+v", v.Forwarding, v.Sorry)
	}
	r := v.RealServers[0]
	if r.Weight != 2 || !r.Inhibit || v.RealServers[1].Weight != 5 || v.RealServers[1].Forwarding.Method != NAT {
		t.Errorf("real servers: %+v", v.RealServers)
	}
	ssl, tcp, misc := r.Checkers[0], r.Checkers[1], v.RealServers[1].Checkers[0]
	if ssl.Connect.String() != "192.168.0.1:8443" || ssl.Retry != 4 || ssl.RetryDelay != 3*time.Second || ssl.DelayLoop != 6*time.Second || ssl.Warmup != 6*time.Second || !ssl.HTTP.EnableSNI {
		t.Errorf("SSL_GET: %+v", ssl)
	}
	urls := []URL{
		{Path: "/", VirtualHost: "www.example", Digest: strings.Repeat("a", 32), Status: []StatusRange{{200, 204}, {301, 301}}},
		{Path: "/b", VirtualHost: "b.example", Status: []StatusRange{{200, 299}}},
	}
	if !reflect.DeepEqual(ssl.HTTP.URLs, urls) {
		t.Errorf("urls: %+v", ssl.HTTP.URLs)
	}
	if tcp.Bind.String() != "0.0.0.0:99" || tcp.Retry != 0 || tcp.ConnectTimeout != 1500*time.Millisecond || tcp.RetryDelay != time.Second {
		t.Errorf("TCP_CHECK: %+v", tcp)
	}
	if misc.Misc.Timeout != 6*time.Second || !misc.Misc.Dynamic || !reflect.DeepEqual(misc.Misc.Command.Args, []string{"/bin/c", "x"}) {
		t.Errorf("MISC_CHECK: %+v", misc.Misc)
	}
	if f := cfg.VirtualServers[1]; f.Fwmark != 9 || f.Family != IPv6 || f.Granularity != 128 {
		t.Errorf("fwmark server: %+v", f)
	}
	a := netip.MustParseAddr
	members := []GroupMember{{a("10.0.0.200"), a("10.0.0.203"), 80, 0, 0}, {a("10.0.1.0"), a("10.0.1.3"), 80, 0, 0}, {Fwmark: 5, Family: IPv4}}
	if got := cfg.VirtualServers[2].Members; !reflect.DeepEqual(got, members) {
		t.Errorf("members: %+v", got)
	}
}

// survivesJSON holds a configuration to what the child processes rely on: they
// get what the parent read.
func survivesJSON(t *testing.T, cfg *Config) {
	t.Helper()
	data, err := json.Marshal(cfg)
	if err != nil {
		t.Fatal(err)
	}
	var back Config
	err = json.Unmarshal(data, &back)
	back.Defaults = cfg.Defaults // which stay with the parent
	if err != nil || !reflect.DeepEqual(cfg, &back) {
		t.Errorf("%v: the copy differs:\n%+v\n%+v", err, cfg, &back)
	}
}

func TestConfigSurvivesJSON(t *testing.T) {
	cfg, _ := loadText(t, pair+servers, fakeHost{scripts: true})
	survivesJSON(t, cfg)
}

// wrap makes a file around one statement of vrrp_instance.
func instanceWith(line string) string {
	return "vrrp_instance VI_1 {\ninterface eth0\nvirtual_router_id 51\n" + line + "\nvirtual_ipaddress {\n10.0.0.1\n}\n}\n"
}

func serverWith(line string) string {
	return "virtual_server 10.0.0.200 80 {\nprotocol TCP\nlvs_sched rr\nlvs_method NAT\n" + line + "\nreal_server 10.0.0.2 80 {\nweight 1\n}\n}\n"
}

func TestDiagnostics(t *testing.T) {
	for _, c := range []struct {
		name, text string
		status     int
		noStart    bool
		want       string
		line       int
	}{
		{"clean", instanceWith("priority 100"), 0, false, "", 0},
		{"missing argument", instanceWith("priority"), 2, true, "missing a parameter", 4},
		{"no name", "vrrp_instance {\n}\n", 5, false, "must have a name", 1},
		{"range", instanceWith("priority 256"), 5, false, "number '256' outside range [1, 255]", 4},
		{"hex vrid", "vrrp_instance A {\ninterface eth0\nvirtual_router_id 0x33\nvirtual_ipaddress {\n10.0.0.1\n}\n}\n", 5, true, "invalid number '0x33'", 3},
		{"missing interface", strings.Replace(instanceWith(""), "eth0", "nope0", 1), 5, true, "interface nope0 for vrrp_instance VI_1 doesn't exist", 2},
		{"dynamic", "global_defs {\ndynamic_interfaces\n}\n" + strings.Replace(instanceWith(""), "eth0", "nope0", 1), 0, false, "", 0},
		{"v3 without VIP", "vrrp_instance A {\ninterface eth0\nversion 3\nvirtual_router_id 3\n}\n", 5, true, "No VIP specified; at least one is required", 1},
		{"same VRID", instanceWith("") + strings.Replace(instanceWith(""), "VI_1", "VI_2", 1), 5, true, "VI_1 and VI_2 both use VRID 51", 11},
		{"long auth_pass", instanceWith("authentication {\nauth_type PASS\nauth_pass 123456789\n}"), 5, false, "Truncating auth_pass", 6},
		{"mixed families", instanceWith("virtual_ipaddress {\nfe80::1\n}"), 5, false, "address family must match", 8},
		{"unknown script", instanceWith("track_script {\nNOPE\n}"), 5, false, "track script NOPE not found", 5},
		{"half second in v2", instanceWith("advert_int 0.5"), 5, false, "must be an integer", 4},
		{"41 s in v3", instanceWith("version 3\nadvert_int 41"), 5, false, "out of range", 5},
		{"fatal class", "static_ipaddress {\n10.9.9.1/24\n}\nglobal_defs {\ndefault_interface nope0\n}\n", 4, true, "names no interface", 2},
		{"insecure", instanceWith("notify /bin/x"), 6, false, "SECURITY VIOLATION", 4},
		{"no servers", "virtual_server 1.2.3.4 80 {\nprotocol TCP\nlvs_sched rr\nlvs_method NAT\n}\n", 5, false, "has no real servers", 1},
		{"quorum", serverWith("quorum 3"), 5, false, "reducing it to 1", 5},
		{"no act", "global_defs {\nenable_snmp_checker\n}\n", 0, false, "enable_snmp_checker is understood but not acted on yet", 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, ds := loadText(t, c.text, fakeHost{scripts: true})
			if got := ds.ExitStatus(); got != c.status || ds.StartRefused() != c.noStart {
				t.Errorf("status %d, start refused %v, want %d and %v: %v", got, ds.StartRefused(), c.status, c.noStart, ds)
			}
			for _, d := range ds {
				if c.want != "" && strings.Contains(d.Text, c.want) && d.Pos.Line == c.line {
					return
				}
			}
			if c.want != "" {
				t.Errorf("no %q at line %d in %v", c.want, c.line, ds)
			}
		})
	}
}

func TestMissingScriptIsNamed(t *testing.T) {
	cfg, ds := loadText(t, "vrrp_script chk {\nscript /no/such\n}\n"+instanceWith("track_script {\nchk\n}\nnotify_master /no/such"), fakeHost{})
	if len(cfg.Scripts) != 0 || len(cfg.Instances[0].Track.Scripts) != 0 || cfg.Instances[0].Notify.Master != nil {
		t.Errorf("missing scripts are still in the configuration: %+v", cfg)
	}
	var codes []Code
	for _, d := range ds {
		codes = append(codes, d.Code)
	}
	if want := []Code{trackedMissing, danglingName, scriptMissing}; !slices.Equal(codes, want) {
		t.Errorf("%v, want %v: %v", codes, want, ds)
	}
}

func TestCheckedWithoutHost(t *testing.T) {
	if _, ds := loadText(t, strings.Replace(instanceWith(""), "eth0", "nope0", 1), nil); len(ds) != 0 {
		t.Errorf("diagnostics about a host that was not asked for: %v", ds)
	}
}

func TestManyServers(t *testing.T) {
	var text strings.Builder
	for v := range 370 {
		fmt.Fprintf(&text, "virtual_server 10.1.%d.%d 80 {\nprotocol TCP\nlvs_sched rr\nlvs_method NAT\n", v/250, v%250+1)
		for r := range 100 {
			fmt.Fprintf(&text, "real_server 10.2.%d.%d 80 {\nweight 1\nTCP_CHECK {\nconnect_timeout 3\n}\n}\n", v/250, r+1)
		}
		text.WriteString("}\n")
	}
	start := time.Now()
	cfg, ds := loadText(t, text.String(), nil)
	if len(ds) != 0 || len(cfg.VirtualServers) != 370 || len(cfg.VirtualServers[369].RealServers) != 100 {
		t.Fatalf("%d servers, diagnostics %v", len(cfg.VirtualServers), ds)
	}
	t.Logf("37,000 real servers in %v", time.Since(start))
}
