package conf

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

// only gives the first instance of a file around body.
func only(t *testing.T, global, body string) (Instance, Diagnostics) {
	t.Helper()
	cfg, ds := loadText(t, "global_defs {\n"+global+"\n}\n"+instanceWith(body), fakeHost{scripts: true})
	if len(cfg.Instances) == 0 {
		t.Fatalf("no instance: %v", ds)
	}
	return cfg.Instances[0], ds
}

// The last advert before a role is left is halbd's default; either keyword ends it.
func TestHigherPrioSendAdvert(t *testing.T) {
	for _, c := range []struct {
		global, body string
		want         bool
	}{
		{"", "", true},
		{"vrrp_higher_prio_send_advert off", "", false},
		{"vrrp_higher_prio_send_advert off", "higher_prio_send_advert", true},
		{"", "higher_prio_send_advert off", false},
		{"", "strict_mode on", false},
	} {
		if got, _ := only(t, c.global, c.body); got.HigherPrioAdv != c.want {
			t.Errorf("%q, %q: %v", c.global, c.body, got.HigherPrioAdv)
		}
	}
}

func TestStrictMode(t *testing.T) {
	plain := GARP{MasterRepeat: 1, RefreshRepeat: 1}
	for name, c := range map[string]struct {
		global, body string
		want         func(*Instance)
		draws        []Code
	}{
		"defaults": {"vrrp_strict", "", func(i *Instance) { i.NoAccept, i.LowerPrioNoAdv = true, true }, nil},
		"against its rules": {
			"vrrp_strict\nvrrp_down_timer_adverts 7",
			"preempt_delay 4\nlower_prio_no_advert off\nhigher_prio_send_advert\ngarp_lower_prio_repeat 3\ngarp_lower_prio_delay 1\naccept\nstate MASTER\npriority 9",
			func(i *Instance) { i.NoAccept, i.LowerPrioNoAdv, i.StateBackup, i.Priority = true, true, true, 9 },
			[]Code{strictReset, strictReset, strictReset, strictReset, strictReset, strictReset, strictReset, strictState},
		},
		"owner": {"", "strict_mode on\npriority 255\nstate BACKUP", func(i *Instance) {
			i.LowerPrioNoAdv, i.OwnerIgnore, i.StateMaster, i.Priority = true, true, true, 255
		}, []Code{strictState}},
		"version 3 accepts": {"", "strict_mode on\nversion 3\naccept", func(i *Instance) { i.LowerPrioNoAdv, i.Version = true, 3 }, nil},
		"own announcements": {"", "strict_mode on\ngarp_master_repeat 4\ngarp_master_delay 2", func(i *Instance) {
			i.NoAccept, i.LowerPrioNoAdv, i.GARP.MasterRepeat, i.GARP.MasterDelay = true, true, 4, 2*time.Second
		}, nil},
		"switched off": {"vrrp_strict", "strict_mode off", func(i *Instance) {
			i.Strict, i.HigherPrioAdv = false, true
			i.GARP = GARP{MasterDelay: 5 * time.Second, MasterRepeat: 5, RefreshRepeat: 1, LowerPrioDelay: 5 * time.Second, LowerPrioRepeat: 5}
		}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			got, ds := only(t, c.global, c.body)
			want := Instance{
				Name: "VI_1", Interface: "eth0", Family: IPv4, Version: 2, VRID: 51, Priority: 100, AdvertInterval: time.Second,
				DownTimerAdverts: 3, Strict: true, GARP: plain, Destination: netip.MustParseAddr("224.0.0.18"), Addresses: got.Addresses,
			}
			c.want(&want)
			if !reflect.DeepEqual(got, want) {
				t.Errorf("\n%+v, want\n%+v", got, want)
			}
			drawn := map[Code]int{}
			for _, d := range ds {
				if d.Class != ClassNone {
					drawn[d.Code]++
				}
			}
			for _, code := range c.draws {
				drawn[code]--
			}
			for code, n := range drawn {
				if n != 0 {
					t.Errorf("%d of %v too many: %v", n, code, ds)
				}
			}
		})
	}
}

