package conf

// What does not make sense in virtual servers and their checkers.
const (
	noServers Code = 501 + iota
	duplicateServer
	defaultProtocol
	defaultScheduler
	defaultMethod
	fwmarkProtocol
	portReset
	quorumReduced
	hysteresisReduced
	sorryOptions
	bindFamily
	undefinedGroup
	sameService
	sharedService
	flagWithoutHash
	onePacketProtocol
	portZero
	portIgnored
	groupFamily
	groupRange
	suspendFwmark
	linkLocal
	replyLengths
	sorryIsReal
	oddNetmask
	addressTail
	methodOption
	badPattern
	lostBackslash
	shortLabel
	unusedLengths
)

var serverRules = []Rule{
	{
		Code: noServers, Severity: Error, Class: ClassConfig, Title: "virtual server without servers",
		Explain: "The virtual server has neither a real server nor a sorry server. It is removed.",
		Fix:     "write a real_server block with an address that is valid",
		Example: "virtual_server 10.0.0.1 80 {\n    protocol TCP\n    lvs_sched rr\n    lvs_method NAT\n}\n",
	},
	{
		Code: duplicateServer, Severity: Error, Class: ClassConfig, Title: "server is there already",
		Explain: "Another server has the same address, port and protocol. The second one is removed.",
		Fix:     "merge the two blocks, or change the address of one",
		Example: "virtual_server 10.0.0.1 80 {\n    protocol TCP\n    lvs_sched rr\n    lvs_method NAT\n    real_server 10.0.1.1 80 {\n    }\n    real_server 10.0.1.1 80 {\n    }\n}\n",
	},
	{
		Code: defaultProtocol, Severity: Warning, Class: ClassConfig, Title: "no protocol: UDP",
		Explain: "A virtual server without a protocol is one for UDP, which is rarely meant.",
		Fix:     "write protocol TCP, UDP or SCTP",
		Example: "virtual_server 10.0.0.1 80 {\n    lvs_sched rr\n    lvs_method NAT\n    real_server 10.0.1.1 80 {\n    }\n}\n",
	},
	{
		Code: defaultScheduler, Severity: Warning, Class: ClassConfig, Title: "no scheduler: wlc",
		Explain: "A virtual server without a valid scheduler gets wlc, weighted least connections.",
		Fix:     "write lvs_sched wlc, or another scheduler in lower case",
		Example: "virtual_server 10.0.0.1 80 {\n    protocol TCP\n    lvs_method NAT\n    real_server 10.0.1.1 80 {\n    }\n}\n",
	},
	{
		Code: defaultMethod, Severity: Warning, Class: ClassConfig, Title: "no forwarding method: NAT",
		Explain: "A virtual server without a valid forwarding method gets NAT: real servers must route their answers through this host.",
		Fix:     "write lvs_method NAT, DR or TUN in capitals",
		Example: "virtual_server 10.0.0.1 80 {\n    protocol TCP\n    lvs_sched rr\n    real_server 10.0.1.1 80 {\n    }\n}\n",
	},
	{
		Code: fwmarkProtocol, Severity: Warning, Class: ClassConfig, Title: "protocol of a fwmark service",
		Explain: "A firewall mark selects packets of every protocol. The protocol is ignored.",
		Fix:     "remove the protocol; the firewall rule that sets the mark selects it",
		Example: "virtual_server fwmark 1 {\n    protocol TCP\n    lvs_sched rr\n    lvs_method NAT\n    real_server 10.0.1.1 80 {\n    }\n}\n",
	},
	{
		Code: portReset, Severity: Warning, Class: ClassConfig, Title: "port of a real server is changed",
		Explain: "DR and TUN pass packets on as they are, so the port of a real server must be that of its virtual server. It is set to that; checks still go to the port that is written.",
		Fix:     "write the port of the virtual server, and connect_port in the checker for another one",
		Example: "virtual_server 10.0.0.1 80 {\n    protocol TCP\n    lvs_sched rr\n    lvs_method DR\n    real_server 10.0.1.1 8080 {\n    }\n}\n",
	},
	{
		Code: quorumReduced, Severity: Warning, Class: ClassConfig, Title: "quorum is out of reach",
		Explain: "The quorum is above the sum of the weights of all real servers, so it could never be met. The sum is used: one failure loses the quorum.",
		Fix:     "write a quorum of at most the sum of the weights, or add servers",
		Example: "virtual_server 10.0.0.1 80 {\n    protocol TCP\n    lvs_sched rr\n    lvs_method NAT\n    quorum 2\n    real_server 10.0.1.1 80 {\n    }\n}\n",
	},
	{
		Code: hysteresisReduced, Severity: Warning, Title: "hysteresis is not below the quorum",
		Explain: "With a hysteresis as large as the quorum the quorum could never be lost again. It is reduced to one below the quorum.",
		Fix:     "write a smaller hysteresis",
		Example: "virtual_server 10.0.0.1 80 {\n    protocol TCP\n    lvs_sched rr\n    lvs_method NAT\n    hysteresis 1\n    real_server 10.0.1.1 80 {\n    }\n}\n",
	},
	{
		Code: sorryOptions, Severity: Error, Class: ClassConfig, Title: "sorry server options without a sorry server",
		Explain: "sorry_server_inhibit and sorry_server_lvs_method must follow sorry_server. They are ignored.",
		Fix:     "write sorry_server with its address above them, or remove them",
		Example: "virtual_server 10.0.0.1 80 {\n    protocol TCP\n    lvs_sched rr\n    lvs_method NAT\n    sorry_server_inhibit\n    real_server 10.0.1.1 80 {\n    }\n}\n",
	},
	{
		Code: bindFamily, Severity: Error, Class: ClassConfig, Title: "checker binds to an address of the other family",
		Explain: "bindto and the address to connect to are of two families. The second of the two statements is ignored.",
		Fix:     "write a bindto address of the real server's family",
		Example: "virtual_server 10.0.0.1 80 {\n    protocol TCP\n    lvs_sched rr\n    lvs_method NAT\n    real_server 10.0.1.1 80 {\n        TCP_CHECK {\n            bindto 2001:db8::1\n        }\n    }\n}\n",
	},
	{
		Code: undefinedGroup, Severity: Error, Title: "virtual server group is not defined",
		Explain: "The virtual server names a group that does not exist. It is removed; keepalived says so only at a start.",
		Fix:     "define the virtual_server_group, or correct its name",
		Example: "virtual_server group web {\n    protocol TCP\n    lvs_sched rr\n    lvs_method NAT\n    real_server 10.0.1.1 80 {\n    }\n}\n",
	},
	{
		Code: sameService, Severity: Warning, Title: "virtual server is there twice",
		Explain: "Another virtual server has the same address, port and protocol. The real servers of both serve it, with the settings of the first block; keepalived does the same without a word, and keeps a quorum for each block.",
		Fix:     "merge the two blocks, or change the address of one",
		Example: "virtual_server 10.0.0.1 80 {\n    protocol TCP\n    lvs_sched rr\n    lvs_method NAT\n    real_server 10.0.1.1 80 {\n    }\n}\nvirtual_server 10.0.0.1 80 {\n    protocol TCP\n    lvs_sched rr\n    lvs_method NAT\n    real_server 10.0.1.1 80 {\n    }\n}\n",
	},
	{
		Code: sharedService, Severity: Warning, Title: "service of two virtual servers",
		Explain: "Two virtual servers have the same address and port, or fwmark: one of them through a group. The kernel has the service once, with the settings of the first and the real servers of both.",
		Fix:     "take the address out of one of the two",
		Example: "virtual_server_group g {\n    10.0.0.1 80\n}\nvirtual_server group g {\n    protocol TCP\n    lvs_sched rr\n    lvs_method NAT\n    real_server 10.0.1.1 80 {\n    }\n}\nvirtual_server 10.0.0.1 80 {\n    protocol TCP\n    lvs_sched rr\n    lvs_method NAT\n    real_server 10.0.1.1 80 {\n    }\n}\n",
	},
	{
		Code: flagWithoutHash, Severity: Error, Class: ClassConfig, Title: "scheduler flag without its scheduler",
		Explain: "The flag means something to the schedulers sh and mh only, and lvs_sched must stand above it. It is ignored.",
		Fix:     "write lvs_sched sh or mh above it, or remove it",
		Example: "virtual_server 10.0.0.1 80 {\n    protocol TCP\n    lvs_sched rr\n    lvs_method NAT\n    sh-port\n    real_server 10.0.1.1 80 {\n    }\n}\n",
	},
	{
		Code: onePacketProtocol, Severity: Error, Class: ClassConfig, Title: "one-packet scheduling of something else than UDP",
		Explain: "ops schedules each datagram for itself, which is possible for UDP and fwmarks only. It is switched off.",
		Fix:     "write protocol UDP, or remove ops",
		Example: "virtual_server 10.0.0.1 80 {\n    protocol TCP\n    lvs_sched rr\n    lvs_method NAT\n    ops\n    real_server 10.0.1.1 80 {\n    }\n}\n",
	},
	{
		Code: portZero, Severity: Warning, Class: ClassConfig, Title: "port 0 without persistence",
		Explain: "A service for all ports must be persistent. persistence_timeout 360 is used.",
		Fix:     "write a port, or a persistence_timeout",
		Example: "virtual_server 10.0.0.1 {\n    protocol TCP\n    lvs_sched rr\n    lvs_method NAT\n    real_server 10.0.1.1 80 {\n    }\n}\n",
	},
	{
		Code: portIgnored, Severity: Warning, Class: ClassConfig, Title: "port of a server behind a fwmark or a group",
		Explain: "With DR and TUN a packet arrives at the port that it was sent to, and a fwmark or group stands for several. The port is not used for the traffic; checkers use it.",
		Fix:     "leave the port out, and write connect_port in the checkers",
		Example: "virtual_server fwmark 3 {\n    lvs_sched rr\n    lvs_method DR\n    real_server 10.0.1.1 80 {\n    }\n}\n",
	},
	{
		Code: groupFamily, Severity: Error, Title: "group of another family than its servers",
		Explain: "A member of the group has another family than the real servers. The virtual server is ignored; keepalived says so only at a start.",
		Fix:     "use a group for each family, or TUN for all real servers",
		Example: "virtual_server_group g {\n    2001:db8::1 80\n}\nvirtual_server group g {\n    protocol TCP\n    lvs_sched rr\n    lvs_method NAT\n    real_server 10.0.1.1 80 {\n    }\n}\n",
	},
	{
		Code: groupRange, Severity: Warning, Title: "range of very many addresses",
		Explain: "Each address of a group is a service of its own in the kernel. Of a larger range the first 65536 are served.",
		Fix:     "use a fwmark for the whole network",
		Example: "virtual_server_group g {\n    10.0.0.0/8 80\n}\n",
	},
	{
		Code: suspendFwmark, Severity: Error, Class: ClassConfig, Title: "ha_suspend with a fwmark",
		Explain: "ha_suspend waits for an address to be on this host, and a fwmark is no address. It is switched off.",
		Fix:     "remove ha_suspend, or use an address",
		Example: "virtual_server fwmark 3 {\n    lvs_sched rr\n    lvs_method NAT\n    ha_suspend\n    real_server 10.0.1.1 80 {\n    }\n}\n",
	},
	{
		Code: linkLocal, Severity: Error, Class: ClassConfig, Title: "link-local target without an interface",
		Explain: "A link-local address can be reached only if the interface is known. The checker is removed, so the server counts as healthy.",
		Fix:     "write bind_if with the interface in the checker",
		Example: "virtual_server 2001:db8::1 80 {\n    protocol TCP\n    lvs_sched rr\n    lvs_method NAT\n    real_server fe80::1 80 {\n        TCP_CHECK {\n        }\n    }\n}\n",
	},
	{
		Code: replyLengths, Severity: Error, Title: "no reply can be long enough",
		Explain: "min_reply_length is above max_reply_length (default 255): a check that compares the reply with a pattern always fails.",
		Fix:     "write a max_reply_length that is not below min_reply_length",
		Example: "virtual_server 10.0.0.1 80 {\n    protocol UDP\n    lvs_sched rr\n    lvs_method NAT\n    real_server 10.0.1.1 80 {\n        UDP_CHECK {\n            require_reply 4f4b\n            min_reply_length 300\n        }\n    }\n}\n",
	},
	{
		Code: sorryIsReal, Severity: Warning, Title: "sorry server is one of the real servers",
		Explain: "The sorry server steps in when the real servers are lost. One that is a real server too is lost with them.",
		Fix:     "name a server that is none of the real servers",
		Example: "virtual_server 10.0.0.1 80 {\n    protocol TCP\n    lvs_sched rr\n    lvs_method NAT\n    sorry_server 10.0.1.1 80\n    real_server 10.0.1.1 80 {\n    }\n}\n",
	},
	{
		Code: oddNetmask, Severity: Warning, Title: "netmask with holes",
		Explain: "persistence_granularity of IPv4 is a netmask. A single number is the last byte of one, as in 0.0.0.24.",
		Fix:     "write a netmask, as in 255.255.255.0",
		Example: "virtual_server 10.0.0.1 80 {\n    protocol TCP\n    lvs_sched rr\n    lvs_method NAT\n    persistence_granularity 24\n    real_server 10.0.1.1 80 {\n    }\n}\n",
	},
	{
		Code: addressTail, Severity: Warning, Title: "address with a mask or a range",
		Explain: "One address is meant here. keepalived drops what stands behind / or - without a word.",
		Fix:     "write the address alone; ranges have their place in a virtual_server_group",
		Example: "virtual_server 10.0.0.1 80 {\n    protocol TCP\n    lvs_sched rr\n    lvs_method NAT\n    real_server 10.0.1.1/24 80 {\n    }\n}\n",
	},
	{
		Code: methodOption, Severity: Warning, Title: "tunnel options without a tunnel",
		Explain: "type, port and checksums are for TUN. With NAT and DR they have no effect.",
		Fix:     "remove the options, or write TUN",
		Example: "virtual_server 10.0.0.1 80 {\n    protocol TCP\n    lvs_sched rr\n    lvs_method DR type ipip\n    real_server 10.0.1.1 80 {\n    }\n}\n",
	},
	{
		Code: badPattern, Severity: Error, Title: "regex setting that cannot be used",
		Explain: "A regex, an option of it or its stack is not usable and is ignored. keepalived says so only in its log, when it reads the file for a start, and its checker crashes at a pattern that does not compile. A few things of PCRE2 are not supported: recursion, \\G, \\X, \\C with utf, backtracking verbs other than (*FAIL), newlines other than LF.",
		Fix:     "write one pattern in double quotes, and options in lower case",
		Example: "virtual_server 10.0.0.1 80 {\n    protocol TCP\n    lvs_sched rr\n    lvs_method NAT\n    real_server 10.0.1.1 80 {\n        HTTP_GET {\n            url {\n                path /\n                regex \"up\"\n                regex_options CASELESS\n            }\n        }\n    }\n}\n",
	},
	{
		Code: lostBackslash, Severity: Warning, Title: "backslash that the pattern does not get",
		Explain: "The language takes one backslash away before the pattern is read: \\d arrives as d.",
		Fix:     "double every backslash of a pattern",
		Example: "virtual_server 10.0.0.1 80 {\n    protocol TCP\n    lvs_sched rr\n    lvs_method NAT\n    real_server 10.0.1.1 80 {\n        HTTP_GET {\n            url {\n                path /\n                regex \"up \\d+\"\n            }\n        }\n    }\n}\n",
	},
	{
		Code: shortLabel, Severity: Hint, Class: ClassConfig, Title: "DNS name that keepalived does not ask for",
		Explain: "keepalived takes a first label of one letter for an empty one: it complains and asks for the root. halbd asks for the name as it is written.",
		Fix:     "write another name if keepalived has to read the file too",
		Example: "virtual_server 10.0.0.1 53 {\n    protocol UDP\n    lvs_sched rr\n    lvs_method NAT\n    real_server 10.0.1.1 53 {\n        DNS_CHECK {\n            name a.example.com\n        }\n    }\n}\n",
	},
	{
		Code: unusedLengths, Severity: Warning, Title: "reply length without a pattern",
		Explain: "min_reply_length and max_reply_length count beside a pattern of require_reply only: without one a reply of any length is good.",
		Fix:     "write what the reply begins with behind require_reply; xx stands for any byte",
		Example: "virtual_server 10.0.0.1 53 {\n    protocol UDP\n    lvs_sched rr\n    lvs_method NAT\n    real_server 10.0.1.1 53 {\n        UDP_CHECK {\n            require_reply\n            min_reply_length 12\n        }\n    }\n}\n",
	},
}
