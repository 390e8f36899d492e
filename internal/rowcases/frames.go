package rowcases

import (
	"slices"
	"strings"
)

// mark is the place of the statement in a frame.
const mark = "@@"

// Definitions that statements refer to.
const (
	scriptsOn  = "global_defs {\nscript_user root\nenable_script_security\n}\n"
	trackers   = "vrrp_script CS {\nscript /bin/true\n}\ntrack_file TF {\nfile /tmp/rowcases\n}\nvrrp_track_process TP {\nprocess sh\n}\nbfd_instance BF {\nneighbor_ip 192.168.1.2\n}\n"
	instances  = "vrrp_instance VI_1 {\ninterface eth0\nvirtual_router_id 51\nvirtual_ipaddress {\n10.0.0.100/24 dev eth0\n}\n}\nvrrp_instance VI_2 {\ninterface eth0\nvirtual_router_id 52\nvirtual_ipaddress {\n10.0.0.101/24 dev eth0\n}\n}\n"
	trackGroup = "track_group TG {\ngroup {\nVI_1\n}\n}\n"
)

// frameOf gives the file around a row's statement.
func frameOf(r Row) string {
	if f, ok := rowFrames[r.Key()]; ok {
		return f
	}
	if r.Block == "any (lexer)" && strings.HasPrefix(r.Name, "include") {
		return mark + "\n"
	}
	if f, ok := blockFrames[r.Block]; ok {
		return f
	}
	switch parent, rest, _ := strings.Cut(r.Block, "/"); parent {
	case "any": // of the booleans
		return instance(r, mark)
	case "vrrp_instance":
		return instanceFrame(r, rest)
	case "vrrp_sync_group":
		return groupFrame(r, rest)
	case "virtual_ipaddress", "virtual_ipaddress_excluded":
		if slices.Contains(addressIPv6, r.Name) {
			parent = "virtual_ipaddress_excluded" // of either family
		}
		return instance(r, parent+" {\n"+addressItem(r)+"\n}")
	case "virtual_routes":
		return instance(r, "virtual_routes {\n"+routeItem(r, rest)+"\n}")
	case "virtual_rules":
		return instance(r, "virtual_rules {\n"+ruleItem(r)+"\n}")
	case "virtual_server":
		return serverFrame(r, rest)
	case "global_defs":
		return globalFrame(rest)
	}
	return ""
}

// blockFrames are for blocks whose rows need nothing around them but the block.
var blockFrames = map[string]string{
	"root":                                   scriptsOn + mark + "\n",
	"track_group":                            instances + "track_group TG {\n" + mark + "\n}\n",
	"linkbeat_interfaces":                    "linkbeat_interfaces {\n" + mark + "\n}\n" + instances,
	"interface_up_down_delays":               "interface_up_down_delays {\n" + mark + "\n}\n" + instances,
	"garp_group":                             "garp_group {\ngarp_interval 1\ninterface eth0\n" + mark + "\n}\n" + instances,
	"vrrp_script":                            scriptsOn + "vrrp_script CS {\nscript /bin/true\n" + mark + "\n}\n",
	"track_file":                             "track_file TF {\nfile /tmp/rowcases\n" + mark + "\n}\n",
	"vrrp_track_file":                        "vrrp_track_file TF {\nfile /tmp/rowcases\n" + mark + "\n}\n",
	"vrrp_track_process":                     "vrrp_track_process TP {\nprocess sh\n" + mark + "\n}\n",
	"bfd_instance":                           "bfd_instance BF {\nneighbor_ip 192.168.1.2\n" + mark + "\n}\n",
	"SSL":                                    "SSL {\n" + mark + "\n}\n",
	"virtual_server_group/item":              "virtual_server_group VSG {\n" + mark + "\n}\n",
	"static_ipaddress/item":                  instances + trackGroup + "static_ipaddress {\n10.0.0.77/24 dev eth0 " + mark + "\n}\n",
	"static_routes/item":                     instances + trackGroup + "static_routes {\n10.1.0.0/16 dev eth0 " + mark + "\n}\n",
	"static_rules/item":                      instances + trackGroup + "static_rules {\nfrom 10.1.0.0/16 iif eth0 table 100 priority 1000 " + mark + "\n}\n",
	"any (lexer)":                            "static_ipaddress {\n" + mark + "\n}\n",
	"linkbeat_interfaces/value":              "linkbeat_interfaces {\n" + mark + "\n}\n" + instances,
	"virtual_server_group/item/fwmark/value": "virtual_server_group VSG {\n" + mark + "\n}\n",
	"vrrp_track_process/param_match/value":   "vrrp_track_process TP {\nprocess sh -c\n" + mark + "\n}\n",
}

