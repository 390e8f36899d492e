package rowcases

import "strings"

// statement is the text that stands for the mark of a frame.
type statement struct {
	variant Variant
	text    string
}

// statements makes the variants of a row.
func statements(r Row) []statement {
	switch {
	case r.Block == "any (lexer)":
		return lexerStatements[r.Name]
	case strings.HasSuffix(r.Block, "/value"), strings.HasSuffix(r.Block, "/regex_options"):
		return []statement{{Legal, keywordOfValue(r) + r.Name}}
	case strings.Contains(r.Args, "{"):
		return blockStatements(r)
	}
	return wordStatements(r)
}

// keywordOfValue gives the keyword that a row's word is a value of.
func keywordOfValue(r Row) string {
	path := strings.TrimSuffix(r.Block, "/value")
	kw := path[strings.LastIndex(path, "/")+1:]
	switch kw {
	case "linkbeat_interfaces":
		return "eth1 "
	case "<bool>":
		return "smtp_alert "
	case "fwmark":
		return "fwmark 3 "
	}
	return kw + " "
}

func wordStatements(r Row) []statement {
	head := r.Name
	if r.positional() {
		head = ""
	}
	line := func(args string) string { return strings.TrimSpace(head + " " + args) }
	s := sampleOf(r)
	list := []statement{{Legal, line(s.legal)}}
	add := func(v Variant, value string) {
		if value != "" {
			list = append(list, statement{v, line(rangePrefix[r.Key()] + value + rangeSuffix[r.Key()])})
		}
	}
	b := boundsOf(r)
	add(Min, b.min)
	add(Max, b.max)
	add(Below, b.below)
	add(Above, b.above)
	if s.legal != "" && !strings.HasPrefix(r.Args, "none") {
		words := strings.Fields(s.legal)
		if text := line(strings.Join(words[:len(words)-1], " ")); text != "" {
			list = append(list, statement{Few, text})
		}
	}
	if !strings.Contains(r.Args, "...") {
		list = append(list, statement{Many, line(s.legal + " surplus")})
	}
	if s.wrong != "" {
		list = append(list, statement{Wrong, line(s.wrong)})
	}
	return list
}

// rangePrefix and rangeSuffix are the words around a number that has a range.
var (
	rangePrefix = map[string]string{
		"global_defs\tsmtp_server":               "192.168.1.2 ",
		"interface_up_down_delays\t<ifname>":     "eth1 ",
		"virtual_server_group/item\t<ip>":        "10.0.0.1 ",
		"virtual_server_group/item\t<ip>-<last>": "10.0.0.1-5 ",
		"virtual_server_group/item\t<ip>-<ip>":   "10.0.0.1-10.0.0.5 ",
		"virtual_server_group/item\t<ip>/<mask>": "10.0.0.0/24 ",
		"virtual_server\tsorry_server":           "192.168.1.9 ",
		"virtual_rules/item\tsport":              "0-",
		"virtual_rules/item\tdport":              "0-",
	}
	rangeSuffix = map[string]string{
		"vrrp_instance/auth_hmac\tkey":                         " abcdefghijklmnopqrstuvwxyzabcdef",
		"virtual_server/real_server/HTTP_GET/url\tregex_stack": " 18446744073709551615",
		"virtual_server/real_server/SSL_GET/url\tregex_stack":  " 18446744073709551615",
	}
)

// blockStatements makes a block with legal contents, an empty one, one without
// its name, one with a surplus word and one with wrong contents.
func blockStatements(r Row) []statement {
	s := blockSampleOf(r)
	block := func(name, body string) string {
		if body != "" {
			body += "\n"
		}
		return strings.TrimSpace(r.Name+" "+name) + " {\n" + body + "}"
	}
	name := blockNames[r.Key()]
	list := []statement{{Legal, block(name, s.legal)}}
	if name == "" {
		list = append(list, statement{Few, block("", "")})
	} else {
		list = append(list, statement{Few, block("", s.legal)})
	}
	list = append(list, statement{Many, block(strings.TrimSpace(name+" surplus"), s.legal)})
	if s.wrong != "" {
		list = append(list, statement{Wrong, block(name, s.wrong)})
	}
	return list
}

// lexerStatements are for what the preprocessor reads. They stand in
// static_ipaddress, or in a frame of their own.
var lexerStatements = map[string][]statement{
	"include":  includeStatements("include"),
	"includer": includeStatements("includer"),
	"includem": includeStatements("includem"),
	"includew": includeStatements("includew"),
	"includeb": includeStatements("includeb"),
	"includea": includeStatements("includea"),
	"$<NAME>=": {
		{Legal, "$IF=eth0\nstatic_ipaddress {\n10.9.9.1/24 dev $IF\n}"},
		{Wrong, "$IF =eth0\nstatic_ipaddress {\n10.9.9.1/24 dev eth0\n}"},
	},
	"~SEQ":                   {{Legal, "~SEQ(N,1,3) 10.9.9.${N}/24 dev eth0"}, {Wrong, "~SEQ(N,1,0,3) 10.9.9.${N}/24 dev eth0"}},
	"~SEQx":                  {{Legal, "~SEQx(N,1,12) 2001:db8::${N}/64 dev eth0"}, {Wrong, "~SEQx(N,1,0,3) 2001:db8::${N}/64 dev eth0"}},
	"~LST":                   {{Legal, "~LST(N,1,2) 10.9.9.${N}/24 dev eth0"}, {Wrong, "~LST({N,M},{1,2,3}) 10.9.9.${N}/24 dev eth0"}},
	"@<id>":                  {{Legal, "@rowcases 10.9.9.1/24 dev eth0"}, {Wrong, "@ rowcases wrong"}},
	"@^<id>":                 {{Legal, "@^other 10.9.9.1/24 dev eth0"}, {Wrong, "@^other wrong"}},
	"${_PWD}":                {{Legal, "router_id ${_PWD}"}},
	"${_INSTANCE}":           {{Legal, "router_id ${_INSTANCE}"}},
	"${_RANDOM [min [max]]}": {{Legal, "router_id ${_RANDOM 1 3}"}, {Few, "router_id ${_RANDOM}"}, {Wrong, "router_id ${_RANDOM 3 1}"}},
	"${_ENV <name>}":         {{Legal, "router_id lb${_ENV ROWCASES_UNSET}"}},
	"${_HASH}":               {{Legal, `router_id "lb${_HASH}1"`}, {Wrong, "router_id ${_HASH}1"}},
	"${_BANG}":               {{Legal, `router_id "lb${_BANG}1"`}, {Wrong, "router_id ${_BANG}1"}},
}

func includeStatements(keyword string) []statement {
	return []statement{
		{Legal, keyword + " " + Included},
		{Few, keyword},
		{Many, keyword + " " + Included + " surplus"},
		{Wrong, keyword + " missing*.conf"},
	}
}
