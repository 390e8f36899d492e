package main

import (
	"bytes"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"halbd/conf/report"
)

// The documents that come from the tables say what the tables say. make docs
// writes them.
func TestDocumentsAreCurrent(t *testing.T) {
	for path, write := range map[string]func(io.Writer) error{
		"../../docs/diagnostics.md": report.WriteRules,
		"../../docs/halbd.conf.5":   report.WriteMan,
	} {
		var want bytes.Buffer
		if err := write(&want); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(path)
		if err != nil || !bytes.Equal(got, want.Bytes()) {
			t.Errorf("%s is not what the tables say (%v): run make docs", path, err)
		}
	}
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	var table strings.Builder
	if err := report.WriteKeywordsSummary(&table); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(readme), "\n"+table.String()) {
		t.Error("the README's table is not what halbd keywords --summary prints: run make docs")
	}
}

// halbd(8) tells of every command and of each of its flags.
func TestManualIsComplete(t *testing.T) {
	b, err := os.ReadFile("../../docs/halbd.8")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.ReplaceAll(string(b), `\-`, "-")
	var look func(c *cobra.Command)
	look = func(c *cobra.Command) {
		for _, name := range append(c.Aliases, c.Name()) {
			if !strings.Contains(text, name) {
				t.Errorf("halbd(8) does not tell of %s", c.CommandPath())
			}
		}
		flag := func(f *pflag.Flag) {
			if !f.Hidden && !strings.Contains(text, "--"+f.Name) {
				t.Errorf("halbd(8) does not tell of %s --%s", c.CommandPath(), f.Name)
			}
		}
		c.LocalFlags().VisitAll(flag)
		for _, sub := range c.Commands() {
			look(sub)
		}
	}
	look(commands())
	for _, o := range new(request).options() {
		if !strings.Contains(text, "--"+o.long) {
			t.Errorf("halbd(8) does not tell of --%s", o.long)
		}
	}
}
