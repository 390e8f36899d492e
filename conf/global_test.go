package conf

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"
)

// loaded reads a text that must be without errors.
func loaded(t *testing.T, text string) *Config {
	t.Helper()
	c, ds := loadText(t, text, fakeHost{scripts: true, users: true})
	if ds.HasErrors() {
		t.Fatalf("%v", ds)
	}
	return c
}

// What is not written has the default of the reference.
func TestGlobalDefaults(t *testing.T) {
	g := loaded(t, "").Global
	want := Global{
		ChildWaitTime: 5 * time.Second, StartupTimeout: 10 * time.Second, ShutdownTimeout: 10 * time.Second, Umask: 0o177,
		MulticastGroup4: netip.MustParseAddr("224.0.0.18"), MulticastGroup6: netip.MustParseAddr("ff02::12"),
		AutoPriority: AutoPriority{Delay: time.Second},
		VMACPrefix:   "vrrp", VMACAddrPrefix: "vrrp",
		Firewall: Firewall{Priority: -1, IPVSPriority: -1, IPVSStartFwmark: 1000},
		SNMP:     SNMP{VSStatsInterval: 5 * time.Second},
		DBus:     DBus{Service: "org.keepalived.Vrrp1"},
		Buffers:  Buffers{RxMultiplier: 3},
		Dumps:    Dumps{JSONVersion: 1},
	}
	if !reflect.DeepEqual(g, want) {
		t.Errorf("got  %+v\nwant %+v", g, want)
	}
}

func TestGlobalValues(t *testing.T) {
	g := loaded(t, `
net_namespace_ipvs
global_defs {
    smtp_server mail.example.org
    vmac_prefix vm
    min_auto_priority_delay 250
    max_auto_priority
    vrrp_rlimit_rttime 20
    vrrp_iptables
    nftables
    nftables_ipvs
    vrrp_rx_bufs_policy mtu
    vrrp_process_name v
    enable_snmp_rfc
    umask IWGRP|IRWXO
}
`).Global
	for _, c := range []struct{ what, got, want any }{
		{"IPVS in the first namespace", g.Namespaces.IPVSDefault, true},
		{"mail", g.Mail, Mail{Server: "mail.example.org", Port: 25, ConnectTimeout: 30 * time.Second}},
		{"prefix of addresses", g.VMACAddrPrefix, "vm"},
		{"auto priority", g.AutoPriority, AutoPriority{Max: 99, Delay: 250 * time.Microsecond}},
		{"real-time limit", g.VRRP, Process{Name: "v", RTLimit: 20 * time.Microsecond}},
		{"chains", g.Firewall.ChainIn + " " + g.Firewall.ChainOut, "INPUT OUTPUT"},
		{"tables", g.Firewall.Table + " " + g.Firewall.IPVSTable, "keepalived keepalived_ipvs"},
		{"policy", g.Buffers.RxPolicy, RxMTU},
		{"MIBs", []bool{g.SNMP.RFCv2, g.SNMP.RFCv3, g.SNMP.VRRP}, []bool{true, true, false}},
		{"umask", g.Umask, uint32(0o27)},
	} {
		if !reflect.DeepEqual(c.got, c.want) {
			t.Errorf("%s: %+v, want %+v", c.what, c.got, c.want)
		}
	}
}

