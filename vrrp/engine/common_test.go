package engine

import (
	"fmt"
	"net/netip"
	"time"

	"halbd/conf"
)

const (
	ms = time.Millisecond
	s  = time.Second
)

// router is an instance with one address, as these tests need it.
func router(name string, vrid uint8, edit ...func(*conf.Instance)) conf.Instance {
	in := conf.Instance{Name: name, Interface: "eth0", Family: conf.IPv4, Version: 2, VRID: vrid, Priority: 100,
		Destination: netip.MustParseAddr("224.0.0.18"),
		Addresses:   []conf.Address{{Prefix: netip.MustParsePrefix(fmt.Sprintf("10.0.0.%d/32", 100+vrid)), Interface: "eth0"}}}
	for _, e := range edit {
		e(&in)
	}
	return in
}