// What contradicts itself is settled as keepalived settles it.
func TestInstanceContradictions(t *testing.T) {
	master := func(i Instance) string { return fmt.Sprint(i.StateMaster, i.NoPreempt, i.PreemptDelay) }
	for _, c := range []struct {
		name, body string
		code       Code
		see        func(Instance) string
		want       string
	}{
		{"nopreempt of a master", "state MASTER\npriority 150\nnopreempt", masterNoPreempt, master, "true false 0s"},
		{"nopreempt of an owner", "priority 255\nnopreempt", ownerNoPreempt, master, "false false 0s"},
		{"delay of a master", "state MASTER\npriority 150\npreempt_delay 3", masterPreemptDelay, master, "true false 0s"},
		{"delay of an owner", "priority 255\npreempt_delay 3", masterPreemptDelay, master, "false false 0s"},
		{"delay of an owner as BACKUP", "priority 255\nstate BACKUP\npreempt_delay 3", 0, master, "false false 3s"},
		{"delay without preemption", "nopreempt\npreempt_delay 3", delayNoPreempt, master, "false true 0s"},
		{"two versions", "version 3\nversion 2", alreadySet, func(i Instance) string { return fmt.Sprint(i.Version) }, "3"},
		{"two states", "state MASTER\nstate BACKUP", alreadySet, master, "true false 0s"},
		{"check stays off", "skip_check_adv_addr off", skipCheckOff, func(i Instance) string { return fmt.Sprint(i.SkipCheckAddr) }, "true"},
		{"TTL limits imply the source check", "unicast_peer {\n10.0.0.2 min_ttl 5 max_ttl 3\n}", peerTTLOrder, func(i Instance) string { return fmt.Sprint(i.CheckUnicastSrc, i.UnicastPeers) }, "true [{10.0.0.2 5 3}]"},
		{"a peer twice", "unicast_peer {\n10.0.0.2\n10.0.0.2\n}", duplicateItem, func(i Instance) string { return fmt.Sprint(len(i.UnicastPeers)) }, "1"},
		{"TTL without peers", "unicast_ttl 9", ttlNoPeers, func(i Instance) string { return fmt.Sprint(i.UnicastTTL) }, "0"},
		{"no peers are a fault", "unicast_peer {\n}\nunicast_fault_no_peer", 0, func(i Instance) string { return fmt.Sprint(i.FaultNoPeer, i.Unicast) }, "true false"},
		{"group and peers", "mcast_dst_ip 224.0.0.9\nunicast_peer {\n10.0.0.2\n}", groupWithPeers, func(i Instance) string { return fmt.Sprint(i.Destination) }, "invalid IP"},
		{"password alone", "authentication {\nauth_pass x\n}", passwordAlone, func(i Instance) string { return fmt.Sprint(i.AuthType, len(i.AuthPass)) }, "0 0"},
		{"AH of an owner starts as MASTER", "state MASTER\npriority 255\nauthentication {\nauth_type AH\nauth_pass x\n}", 0, master, "true false 0s"},
		{"generated VMAC", "use_vmac 02:00:00:00:01", 0, func(i Instance) string { return fmt.Sprint(*i.VMAC) }, "{vrrp.51 02:00:00:00:01:33 false 0}"},
		{"VMAC with everything", "use_vmac group 7 02:0:0:0:1:2 name vmac0 netlink_notify_msg", 0, func(i Instance) string { return fmt.Sprint(*i.VMAC) }, "{vmac0 02:00:00:00:01:02 true 7}"},
		{"unknown link group", "use_vmac group no-such-group", badWord, func(i Instance) string { return fmt.Sprint(*i.VMAC) }, "{vrrp.51  false 0}"},
		{"link group out of range", "use_vmac group 2147483648", outOfRange, func(i Instance) string { return fmt.Sprint(*i.VMAC) }, "{vrrp.51  false 0}"},
		{"VMAC over two lines", "use_vmac vmac0\nuse_vmac 02:00:00:00:00:05", alreadySet, func(i Instance) string { return fmt.Sprint(*i.VMAC) }, "{vmac0 02:00:00:00:00:05 false 0}"},
		{"MAC of the RFC", "use_vmac 00:00:5e:00:01:33", badMAC, func(i Instance) string { return fmt.Sprint(*i.VMAC) }, "{vrrp.51  false 0}"},
		{"MAC that is none", "use_vmac 02:zz:00:00:00", badMAC, func(i Instance) string { return fmt.Sprint(*i.VMAC) }, "{vrrp.51  false 0}"},
		{"name of 16 bytes", "use_vmac abcdefghijklmnop", longName, func(i Instance) string { return i.VMAC.Name }, "vrrp.51"},
		{"name with a slash", "use_vmac a/b", badValue, func(i Instance) string { return i.VMAC.Name }, "vrrp.51"},
		{"name of another link", "use_vmac eth7", linkForeign, func(i Instance) string { return i.VMAC.Name }, "vrrp.51"},
		{"unicast by the base interface", "use_vmac\nunicast_peer {\n10.0.0.2\n}", xmitBaseForced, func(i Instance) string { return fmt.Sprint(i.XmitBase) }, "true"},
		{"xmit_base alone", "vmac_xmit_base", xmitBaseAlone, func(i Instance) string { return fmt.Sprint(i.XmitBase) }, "false"},
		{"ipvlan", "use_ipvlan ip0 10.0.0.9/24 private group 3", 0, func(i Instance) string { return fmt.Sprint(*i.IPVLAN) }, "{ip0 10.0.0.9/24 private 3}"},
		{"ipvlan without an address", "use_ipvlan", ipvlanNoAddress, func(i Instance) string { return fmt.Sprint(*i.IPVLAN) }, "{vrrp.51 invalid Prefix bridge 0}"},
		{"both links", "use_ipvlan 10.0.0.9\nuse_vmac", linkConflict, func(i Instance) string { return fmt.Sprintf("%v %s", i.IPVLAN, i.VMAC.Name) }, "<nil> vrrp.51"},
		{"extra announcements", "garp_extra_if all 7", 0, func(i Instance) string { return fmt.Sprint(i.GARP.ExtraInterval, i.GARP.ExtraAll) }, "7s true"},
		{"time without its keyword", "garp_extra_if all", missingValue, func(i Instance) string { return fmt.Sprint(i.GARP.ExtraInterval, i.GARP.ExtraAll) }, "0s false"},
		{"bare timer_expired_backup", "nopreempt\ntimer_expired_backup", 0, func(i Instance) string { return fmt.Sprint(i.ExpiredBackup) }, "254"},
		{"two words for a buffer", "kernel_rx_buf_size 1 2", badValue, func(i Instance) string { return fmt.Sprint(i.ReceiveBuffer) }, "0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			i, ds := only(t, "", c.body)
			if got := c.see(i); got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
			drawn := false
			for _, d := range ds {
				drawn = drawn || d.Code == c.code
				if c.code == 0 && d.Code != notActedOn {
					t.Errorf("draws %v", d)
				}
			}
			if c.code != 0 && !drawn {
				t.Errorf("draws no %v: %v", c.code, ds)
			}
		})
	}
}

