package conf

import (
	"net/netip"
	"time"
)

// TrackScript is a vrrp_script.
type TrackScript struct {
	Name     string        `json:"name"`
	Command  Command       `json:"command"`
	Interval time.Duration `json:"interval"`
	Timeout  time.Duration `json:"timeout"`
	Weight   int           `json:"weight,omitempty"`
	Reverse  bool          `json:"reverse,omitempty"`
	Rise     int           `json:"rise"`
	Fall     int           `json:"fall"`
	InitFail bool          `json:"init_fail,omitempty"`
}

// TrackFile is a track_file (vrrp_track_file).
type TrackFile struct {
	Name      string `json:"name"`
	Path      string `json:"path"`
	Weight    int    `json:"weight"` // default 1
	Reverse   bool   `json:"reverse,omitempty"`
	InitFile  bool   `json:"init_file,omitempty"`
	InitValue int    `json:"init_value,omitempty"`
	Overwrite bool   `json:"overwrite,omitempty"`
}

// ParamMatch is param_match: how the parameters of a process are compared.
type ParamMatch string

const (
	MatchNone    ParamMatch = ""        // not at all: no parameters were written
	MatchExact   ParamMatch = "exact"   // all the same; the default with parameters
	MatchInitial ParamMatch = "initial" // the last one may go on
	MatchPartial ParamMatch = "partial" // more may follow
)

// TrackProcess is a vrrp_track_process: it is good while the number of
// matching processes is from Quorum to QuorumMax.
type TrackProcess struct {
	Name           string        `json:"name"`
	Process        string        `json:"process"` // name or path
	Params         []string      `json:"params,omitempty"`
	Match          ParamMatch    `json:"param_match,omitempty"`
	FullCommand    bool          `json:"full_command,omitempty"` // compare with the command line, not the name
	Weight         int           `json:"weight,omitempty"`
	Reverse        bool          `json:"reverse,omitempty"`
	Quorum         int           `json:"quorum"`     // default 1; 0 with quorum_max 0
	QuorumMax      int           `json:"quorum_max"` // -1: no limit, the default
	ForkDelay      time.Duration `json:"fork_delay,omitempty"`
	TerminateDelay time.Duration `json:"terminate_delay,omitempty"`
}

// BFDInstance is a bfd_instance, one session with a neighbour.
type BFDInstance struct {
	Name       string        `json:"name"`
	Neighbor   netip.Addr    `json:"neighbor_ip"`
	Source     netip.Addr    `json:"source_ip,omitzero"` // zero: the kernel chooses
	MinRx      time.Duration `json:"min_rx"`             // default 10 ms
	MinTx      time.Duration `json:"min_tx"`             // default 10 ms
	IdleTx     time.Duration `json:"idle_tx"`            // while the session is down; default 1 s
	Multiplier uint8         `json:"multiplier"`         // default 5
	Passive    bool          `json:"passive,omitempty"`
	TTL        uint8         `json:"ttl"`                // of sent packets; default 255, IPv6 64
	MaxHops    uint8         `json:"max_hops,omitempty"` // TTL that received packets may have lost; 255: any
	Multihop   bool          `json:"multihop,omitempty"` // port 4784, not 3784
	Weight     int           `json:"weight,omitempty"`   // of track_bfd
	Reverse    bool          `json:"reverse,omitempty"`
	VRRP       bool          `json:"vrrp,omitempty"`    // events go to VRRP
	Checker    bool          `json:"checker,omitempty"` // events go to the checkers
}

// GARPGroup is a garp_group: its interfaces share one rate of announcements.
type GARPGroup struct {
	Interfaces   []string      `json:"interfaces,omitempty"`
	GARPInterval time.Duration `json:"garp_interval,omitempty"` // between gratuitous ARPs
	GNAInterval  time.Duration `json:"gna_interval,omitempty"`  // between unsolicited neighbour advertisements
}

// LinkPoll is an item of linkbeat_interfaces: a link that is polled.
type LinkPoll struct {
	Interface string `json:"interface"`
	Method    string `json:"method,omitempty"` // MII, ETHTOOL or IOCTL; "": the first that works
}

// LinkDelay is an item of interface_up_down_delays: how long a change of an
// interface must last before it counts.
type LinkDelay struct {
	Interface string        `json:"interface"`
	Down      time.Duration `json:"down,omitempty"`
	Up        time.Duration `json:"up,omitempty"`
}

// Track is one reference to a tracker, with the reference's own weight
// already resolved against the tracker's. Weight 0 means: bad = FAULT.
type Track struct {
	Name    string `json:"name"`
	Weight  int    `json:"weight,omitempty"`
	Reverse bool   `json:"reverse,omitempty"`
}

// Tracking lists what an instance or a group tracks.
type Tracking struct {
	Interfaces []Track `json:"interfaces,omitempty"`
	Scripts    []Track `json:"scripts,omitempty"`
	Files      []Track `json:"files,omitempty"`
	Processes  []Track `json:"processes,omitempty"`
	BFDs       []Track `json:"bfds,omitempty"`
}
