package main

import (
	"bytes"
	"io"
	"os"
	"strings"
	"testing"

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
