package e2e

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"halbd/internal/oracle"
	"halbd/internal/rowcases"
)

// installed is the keepalived that halbd is compared with.
const installed = "/usr/sbin/keepalived"

// Whole files, with every keyword that the installed keepalived knows, end
// with the same exit status under both, and every line that keepalived names
// is named by halbd.
func TestSameVerdictOnWholeFiles(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat(installed); err != nil {
		t.Skip("no keepalived to compare with: ", err)
	}
	files, err := filepath.Glob("../../conf/testdata/golden/*.conf")
	must(t, err)
	files = append(files, "../../keepalived.conf.example")
	o, err := oracle.New(rowcases.Interfaces)
	must(t, err)
	defer o.Close()
	for _, path := range files {
		if strings.HasSuffix(path, "-24.conf") {
			continue // of keepalived 2.4: the distribution's is older
		}
		text, err := os.ReadFile(path)
		must(t, err)
		must(t, o.Inside(func() error {
			want, err := oracle.Ask(installed, path, "-i", "lb1")
			if err != nil {
				return err
			}
			got, err := oracle.Ask(halbd, path, "-i", "lb1")
			if err != nil {
				return err
			}
			name := filepath.Base(path)
			if got.Status != want.Status {
				t.Errorf("%s: halbd %d, keepalived %d\n%s\n%s", name, got.Status, want.Status, got.Text, want.Text)
			}
			for _, line := range want.Lines {
				first := rowcases.BlockStart(string(text), line)
				if !slices.ContainsFunc(got.Lines, func(n int) bool { return first <= n && n <= line }) {
					t.Errorf("%s: line %d is not named\n%s\n%s", name, line, got.Text, want.Text)
				}
			}
			return nil
		}))
	}
}
