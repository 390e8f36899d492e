package conf

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Code names a kind of diagnostic for good: scripts and documents refer to it.
// The hundreds say what it is about: 1 the text, 2 values, 3 names, 4 VRRP,
// 5 virtual servers and checkers, 6 scripts and accounts, 7 the host,
// 8 keywords that do not act, 9 routes and rules.
type Code uint16

// String gives the code as it is printed, "HB0204".
func (c Code) String() string { return fmt.Sprintf("HB%04d", uint16(c)) }

// MarshalText writes the printed form.
func (c Code) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// ParseCode reads "HB0204", "hb204" or "204".
func ParseCode(s string) (Code, error) {
	digits := strings.TrimPrefix(strings.ToUpper(s), "HB")
	n, err := strconv.ParseUint(digits, 10, 16)
	if err != nil {
		return 0, fmt.Errorf("%q is no code of a diagnostic: write HB and four digits, as in HB0204", s)
	}
	return Code(n), nil
}

// Rule explains one Code. It is the only place where its severity, its exit
// status and its documentation are written down.
type Rule struct {
	Code     Code
	Severity Severity
	Class    Class
	NoStart  bool   // keepalived refuses to start with it
	Title    string // a few words
	Explain  string // what it means and what happens with the configuration as it stands
	Fix      string // what to write instead
	// Example is a small file that draws the diagnostic on a host with
	// interfaces eth0 to eth9. It is shown to the operator, and a test loads
	// it. "" where it takes more than one file.
	Example string
}

// Rules returns every rule in the order of the codes.
func Rules() []Rule {
	all := slices.Concat(textRules, valueRules, nameRules, vrrpRules, serverRules, scriptRules, hostRules, openRules, routeRules, reviewRules)
	slices.SortFunc(all, func(x, y Rule) int { return cmp.Compare(x.Code, y.Code) })
	return all
}

// ruleIndex finds rules by their code. Like the keyword table it is built at
// first use.
var ruleIndex = sync.OnceValue(func() map[Code]Rule {
	index := map[Code]Rule{}
	for _, r := range Rules() {
		index[r.Code] = r
	}
	return index
})

// RuleOf finds the rule of a code.
func RuleOf(c Code) (Rule, bool) {
	r, ok := ruleIndex()[c]
	return r, ok
}

// report records a diagnostic. The returned one may be changed until the next
// call: where the position tells a better Fix, or where the same mistake has
// another class.
func (ds *Diagnostics) report(c Code, pos Pos, format string, args ...any) *Diagnostic {
	r, ok := RuleOf(c)
	if !ok {
		panic("conf: no rule for " + c.String())
	}
	if ds.flooded(c, pos) {
		return &Diagnostic{}
	}
	text := format
	if len(args) > 0 {
		text = fmt.Sprintf(format, args...)
	}
	*ds = append(*ds, Diagnostic{
		Pos: pos, Code: c, Severity: r.Severity, Class: r.Class, NoStart: r.NoStart,
		Text: text, Fix: r.Fix,
	})
	return &(*ds)[len(*ds)-1]
}

// flood is how often one line of a file may draw diagnostics. A sequence makes
// many lines of one; what is wrong with them is told a hundred times.
const flood = 100

// flooded tells whether a line has drawn enough, this diagnostic among it.
func (ds *Diagnostics) flooded(c Code, pos Pos) bool {
	n := len(*ds) - flood
	if n < 0 || (*ds)[n].Pos.Line != pos.Line || pos.Line == 0 {
		return false
	}
	return slices.ContainsFunc((*ds)[n:], func(d Diagnostic) bool { return d.Code == c && d.Pos.Line == pos.Line && d.Pos.File == pos.File })
}

// fix says what to write instead at this place.
func (d *Diagnostic) fix(format string, args ...any) {
	d.Fix = fmt.Sprintf(format, args...)
}

// unnoticed marks a mistake that keepalived -t says nothing about.
func (d *Diagnostic) unnoticed() { d.Class, d.Severity = ClassNone, Warning }
