package conf

// What does not fit the host that the file is for.
const (
	interfaceMissing Code = 701 + iota
	defaultMissing
	linkMissing
	groupWithoutLink
	unresolved
)

var hostRules = []Rule{
	{
		Code: interfaceMissing, Severity: Error, Class: ClassConfig, NoStart: true, Title: "interface does not exist",
		Explain: "The host has no interface of this name. keepalived does not start with such a file unless dynamic_interfaces is set.",
		Fix:     "correct the name, or write dynamic_interfaces in global_defs if the interface comes later",
		Example: "vrrp_instance VI_1 {\n    interface nope0\n    virtual_router_id 51\n    virtual_ipaddress {\n        10.0.0.1\n    }\n}\n",
	},
	{
		Code: defaultMissing, Severity: Error, Class: ClassFatal, NoStart: true, Title: "default interface does not exist",
		Explain: "An address names no interface, and the default one (default_interface, else eth0) does not exist.",
		Fix:     "write dev and the interface behind the address, or set default_interface",
		Example: "global_defs {\n    default_interface nope0\n}\nstatic_ipaddress {\n    10.9.9.1/24\n}\n",
	},
	{
		Code: linkMissing, Severity: Error, Class: ClassFatal, Title: "interface to be watched does not exist",
		Explain: "The host has no interface of this name, so its link cannot be polled or its changes delayed.",
		Fix:     "correct the name, or remove the line",
		Example: "linkbeat_interfaces {\n    nope0\n}\n",
	},
	{
		Code: groupWithoutLink, Severity: Warning, Title: "garp_group without an interface",
		Explain: "A garp_group paces the announcements of the interfaces that it names. It names none.",
		Fix:     "write interface and its name, or interfaces { }",
		Example: "garp_group {\n    garp_interval 0.1\n}\n",
	},
	{
		Code: unresolved, Severity: Warning, Class: ClassConfig, Title: "host name without an address",
		Explain: "Neither /etc/hosts nor a name server knows the name. A test asks; a start does not, since it must not wait for a name server.",
		Fix:     "write the address, or put the name into /etc/hosts",
		Example: "global_defs {\n    smtp_server mail.invalid\n}\n",
	},
}
