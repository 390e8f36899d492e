// Command record writes conf/testdata/verdicts.tsv: what keepalived says of
// every row of the keyword table.
//
//	go run ./internal/record [-v] [REFERENCE]
//
// It runs the installed keepalived on the files of package rowcases. REFERENCE
// is a directory with ranges.tsv, the verdicts of a newer keepalived at the
// ends of the ranges: these win.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"halbd/conf"
	"halbd/internal/oracle"
	"halbd/internal/rowcases"
)

func main() {
	verbose := flag.Bool("v", false, "write what keepalived says of legal files that it does not like")
	binary := flag.String("keepalived", "/usr/sbin/keepalived", "the oracle")
	out := flag.String("o", "conf/testdata/verdicts.tsv", "where to write")
	block := flag.String("block", "", "only print the verdicts of the rows of one block")
	flag.Parse()
	if err := run(*binary, *out, flag.Arg(0), *block, *verbose); err != nil {
		fmt.Fprintln(os.Stderr, "record:", err)
		os.Exit(1)
	}
}

func run(binary, out, reference, block string, verbose bool) error {
	version, err := oracle.Version(binary)
	if err != nil {
		return err
	}
	cases := rowcases.All(rows(conf.Keywords()))
	if block != "" {
		cases = ofBlock(cases, block)
	}
	verdicts, err := ask(binary, cases)
	if err != nil {
		return err
	}
	if verbose {
		complain(cases, verdicts)
	}
	records := recordsOf(version, cases, verdicts, docs(conf.Keywords()))
	overrule(cases, records, docs(conf.Keywords()))
	if reference != "" {
		if err := overlay(filepath.Join(reference, "ranges.tsv"), records, docs(conf.Keywords()), verbose); err != nil {
			return err
		}
	}
	if block != "" {
		return rowcases.WriteVerdicts(os.Stdout, cases, records)
	}
	f, err := os.Create(out)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := rowcases.WriteVerdicts(f, cases, records); err != nil {
		return err
	}
	return f.Close()
}

func ofBlock(cases []rowcases.Case, block string) []rowcases.Case {
	var some []rowcases.Case
	for _, c := range cases {
		if strings.HasPrefix(c.Key(), block) {
			some = append(some, c)
		}
	}
	return some
}

// workers is how many keepaliveds run side by side.
const workers = 2

// ask gives the verdict of each case.
func ask(binary string, cases []rowcases.Case) ([]oracle.Verdict, error) {
	o, err := oracle.New(rowcases.Interfaces)
	if err != nil {
		return nil, err
	}
	defer o.Close()
	dir, err := os.MkdirTemp("", "rowcases")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	if err := os.WriteFile(filepath.Join(dir, rowcases.Included), []byte(rowcases.IncludedText), 0o600); err != nil {
		return nil, err
	}
	verdicts := make([]oracle.Verdict, len(cases))
	errs := make([]error, workers)
	var group sync.WaitGroup
	for w := range workers {
		group.Go(func() {
			errs[w] = o.Inside(func() error {
				for i := w; i < len(cases); i += workers {
					path := filepath.Join(dir, fmt.Sprintf("%d.conf", w))
					if err := os.WriteFile(path, []byte(cases[i].Text), 0o600); err != nil {
						return err
					}
					v, err := oracle.Ask(binary, path, "-i", rowcases.ConfigID)
					if err != nil {
						return err
					}
					verdicts[i] = v
					if v.Status == oracle.Hangs {
						fmt.Fprintf(os.Stderr, "%s hangs\n", cases[i].ID())
					}
				}
				return nil
			})
		})
	}
	group.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return verdicts, nil
}

// complain shows the legal files that keepalived does not like: either it does
// not know the keyword, or the frame around it is wrong.
func complain(cases []rowcases.Case, verdicts []oracle.Verdict) {
	for i, c := range cases {
		if c.Variant == rowcases.Legal && verdicts[i].Status != 0 {
			fmt.Fprintf(os.Stderr, "%s\t%s\tline %d\tstatus %d\n%s\n", c.Block, c.Name, c.Line, verdicts[i].Status, verdicts[i].Text)
		}
	}
}

// ours is the status of the keywords that keepalived does not know.
const ours = "halbd"

func rows(keywords []conf.Keyword) []rowcases.Row {
	var list []rowcases.Row
	for _, k := range keywords {
		if k.Status == ours {
			continue
		}
		list = append(list, rowcases.Row{Block: k.Block, Name: k.Name, Args: k.Args, Min: k.Min, Max: k.Max})
	}
	return list
}

func docs(keywords []conf.Keyword) map[string]string {
	m := map[string]string{}
	for _, k := range keywords {
		m[k.Block+"\t"+k.Name] = k.Doc
	}
	return m
}
