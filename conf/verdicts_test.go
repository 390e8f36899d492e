package conf

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"halbd/internal/rowcases"
)

// Of keepalived's exit statuses those that are no verdict.
const (
	hangs   = 124
	crashes = 128
)

// oracleHost is what the recorded keepalived ran on: eth0 to eth3, the account
// and the group root, and scripts.
type oracleHost struct{ fakeHost }

func (oracleHost) InterfaceExists(name string) bool {
	return slices.Contains(rowcases.Interfaces, name) || name == "lo"
}

func (oracleHost) LookupGroup(name string) (uint32, error) {
	if name != "root" {
		return 0, errors.New("no such group")
	}
	return 0, nil
}

func (oracleHost) CheckScript(c Command, _ bool) (Command, ScriptVerdict) { return c, ScriptVerdict{} }

// keepalivedRows are the rows of the language that keepalived knows.
func keepalivedRows() []Keyword {
	return slices.DeleteFunc(Keywords(), func(k Keyword) bool { return k.Status == statusHalbd })
}

func rowCases() []rowcases.Case {
	var rows []rowcases.Row
	for _, k := range keepalivedRows() {
		rows = append(rows, rowcases.Row{Block: k.Block, Name: k.Name, Args: k.Args, Min: k.Min, Max: k.Max})
	}
	return rowcases.All(rows)
}

// verdicts reads the recorded verdicts and makes sure that they are those of
// the cases.
func verdicts(t *testing.T, cases []rowcases.Case) map[string]rowcases.Record {
	t.Helper()
	f, err := os.Open("testdata/verdicts.tsv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	digest, records, err := rowcases.ReadVerdicts(f)
	if err != nil {
		t.Fatal(err)
	}
	if digest != rowcases.Digest(cases) {
		t.Fatal("the cases have changed since their verdicts were recorded: make record")
	}
	return records
}

// Every row of the language has a file in which it is legal.
func TestEveryRowHasACase(t *testing.T) {
	has := map[string]bool{}
	for _, c := range rowCases() {
		has[c.Key()] = true
	}
	for _, k := range keepalivedRows() {
		if !has[k.Block+"\t"+k.Name] {
			t.Errorf("%s %s has none", k.Block, k.Name)
		}
	}
}

// Every row of the language ends as with keepalived: legal, at the ends of its
// range and outside, with words too few and too many, with a wrong value. Every
// line that keepalived names is named.
func TestVerdicts(t *testing.T) {
	cases := rowCases()
	records := verdicts(t, cases)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, rowcases.Included), []byte(rowcases.IncludedText), 0o600); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "keepalived.conf")
	type count struct{ run, failed int }
	byBlock := map[string]*count{}
	for _, c := range cases {
		want, recorded := records[c.ID()]
		if !recorded {
			continue
		}
		n := byBlock[c.Block]
		if n == nil {
			n = &count{}
			byBlock[c.Block] = n
		}
		ok := t.Run(strings.ReplaceAll(c.ID(), "\t", " "), func(t *testing.T) {
			if err := os.WriteFile(path, []byte(c.Text), 0o600); err != nil {
				t.Fatal(err)
			}
			_, ds := Load(path, Options{ConfigID: rowcases.ConfigID, Host: oracleHost{}})
			if why := disagreement(c, want, ds); why != "" {
				t.Errorf("%s\n%v\n%s", why, ds, c.Text)
			}
		})
		n.run++
		if !ok {
			n.failed++
		}
	}
	for _, block := range slices.Sorted(maps.Keys(byBlock)) {
		if n := byBlock[block]; n.failed > 0 {
			t.Logf("%-50s %3d of %3d differ", block, n.failed, n.run)
		}
	}
}

// disagreement says what differs from keepalived's verdict, or "".
func disagreement(c rowcases.Case, want rowcases.Record, ds Diagnostics) string {
	status := ds.ExitStatus()
	if want.Status >= hangs {
		// keepalived hangs or crashes: halbd must find something to say.
		if status == 0 {
			return fmt.Sprintf("not a word, and keepalived %s has status %d", want.Source, want.Status)
		}
		return ""
	}
	if status != want.Status {
		return fmt.Sprintf("status %d, keepalived %s has %d (lines %v)", status, want.Source, want.Status, linesOf(c, want))
	}
	for _, line := range linesOf(c, want) {
		first := rowcases.BlockStart(c.Text, line)
		if !slices.ContainsFunc(ds, func(d Diagnostic) bool { return first <= d.Pos.Line && d.Pos.Line <= line }) {
			return fmt.Sprintf("line %d is not named, keepalived %s names %v", line, want.Source, linesOf(c, want))
		}
	}
	return ""
}

func linesOf(c rowcases.Case, r rowcases.Record) []int {
	var lines []int
	for _, n := range r.Lines {
		lines = append(lines, c.Line+n)
	}
	return lines
}
