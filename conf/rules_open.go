package conf

// Keywords that have another name by now, or no effect.
const (
	notActedOn Code = 801 + iota
	deprecatedName
	obsoleteWord
	noTmpConfig
	openControl
)

var openRules = []Rule{
	{
		Code: notActedOn, Severity: Warning, Title: "understood, but without effect yet",
		Explain: "halbd parses and checks the keyword and does not do what it asks for. halbd keywords lists what acts.",
		Fix:     "stay with keepalived on hosts that need it, or remove it",
		Example: "global_defs {\n    enable_dbus\n}\n",
	},
	{
		Code: deprecatedName, Severity: Warning, Class: ClassConfig, Title: "old name of a keyword",
		Explain: "The keyword has another name by now. It acts as before, and keepalived -t complains.",
		Fix:     "write the new name",
		Example: "vrrp_sync_group G {\n    global_tracking\n    group {\n        VI_1\n        VI_2\n    }\n}\nvrrp_instance VI_1 {\n    interface eth0\n    virtual_router_id 51\n    virtual_ipaddress {\n        10.0.0.1\n    }\n}\nvrrp_instance VI_2 {\n    interface eth1\n    virtual_router_id 51\n    virtual_ipaddress {\n        10.0.1.1\n    }\n}\n",
	},
	{
		Code: obsoleteWord, Severity: Hint, Title: "keyword of former times",
		Explain: "The keyword is read and has no effect any more, in keepalived as in halbd.",
		Fix:     "remove it",
		Example: "vrrp_instance VI_1 {\n    interface eth0\n    virtual_router_id 51\n    debug 1\n    virtual_ipaddress {\n        10.0.0.1\n    }\n}\n",
	},
	{
		Code: noTmpConfig, Severity: Hint, Title: "nothing to do for halbd",
		Explain: "keepalived hands the merged configuration to its processes in a file, which tmp_config_directory puts on disk. halbd reads the files once and sends each process its part over a socket, so that no such file exists, on disk or in memory.",
		Fix:     "leave it for keepalived, or remove it",
		Example: "global_defs {\n    tmp_config_directory /var/tmp\n}\n",
	},
	{
		Code: openControl, Severity: Error, Title: "status is open to other hosts",
		Explain: "control_listen names an address that other hosts reach. Without control_tls and control_token_file anybody there could read names, addresses and errors, so halbd does not listen.",
		Fix:     "write control_tls and control_token_file, an address of this host alone such as 127.0.0.1:9112, or insecure behind the address",
		Example: "global_defs {\n    control_listen 0.0.0.0:9112\n}\n",
	},
}