// rowFrames are for rows that need other neighbours than the rest of their block.
var rowFrames = map[string]string{
	"root\ttrack_group":                   instances + mark + "\n",
	"root\tvrrp_sync_group":               instances + mark + "\n",
	"root\tgarp_group":                    mark + "\n" + instances,
	"root\tlinkbeat_interfaces":           mark + "\n" + instances,
	"root\tinterface_up_down_delays":      mark + "\n" + instances,
	"global_defs\tscript_user":            globals(mark),
	"global_defs\tlvs_sync_daemon":        globals(mark) + instances,
	"vrrp_script\tscript":                 scriptsOn + "vrrp_script CS {\n" + mark + "\n}\n",
	"track_file\tfile":                    "track_file TF {\n" + mark + "\n}\n",
	"vrrp_track_file\tfile":               "vrrp_track_file TF {\n" + mark + "\n}\n",
	"vrrp_track_process\tprocess":         "vrrp_track_process TP {\n" + mark + "\n}\n",
	"vrrp_track_process\tparam_match":     "vrrp_track_process TP {\nprocess sh -c\n" + mark + "\n}\n",
	"bfd_instance\tneighbor_ip":           "bfd_instance BF {\n" + mark + "\n}\n",
	"bfd_instance\tneighbour_ip":          "bfd_instance BF {\n" + mark + "\n}\n",
	"garp_group\tgarp_interval":           "garp_group {\n" + mark + "\ninterface eth0\n}\n" + instances,
	"garp_group\tgna_interval":            "garp_group {\n" + mark + "\ninterface eth0\n}\n" + instances,
	"garp_group\tinterface":               "garp_group {\ngarp_interval 1\n" + mark + "\n}\n" + instances,
	"garp_group\tinterfaces":              "garp_group {\ngarp_interval 1\n" + mark + "\n}\n" + instances,
	"static_ipaddress/item\t<all others>": "static_ipaddress {\n" + mark + "\n}\n",
	"static_routes/item\t<all others>":    "static_routes {\n" + mark + "\n}\n",
	"static_rules/item\t<all others>":     "static_rules {\n" + mark + "\n}\n",
	"vrrp_instance\tnative_ipv6":          "vrrp_instance VI_1 {\n" + mark + "\ninterface eth0\nvirtual_router_id 51\npriority 100\nvirtual_ipaddress {\nfe80::100/64 dev eth0\n}\n}\n",
	"any (lexer)\t$<NAME>=":               mark + "\n",
	"any (lexer)\t${_PWD}":                globals(mark),
	"any (lexer)\t${_INSTANCE}":           globals(mark),
	"any (lexer)\t${_RANDOM [min [max]]}": globals(mark),
	"any (lexer)\t${_ENV <name>}":         globals(mark),
	"any (lexer)\t${_HASH}":               globals(mark),
	"any (lexer)\t${_BANG}":               globals(mark),
}

func globals(s string) string { return "global_defs {\n" + s + "\n}\n" }

// globalFrame is global_defs, or the keyword whose options the block names.
func globalFrame(rest string) string {
	keyword, kind, _ := strings.Cut(rest, "/")
	if kind != "option" {
		return scriptsOn + globals(mark) // values bring their keyword along
	}
	switch keyword {
	case "lvs_sync_daemon":
		return globals(keyword+" eth0 "+mark) + instances
	case "vrrp_garp_extra_if":
		return globals(keyword + " " + mark + " 3")
	}
	return globals(keyword + " " + mark)
}

// ordinary is an instance's statement that gives way to the row that is tried.
type ordinary struct{ words, text string }

func without(list []ordinary, r Row) string {
	var b strings.Builder
	for _, o := range list {
		if !slices.Contains(strings.Fields(o.words), r.Name) {
			b.WriteString(o.text + "\n")
		}
	}
	return b.String()
}

