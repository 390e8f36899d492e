package vrrp

import (
	"testing"

	"halbd/internal/purity"
)

// The core is pure: these files may import no clock, no socket and no
// operating system.
var coreFiles = []string{"advertise.go", "ah.go", "api.go", "check.go", "conflict.go", "core.go", "counters.go", "debounce.go", "flaw.go", "group.go", "header.go", "hmac.go", "implied.go", "instance.go", "receive.go", "review.go", "stall.go", "theft.go", "timers.go", "trackers.go", "transmit.go", "wire.go"}

var coreMayImport = map[string]string{
	"bytes":                   "compares addresses",
	"crypto/hmac":             "authenticates adverts; a function of key and bytes",
	"crypto/md5":              "auth_type AH",
	"crypto/sha256":           "auth_hmac",
	"encoding/binary":         "reads and writes wire integers",
	"errors":                  "",
	"fmt":                     "words causes",
	"hash":                    "what crypto/hmac returns",
	"maps":                    "keys in order",
	"net/netip":               "addresses as values; it opens no socket",
	"slices":                  "",
	"strings":                 "words causes",
	"time":                    "Duration only; TestCoreIsPure looks at the rest",
	"halbd/conf":              "the configuration that it obeys",
	"halbd/event":             "what it publishes",
	"halbd/internal/duequeue": "orders deadlines",
}

func TestCoreIsPure(t *testing.T) {
	purity.Imports(t, coreFiles, coreMayImport)
	purity.NoClock(t, coreFiles)
}

// The process that keeps the adverts' time must never wait for a program, a
// pattern or a web server.
func TestNeverWaits(t *testing.T) { purity.NeverWaits(t) }
