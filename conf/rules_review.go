package conf

// What keepalived takes without a word although it cannot work as it was
// meant. Their numbers leave room in the hundreds that they belong to.
const (
	unusedObject Code = 351

	ownerByState       Code = 451
	addressTwice       Code = 452
	weightWithoutRoom  Code = 453
	weightOutOfReach   Code = 454
	weightNoPreempt    Code = 455
	unicastNoSource    Code = 456
	peerIsSelf         Code = 457
	tooManyAddresses   Code = 458
	strictBlocksAccess Code = 459
	unevenGroup        Code = 461

	uncheckedServer Code = 551
	slowCheck       Code = 552
	swappedLimits   Code = 553

	shellSyntax   Code = 651
	slowScript    Code = 652
	alertsNowhere Code = 653

	noDirectory Code = 751
	noFile      Code = 752
)

var reviewRules = []Rule{
	{
		Code: unusedObject, Severity: Hint, Title: "defined and not used",
		Explain: "Nothing refers to the object: the script is not run for anything, the group has no virtual server. Often the reference has been forgotten.",
		Fix:     "refer to it (track_script, track_file, virtual_server group ...), or remove it",
		Example: "global_defs {\n    script_user root\n    enable_script_security\n}\nvrrp_script chk {\n    script /bin/true\n}\n",
	},
	{
		Code: ownerByState, Severity: Warning, Title: "state MASTER without a priority means 255",
		Explain: "Without a priority, state MASTER makes the instance the owner of its addresses: priority 255, master at once, weights of trackers without effect.",
		Fix:     "write a priority below 255",
		Example: "vrrp_instance VI_1 {\n    interface eth0\n    virtual_router_id 51\n    state MASTER\n    virtual_ipaddress {\n        10.0.0.1\n    }\n}\n",
	},
	{
		Code: addressTwice, Severity: Warning, Title: "one address in two places",
		Explain: "Two instances, or an instance and static_ipaddress, hold the same address on the same interface. When one of them lets it go, the other one loses it as well.",
		Fix:     "leave the address in one place",
		Example: "vrrp_instance VI_1 {\n    interface eth0\n    virtual_router_id 51\n    virtual_ipaddress {\n        10.0.0.1\n    }\n}\nvrrp_instance VI_2 {\n    interface eth0\n    virtual_router_id 52\n    virtual_ipaddress {\n        10.0.0.1\n    }\n}\n",
	},
	{
		Code: weightWithoutRoom, Severity: Warning, Title: "weight cannot change the priority",
		Explain: "An effective priority stays between 1 and 254. From the configured priority the weight would leave that range, so the effective priority is the same whether the tracker is good or bad.",
		Fix:     "write a priority that leaves room for the weight",
		Example: "vrrp_instance VI_1 {\n    interface eth0\n    virtual_router_id 51\n    priority 254\n    track_interface {\n        eth1 weight 10\n    }\n    virtual_ipaddress {\n        10.0.0.1\n    }\n}\n",
	},
	{
		Code: weightOutOfReach, Severity: Warning, Title: "weights can never cause a failover",
		Explain: "Even with every weighted tracker in its worst state this node keeps a higher priority than the other node has at its best, so the other node never takes over. The other node is the one that the file's @ID lines, or --peer, tell of.",
		Fix:     "make the weights larger than the difference of the priorities",
		Example: "vrrp_instance VI_1 {\n    interface eth0\n    virtual_router_id 51\n    @test priority 110\n    @^test priority 100\n    track_interface {\n        eth1 weight -2\n    }\n    virtual_ipaddress {\n        10.0.0.1\n    }\n}\n",
	},
	{
		Code: weightNoPreempt, Severity: Warning, Title: "weights beside nopreempt",
		Explain: "With nopreempt a backup leaves a master of lower priority alone. If the other nodes have nopreempt as well, as they usually do, a weight lowers the priority and nothing moves.",
		Fix:     "leave the weight away: a tracker without weight makes the instance FAULT, and the other node takes over",
		Example: "vrrp_instance VI_1 {\n    interface eth0\n    virtual_router_id 51\n    state BACKUP\n    nopreempt\n    track_interface {\n        eth1 weight -20\n    }\n    virtual_ipaddress {\n        10.0.0.1\n    }\n}\n",
	},
	{
		Code: unicastNoSource, Severity: Hint, Title: "unicast without a source address",
		Explain: "Without unicast_src_ip adverts leave with the primary address of the interface, which can change while the daemon runs; peers that check their senders then drop them.",
		Fix:     "write unicast_src_ip with the address that the peers have for this node",
		Example: "vrrp_instance VI_1 {\n    interface eth0\n    virtual_router_id 51\n    unicast_peer {\n        10.0.0.2\n    }\n    virtual_ipaddress {\n        10.0.0.1\n    }\n}\n",
	},
	{
		Code: peerIsSelf, Severity: Warning, Title: "own address among the peers",
		Explain: "The address of unicast_src_ip is a unicast_peer too. Adverts to it do not reach another node.",
		Fix:     "name the other nodes only",
		Example: "vrrp_instance VI_1 {\n    interface eth0\n    virtual_router_id 51\n    unicast_src_ip 10.0.0.2\n    unicast_peer {\n        10.0.0.2\n        10.0.0.3\n    }\n    virtual_ipaddress {\n        10.0.0.1\n    }\n}\n",
	},
	{
		Code: tooManyAddresses, Severity: Warning, Class: ClassConfig, Title: "more addresses than an advert can carry",
		Explain: "An advert counts its addresses in one byte and must fit into one packet, which is 1500 bytes on an Ethernet. Addresses beyond that are moved to virtual_ipaddress_excluded: the master holds them, and adverts do not list them.",
		Fix:     "write the addresses behind the limit in virtual_ipaddress_excluded, the same ones on all nodes",
		Example: "vrrp_instance VI_1 {\n    interface eth0\n    virtual_router_id 51\n    virtual_ipaddress {\n        ~SEQ(N, 1, 250) 10.0.0.$N\n        ~SEQ(N, 1, 250) 10.0.1.$N\n    }\n}\n",
	},
	{
		Code: strictBlocksAccess, Severity: Hint, Title: "strict mode drops traffic to the addresses",
		Explain: "In strict mode a master that does not own the addresses drops what is sent to them: they do not answer ping, and nothing that listens on them is reached. Version 3 with accept lifts that.",
		Fix:     "remove vrrp_strict, or write accept and version 3",
		Example: "vrrp_instance VI_1 {\n    interface eth0\n    virtual_router_id 51\n    strict_mode on\n    virtual_ipaddress {\n        10.0.0.1\n    }\n}\n",
	},
	{
		Code: unevenGroup, Severity: Hint, Title: "members of a sync group differ",
		Explain: "The members of a sync group have different priorities. The group moves as one, so the member with the lowest priority can pull it to BACKUP while another one wants MASTER.",
		Fix:     "give all members of the group the same priority on this node",
		Example: "vrrp_sync_group G {\n    group {\n        VI_1\n        VI_2\n    }\n}\nvrrp_instance VI_1 {\n    interface eth0\n    virtual_router_id 51\n    priority 150\n    virtual_ipaddress {\n        10.0.0.1\n    }\n}\nvrrp_instance VI_2 {\n    interface eth1\n    virtual_router_id 51\n    priority 100\n    virtual_ipaddress {\n        10.0.1.1\n    }\n}\n",
	},
	{
		Code: uncheckedServer, Severity: Hint, Title: "real server without a checker",
		Explain: "Other real servers of the virtual server are checked and this one is not: it stays in the table when it is dead.",
		Fix:     "write a checker into its block",
		Example: "virtual_server 10.0.0.1 80 {\n    protocol TCP\n    lvs_sched rr\n    lvs_method NAT\n    real_server 10.0.1.1 80 {\n        TCP_CHECK {\n        }\n    }\n    real_server 10.0.1.2 80 {\n    }\n}\n",
	},
	{
		Code: slowCheck, Severity: Hint, Title: "check can last longer than its period",
		Explain: "connect_timeout is above delay_loop, so a server that does not answer is checked less often than written.",
		Fix:     "write a connect_timeout of at most delay_loop",
		Example: "virtual_server 10.0.0.1 80 {\n    protocol TCP\n    lvs_sched rr\n    lvs_method NAT\n    delay_loop 2\n    real_server 10.0.1.1 80 {\n        TCP_CHECK {\n            connect_timeout 3\n        }\n    }\n}\n",
	},
	{
		Code: swappedLimits, Severity: Warning, Title: "lower connection limit above the upper one",
		Explain: "The kernel stops at uthreshold and goes on below lthreshold. With lthreshold above it the upper limit has no effect.",
		Fix:     "write an lthreshold below uthreshold",
		Example: "virtual_server 10.0.0.1 80 {\n    protocol TCP\n    lvs_sched rr\n    lvs_method NAT\n    real_server 10.0.1.1 80 {\n        uthreshold 10\n        lthreshold 20\n    }\n}\n",
	},
	{
		Code: shellSyntax, Severity: Warning, Title: "shell syntax in a script line",
		Explain: "Scripts are run without a shell: a pipe, a redirection, && or $(...) is passed to the program as an argument like any other.",
		Fix:     "put the line into a script file, or write /bin/sh -c '...' inside the quotes",
		Example: "global_defs {\n    script_user root\n    enable_script_security\n}\nvrrp_script chk {\n    script \"/usr/bin/curl -s localhost | grep ok\"\n}\n",
	},
	{
		Code: slowScript, Severity: Hint, Title: "script can last longer than its interval",
		Explain: "The time limit of the script is above its interval, so runs are left out while one hangs.",
		Fix:     "write a timeout of at most the interval",
		Example: "global_defs {\n    script_user root\n    enable_script_security\n}\nvrrp_script chk {\n    script /bin/true\n    interval 1\n    timeout 5\n}\n",
	},
	{
		Code: alertsNowhere, Severity: Warning, Title: "mail alerts that nobody gets",
		Explain: "smtp_alert is on, and global_defs names no mail relay or no recipient. No mail is sent.",
		Fix:     "write smtp_server and notification_email in global_defs",
		Example: "vrrp_instance VI_1 {\n    interface eth0\n    virtual_router_id 51\n    smtp_alert\n    virtual_ipaddress {\n        10.0.0.1\n    }\n}\n",
	},
	{
		Code: noDirectory, Severity: Warning, Title: "directory does not exist",
		Explain: "The directory of a file that is to be watched does not exist on this host, so the file is never seen.",
		Fix:     "create the directory before the daemon starts, or correct the path",
		Example: "track_file load {\n    file /no/such/directory/load\n}\nvrrp_instance VI_1 {\n    interface eth0\n    virtual_router_id 51\n    track_file {\n        load\n    }\n    virtual_ipaddress {\n        10.0.0.1\n    }\n}\n",
	},
	{
		Code: noFile, Severity: Warning, Title: "file cannot be used",
		Explain: "A certificate, a CA or a key of the SSL block is not there, cannot be read on this host, or is not opened by the password. keepalived would not start; halbd shows servers no certificate, and after a reload the one that it had.",
		Fix:     "install the file before the daemon starts, or correct the path",
		Example: "SSL {\n    ca /no/such/ca.pem\n}\n",
	},
}
