package rowcases

import "strings"

// sample is a legal value of a row, and a wrong one ("" where every word is legal).
type sample struct{ legal, wrong string }

// sampleOf finds values: first the row's own, then those of its grammar.
func sampleOf(r Row) sample {
	if s, ok := rowSamples[r.Key()]; ok {
		return s
	}
	if block := trackBlock(r.Block); block != "" && r.positional() {
		return sample{trackItems[block], "nosuchname"}
	}
	if s, ok := grammarSamples[r.Args]; ok {
		return s
	}
	if isNumber(r.Args) {
		legal := boundsOf(r).inside()
		return sample{legal, legal + "x"}
	}
	if words := strings.Split(strings.Trim(r.Args, "[]"), "|"); len(words) > 1 && !strings.ContainsAny(r.Args, "<{ ") {
		return sample{words[0], "wrong"}
	}
	return sample{"word", ""}
}

// grammarSamples are by the argument grammar of the table.
var grammarSamples = map[string]sample{
	"none": {}, "none (any argument ignored)": {}, "[+|-]read": {}, "[+|-]match": {}, "[+|-]wildcard_match": {}, "[+|-]brace_match": {},
	"[<bool>]":                             {"on", "maybe"},
	"<ip>":                                 {"192.168.1.2", "192.168.1.300"},
	"<ip> (no prefix)":                     {"192.168.1.2", "192.168.1.300"},
	"<ipv4>":                               {"192.168.1.2", "2001:db8::2"},
	"<ipv6>":                               {"2001:db8::2", "192.168.1.2"},
	"<multicast ip>":                       {"224.0.0.20", "192.168.1.2"},
	"<ipv4 multicast>":                     {"224.0.0.20", "192.168.1.2"},
	"<ipv6 multicast>":                     {"ff02::20", "2001:db8::2"},
	"<ifname>":                             {"eth1", "nope0"},
	"<ifname:..15 chars>":                  {"eth1", "abcdefghijklmnop"},
	"<string:..15 chars>":                  {"abcdefghijklmno", "abcdefghijklmnop"},
	"<script> [<user> [[:]<group>]]":       {"/bin/true", "/nonexistent"},
	"[<script> [<user> [[:]<group>]]]":     {"/bin/true", "/nonexistent"},
	"<script line>":                        {"/bin/true", "/nonexistent"},
	"<user> [[:]<group>]":                  {"root", "nosuchuser"},
	"<path> [<user> [<group>]]":            {"/run/rowcases.fifo", ""},
	"<path>":                               {"/tmp/rowcases", ""},
	"[<path>]":                             {"/tmp/rowcases", ""},
	"[<logfile>]":                          {"/tmp/rowcases.log", ""},
	"<absolute path>":                      {"/tmp/rowcases", "rowcases"},
	"<directory>":                          {"/tmp", "/nonexistent"},
	"<email>":                              {"root@example.org", ""},
	"<domain>":                             {"example.org", "example..org"},
	"<dest>":                               {"10.1.0.0/16", "10.1.0.300/16"},
	"[<type>] <dest>":                      {"10.1.0.0/16", "10.1.0.300/16"},
	"<0..255 or name>":                     {"16", "256"},
	"<0..4294967295 or name>":              {"100", "nosuchtable"},
	"<1..4294967295 or name>":              {"100", "nosuchtable"},
	"<0..2147483647 | name>":               {"3", "nosuchgroup"},
	"<0..2147483647 or name>":              {"3", "nosuchgroup"},
	"<ip>[/<prefix>]|default|any|all":      {"10.1.0.0/16", "10.1.0.0/33"},
	"<uint: dec/oct/hex>":                  {"1000", "1000x"},
	"<uint64>":                             {"3", "3x"},
	"[lock] <n>[s|sec|secs|ms|msec|msecs]": {"1s", "1x"},
	"[lock] <name>":                        {"cubic", ""},
	"[inet|inet6] <ip>":                    {"192.168.0.2", "192.168.0.300"},
	"[to] <ip>":                            {"192.168.0.2", "192.168.0.300"},
	"[<src>/]<dst>":                        {"3", "3x"},
	"<port>-<port>":                        {"80-90", "90"},
	"<uid>-<uid>":                          {"10-20", "20"},
	"<track_group name>":                   {"TG", "nosuchname"},
	"<32 hex digits>":                      {"0123456789abcdef0123456789abcdef", "0123456789abcdef"},
	"<n|n-n> ...":                          {"200", "2xx"},
	"<pcre2 pattern>":                      {"ok", "("},
	"<option> ...":                         {"caseless", "nosuchoption"},
	"<start> <max>":                        {"32768 65536", "65536 32768"},
	"<cpu id> ...":                         {"0", "0x"},
	"<ip> [<port:0..65535>]":               {"192.168.1.9 80", "192.168.1.300 80"},
	"[<string>]":                           {"example.org", ""},
	"[<table>]":                            {"mytable", ""},
	"[never]":                              {"never", "always"},
	"[VS]":                                 {"VS", "RS"},
	"[allow_if_changes]":                   {"allow_if_changes", "wrong"},
	"[initial|partial]":                    {"partial", "wrong"},
	"rr|wrr|lc|wlc|lblc|sh|mh|dh|fo|ovf|lblcr|sed|nq|twos":                   {"wrr", "wrong"},
	"NAT|DR|TUN [type ipip|gue|gre] [port <1..65535>] [nocsum|csum|remcsum]": {"DR", "wrong"},
	"TCP|UDP|SCTP (any case)":                                                {"UDP", "wrong"},
	"A|NS|CNAME|SOA|MX|TXT|AAAA|RRSIG|DNSKEY (any case)":                     {"mx", "wrong"},
	"goto|nop|blackhole|unreachable|prohibit":                                {"nop", "wrong"},
}

