package show

import (
	"bytes"
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// trackers are what the examples refer to.
const trackers = `track_file load { file /run/load
 weight 2
}
bfd_instance leaf { neighbor_ip 192.0.2.1
}
`

var serverExamples = map[string]string{
	"plain": `
virtual_server 192.0.2.1 80 { protocol TCP
 lvs_sched wlc
 lvs_method NAT
 real_server 10.0.0.1 80 { TCP_CHECK { } }
}`,
	"everything of a service": `
global_defs { smtp_alert_checker on
 no_checker_emails
 checker_log_all_failures
}
SSL { ca /etc/ca.pem
 certificate "/etc/my cert.pem"
 key /etc/key.pem
 password "a b#c"
}
virtual_server 192.0.2.1 80 { protocol tcp
 lvs_sched mh
 mh-port
 flag-3
 lvs_method TUN type gue port 6080 remcsum
 persistence_engine sip
 persistence_timeout 50
 persistence_granularity 255.255.255.0
 delay_loop 1.5
 ha_suspend
 snmp_name "web one"
 virtualhost www.example
 smtp_alert off
 alpha
 omega
 quorum 3
 hysteresis 1
 quorum_up "/bin/q 'a b' \x22c\x22 ''" 1 2
 quorum_down /bin/q 1
 weight 5
 inhibit_on_failure
 retry 4
 warmup 0
 connect_timeout 0.25
 delay_before_retry 18446744073709.551614
 sorry_server 10.0.0.9 80
 sorry_server_inhibit
 sorry_server_lvs_method DR
 real_server 10.0.0.1 80 { weight 0
  lvs_method NAT
  uthreshold 9
  lthreshold 4
  inhibit_on_failure off
  alpha off
  smtp_alert
  snmp_name one
  virtualhost other.example
  notify_up "/bin/up {x}" 3 4
  notify_down /bin/down
  MISC_CHECK { misc_path "/bin/c 1 '#'"
   misc_dynamic
   user 7 8
  }
  MISC_CHECK { misc_path /bin/d
   misc_timeout 7
  }
  HTTP_GET { http_protocol 1.0c
   fast_recovery
   sni_name x.example
   url { path "/a b"
    digest 0123456789ABCDEF0123456789abcdef
    status_code 200 301-303
    virtualhost u.example
   }
   url { path /
    regex "up \\d+\x22 #{1}$"
    regex_no_match
    regex_options caseless dotall
    regex_min_offset 5
    regex_max_offset 7
    regex_stack 1024 4096
   }
  }
  SSL_GET { enable_sni
   tls_compliant
   url { path / }
  }
  SSL_GET { url { path /
   tls_compliant } }
 }
 real_server 2001:db8::5 {
  TCP_CHECK { connect_ip fe80::1
   bind_if eth0
   bind_port 1000
   fwmark 9
  }
 }
}`,
	"checkers": trackers + `
virtual_server fwmark 7 { lvs_sched rr
 lvs_method DR
 ops
 persistence_granularity 64
 real_server 2001:db8::1 53 {
  PING_CHECK { connect_timeout 2 }
  DNS_CHECK { type mx
   name example.com.
   retry 0
  }
  DNS_CHECK { delay_loop 7 }
  UDP_CHECK { payload 01 2 abc
   require_reply xA 1x 00
   min_reply_length 3
   max_reply_length 9
  }
  UDP_CHECK { require_reply }
  SMTP_CHECK { helo_name me.example
   connect_port 25
   host { connect_ip 2001:db8::25
    bindto 2001:db8::2
   }
   host { connect_port 26 }
  }
  FILE_CHECK { track_file load }
  FILE_CHECK { track_file load
   weight -3 reverse
  }
  BFD_CHECK { name leaf
   alpha
  }
 }
}`,
	"groups": `
virtual_server_group g { 192.0.2.1 80
 192.0.2.16-31 80
 198.51.100.0/28 81
 fwmark 5
 fwmark 6 inet
}
virtual_server_group marks { fwmark 8
}
virtual_server_group six { 2001:db8::1-f
}
virtual_server group g { protocol UDP
 lvs_sched rr
 lvs_method NAT
 real_server 10.0.0.1 80 { weight 1 }
}
virtual_server group g { protocol TCP
 lvs_sched rr
 lvs_method NAT
 real_server 10.0.0.2 80 { weight 1 }
}
virtual_server group marks { ip_family inet6
 lvs_sched rr
 lvs_method TUN type gre csum
 real_server 10.0.0.1 { weight 1 }
}
virtual_server group six { protocol SCTP
 lvs_sched sh
 lvs_method TUN
 real_server 2001:db8::9 { weight 1 }
}
virtual_server 192.0.2.9 80 { protocol TCP
 lvs_sched rr
 lvs_method DR
 real_server 10.0.0.1 { weight 0
  TCP_CHECK { }
 }
}`,
}

// What is written of virtual servers reads back as what it was.
func TestServersReadBack(t *testing.T) {
	for name, text := range serverExamples {
		t.Run(name, func(t *testing.T) {
			want := read(t, text)
			p := &printer{}
			p.servers(want)
			got := read(t, trackers+p.text.String())
			comparable := cmpopts.EquateComparable(netip.Addr{}, netip.AddrPort{})
			if diff := cmp.Diff(want.VirtualServers, got.VirtualServers, comparable); diff != "" {
				t.Errorf("virtual servers (-read +written):\n%s\n%s", diff, p.text.String())
			}
			if diff := cmp.Diff(want.SSL, got.SSL); diff != "" || got.Global.NoCheckerEmails != want.Global.NoCheckerEmails {
				t.Errorf("SSL, no_checker_emails: %s", diff)
			}
			var again bytes.Buffer
			if err := Write(&again, got); err != nil || !bytes.Contains(again.Bytes(), bytes.TrimSpace(p.text.Bytes())) {
				t.Errorf("Write leaves it out: %v\n%s", err, again.String())
			}
		})
	}
}
