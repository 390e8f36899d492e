package pcre

import (
	"errors"
	"strings"
	"testing"
)

// What is wrong is said in PCRE2's words, with the place.
func TestErrors(t *testing.T) {
	for pattern, want := range map[string]string{
		"(hello":    "missing closing parenthesis at offset 6",
		"*hello":    "quantifier does not follow a repeatable item at offset 0",
		"[abc":      "missing terminating ] for character class at offset 4",
		`\`:         `\ at end of pattern at offset 1`,
		"a)":        "unmatched closing parenthesis at offset 1",
		`(a)\2`:     "reference to non-existent subpattern",
		"(?<=a*)b":  "lookbehind assertion is not fixed length",
		"a{2,1}":    "numbers out of order in {} quantifier",
		"(?R)":      "not supported by halbd",
		`\X`:        "not supported by halbd",
		"(*ACCEPT)": "not supported by halbd",
		"(a|(?1))":  "not supported by halbd",
		"(*CRLF)a":  "not supported by halbd",
		strings.Repeat("(", 300) + strings.Repeat(")", 300): "too deeply nested",
	} {
		_, err := Parse(pattern, Options{})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %s", pattern, err, want)
		}
		var e *Error
		if !errors.As(err, &e) || e.Unsupported != strings.Contains(want, "not supported") {
			t.Errorf("%q: %+v", pattern, e)
		}
	}
}

// Every option of the language has its word.
func TestParseOptions(t *testing.T) {
	var all []string
	for _, n := range optionNames {
		all = append(all, n.name)
	}
	if len(all) != 24 {
		t.Errorf("%d options, keepalived has 24", len(all))
	}
	if _, err := ParseOptions(all); err != nil {
		t.Error(err)
	}
	if _, err := ParseOptions([]string{"CASELESS"}); err == nil {
		t.Error("options are lower case")
	}
}

// No pattern makes the parser panic or build a tree out of bounds.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{"(hello", `\Q*\E+`, "(?|(a)|(b))\\1", "[[:alpha:]-z]", `(?<n>a)(?&n){2}`, `\p{Greek}\x{3b1}`, "(?(1)a|b)(c)", "(*UTF)é", "(?xx)[a b]", `\8\377\o{12}`} {
		f.Add(seed, uint16(0))
	}
	f.Fuzz(func(t *testing.T, pattern string, bits uint16) {
		o := Options{Caseless: bits&1 != 0, Extended: bits&2 != 0, UTF: bits&4 != 0, UCP: bits&8 != 0, AllowEmptyClass: bits&16 != 0, AltBSUX: bits&32 != 0, NoAutoCapture: bits&64 != 0, DupNames: bits&128 != 0}
		p, err := Parse(pattern, o)
		if err == nil && (p.Root == nil || p.Behind < 0) {
			t.Errorf("%q: %+v", pattern, p)
		}
	})
}
