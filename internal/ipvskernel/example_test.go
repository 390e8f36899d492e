package ipvskernel

import (
	"os"
	"strings"
	"testing"

	"halbd/internal/demo"
)

// The example is what "make demo" shows; it must also stand on its own.
func TestExampleOnTwoDirectors(t *testing.T) {
	text, err := os.ReadFile("../../keepalived.conf.example")
	must(t, err)
	var out strings.Builder
	if err := demo.Run(os.Getenv(binary), string(text), &out); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	t.Log(out.String())
}
