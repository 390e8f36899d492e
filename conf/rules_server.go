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
		Explain: "bindto and the address to connect to are of two families. The checker is removed, so the server counts as healthy.",
		Fix:     "write a bindto address of the real server's family",
		Example: "virtual_server 10.0.0.1 80 {\n    protocol TCP\n    lvs_sched rr\n    lvs_method NAT\n    real_server 10.0.1.1 80 {\n        TCP_CHECK {\n            bindto 2001:db8::1\n        }\n    }\n}\n",
	},
	{
		Code: undefinedGroup, Severity: Error, Title: "virtual server group is not defined",
		Explain: "The virtual server names a group that does not exist. It is removed; keepalived says so only at a start.",
		Fix:     "define the virtual_server_group, or correct its name",
		Example: "virtual_server group web {\n    protocol TCP\n    lvs_sched rr\n    lvs_method NAT\n    real_server 10.0.1.1 80 {\n    }\n}\n",
	},
}
