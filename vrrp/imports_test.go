package vrrp

import (
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// The core is pure: these files may import no clock, no socket and no
// operating system.
var coreFiles = []string{"advertise.go", "ah.go", "api.go", "check.go", "conflict.go", "core.go", "counters.go", "debounce.go", "flaw.go", "group.go", "header.go", "hmac.go", "implied.go", "instance.go", "receive.go", "review.go", "stall.go", "theft.go", "timers.go", "trackers.go", "transmit.go", "wire.go"}

var coreMayImport = map[string]string{
	"bytes":           "compares addresses",
	"container/heap":  "orders deadlines",
	"crypto/hmac":     "authenticates adverts; a function of key and bytes",
	"crypto/md5":      "auth_type AH",
	"crypto/sha256":   "auth_hmac",
	"encoding/binary": "reads and writes wire integers",
	"errors":          "",
	"fmt":             "words causes",
	"hash":            "what crypto/hmac returns",
	"maps":            "keys in order",
	"net/netip":       "addresses as values; it opens no socket",
	"slices":          "",
	"strings":         "words causes",
	"time":            "Duration only; TestCoreReadsNoClock looks at the rest",
	"halbd/conf":      "the configuration that it obeys",
	"halbd/event":     "what it publishes",
}

func TestCoreImports(t *testing.T) {
	for _, name := range coreFiles {
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range f.Imports {
			path, _ := strconv.Unquote(i.Path.Value)
			if _, ok := coreMayImport[path]; !ok {
				t.Errorf("%s imports %s: the core must not", name, path)
			}
		}
	}
}

func TestCoreReadsNoClock(t *testing.T) {
	for _, name := range coreFiles {
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

// The process that keeps the adverts' time must never wait for a program, a
// pattern or a web server.
func TestForbiddenPackages(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	deps := strings.Fields(string(out))
	for path, why := range map[string]string{
		"net/http": "a web server has no place beside the adverts",
		"os/exec":  "starting a program stops the world",
		"regexp":   "unbounded time on foreign input",
	} {
		if slices.Contains(deps, path) {
			t.Errorf("vrrp depends on %s: %s", path, why)
		}
	}
}
