package dump

import (
	"net"
	"net/netip"

	"halbd/conf"
)

// Link is an interface of this host.
type Link struct {
	net.Interface
	Addrs []netip.Addr
}

// Links lists the interfaces that are there.
func Links() ([]Link, error) {
	list, err := net.Interfaces()
	if err != nil {
		return nil, err
	}
	links := make([]Link, 0, len(list))
	for _, i := range list {
		l := Link{Interface: i}
		addrs, _ := i.Addrs() // of one that has just gone: none
		for _, a := range addrs {
			if n, ok := a.(*net.IPNet); ok {
				if ip, ok := netip.AddrFromSlice(n.IP); ok {
					l.Addrs = append(l.Addrs, ip.Unmap())
				}
			}
		}
		links = append(links, l)
	}
	return links, nil
}

func (l *Link) first(match func(netip.Addr) bool) string {
	for _, a := range l.Addrs {
		if match(a) {
			return a.String()
		}
	}
	return "(none)"
}

func (o *sheet) links(cfg *conf.Config, links []Link) {
	o.title("Interfaces")
	for i := range links {
		l := &links[i]
		o.linef(" Name = %s", l.Name)
		o.linef("   index = %d", l.Index)
		o.linef("   IPv4 address = %s", l.first(netip.Addr.Is4))
		o.linef("   IPv6 address = %s", l.first(func(a netip.Addr) bool { return a.Is6() && a.IsLinkLocalUnicast() }))
		if len(l.HardwareAddr) > 0 {
			o.linef("   MAC = %v", l.HardwareAddr)
		}
		o.linef("   State = %s, %s%s%s%s", yes(l.Flags&net.FlagUp != 0, "UP", "DOWN"), yes(l.Flags&net.FlagRunning != 0, "RUNNING", "not RUNNING"),
			yes(l.Flags&net.FlagBroadcast != 0, "", ", no broadcast"), yes(l.Flags&net.FlagLoopback != 0, ", loopback", ""), yes(l.Flags&net.FlagMulticast != 0, "", ", no multicast"))
		o.linef("   MTU = %d", l.MTU)
		o.linef("   HW Type = %s", yes(l.Flags&net.FlagLoopback != 0, "LOOPBACK", "ETHERNET"))
		o.linkUsers(cfg, l.Name)
	}
}

// linkUsers lists the instances whose role depends on an interface: those that
// run on it have weight 0.
func (o *sheet) linkUsers(cfg *conf.Config, name string) {
	title := false
	say := func(instance string, weight int) {
		if !title {
			o.linef("   Tracking VRRP instances :")
			title = true
		}
		o.linef("     %s, weight %d", instance, weight)
	}
	for i := range cfg.Instances {
		c := &cfg.Instances[i]
		if c.Interface == name && !c.DontTrackPrimary {
			say(c.Name, 0)
		}
		for _, t := range c.Track.Interfaces {
			if t.Name == name {
				say(c.Name, t.Weight)
			}
		}
	}
	for i := range cfg.SyncGroups {
		for _, t := range cfg.SyncGroups[i].Track.Interfaces {
			for _, m := range cfg.SyncGroups[i].Members {
				if t.Name == name {
					say(m, t.Weight)
				}
			}
		}
	}
}
