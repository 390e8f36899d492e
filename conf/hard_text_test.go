package conf

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// hardText is a text that would hurt a careless reader.
type hardText struct {
	name  string
	text  string
	files map[string]string // beside the main file
	code  Code
	line  int
	col   int
	class Class
	most  int // diagnostics of the code; 0 means 1
}

func hardTexts() []hardText {
	exponential := func(last string) string {
		var b strings.Builder
		for i := range 40 {
			fmt.Fprintf(&b, "$A%d=${A%d}${A%d}\n", i, i+1, i+1)
		}
		return b.String() + "$A40=" + last + "\n"
	}
	lines := func() string {
		var b strings.Builder
		for i := range 40 {
			fmt.Fprintf(&b, "$A%d= \\\n $A%d \\\n $A%d\n", i, i+1, i+1)
		}
		return b.String() + "$A40=router_id x\n"
	}
	chain := map[string]string{}
	for i := range 1000 {
		chain[fmt.Sprintf("f%d", i)] = fmt.Sprintf("include f%d\n", i+1)
	}
	return []hardText{
		{name: "10 MB line", text: "router_id x\n" + strings.Repeat("a", 10<<20) + "\nglobal_defs {\n}\n", code: longLine, line: 2, col: 1, class: ClassConfig},
		{name: "many long lines", text: strings.Repeat(strings.Repeat("a", 2000)+"\n", 5000), code: longLine, line: 1, col: 1, class: ClassConfig, most: 5000},
		{name: "many unknown words", text: manyWords(100_000), code: unknownKeyword, line: 1, col: 1, class: ClassConfig, most: 100_000},
		{name: "many braces", text: strings.Repeat("{\n", 200_000) + strings.Repeat("}\n", 200_000), code: unexpectedBrace, line: 1, col: 1, class: ClassConfig, most: 200_000},
		{name: "NUL byte", text: "global_defs {\n router_id a\x00b\n}\n", code: nulByte, line: 2, col: 13, class: ClassConfig},
		{name: "1,000 nested includes", text: "include f0\n", files: chain, code: includeCycle, line: 1, col: 1, class: ClassConfig},
		{name: "include of itself", text: "\n include keepalived.conf\n", code: includeCycle, line: 2, col: 2, class: ClassConfig},
		{name: "include cycle", text: "include a\n", files: map[string]string{"a": "#\ninclude b\n", "b": "include a\n"}, code: includeCycle, line: 1, col: 1, class: ClassConfig},
		{name: "includes that multiply", text: strings.Repeat("include a\n", 100), files: map[string]string{"a": strings.Repeat("include b\n", 100), "b": strings.Repeat("include c\n", 100), "c": strings.Repeat("include d\n", 100), "d": ""}, code: endlessText, line: 99, col: 1, class: ClassConfig},
		{name: "definition of itself", text: "$A=$A\nglobal_defs {\n router_id $A\n}\n", code: endlessText, line: 3, col: 2, class: ClassConfig},
		{name: "definition that grows", text: "$A=x${A}\nglobal_defs {\n router_id ${A}\n}\n", code: endlessText, line: 3, col: 2, class: ClassConfig},
		{name: "definitions in a circle", text: "$A=$B\n$B=$A\nglobal_defs {\n router_id $A\n}\n", code: endlessText, line: 4, col: 2, class: ClassConfig},
		{name: "a circle used often", text: "$A=$B\n$B=$A\n" + strings.Repeat("router_id $A\n", 100_000), code: endlessText, line: 3, col: 1, class: ClassConfig, most: 100_001},
		{name: "exponential words", text: exponential("x") + "router_id ${A0}\n", code: endlessText, line: 42, col: 1, class: ClassConfig},
		{name: "exponential nothing", text: exponential("") + "router_id ${A0}\n", code: endlessText, line: 42, col: 1, class: ClassConfig},
		{name: "exponential lines", text: lines() + "$A0\n", code: endlessText, line: 122, col: 1, class: ClassConfig, most: 50},
		{name: "sequences that multiply", text: "~SEQ(A,1,99999) ~SEQ(B,1,99999) router_id x\n", code: endlessText, line: 1, col: 17, class: ClassConfig},
		{name: "invalid UTF-8", text: "# Zürich\n# Z\xfcrich\n# Z\xfcrich\n", code: notUTF8, line: 2, col: 4},
		{name: "byte order mark", text: "\ufeffglobal_defs {\n}\n", code: byteOrderMark, line: 1, col: 1},
		{name: "byte order mark, the verdict", text: "\ufeffglobal_defs {\n}\n", code: unknownKeyword, line: 1, col: 1, class: ClassConfig},
		{name: "CRLF", text: "global_defs {\r\n router_id x\r\n}\r\n", code: returnNewline, line: 1, col: 14},
		{name: "CR", text: "global_defs {\r router_id x\r}\r", code: loneReturn, line: 1, col: 14},
		{name: "no-break space", text: "global_defs {\n router_id\u00a0x\n}\n", code: oddBlank, line: 2, col: 11},
		{name: "no-break space in front", text: "global_defs {\n\u00a0\u00a0router_id x\n}\n", code: oddBlank, line: 2, col: 1},
		{name: "ideographic space", text: "global_defs {\n router_id x\u3000y\n}\n", code: oddBlank, line: 2, col: 13},
		{name: "zero width space", text: "global_defs {\n router_id x\u200b\n}\n", code: oddBlank, line: 2, col: 13},
		{name: "undefined name", text: "global_defs {\n router_id $NAME\n}\n", code: undefinedName, line: 2, col: 12},
		{name: "undefined name in braces", text: "global_defs {\n router_id ${NAME}\n}\n", code: undefinedName, line: 2, col: 12},
		{name: "name that does not end", text: "$I=eth\nglobal_defs {\n router_id $I.0\n}\n", code: undefinedName, line: 3, col: 12},
		{name: "template leftover", text: "global_defs {\n @ROUTER@ x\n}\n", code: leftover, line: 2, col: 2},
		{name: "many quotes", text: strings.Repeat("\"\n", 100_000), code: openQuote, line: 1, col: 1, class: ClassConfig, most: 100_000},
	}
}

