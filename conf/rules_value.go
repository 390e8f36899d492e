package conf

// What is wrong with the words behind a keyword.
const (
	missingArgument Code = 201 + iota
	missingValue
	badNumber
	outOfRange
	roundedNumber
	zeroTaken
	clampedNumber
	badBoolean
	badWord
	badAddress
	badPrefix
	wrongFamily
	longName
	alreadySet
	overwritten
	surplusWord
	badValue
	wrongPlace
	slowSession
)

var valueRules = []Rule{
	{
		Code: missingArgument, Severity: Error, Class: ClassArgument, NoStart: true, Title: "argument is missing",
		Explain: "The keyword needs an argument. keepalived ends at such a line, in a test and at a start, and so does halbd: nothing behind it is looked at.",
		Fix:     "write the argument on the same line; # and ! begin a comment unless quoted",
		Example: "vrrp_instance VI_1 {\n    interface eth0\n    virtual_router_id 51\n    priority\n    virtual_ipaddress {\n        10.0.0.1\n    }\n}\n",
	},
	{
		Code: missingValue, Severity: Error, Class: ClassConfig, Title: "value is missing",
		Explain: "A keyword, an option or a block lacks its value or its name. It is ignored.",
		Fix:     "write the value behind it",
		Example: "vrrp_instance {\n}\n",
	},
	{
		Code: badNumber, Severity: Error, Class: ClassConfig, Title: "not a number",
		Explain: "The value is no decimal number, or is one with a sign or a fraction where none may be. The statement is ignored and the default stays.",
		Fix:     "write a plain decimal number",
		Example: "vrrp_instance VI_1 {\n    interface eth0\n    virtual_router_id 51\n    priority 100;\n    virtual_ipaddress {\n        10.0.0.1\n    }\n}\n",
	},
	{
		Code: outOfRange, Severity: Error, Class: ClassConfig, Title: "number out of range",
		Explain: "The number is outside of what the keyword takes. The statement is ignored and the default stays.",
		Fix:     "write a number inside the range",
		Example: "vrrp_instance VI_1 {\n    interface eth0\n    virtual_router_id 51\n    priority 256\n    virtual_ipaddress {\n        10.0.0.1\n    }\n}\n",
	},
	{
		Code: roundedNumber, Severity: Error, Class: ClassConfig, Title: "too many decimal places",
		Explain: "The number has more places than the keyword keeps. It is rounded.",
		Fix:     "write the rounded number",
		Example: "global_defs {\n    vrrp_garp_interval 0.0000015\n}\n",
	},
	{
		Code: zeroTaken, Severity: Error, Class: ClassConfig, Title: "0 is taken as 1",
		Explain: "The value must be above 0; 1 is used.",
		Fix:     "write 1 or more",
		Example: "global_defs {\n    vrrp_garp_master_repeat 0\n}\n",
	},
	{
		Code: clampedNumber, Severity: Error, Class: ClassConfig, Title: "number is moved to the nearest allowed one",
		Explain: "The number is outside of its range; the end of the range that is nearest is used.",
		Fix:     "write a number inside the range",
		Example: "global_defs {\n    vrrp_rt_priority 100\n}\n",
	},
	{
		Code: badBoolean, Severity: Error, Class: ClassConfig, Title: "not a boolean",
		Explain: "A boolean is one of true, on, yes, false, off, no, in lower case. The statement is ignored.",
		Fix:     "write on or off",
		Example: "global_defs {\n    vrrp_strict TRUE\n}\n",
	},
	{
		Code: badWord, Severity: Error, Class: ClassConfig, Title: "word is not one of those allowed",
		Explain: "The keyword takes certain words only, mostly in a certain letter case. The word is ignored.",
		Fix:     "write one of the words that the keyword takes",
		Example: "vrrp_instance VI_1 {\n    interface eth0\n    virtual_router_id 51\n    state master\n    virtual_ipaddress {\n        10.0.0.1\n    }\n}\n",
	},
	{
		Code: badAddress, Severity: Error, Class: ClassConfig, Title: "not an address",
		Explain: "The word is no IP address, or not one of the kind that belongs here. What it was for is left out.",
		Fix:     "write an IPv4 or IPv6 address in numbers",
		Example: "vrrp_instance VI_1 {\n    interface eth0\n    virtual_router_id 51\n    virtual_ipaddress {\n        10.0.0.1\n        10.0.0.300\n    }\n}\n",
	},
	{
		Code: badPrefix, Severity: Error, Class: ClassConfig, Title: "prefix length is not usable",
		Explain: "The part behind the / is no prefix length of the address's family. The full length is used.",
		Fix:     "write /0 to /32 for IPv4, /0 to /128 for IPv6",
		Example: "vrrp_instance VI_1 {\n    interface eth0\n    virtual_router_id 51\n    virtual_ipaddress {\n        10.0.0.1/33\n    }\n}\n",
	},
	{
		Code: wrongFamily, Severity: Error, Class: ClassConfig, Title: "addresses of two families",
		Explain: "IPv4 and IPv6 addresses stand where only one family may be. The first one decides; the address of the other family is left out.",
		Fix:     "use one instance, or one server, for each family; virtual_ipaddress_excluded takes both",
		Example: "vrrp_instance VI_1 {\n    interface eth0\n    virtual_router_id 51\n    virtual_ipaddress {\n        10.0.0.1\n        2001:db8::1\n    }\n}\n",
	},
	{
		Code: longName, Severity: Error, Class: ClassConfig, Title: "name is too long",
		Explain: "The kernel or the protocol does not take a name of this length. The statement is ignored, or the name cut.",
		Fix:     "write a shorter name; that of an interface may have 15 bytes",
		Example: "vrrp_instance VI_1 {\n    interface eth0\n    virtual_router_id 51\n    virtual_ipaddress {\n        10.0.0.1 label a-label-of-16-by\n    }\n}\n",
	},
	{
		Code: alreadySet, Severity: Error, Class: ClassConfig, Title: "set for a second time",
		Explain: "The keyword may be given once. The first statement stays and this one is ignored.",
		Fix:     "remove one of the two",
		Example: "vrrp_instance VI_1 {\n    interface eth0\n    virtual_router_id 51\n    state MASTER\n    state BACKUP\n    priority 150\n    virtual_ipaddress {\n        10.0.0.1\n    }\n}\n",
	},
	{
		Code: overwritten, Severity: Warning, Title: "set twice: the last one wins",
		Explain: "The keyword stands twice in one block. keepalived takes the last one without a word, and so does halbd.",
		Fix:     "remove one of the two",
		Example: "vrrp_instance VI_1 {\n    interface eth0\n    virtual_router_id 51\n    priority 100\n    priority 150\n    virtual_ipaddress {\n        10.0.0.1\n    }\n}\n",
	},
	{
		Code: surplusWord, Severity: Warning, Title: "word too many",
		Explain: "The statement is complete before this word. keepalived drops the rest of the line without a word, and so does halbd: a second statement on the line has no effect, and neither has a boolean behind a keyword that takes none.",
		Fix:     "write each statement on a line of its own, and quote what belongs together",
		Example: "vrrp_instance VI_1 {\n    interface eth0\n    virtual_router_id 51\n    priority 150 nopreempt\n    virtual_ipaddress {\n        10.0.0.1\n    }\n}\n",
	},
	{
		Code: badValue, Severity: Error, Class: ClassConfig, Title: "value is malformed",
		Explain: "The value does not have the form that the keyword needs. The statement is ignored.",
		Fix:     "write it in the form that halbd keywords shows",
		Example: "virtual_server 10.0.0.1 80 {\n    protocol TCP\n    lvs_sched rr\n    lvs_method NAT\n    real_server 10.0.1.1 80 {\n        HTTP_GET {\n            url {\n                path /\n                digest 1234\n            }\n        }\n    }\n}\n",
	},
	{
		Code: wrongPlace, Severity: Error, Class: ClassConfig, Title: "option that does not go with the others",
		Explain: "The option is known, but not beside the others of its line or block. It is ignored.",
		Fix:     "remove it, or change what it does not go with",
		Example: "virtual_server 10.0.0.1 80 {\n    protocol TCP\n    lvs_sched rr\n    lvs_method NAT port 80\n    real_server 10.0.1.1 80 {\n    }\n}\n",
	},
	{
		Code: slowSession, Severity: Hint, Title: "BFD interval of more than ten seconds",
		Explain: "The intervals of a bfd_instance are milliseconds. With one above 10000 it takes minutes until the loss of the neighbour is noticed; keepalived says so only in its log.",
		Fix:     "write milliseconds: 1000 is one second",
		Example: "bfd_instance B {\n    neighbor_ip 192.0.2.1\n    min_rx 30000\n}\n",
	},
}
