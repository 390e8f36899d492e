package engine

import (
	"errors"
	"log/slog"
	"maps"
	"slices"
	"strings"

	"halbd/conf"
	"halbd/firewall"
	"halbd/netstate"
	"halbd/vrrp"
)

// filter keeps the packet filter in step with what is held: no_accept drops
// the packets of an instance's addresses, and a VMAC does not tell the network
// things that belong to the interface under it. It decides what is to be
// filtered; a writer does it, before addresses come and after they have gone.
type filter struct {
	mirror  *netstate.Mirror
	links   *links
	writer  *writer
	log     *slog.Logger
	chains  *chainsLink
	kind    filterKind
	watcher *firewall.Watcher // of an nftables filter
	options firewall.Ruleset  // what the configuration says of the table itself
	byIndex bool              // nftables_ifindex
	needed  bool
	posted  firewall.Ruleset // what the writer was told last
	rewrite bool             // the table is not what was posted
	said    string           // of the last failure
	repairs repairs
	ended   chan struct{} // the watcher's goroutine has
	// settle has something to do; this kernel cannot filter.
	unsettled, unsupported bool
}

// Messages of the filter to the loop.
type (
	filterFailed struct{ err error }
	filterTaken  struct{ firewall.Theft }
)

// repairs bounds how often the work of others is undone at once: two programs
// that want the same table would keep each other busy for good.
type repairs struct{ recent []vrrp.Time }

const (
	mostRepairs   = 10
	repairsWithin = 10 * retryPause
)

// may reports whether one more repair may follow now.
func (r *repairs) may(now vrrp.Time) bool {
	r.recent = slices.DeleteFunc(r.recent, func(at vrrp.Time) bool { return now-at >= repairsWithin })
	if len(r.recent) >= mostRepairs {
		return false
	}
	r.recent = append(r.recent, now)
	return true
}

// usesFilter reports whether any instance wants packets to be dropped.
func usesFilter(cfg *conf.Config) bool {
	return len(unprotected(cfg)) > 0 || slices.ContainsFunc(cfg.Links(), func(l conf.Link) bool { return l.Kind == conf.LinkMACVLAN })
}

// unprotected names the instances whose addresses would be answered without a filter.
func unprotected(cfg *conf.Config) (names []string) {
	for i := range cfg.Instances {
		if cfg.Instances[i].NoAccept {
			names = append(names, cfg.Instances[i].Name)
		}
	}
	return names
}

// configureFilter takes the settings over, and opens what it needs on first use.
func (e *engine) configureFilter() {
	f, g := e.filter, &e.cfg.Global.Firewall
	f.options = firewall.Ruleset{Table: g.Table, Priority: g.Priority, Counters: g.Counters}
	if f.options.Table == "" {
		f.options.Table = firewall.DefaultTable
	}
	if f.posted.Table == "" {
		f.posted = f.options // nothing so far
	}
	f.byIndex, f.needed, f.said, f.unsupported = g.ByIndex, usesFilter(e.cfg), "", false
	if f.watcher != nil {
		f.watcher.Follow(f.options.Table)
	}
	if kind := f.choose(g, e.opt.Chains != nil); f.needed && kind != f.kind {
		f.kind = kind
		f.tell(g)
		if err := e.openFilter(g); err != nil {
			f.kind = filterKind{}
			f.failed(err, e.cfg)
		}
	}
}

// filterKind is what does the work.
type filterKind struct {
	open    bool
	in, out string // chains of iptables; without them it is nftables
}

// choose takes iptables only where it was asked for and is the host's own
// filter: its newer flavour writes nftables, beside which ours is clearer.
func (f *filter) choose(g *conf.Firewall, may bool) filterKind {
	if g.Table == "" && (g.ChainIn != "" || g.ChainOut != "") && may && firewall.LegacyIptables() {
		return filterKind{true, g.ChainIn, g.ChainOut}
	}
	return filterKind{open: true}
}