// instance makes a file with one instance around inner.
func instance(r Row, inner string) string {
	vip := "10.0.0.100/24 dev eth0"
	body := without([]ordinary{
		{"interface", "interface eth0"},
		{"state timer_expired_backup thread_timer_expired nopreempt preempt_delay", "state BACKUP"},
		{"virtual_router_id", "virtual_router_id 51"},
		{"priority state", "priority 100"},
		{"virtual_ipaddress no_virtual_ipaddress", "virtual_ipaddress {\n" + vip + "\n}"},
	}, Row{Name: blockOnly(r)})
	return scriptsOn + trackers + "vrrp_instance VI_1 {\n" + body + inner + "\n}\n"
}

// blockOnly gives the name of a row of vrrp_instance itself: words of items
// do not push an instance's own statement out.
func blockOnly(r Row) string {
	if r.Block != "vrrp_instance" {
		return ""
	}
	return r.Name
}

// instanceNeeds are statements that must stand before the row's own.
var instanceNeeds = map[string]string{
	"vmac_xmit_base":        "use_vmac\n",
	"use_vmac_addr":         "use_vmac\n",
	"vrf":                   "unicast_peer {\n192.168.0.2\n}\n",
	"unicast_ttl":           "unicast_peer {\n192.168.0.2\n}\n",
	"check_unicast_src":     "unicast_peer {\n192.168.0.2\n}\n",
	"unicast_fault_no_peer": "unicast_peer {\n192.168.0.2\n}\n",
	"unicast_src_ip":        "unicast_peer {\n192.168.0.2\n}\n",
	"old_unicast_checksum":  "version 3\nunicast_peer {\n192.168.0.2\n}\n",
	"v3_checksum_as_v2":     "version 3\n",
	"track_src_ip":          "mcast_src_ip 192.168.0.1\n",
	"timer_expired_backup":  "nopreempt\n",
	"thread_timer_expired":  "nopreempt\n",
}

func instanceFrame(r Row, rest string) string {
	block, kind, _ := strings.Cut(rest, "/")
	switch {
	case rest == "":
		return instance(r, instanceNeeds[r.Name]+mark)
	case kind == "value" && block == "state":
		return instance(Row{Block: "vrrp_instance", Name: "state"}, mark)
	case kind == "value":
		return instance(r, instanceNeeds[block]+mark)
	case block == "authentication":
		return instance(r, "authentication {\n"+without([]ordinary{
			{"auth_type " + authTypes(kind), "auth_type PASS"}, {"auth_pass", "auth_pass secret"},
		}, r)+mark+"\n}")
	case block == "auth_hmac":
		return instance(r, "auth_hmac {\n"+without([]ordinary{
			{"", "key 7 abcdefghijklmnopqrstuvwxyzabcdef"}, {"active_key", "active_key 7"},
		}, r)+mark+"\n}")
	case kind == "option":
		return instance(r, block+" "+optionsBefore(r)+mark)
	case r.positional() && block == "unicast_peer":
		return instance(r, block+" {\n"+mark+"\n}")
	case block == "unicast_peer":
		return instance(r, block+" {\n192.168.0.2 "+mark+"\n}")
	}
	return instance(r, trackItem(r, block))
}

// authTypes are the values of auth_type, when a row is one of them.
func authTypes(kind string) string {
	if strings.HasPrefix(kind, "auth_type/") {
		return "PASS AH"
	}
	return ""
}

// optionsBefore are words of use_vmac and use_ipvlan that the option needs.
func optionsBefore(r Row) string {
	if strings.Contains(r.Block, "use_ipvlan") && !strings.Contains(r.Name, "ip") {
		return "192.168.0.9 "
	}
	return ""
}

// trackItem is a tracking list around an object or one of its options.
func trackItem(r Row, block string) string {
	before := trackItems[block] + " "
	switch {
	case r.positional():
		before = ""
	case r.Name == "reverse" || r.Name == "noreverse":
		before += "weight 3 "
	}
	return block + " {\n" + before + mark + "\n}"
}

func groupFrame(r Row, block string) string {
	block = strings.TrimSuffix(block, "/item")
	inner := "group {\nVI_1\nVI_2\n}\n"
	switch {
	case r.Name == "group":
		inner = mark
	case block == "":
		inner += mark
	default:
		inner += trackItem(r, block)
	}
	return scriptsOn + trackers + instances + "vrrp_sync_group SG {\n" + inner + "\n}\n"
}
