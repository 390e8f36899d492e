package conf

import (
	"net/netip"
	"strings"
)

// itemReader walks the words of one route, rule or address line.
type itemReader struct {
	b        *builder
	s        Statement
	i        int      // the word that is looked at
	what     string   // "route", "rule": what is left out when something is wrong
	blocks   []string // where the rows of the options are
	synonyms map[string]string
	seen     map[string]bool // options with a value, by the first of their names
	out      bool            // the item is left out, and nothing more of it is read
	left     bool            // it is left out for a mistake that keepalived does not see: the rest is still judged
	wanted   []string        // interfaces that must exist
	family   Family          // 0 until something fixes it
}

func (r *itemReader) word() string { return r.s.Words[r.i].Text }

func (r *itemReader) pos() Pos { return r.s.PosOf(r.i) }

// next goes on to the following word; false if there is none.
func (r *itemReader) next() bool {
	if r.i+1 >= len(r.s.Words) {
		return false
	}
	r.i++
	return true
}

// peek gives the following word, or "".
func (r *itemReader) peek() string {
	if r.i+1 < len(r.s.Words) {
		return r.s.Words[r.i+1].Text
	}
	return ""
}

// value goes on to the value of an option. keepalived ends at a missing one.
func (r *itemReader) value() bool {
	if r.next() {
		return true
	}
	r.b.report(missingArgument, r.pos(), "%s is missing a parameter - keepalived ends here", r.word())
	r.out = true
	return false
}

// drop leaves the item out because of the current word.
func (r *itemReader) drop(c Code, format string, args ...any) *Diagnostic {
	r.out = true
	return r.b.report(c, r.pos(), format+" - leaving the "+r.what+" out", args...)
}

// leave leaves the item out for what d says.
func (r *itemReader) leave(d *Diagnostic) {
	d.Text += " - leaving the " + r.what + " out"
	r.left = true
	r.out = r.out || d.Class != ClassNone
}

// row finds the row of an option.
func (r *itemReader) row(option string) *Keyword {
	for _, block := range r.blocks {
		if kw, ok := r.b.table.lookup(block, option); ok {
			return kw
		}
	}
	return nil
}

// known tells whether the current word is an option, and warns of one that
// is given for a second time.
func (r *itemReader) known() bool {
	option := r.word()
	kw := r.row(option)
	if kw == nil || strings.HasPrefix(option, "<") {
		return false
	}
	if kw.value.kind == valueNone || kw.Repeatable || kw.Args == "<dest>" {
		return true
	}
	if first, ok := r.synonyms[option]; ok {
		option = first
	}
	if r.seen[option] {
		r.b.report(overwritten, r.pos(), "%s is set twice: the first one has no effect", r.word())
	}
	if r.seen == nil {
		r.seen = map[string]bool{}
	}
	r.seen[option] = true
	return true
}

// unknown leaves the item out because of a word that is no option.
func (r *itemReader) unknown() {
	d := r.drop(badWord, "Unknown %s option '%s'", r.what, r.word())
	for _, block := range r.blocks {
		if near := r.b.table.nearest(block, r.word()); near != "" {
			d.fix("did you mean '%s'?", near)
			return
		}
	}
}

// number reads the current word as the number of option.
func (r *itemReader) number(option string) (uint64, bool) {
	kw := r.row(option)
	v := valueSpec{kind: valueUint}
	v.setRange(kw.Min, kw.Max)
	_, n, ok, p := v.number(r.word())
	if p.code != 0 {
		d := r.b.report(p.code, r.pos(), "%s: %s", option, p.text)
		if r.word() == "" && v.low == 0 {
			d.Class = ClassNone // keepalived reads 0
		}
		r.leave(d)
	}
	return n, ok
}

// numberValue reads the number behind the current option.
func (r *itemReader) numberValue() (uint64, bool) {
	option := r.word()
	if !r.value() {
		return 0, false
	}
	return r.number(option)
}

// named reads the current word as a number of any base, or as a name, of option.
func (r *itemReader) named(kind NameKind, option string) (uint32, bool) {
	n, d := r.nameOf(kind, option, r.word())
	if d != nil {
		r.leave(d)
	}
	return n, d == nil
}

// nameOf gives the number of a name or of a number; the diagnostic is nil if there is one.
func (r *itemReader) nameOf(kind NameKind, option, text string) (uint32, *Diagnostic) {
	low, high := nameRange(r.row(option))
	neg, n, ok := cNumber(text)
	switch {
	case ok && (neg || n < low || n > high):
		d := r.b.report(outOfRange, r.pos(), "%s: number '%s' outside range [%d, %d]", option, text, low, high)
		if wraps(neg, n, low, high) {
			d.Class = ClassNone
		}
		return 0, d
	case ok:
		return uint32(n), nil
	}
	found, known := r.b.lookupName(kind, text)
	switch {
	case !known:
		return 0, r.b.report(unknownName, r.pos(), "%s: no %s has the name '%s'", option, nameWords[kind], text)
	case r.b.opt.Host != nil && (uint64(found) < low || uint64(found) > high):
		return 0, r.b.report(outOfRange, r.pos(), "%s: '%s' is %d, outside range [%d, %d]", option, text, found, low, high)
	}
	return found, nil
}