func TestMailAlertIsInherited(t *testing.T) {
	on, off := some(true), some(false)
	for _, c := range []struct {
		own, vrrp, all maybe[bool]
		want           bool
	}{{want: false}, {all: on, want: true}, {vrrp: off, all: on, want: false}, {own: on, vrrp: off, want: true}, {own: off, all: on, want: false}} {
		b := newBuilder(Options{}, keywordIndex())
		b.global.alerts.vrrp, b.global.alerts.all = c.vrrp, c.all
		i := &rawInstance{smtpAlert: c.own}
		b.finishInstance(i)
		if i.SMTPAlert != c.want {
			t.Errorf("%+v gives %v", c, i.SMTPAlert)
		}
	}
}

// Every instance gets an interface of its own.
func TestGeneratedLinkNames(t *testing.T) {
	one := func(name, iface, vip, use string) string {
		return "vrrp_instance " + name + " {\ninterface " + iface + "\nvirtual_router_id 51\n" + use + "\nvirtual_ipaddress {\n" + vip + "\n}\n}\n"
	}
	cfg, ds := loadText(t, one("A", "eth0", "10.0.0.1", "use_vmac")+one("B", "eth0", "fe80::1", "use_vmac")+one("C", "eth1", "10.1.0.1", "use_vmac")+
		one("D", "eth2", "10.2.0.1", "use_ipvlan 10.2.0.2")+one("E", "eth3", "10.3.0.1", "use_vmac vmac0")+one("F", "eth4", "10.4.0.1", "use_ipvlan vmac0 10.4.0.2"), fakeHost{})
	var names []string
	for _, i := range cfg.Instances {
		if i.VMAC != nil {
			names = append(names, i.VMAC.Name)
		} else {
			names = append(names, i.IPVLAN.Name)
		}
	}
	if want := []string{"vrrp.51", "vrrp6.51", "vrrp1.51", "vrrp2.51", "vmac0", "vrrp3.51"}; !reflect.DeepEqual(names, want) {
		t.Errorf("names %q, want %q", names, want)
	}
	if ds.ExitStatus() != 5 {
		t.Errorf("a name that is taken is not reported: %v", ds)
	}
}

func TestPrefixOfGeneratedNames(t *testing.T) {
	if i, _ := only(t, "vmac_prefix lb", "use_vmac"); i.VMAC.Name != "lb.51" {
		t.Errorf("name %s", i.VMAC.Name)
	}
}