// tell says what is used if the configuration says something else.
func (f *filter) tell(g *conf.Firewall) {
	switch {
	case f.kind != filterKind{open: true} || g.Table != "":
	case g.ChainIn != "" || g.ChainOut != "":
		f.log.Warn("vrrp_iptables is not used: the host's iptables writes nftables. What it asked for is in our own nftables table " + f.options.Table)
	default:
		f.log.Info("no_accept and VMACs need a packet filter and the configuration names none: using nftables, table " + f.options.Table)
	}
}

// openFilter opens a filter of the chosen kind. The one before is emptied when
// the new one has its rules.
func (e *engine) openFilter(g *conf.Firewall) error {
	f := e.filter
	f.close()
	work := &packetFilter{failed: func(err error) { e.poll.Post(filterFailed{err}) }}
	if f.kind.in != "" || f.kind.out != "" {
		work.backend = &chainsFilter{link: f.chains, in: f.kind.in, out: f.kind.out, lost: true}
	} else {
		m, err := firewall.Open()
		if err != nil {
			return err
		}
		if err := e.watchFilter(m); err != nil {
			m.Close()
			return err
		}
		work.backend = m
	}
	f.writer.post(job{filter: work})
	f.rewrite = true // and so remove what a killed process has left
	return nil
}

func (e *engine) watchFilter(m *firewall.Manager) (err error) {
	f := e.filter
	w, err := m.Watch(f.options.Table)
	if err != nil {
		return err
	}
	ended := make(chan struct{})
	f.watcher, f.ended = w, ended
	go func() {
		defer close(ended)
		if err := w.Run(func(t firewall.Theft) { e.poll.Post(filterTaken{t}) }); err != nil {
			f.log.Error("changes of our nftables table by others go unnoticed from now on", "err", err)
		}
	}()
	return nil
}

// gain covers the addresses of an instance that has just come to hold them.
func (f *filter) gain(in *conf.Instance) {
	if in.NoAccept {
		f.posted.Drops = f.drops(f.posted.Drops, in)
		f.post(true)
	}
}

// cover adds what is to be filtered while these instances hold their
// addresses, before the addresses come; settle takes the rest away after the
// other addresses have gone.
func (f *filter) cover(held []*conf.Instance) {
	if !f.needed && len(f.posted.Drops)+len(f.posted.VMACs) == 0 {
		return
	}
	r := f.options
	if f.needed {
		r.VMACs = f.vmacs()
	}
	for _, in := range held {
		if in.NoAccept {
			r.Drops = f.drops(r.Drops, in)
		}
	}
	if !f.rewrite && sameTable(&r, &f.posted) && slices.Equal(r.Drops, f.posted.Drops) && slices.Equal(r.VMACs, f.posted.VMACs) {
		return
	}
	f.posted, f.unsettled = r, true
	f.post(true)
}

func (f *filter) settle() {
	if f.unsettled {
		f.unsettled = false
		f.post(false)
	}
}

func sameTable(a, b *firewall.Ruleset) bool {
	return a.Table == b.Table && a.Priority == b.Priority && a.Counters == b.Counters
}

// vmacs lists the VMACs that exist, whoever is master: they are filtered all the time.
func (f *filter) vmacs() (list []firewall.VMAC) {
	for _, name := range slices.Sorted(maps.Keys(f.links.made)) {
		m := f.links.made[name]
		if m.index == 0 || m.want.Kind != conf.LinkMACVLAN {
			continue
		}
		v := firewall.VMAC{Index: m.index, Parent: m.parent, Link: name, V6: m.want.Family == conf.IPv6}
		if v.V6 {
			v.LinkLocal, _ = f.links.linkLocal(m.parent)
		}
		list = append(list, v)
	}
	return list
}

