package vrrp

import (
	"net/netip"

	"halbd/conf"
	"halbd/event"
)

// rehearse plays one take-over on a core of its own, up to the system call
// that would send the advert. The pages of the code that a take-over needs are
// mapped then: the first real one, perhaps months later, need not wait for
// them (it was measured to take a third of the time).
func (e *engine) rehearse() {
	for i := range e.cfg.Instances {
		in := e.cfg.Instances[i]
		if in.Priority == 255 {
			continue
		}
		in.Track, in.Source, in.VMAC, in.IPVLAN = conf.Tracking{}, rehearsalSource(&in), nil, nil
		core := NewCore(&conf.Config{Global: e.cfg.Global, Instances: []conf.Instance{in}})
		core.Step(0, InterfaceState{Name: in.ListenInterface(), Exists: true, Up: true, Addrs: []netip.Addr{in.Source}})
		core.Start(0)
		for range 4 { // vrrp_startup_delay and the like take a timer more
			at, ok := core.Deadline()
			if !ok || core.instances[0].state == event.Master {
				break
			}
			a := core.Step(at, Tick{})
			for j := range a.Adverts {
				s := socket{key: sendKey(&in), fd: -1, due: []*SendAdvert{&a.Adverts[j]}}
				s.flush(e.out, func(*SendAdvert, error) {}) // EBADF
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