// rowSamples are for rows whose grammar alone is not enough.
var rowSamples = map[string]sample{
	"root\tnet_namespace":                                 {"blue", ""},
	"root\tnet_namespace_ipvs":                            {"blue", ""},
	"root\tinstance":                                      {"lb1", ""},
	"global_defs\tsmtp_server":                            {"192.168.1.2", "192.168.1.300"},
	"global_defs\tumask":                                  {"0177", "IXALL"},
	"global_defs\tlvs_timeouts":                           {"tcp 100", "tcp 100x"},
	"global_defs\tlvs_sync_daemon":                        {"eth0", "abcdefghijklmnop"},
	"global_defs\tvrrp_iptables":                          {"in", "abcdefghijklmnopqrstuvwxyzabcd"},
	"global_defs\tvrrp_ipsets":                            {"set", "abcdefghijklmnopqrstuvwxyzabcdef"},
	"global_defs\tvrrp_rx_bufs_policy":                    {"MTU", "wrong"},
	"global_defs\tdefault_interface":                      {"eth1", "nope0"},
	"global_defs\tinclude_check":                          {"match", "wrong"},
	"global_defs\tconfig_save_dir":                        {"/tmp/rowcases.saved", ""},
	"global_defs\tsnmp_socket":                            {"udp:127.0.0.1:705", ""},
	"global_defs\tdbus_service_name":                      {"org.example.Vrrp1", ""},
	"linkbeat_interfaces\t<ifname>":                       {"eth1 MII", "eth1 wrong"},
	"interface_up_down_delays\t<ifname>":                  {"eth1 1", "eth1 1x"},
	"garp_group\tinterface":                               {"eth1", "nope0"},
	"track_file\tinit_file":                               {"3", "3x"},
	"vrrp_track_file\tinit_file":                          {"3", "3x"},
	"vrrp_track_process\tprocess":                         {"/bin/sh", ""},
	"bfd_instance\tsource_ip":                             {"192.168.1.1", "192.168.1.300"},
	"vrrp_instance\tuse_vmac":                             {"vmac1", "abcdefghijklmnop"},
	"vrrp_instance\tuse_ipvlan":                           {"192.168.0.9", "192.168.0.300"},
	"vrrp_instance\tinterface":                            {"eth1", "nope0"},
	"vrrp_instance\tstate":                                {"MASTER", "wrong"},
	"vrrp_instance\tmcast_src_ip":                         {"192.168.0.1", "192.168.0.300"},
	"vrrp_instance\tunicast_src_ip":                       {"192.168.0.1", "192.168.0.300"},
	"vrrp_instance\tlvs_sync_daemon_interface":            {"eth1", "nope0"},
	"vrrp_instance/authentication\tauth_pass":             {"secret", ""},
	"vrrp_instance/authentication\tauth_type":             {"PASS", "wrong"},
	"vrrp_instance/auth_hmac\tkey":                        {"3 abcdefghijklmnopqrstuvwxyzabcdef", "3 short"},
	"vrrp_instance/auth_hmac\tactive_key":                 {"7", "7x"},
	"vrrp_instance/unicast_peer/item\t<ip>":               {"192.168.0.3", "192.168.0.300"},
	"vrrp_instance/use_vmac/option\tname":                 {"vmac1", "abcdefghijklmnop"},
	"vrrp_instance/use_vmac/option\t<mac>":                {"02:11:22:33:44:55", "02:11:22:33:44:5g"},
	"vrrp_instance/use_ipvlan/option\tname":               {"ipvlan1", "abcdefghijklmnop"},
	"vrrp_instance/use_ipvlan/option\t<ip>":               {"192.168.0.9/24", "192.168.0.9/33"},
	"virtual_ipaddress/item\t<ip>[/<prefix>]":             {"10.0.0.77/24", "10.0.0.300/24"},
	"virtual_ipaddress/item\tdev":                         {"eth1", "nope0"},
	"virtual_ipaddress/item\tscope":                       {"link", "wrong"},
	"virtual_ipaddress/item\tbrd":                         {"10.0.0.255", "10.0.0.300"},
	"virtual_ipaddress/item\tbroadcast":                   {"10.0.0.255", "10.0.0.300"},
	"virtual_ipaddress/item\tlabel":                       {"eth0:1", "abcdefghijklmnop"},
	"virtual_ipaddress/item\tpeer":                        {"10.0.0.78", "10.0.0.300"},
	"virtual_ipaddress/item\tpreferred_lft":               {"3", "3x"},
	"virtual_ipaddress_excluded/item\t<all>":              {"10.0.0.77/24", "10.0.0.300/24"},
	"static_ipaddress/item\t<all others>":                 {"10.0.0.77/24 dev eth0", "10.0.0.300/24 dev eth0"},
	"static_routes/item\t<all others>":                    {"10.1.0.0/16 dev eth0", "10.1.0.300/16 dev eth0"},
	"static_rules/item\t<all others>":                     {"from 10.1.0.0/16 table 100 priority 1000", "from 10.1.0.300/16 table 100 priority 1000"},
	"virtual_routes/item\t<dest>":                         {"10.1.0.0/16", "10.1.0.300/16"},
	"virtual_routes/item\tsrc":                            {"192.168.0.1", "192.168.0.300"},
	"virtual_routes/item\tor":                             {"192.168.0.3", "192.168.0.300"},
	"virtual_routes/item\tfrom":                           {"2001:db8:1::/48", "10.1.0.0/16"},
	"virtual_routes/item\tprotocol":                       {"18", "256"},
	"virtual_routes/item\tscope":                          {"link", "wrong"},
	"virtual_routes/item\tencap":                          {"ip id 3", "wrong"},
	"virtual_routes/item/nexthop\tencap":                  {"ip id 3", "wrong"},
	"virtual_routes/item\tnexthop":                        {"via 192.168.0.2 dev eth0", "wrong"},
	"virtual_routes/item\tpref":                           {"low", "wrong"},
	"virtual_routes/item\tfeatures":                       {"ecn", "wrong"},
	"virtual_routes/item\tvrf":                            {"eth1", "nope0"},
	"virtual_routes/item\tttl-propagate":                  {"enabled", "wrong"},
	"virtual_routes/item/encap mpls\t<labels>":            {"100", "100x"},
	"virtual_routes/item/encap ila\t<locator>":            {"1:2:3:4", "1:2:3:g"},
	"virtual_rules/item\tprotocol":                        {"18", "18x"},
	"virtual_rules/item\tfwmark":                          {"3", "3x"},
	"virtual_rules/item\tipproto":                         {"tcp", "256"},
	"virtual_rules/item\tgoto":                            {"2000", "2000x"},
	"virtual_server_group/item\t<ip>":                     {"10.0.0.1 80", "10.0.0.300 80"},
	"virtual_server_group/item\t<ip>-<last>":              {"10.0.0.1-5 80", "10.0.0.1-500 80"},
	"virtual_server_group/item\t<ip>-<ip>":                {"10.0.0.1-10.0.0.5 80", "10.0.0.1-10.0.0.300 80"},
	"virtual_server_group/item\t<ip>/<mask>":              {"10.0.0.0/24 80", "10.0.0.0/33 80"},
	"virtual_server_group/item\tfwmark":                   {"3", "3x"},
	"virtual_server\tip_family":                           {"inet6", "wrong"},
	"virtual_server\tpersistence_granularity":             {"255.255.255.0", "255.255.255.300"},
	"virtual_server\tretry":                               {"3", "3x"},
	"virtual_server\tquorum":                              {"1", "1x"},
	"virtual_server\thysteresis":                          {"1", "1x"},
	"virtual_server/real_server/UDP_CHECK\tpayload":       {"0a0b", "0g"},
	"virtual_server/real_server/UDP_CHECK\trequire_reply": {"0a0x", "0g"},
	"virtual_server/real_server/FILE_CHECK\ttrack_file":   {"TF", "nosuchname"},
	"virtual_server/real_server/BFD_CHECK\tname":          {"BF", "nosuchname"},
	"virtual_server/real_server/lvs_method/option\ttype":  {"ipip", "wrong"},
	"global_defs/lvs_sync_daemon/option\tinst":            {"VI_1", "nosuchname"},
}

