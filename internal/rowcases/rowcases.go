// Package rowcases makes small configuration files out of the keyword table:
// for each row a file in which the keyword is legal, and the same file with
// the ends of its range, with too few and too many words, and with a wrong
// value. A recorder runs them through keepalived, a test through halbd.
//
// It takes the rows from its caller, for the tests of package conf import it.
package rowcases

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// Row is what the cases need of a row of the keyword table.
type Row struct {
	Block, Name string
	Args        string // the argument grammar
	Min, Max    string // "" without a range
}

// Key names a row in files: block and keyword.
func (r Row) Key() string { return r.Block + "\t" + r.Name }

// positional reports whether the row stands for any word, as "<ip>" does.
func (r Row) positional() bool { return strings.HasPrefix(r.Name, "<") }

// Variant says what is done with a row's statement.
type Variant string

// The variants, in the order in which they are made.
const (
	Legal Variant = "legal"
	Min   Variant = "min"
	Max   Variant = "max"
	Below Variant = "below"
	Above Variant = "above"
	Few   Variant = "few"
	Many  Variant = "many"
	Wrong Variant = "wrong"
)

// Case is one file.
type Case struct {
	Row
	Variant Variant
	Text    string
	Line    int // where the statement begins, from 1
}

// Included is the file that the cases of the include keywords name. It stands
// beside them.
const (
	Included     = "included.conf"
	IncludedText = "static_ipaddress {\n10.9.9.9/24 dev eth0\n}\n"
)

// Interfaces are those that the cases name; 192.168.N.1/24 is on ethN.
var Interfaces = []string{"eth0", "eth1", "eth2", "eth3"}

// All makes the cases of every row, in the order of the rows.
func All(rows []Row) []Case {
	var cases []Case
	for _, r := range rows {
		frame := frameOf(r)
		before, _, ok := strings.Cut(frame, mark)
		if !ok {
			continue
		}
		line := 1 + strings.Count(before, "\n")
		for _, s := range statements(r) {
			text := strings.Replace(frame, mark, s.text, 1)
			cases = append(cases, Case{Row: r, Variant: s.variant, Text: text, Line: line})
		}
	}
	return cases
}

// Digest changes when any file of the cases does: verdicts that were recorded
// for other files say nothing.
func Digest(cases []Case) string {
	h := sha256.New()
	for _, c := range cases {
		for _, s := range []string{c.Key(), string(c.Variant), c.Text} {
			h.Write([]byte(s))
			h.Write([]byte{0})
		}
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}
