package ipvskernel

import (
	"os"
	"testing"
	"time"

	"halbd/internal/howto"
	"halbd/internal/lab"
)

// Each section of docs/lvs.md as it stands: both servers answer, and go on to
// when the active director is gone.
func TestDocumentedForwarding(t *testing.T) {
	sections, err := howto.Read("../../docs/lvs.md")
	must(t, err)
	ran := 0
	for _, s := range sections {
		conf := s.Blocks["keepalived"]
		if conf == "" {
			continue
		}
		ran++
		method := map[string]string{"NAT": "NAT", "Direct routing": "DR", "Tunnel": "TUN"}[s.Title]
		t.Run(s.Title, func(t *testing.T) {
			t.Parallel()
			f := &forwarding{method: method, server: "set -e\n" + s.Blocks["sh server"]}
			n := f.plant(t, "lb1", "lb2")
			if commands := s.Blocks["sh director"]; commands != "" {
				for _, d := range []string{"lb1", "lb2"} {
					_, err := n.Run(d, commands)
					must(t, err)
				}
			}
			serve(t, n)
			var active *lab.Proc
			for _, d := range []string{"lb1", "lb2"} {
				p, err := n.Daemon(d, os.Getenv(binary), t.TempDir(), conf, "-i", d)
				must(t, err)
				if active == nil {
					active = p
				}
				t.Cleanup(func() {
					if t.Failed() {
						t.Logf("log on %s:\n%s", d, p.Log())
					}
				})
			}
			ask := f.asker(n)
			both := func(when string) {
				t.Helper()
				answers := map[string]int{}
				if lab.Wait(30*time.Second, func() bool { answers[ask()]++; return answers["w1"] >= 3 && answers["w2"] >= 3 }) != nil {
					t.Fatalf("%s: answers %v", when, answers)
				}
			}
			both("at first")
			must(t, active.Stop(10*time.Second))
			both("by the other director")
		})
	}
	if ran != 3 {
		t.Errorf("%d sections with a configuration", ran)
	}
}
