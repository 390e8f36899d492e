package conf

// tableAddress holds the rows of the options of one address line.
var tableAddress = []Keyword{
	{Block: "virtual_ipaddress/item", Name: "<ip>[/<prefix>]", Args: "<ipv4|ipv6>[/<0..32|0..128>]", Unit: "prefix bits", Default: "/32 or /128", Repeatable: true, Doc: "Address itself, always first word; families must not mix", Acts: true},
	{Block: "virtual_ipaddress/item", Name: "dev", Args: "<ifname>", Default: "instance interface", Doc: "Interface to place address on; second dev discards address", Acts: true},
	{Block: "virtual_ipaddress/item", Name: "scope", Args: "global|nowhere|host|link|site|<0..255>", Default: "global", Doc: "Address scope; not for IPv6", Acts: true},
	{Block: "virtual_ipaddress/item", Name: "brd", Args: "<ipv4>|+|-", Default: "none", Doc: "Broadcast; plus sets, minus clears host bits; not IPv6", Acts: true},
	{Block: "virtual_ipaddress/item", Name: "broadcast", Args: "<ipv4>|+|-", Default: "none", Doc: "Long spelling of brd", Acts: true},
	{Block: "virtual_ipaddress/item", Name: "label", Args: "<string:..15 chars>", Default: "none", Doc: "Alias label; dropped for IPv6", Acts: true},
	{Block: "virtual_ipaddress/item", Name: "peer", Args: "<ip> (no prefix)", Default: "none", Doc: "Point-to-point remote address; own prefix must be full length", Acts: true},
	{Block: "virtual_ipaddress/item", Name: "home", Args: "none", Doc: "Set Mobile IPv6 home address flag", Acts: true},
	{Block: "virtual_ipaddress/item", Name: "-nodad", Args: "none", Default: "DAD disabled", Doc: "Do duplicate address detection for this address", Acts: true},
	{Block: "virtual_ipaddress/item", Name: "mngtmpaddr", Args: "none", Doc: "Kernel manages temporary addresses from this one", Acts: true},
	{Block: "virtual_ipaddress/item", Name: "noprefixroute", Args: "none", Doc: "No automatic subnet route", Acts: true},
	{Block: "virtual_ipaddress/item", Name: "autojoin", Args: "none", Doc: "Join multicast group at link level", Acts: true},
	{Block: "virtual_ipaddress/item", Name: "no_track", Args: "none", Doc: "Deletion of address does not demote instance", Acts: true},
	{Block: "virtual_ipaddress/item", Name: "preferred_lft", Args: "<uint>|forever", Unit: "s", Min: "0", Max: "4294967295", Default: "IPv6: 0 for /128, else forever", Doc: "Preferred lifetime; 0 deprecates address", Acts: true},
	{Block: "virtual_ipaddress/item", Name: "use_vmac", Args: "none", Doc: "Own VMAC for this address; virtual addresses only", Acts: true},
	{Block: "static_ipaddress/item", Name: "track_group", Args: "<track_group name>", Default: "none", Doc: "Losing address faults instances of group; must be defined earlier", Acts: true},
	{Block: "static_ipaddress/item", Name: "<all others>", Args: "as virtual_ipaddress/item except use_vmac", Repeatable: true, Doc: "Same options; dev defaults to default_interface", Acts: true},
	{Block: "virtual_ipaddress_excluded/item", Name: "<all>", Args: "as virtual_ipaddress/item", Repeatable: true, Doc: "Same options; either address family allowed", Acts: true},
}
