// Package supervise is the parent process: it reads the configuration, starts
// the VRRP and checker processes, hands them snapshots, relays between them,
// runs what must not run beside them (scripts, logs, trackers), and reloads as
// one transaction. It decides nothing about roles or health.
package supervise

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"halbd/conf"
	"halbd/notify"
)

// Options are the wishes of the command line. Empty file names mean the default.
type Options struct {
	Version         string
	File            string // -f
	OnlyVRRP        bool   // -P
	OnlyChecker     bool   // -C
	NoBFD           bool   // -B
	All             bool   // --all
	LogConsole      bool   // -l
	LogDetail       bool   // -D
	Facility        int    // -S: a syslog facility; 0 means daemon
	NoSyslog        bool   // -G
	Umask           *int   // -u
	DontReleaseVRRP bool   // -V
	DontReleaseIPVS bool   // -I
	DontRespawn     bool   // -R
	Foreground      bool   // -n
	DumpConfig      bool   // -d
	PIDFile         string // -p
	VRRPPIDFile     string // -r
	CheckerPIDFile  string // -c
	BFDPIDFile      string // -b
	LogAddresses    bool   // -a
	StrictIncludes  bool   // -e
	ConfigID        string // -i
	IgnoreINT       bool   // --ignore-sigint
	Namespace       string // -s: network namespace; "": net_namespace of the configuration
	Strict          bool   // --strict: refuse a configuration of which something is not honoured

	Complaints []string // about the command line itself, for the log
}

// defaultFile is where keepalived's configuration is.
const defaultFile = "/etc/keepalived/keepalived.conf"

// ConfigFile returns the file to read.
func (o *Options) ConfigFile() string {
	if o.File == "" {
		return defaultFile
	}
	return o.File
}

// absolute makes the file names independent of the working directory.
func (o *Options) absolute() error {
	o.File = o.ConfigFile()
	for _, p := range []*string{&o.File, &o.PIDFile, &o.VRRPPIDFile, &o.CheckerPIDFile, &o.BFDPIDFile} {
		if *p == "" {
			continue
		}
		abs, err := filepath.Abs(*p)
		if err != nil {
			return fmt.Errorf("resolve %s: %w", *p, err)
		}
		*p = abs
	}
	return nil
}

// LoadOptions says how this host reads configuration files. A daemon asks no
// name server for it; TestOptions does.
func LoadOptions(configID string, strictIncludes bool) conf.Options {
	if configID == "" {
		name, _ := os.Hostname()
		configID, _, _ = strings.Cut(name, ".")
	}
	return conf.Options{ConfigID: configID, StrictIncludes: strictIncludes, Getenv: os.Getenv, Host: notify.SystemHost{}}
}

// TestOptions is LoadOptions for a test of a configuration, which may wait for
// name servers.
func TestOptions(configID string, strictIncludes bool) conf.Options {
	opt := LoadOptions(configID, strictIncludes)
	opt.Host = notify.SystemHost{AskDNS: true}
	return opt
}

// Readable says why a configuration file cannot be read, or nil.
func Readable(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("configuration file cannot be read: %w", err)
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return fmt.Errorf("configuration file cannot be read: %w", err)
	}
	if st.IsDir() {
		return fmt.Errorf("configuration file %s is a directory; name a file with -f", path)
	}
	return nil
}

// OpenTestLog opens the log of -tFILE: appended to, mode 0644, no symlink followed.
func OpenTestLog(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND|oNoFollow, 0o644)
	if err != nil {
		return nil, fmt.Errorf("log of the configuration test cannot be opened: %w", err)
	}
	return f, nil
}