// Peers see the primary address of an instance without a source, so that counts.
func TestUnicastConflict(t *testing.T) {
	peer := "unicast_peer {\n192.168.0.2\n}\n"
	for src, refused := range map[string]bool{"": true, "unicast_src_ip 192.168.0.1\n": true, "unicast_src_ip 192.168.0.9\n": false} {
		_, ds := loadText(t, instanceWith(peer)+strings.Replace(instanceWith(peer+src), "VI_1", "VI_2", 1), fakeHost{})
		if ds.StartRefused() != refused {
			t.Errorf("%q: refused %v: %v", src, ds.StartRefused(), ds)
		}
	}
}

func TestSyncDaemonOfAnInstance(t *testing.T) {
	cfg, ds := loadText(t, instanceWith("lvs_sync_daemon_interface eth1")+strings.Replace(strings.Replace(instanceWith("lvs_sync_daemon_interface eth2"), "VI_1", "VI_2", 1), "51", "52", 1), fakeHost{})
	if d := cfg.Global.LVSSyncDaemon; d == nil || *d != (SyncDaemon{Interface: "eth1", Instance: "VI_1", ID: 51}) {
		t.Errorf("sync daemon %+v", d)
	}
	second := false
	for _, d := range ds {
		second = second || d.Code == alreadySet
	}
	if !second {
		t.Errorf("the second one is not reported: %v", ds)
	}
}

const secret = "correct horse battery staple 123"

