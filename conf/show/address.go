package show

import (
	"strconv"

	"halbd/conf"
)

// addresses writes a list of addresses; nothing when it is empty.
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

// addressWords gives the words of one address line.
func addressWords(a *conf.Address) []string {
	words := []string{a.Prefix.String()}
	if a.Interface != "" {
		words = append(words, "dev", quote(a.Interface))
	}
	if a.Scope != 0 {
		words = append(words, "scope", strconv.Itoa(int(a.Scope)))
	}
	if a.Broadcast.IsValid() {
		words = append(words, "brd", a.Broadcast.String())
	}
	if a.Label != "" {
		words = append(words, "label", quote(a.Label))
	}
	if a.Peer.IsValid() {
		words = append(words, "peer", a.Peer.Addr().String())
	}
	switch {
	case a.PreferredLifetime == conf.Forever:
		words = append(words, "preferred_lft", "forever")
	default:
		words = append(words, "preferred_lft", strconv.FormatUint(uint64(a.PreferredLifetime), 10))
	}
	for _, flag := range []struct {
		set  bool
		word string
	}{
		{a.Home, "home"}, {a.DAD, "-nodad"}, {a.ManageTemp, "mngtmpaddr"},
		{a.NoPrefixRoute, "noprefixroute"}, {a.AutoJoin, "autojoin"}, {a.NoTrack, "no_track"},
	} {
		if flag.set {
			words = append(words, flag.word)
		}
	}
	return words
}
