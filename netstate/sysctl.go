package netstate

import (
	"errors"
	"io/fs"
	"os"
	"strings"

	mdl "github.com/mdlayher/netlink"
)

// Sysctl is a file below /proc/sys that has a value, as an Object. Path is
// relative, as "net/ipv6/conf/eth0/disable_ipv6". Removing it restores what
// was there before.
type Sysctl struct {
	Path, Value string
	was         string // "": nothing was changed
}

func (o *Sysctl) String() string { return o.Path + " = " + o.Value }

// settled: what has no such file, as a kernel without IPv6 or an interface
// that is gone, needs no value.
func (o *Sysctl) settled(_ bool, err error) bool { return errors.Is(err, fs.ErrNotExist) }

func (o *Sysctl) request(bool) (mdl.Message, error) { return mdl.Message{}, errDirect }

func (o *Sysctl) perform(remove bool) error {
	if remove {
		if o.was == "" {
			return nil
		}
		return writeSysctl(o.Path, o.was)
	}
	v, err := ReadSysctl(o.Path)
	if err == nil && v == o.Value {
		return nil // also where /proc/sys may not be written
	}
	if err := writeSysctl(o.Path, o.Value); err != nil {
		return err
	}
	o.was = v
	return nil
}

func writeSysctl(path, value string) error {
	return os.WriteFile("/proc/sys/"+path, []byte(value), 0)
}

// errDirect is the request of what is no netlink request; a Writer never sends it.
var errDirect = errors.New("not a netlink request")

// ReadSysctl reads a file below /proc/sys.
func ReadSysctl(path string) (string, error) {
	b, err := os.ReadFile("/proc/sys/" + path)
	return strings.TrimSpace(string(b)), err
}
