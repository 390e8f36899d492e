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
	strictReset
	firstNotLocal
	masterPreemptDelay
	delayNoPreempt
	ahWithIPv6
	passwordAlone
	peerTTLOrder
	ttlNoPeers
	groupWithPeers
	skipCheckOff
	badMAC
	linkNameTaken
	linkForeign
	linkConflict
	linkNoInterface
	xmitBaseAlone
	xmitBaseForced
	ipvlanNoAddress
	promoteWithLink
	vrfWithInterface
	trackNoSource
	expiredPreempts
	ownerIgnoreAlone
	badKey
	hmacDisabled
	hmacReplaces
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
		Explain: "nopreempt needs a node that starts as BACKUP. nopreempt is dropped: this node takes the addresses back when it returns.",
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
	{
		Code: strictReset, Severity: Warning, Class: ClassConfig, Title: "strict mode does not allow the setting",
		Explain: "vrrp_strict and strict_mode follow the RFC to the letter. The setting is put back to what the RFC says.",
		Fix:     "remove the setting, or the strict mode",
		Example: "vrrp_instance VI_1 {\n    interface eth0\n    virtual_router_id 51\n    strict_mode on\n    preempt_delay 5\n    virtual_ipaddress {\n        10.0.0.1\n    }\n}\n",
	},
	{
		Code: firstNotLocal, Severity: Error, Class: ClassConfig, Title: "first IPv6 address is not link-local",
		Explain: "The RFC wants the first address of an IPv6 instance to be a link-local one, and strict mode insists on it.",
		Fix:     "write an address of fe80::/10 as the first one",
		Example: "vrrp_instance VI_1 {\n    interface eth0\n    virtual_router_id 51\n    strict_mode on\n    virtual_ipaddress {\n        2001:db8::1\n    }\n}\n",
	},
	{
		Code: masterPreemptDelay, Severity: Warning, Class: ClassConfig, Title: "preempt_delay of an instance that starts as MASTER",
		Explain: "preempt_delay lets a node wait before it takes over. A node that starts as MASTER does not wait; the delay is dropped.",
		Fix:     "write state BACKUP, or remove preempt_delay",
		Example: "vrrp_instance VI_1 {\n    interface eth0\n    virtual_router_id 51\n    priority 150\n    state MASTER\n    preempt_delay 5\n    virtual_ipaddress {\n        10.0.0.1\n    }\n}\n",
	},
	{
		Code: delayNoPreempt, Severity: Warning, Class: ClassConfig, Title: "preempt_delay with nopreempt",
		Explain: "An instance with nopreempt never takes over from a running master, so there is nothing to delay. The delay is dropped.",
		Fix:     "remove one of the two",
		Example: "vrrp_instance VI_1 {\n    interface eth0\n    virtual_router_id 51\n    nopreempt\n    preempt_delay 5\n    virtual_ipaddress {\n        10.0.0.1\n    }\n}\n",
	},
	{
		Code: ahWithIPv6, Severity: Error, Class: ClassConfig, Title: "auth_type AH with IPv6",
		Explain: "AH is for IPv4 only. Adverts are sent and accepted without authentication.",
		Fix:     "remove the block, or use auth_hmac",
		Example: "vrrp_instance VI_1 {\n    interface eth0\n    virtual_router_id 51\n    version 2\n    authentication {\n        auth_type AH\n        auth_pass secret\n    }\n    virtual_ipaddress {\n        fe80::1\n    }\n}\n",
	},
	{
		Code: passwordAlone, Severity: Warning, Title: "auth_pass without auth_type",
		Explain: "A password alone authenticates nothing: adverts are sent and accepted without it. keepalived does not say so.",
		Fix:     "write auth_type PASS, or remove the block",
		Example: "vrrp_instance VI_1 {\n    interface eth0\n    virtual_router_id 51\n    authentication {\n        auth_pass secret\n    }\n    virtual_ipaddress {\n        10.0.0.1\n    }\n}\n",
	},
	{
		Code: peerTTLOrder, Severity: Error, Class: ClassConfig, Title: "no TTL satisfies both limits of a peer",
		Explain: "min_ttl is above max_ttl, so every packet of the peer is discarded: both nodes become master.",
		Fix:     "write min_ttl no larger than max_ttl",
		Example: "vrrp_instance VI_1 {\n    interface eth0\n    virtual_router_id 51\n    unicast_peer {\n        10.0.0.2 min_ttl 5 max_ttl 3\n    }\n    virtual_ipaddress {\n        10.0.0.1\n    }\n}\n",
	},
	{
		Code: ttlNoPeers, Severity: Warning, Class: ClassConfig, Title: "unicast_ttl without peers",
		Explain: "Multicast adverts always have a TTL of 255. The setting is ignored.",
		Fix:     "write unicast_peer with the addresses of the other nodes, or remove unicast_ttl",
		Example: "vrrp_instance VI_1 {\n    interface eth0\n    virtual_router_id 51\n    unicast_ttl 5\n    virtual_ipaddress {\n        10.0.0.1\n    }\n}\n",
	},
	{
		Code: groupWithPeers, Severity: Warning, Class: ClassConfig, Title: "multicast group of a unicast instance",
		Explain: "An instance with unicast peers sends no multicast. mcast_dst_ip is ignored.",
		Fix:     "remove mcast_dst_ip, or the peers",
		Example: "vrrp_instance VI_1 {\n    interface eth0\n    virtual_router_id 51\n    mcast_dst_ip 224.0.0.50\n    unicast_peer {\n        10.0.0.2\n    }\n    virtual_ipaddress {\n        10.0.0.1\n    }\n}\n",
	},
	{
		Code: skipCheckOff, Severity: Warning, Title: "skip_check_adv_addr cannot be switched off here",
		Explain: "keepalived takes every boolean behind skip_check_adv_addr as on, and so does halbd: adverts of the known master are accepted whatever addresses they list.",
		Fix:     "remove the line, and vrrp_skip_check_adv_addr from global_defs where that is set",
		Example: "vrrp_instance VI_1 {\n    interface eth0\n    virtual_router_id 51\n    skip_check_adv_addr off\n    virtual_ipaddress {\n        10.0.0.1\n    }\n}\n",
	},
	{
		Code: badMAC, Severity: Error, Class: ClassConfig, Title: "MAC of use_vmac cannot be used",
		Explain: "A MAC has 5 or 6 octets in hex with colons between; of 5 the VRID becomes the last one. It must not be a multicast address nor one of those that the RFC gives to VRRP. The word is ignored: the instance gets the MAC of the RFC.",
		Fix:     "write a locally administered MAC such as 02:00:5e:00:01, or none",
		Example: "vrrp_instance VI_1 {\n    interface eth0\n    virtual_router_id 51\n    use_vmac vrrp.51 01:00:00:00:00:01\n    virtual_ipaddress {\n        10.0.0.1\n    }\n}\n",
	},
	{
		Code: linkNameTaken, Severity: Error, Class: ClassConfig, Title: "interface name is used by two instances",
		Explain: "Another instance makes an interface of this name already. The name is ignored and one is chosen.",
		Fix:     "give each instance a name of its own, or none",
		Example: "vrrp_instance VI_1 {\n    interface eth0\n    virtual_router_id 51\n    use_vmac vmac0\n    virtual_ipaddress {\n        10.0.0.1\n    }\n}\nvrrp_instance VI_2 {\n    interface eth1\n    virtual_router_id 51\n    use_vmac vmac0\n    virtual_ipaddress {\n        10.0.1.1\n    }\n}\n",
	},
	{
		Code: linkForeign, Severity: Error, Class: ClassConfig, Title: "interface of that name belongs to something else",
		Explain: "The host has an interface of this name, and it is none that VRRP could have made. The name is ignored and one is chosen.",
		Fix:     "write a name that no interface has",
		Example: "vrrp_instance VI_1 {\n    interface eth0\n    virtual_router_id 51\n    use_vmac eth1\n    virtual_ipaddress {\n        10.0.0.1\n    }\n}\n",
	},
	{
		Code: linkConflict, Severity: Error, Title: "use_vmac and use_ipvlan in one instance",
		Explain: "An instance runs on a macvlan or on an ipvlan. use_vmac is used and use_ipvlan is ignored; keepalived does not say so.",
		Fix:     "remove one of the two",
		Example: "vrrp_instance VI_1 {\n    interface eth0\n    virtual_router_id 51\n    use_vmac\n    use_ipvlan 10.0.0.5\n    virtual_ipaddress {\n        10.0.0.1\n    }\n}\n",
	},
	{
		Code: linkNoInterface, Severity: Error, Class: ClassConfig, Title: "use_vmac or use_ipvlan without an interface",
		Explain: "A macvlan or an ipvlan is made on top of the interface of the instance, and there is none. The keyword is ignored.",
		Fix:     "write interface NAME",
		Example: "vrrp_instance VI_1 {\n    virtual_router_id 51\n    use_vmac\n    unicast_src_ip 10.0.0.3\n    unicast_peer {\n        10.0.0.2\n    }\n    virtual_ipaddress {\n        10.0.0.1 dev eth0\n    }\n}\n",
	},
	{
		Code: xmitBaseAlone, Severity: Error, Class: ClassConfig, Title: "vmac_xmit_base without use_vmac",
		Explain: "Without a VMAC adverts leave by the interface itself. The keyword is ignored.",
		Fix:     "write use_vmac, or remove vmac_xmit_base",
		Example: "vrrp_instance VI_1 {\n    interface eth0\n    virtual_router_id 51\n    vmac_xmit_base\n    virtual_ipaddress {\n        10.0.0.1\n    }\n}\n",
	},
	{
		Code: xmitBaseForced, Severity: Warning, Class: ClassConfig, Title: "unicast of a VMAC leaves by the base interface",
		Explain: "Unicast adverts cannot be sent from a VMAC, whose MAC the switches must see on the master only. vmac_xmit_base is set.",
		Fix:     "write vmac_xmit_base",
		Example: "vrrp_instance VI_1 {\n    interface eth0\n    virtual_router_id 51\n    use_vmac\n    unicast_peer {\n        10.0.0.2\n    }\n    virtual_ipaddress {\n        10.0.0.1\n    }\n}\n",
	},
	{
		Code: ipvlanNoAddress, Severity: Error, Class: ClassConfig, Title: "IPv4 ipvlan without an address",
		Explain: "An ipvlan of an IPv4 instance has no address to send adverts from. The instance stays in FAULT.",
		Fix:     "write an address of the network behind use_ipvlan",
		Example: "vrrp_instance VI_1 {\n    interface eth0\n    virtual_router_id 51\n    use_ipvlan\n    virtual_ipaddress {\n        10.0.0.1\n    }\n}\n",
	},
	{
		Code: promoteWithLink, Severity: Warning, Class: ClassConfig, Title: "promote_secondaries with a VMAC",
		Explain: "The interface that VRRP makes has the flag anyway. The keyword is ignored.",
		Fix:     "remove promote_secondaries",
		Example: "vrrp_instance VI_1 {\n    interface eth0\n    virtual_router_id 51\n    use_vmac\n    promote_secondaries\n    virtual_ipaddress {\n        10.0.0.1\n    }\n}\n",
	},
	{
		Code: vrfWithInterface, Severity: Error, Class: ClassConfig, Title: "vrf together with interface",
		Explain: "An instance with an interface is in that interface's VRF. vrf is ignored.",
		Fix:     "remove vrf, or the interface of a unicast instance",
		Example: "vrrp_instance VI_1 {\n    interface eth0\n    virtual_router_id 51\n    vrf eth1\n    virtual_ipaddress {\n        10.0.0.1\n    }\n}\n",
	},
	{
		Code: trackNoSource, Severity: Warning, Title: "track_src_ip without a source address",
		Explain: "The instance has no configured source address, so nothing is tracked.",
		Fix:     "write unicast_src_ip or mcast_src_ip, or remove track_src_ip",
		Example: "vrrp_instance VI_1 {\n    interface eth0\n    virtual_router_id 51\n    track_src_ip\n    virtual_ipaddress {\n        10.0.0.1\n    }\n}\n",
	},
	{
		Code: expiredPreempts, Severity: Warning, Title: "timer_expired_backup without nopreempt",
		Explain: "A master that steps down after a delay would take the mastership back at once. The keyword acts with nopreempt only.",
		Fix:     "write nopreempt, or remove the keyword",
		Example: "vrrp_instance VI_1 {\n    interface eth0\n    virtual_router_id 51\n    timer_expired_backup\n    virtual_ipaddress {\n        10.0.0.1\n    }\n}\n",
	},
	{
		Code: ownerIgnoreAlone, Severity: Hint, Title: "owner_ignore_adverts of an instance that is no owner",
		Explain: "Only an instance with priority 255 ignores adverts with it.",
		Fix:     "remove it, or write priority 255",
		Example: "vrrp_instance VI_1 {\n    interface eth0\n    virtual_router_id 51\n    owner_ignore_adverts\n    virtual_ipaddress {\n        10.0.0.1\n    }\n}\n",
	},
	{
		Code: badKey, Severity: Error, Class: ClassConfig, Title: "key of auth_hmac cannot be used",
		Explain: "A key has 32 to 64 bytes: as text, in hex behind hex:, or in a file behind file:. The key is ignored.",
		Fix:     "write the number of the key and a key of 32 to 64 bytes; openssl rand -hex 32 makes one for hex:",
		Example: "vrrp_instance VI_1 {\n    interface eth0\n    virtual_router_id 51\n    auth_hmac {\n        key 1 too-short\n        key 2 0123456789abcdef0123456789abcdef\n        active_key 2\n    }\n    virtual_ipaddress {\n        10.0.0.1\n    }\n}\n",
	},
	{
		Code: hmacDisabled, Severity: Error, Class: ClassConfig, Title: "auth_hmac without a key to sign with",
		Explain: "auth_hmac needs keys and an active_key that is one of them. The block is ignored: adverts are sent and accepted without it.",
		Fix:     "write active_key and the number of one of the keys",
		Example: "vrrp_instance VI_1 {\n    interface eth0\n    virtual_router_id 51\n    auth_hmac {\n        key 1 0123456789abcdef0123456789abcdef\n        active_key 2\n    }\n    virtual_ipaddress {\n        10.0.0.1\n    }\n}\n",
	},
	{
		Code: hmacReplaces, Severity: Warning, Class: ClassConfig, Title: "authentication besides auth_hmac",
		Explain: "auth_hmac takes the place of the authentication block, which is ignored.",
		Fix:     "remove the authentication block",
		Example: "vrrp_instance VI_1 {\n    interface eth0\n    virtual_router_id 51\n    authentication {\n        auth_type PASS\n        auth_pass secret\n    }\n    auth_hmac {\n        key 1 0123456789abcdef0123456789abcdef\n        active_key 1\n    }\n    virtual_ipaddress {\n        10.0.0.1\n    }\n}\n",
	},
}
