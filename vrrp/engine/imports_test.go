package engine

import (
	"testing"

	"halbd/internal/purity"
)

// What is taken for a theft, and how often it is put back, depends on what
// happened and when: these files may import no clock, no socket and no
// operating system.
func TestThePureParts(t *testing.T) {
	files := []string{"theft.go"}
	purity.Imports(t, files, map[string]string{"maps": "keys in order", "strings": "words causes", "halbd/vrrp": "its Time"})
	purity.NoClock(t, files)
}

// The process that keeps the adverts' time must never wait for a program, a
// pattern or a web server.
func TestNeverWaits(t *testing.T) { purity.NeverWaits(t) }
