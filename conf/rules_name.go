package conf

// What is wrong with names and with what they refer to.
const (
	duplicateName Code = 301 + iota
	silentDuplicate
	danglingName
	incompleteBlock
	duplicateItem
	loneMember
	secondGroup
	emptyList
)

var nameRules = []Rule{
	{
		Code: duplicateName, Severity: Error, Class: ClassConfig, Title: "name is taken",
		Explain: "Another block of this kind has the name already. The second block is skipped.",
		Fix:     "give it another name, or remove it",
		Example: "vrrp_sync_group G {\n    group {\n        VI_1\n        VI_2\n    }\n}\nvrrp_sync_group G {\n    group {\n        VI_1\n    }\n}\n",
	},
	{
		Code: silentDuplicate, Severity: Warning, Title: "name is taken, and keepalived does not say so",
		Explain: "Another block of this kind has the name already. keepalived uses the first one without a word, and so does halbd.",
		Fix:     "give it another name, or remove it",
		Example: "vrrp_script chk {\n    script /bin/true\n}\nvrrp_script chk {\n    script /bin/false\n}\n",
	},
	{
		Code: danglingName, Severity: Error, Class: ClassConfig, Title: "nothing has this name",
		Explain: "The name refers to an object that is not defined, or that is defined further down where it must come first. The reference is ignored: what it should have tracked is not tracked.",
		Fix:     "define the object above this line, or correct the name",
		Example: "vrrp_instance VI_1 {\n    interface eth0\n    virtual_router_id 51\n    track_script {\n        chk_nginx\n    }\n    virtual_ipaddress {\n        10.0.0.1\n    }\n}\n",
	},
	{
		Code: incompleteBlock, Severity: Error, Class: ClassConfig, Title: "block lacks what it is for",
		Explain: "The block misses the statement without which it has no meaning: the members of a group, the script of a vrrp_script, the url of a HTTP_GET. The block is removed.",
		Fix:     "add the statement, or remove the block",
		Example: "vrrp_script chk {\n    interval 1\n}\n",
	},
	{
		Code: duplicateItem, Severity: Error, Class: ClassConfig, Title: "item is there already",
		Explain: "The list has the item already. The second one is ignored.",
		Fix:     "remove one of the two",
		Example: "vrrp_instance VI_1 {\n    interface eth0\n    virtual_router_id 51\n    virtual_ipaddress {\n        10.0.0.1\n        10.0.0.1\n    }\n}\n",
	},
	{
		Code: loneMember, Severity: Warning, Class: ClassConfig, Title: "sync group with one member",
		Explain: "A sync group with one instance moves nothing else; the group only adds its own notify hooks.",
		Fix:     "add the other instances of the group, or remove it",
		Example: "vrrp_sync_group G {\n    group {\n        VI_1\n    }\n}\nvrrp_instance VI_1 {\n    interface eth0\n    virtual_router_id 51\n    virtual_ipaddress {\n        10.0.0.1\n    }\n}\n",
	},
	{
		Code: secondGroup, Severity: Error, Class: ClassConfig, Title: "instance in two sync groups",
		Explain: "An instance can move with one group only. It stays in the first.",
		Fix:     "put all instances that must move together into one group",
		Example: "vrrp_sync_group G {\n    group {\n        VI_1\n        VI_2\n    }\n}\nvrrp_sync_group H {\n    group {\n        VI_1\n        VI_2\n    }\n}\nvrrp_instance VI_1 {\n    interface eth0\n    virtual_router_id 51\n    virtual_ipaddress {\n        10.0.0.1\n    }\n}\nvrrp_instance VI_2 {\n    interface eth1\n    virtual_router_id 51\n    virtual_ipaddress {\n        10.0.1.1\n    }\n}\n",
	},
	{
		Code: emptyList, Severity: Warning, Class: ClassConfig, Title: "list without an item",
		Explain: "The list has no item, so the keyword has no effect.",
		Fix:     "write the items between { and }, each on a line of its own, or remove the list",
		Example: "global_defs {\n    notification_email {\n    }\n}\n",
	},
}