// wraps tells whether keepalived cuts a number to 32 bits and finds the rest in its range.
func wraps(neg bool, n, low, high uint64) bool {
	rest := uint32(n)
	if neg {
		rest = -rest
	}
	return uint64(rest) >= low && uint64(rest) <= high
}

// realms reads "[<src>/]<dst>" at the current word.
func (r *itemReader) realms(option string) (out Realms, d *Diagnostic) {
	source, destination, two := strings.Cut(r.word(), "/")
	if !two {
		source, destination = "", source
	} else if source == "" || destination == "" || strings.Contains(destination, "/") {
		return out, r.b.report(badValue, r.pos(), "%s: '%s' is not [SOURCE/]DESTINATION", option, r.word())
	}
	n, d := r.nameOf(NameRealm, option, destination)
	out.Destination = uint8(n)
	if two && d == nil {
		n, d = r.nameOf(NameRealm, option, source)
		out.Source = uint8(n)
	}
	return out, d
}

// fix settles the family; false leaves the item out because it has the other one.
func (r *itemReader) fix(f Family) bool {
	if r.family == 0 {
		r.family = f
	}
	if r.family != f {
		r.drop(wrongFamily, "Cannot mix IPv4 and IPv6 in a %s: '%s'", r.what, r.word())
		return false
	}
	return true
}

// forceFamily is inet or inet6, which takes the next word away.
func (r *itemReader) forceFamily() {
	word, f := r.word(), IPv4
	if word == "inet6" {
		f = IPv6
	}
	if !r.fix(f) || !r.next() {
		return
	}
	if r.word() != word {
		r.b.report(swallowedWord, r.pos(), "%s takes the word behind it away: '%s' is not seen", word, r.word())
	}
}

// device reads the name of an interface.
func (r *itemReader) device(name *string) {
	if r.value() {
		*name = r.word()
		r.wanted = append(r.wanted, r.word())
	}
}

// address reads the current word as an address without prefix and zone.
func (r *itemReader) address(option string) (netip.Addr, bool) {
	a, err := plainAddr(r.word())
	if err != nil {
		r.drop(badAddress, "%s: invalid address '%s'", option, r.word())
	}
	return a, err == nil
}

// prefix reads the current word as an address with or without prefix length.
func (r *itemReader) prefix(option string) (netip.Prefix, bool) {
	p, ok := r.b.addressPrefix(r.s, r.i)
	if !ok {
		r.drop(badAddress, "%s: invalid address '%s'", option, r.word())
	}
	return p, ok
}

// selector is prefix that also takes the words of a default, which give no
// prefix: everything. default6 fixes the family.
func (r *itemReader) selector(option string) (p netip.Prefix, ok bool) {
	switch r.word() {
	case "default", "any", "all":
		r.lateDefault()
		return p, true
	case "default6":
		r.b.report(deprecatedName, r.pos(), "default6 is deprecated - please write default, and inet6 at the end of the line").Class = ClassNone
		return p, r.fix(IPv6)
	}
	p, ok = r.prefix(option)
	return p, ok && r.fix(familyOf(p.Addr()))
}

// lateDefault says that keepalived refuses a default where the family is fixed already.
func (r *itemReader) lateDefault() {
	if r.family != 0 {
		r.b.report(lateDefault, r.pos(), "Cannot mix IPv4 and IPv6 in a %s: keepalived refuses '%s' here", r.what, r.word())
	}
}

// trackGroup reads the group that follows the loss of a static item. An
// unknown one leaves the item untracked.
func (r *itemReader) trackGroup(group *string) {
	switch {
	case *group != "":
		r.b.report(alreadySet, r.pos(), "track_group %s is a duplicate - ignoring", r.word())
	case r.b.trackGroupOf[r.word()] == nil:
		r.b.report(danglingName, r.pos(), "track_group %s not found - ignoring", r.word())
	default:
		*group = r.word()
	}
}

// ownProtocol keeps what is tracked recognisable: protocol 18.
func (r *itemReader) ownProtocol(protocol *uint8, noTrack bool) {
	if *protocol != protocolKeepalived && !noTrack {
		r.b.report(protocolReset, r.s.Pos, "%s cannot be tracked if its protocol is %d, not %d - using %d", r.what, *protocol, protocolKeepalived, protocolKeepalived)
		*protocol = protocolKeepalived
	}
}

// protocolKeepalived marks the routes and rules that are ours (RTPROT_KEEPALIVED).
const protocolKeepalived = 18
