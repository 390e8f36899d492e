package engine

import (
	"halbd/conf"
	"halbd/netstate"
)

// promotion is promote_secondaries: the sysctls of interfaces that are set
// while this process runs, by the name of the interface.
type promotion map[string]*netstate.PromoteSecondaries

// change appends what sets the sysctl of the interfaces of a configuration,
// and restores it on the others.
func (p promotion) change(w *work, cfg *conf.Config, mirror *netstate.Mirror) {
	wanted := map[string]bool{}
	for i := range cfg.Instances {
		if in := &cfg.Instances[i]; in.PromoteSecondary {
			wanted[in.Interface] = true
		}
	}
	for name, set := range p {
		if l := mirror.Link(name); !wanted[name] || l == nil || l.Index != set.Index {
			delete(p, name)
			w.drops = append(w.drops, netstate.Op{Remove: true, Object: set})
		}
	}
	for name := range wanted {
		if l := mirror.Link(name); l != nil && p[name] == nil {
			p[name] = &netstate.PromoteSecondaries{Index: l.Index, Name: name}
			w.adds = append(w.adds, netstate.Op{Object: p[name]})
		}
	}
}
