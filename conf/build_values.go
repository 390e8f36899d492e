package conf

import (
	"fmt"
	"math"
	"math/bits"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

// valueKind is what the argument grammar of a row says about its first argument.
type valueKind uint8

const (
	valueNone valueKind = iota // no argument; surplus words are ignored as everywhere
	valueText                  // any word, judged by the setter if at all
	valueUint
	valueInt
	valueDecimal
	valueBool
	valueEnum
	valueIP
)

// valueSpec is the machine-readable form of Args, Min and Max.
type valueSpec struct {
	kind     valueKind
	optional bool
	places   int    // decimals
	lowNeg   bool   // low is below zero
	low      uint64 // magnitude, in units of the last decimal place
	high     uint64
	words    []string // of an enumeration
	orNumber bool     // of an enumeration: a number is legal too
}

// parseValueSpec reads the grammar of a row. Grammars that it does not know
// stay text: their setters judge them.
func parseValueSpec(k *Keyword) valueSpec {
	arg := k.Args
	v := valueSpec{kind: valueText}
	if strings.HasPrefix(arg, "none") || strings.HasPrefix(arg, "{") || k.Block == "any (lexer)" || arg == "" {
		v.kind = valueNone
		return v
	}
	v.optional = strings.HasPrefix(arg, "[") && !strings.HasPrefix(arg, "[all] ") && k.Name != "lvs_timeouts"
	inner := strings.TrimSuffix(strings.TrimPrefix(arg, "["), "]")
	switch {
	case inner == "<bool>":
		v.kind = valueBool
	case inner == "<uint>" || inner == "<2|3>" || inner == "<1|2>" || inner == "<0|1>":
		v.kind = valueUint
	case inner == "<int>" || strings.HasPrefix(arg, "<int>") || arg == "<int, clamped>" || strings.HasPrefix(arg, "[<int>]"):
		v.kind = valueInt
	case strings.HasPrefix(arg, "<decimal, "):
		v.kind = valueDecimal
		v.places = int(arg[len("<decimal, ")] - '0')
	case arg == "<ip>":
		v.kind = valueIP
	case isEnum(strings.TrimSuffix(inner, "|<uint>")):
		v.kind, v.words = valueEnum, strings.Split(inner, "|")
		v.orNumber = strings.HasSuffix(inner, "|<uint>")
	}
	v.setRange(k.Min, k.Max)
	return v
}

// isEnum recognises alternatives of plain words.
func isEnum(s string) bool {
	return strings.Contains(s, "|") && !strings.ContainsAny(s, "<>[] {}(")
}

func (v *valueSpec) setRange(low, high string) {
	v.high = math.MaxUint64
	if neg, n, ok := scaled(low, v.places); ok {
		v.lowNeg, v.low = neg, n
	}
	if _, n, ok := scaled(high, v.places); ok {
		v.high = n
	}
}

// scaled reads a plain decimal number as a whole number of its last place.
// Places beyond the last are rounded; ok is false for anything else.
func scaled(s string, places int) (neg bool, n uint64, ok bool) {
	s = strings.TrimLeft(s, " \t")
	if s != "" && (s[0] == '-' || s[0] == '+') {
		neg, s = s[0] == '-', s[1:]
	}
	whole, frac, _ := strings.Cut(s, ".")
	if whole == "" && frac == "" {
		return false, 0, false
	}
	up := false
	if len(frac) > places {
		for _, c := range []byte(frac[places:]) {
			if c < '0' || c > '9' {
				return false, 0, false
			}
		}
		up = frac[places] >= '5'
		frac = frac[:places]
	}
	digits := whole + frac + strings.Repeat("0", places-len(frac))
	for _, c := range []byte(digits) {
		if c < '0' || c > '9' {
			return false, 0, false
		}
		hi, lo := bits.Mul64(n, 10)
		sum, carry := bits.Add64(lo, uint64(c-'0'), 0)
		if hi != 0 || carry != 0 {
			return neg, math.MaxUint64, true
		}
		n = sum
	}
	if up && n < math.MaxUint64 {
		n++
	}
	return neg && n != 0, n, true
}

// format gives a magnitude with its decimal places, as range messages show it.
func (v valueSpec) format(neg bool, n uint64) string {
	s := strconv.FormatUint(n, 10)
	if v.places > 0 {
		if pad := v.places + 1 - len(s); pad > 0 {
			s = strings.Repeat("0", pad) + s
		}
		s = s[:len(s)-v.places] + "." + s[len(s)-v.places:]
	}
	if neg {
		return "-" + s
	}
	return s
}

// problem is what is wrong with a value; code 0 means nothing.
type problem struct {
	code Code
	text string
}

// number reads text and says in problem what is wrong with it. A rounded
// number has a problem and is usable all the same.
func (v valueSpec) number(text string) (neg bool, n uint64, usable bool, p problem) {
	neg, n, ok := scaled(text, v.places)
	switch {
	case !ok || v.kind != valueDecimal && strings.Contains(text, "."):
		return false, 0, false, problem{badNumber, fmt.Sprintf("invalid number '%s'", text)}
	case neg && !v.lowNeg:
		return neg, n, false, problem{outOfRange, fmt.Sprintf("negative number '%s'", text)}
	case !v.inRange(neg, n), n == math.MaxUint64 && !strings.HasSuffix(text, "18446744073709551615"): // scaled gives the largest number for larger ones
		return neg, n, false, problem{outOfRange, fmt.Sprintf("number '%s' outside range [%s, %s]", text, v.format(v.lowNeg, v.low), v.format(false, v.high))}
	}
	if _, frac, _ := strings.Cut(text, "."); v.kind == valueDecimal && len(frac) > v.places {
		return neg, n, true, problem{roundedNumber, fmt.Sprintf("number '%s' has too many decimal places", text)}
	}
	return neg, n, true, problem{}
}

func (v valueSpec) inRange(neg bool, n uint64) bool {
	if neg {
		return v.lowNeg && n <= v.low
	}
	return (v.lowNeg || n >= v.low) && n <= v.high
}

// parseBool knows the six words of a boolean; anything else is refused.
func parseBool(word string) (value, ok bool) {
	switch word {
	case "true", "on", "yes":
		return true, true
	case "false", "off", "no":
		return false, true
	}
	return false, false
}

// check judges the first argument of a statement.
func (v valueSpec) check(text string) (p problem) {
	switch v.kind {
	case valueUint, valueInt, valueDecimal:
		_, _, _, p = v.number(text)
	case valueBool:
		if _, ok := parseBool(text); !ok {
			p = problem{badBoolean, fmt.Sprintf("invalid boolean '%s'", text)}
		}
	case valueEnum:
		if v.orNumber {
			if slices.ContainsFunc(v.words, func(w string) bool { return strings.EqualFold(w, text) }) {
				return problem{}
			}
			v.kind = valueUint
			_, _, _, p = v.number(text)
			return p
		}
		if !slices.Contains(v.words, text) {
			p = problem{badWord, fmt.Sprintf("unknown value '%s', expected one of %s", text, strings.Join(v.words, ", "))}
		}
	case valueIP:
		if _, err := parseAddr(text); err != nil {
			p = problem{badAddress, fmt.Sprintf("invalid address '%s'", text)}
		}
	}
	return p
}

// parseAddr reads an IP address without zone; IPv4-mapped IPv6 stays IPv6.
func parseAddr(s string) (netip.Addr, error) {
	a, err := netip.ParseAddr(s)
	if err != nil {
		return netip.Addr{}, err
	}
	return a.WithZone(""), nil
}

// parseHostAddr reads an address that may carry a prefix length, which
// keepalived accepts and drops for source and peer addresses.
func parseHostAddr(s string) (netip.Addr, error) {
	host, _, _ := strings.Cut(s, "/")
	return parseAddr(host)
}

// familyOf gives the family of an address; 0 for the zero address.
func familyOf(a netip.Addr) Family {
	switch {
	case !a.IsValid():
		return 0
	case a.Is4():
		return IPv4
	}
	return IPv6
}

func (f Family) String() string {
	if f == IPv6 {
		return "IPv6"
	}
	return "IPv4"
}

// seconds turns a number of units (places decimals of a second) into a
// duration; what does not fit becomes the longest one, 292 years.
func seconds(n uint64, places int) time.Duration {
	unit := uint64(time.Second)
	for range places {
		unit /= 10
	}
	if hi, lo := bits.Mul64(n, unit); hi == 0 && lo <= math.MaxInt64 {
		return time.Duration(lo)
	}
	return math.MaxInt64
}

// maybe is a value that may not have been set, to be inherited then.
type maybe[T any] struct {
	value T
	set   bool
}

func some[T any](v T) maybe[T] { return maybe[T]{v, true} }

// or gives the value, or what it inherits.
func (m maybe[T]) or(inherited T) T {
	if m.set {
		return m.value
	}
	return inherited
}

// orElse gives m if it is set and next if not.
func (m maybe[T]) orElse(next maybe[T]) maybe[T] {
	if m.set {
		return m
	}
	return next
}
