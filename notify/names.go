package notify

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/vishvananda/netlink"

	"halbd/conf"
)

// iprouteDirs are where iproute2 keeps its names: the administrator's files, then the vendor's.
var iprouteDirs = []string{"/etc/iproute2", "/usr/share/iproute2", "/usr/lib/iproute2"}

var iprouteFiles = map[conf.NameKind]string{
	conf.NameTable: "rt_tables", conf.NameProtocol: "rt_protos", conf.NameScope: "rt_scopes",
	conf.NameRealm: "rt_realms", conf.NameDSField: "rt_dsfield", conf.NameGroup: "group",
}

// LookupName looks a name up in iproute2's files, in /etc/protocols, or among
// the VRF devices of the kernel.
func (SystemHost) LookupName(kind conf.NameKind, name string, dirs ...string) (uint32, error) {
	switch kind {
	case conf.NameVRF:
		return vrfTable(name)
	case conf.NameIPProtocol:
		return ipProtocol("/etc/protocols", name)
	}
	if len(dirs) == 0 {
		dirs = iprouteDirs
	}
	for _, dir := range dirs {
		file := filepath.Join(dir, iprouteFiles[kind])
		more, _ := filepath.Glob(filepath.Join(file+".d", "*.conf")) // the pattern is well formed
		for _, f := range append([]string{file}, more...) {
			n, err := numberOfName(f, name)
			if err == nil || !errors.Is(err, fs.ErrNotExist) {
				return n, err
			}
		}
	}
	return 0, fmt.Errorf("%s is in no %s of %s", name, iprouteFiles[kind], strings.Join(dirs, ", "))
}

// numberOfName finds the line "NUMBER NAME" of a name; fs.ErrNotExist if there is none.
func numberOfName(file, name string) (uint32, error) {
	return findLine(file, func(f []string) bool { return f[1] == name }, 0)
}

// ipProtocol finds the line "NAME NUMBER ALIAS..." of a name.
func ipProtocol(file, name string) (uint32, error) {
	return findLine(file, func(f []string) bool { return f[0] == name || slices.Contains(f[2:], name) }, 1)
}

// findLine gives the number in field column of the first line that fits.
func findLine(file string, fits func(fields []string) bool, column int) (uint32, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return 0, err
	}
	for s := bufio.NewScanner(bytes.NewReader(data)); s.Scan(); {
		text, _, _ := strings.Cut(s.Text(), "#")
		if f := strings.Fields(text); len(f) >= 2 && fits(f) {
			n, err := strconv.ParseUint(f[column], 0, 32)
			return uint32(n), err
		}
	}
	return 0, fs.ErrNotExist
}

// vrfTable asks the kernel for the routing table of a VRF device.
func vrfTable(name string) (uint32, error) {
	link, err := netlink.LinkByName(name)
	if err != nil {
		return 0, err
	}
	vrf, ok := link.(*netlink.Vrf)
	if !ok {
		return 0, fmt.Errorf("%s is no VRF device but of type %s", name, link.Type())
	}
	return vrf.Table, nil
}
