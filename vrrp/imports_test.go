package vrrp

import (
	"testing"

	"halbd/internal/purity"
)

// The core is pure: these files may import no clock, no socket and no
// operating system.
var coreFiles = []string{"advertise.go", "ah.go", "api.go", "check.go", "conflict.go", "core.go", "counters.go", "debounce.go", "flaw.go", "group.go", "header.go", "hmac.go", "implied.go", "instance.go", "receive.go", "review.go", "stall.go", "theft.go", "timers.go", "trackers.go", "transmit.go", "wire.go"}

var coreMayImportToo = map[string]string{
	"bytes":         "compares addresses",
	"crypto/hmac":   "authenticates adverts; a function of key and bytes",
	"crypto/md5":    "auth_type AH",
	"crypto/sha256": "auth_hmac",
	"hash":          "what crypto/hmac returns",
	"maps":          "keys in order",
	"strings":       "words causes",
}

func TestCoreIsPure(t *testing.T) {
	purity.Imports(t, coreFiles, coreMayImportToo)
	purity.NoClock(t, coreFiles)
}

// The process that keeps the adverts' time must never wait for a program, a
// pattern or a web server.
func TestNeverWaits(t *testing.T) { purity.NeverWaits(t) }
