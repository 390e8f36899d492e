package show

import (
	"cmp"
	"strconv"

	"halbd/conf"
)

// addresses writes a list of addresses: virtual_ipaddress,
// virtual_ipaddress_excluded or static_ipaddress.
func (p *printer) addresses(keyword string, list []conf.Address) {
	if len(list) == 0 {
		return
	}
	p.block(keyword, func() {
		for i := range list {
			p.line(addressWords(&list[i])...)
		}
	})
}

func addressWords(a *conf.Address) []string {
	var w words
	w.add(a.Prefix.String())
	w.text("dev", cmp.Or(a.Parent, a.Interface))
	if a.Scope != 0 {
		w.add("scope", conf.BuiltinName(conf.NameScope, uint32(a.Scope)))
	}
	if a.Broadcast.IsValid() {
		w.add("brd", a.Broadcast.String())
	}
	w.text("label", a.Label)
	if a.Peer.IsValid() {
		w.add("peer", a.Peer.Addr().String())
	}
	w.flag("home", a.Home)
	w.flag("-nodad", a.DAD)
	w.flag("mngtmpaddr", a.ManageTemp)
	w.flag("noprefixroute", a.NoPrefixRoute)
	w.flag("autojoin", a.AutoJoin)
	w.flag("no_track", a.NoTrack)
	w.flag("use_vmac", a.UseVMAC)
	deprecated := a.Prefix.Addr().Is6() && a.Prefix.Bits() == 128
	switch {
	case a.PreferredLifetime != conf.Forever:
		if a.PreferredLifetime != 0 || !deprecated {
			w.number("preferred_lft", uint64(a.PreferredLifetime))
		}
	case deprecated:
		w.add("preferred_lft", "forever")
	}
	w.text("track_group", a.TrackGroup)
	return w
}

// trackGroups writes every track_group.
func (p *printer) trackGroups(list []conf.TrackGroup) {
	for _, g := range list {
		p.block("track_group "+quote(g.Name), func() {
			if len(g.Members) == 0 {
				return
			}
			p.block("group", func() {
				for _, m := range g.Members {
					p.line(quote(m))
				}
			})
		})
	}
}

// words collects the words of one line.
type words []string

func (w *words) add(s ...string) { *w = append(*w, s...) }

// text adds an option with its value unless that is empty.
func (w *words) text(option, value string) {
	if value != "" {
		w.add(option, quote(value))
	}
}

// number adds an option with its value.
func (w *words) number(option string, n uint64) { w.add(option, strconv.FormatUint(n, 10)) }

// positive adds an option with its value unless that is 0.
func (w *words) positive(option string, n uint64) {
	if n != 0 {
		w.number(option, n)
	}
}

// flag adds an option without a value.
func (w *words) flag(option string, set bool) {
	if set {
		w.add(option)
	}
}
