package bfd

import (
	"testing"

	"halbd/internal/purity"
)

// The core is pure: these files may import no clock, no socket and no
// operating system.
var coreFiles = []string{"api.go", "core.go", "packet.go", "receive.go", "session.go", "timers.go"}

var coreMayImport = map[string]string{
	"cmp":                     "",
	"encoding/binary":         "reads and writes wire integers",
	"errors":                  "",
	"fmt":                     "words causes",
	"log/slog":                "levels only; no logger is called",
	"net/netip":               "addresses as values; it opens no socket",
	"slices":                  "",
	"time":                    "Duration only; TestCoreIsPure looks at the rest",
	"halbd/conf":              "the configuration that it obeys",
	"halbd/event":             "what it publishes",
	"halbd/internal/duequeue": "orders deadlines",
}

func TestCoreIsPure(t *testing.T) {
	purity.Imports(t, coreFiles, coreMayImport)
	purity.NoClock(t, coreFiles)
}

// A process that must speak every few milliseconds must never wait for a program, a
// pattern or a web server.
func TestNeverWaits(t *testing.T) { purity.NeverWaits(t) }
