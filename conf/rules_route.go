package conf

// What is wrong with routes, rules and their names.
const (
	swallowedWord Code = 901 + iota
	noDestination
	hostBits
	untracked
	protocolReset
	autoPriority
	noAction
	secondAction
	gotoBackwards
	unknownName
	badEncap
	badNextHop
	lateDefault
)

var routeRules = []Rule{
	{
		Code: swallowedWord, Severity: Warning, Title: "inet or inet6 takes a word away",
		Explain: "Inside a route or a rule keepalived drops the word behind inet and inet6 without a word, and so does halbd: a leading inet6 takes the destination away.",
		Fix:     "write inet or inet6 at the end of the line",
		Example: "static_rules {\n    inet6 not from 2001:db8::/64 table 100 priority 100\n}\n",
	},
	{
		Code: noDestination, Severity: Error, Class: ClassConfig, Title: "route without destination",
		Explain: "A route needs a destination: an address, a prefix, or default. The route is left out.",
		Fix:     "write the destination, as in 10.1.0.0/24 via 10.0.0.254 dev eth0",
		Example: "static_routes {\n    via 10.0.0.254 dev eth0\n}\n",
	},
	{
		Code: hostBits, Severity: Warning, Title: "destination with host bits",
		Explain: "The kernel refuses a route whose destination has bits behind its prefix length, and keepalived does not say so before. halbd clears them.",
		Fix:     "write the address of the network",
		Example: "static_routes {\n    10.1.0.7/24 dev eth0\n}\n",
	},
	{
		Code: untracked, Severity: Warning, Class: ClassConfig, Title: "loss is not noticed",
		Explain: "A static route of a track_group is watched by its interface, a static rule by its iif. Without one it is installed and put back when somebody removes it, but its loss is no fault of the group.",
		Fix:     "write dev or iif and the interface, or remove track_group",
		Example: "vrrp_instance VI {\n    interface eth0\n    virtual_router_id 1\n    virtual_ipaddress {\n        10.0.0.100\n    }\n}\ntrack_group TG {\n    group {\n        VI\n    }\n}\nstatic_routes {\n    10.1.0.0/24 via 10.0.0.254 track_group TG\n}\n",
	},
	{
		Code: protocolReset, Severity: Warning, Class: ClassConfig, Title: "protocol is that of somebody else",
		Explain: "Routes and rules are told from those of others by protocol 18. One with another protocol cannot be watched; 18 is used.",
		Fix:     "remove protocol, or add no_track",
		Example: "static_routes {\n    10.1.0.0/24 dev eth0 protocol static\n}\n",
	},
	{
		Code: autoPriority, Severity: Warning, Class: ClassConfig, Title: "rule without priority",
		Explain: "A rule without priority gets 16384, the next one 16383, and so on in the order of the file: its place among the rules moves when lines are added.",
		Fix:     "write priority and a number",
		Example: "static_rules {\n    from 10.1.0.0/24 table 100\n}\n",
	},
	{
		Code: noAction, Severity: Error, Class: ClassConfig, Title: "rule without action",
		Explain: "A rule needs something to do: table, goto, l3mdev, nop, blackhole, unreachable or prohibit. The rule is left out.",
		Fix:     "write table and its number or name",
		Example: "static_rules {\n    from 10.1.0.0/24 priority 100\n}\n",
	},
	{
		Code: secondAction, Severity: Error, Class: ClassConfig, Title: "rule with two actions",
		Explain: "A rule has one of table, goto, l3mdev, nop, blackhole, unreachable and prohibit. The rule is left out.",
		Fix:     "write a rule for each",
		Example: "static_rules {\n    from 10.1.0.0/24 table 100 blackhole priority 100\n}\n",
	},
	{
		Code: gotoBackwards, Severity: Error, Class: ClassConfig, Title: "goto without a target behind it",
		Explain: "goto can only lead to a larger priority than the rule's own, which must be written. The rule is left out.",
		Fix:     "write priority, and a larger number behind goto",
		Example: "static_rules {\n    from 10.1.0.0/24 priority 100 goto 50\n}\n",
	},
	{
		Code: unknownName, Severity: Error, Class: ClassConfig, Title: "name that the host does not know",
		Explain: "The word is no number in its range, and no name of iproute2's files (rt_tables, rt_protos, rt_scopes, rt_realms, rt_dsfield, group), of /etc/protocols, or of a VRF. The route or rule is left out, except where only its option is.",
		Fix:     "write the number, or add the name to the host's file",
		Example: "static_routes {\n    10.1.0.0/24 dev eth0 table nosuchtable\n}\n",
	},
	{
		Code: badEncap, Severity: Error, Class: ClassConfig, Title: "encapsulation is not understood",
		Explain: "The encapsulation lacks something or has a value that is malformed. Without it packets would leave unwrapped, so the route, or the leg, is left out; keepalived installs some of these bare.",
		Fix:     "write encap ip|ip6 with id or dst, encap mpls with one or two labels, or encap ila with a locator",
		Example: "static_routes {\n    10.1.0.0/24 dev eth0 encap mpls 16/17/18\n}\n",
	},
	{
		Code: badNextHop, Severity: Error, Title: "leg without way",
		Explain: "A leg behind nexthop says neither by which gateway nor by which interface it leads, and the kernel refuses the route. The leg is left out, as those with other mistakes are; the route keeps its other legs.",
		Fix:     "write nexthop via ADDRESS dev INTERFACE, at the end of the line",
		Example: "static_routes {\n    10.1.0.0/24 dev eth0 nexthop weight 2\n}\n",
	},
	{
		Code: lateDefault, Severity: Warning, Class: ClassConfig, Title: "default behind what fixes the family",
		Explain: "Where a word before it has settled the family, keepalived takes default, any and all for a mixture of IPv4 and IPv6 and leaves the route or rule out. halbd takes them for everything of the line's family.",
		Fix:     "write it as the first word of a route; in a rule leave it out, it says nothing",
		Example: "static_routes {\n    via 10.0.0.254 default dev eth0\n}\n",
	},
}