const twoMembers = `
vrrp_instance VI_1 {
    interface eth0
    virtual_router_id 51
    BODY
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

const trackers = `
bfd_instance B {
    neighbor_ip 2001:db8::1
    min_rx 50.5
    weight 10 reverse
}
vrrp_track_process P {
    process sshd -D
    weight -20
    quorum_max 0
    delay 1.5
}
`

func TestTrackers(t *testing.T) {
	c := loaded(t, trackers+strings.ReplaceAll(twoMembers, "BODY", "track_bfd {\nB\n}\ntrack_process {\nP weight 5 reverse\n}"))
	bfd := BFDInstance{
		Name: "B", Neighbor: netip.MustParseAddr("2001:db8::1"), MinRx: 50500 * time.Microsecond, MinTx: 10 * time.Millisecond,
		IdleTx: time.Second, Multiplier: 5, TTL: 64, Weight: 10, Reverse: true, VRRP: true, Checker: true,
	}
	process := TrackProcess{
		Name: "P", Process: "sshd", Params: []string{"-D"}, Match: MatchExact, Weight: -20,
		ForkDelay: 1500 * time.Millisecond, TerminateDelay: 1500 * time.Millisecond,
	}
	if len(c.BFDs) != 1 || c.BFDs[0] != bfd {
		t.Errorf("BFD: %+v", c.BFDs)
	}
	if len(c.TrackProcesses) != 1 || !reflect.DeepEqual(c.TrackProcesses[0], process) {
		t.Errorf("process: %+v", c.TrackProcesses)
	}
	if want := (Tracking{Processes: []Track{{"P", 5, true}}, BFDs: []Track{{"B", 10, true}}}); !reflect.DeepEqual(c.Instances[0].Track, want) {
		t.Errorf("tracking: %+v", c.Instances[0].Track)
	}
}

// What an owner of its addresses and a member of a group do with weights.
func TestWeightsThatDoNotCount(t *testing.T) {
	group := "vrrp_sync_group G {\ngroup {\nVI_1\nVI_2\n}\nGROUP\n}\n"
	lists := "track_bfd {\nB\n}\ntrack_process {\nP\n}"
	for _, c := range []struct {
		name, text string
		status     int
		inst, grp  Tracking
	}{
		{"owner", strings.ReplaceAll(twoMembers, "BODY", "priority 255\n"+lists), 5, Tracking{}, Tracking{}},
		{"member", group + strings.ReplaceAll(twoMembers, "BODY", lists), 5, Tracking{Processes: []Track{{"P", -20, false}}}, Tracking{}},
		{
			"group with an owner", strings.ReplaceAll(group, "GROUP", lists) + strings.ReplaceAll(twoMembers, "BODY", "priority 255"), 5,
			Tracking{}, Tracking{Processes: []Track{{"P", 0, false}}, BFDs: []Track{{"B", 0, false}}},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg, ds := loadText(t, trackers+strings.ReplaceAll(c.text, "GROUP", ""), fakeHost{})
			if ds.ExitStatus() != c.status || !reflect.DeepEqual(cfg.Instances[0].Track, c.inst) {
				t.Errorf("status %d, tracking %+v: %v", ds.ExitStatus(), cfg.Instances[0].Track, ds)
			}
			if len(cfg.SyncGroups) > 0 && !reflect.DeepEqual(cfg.SyncGroups[0].Track, c.grp) {
				t.Errorf("group: %+v", cfg.SyncGroups[0].Track)
			}
		})
	}
}

// inGlobal makes a file around one statement of global_defs.
func inGlobal(line string) string { return "global_defs {\n" + line + "\n}\n" }

func TestGlobalDiagnostics(t *testing.T) {
	for _, c := range []struct {
		text   string
		status int
		code   Code // 0: none
		line   int
	}{
		{inGlobal("process_name averyveryverylongname"), 5, longName, 2},
		{inGlobal("smtp_server 300.1.1.1"), 5, badAddress, 2},
		{inGlobal("smtp_server 10.0.0.1 0"), 5, outOfRange, 2},
		{inGlobal("smtp_server mail.example.org 587"), 0, 0, 0},
		{inGlobal("smtp_connect_timeout 0"), 5, zeroTaken, 2},
		{inGlobal("notification_email {\n}"), 5, emptyList, 3},
		{inGlobal("dynamic_interfaces foo"), 5, badWord, 2},
		{inGlobal("vmac_prefix a\nvmac_prefix b"), 5, alreadySet, 3},
		{inGlobal("nftables\nnftables x"), 5, alreadySet, 3},
		{inGlobal("vrrp_rx_bufs_policy 100\nvrrp_rx_bufs_policy MTU"), 5, alreadySet, 3},
		{inGlobal("umask 022 022"), 5, badValue, 2},
		{inGlobal("reload_time_file relative"), 5, badValue, 2},
		{inGlobal("lvs_sync_daemon eth0 nobody"), 0, danglingName, 2},
		{inGlobal("shutdown_script /bin/x no_such_user"), 5, unknownAccount, 2},
		{inGlobal("notify_fifo_script /bin/x no_such_user"), 0, scriptAccountUnknown, 2},
		{"net_namespace a\nnet_namespace b\n", 5, alreadySet, 2},
		{"bfd_instance B {\n}\n", 5, incompleteBlock, 1},
		{"bfd_instance B {\nneighbor_ip fe80::1%eth0\n}\n", 5, badAddress, 2},
		{"bfd_instance B {\nneighbor_ip 192.0.2.1\nsource_ip 2001:db8::1\n}\n", 5, wrongFamily, 1},
		{"bfd_instance B {\nneighbor_ip 192.0.2.1\n}\nbfd_instance C {\nneighbor_ip 192.0.2.1\n}\n", 5, duplicateItem, 4},
		{"bfd_instance B {\nneighbor_ip 192.0.2.1\nmin_rx 10001\n}\n", 0, slowSession, 3},
		{"bfd_instance B {\nneighbor_ip 192.0.2.1\nttl 5\nmax_hops 6\n}\n", 5, clampedNumber, 1},
		{"bfd_instance B {\nneighbor_ip 192.0.2.1\nchecker\n}\n" + strings.ReplaceAll(twoMembers, "BODY", "track_bfd {\nB\n}"), 5, danglingName, 10},
		{"vrrp_track_process P {\nprocess x\nquorum 5\nquorum_max 3\n}\n", 5, wrongPlace, 4},
		{"vrrp_track_process P {\nprocess x\n}\nvrrp_track_process P {\nprocess y\nweight x\n}\n", 5, badNumber, 6},
		{"track_file F {\nfile /x\n}\ntrack_file F {\nfile /y\n}\n", 0, silentDuplicate, 4},
		{"track_file F {\nfile /x\ninit_file 1000\n}\n", 5, outOfRange, 3},
		{"garp_group {\ninterface eth0\n}\n", 5, incompleteBlock, 1},
		{"garp_group {\ngarp_interval 1\ninterface eth0\ninterface eth0\n}\n", 5, duplicateItem, 4},
		{"linkbeat_interfaces {\neth0 mii\n}\n", 5, badWord, 2},
		{"interface_up_down_delays {\neth0 1 256\n}\n", 5, outOfRange, 2},
		{"interface_up_down_delays {\nnope0 1 x\n}\n", 4, linkMissing, 2},
		{inGlobal("dynamic_interfaces") + "linkbeat_interfaces {\nnope0\n}\n", 0, 0, 0},
	} {
		t.Run(c.text, func(t *testing.T) {
			_, ds := loadText(t, c.text, fakeHost{scripts: true})
			if got := ds.ExitStatus(); got != c.status {
				t.Errorf("status %d, want %d: %v", got, c.status, ds)
			}
			for _, d := range ds {
				if d.Code == c.code && d.Pos.Line == c.line {
					return
				}
			}
			if c.code != 0 {
				t.Errorf("no %v at line %d: %v", c.code, c.line, ds)
			}
		})
	}
}

// Globals, trackers and links reach the child processes as they are.
func TestGlobalsSurviveJSON(t *testing.T) {
	cfg := loaded(t, trackers+strings.ReplaceAll(twoMembers, "BODY", "track_bfd {\nB\n}")+`
