package conf

// What does not make sense in VRRP.
const (
	noInterface Code = 401 + iota
	noVRID
	duplicateVRID
	noAddress
	noAddressTolerated
	advertRounded
	advertTooLong
	authIgnored
	noPassword
	passwordCut
	masterWithAH
	strictUnicast
	strictState
	ownerNoPreempt
	masterNoPreempt
	noPeers
	ownInterface
	weightIgnored
	weightClamped
	loopback
)

var vrrpRules = []Rule{
	{
		Code: noInterface, Severity: Error, Class: ClassConfig, NoStart: true, Title: "instance without an interface",
		Explain: "A VRRP instance needs an interface, unless it has unicast peers and a unicast_src_ip.",
		Fix:     "write interface NAME in the instance",
		Example: "vrrp_instance VI_1 {\n    virtual_router_id 51\n    virtual_ipaddress {\n        10.0.0.1\n    }\n}\n",
	},
	{
		Code: noVRID, Severity: Error, Class: ClassConfig, NoStart: true, Title: "instance without a VRID",
		Explain: "The virtual router id tells routers on one network apart; without a valid one the daemon does not start.",
		Fix:     "write virtual_router_id and a number from 1 to 255 that nothing else on this network uses",
		Example: "vrrp_instance VI_1 {\n    interface eth0\n    virtual_ipaddress {\n        10.0.0.1\n    }\n}\n",
	},
	{
		Code: duplicateVRID, Severity: Error, Class: ClassConfig, NoStart: true, Title: "VRID is used twice",
		Explain: "Two instances have the same VRID, interface and address family, so their adverts cannot be told apart. The daemon does not start.",
		Fix:     "give one of the two another virtual_router_id, on both nodes",
		Example: "vrrp_instance VI_1 {\n    interface eth0\n    virtual_router_id 51\n    virtual_ipaddress {\n        10.0.0.1\n    }\n}\nvrrp_instance VI_2 {\n    interface eth0\n    virtual_router_id 51\n    virtual_ipaddress {\n        10.0.0.2\n    }\n}\n",
	},
	{
		Code: noAddress, Severity: Error, Class: ClassConfig, NoStart: true, Title: "instance without an address",
		Explain: "VRRP version 3 and strict mode require an advertised address. The daemon does not start.",
		Fix:     "write virtual_ipaddress with an address, or no_virtual_ipaddress",
		Example: "vrrp_instance VI_1 {\n    interface eth0\n    version 3\n    virtual_router_id 51\n}\n",
	},
	{
		Code: noAddressTolerated, Severity: Warning, Class: ClassConfig, Title: "instance without an address",
		Explain: "The instance advertises no address. Version 2 allows it, but a master that has nothing is rarely meant.",
		Fix:     "write virtual_ipaddress with an address, or no_virtual_ipaddress",
		Example: "vrrp_instance VI_1 {\n    interface eth0\n    virtual_router_id 51\n}\n",
	},
	{
		Code: advertRounded, Severity: Error, Class: ClassConfig, Title: "advertisement interval is rounded",
		Explain: "Version 2 sends the interval in whole seconds, version 3 in hundredths of a second. The interval is rounded, so a take-over is slower or faster than written.",
		Fix:     "write an interval that the version can send, or version 3 on all nodes",
		Example: "vrrp_instance VI_1 {\n    interface eth0\n    virtual_router_id 51\n    advert_int 0.5\n    virtual_ipaddress {\n        10.0.0.1\n    }\n}\n",
	},
	{
		Code: advertTooLong, Severity: Error, Class: ClassConfig, Title: "advertisement interval is too long",
		Explain: "The longest interval that version 3 can send is 40.95 s. That is used.",
		Fix:     "write advert_int 40.95 or less",
		Example: "vrrp_instance VI_1 {\n    interface eth0\n    version 3\n    virtual_router_id 51\n    advert_int 41\n    virtual_ipaddress {\n        10.0.0.1\n    }\n}\n",
	},
	{
		Code: authIgnored, Severity: Warning, Class: ClassConfig, Title: "authentication is ignored",
		Explain: "Version 3 and strict mode have no authentication block. Adverts are sent and accepted without it.",
		Fix:     "remove the block; auth_hmac authenticates version 3",
		Example: "vrrp_instance VI_1 {\n    interface eth0\n    version 3\n    virtual_router_id 51\n    authentication {\n        auth_type PASS\n        auth_pass secret\n    }\n    virtual_ipaddress {\n        10.0.0.1\n    }\n}\n",
	},
	{
		Code: noPassword, Severity: Error, Class: ClassConfig, Title: "authentication without a password",
		Explain: "auth_type is set and auth_pass is not. Adverts are sent and accepted without authentication.",
		Fix:     "write auth_pass and up to 8 characters",
		Example: "vrrp_instance VI_1 {\n    interface eth0\n    virtual_router_id 51\n    authentication {\n        auth_type PASS\n    }\n    virtual_ipaddress {\n        10.0.0.1\n    }\n}\n",
	},
	{
		Code: passwordCut, Severity: Warning, Class: ClassConfig, Title: "auth_pass is cut at 8 characters",
		Explain: "A VRRPv2 advert has room for 8 bytes of password. The rest is dropped; a peer that is configured with the 8 characters alone accepts it.",
		Fix:     "write the first 8 characters only",
		Example: "vrrp_instance VI_1 {\n    interface eth0\n    virtual_router_id 51\n    authentication {\n        auth_type PASS\n        auth_pass secret123\n    }\n    virtual_ipaddress {\n        10.0.0.1\n    }\n}\n",
	},
	{
		Code: masterWithAH, Severity: Warning, Class: ClassConfig, Title: "state MASTER with auth_type AH",
		Explain: "The sequence number of AH must continue that of the master, so the instance starts as BACKUP.",
		Fix:     "write state BACKUP",
		Example: "vrrp_instance VI_1 {\n    interface eth0\n    virtual_router_id 51\n    state MASTER\n    priority 150\n    authentication {\n        auth_type AH\n        auth_pass secret\n    }\n    virtual_ipaddress {\n        10.0.0.1\n    }\n}\n",
	},
	{
		Code: strictUnicast, Severity: Error, Class: ClassConfig, NoStart: true, Title: "unicast peers in strict mode",
		Explain: "Strict mode follows the RFC, which knows multicast only. The daemon does not start.",
		Fix:     "remove vrrp_strict or strict_mode, or the unicast peers",
		Example: "vrrp_instance VI_1 {\n    interface eth0\n    virtual_router_id 51\n    strict_mode on\n    unicast_peer {\n        10.0.0.2\n    }\n    virtual_ipaddress {\n        10.0.0.1\n    }\n}\n",
	},
	{
		Code: strictState, Severity: Warning, Class: ClassConfig, Title: "state does not fit the priority in strict mode",
		Explain: "In strict mode the owner of the addresses (priority 255) starts as MASTER and nobody else does.",
		Fix:     "remove the state, or change the priority",
		Example: "vrrp_instance VI_1 {\n    interface eth0\n    virtual_router_id 51\n    strict_mode on\n    state MASTER\n    priority 150\n    virtual_ipaddress {\n        10.0.0.1\n    }\n}\n",
	},
	{
		Code: ownerNoPreempt, Severity: Warning, Class: ClassConfig, Title: "nopreempt with priority 255",
		Explain: "Priority 255 marks the owner of the addresses, which always takes over. nopreempt is dropped.",
		Fix:     "write priority 254 or less, or remove nopreempt",
		Example: "vrrp_instance VI_1 {\n    interface eth0\n    virtual_router_id 51\n    priority 255\n    nopreempt\n    virtual_ipaddress {\n        10.0.0.1\n    }\n}\n",
	},
	{
		Code: masterNoPreempt, Severity: Warning, Class: ClassConfig, Title: "nopreempt with state MASTER",
		Explain: "nopreempt needs a node that starts as BACKUP; the state is changed to BACKUP.",
		Fix:     "write state BACKUP on all nodes of the pair",
		Example: "vrrp_instance VI_1 {\n    interface eth0\n    virtual_router_id 51\n    priority 150\n    state MASTER\n    nopreempt\n    virtual_ipaddress {\n        10.0.0.1\n    }\n}\n",
	},
	{
		Code: noPeers, Severity: Warning, Class: ClassConfig, Title: "unicast keyword without peers",
		Explain: "A unicast keyword is there and no usable unicast_peer. The instance sends multicast.",
		Fix:     "write unicast_peer with the addresses of the other nodes, or use mcast_src_ip",
		Example: "vrrp_instance VI_1 {\n    interface eth0\n    virtual_router_id 51\n    unicast_src_ip 10.0.0.2\n    virtual_ipaddress {\n        10.0.0.1\n    }\n}\n",
	},
	{
		Code: ownInterface, Severity: Warning, Class: ClassConfig, Title: "own interface in track_interface",
		Explain: "The interface of an instance is tracked anyway: when it goes down the instance is in FAULT. The line is ignored, and so is its weight.",
		Fix:     "remove the line, or write dont_track_primary to use the weight",
		Example: "vrrp_instance VI_1 {\n    interface eth0\n    virtual_router_id 51\n    track_interface {\n        eth0 weight 10\n    }\n    virtual_ipaddress {\n        10.0.0.1\n    }\n}\n",
	},
	{
		Code: weightIgnored, Severity: Warning, Class: ClassConfig, Title: "weight has no effect",
		Explain: "The owner of the addresses (priority 255) keeps its priority, and so does a member of a sync group without sync_group_tracking_weight. The tracker is dropped, or counts as one without weight: a failure is a FAULT.",
		Fix:     "write priority 254 or less, or sync_group_tracking_weight in the group, or remove the weight",
		Example: "vrrp_instance VI_1 {\n    interface eth0\n    virtual_router_id 51\n    priority 255\n    track_interface {\n        eth1 weight 10\n    }\n    virtual_ipaddress {\n        10.0.0.1\n    }\n}\n",
	},
	{
		Code: weightClamped, Severity: Error, Class: ClassConfig, Title: "weight beyond 253",
		Explain: "A weight of 254 would move every priority to its end. 253 is used.",
		Fix:     "write a weight from -253 to 253, or none to make a failure a FAULT",
		Example: "vrrp_instance VI_1 {\n    interface eth0\n    virtual_router_id 51\n    track_interface {\n        eth1 weight 254\n    }\n    virtual_ipaddress {\n        10.0.0.1\n    }\n}\n",
	},
	{
		Code: loopback, Severity: Error, Class: ClassConfig, Title: "VRRP on the loopback interface",
		Explain: "Adverts on lo reach no other node. The interface is ignored, so the instance has none.",
		Fix:     "name the interface of the network that the nodes share",
		Example: "vrrp_instance VI_1 {\n    interface lo\n    virtual_router_id 51\n    virtual_ipaddress {\n        10.0.0.1\n    }\n}\n",
	},
}