// trackItems are named objects of the tracking lists.
var trackItems = map[string]string{
	"track_interface": "eth1", "track_script": "CS", "track_file": "TF", "track_process": "TP", "track_bfd": "BF",
}

// blockSamples are the legal lines between the braces, and wrong ones.
var blockSamples = map[string]sample{
	"root\tglobal_defs":                           {"router_id lb1", "wrong"},
	"root\ttrack_group":                           {"group {\nVI_1\n}", "wrong"},
	"root\tstatic_ipaddress":                      {"10.9.9.1/24 dev eth0", "wrong"},
	"root\tstatic_routes":                         {"10.9.8.0/24 dev eth0", "wrong"},
	"root\tstatic_rules":                          {"from 10.9.7.0/24 table 100 priority 1000", "wrong"},
	"root\tvrrp_sync_group":                       {"group {\nVI_1\nVI_2\n}", "group {\nVI_1\nwrong\n}"},
	"root\tgarp_group":                            {"garp_interval 1\ninterface eth0", "interface eth0"},
	"root\tlinkbeat_interfaces":                   {"eth1", "nope0"},
	"root\tinterface_up_down_delays":              {"eth1 1 2", "nope0 1 2"},
	"root\tvrrp_instance":                         {"interface eth1\nvirtual_router_id 99\nvirtual_ipaddress {\n10.0.0.99/24\n}", "virtual_router_id 99"},
	"root\tvrrp_script":                           {"script /bin/true", "interval 1"},
	"root\tvrrp_track_process":                    {"process sh", "weight 1"},
	"root\ttrack_file":                            {"file /tmp/rowcases", "weight 1"},
	"root\tvrrp_track_file":                       {"file /tmp/rowcases", "weight 1"},
	"root\tbfd_instance":                          {"neighbor_ip 192.168.1.2", "min_rx 10"},
	"root\tSSL":                                   {"password secret", "wrong"},
	"root\tvirtual_server_group":                  {"10.0.0.1 80", "wrong"},
	"root\tvirtual_server":                        {"lvs_sched rr\nlvs_method NAT\nprotocol TCP\nreal_server 192.168.1.2 80 {\nTCP_CHECK {\n}\n}", "lvs_sched rr\nlvs_method NAT\nprotocol TCP"},
	"global_defs\tnotification_email":             {"root@example.org", ""},
	"track_group\tgroup":                          {"VI_1", "wrong"},
	"vrrp_sync_group\tgroup":                      {"VI_1\nVI_2", "VI_1\nwrong"},
	"garp_group\tinterfaces":                      {"eth0\neth1", "eth0\nnope0"},
	"vrrp_instance\tunicast_peer":                 {"192.168.0.2", "wrong"},
	"vrrp_instance\tauthentication":               {"auth_type PASS\nauth_pass secret", "auth_type PASS"},
	"vrrp_instance\tauth_hmac":                    {"key 1 abcdefghijklmnopqrstuvwxyzabcdef\nactive_key 1", "active_key 1"},
	"vrrp_instance\tvirtual_routes":               {"10.1.0.0/16 dev eth0", "wrong"},
	"vrrp_instance\tvirtual_rules":                {"from 10.1.0.0/16 table 100 priority 1000", "wrong"},
	"vrrp_instance\tvirtual_ipaddress":            {"10.0.0.77/24 dev eth0", "wrong"},
	"vrrp_instance\tvirtual_ipaddress_excluded":   {"10.0.0.77/24 dev eth0", "wrong"},
	"virtual_server\treal_server":                 {"TCP_CHECK {\n}", "wrong"},
	"virtual_server/real_server\tMISC_CHECK":      {"misc_path /bin/true", "misc_timeout 3"},
	"virtual_server/real_server\tSMTP_CHECK":      {"helo_name lb1", "wrong"},
	"virtual_server/real_server\tTCP_CHECK":       {"connect_port 80", "wrong"},
	"virtual_server/real_server\tPING_CHECK":      {"retry 1", "wrong"},
	"virtual_server/real_server\tUDP_CHECK":       {"connect_port 80", "wrong"},
	"virtual_server/real_server\tHTTP_GET":        {"url {\npath /\n}", "connect_port 80"},
	"virtual_server/real_server\tSSL_GET":         {"url {\npath /\n}", "connect_port 80"},
	"virtual_server/real_server\tDNS_CHECK":       {"name example.org", "wrong"},
	"virtual_server/real_server\tFILE_CHECK":      {"track_file TF", "weight 1"},
	"virtual_server/real_server\tBFD_CHECK":       {"name BF", "alpha"},
	"virtual_server/real_server/HTTP_GET\turl":    {"path /", "status_code 200"},
	"virtual_server/real_server/SSL_GET\turl":     {"path /", "status_code 200"},
	"virtual_server/real_server/SMTP_CHECK\thost": {"connect_ip 192.168.1.3", "wrong"},
}

// blockNames are the words between the keyword of a block and its brace.
var blockNames = map[string]string{
	"root\ttrack_group": "TG", "root\tvrrp_sync_group": "SG", "root\tvrrp_instance": "VI_9", "root\tvrrp_script": "CS",
	"root\tvrrp_track_process": "TP", "root\ttrack_file": "TF", "root\tvrrp_track_file": "TF", "root\tbfd_instance": "BF",
	"root\tvirtual_server_group": "VSG", "root\tvirtual_server": "10.0.0.200 80", "virtual_server\treal_server": "192.168.1.2 80",
}

func blockSampleOf(r Row) sample {
	if s, ok := blockSamples[r.Key()]; ok {
		return s
	}
	return sample{trackItems[r.Name], "nosuchname"}
}

// trackBlock gives the tracking list that a block of items belongs to, or "".
func trackBlock(block string) string {
	for name := range trackItems {
		if strings.HasSuffix(block, "/"+name+"/item") {
			return name
		}
	}
	return ""
}
