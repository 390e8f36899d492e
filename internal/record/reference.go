package main

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"halbd/internal/oracle"
	"halbd/internal/rowcases"
)

// newer is the keepalived that the reference files were made with.
const newer = "2.4.3"

// recordsOf turns verdicts into records. Of a keyword that this keepalived
// does not know the reference says what it says of all of its kind.
func recordsOf(version string, cases []rowcases.Case, verdicts []oracle.Verdict, docs map[string]string) map[string]rowcases.Record {
	records := map[string]rowcases.Record{}
	unknown := map[string]bool{}
	for i, c := range cases {
		if c.Variant == rowcases.Legal && verdicts[i].Status != 0 && saysUnknown(verdicts[i].Text, c) {
			unknown[c.Key()] = true
		}
	}
	for i, c := range cases {
		if !unknown[c.Key()] {
			records[c.ID()] = rowcases.Record{Status: verdicts[i].Status, Lines: relative(verdicts[i].Lines, c.Line), Source: version}
		} else if r, ok := referenceSays(c, docs[c.Key()]); ok {
			records[c.ID()] = r
		}
	}
	return records
}

// referenceSays gives the newer keepalived's verdict as far as language.md and
// keywords.tsv know it: all that they list was accepted, but for old spellings
// that say so; surplus words are ignored; only the six booleans are booleans,
// and only decimal numbers are numbers.
func referenceSays(c rowcases.Case, doc string) (rowcases.Record, bool) {
	good, bad := rowcases.Record{Source: newer}, rowcases.Record{Status: 5, Lines: []int{0}, Source: newer}
	if oldSpelling(doc) {
		good = bad
	}
	words := strings.HasPrefix(c.Args, "none") || c.Args == "[<bool>]" || strings.HasPrefix(c.Args, "<uint>") || strings.HasPrefix(c.Args, "<decimal")
	switch c.Variant {
	case rowcases.Legal:
		return good, true
	case rowcases.Many:
		return good, words
	case rowcases.Few:
		return good, c.Args == "[<bool>]"
	case rowcases.Wrong:
		return bad, words
	}
	return good, false
}

// newWords are words that an older keepalived takes for something else.
var newWords = []string{
	"vrrp_instance/use_vmac/option\tname", "vrrp_instance/use_vmac/option\tgroup", "vrrp_instance/use_vmac/option\tnetlink_notify_msg",
	"vrrp_instance/use_ipvlan/option\tname", "vrrp_instance/use_ipvlan/option\tgroup",
	"virtual_routes/item/protocol/value\tnone",
}

// byNeighbours are verdicts at the ends of a range that depend on other
// statements: those of the reference had others around them.
var byNeighbours = []string{"vrrp_instance/auth_hmac\tactive_key\tmin", "vrrp_instance/auth_hmac\tactive_key\tmax"}

// saysUnknown looks for complaints of the row's word, or of a block around it,
// as one that keepalived does not know or was built without.
func saysUnknown(text string, c rowcases.Case) bool {
	if slices.Contains(newWords, c.Key()) {
		return true
	}
	first, _, _ := strings.Cut(strings.TrimPrefix(c.Name, "${"), " ")
	names := append(strings.Split(c.Block, "/"), c.Name, first)
	for line := range strings.SplitSeq(text, "\n") {
		if !strings.Contains(line, "nknown") && !strings.Contains(line, "not supported, using") {
			continue
		}
		for word := range strings.FieldsSeq(line) {
			if slices.Contains(names, strings.Trim(word, "',.")) {
				return true
			}
		}
		if strings.Contains(line, "not supported, using") {
			return true
		}
	}
	return false
}

func relative(lines []int, base int) []int {
	var list []int
	for _, n := range lines {
		list = append(list, n-base)
	}
	return list
}

// overrule replaces what the newer keepalived is known to have changed.
func overrule(cases []rowcases.Case, records map[string]rowcases.Record, docs map[string]string) {
	for _, c := range cases {
		outside := c.Variant == rowcases.Below || c.Variant == rowcases.Above
		strict := c.Args == "[<bool>]" || c.Args == "<absolute path>" || strings.HasPrefix(c.Name, "${_RANDOM")
		rejected := c.Variant == rowcases.Wrong && strict || outside && strings.Contains(docs[c.Key()], "clamped with complaint")
		if rejected && records[c.ID()].Status == 0 {
			records[c.ID()] = rowcases.Record{Status: 5, Lines: []int{0}, Source: newer}
		}
	}
}

// overlay puts the verdicts of the newer keepalived at the ends of the ranges
// in the place of those that say something else.
func overlay(path string, records map[string]rowcases.Record, docs map[string]string, verbose bool) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	variants := []rowcases.Variant{rowcases.Below, rowcases.Min, rowcases.Max, rowcases.Above}
	for line := range strings.SplitSeq(strings.TrimSpace(string(data)), "\n") {
		f := strings.Split(line, "\t")
		if len(f) < 8 || f[0] == "block" {
			continue
		}
		for i, v := range variants {
			id := f[0] + "\t" + f[1] + "\t" + string(v)
			old, known := records[id]
			spelling := oldSpelling(docs[f[0]+"\t"+f[1]])
			rejected := f[4+i] == "reject" || spelling // the values are good, the keyword is not
			if known && (old.Status != 0) == rejected || slices.Contains(byNeighbours, id) {
				continue
			}
			if known && verbose {
				fmt.Fprintf(os.Stderr, "%s: status %d, in %s %s\n", id, old.Status, newer, f[4+i])
			}
			rec := rowcases.Record{Source: newer}
			if rejected {
				rec.Status, rec.Lines = 5, []int{0}
			}
			records[id] = rec
		}
	}
	return nil
}

// oldSpelling reports whether keywords.tsv says that the keyword itself draws a
// complaint.
func oldSpelling(doc string) bool { return strings.Contains(doc, "; makes config test exit 5") }
