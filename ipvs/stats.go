package ipvs

import (
	"encoding/binary"
	"fmt"
)

// Commands and attributes of linux/ip_vs.h that observe the table.
const (
	cmdGetInfo = 15

	svcStats      = 10
	svcStats64    = 12
	destPersist   = 9
	destStats     = 10
	destStats64   = 12
	infoVersion   = 1
	infoTableSize = 2

	statConns    = 1
	statInPkts   = 2
	statOutPkts  = 3
	statInBytes  = 4
	statOutBytes = 5
	statCPS      = 6
	statInPPS    = 7
	statOutPPS   = 8
	statInBPS    = 9
	statOutBPS   = 10
)

// Info is what the kernel says of its IPVS.
type Info struct {
	Version   uint32 // 0x010201 is 1.2.1
	TableSize uint32 // buckets of the connection table
}

// VersionString is like "1.2.1".
func (i Info) VersionString() string {
	return fmt.Sprintf("%d.%d.%d", i.Version>>16&0xff, i.Version>>8&0xff, i.Version&0xff)
}

// Stats are the counters of a service or a destination since it was made or
// zeroed, and the kernel's estimates of rates, which it renews every two seconds.
type Stats struct {
	Conns, InPkts, OutPkts, InBytes, OutBytes uint64
	CPS, InPPS, OutPPS, InBPS, OutBPS         uint64 // for each second
}

// Usage is a service with its counters. Servers are those of the service's
// Dests, at the same index.
type Usage struct {
	Service
	Stats   Stats
	Servers []ServerUsage
}

// ServerUsage are the counters of a destination.
type ServerUsage struct {
	Stats           Stats
	PersistentConns uint32 // templates that bind clients to it
}

// Info asks for the version and the size of the connection table.
func (c *Client) Info() (Info, error) {
	list, err := c.execute(cmdGetInfo, 0, nil)
	if err != nil {
		return Info{}, err
	}
	if len(list) != 1 {
		return Info{}, fmt.Errorf("IPVS describes itself in %d messages", len(list))
	}
	return decodeInfo(list[0].Data)
}

func decodeInfo(b []byte) (Info, error) {
	var i Info
	d := decoder{rest: b}
	for d.next() {
		switch d.typ {
		case infoVersion:
			i.Version = d.uint32()
		case infoTableSize:
			i.TableSize = d.uint32()
		}
	}
	return i, d.finish()
}

// Usage dumps the table with its counters.
func (c *Client) Usage() ([]Usage, error) {
	var table []Usage
	err := c.dump(cmdGetService, nil, func(b []byte) error {
		u, err := decodeUsage(b)
		table = append(table, u)
		return err
	})
	for i := range table {
		if err == nil {
			err = c.servers(&table[i])
		}
	}
	return table, err
}

// UsageOf asks for one service. The error is unix.ESRCH when there is no such service.
func (c *Client) UsageOf(k ServiceKey) (Usage, error) {
	list, err := c.execute(cmdGetService, 0, k.name)
	if err != nil {
		return Usage{}, err
	}
	if len(list) != 1 {
		return Usage{}, fmt.Errorf("IPVS describes %s in %d messages", k, len(list))
	}
	u, err := decodeUsage(list[0].Data)
	if err != nil {
		return u, err
	}
	return u, c.servers(&u)
}

// servers reads what is in a service.
func (c *Client) servers(u *Usage) error {
	return c.dump(cmdGetDest, u.ServiceKey.name, func(b []byte) error {
		d, err := decodeDestination(b, u.IPv6)
		if err != nil {
			return err
		}
		s, err := decodeServer(b)
		u.Dests, u.Servers = append(u.Dests, d), append(u.Servers, s)
		return err
	})
}

func decodeUsage(b []byte) (Usage, error) {
	var u Usage
	var err error
	if u.Service, err = decodeService(b); err != nil {
		return u, err
	}
	d, err := within(b, attrService)
	if err != nil {
		return u, err
	}
	u.Stats, err = decodeStats(&d, svcStats, svcStats64, nil)
	return u, err
}

func decodeServer(b []byte) (ServerUsage, error) {
	var s ServerUsage
	d, err := within(b, attrDest)
	if err != nil {
		return s, err
	}
	s.Stats, err = decodeStats(&d, destStats, destStats64, func() {
		if d.typ == destPersist {
			s.PersistentConns = d.uint32()
		}
	})
	return s, err
}

// decodeStats reads the counters among an object's attributes: the 64-bit ones
// of kernels since 4.1, else the narrow ones. Each other attribute is for other.
func decodeStats(d *decoder, narrow, wide uint16, other func()) (Stats, error) {
	var s, s64 Stats
	found := false
	for d.next() {
		switch {
		case d.typ == narrow:
			d.err = s.decode(d.value)
		case d.typ == wide:
			found, d.err = true, s64.decode(d.value)
		case other != nil:
			other()
		}
	}
	if found {
		s = s64
	}
	return s, d.finish()
}

// decode reads a nest of counters of 32 or 64 bits.
func (s *Stats) decode(b []byte) error {
	d := decoder{rest: b}
	for d.next() {
		to := s.field(d.typ)
		switch {
		case to == nil:
		case len(d.value) >= 8:
			*to = binary.NativeEndian.Uint64(d.value)
		default:
			*to = uint64(d.uint32())
		}
	}
	return d.err
}

func (s *Stats) field(attr uint16) *uint64 {
	switch attr {
	case statConns:
		return &s.Conns
	case statInPkts:
		return &s.InPkts
	case statOutPkts:
		return &s.OutPkts
	case statInBytes:
		return &s.InBytes
	case statOutBytes:
		return &s.OutBytes
	case statCPS:
		return &s.CPS
	case statInPPS:
		return &s.InPPS
	case statOutPPS:
		return &s.OutPPS
	case statInBPS:
		return &s.InBPS
	case statOutBPS:
		return &s.OutBPS
	}
	return nil
}
