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
	notExecutable
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
		Code: trackedMissing, Severity: Error, Class: ClassConfig, Title: "script of a vrrp_script cannot be run",
		Explain: "The file is not there, or is none. The vrrp_script is removed, and the instances that track it do as if it were not there: nothing is checked.",
		Fix:     "install the script before the daemon, executable, with its full path",
		Example: "global_defs {\n    script_user root\n    enable_script_security\n}\nvrrp_script chk {\n    script /missing\n}\n",
	},
	{
		Code: scriptMissing, Severity: Error, Title: "script cannot be run",
		Explain: "The file is not there, or is none. The hook is removed when the daemon starts; keepalived says so only then.",
		Fix:     "install the script before the daemon, executable, with its full path",
		Example: "global_defs {\n    script_user root\n    enable_script_security\n}\nvrrp_instance VI_1 {\n    interface eth0\n    virtual_router_id 51\n    notify /missing\n    virtual_ipaddress {\n        10.0.0.1\n    }\n}\n",
	},
	{
		Code: scriptInsecure, Severity: Error, Class: ClassConfig, Title: "script that others can change",
		Explain: "enable_script_security is set and a part of the path of a script that root runs can be written by somebody else. The script is removed.",
		Fix:     "take the write permission away with chmod, or run the script under another account",
		Example: "global_defs {\n    script_user root\n    enable_script_security\n}\nvrrp_script chk {\n    script /insecure\n}\n",
	},
	{
		Code: hookInsecure, Severity: Error, Title: "hook that others can change",
		Explain: "enable_script_security is set and a part of the path of a script that root runs can be written by somebody else. The hook is removed when the daemon starts; keepalived says so only then.",
		Fix:     "take the write permission away with chmod, or run the script under another account",
		Example: "global_defs {\n    script_user root\n    enable_script_security\n}\nvrrp_instance VI_1 {\n    interface eth0\n    virtual_router_id 51\n    notify /insecure\n    virtual_ipaddress {\n        10.0.0.1\n    }\n}\n",
	},
	{
		Code: notExecutable, Severity: Error, Title: "script that its account may not execute",
		Explain: "The file is there, but its mode, or that of a directory above it, keeps the account that it would run under from executing it. The script is removed: what it would have checked or told is not checked and not told. keepalived -t does not say so; its log does when the daemon starts.",
		Fix:     "make it executable with chmod, or run it under another account",
		Example: "global_defs {\n    script_user root\n    enable_script_security\n}\nvrrp_script chk {\n    script /not_executable\n}\n",
	},
}