func TestHMAC(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "key")
	if err := os.WriteFile(file, []byte(secret+"\r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	key := "key 1 \"" + secret + "\"\nactive_key 1\n"
	base := AuthHMAC{Keys: []HMACKey{{ID: 1, Key: []byte(secret)}}, ActiveKey: 1, TimeWindow: 5 * time.Second, Mode: HMACEnforce}
	with := func(f func(*AuthHMAC)) *AuthHMAC {
		h := base
		f(&h)
		return &h
	}
	for _, c := range []struct {
		name, before, hmac string
		want               *AuthHMAC
		code               Code
	}{
		{"defaults", "", key, &base, 0},
		{"window follows the interval", "advert_int 4", key, with(func(h *AuthHMAC) { h.TimeWindow = 12 * time.Second }), 0},
		{"longest window", "advert_int 200", key, with(func(h *AuthHMAC) { h.TimeWindow = 300 * time.Second }), 0},
		{"all settings", "", key + "time_window 1\nanti_replay monotonic\nmode receive-only", with(func(h *AuthHMAC) { h.TimeWindow, h.Monotonic, h.Mode = time.Second, true, HMACReceiveOnly }), 0},
		{"window of 0", "", key + "time_window 0", &base, outOfRange},
		{"unknown mode", "", key + "mode Enforce", &base, badWord},
		{"strict mode enforces", "strict_mode on", key + "mode permissive", &base, strictReset},
		{"hex", "", "key 1 hex:" + fmt.Sprintf("%x", secret) + "\nactive_key 1", &base, 0},
		{"odd hex", "", key + "key 2 hex:abc", &base, badKey},
		{"file", "", "key 1 \"file:" + file + "\"\nactive_key 1", with(func(h *AuthHMAC) { h.Keys = []HMACKey{{1, []byte(secret), file}} }), 0},
		{"no file", "", key + "key 2 file:" + dir + "/none", &base, badKey},
		{"directory", "", key + "key 2 file:" + dir, &base, badKey},
		{"31 bytes", "", key + "key 2 \"" + secret[1:] + "\"", &base, badKey},
		{"65 bytes", "", key + "key 2 \"" + secret + secret + "x\"", &base, badKey},
		{"same id", "", key + "key 1 \"" + strings.ToUpper(secret) + "\"", &base, duplicateItem},
		{"id out of range", "", key + "key 256 \"" + secret + "\"", &base, outOfRange},
		{"id left out", "", key + "key \"" + secret + "\"", &base, badNumber},
		{"two blocks add up", "auth_hmac {\nkey 1 \"" + secret + "\"\n}", "active_key 1", &base, 0},
		{"no key", "", "active_key 1", nil, hmacDisabled},
		{"no active key", "", "key 1 \"" + secret + "\"", nil, hmacDisabled},
		{"undefined active key", "", "key 1 \"" + secret + "\"\nactive_key 2", nil, hmacDisabled},
		{"instead of a password", "authentication {\nauth_type PASS\nauth_pass x\n}", key, &base, hmacReplaces},
	} {
		t.Run(c.name, func(t *testing.T) {
			i, ds := only(t, "", c.before+"\nauth_hmac {\n"+c.hmac+"\n}")
			if !reflect.DeepEqual(i.HMAC, c.want) || i.AuthType != AuthNone {
				t.Errorf("%+v, want %+v", i.HMAC, c.want)
			}
			drawn := c.code == 0
			for _, d := range ds {
				drawn = drawn || d.Code == c.code
				if strings.Contains(d.String(), "horse") || strings.Contains(d.String(), "HORSE") {
					t.Errorf("shows the key: %v", d)
				}
				if c.code == 0 && d.Code != notActedOn {
					t.Errorf("draws %v", d)
				}
			}
			if !drawn {
				t.Errorf("draws no %v: %v", c.code, ds)
			}
		})
	}
}

// Words of a secret are not shown, even when they stand where they have no effect.
func TestSecretsStaySecret(t *testing.T) {
	_, ds := only(t, "", "authentication {\nauth_type PASS\nauth_pass correct horse\n}\nauth_hmac {\nkey 1 "+secret+"\nkey correct horse battery\n}")
	for _, d := range ds {
		if strings.Contains(d.String(), "horse") || strings.Contains(d.String(), "correct") {
			t.Errorf("shows a secret: %v", d)
		}
	}
}

func TestWithoutSecrets(t *testing.T) {
	cfg, _ := loadText(t, instanceWith("authentication {\nauth_type PASS\nauth_pass sesame\n}")+
		strings.Replace(strings.Replace(instanceWith("auth_hmac {\nkey 1 \""+secret+"\"\nactive_key 1\n}"), "VI_1", "VI_2", 1), "51", "52", 1), fakeHost{})
	shown, err := json.Marshal(cfg.WithoutSecrets())
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{"c2VzYW1l", "Y29ycmVjdC"} { // base64 of the secrets' beginnings
		whole, _ := json.Marshal(cfg)
		if !bytes.Contains(whole, []byte(s)) || bytes.Contains(shown, []byte(s)) {
			t.Errorf("%s is not in the configuration, or is shown: %s", s, shown)
		}
	}
	if string(cfg.Instances[0].AuthPass) != "sesame" || string(cfg.Instances[1].HMAC.Keys[0].Key) != secret {
		t.Errorf("the configuration itself lost its secrets: %+v", cfg.Instances)
	}
}

// Children get what the parent read.
func TestLinksSurviveJSON(t *testing.T) {
	cfg, _ := loadText(t, instanceWith("use_vmac 02:00:00:00:01 group 4\ngarp_extra_if all 5\nkernel_rx_buf_size 9\nauth_hmac {\nkey 1 \""+secret+"\"\nactive_key 1\n}")+
		strings.Replace(strings.Replace(instanceWith("use_ipvlan ip0 10.0.0.9/24 vepa"), "VI_1", "VI_2", 1), "51", "52", 1), fakeHost{})
	survivesJSON(t, cfg)
}

// An advert is one packet; what does not fit is not advertised.
func TestAddressesOfOneAdvert(t *testing.T) {
	list := func(format string, n int) string {
		var s strings.Builder
		for k := range n {
			fmt.Fprintf(&s, format+"\n", k/250, k%250+1)
		}
		return s.String()
	}
	for name, c := range map[string]struct {
		before, format string
		n, want        int
	}{
		"IPv4":      {"", "10.1.%d.%d", 256, 255},
		"that many": {"", "10.1.%d.%d", 255, 255},
		"IPv6":      {"", "2001:db8:%d::%d", 90, 89},
		"signed":    {"auth_hmac {\nkey 1 \"" + secret + "\"\nactive_key 1\n}\n", "2001:db8:%d::%d", 90, 88},
	} {
		t.Run(name, func(t *testing.T) {
			cfg, ds := loadText(t, "vrrp_instance A {\ninterface eth0\nvirtual_router_id 5\n"+c.before+"virtual_ipaddress {\n"+list(c.format, c.n)+"}\nvirtual_ipaddress_excluded {\n10.200.0.1\n}\n}\n", fakeHost{})
			i := cfg.Instances[0]
			if len(i.Addresses) != c.want || len(i.Excluded) != c.n-c.want+1 {
				t.Errorf("%d addresses and %d excluded, want %d and %d", len(i.Addresses), len(i.Excluded), c.want, c.n-c.want+1)
			}
			if (ds.ExitStatus() == 5) != (c.n > c.want) {
				t.Errorf("status %d: %v", ds.ExitStatus(), ds)
			}
		})
	}
}
