package format

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"halbd/conf"
)

func TestFormat(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"empty", "", ""},
		{"blank lines", "\n\n  \nrouter\n\n\n\nx\n\n", "router\n\nx\n"},
		{"indentation", "a {\nb {\n\t\tc\n }\n}\n", "a {\n    b {\n        c\n    }\n}\n"},
		{"one line", "a x{ b 1 }\n", "a x {\n    b 1\n}\n"},
		{"two braces", "a {\nb { c }}\n", "a {\n    b {\n        c\n    }\n}\n"},
		{"brace on the next line", "a  x   # why\n\n# because\n{  # so\nb\n}", "a x { # why\n    # because\n    # so\n    b\n}\n"},
		{"comments below each other", "a {\nbb 1 # one\n  ccc 22    # two\n\nd # three\n}\n", "a {\n    bb 1   # one\n    ccc 22 # two\n\n    d # three\n}\n"},
		{"comments", "! head\na { # one\n\n\n  !two\nb 1   # three\n\n}   # four\n", "! head\na { # one\n    !two\n    b 1 # three\n} # four\n"},
		{"quotes", "a   \"b   { # c\"   x\n", "a \"b   { # c\" x\n"},
		{"glued quotes", "a   \"b   { # c\"x\n", "a   \"b   { # c\"x\n"},
		{"single quotes", "a   'b   c' { d }\n", "a   'b   c' { d }\n"},
		{"escaped quotes", "a   \"b \\\"c d\\\"\"\n", "a   \"b \\\"c d\\\"\"\n"},
		{"comment in a quote", "script \"echo # !\" # end\n", "script \"echo # !\" # end\n"},
		{"crlf", "a {\r\n b 1\r\n}\r\n", "a {\n    b 1\n}\n"},
		{"definition", "a {\n$X=1   2\n b $X   3 { c }\n}\n", "a {\n    $X=1   2\n    b $X   3 { c }\n}\n"},
		{"several lines", "a {\n$X= \\\n  b   1 \\\n c\n\n}\n", "a {\n    $X= \\\n        b   1 \\\n        c\n}\n"},
		{"definition ended by a blank line", "$X= \\\n b\\\n\n\na\n", "$X= \\\n    b\\\n\na\n"},
		{"condition", "a {\n@x   b   1\n@y b {\n}\n}\n", "a {\n    @x   b   1\n    @y b {\n    }\n}\n"},
		{"sequence", "a {\n~SEQ(A,1,3)  b$A { c }\n}\n", "a {\n    ~SEQ(A,1,3)  b$A { c }\n}\n"},
		{"list", "~LST({A,B},{1,2})  b $A\n", "~LST({A,B},{1,2})  b $A\n"},
		{"include", "a {\ninclude   x{a,b}   \n}\n", "a {\n    include   x{a,b}\n}\n"},
		{"no include before", "a { include x\n}\n", "a { include x\n}\n"},
		{"no include without a blank", "include\"x\"\n", "include\"x\"\n"},
		{"undefined reference", "a ${B}   c\n", "a ${B}   c\n"},
		{"brace alone", "}{\n", ""},
		{"escape", "a   b\\#c   # d\n", "a   b\\#c   # d\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := Format([]byte(c.in))
			if c.want == "" && c.in != "" {
				if err == nil {
					t.Fatalf("no error, but %q", got)
				}
				return
			}
			if err != nil || string(got) != c.want {
				t.Errorf("Format(%q) = %v\n%s\nwant\n%s", c.in, err, got, c.want)
			}
		})
	}
}

// What cannot be formatted is refused, with the place.
func TestRefused(t *testing.T) {
	for _, c := range []struct {
		in   string
		want Error
	}{
		{"a {\n b {\n}\n", Error{1, 3, "'{' is not closed"}},
		{"a {\n}\n }\n", Error{3, 2, "'}' closes nothing"}},
		{"a\n\x00\n", Error{2, 1, "line contains a NUL byte"}},
		{strings.Repeat("x", 1023), Error{1, 1, "line too long: 1023 bytes, a line may have 1022"}},
	} {
		_, err := Format([]byte(c.in))
		var e *Error
		if !errors.As(err, &e) || *e != c.want {
			t.Errorf("Format(%q): %v, want %v", c.in, err, &c.want)
		}
	}
}

type fataler interface {
	Fatal(...any)
	Fatalf(string, ...any)
}

// gone are diagnostics of characters that formatting removes, and the one that
// is given once per line.
var gone = []string{"HB0122", "HB0123", "HB0119"}

var lineNumber = regexp.MustCompile(`\blines? \d+`)

// meaning is what a text loads to, without positions.
func meaning(t fataler, dir string, text []byte) string {
	path := filepath.Join(dir, "keepalived.conf")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, found := conf.Load(path, conf.Options{ConfigID: "x"})
	var all []string
	for _, d := range found {
		if !slices.Contains(gone, d.Code.String()) {
			all = append(all, lineNumber.ReplaceAllString(fmt.Sprintln(d.Severity, d.Class, d.Message()), "line N"))
		}
	}
	slices.Sort(all)
	js, err := json.MarshalIndent(cfg, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(all, "") + string(js)
}

// holds checks the properties of Format for one text.
func holds(t fataler, dir string, text []byte) {
	once, err := Format(text)
	if err != nil {
		return
	}
	twice, err := Format(once)
	if err != nil || string(once) != string(twice) {
		t.Fatalf("formatting again changes the text (%v):\n%q\n%q\n%q", err, text, once, twice)
	}
	if before, after := meaning(t, dir, text), meaning(t, dir, once); before != after {
		t.Fatalf("the meaning changed:\n%q\n%q\n--- before\n%s\n--- after\n%s", text, once, before, after)
	}
}

// Texts made of the pieces that matter to the formatter.
func TestProperties(t *testing.T) {
	dir := t.TempDir()
	piece := rapid.SampledFrom([]string{
		"{", "}", "\n", "\n", "\n", " ", "  ", "\t", "#", "!", "\"", "\\", "\\\n", "\r\n", "$A=", "$A", "${A}", "${A", "@x ", "@^x ", "@y ", "~SEQ(A,1,2)", "~LST({A},{b})", "include ", "/dev/null",
		"global_defs", "router_id x", "notification_email", "a@b", "vrrp_instance V", "interface eth0", "virtual_router_id 5", "virtual_ipaddress", "10.0.0.1/24", "priority 100", "priorty", "\"a b\"", "\\#",
		"global_defs {\n", "vrrp_instance V {\n", "virtual_ipaddress {\n", "}\n", "}\n",
	})
	rapid.Check(t, func(r *rapid.T) {
		holds(r, dir, []byte(strings.Join(rapid.SliceOfN(piece, 0, 40).Draw(r, "text"), "")))
	})
}

func FuzzFormat(f *testing.F) {
	for _, s := range []string{
		"a {\n b # c\n\n}\n", "a\n# c\n{ # d\n}\n", "$X= \\\n a { \\\n\n b\n", "@x $X=\\\n{\n", "a { include x\n}\n", "a \"b { c\" d{ }", "\\# {\n}\n", "~SEQ(A,1,2) a {\n}\n", "${X} {\n}\n", "a\r\n{\r}\n",
		"vrrp_instance V {\ninterface eth0\nvirtual_router_id 5\nvirtual_ipaddress { 10.0.0.1 }\n}\n",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		holds(t, t.TempDir(), text)
	})
}
