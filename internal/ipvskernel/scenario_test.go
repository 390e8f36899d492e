package ipvskernel

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// record makes playScenarios write what keepalived does, instead of comparing.
var record = flag.Bool("record", false, "write the transcripts of scenarios with the installed keepalived")

const reloadSignal = syscall.SIGHUP

// A scenario is a configuration and what happens to it. After the start, after
// each step and after the stop, with which each scenario ends, the table of
// halbd must be keepalived's.
type scenario struct {
	name  string // also of the transcript: testdata/tables/NAME.txt
	setup string // shell commands in the namespace before the start
	conf  string // the file, without router_id and script_user
	also  string // a shell command in the namespace; the transcript has its output after each step
	ours  bool   // halbd differs on purpose (docs/differences.md) and has a transcript of its own, NAME.halbd.txt
	steps []step
}

// A step is something that happens. In commands and files of a scenario $DIR
// is a directory of its own.
type step struct {
	name string
	do   func(*director) error
}

// down stops web servers.
func down(ids ...int) step {
	return step{fmt.Sprint(ids, " down"), func(d *director) error { d.down(ids...); return nil }}
}

// up starts web servers again.
func up(ids ...int) step {
	return step{fmt.Sprint(ids, " up"), func(d *director) error { return d.up(ids...) }}
}

// answers changes what a web server says.
func answers(id, status int, text string) step {
	return step{fmt.Sprintf("%d says %d %.20q", id, status, text), func(d *director) error { d.web[id].Answer(status, text); return nil }}
}

// shell runs commands in the namespace.
func shell(script string) step {
	return step{script, func(d *director) error {
		_, err := d.net.Run("d", d.expand(script))
		return err
	}}
}

// reload has the daemon read a file in which each old text is a new one.
func reload(name string, oldnew ...string) step {
	return step{"reload: " + name, func(d *director) error { return d.rewrite(strings.NewReplacer(oldnew...).Replace) }}
}

// quiet is how long a table must stay as it is until the next step. It is
// longer than a check with its retries takes (see the check constants).
const quiet = 1600 * time.Millisecond

// playScenarios plays each scenario with keepalived, where it is installed, and
// with halbd: both must reach the recorded table at each step, and stay there.
func playScenarios(t *testing.T, list []scenario) {
	t.Helper()
	programs := []string{os.Getenv(binary)}
	if _, err := os.Stat(keepalived); err == nil {
		programs = append(programs, keepalived)
	} else if *record {
		t.Fatal("-record needs keepalived")
	}
	for _, s := range list {
		for _, program := range programs {
			file := filepath.Join("testdata", "tables", strings.ReplaceAll(s.name, " ", "-")+".txt")
			if s.ours && program != keepalived {
				file = strings.TrimSuffix(file, ".txt") + ".halbd.txt"
			}
			t.Run(s.name+" with "+filepath.Base(program), func(t *testing.T) {
				t.Parallel()
				switch {
				case !*record:
					text, err := os.ReadFile(file)
					if err != nil {
						t.Fatal(err, "; make record writes it")
					}
					s.play(t, program, parseTranscript(string(text)))
				case s.ours || program == keepalived:
					must(t, os.WriteFile(file, []byte(s.play(t, program, nil)), 0o644))
				}
			})
		}
	}
}

// play returns the transcript. Without one to compare with, each step lasts
// until nothing has changed for a while.
func (s *scenario) play(t *testing.T, program string, want map[string]string) string {
	t.Helper()
	d := newDirector(t)
	if s.setup != "" {
		_, err := d.net.Run("d", d.expand(s.setup))
		must(t, err)
	}
	view := func() string {
		text, err := d.table()
		must(t, err)
		if s.also != "" {
			out, err := d.output("sh", "-c", d.expand(s.also))
			must(t, err)
			text += out
		}
		return text
	}
	var transcript strings.Builder
	settle := func(name string) {
		t.Helper()
		got := ""
		if want == nil {
			got = lasting(d, view)
		} else {
			got = reach(d, view, want[name])
		}
		fmt.Fprintf(&transcript, "== %s\n%s", name, got)
		if diff := cmp.Diff(lines(want[name]), lines(got)); want != nil && diff != "" {
			t.Fatalf("%s (- recorded, + %s):\n%s", name, filepath.Base(program), diff)
		}
	}
	p := d.start(t, program, s.conf)
	if want == nil {
		change(d, 5*time.Second)
	}
	settle("start")
	for i, step := range s.steps {
		must(t, step.do(d))
		settle(fmt.Sprintf("%d %s", i+1, step.name))
	}
	must(t, p.Stop(20*time.Second))
	settle("stopped")
	return transcript.String()
}

func lines(text string) []string { return strings.Split(strings.TrimSpace(text), "\n") }

// parseTranscript gives the table of each step.
func parseTranscript(text string) map[string]string {
	steps := map[string]string{}
	for _, part := range strings.Split(text, "== ")[1:] {
		name, table, _ := strings.Cut(part, "\n")
		steps[name] = table
	}
	return steps
}

// reach waits until the table is as wanted and has stayed so; else it returns
// the last one.
func reach(d *director, view func() string, want string) string {
	deadline := time.Now().Add(time.Minute) // many scenarios begin at once
	for {
		got := view()
		if got != want {
			if time.Now().After(deadline) {
				return got
			}
			change(d, time.Second)
			continue
		}
		if !change(d, quiet) && view() == want {
			return want
		}
	}
}

// lasting waits until the table has not changed for much longer than a
// comparison waits: a busy host makes pauses.
func lasting(d *director, view func() string) string {
	for {
		got := view()
		if !change(d, 3*quiet) && view() == got {
			return got
		}
	}
}

// change waits for the kernel's table to change, or for so long.
func change(d *director, limit time.Duration) bool {
	before := d.glance()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for start := time.Now(); time.Since(start) < limit; <-tick.C {
		if d.glance() != before {
			return true
		}
	}
	return false
}

func rs(i, weight int, body string) string {
	return fmt.Sprintf(" real_server 127.0.0.%d 8000 {\n weight %d\n%s\n }\n", i+1, weight, body)
}

// vs is a virtual server whose checks run twice in a second, from one
// second after the start.
func vs(head, opts, body string) string {
	return "virtual_server " + head + " {\n delay_loop 0.5\n warmup 0\n " + opts + "\n" + body + "}\n"
}

const (
	checkTimes = " connect_timeout 1\n retry 1\n delay_before_retry 0.3\n"
	tcpCheck   = " TCP_CHECK {\n" + checkTimes + " }"
	httpCheck  = " HTTP_GET {\n url {\n path /\n digest b1946ac92492d2347c6235b4d2611184\n }\n" + checkTimes + " }" // of "hello\n"
)
