package rowcases

import (
	"math/big"
	"regexp"
	"strings"
)

// bounds are the ends of a row's range and the nearest values outside.
type bounds struct{ below, min, max, above string }

var (
	number = regexp.MustCompile(`^-?[0-9]+(\.[0-9]+)?$`)
	places = regexp.MustCompile(`<decimal, ([0-9]) places>`)
)

// boundsOf gives what is known of a row's range: an end that depends on the
// host is "".
func boundsOf(r Row) bounds {
	if b, ok := oddBounds[r.Key()]; ok {
		return b
	}
	digits := 0
	if m := places.FindStringSubmatch(r.Args); m != nil {
		digits = int(m[1][0] - '0')
	}
	var b bounds
	if number.MatchString(r.Min) {
		b.min, b.below = r.Min, beyond(r.Min, -1, digits)
	}
	if number.MatchString(r.Max) {
		b.max, b.above = r.Max, beyond(r.Max, 1, digits)
	}
	return b
}

// beyond adds one unit of the last decimal place.
func beyond(value string, sign int64, digits int) string {
	v, _ := new(big.Rat).SetString(value)
	unit := new(big.Rat).SetFrac(big.NewInt(sign), new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(digits)), nil))
	return new(big.Rat).Add(v, unit).FloatString(digits)
}

// inside gives an ordinary value of the range.
func (b bounds) inside() string {
	for _, s := range []string{"3", "2", "200", "2000", b.min} {
		v, _ := new(big.Rat).SetString(s)
		if v != nil && !b.excludes(v) {
			return s
		}
	}
	return "1"
}

func (b bounds) excludes(v *big.Rat) bool {
	low, okLow := new(big.Rat).SetString(b.min)
	high, okHigh := new(big.Rat).SetString(b.max)
	return okLow && v.Cmp(low) < 0 || okHigh && v.Cmp(high) > 0
}

// oddBounds are ranges that the table writes with a unit or another base.
var oddBounds = map[string]bounds{
	"global_defs\tumask":           {"-1", "0", "0777", "01000"},
	"virtual_routes/item\trtt":     {"199ms", "200ms", "120s", "121s"},
	"virtual_routes/item\trttvar":  {"199ms", "200ms", "120s", "121s"},
	"virtual_routes/item\trto_min": {"199ms", "200ms", "120s", "121s"},
	// The range is that of the second word; the sync id has a row of its own.
	"global_defs\tlvs_sync_daemon": {},
	"global_defs\tlvs_timeouts":    {},
	"virtual_rules/item\tuidrange": {},
	// The length of the word.
	"vrrp_instance/authentication\tauth_pass": {"", "a", "abcdefgh", "abcdefghi"},
}

// isNumber reports whether the first word of a row's grammar is a number.
func isNumber(args string) bool {
	first, _, _ := strings.Cut(strings.TrimLeft(args, "["), " ")
	for _, p := range []string{"<uint", "<int", "<decimal", "<0..", "<1..", "<2|3>", "<1|2>", "<0|1>", "<cpu"} {
		if strings.HasPrefix(first, p) {
			return true
		}
	}
	return strings.HasPrefix(args, "[lock] <uint>") || strings.HasPrefix(args, "[all] <uint>") || strings.HasPrefix(args, "<cpu id>")
}
