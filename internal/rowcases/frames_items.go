package rowcases

import (
	"slices"
	"strings"
)

// addressIPv6 are options of IPv6 addresses.
var addressIPv6 = []string{"home", "-nodad", "mngtmpaddr"}

// addressItem is an address with the mark at the place of the row's words.
func addressItem(r Row) string {
	address := "10.0.0.77/24"
	switch r.Name {
	case "<ip>[/<prefix>]", "<all>":
		return mark
	case "peer":
		address = "10.0.0.77"
	}
	if slices.Contains(addressIPv6, r.Name) {
		address = "2001:db8::77/64"
	}
	if strings.HasSuffix(r.Block, "/brd/value") {
		return address + " dev eth0 " + mark
	}
	if r.Name == "dev" || r.Name == "use_vmac" {
		return address + " " + mark
	}
	return address + " dev eth0 " + mark
}

var (
	routeTypes    = []string{"to", "unicast", "local", "broadcast", "brd", "multicast", "throw", "unreachable", "prohibit", "blackhole", "nat", "anycast", "xresolve"}
	withoutDevice = []string{"throw", "unreachable", "prohibit", "blackhole"}
	routeIPv6     = []string{"from", "expires", "pref", "inet6"}
)

// routeItem is a route with the mark at the place of the row's words. rest is
// the block behind virtual_routes.
func routeItem(r Row, rest string) string {
	switch {
	case r.Block == "virtual_routes/item" && slices.Contains(withoutDevice, r.Name):
		return mark + " no_track"
	case r.Block == "virtual_routes/item" && (slices.Contains(routeTypes, r.Name) || r.positional()):
		return mark + " dev eth0"
	case strings.HasPrefix(rest, "item/nexthop"):
		return "10.1.0.0/16 no_track nexthop " + nexthopBefore(r) + mark
	case rest == "item/encap ip6":
		return "2001:db8:1::/48 via 2001:db8::2 dev eth0 encap ip6 " + encapBefore(r) + mark
	case rest == "item/encap ip":
		return "10.1.0.0/16 via 192.168.0.2 dev eth0 encap ip " + encapBefore(r) + mark
	case strings.HasPrefix(rest, "item/encap "):
		return "10.1.0.0/16 via 192.168.0.2 dev eth0 " + strings.TrimPrefix(rest, "item/") + " " + mark
	case rest == "item/encap/value":
		return "10.1.0.0/16 via 192.168.0.2 dev eth0 " + mark + encapOptions[r.Name]
	case slices.Contains(routeIPv6, r.Name), rest == "item/pref/value":
		return "2001:db8:1::/48 dev eth0 " + mark
	case r.Name == "dev" || r.Name == "oif":
		return "10.1.0.0/16 " + mark
	case r.Name == "nexthop":
		return "10.1.0.0/16 no_track " + mark
	case r.Name == "protocol" || rest == "item/protocol/value":
		return "10.1.0.0/16 dev eth0 no_track " + mark
	case r.Name == "via" || r.Name == "gw" || r.Name == "or" || r.Name == "as" || r.Name == "onlink":
		return "10.1.0.0/16 dev eth0 " + viaBefore(r) + mark
	}
	return "10.1.0.0/16 dev eth0 " + mark
}

// encapOptions complete the encapsulations that are values.
var encapOptions = map[string]string{"ip": " id 3", "ip6": " id 3", "mpls": " 100", "ila": " 1:2:3:4"}

func viaBefore(r Row) string {
	if r.Name == "or" || r.Name == "onlink" {
		return "via 192.168.0.2 "
	}
	return ""
}

func nexthopBefore(r Row) string {
	switch r.Name {
	case "via":
		return "dev eth0 "
	case "dev":
		return "via 192.168.0.2 "
	}
	return "via 192.168.0.2 dev eth0 "
}

// encapBefore gives the id that a tunnel must have besides its other options.
func encapBefore(r Row) string {
	if r.Name == "id" {
		return ""
	}
	return "id 3 "
}

// ruleItem is a rule with the mark at the place of the row's words.
func ruleItem(r Row) string {
	switch r.Name {
	case "from":
		return mark + " table 100 priority 1000"
	case "inet6":
		return "from 2001:db8:1::/48 table 100 priority 1000 " + mark
	case "protocol":
		return "from 10.2.0.0/16 table 100 priority 1000 no_track " + mark
	case "preference", "order", "priority":
		return "from 10.2.0.0/16 table 100 " + mark
	case "table", "lookup", "l3mdev", "goto", "nop", "blackhole", "unreachable", "prohibit", "type":
		return "from 10.2.0.0/16 priority 1000 " + mark
	}
	return "from 10.2.0.0/16 table 100 priority 1000 " + mark
}

