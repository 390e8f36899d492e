package conf

// Config is what a configuration file means: every default filled in, every
// inherited value (global -> instance, virtual server -> real server ->
// checker) resolved, every cross reference checked. It holds values only, so
// the snapshot that the parent encodes is the one that each process acts on.
type Config struct {
	Global          Global          `json:"global"`
	StaticAddresses []Address       `json:"static_addresses,omitempty"`
	StaticRoutes    []Route         `json:"static_routes,omitempty"`
	StaticRules     []RoutingRule   `json:"static_rules,omitempty"`
	TrackGroups     []TrackGroup    `json:"track_groups,omitempty"`
	Scripts         []TrackScript   `json:"scripts,omitempty"`
	TrackFiles      []TrackFile     `json:"track_files,omitempty"`
	TrackProcesses  []TrackProcess  `json:"track_processes,omitempty"`
	BFDs            []BFDInstance   `json:"bfd_instances,omitempty"`
	GARPGroups      []GARPGroup     `json:"garp_groups,omitempty"`
	LinkPolls       []LinkPoll      `json:"linkbeat_interfaces,omitempty"`
	LinkDelays      []LinkDelay     `json:"interface_up_down_delays,omitempty"`
	SyncGroups      []SyncGroup     `json:"sync_groups,omitempty"`
	Instances       []Instance      `json:"instances,omitempty"`
	SSL             *TLSClient      `json:"ssl,omitempty"`
	Defaults        Defaults        `json:"-"` // what objects have inherited already; for dump files only
	VirtualServers  []VirtualServer `json:"virtual_servers,omitempty"`
}