// drops appends the addresses of an instance.
func (f *filter) drops(to []firewall.Drop, in *conf.Instance) []firewall.Drop {
	for _, list := range [][]conf.Address{in.Addresses, in.Excluded} {
		for i := range list {
			d := firewall.Drop{Addr: list[i].Prefix.Addr()}
			if d.Local() {
				d.Link = list[i].Interface
				if in.DontTrackPrimary && !f.byIndex {
					d.Name = list[i].Interface // stays valid while the interface is away
				} else if l := f.mirror.Link(list[i].Interface); l != nil {
					d.Index = l.Index
				}
			}
			to = append(to, d)
		}
	}
	return to
}

func (f *filter) post(cover bool) {
	if !f.kind.open || f.unsupported {
		return // it has been said
	}
	r := f.posted // its list is only appended to from now on
	f.writer.post(job{rules: &rules{r, cover, f.rewrite}})
	f.rewrite = false
}

// taken answers a change of our table by somebody else. It returns false if
// the repair has to wait, as there were too many of late. What is put back
// counts for every instance that needs it.
func (f *filter) taken(t firewall.Theft, now vrrp.Time, held []*conf.Instance, count map[string]uint64) bool {
	f.rewrite = true
	for _, in := range held {
		if in.NoAccept || in.VMAC != nil {
			count[in.Name]++
		}
	}
	if !f.repairs.may(now) {
		f.log.Error("nftables: "+t.String()+": this happens again and again, so it is put back only every second. Does another program use the table too? \"nftables NAME\" gives ours another name",
			"table", f.options.Table)
		return false
	}
	f.log.Warn("nftables: " + t.String() + ": it is put back as it was")
	f.post(true)
	f.unsettled = true
	f.settle()
	return true
}

// failed says what is not enforced now, once. It returns whether trying again
// may help.
func (f *filter) failed(err error, cfg *conf.Config) bool {
	f.rewrite = true
	if text := err.Error(); text != f.said {
		f.said = text
		what := "IGMP and MLD of the VMACs are not moved to the interfaces under them"
		if names := unprotected(cfg); len(names) > 0 {
			what = "no_accept is not enforced: packets to the addresses of " + strings.Join(names, ", ") + " are answered"
		}
		f.log.Error(what, "err", err)
	}
	f.unsupported = errors.Is(err, firewall.ErrUnsupported)
	return !f.unsupported
}

// end removes everything, after what it was needed for.
func (f *filter) end() {
	f.needed = false
	f.cover(nil)
	f.settle()
}

// close ends the subscription.
func (f *filter) close() {
	if f.watcher != nil {
		f.watcher.Close()
		<-f.ended
		f.watcher = nil
	}
}

// rules is what a writer is to filter. With cover nothing is taken away yet.
type rules struct {
	firewall.Ruleset
	cover   bool
	rewrite bool // whatever the table is believed to be
}

// packetFilter is the writer's end of a filter.
type packetFilter struct {
	backend  filterBackend
	failed   func(error)   // called from the writer's goroutine
	previous *packetFilter // to be emptied
}

type filterBackend interface {
	Cover(*firewall.Ruleset) error
	Apply(*firewall.Ruleset) error
	Mistrust()
	Close()
}

// around changes addresses between the filter's two steps: what is new is
// filtered before, what is no longer needed until after.
func (p *packetFilter) around(jobs []job, change func()) {
	var last *rules
	for i := range jobs {
		if r := jobs[i].rules; r != nil {
			last = r
			if r.rewrite {
				p.backend.Mistrust()
			}
		}
	}
	if last == nil {
		change()
		return
	}
	err := p.backend.Cover(&last.Ruleset)
	change() // without the filter too, as keepalived does
	if err == nil && !last.cover {
		err = p.backend.Apply(&last.Ruleset)
	}
	if err != nil {
		p.failed(err)
		return
	}
	for ; p.previous != nil; p.previous = p.previous.previous {
		p.previous.backend.Apply(&firewall.Ruleset{})
		p.previous.backend.Close()
	}
}