// serverNeeds are statements that must stand before the row's own.
var serverNeeds = map[string]string{
	"sorry_server_inhibit":    "sorry_server 192.168.1.9 80\n",
	"sorry_server_lvs_method": "sorry_server 192.168.1.9 80\n",
	"hysteresis":              "quorum 2\n",
}

// schedulers are those that a flag belongs to.
var schedulers = map[string]string{
	"hashed": "sh", "sh-port": "sh", "sh-fallback": "sh", "mh-port": "mh", "mh-fallback": "mh",
}

func serverFrame(r Row, rest string) string {
	block, kind, _ := strings.Cut(rest, "/")
	switch {
	case r.Name == "inet":
		return strings.ReplaceAll(serverFrame(Row{Name: "inet6", Block: r.Block}, rest), "2001:db8::2", "192.168.1.2")
	case kind == "value" && block != "":
		return server(Row{Block: "virtual_server", Name: block}, mark, realServer("TCP_CHECK {\n}"))
	case block == "":
		real := realServer("TCP_CHECK {\n}")
		if r.Name == "real_server" {
			real = ""
		}
		return server(r, serverNeeds[r.Name]+mark, real)
	case kind == "":
		inner := "TCP_CHECK {\n}\n" + mark
		if strings.HasSuffix(r.Name, "_CHECK") || strings.HasSuffix(r.Name, "_GET") {
			inner = mark
		}
		return server(Row{}, "", realServer(inner))
	case kind == "lvs_method/option":
		return server(Row{}, "", realServer("TCP_CHECK {\n}\nlvs_method "+methodBefore(r)+mark))
	}
	return server(Row{}, "", realServer(checker(r, kind)))
}

// server makes a file with one virtual server.
func server(r Row, inner, real string) string {
	head, proto := "virtual_server 10.0.0.200 80 {\n", "TCP"
	switch r.Name {
	case "ip_family":
		head = "virtual_server fwmark 7 {\n"
	case "ops":
		proto = "UDP"
	}
	sched := "rr"
	if s := schedulers[r.Name]; s != "" {
		sched = s
	}
	list := []ordinary{
		{"delay_loop", "delay_loop 6"},
		{"lvs_sched lb_algo", "lvs_sched " + sched},
		{"lvs_method lb_kind", "lvs_method NAT"},
	}
	if r.Name != "ip_family" {
		list = append(list, ordinary{"protocol", "protocol " + proto})
	} else {
		real = strings.ReplaceAll(real, "192.168.1.2", "2001:db8::2")
	}
	return scriptsOn + trackers + head + without(list, r) + lines(inner) + real + "}\n"
}

func realServer(inner string) string {
	return "real_server 192.168.1.2 80 {\nweight 2\n" + lines(inner) + "}\n"
}

func lines(s string) string {
	if s == "" || strings.HasSuffix(s, "\n") {
		return s
	}
	return s + "\n"
}

// methodBefore are words of lvs_method that the option needs.
func methodBefore(r Row) string {
	switch r.Name {
	case "NAT", "DR", "TUN":
		return ""
	case "type":
		return "TUN "
	case "ipip", "gre":
		return "TUN type "
	case "gue":
		return "TUN port 6080 type "
	case "remcsum", "csum", "nocsum":
		return "TUN type gue port 6080 "
	}
	return "TUN type gue "
}

// checkerNeeds are what a checker is incomplete without.
var checkerNeeds = map[string][]ordinary{
	"HTTP_GET":   {{"url", "url {\npath /\n}"}},
	"SSL_GET":    {{"url", "url {\npath /\n}"}},
	"MISC_CHECK": {{"misc_path", "misc_path /bin/true"}},
	"FILE_CHECK": {{"track_file", "track_file TF"}},
	"BFD_CHECK":  {{"name", "name BF"}},
}

func checker(r Row, kind string) string {
	name, inner, _ := strings.Cut(kind, "/")
	switch {
	case inner == "host":
		return name + " {\nhost {\n" + mark + "\n}\n}"
	case inner == "" || strings.HasSuffix(inner, "value"):
		return name + " {\n" + without(checkerNeeds[name], r) + mark + "\n}"
	}
	url := "path /\n"
	switch {
	case r.Name == "path":
		url = ""
	case strings.HasPrefix(r.Name, "regex_") || strings.HasSuffix(r.Block, "regex_options"):
		url += "regex ok\n"
	}
	return name + " {\nurl {\n" + url + mark + "\n}\n}"
}
