package healthcheck

import (
	"net/netip"

	"halbd/conf"
	"halbd/ipvs"
)

// Key names a kernel service.
type Key = ipvs.ServiceKey

// defaultNetmask4 is the persistence granularity of IPv4 without a setting: each client for itself.
const defaultNetmask4 = 0xffffffff

// defaultNetmask6 is the same as an IPv6 prefix length.
const defaultNetmask6 = 128

// maxRange bounds the services that one address range of a group may stand for.
const maxRange = 1 << 16

// kernelKeys lists the kernel services of a virtual server: one, or for a
// group one for each address of each range and each fwmark.
func kernelKeys(v *conf.VirtualServer) []Key {
	switch v.Kind {
	case conf.ByFwmark:
		return []Key{{Fwmark: v.Fwmark, IPv6: v.Family == conf.IPv6}}
	case conf.ByGroup:
		return groupKeys(v)
	}
	a := v.Addr.Addr()
	return []Key{{Addr: a, Port: v.Addr.Port(), Protocol: uint8(v.Protocol), IPv6: a.Is6()}}
}

func groupKeys(v *conf.VirtualServer) []Key {
	var keys []Key
	seen := make(map[Key]bool)
	add := func(k Key) {
		if !seen[k] {
			seen[k] = true
			keys = append(keys, k)
		}
	}
	for _, m := range v.Members {
		if !m.First.IsValid() {
			family := m.Family
			if family == 0 {
				family = v.Family
			}
			add(Key{Fwmark: m.Fwmark, IPv6: family == conf.IPv6})
			continue
		}
		last := m.Last
		if !last.IsValid() {
			last = m.First
		}
		a := m.First
		for n := 0; n < maxRange && a.IsValid() && a.Compare(last) <= 0; n++ {
			add(Key{Addr: a, Port: m.Port, Protocol: uint8(v.Protocol), IPv6: a.Is6()})
			a = a.Next()
		}
	}
	return keys
}

// Table is the whole desired table, in file order.
func (c *Core) Table() []ipvs.Service {
	var t []ipvs.Service
	done := make(map[Key]bool)
	for _, s := range c.services {
		for _, k := range s.kernel {
			if done[k] {
				continue
			}
			done[k] = true
			if svc, ok := c.Desired(k); ok {
				t = append(t, svc)
			}
		}
	}
	return t
}

// Desired is what the kernel's service of that key should be; false: it should
// not exist. Virtual servers that share a key (a fwmark in two groups) share
// the service: the first decides its settings, each adds its destinations.
func (c *Core) Desired(k Key) (ipvs.Service, bool) {
	owners := c.owners[k]
	if len(owners) == 0 {
		return ipvs.Service{}, false
	}
	svc := owners[0].settings(k)
	n := 0
	for _, s := range owners {
		n += len(s.servers) + 1
	}
	set := destSet{list: make([]ipvs.Destination, 0, n)}
	for _, s := range owners {
		s.destinations(&set, k)
	}
	svc.Dests = set.list
	return svc, true
}

// Owned reports whether a kernel service belongs to a virtual server of ours.
func (c *Core) Owned(k Key) bool { return len(c.owners[k]) > 0 }

func (s *service) settings(k Key) ipvs.Service {
	v := s.conf
	svc := ipvs.Service{
		ServiceKey: k,
		Scheduler:  v.Scheduler,
		Flags:      v.SchedFlags & (ipvs.FlagSched1 | ipvs.FlagSched2 | ipvs.FlagSched3),
		Timeout:    v.Persistence,
		Netmask:    v.Granularity,
	}
	if v.Persistence > 0 {
		svc.Flags |= ipvs.FlagPersistent
		svc.PersistName = v.PersistEngine
	}
	if v.OnePacket {
		svc.Flags |= ipvs.FlagOnePacket
	}
	switch {
	case k.IPv6 && (v.Granularity == 0 || v.Granularity > defaultNetmask6):
		svc.Netmask = defaultNetmask6
	case !k.IPv6 && (v.Granularity == 0):
		svc.Netmask = defaultNetmask4
	}
	return svc
}

// destinations appends what the virtual server wants in a kernel service.
// While the quorum is lost and there is a sorry server, it stands alone, but
// for inhibited servers, which stay with weight 0 and keep their connections.
// So does one that is drained, whatever its checks say.
func (s *service) destinations(to *destSet, k Key) {
	sorry := s.conf.Sorry
	serving := s.quorum || sorry == nil
	for _, r := range s.servers {
		switch {
		case r.draining():
			to.add(r.destination(k, 0))
		case r.out():
		case serving && r.up:
			to.add(r.destination(k, r.weight()))
		case r.conf.Inhibit:
			to.add(r.destination(k, 0))
		}
	}
	switch {
	case sorry == nil:
	case !s.quorum:
		to.add(destination(k, sorry.Addr.Addr(), sorry.Addr.Port(), &sorry.Forwarding, 1))
	case sorry.Inhibit:
		to.add(destination(k, sorry.Addr.Addr(), sorry.Addr.Port(), &sorry.Forwarding, 0))
	}
}

// destSet collects destinations; of two with one address it keeps the first.
type destSet struct {
	list []ipvs.Destination
	seen map[netip.AddrPort]bool // once the list is long
}

// shortList is how many destinations are looked through rather than looked up.
const shortList = 16

func (s *destSet) add(d ipvs.Destination) {
	if s.seen == nil && len(s.list) >= shortList {
		s.seen = make(map[netip.AddrPort]bool, cap(s.list))
		for i := range s.list {
			s.seen[s.list[i].Endpoint()] = true
		}
	}
	at := d.Endpoint()
	if s.seen == nil {
		for i := range s.list {
			if s.list[i].Endpoint() == at {
				return
			}
		}
	} else if s.seen[at] {
		return
	} else {
		s.seen[at] = true
	}
	s.list = append(s.list, d)
}

func (r *server) destination(k Key, weight int32) ipvs.Destination {
	a := r.conf.Addr
	d := destination(k, a.Addr(), a.Port(), &r.conf.Forwarding, weight)
	d.UpperThreshold, d.LowerThreshold = r.conf.UpperThreshold, r.conf.LowerThreshold
	return d
}

// destination places a real server in a kernel service. Only NAT translates
// ports: with DR and TUN a packet reaches the server as the client sent it, so
// the destination has the service's port (0 for a fwmark).
func destination(k Key, addr netip.Addr, port uint16, f *conf.Forwarding, weight int32) ipvs.Destination {
	d := ipvs.Destination{Addr: addr, Port: port, Weight: weight}
	switch f.Method {
	case conf.DR:
		d.Method, d.Port = ipvs.DirectRoute, k.Port
	case conf.TUN:
		d.Method, d.Port = ipvs.Tunnel, k.Port
		d.TunnelType = uint8(f.TunnelType)
		d.TunnelPort = f.TunnelPort
		d.TunnelFlags = uint16(f.TunnelCsum)
	default:
		d.Method = ipvs.Masquerade
	}
	return d
}
