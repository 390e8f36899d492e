package engine

import (
	"net/netip"
	"time"

	"halbd/conf"
	"halbd/vrrp"
)

// claimLead is how much earlier than a claim the loop wakes: that much it may
// take to be woken and to rehearse.
const claimLead = 300 * time.Microsecond

// lead is how long before the core's deadline the loop wants to be awake. Only
// claims are worth it: they are rare, and the time until the new master's
// first advert is time without service.
func (e *engine) lead() vrrp.Time {
	if e.core.ClaimIsNext() {
		return claimLead
	}
	return 0
}

// await is awake before a claim: it rehearses, so that no cache is cold, and
// waits out the rest. Other claims that are due in the same moment find the
// caches warm.
func (e *engine) await(deadline vrrp.Time) {
	left := deadline - monotonic()
	if left > claimLead/3 && monotonic()-e.rehearsed > time.Second {
		e.rehearse()
		e.rehearsed = monotonic()
	}
	for monotonic() < deadline {
	}
}

// rehearse plays one take-over on a core of its own, up to the system call
// that would send the advert: what it needs is mapped and cached then. The
// first real one, perhaps months after the start, was measured to take three
// times as long without.
func (e *engine) rehearse() {
	for i := range e.cfg.Instances {
		in := e.cfg.Instances[i]
		if in.Priority == 255 {
			continue
		}
		in.Track, in.Source, in.VMAC, in.IPVLAN = conf.Tracking{}, rehearsalSource(&in), nil, nil
		cfg := &conf.Config{Global: e.cfg.Global, Instances: []conf.Instance{in}}
		core := vrrp.NewCore(cfg)
		for name := range vrrp.Interfaces(cfg) {
			core.Step(0, vrrp.InterfaceState{Name: name, Exists: true, Up: true, Addrs: []netip.Addr{in.Source}})
		}
		core.Start(0)
		for range 4 { // vrrp_startup_delay and the like take a timer more
			at, ok := core.Deadline()
			if !ok || core.HeldBy(in.Name) != nil {
				break
			}
			a := core.Step(at, vrrp.Tick{})
			for j := range a.Adverts {
				s := socket{key: sendKey(&in), fd: -1, due: []*vrrp.SendAdvert{&a.Adverts[j]}}
				s.flush(e.out, func(*vrrp.SendAdvert, error) {}) // EBADF
			}
			if a.Confirm {
				core.Sent(at, nil)
			}
		}
		return
	}
}

// rehearsalSource is any address of the family.
func rehearsalSource(in *conf.Instance) netip.Addr {
	if in.Family == conf.IPv6 {
		return netip.MustParseAddr("fe80::1")
	}
	return netip.MustParseAddr("192.0.2.1")
}
