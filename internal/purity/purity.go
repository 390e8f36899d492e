// Package purity is for tests that keep a protocol's core a function of
// (state, event, now), and its process free of what would make it wait. It
// looks at source and dependencies; it knows no protocol.
package purity

import (
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// common is what every core may import, with the reason.
var common = map[string]string{
	"encoding/binary":         "reads and writes wire integers",
	"errors":                  "",
	"fmt":                     "words causes",
	"net/netip":               "addresses as values; it opens no socket",
	"slices":                  "",
	"time":                    "Duration only; NoClock looks at the rest",
	"halbd/conf":              "the configuration that it obeys",
	"halbd/event":             "what it publishes",
	"halbd/internal/duequeue": "orders deadlines",
	"halbd/internal/inetsum":  "the checksum of a PDU; a function of bytes",
	"log/slog":                "levels only; no logger is called",
}

// Sources lists the files of the package in the working directory, without its
// tests.
func Sources(t *testing.T) (files []string) {
	t.Helper()
	all, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(all, func(name string) bool { return strings.HasSuffix(name, "_test.go") })
}

// Imports complains of imports in files that are neither common to all cores
// nor in more, which gives the reason for each.
func Imports(t *testing.T, files []string, more map[string]string) {
	t.Helper()
	for _, name := range files {
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range f.Imports {
			path, _ := strconv.Unquote(i.Path.Value)
			_, ok := common[path]
			if _, also := more[path]; !ok && !also {
				t.Errorf("%s imports %s: the core must not", name, path)
			}
		}
	}
}

// NoClock complains of files that ask for the time, or wait.
func NoClock(t *testing.T, files []string) {
	t.Helper()
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, clock := range []string{"time.Now", "time.Since", "time.Sleep", "time.After", "time.NewTimer", "time.Tick"} {
			if strings.Contains(string(b), clock) {
				t.Errorf("%s calls %s: time is an argument", name, clock)
			}
		}
	}
}

// NeverWaits complains when the package in the working directory depends on
// what a process that keeps time must not have.
func NeverWaits(t *testing.T) {
	t.Helper()
	out, err := exec.Command("go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	deps := strings.Fields(string(out))
	for path, why := range map[string]string{
		"net/http": "a web server has no place beside the timers",
		"os/exec":  "starting a program stops the world",
		"regexp":   "unbounded time on foreign input",
	} {
		if slices.Contains(deps, path) {
			t.Errorf("it depends on %s: %s", path, why)
		}
	}
}
