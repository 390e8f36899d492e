package conf

import "time"

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
}
