package vrrp

import (
	"testing"

	"halbd/internal/purity"
)

var mayImportToo = map[string]string{
	"bytes":         "compares addresses",
	"crypto/hmac":   "authenticates adverts; a function of key and bytes",
	"crypto/md5":    "auth_type AH",
	"crypto/sha256": "auth_hmac",
	"hash":          "what crypto/hmac returns",
	"maps":          "keys in order",
	"strings":       "words causes",
}

// The core is pure: it may import no clock, no socket and no operating system.
func TestCoreIsPure(t *testing.T) {
	files := purity.Sources(t)
	purity.Imports(t, files, mayImportToo)
	purity.NoClock(t, files)
}
