package report

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"halbd/conf"
)

// found draws diagnostics of every level, one of them in an included file and
// one that is about the file as a whole.
func found(t *testing.T) (string, conf.Diagnostics) {
	t.Helper()
	dir := t.TempDir()
	main := filepath.Join(dir, "main.conf")
	for name, text := range map[string]string{
		"main.conf":  "include other.conf\nvrrp_script chk {\n    script /bin/true\n}\nbogus\n",
		"other.conf": "vrrp_instance VI_1 {\n    interface eth0\n    virtual_router_id 51\n    priority 100\n    priority 300\n    priority 101\n    virtual_ipaddress { 10.0.0.1 }\n}\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	_, ds := conf.Load(main, conf.Options{})
	return main, ds
}

func TestJSONCountsWhatItLists(t *testing.T) {
	path, ds := found(t)
	var b bytes.Buffer
	if err := Write(&b, JSON, path, ds); err != nil {
		t.Fatal(err)
	}
	var r struct {
		Errors, Warnings, Hints int
		Status                  int `json:"keepalived_exit_status"`
		Diagnostics             []struct {
			File, Level, Code string
			Line              int
			From              []string `json:"included_from"`
		}
	}
	if err := json.Unmarshal(b.Bytes(), &r); err != nil {
		t.Fatal(err)
	}
	levels := map[string]int{}
	for _, d := range r.Diagnostics {
		levels[d.Level]++
		if inside := strings.HasSuffix(d.File, "other.conf"); inside != (len(d.From) == 1) {
			t.Errorf("%+v: included or not?", d)
		}
	}
	if levels["error"] != r.Errors || levels["warning"] != r.Warnings || levels["hint"] != r.Hints || r.Errors == 0 || r.Warnings == 0 || r.Hints == 0 {
		t.Errorf("counted %d, %d, %d, listed %v", r.Errors, r.Warnings, r.Hints, levels)
	}
	if r.Status != ds.ExitStatus() {
		t.Errorf("status %d, want %d", r.Status, ds.ExitStatus())
	}
}

// Code hosts refuse results of rules that the run does not declare, and places before line 1.
func TestSARIFIsComplete(t *testing.T) {
	path, ds := found(t)
	var b bytes.Buffer
	if err := Write(&b, SARIF, path, ds); err != nil {
		t.Fatal(err)
	}
	var log sarifLog
	if err := json.Unmarshal(b.Bytes(), &log); err != nil || len(log.Runs) != 1 {
		t.Fatalf("%v, %d runs", err, len(log.Runs))
	}
	declared := map[string]bool{}
	for _, r := range log.Runs[0].Tool.Driver.Rules {
		declared[r.ID] = true
	}
	if len(log.Runs[0].Results) != len(ds) {
		t.Errorf("%d results of %d diagnostics", len(log.Runs[0].Results), len(ds))
	}
	for _, r := range log.Runs[0].Results {
		if !declared[r.RuleID] || r.Level != "error" && r.Level != "warning" && r.Level != "note" {
			t.Errorf("%+v", r)
		}
		for _, l := range r.Locations {
			if l.Physical.Region.StartLine < 1 || l.Physical.Region.StartColumn < 1 {
				t.Errorf("%+v: place before the first", r)
			}
		}
	}
}

// The README's table counts every keyword once.
func TestSummaryCountsEveryKeyword(t *testing.T) {
	var b strings.Builder
	if err := WriteKeywordsSummary(&b); err != nil {
		t.Fatal(err)
	}
	all, act := 0, 0
	for line := range strings.Lines(b.String()) {
		cells := strings.Split(line, "|")
		var n, m int
		if len(cells) > 3 && json.Unmarshal([]byte(cells[2]), &n) == nil && json.Unmarshal([]byte(cells[3]), &m) == nil {
			all, act = all+n, act+m
		}
	}
	want := 0
	for _, k := range conf.Keywords() {
		if k.Acts {
			want++
		}
	}
	if all != len(conf.Keywords()) || act != want {
		t.Errorf("%d keywords of which %d act, want %d and %d", all, act, len(conf.Keywords()), want)
	}
}

// troff understands the manual page.
func TestManualIsWellFormed(t *testing.T) {
	groff, err := exec.LookPath("groff")
	if err != nil {
		t.Skip("no groff here")
	}
	var page bytes.Buffer
	if err := WriteMan(&page); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(groff, "-man", "-ww", "-z", "-Tutf8")
	cmd.Stdin = &page
	if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("%v\n%.2000s", err, out)
	}
}
