package engine

import (
	"halbd/netstate"
	"halbd/vrrp"
)

// firstLinks makes the VMACs and ipvlans before anything else: nothing has to
// be kept up yet, so this may wait for the kernel. The subscription begins anew
// behind it, so that nobody is told of links that are half made.
func (e *engine) firstLinks() error {
	e.links.want(e.cfg.Links())
	if len(e.links.made) == 0 {
		return nil
	}
	u, err := e.watcher.Snapshot()
	if err != nil {
		return err
	}
	e.objects.apply(u)
	w, err := netstate.NewWriter()
	if err != nil {
		return err
	}
	defer w.Close()
	ops, _ := e.links.tend(monotonic())
	refused, err := w.Apply(ops)
	if err != nil {
		return err
	}
	for _, f := range refused {
		e.log.Error(f.Error())
		e.notMade(f)
	}
	e.watcher.Close()
	return e.watch()
}

// makeLinks makes the links that are missing, and announces again the
// addresses of those that have come back while this host is master.
func (e *engine) makeLinks() {
	now := monotonic()
	ops, back := e.links.tend(now)
	e.objects.post(ops)
	for name, m := range e.links.made {
		if m.asked != 0 || m.fault != "" {
			e.retry = min(e.retry, now+retryPause)
		}
		e.act(e.core.Step(now, e.level(name)))
	}
	for _, name := range back {
		e.returned[name] = true
	}
}

// announceReturned tells the network again of addresses whose VMAC was away.
func (e *engine) announceReturned() {
	if len(e.returned) == 0 {
		return
	}
	for _, in := range e.core.Held(nil) {
		for _, name := range in.VMACs() {
			if e.returned[name] {
				e.objects.announce(in, &vrrp.Announce{Instance: in.Name, Repeat: max(1, in.GARP.MasterRepeat)})
				break
			}
		}
	}
	clear(e.returned)
}
