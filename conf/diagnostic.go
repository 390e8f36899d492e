// Package conf is the keepalived.conf language: lexer, preprocessor,
// statements, keyword table and the typed Config with its diagnostics.
//
// It reads configuration files and nothing else of the host: what it must
// know of the machine (interfaces, accounts, scripts) is asked of a Host.
// Of this module it imports the pattern language alone.
package conf

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Pos is where a statement stands. Line and Column count from 1; Column
// counts bytes of the line as it stands in the file.
type Pos struct {
	File   string
	Line   int
	Column int
	From   *Pos // the include statement that brought the file in; nil for the main file
}

// String gives file:line:column.
func (p Pos) String() string {
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
}

// Severity orders diagnostics.
type Severity uint8

const (
	Hint    Severity = iota // advice: everything is done as it is written
	Warning                 // something is not done as it is written
	Error                   // a statement is lost, or damaged
)

func (s Severity) String() string { return [...]string{"hint", "warning", "error"}[s] }

// MarshalText writes the word.
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Class is the exit status that keepalived -t gives for a diagnostic. The
// highest class of a file is the status of the whole run, as keepalived does
// it; ClassNone is for what only halbd notices.
type Class int

const (
	ClassNone     Class = 0
	ClassArgument Class = 2 // a required argument is missing: keepalived ends at once
	ClassFatal    Class = 4 // file, interface, fatal
	ClassConfig   Class = 5 // any other complaint
	ClassSecurity Class = 6 // scripts without enable_script_security, failed includes
)

// Diagnostic is one thing that is wrong with a configuration.
type Diagnostic struct {
	Pos      Pos
	Code     Code
	Severity Severity
	Class    Class
	NoStart  bool   // keepalived refuses to start with it (exit status 2)
	Text     string // what is wrong, and what happens with it
	Fix      string // what to write instead
	End      int    // line that keepalived names: the end of the block that Pos begins; 0 is Pos.Line
}

// Message gives the text, what to write instead, and the code.
func (d Diagnostic) Message() string {
	var b strings.Builder
	b.WriteString(d.Text)
	if d.Fix != "" {
		b.WriteString("; " + d.Fix)
	}
	if d.Code != 0 {
		fmt.Fprintf(&b, " [%s]", d.Code)
	}
	return b.String()
}

// String gives file:line:column: error|warning|hint: message, then the include chain.
func (d Diagnostic) String() string {
	var b strings.Builder
	if d.Pos.File != "" {
		fmt.Fprintf(&b, "%s: ", d.Pos)
	}
	fmt.Fprintf(&b, "%s: %s", d.Severity, d.Message())
	for p := d.Pos.From; p != nil; p = p.From {
		fmt.Fprintf(&b, " (included from %s:%d)", p.File, p.Line)
	}
	return b.String()
}

// Diagnostics is everything that was found in one load, in file order.
type Diagnostics []Diagnostic

// ExitStatus is the status that -t ends with.
func (ds Diagnostics) ExitStatus() int {
	max := ClassNone
	for _, d := range ds {
		if d.Class == ClassArgument {
			return int(ClassArgument)
		}
		if d.Class > max {
			max = d.Class
		}
	}
	return int(max)
}

// HasErrors reports whether any diagnostic is an error.
func (ds Diagnostics) HasErrors() bool {
	for _, d := range ds {
		if d.Severity == Error {
			return true
		}
	}
	return false
}

// NotHonoured returns the errors and warnings: what halbd does not do as it
// is written. A strict start or check does not accept any.
func (ds Diagnostics) NotHonoured() Diagnostics {
	var out Diagnostics
	for _, d := range ds {
		if d.Severity >= Warning {
			out = append(out, d)
		}
	}
	return out
}

// NewErrors returns the errors that were not there before. Positions move when
// a file is edited, so an error is known by its text.
func (ds Diagnostics) NewErrors(before Diagnostics) Diagnostics {
	known := map[string]int{}
	for _, d := range before {
		if d.Severity == Error {
			known[d.Text]++
		}
	}
	var fresh Diagnostics
	for _, d := range ds {
		switch {
		case d.Severity != Error:
		case known[d.Text] > 0:
			known[d.Text]--
		default:
			fresh = append(fresh, d)
		}
	}
	return fresh
}

// Summary counts the diagnostics by level and lists the codes of what is not
// honoured, as in "2 errors, 1 warning, 0 hints (HB0101 x2, HB0801)".
func (ds Diagnostics) Summary() string {
	var levels [Error + 1]int
	times := map[Code]int{}
	for _, d := range ds {
		levels[d.Severity]++
		if d.Severity >= Warning {
			times[d.Code]++
		}
	}
	text := fmt.Sprintf("%s, %s, %s", plural(levels[Error], "error"), plural(levels[Warning], "warning"), plural(levels[Hint], "hint"))
	var codes []string
	for _, c := range slices.Sorted(maps.Keys(times)) {
		if times[c] > 1 {
			codes = append(codes, fmt.Sprintf("%s x%d", c, times[c]))
		} else {
			codes = append(codes, c.String())
		}
	}
	if len(codes) > 0 {
		text += " (" + strings.Join(codes, ", ") + ")"
	}
	return text
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// StartRefused reports whether keepalived would not start with this file.
func (ds Diagnostics) StartRefused() bool {
	for _, d := range ds {
		if d.NoStart {
			return true
		}
	}
	return false
}

// Keepalived gives the diagnostic in the form of keepalived -t:
// "(Line N) text" for the main file, "(file: Line N) text" for others, and
// the bare text where no line is to blame.
func (d Diagnostic) Keepalived(mainFile string) string {
	line, where := d.Pos.Line, ""
	if d.End != 0 {
		line, where = d.End, fmt.Sprintf(" (of line %d)", d.Pos.Line)
	}
	switch {
	case d.Pos.File == "" || d.Pos.Line == 0:
		return d.Message()
	case d.Pos.File == mainFile:
		return fmt.Sprintf("(Line %d) %s%s", line, d.Message(), where)
	}
	return fmt.Sprintf("(%s: Line %d) %s%s", d.Pos.File, line, d.Message(), where)
}
