package ipvskernel

import (
	"fmt"
	"strings"
	"testing"
)

// real is a real server without checks.
func real(addr, body string) string { return " real_server " + addr + " {\n " + body + "\n }\n" }

// What a service and its destinations can be.
func TestObjectTables(t *testing.T) {
	tcp := "lb_algo rr\n lb_kind NAT\n protocol TCP\n "
	one := real("10.60.0.1 8080", "weight 1")
	playScenarios(t, []scenario{
		{
			name: "every scheduler",
			conf: func() string {
				var b strings.Builder
				for i, s := range []string{"rr", "wrr", "lc", "wlc", "lblc", "lblcr", "sh", "mh", "dh", "fo", "ovf", "sed", "nq"} {
					b.WriteString(vs(fmt.Sprintf("10.50.0.%d 80", i+1), "lb_algo "+s+"\n lb_kind NAT\n protocol TCP", one))
				}
				return b.String()
			}(),
			steps: []step{reload("others", "lb_algo rr", "lb_algo sed", "lb_algo sh", "lb_algo mh")},
		},
		{
			name: "scheduler without module",
			conf: vs("10.50.0.1 80", "lb_algo twos\n lb_kind NAT\n protocol TCP", one) + vs("10.50.0.2 80", tcp, one),
		},
		{
			name: "method of each server",
			conf: vs("10.50.0.1 80", tcp, one+real("10.60.0.2 80", "lvs_method DR")+real("10.60.0.3 80", "lvs_method TUN")+real("10.60.0.4 8080", "lvs_method DR")+real("10.60.0.5 8080", "lvs_method TUN type gre")) +
				vs("10.50.0.2 80", "lvs_sched rr\n lvs_method DR\n protocol TCP", one+real("10.60.0.2 8080", "lvs_method NAT")),
			steps: []step{reload("other methods", "lvs_method DR\n }", "lvs_method NAT\n }", "lvs_method TUN\n }", "lvs_method DR\n }", "type gre", "type ipip")},
		},
		{
			name: "tunnels",
			conf: vs("10.50.0.1 80", tcp, real("10.60.0.1 80", "lvs_method TUN type ipip")+real("10.60.0.2 80", "lvs_method TUN type gue port 6080")+
				real("10.60.0.3 80", "lvs_method TUN type gue port 6081 nocsum")+real("10.60.0.4 80", "lvs_method TUN type gue port 6082 csum")+
				real("10.60.0.5 80", "lvs_method TUN type gue port 6083 remcsum")+real("10.60.0.6 80", "lvs_method TUN type gre")+
				real("10.60.0.7 80", "lvs_method TUN type gre csum")+real("10.60.0.8 80", "lvs_method TUN type gre nocsum")),
			steps: []step{
				reload("port and checksum", "6080", "7080", "6081 nocsum", "6081 csum", "6083 remcsum", "6083", "gre csum", "gre"),
				reload("type", "type gue port 7080", "type ipip", "type ipip", "type gue port 6080"),
			},
		},
		{
			name: "tunnels of the virtual server",
			conf: vs("10.50.0.1 80", "lvs_sched rr\n lvs_method TUN type gue port 6080 csum\n protocol TCP\n sorry_server 10.60.0.9 80", real("10.60.0.1 80", "")+real("10.60.0.2 80", "lvs_method TUN")+real("10.60.0.3 80", "lvs_method NAT")) +
				vs("fwmark 3", "lvs_sched rr\n lvs_method TUN type gre", real("10.60.0.1 80", "")+real("10.60.0.2", "")),
			steps: []step{reload("type", "type gue port 6080 csum", "type gre csum")},
		},
		{
			name: "mixed families",
			conf: vs("2001:db8::1 80", "lvs_sched rr\n lvs_method TUN\n protocol TCP", real("10.60.0.1 80", "")+real("2001:db8:1::2 80", "")) +
				vs("10.50.0.1 80", "lvs_sched rr\n lvs_method TUN\n protocol TCP", real("2001:db8:1::1 80", "")+real("10.60.0.2 80", "lvs_method TUN type gue port 6080")),
		},
		{
			name: "mixed families without tunnel",
			conf: vs("2001:db8::1 80", tcp, real("10.60.0.1 80", "")+real("2001:db8:1::2 80", "")) + vs("10.50.0.1 80", tcp, one+real("2001:db8:1::1 80", "")),
		},
		{
			name: "thresholds", ours: true,
			also:  "ipvsadm -Ln --thresholds | tail -n +4",
			conf:  vs("10.50.0.1 80", tcp, real("10.60.0.1 80", "uthreshold 100\n lthreshold 50")+real("10.60.0.2 80", "uthreshold 100")+real("10.60.0.3 80", "lthreshold 7")),
			steps: []step{reload("other thresholds", "lthreshold 50", "lthreshold 60", "uthreshold 100\n }", "uthreshold 0\n }", "lthreshold 7", "uthreshold 4294967295")},
		},
		{
			name: "one packet",
			conf: vs("10.50.0.1 53", "lb_algo rr\n lb_kind NAT\n protocol UDP\n ops", one) + vs("fwmark 8", "lb_algo rr\n lb_kind NAT\n ops", one) +
				vs("10.50.0.2 53", "lb_algo rr\n lb_kind NAT\n protocol UDP", one) + vs("10.50.0.3 53", tcp+"ops", one),
			steps: []step{reload("off", "protocol UDP\n ops", "protocol UDP")},
		},
		{
			name: "persistence",
			conf: vs("10.50.0.1 80", tcp+"persistence_timeout", one) + vs("10.50.0.2 80", tcp+"persistence_timeout 77", one) +
				vs("10.50.0.3 80", tcp+"persistence_granularity 255.255.255.0", one) + vs("10.50.0.4 80", tcp+"persistence_timeout 50\n persistence_granularity 255.255.0.0", one) +
				vs("2001:db8::1 80", tcp+"persistence_timeout 50\n persistence_granularity 64", real("2001:db8:1::1 80", "")) + vs("2001:db8::2 80", tcp+"persistence_granularity 96", real("2001:db8:1::1 80", "")) +
				vs("2001:db8::3 80", tcp+"persistence_timeout 5", real("2001:db8:1::1 80", "")),
			steps: []step{
				reload("other values", "persistence_timeout 77", "persistence_timeout 78", "255.255.0.0", "255.0.0.0", "granularity 64", "granularity 48"),
				reload("gone", " persistence_timeout 78", "", "persistence_granularity 255.255.255.0", "", "persistence_granularity 96", ""),
			},
		},
		{
			name: "persistence engine",
			conf: vs("10.50.0.1 5060", "lb_algo rr\n lb_kind NAT\n protocol UDP\n ops\n persistence_timeout 60\n persistence_engine sip", one) +
				vs("10.50.0.2 5060", "lb_algo rr\n lb_kind NAT\n protocol UDP\n persistence_engine sip", one),
			steps: []step{
				reload("off", " persistence_timeout 60\n persistence_engine sip", " persistence_timeout 60"),
				reload("on", " persistence_timeout 60", " persistence_timeout 61\n persistence_engine sip"),
			},
		},
		{
			name: "scheduler flags",
			conf: vs("10.50.0.1 80", "lb_algo sh\n lb_kind NAT\n protocol TCP\n sh-port\n sh-fallback", one) + vs("10.50.0.2 80", "lb_algo mh\n lb_kind NAT\n protocol TCP\n mh-port\n mh-fallback", one) +
				vs("10.50.0.3 80", "lb_algo sh\n lb_kind NAT\n protocol TCP\n sh-port", one) + vs("10.50.0.4 80", "lb_algo mh\n lb_kind NAT\n protocol TCP\n mh-fallback", one) +
				vs("10.50.0.5 80", "lb_algo rr\n lb_kind NAT\n protocol TCP\n flag-1\n flag-2\n flag-3", one) + vs("10.50.0.6 80", "lb_algo sh\n lb_kind NAT\n protocol TCP\n hashed", one) +
				vs("10.50.0.7 80", "lb_algo rr\n lb_kind NAT\n protocol TCP\n sh-port\n mh-fallback\n flag-3", one),
			steps: []step{reload("other flags", "sh-port\n sh-fallback", "sh-fallback", " mh-port\n mh-fallback", "", "flag-1\n flag-2\n", "flag-2\n")},
		},
		{
			name: "protocols",
			conf: vs("10.50.0.1 80", tcp, one) + vs("10.50.0.1 80", "lb_algo rr\n lb_kind NAT\n protocol UDP", one) + vs("10.50.0.1 80", "lb_algo rr\n lb_kind DR\n protocol SCTP", one) +
				vs("10.50.0.2 9", "lb_algo sed\n lb_kind TUN\n protocol sctp", one) + vs("10.50.0.3 9", "lb_algo rr\n lb_kind NAT\n protocol tcp", one),
			steps: []step{reload("another protocol", "protocol sctp", "protocol tcp")},
		},
		{
			name:  "defaults",
			conf:  "virtual_server 10.50.0.1 80 {\n real_server 10.60.0.1 80 {\n }\n}\nvirtual_server 10.50.0.2 80 {\n weight 5\n lvs_method DR\n real_server 10.60.0.1 80 {\n }\n real_server 10.60.0.2 81 {\n weight 3\n }\n real_server 10.60.0.3 {\n weight 0\n }\n}\nvirtual_server fwmark 5 {\n real_server 10.60.0.1 80 {\n }\n}\n",
			steps: []step{reload("default weight", "weight 5", "weight 6")},
		},
		{
			name: "IPv6",
			conf: vs("2001:db8::1 80", tcp, real("2001:db8:1::1 8080", "weight 2")+real("2001:db8:1::2 80", "lvs_method DR")+real("2001:db8:1::3 80", "lvs_method TUN")) +
				vs("2001:db8::1 53", "lb_algo wlc\n lb_kind DR\n protocol UDP", real("2001:db8:1::1 53", "")) + vs("2001:db8::1 9", "lb_algo wlc\n lb_kind NAT\n protocol SCTP", real("2001:db8:1::1 9", "")),
		},
		{
			name: "fwmark",
			conf: vs("fwmark 1", "lb_algo rr\n lb_kind NAT", one+real("10.60.0.2", "")) + vs("fwmark 2", "lb_algo rr\n lb_kind NAT\n ip_family inet6", real("2001:db8:1::1 80", "")) +
				vs("fwmark 3", "lb_algo rr\n lb_kind NAT", real("2001:db8:1::1 80", "")) + vs("fwmark 4", "lb_algo rr\n lb_kind DR\n ip_family inet", one) +
				vs("fwmark 4", "lb_algo wlc\n lb_kind DR\n ip_family inet6", real("2001:db8:1::1", "")) + vs("fwmark 4294967295", "lb_algo rr\n lb_kind TUN\n persistence_timeout 9", one),
			steps: []step{reload("another mark", "fwmark 1 ", "fwmark 11 ")},
		},
		{
			name: "fwmark of both families in IPv6 tunnels",
			conf: vs("fwmark 6", "lb_algo rr\n lb_kind TUN\n ip_family inet6", real("10.60.0.1 80", "")+real("2001:db8:1::1 80", "")),
		},
		{
			name: "ports",
			conf: vs("10.50.0.1 0", tcp+"persistence_timeout 30", real("10.60.0.1 0", "")+real("10.60.0.2 80", "")+real("10.60.0.3", "")) + vs("10.50.0.2", "lb_algo rr\n lb_kind DR\n protocol TCP\n persistence_timeout 30", real("10.60.0.1 80", "")) +
				vs("10.50.0.3 80", tcp, real("10.60.0.1 0", "")+real("10.60.0.2", "")) + vs("10.50.0.4 80", "lb_algo rr\n lb_kind DR\n protocol TCP", real("10.60.0.1 0", "")+real("10.60.0.2 81", "")) +
				vs("10.50.0.5 0", tcp, real("10.60.0.1 0", "")+real("10.60.0.2 80", "")) +
				vs("10.50.0.6 80", "lb_algo rr\n lb_kind TUN\n protocol TCP", real("10.60.0.1 81", "")+real("10.60.0.1 80", "")+real("10.60.0.1 0", "")),
		},
		{
			name: "duplicate servers",
			conf: vs("10.50.0.1 80", tcp, real("10.60.0.1 80", "weight 2")+real("10.60.0.1 80", "weight 3")+real("10.60.0.1 81", "weight 4")+real("10.60.0.2 80", "weight 1")),
		},
		{
			name: "weights",
			conf: vs("10.50.0.1 80", "lb_algo wrr\n lb_kind NAT\n protocol TCP\n weight 9", real("10.60.0.1 80", "weight 0")+real("10.60.0.2 80", "")+real("10.60.0.3 80", "weight 65535")+real("10.60.0.4 80", "weight 2147483647")),
			steps: []step{
				reload("drain", "weight 65535", "weight 0"),
				reload("all drained", "weight 2147483647", "weight 0", "weight 9\n", "weight 1\n"),
				reload("back", "weight 0", "weight 3"),
			},
		},
	})
}