// manyWords is a text of different words.
func manyWords(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "w%d x\n", i)
	}
	return b.String()
}

// Texts that are damaged, or made to hurt, are answered with the place, in
// bounded time and memory.
func TestHardText(t *testing.T) {
	for _, c := range hardTexts() {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "keepalived.conf")
			c.write(t, path)
			began := time.Now()
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, ds := Load(path, Options{ConfigID: "test", Host: fakeHost{}})
			runtime.ReadMemStats(&after)
			if took := time.Since(began); took > 20*time.Second {
				t.Errorf("took %v", took)
			}
			if used := (after.TotalAlloc - before.TotalAlloc) >> 20; used > 4000 {
				t.Errorf("allocated %d MB", used)
			}
			var of Diagnostics
			for _, d := range ds {
				if d.Code == c.code {
					of = append(of, d)
				}
			}
			if len(of) == 0 || len(of) > max(c.most, 1) {
				t.Fatalf("%d diagnostics %v of %d", len(of), c.code, len(ds))
			}
			got := of[0]
			if got.Pos.Line != c.line || got.Pos.Column != c.col || got.Class != c.class {
				t.Errorf("%v class %d, want %d:%d class %d", got, got.Class, c.line, c.col, c.class)
			}
		})
	}
}

func (c hardText) write(t *testing.T, path string) {
	t.Helper()
	files := map[string]string{filepath.Base(path): c.text}
	for name, text := range c.files {
		files[name] = text
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(filepath.Dir(path), name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// A main file that is not there ends the run with the status of a fatal error.
func TestNoMainFile(t *testing.T) {
	_, ds := Load(filepath.Join(t.TempDir(), "none"), Options{})
	if len(ds) != 1 || ds[0].Code != noMainFile || ds.ExitStatus() != int(ClassFatal) || !ds.StartRefused() {
		t.Error(ds)
	}
}

// In a quoted script and in definitions that exist nothing is undefined.
func TestReferencesThatAreNone(t *testing.T) {
	_, ds := loadText(t, `
$I=eth0
vrrp_script S {
    script "/bin/sh -c 'test $X = ${Y}'"
}
vrrp_instance V {
    interface $I
    virtual_router_id 5
    authentication {
        auth_type PASS
        auth_pass a$b
    }
    virtual_ipaddress {
        10.0.0.${_INSTANCE}
    }
}
`, fakeHost{scripts: true})
	if i := slices.IndexFunc(ds, func(d Diagnostic) bool { return d.Code == undefinedName }); i >= 0 {
		t.Error(ds[i])
	}
}

// A missing brace is said where it must be written, and each line that other
// processes of keepalived complain about is named.
func TestMissingBraceNamesLines(t *testing.T) {
	_, ds := loadText(t, "virtual_server 10.0.0.1 80\n lvs_sched rr\n lvs_method NAT\n protocol TCP\n real_server 10.0.0.2 80 {\n  TCP_CHECK {\n   retry 1\n  }\n }\n}\n", fakeHost{})
	var lines []int
	for _, d := range ds {
		if d.Class == ClassConfig {
			lines = append(lines, d.Pos.Line)
		}
	}
	if want := []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}; !slices.Equal(lines, want) {
		t.Errorf("lines %v, want %v\n%v", lines, want, ds)
	}
}

// A list without its { is noticed by the count of braces, where that shows it.
func TestListWithoutBrace(t *testing.T) {
	for text, want := range map[string]int{
		"static_ipaddress\n}\n":                                     5,
		"static_ipaddress\n 10.0.0.1 dev eth0\n}\n":                 5,
		"global_defs {\n notification_email\n  a@example.com\n }\n": 0, // the count is right, and a } is missing too
	} {
		_, ds := loadText(t, text, fakeHost{})
		if ds.ExitStatus() != want || !ds.HasErrors() {
			t.Errorf("%q: %d, want %d: %v", text, ds.ExitStatus(), want, ds)
		}
	}
}

// What follows a brace on its line is read as the beginning of a line.
func TestPreprocessorAfterBrace(t *testing.T) {
	cfg, ds := loadText(t, "global_defs { $ID=lb7\n router_id $ID\n} @nobody bogus\nglobal_defs { @^nobody vrrp_garp_master_delay 7\n}\n", fakeHost{})
	if ds.ExitStatus() != 0 || cfg.Global.RouterID != "lb7" {
		t.Errorf("%v %+v", ds, cfg.Global)
	}
}

// Statements behind one without its argument are still judged, and the status is 2.
func TestMissingArgumentHidesNothing(t *testing.T) {
	_, ds := loadText(t, "vrrp_instance V {\n interface eth0\n virtual_router_id 5\n priority\n virtual_ipaddress {\n  10.0.0.1\n }\n}\nvirtual_server 10.0.0.1 80 {\n bogus\n}\n", fakeHost{})
	if ds.ExitStatus() != int(ClassArgument) || !slices.ContainsFunc(ds, func(d Diagnostic) bool { return d.Pos.Line == 10 }) {
		t.Error(ds)
	}
}
