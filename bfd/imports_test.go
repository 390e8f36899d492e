package bfd

import (
	"testing"

	"halbd/internal/purity"
)

// The core is pure: these files may import no clock, no socket and no
// operating system.
var coreFiles = []string{"api.go", "core.go", "packet.go", "receive.go", "session.go", "timers.go"}

var coreMayImportToo = map[string]string{
	"cmp": "",
}

func TestCoreIsPure(t *testing.T) {
	purity.Imports(t, coreFiles, coreMayImportToo)
	purity.NoClock(t, coreFiles)
}

// A process that must speak every few milliseconds must never wait for a program, a
// pattern or a web server.
func TestNeverWaits(t *testing.T) { purity.NeverWaits(t) }
