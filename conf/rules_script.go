package conf

// What is wrong with scripts and with the accounts that they run under.
const (
	securityOff Code = 601 + iota
	unknownAccount
	scriptAccountUnknown
	trackedMissing
	scriptMissing
	scriptInsecure
	hookInsecure
)

var scriptRules = []Rule{
	{
		Code: securityOff, Severity: Warning, Class: ClassSecurity, Title: "scripts run without a check of their paths",
		Explain: "Scripts are run and enable_script_security is not set, so a script that somebody else can write may be run by root.",
		Fix:     "write enable_script_security in global_defs, and script_user where scripts need not be root",
		Example: "vrrp_instance VI_1 {\n    interface eth0\n    virtual_router_id 51\n    notify /bin/true\n    virtual_ipaddress {\n        10.0.0.1\n    }\n}\n",
	},
	{
		Code: unknownAccount, Severity: Error, Class: ClassConfig, Title: "unknown account",
		Explain: "The account does not exist on this host. The script is removed: what it would have checked or told is not checked and not told.",
		Fix:     "create the account, or name another one",
		Example: "global_defs {\n    script_user no_such_user\n}\n",
	},
	{
		Code: scriptAccountUnknown, Severity: Error, Title: "unknown account, of a script that keepalived -t does not look at",
		Explain: "The account does not exist on this host. The script is removed when the daemon starts; keepalived says so only then.",
		Fix:     "create the account, or name another one",
		Example: "global_defs {\n    enable_script_security\n}\nvrrp_instance VI_1 {\n    interface eth0\n    virtual_router_id 51\n    notify /bin/true no_such_user\n    virtual_ipaddress {\n        10.0.0.1\n    }\n}\n",
	},
	{
		Code: trackedMissing, Severity: Warning, Class: ClassConfig, Title: "script of a vrrp_script cannot be run",
		Explain: "The file is not there, is not executable or is not accessible to its account. The vrrp_script is removed, and the instances that track it do as if it were not there: nothing is checked.",
		Fix:     "install the script before the daemon, executable, with its full path",
		Example: "global_defs {\n    script_user root\n    enable_script_security\n}\nvrrp_script chk {\n    script /missing\n}\n",
	},
	{
		Code: scriptMissing, Severity: Warning, Title: "script cannot be run",
		Explain: "The file is not there, is not executable or is not accessible to its account. The hook is removed when the daemon starts; keepalived says so only then.",
		Fix:     "install the script before the daemon, executable, with its full path",
		Example: "global_defs {\n    script_user root\n    enable_script_security\n}\nvrrp_instance VI_1 {\n    interface eth0\n    virtual_router_id 51\n    notify /missing\n    virtual_ipaddress {\n        10.0.0.1\n    }\n}\n",
	},
	{
		Code: scriptInsecure, Severity: Warning, Class: ClassConfig, Title: "script that others can change",
		Explain: "enable_script_security is set and a part of the path of a script that root runs can be written by somebody else. The script is removed.",
		Fix:     "take the write permission away with chmod, or run the script under another account",
		Example: "global_defs {\n    script_user root\n    enable_script_security\n}\nvrrp_script chk {\n    script /insecure\n}\n",
	},
	{
		Code: hookInsecure, Severity: Warning, Title: "hook that others can change",
		Explain: "enable_script_security is set and a part of the path of a script that root runs can be written by somebody else. The hook is removed when the daemon starts; keepalived says so only then.",
		Fix:     "take the write permission away with chmod, or run the script under another account",
		Example: "global_defs {\n    script_user root\n    enable_script_security\n}\nvrrp_instance VI_1 {\n    interface eth0\n    virtual_router_id 51\n    notify /insecure\n    virtual_ipaddress {\n        10.0.0.1\n    }\n}\n",
	},
}
