package report

import (
	"fmt"
	"io"
	"strings"

	"halbd/conf"
)

// WriteKeywordsJSON writes the language as a JSON list of objects.
func WriteKeywordsJSON(w io.Writer) error {
	type row struct {
		Block      string `json:"block"`
		Keyword    string `json:"keyword"`
		Args       string `json:"args"`
		Unit       string `json:"unit"`
		Min        string `json:"min"`
		Max        string `json:"max"`
		Default    string `json:"default"`
		Repeatable bool   `json:"repeatable"`
		Status     string `json:"status"`
		Doc        string `json:"doc"`
		Acts       bool   `json:"acts"`
	}
	var rows []row
	for _, k := range conf.Keywords() {
		rows = append(rows, row{k.Block, k.Name, k.Args, k.Unit, k.Min, k.Max, k.Default, k.Repeatable, k.Status, k.Doc, k.Acts})
	}
	return WriteJSON(w, rows)
}

// WriteKeywordsText writes one line for each keyword: block, name, arguments, and whether it acts.
func WriteKeywordsText(w io.Writer) error {
	for _, k := range conf.Keywords() {
		state := "acts"
		if !k.Acts {
			state = "-"
		}
		if _, err := fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", k.Block, k.Name, k.Args, state); err != nil {
			return err
		}
	}
	return nil
}

// WriteKeywordsSummary writes the README's table: for each part of the
// language how many keywords there are, how many act, and which do not.
func WriteKeywordsSummary(w io.Writer) error {
	type part struct {
		all, act int
		idle     []string
	}
	parts := map[string]*part{}
	var order []string
	for _, k := range conf.Keywords() {
		block, _, _ := strings.Cut(k.Block, "/")
		p := parts[block]
		if p == nil {
			p = &part{}
			parts[block], order = p, append(order, block)
		}
		p.all++
		switch {
		case k.Acts:
			p.act++
		case k.Block == block: // options of a keyword are not listed
			p.idle = append(p.idle, k.Name)
		}
	}
	var b strings.Builder
	b.WriteString("| block | keywords | that act | without effect yet |\n| --- | --- | --- | --- |\n")
	for _, name := range order {
		p := parts[name]
		idle := strings.Join(p.idle, ", ")
		switch {
		case p.act == p.all:
			idle = "-"
		case p.act == 0:
			idle = "all"
		case idle == "":
			idle = "options"
		}
		fmt.Fprintf(&b, "| %s | %d | %d | %s |\n", name, p.all, p.act, idle)
	}
	_, err := io.WriteString(w, b.String())
	return err
}
