package conf

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// builtinNames are the numbers of the names that need no file of the host.
// Which names these are is said by the rows whose block ends in /value.
var builtinNames = map[NameKind]map[string]uint32{
	NameTable: {"default": 253, "main": 254, "local": 255},
	NameScope: {"global": 0, "nowhere": 255, "host": 254, "link": 253, "site": 200},
	NameProtocol: {
		"none": 0, "redirect": 1, "kernel": 2, "boot": 3, "static": 4, "gated": 8, "ra": 9, "mrt": 10, "zebra": 11,
		"bird": 12, "dnrouted": 13, "xorp": 14, "ntk": 15, "dhcp": 16, "babel": 42,
	},
}

// BuiltinName gives the name of a number that every keepalived knows, or the number.
func BuiltinName(kind NameKind, n uint32) string {
	for name, number := range builtinNames[kind] {
		if number == n {
			return name
		}
	}
	return strconv.FormatUint(uint64(n), 10)
}

// nameWords say what a kind of name is called.
var nameWords = map[NameKind]string{
	NameTable: "routing table", NameProtocol: "route protocol", NameScope: "scope", NameRealm: "realm", NameDSField: "DS field",
	NameGroup: "interface group", NameIPProtocol: "IP protocol", NameVRF: "VRF device",
}

// cNumber reads a number the way C's strtoul does: decimal, 0x16, or 020.
// ok is false for anything else; what is too large becomes the largest.
func cNumber(text string) (neg bool, n uint64, ok bool) {
	text = strings.TrimLeft(text, " \t")
	if text != "" && (text[0] == '-' || text[0] == '+') {
		neg, text = text[0] == '-', text[1:]
	}
	base := 10
	switch {
	case strings.HasPrefix(text, "0x"), strings.HasPrefix(text, "0X"):
		base, text = 16, text[2:]
	case len(text) > 1 && text[0] == '0':
		base, text = 8, text[1:]
	}
	n, err := strconv.ParseUint(text, base, 64)
	if e, is := err.(*strconv.NumError); is && e.Err == strconv.ErrRange {
		return neg, math.MaxUint64, true
	}
	return neg, n, err == nil
}

// nameRange finds the numbers that a row allows beside names, as in "<0..255 or name>".
func nameRange(kw *Keyword) (low, high uint64) {
	_, after, _ := strings.Cut(kw.Args, "<")
	if _, err := fmt.Sscanf(after, "%d..%d", &low, &high); err == nil {
		return low, high
	}
	v := valueSpec{}
	v.setRange(kw.Min, kw.Max)
	return v.low, v.high
}

// lookupName gives the number of a name that is no number. Without a host
// every name is taken to exist.
func (b *builder) lookupName(kind NameKind, name string) (n uint32, ok bool) {
	if n, ok := builtinNames[kind][name]; ok {
		return n, true
	}
	if b.opt.Host == nil {
		return 0, true
	}
	n, err := b.opt.Host.LookupName(kind, name, b.nameDirs()...)
	return n, err == nil
}

// nameDirs are the directories of iproute2's files that global_defs gives,
// the administrator's in front. A file that is in neither is looked for nowhere else.
func (b *builder) nameDirs() []string {
	var dirs []string
	for _, d := range []string{b.global.Dirs.IPRouteEtc, b.global.Dirs.IPRouteUsr} {
		if d != "" {
			dirs = append(dirs, d)
		}
	}
	return dirs
}
