package vrrp

import (
	"log/slog"
	"slices"
	"sync/atomic"

	"halbd/conf"
	"halbd/netstate"
)

// objects makes what the kernel has equal to what roles and configuration
// imply. It looks at nothing but the mirror, and leaves the work to a writer.
type objects struct {
	mirror    *netstate.Mirror
	writer    *writer
	log       *slog.Logger
	links     *links
	addresses *set[addressKey, conf.Address]
	alive     map[string]*atomic.Bool // of each instance's announcements
}

func manageObjects(m *netstate.Mirror, w *writer, log *slog.Logger) *objects {
	o := &objects{mirror: m, writer: w, log: log, alive: map[string]*atomic.Bool{}}
	o.addresses = newSet[addressKey, conf.Address](addressKind{m}, o.taken)
	return o
}

// reconcile computes what must change. held are the instances that have their
// role's objects; cfg lists those that may not be there otherwise.
func (o *objects) reconcile(cfg *conf.Config, held []*conf.Instance) {
	o.post(o.links.roles(held))
	a := o.addresses
	a.begin(len(a.ours) + len(cfg.StaticAddresses))
	a.want(cfg.StaticAddresses)
	a.want(o.links.addresses())
	for _, in := range held {
		a.want(in.Addresses)
		a.want(in.Excluded)
		a.want(o.links.linkLocals(in))
	}
	a.unwanted()
	o.removeLeftovers(cfg)
	o.post(append(a.drops, a.adds...)) // what must go frees the place of what must come
}

// removeLeftovers removes the virtual addresses of a former run. An owner's
// address may be the host's own, unless it bears our mark.
func (o *objects) removeLeftovers(cfg *conf.Config) {
	for i := range cfg.Instances {
		in := &cfg.Instances[i]
		may := func(k addressKey) bool {
			at, _ := o.mirror.Find(k.index, k.prefix)
			return at.Protocol == netstate.AddressProtocol || in.Priority < 255
		}
		o.addresses.leftovers(in.Addresses, may)
		o.addresses.leftovers(in.Excluded, may)
	}
}

// gain makes the objects of an instance that has just come to hold them.
func (o *objects) gain(in *conf.Instance) {
	ops := slices.Grow(o.links.gain(in), len(in.Addresses)+len(in.Excluded))
	ops = o.addresses.gain(ops, in.Addresses)
	ops = o.addresses.gain(ops, in.Excluded)
	ops = o.addresses.gain(ops, o.links.linkLocals(in))
	o.post(ops)
}

func (o *objects) post(ops []netstate.Op) {
	if len(ops) > 0 {
		o.writer.post(job{ops: ops})
	}
}

// taken tells of an object that somebody else has removed.
func (o *objects) taken(what netstate.Object) {
	o.log.Warn(what.String() + " was taken by someone else: it is put back")
}

// forget drops what was set on interfaces that are gone.
func (o *objects) forget() {
	o.addresses.forget(func(k addressKey) bool { return !o.mirror.HasIndex(k.index) })
}

// overrun says whether the update at hand is a snapshot.
func (o *objects) overrun(full bool) { o.addresses.afterOverrun = full }

// abandon leaves everything where it is from now on.
func (o *objects) abandon() { o.addresses.forget(func(addressKey) bool { return true }) }