net_namespace blue
global_defs {
    notification_email {
        a@example.org
    }
    random_seed 0
    vrrp_ipsets a b
    vrrp_rx_bufs_policy ADVERT
}
garp_group {
    gna_interval 0.1
    interface eth0
}
interface_up_down_delays {
    eth0 1
}
`)
	survivesJSON(t, cfg)
}

// Scripts get the groups of their account where set_supplementary_groups asks for it.
func TestSupplementaryGroupsOfScripts(t *testing.T) {
	for keyword, want := range map[string][]uint32{"": nil, "set_supplementary_groups": {1001, 1002}} {
		text := "global_defs {\n " + keyword + "\n}\n" + strings.Replace(twoMembers, "BODY", "notify /bin/x someone", 1)
		cfg, ds := loadText(t, strings.Replace(text, "BODY", "", 1), fakeHost{users: true, scripts: true})
		if len(cfg.Instances) == 0 || cfg.Instances[0].Notify.Any == nil || !reflect.DeepEqual(cfg.Instances[0].Notify.Any.Groups, want) {
			t.Errorf("%q: %+v: %v", keyword, cfg.Instances, ds)
		}
	}
}

// Webhooks and the login of mail: what is taken, and what is not shown.
func TestDelivery(t *testing.T) {
	load := func(lines string) (*Config, string) {
		cfg, found := loadText(t, "global_defs {\n"+lines+"\n}\n", fakeHost{})
		return cfg, fmt.Sprint(found)
	}
	cfg, found := load("notify_webhook https://hooks.example.org/sesame\nnotify_webhook http://u:sesame@10.0.0.1:8080\nsmtp_tls tls\nsmtp_auth lb sesame\nnotify_timeout 2.5")
	g := &cfg.Global
	if len(g.NotifyWebhooks) != 2 || g.Mail.TLS != MailOverTLS || g.Mail.User != "lb" || g.Mail.Password != "sesame" || g.NotifyTimeout != 2500*time.Millisecond {
		t.Errorf("%+v %s", g, found)
	}
	shown, err := json.Marshal(cfg.WithoutSecrets())
	if err != nil || strings.Contains(string(shown), "sesame") || !strings.Contains(string(shown), "https://hooks.example.org") || len(g.NotifyWebhooks[0]) < 30 {
		t.Errorf("%v %s", err, shown)
	}
	for lines, want := range map[string]string{
		"notify_webhook ftp://sesame/":                                     "not an http or https address",
		"notify_webhook https://":                                          "not an http or https address",
		"notify_webhook https://a/sesame\nnotify_webhook https://a/sesame": "the same address again",
		"smtp_auth lb sesame":                                              "would be sent in the clear",
		"smtp_auth lb":                                                     "password missing",
		"smtp_tls ssl":                                                     "unknown word 'ssl'",
		"smtp_auth lb pass sesame\nsmtp_tls tls":                           "what follows has no effect",
	} {
		cfg, found := load(lines)
		if !strings.Contains(found, want) || strings.Contains(found, "sesame") || cfg.Global.Mail.User != "" && !strings.Contains(lines, "smtp_tls tls") {
			t.Errorf("%s: %s", lines, found)
		}
	}
}
