package ipvsctl

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"halbd/internal/live"
	"halbd/ipvs"
)

var update = flag.Bool("update", false, "write the golden files")

func words(t *testing.T, line string) []string {
	t.Helper()
	list, err := splitWords(line)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// state is what the recordings of ipvsadm 1.31 have of the kernel's state.
func (x tool) state(t *testing.T) []string {
	t.Helper()
	text := x.must(t, "", "save") + x.must(t, "", "-L --timeout") + x.must(t, "", "-L --daemon")
	return strings.Split(strings.TrimSpace(text), "\n")
}

// Each line ends with the status that ipvsadm 1.31 ended with, and changes the
// table as it did. testdata/words.txt is a recording of it on Linux 6.1.
func TestWordsOfIpvsadm(t *testing.T) {
	text, err := os.ReadFile("testdata/words.txt")
	if err != nil {
		t.Fatal(err)
	}
	x := tool{newFake()}
	before := x.state(t)
	for _, entry := range strings.Split(string(text), "$ ")[1:] {
		line, effect, _ := strings.Cut(entry, "\n")
		args := words(t, line)
		_, complaint, status := x.run("", args...)
		after := x.state(t)
		got := fmt.Sprintf("= %d\n%s", status, difference(before, after))
		if sortLines(got) != sortLines(effect) {
			t.Errorf("%s\n%s--- ipvsadm\n%s--- halbd\n%s", line, complaint, effect, got)
		}
		if status != 0 && complaint == "" {
			t.Errorf("%s: status %d without a word", line, status)
		}
		before = after
	}
}

func sortLines(s string) string {
	lines := strings.Split(s, "\n")
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

func difference(before, after []string) string {
	b := &strings.Builder{}
	for _, l := range before {
		if !slices.Contains(after, l) {
			fmt.Fprintln(b, "- "+l)
		}
	}
	for _, l := range after {
		if !slices.Contains(before, l) {
			fmt.Fprintln(b, "+ "+l)
		}
	}
	return b.String()
}

// Every option is legal with exactly those commands with which it is legal in
// ipvsadm 1.31 (testdata/options.txt is a recording).
func TestOptionsOfIpvsadm(t *testing.T) {
	text, err := os.ReadFile("testdata/options.txt")
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range strings.Split(strings.TrimSpace(string(text)), "\n") {
		want, line, _ := strings.Cut(entry, "\t")
		x := tool{newFake()}
		x.must(t, "-A -t 10.0.0.9:80\n-a -t 10.0.0.9:80 -r 10.1.0.9 -w 3 -x 9 -y 8\n", "-R")
		if _, complaint, status := x.run("", words(t, line)...); fmt.Sprint(status) != want {
			t.Errorf("%s: status %d (%s), ipvsadm's is %s", line, status, strings.TrimSpace(complaint), want)
		}
	}
}

// drawTable draws a table as its owner could write it.
func drawTable(t *rapid.T) []ipvs.Service {
	var p plan
	for range rapid.IntRange(0, 4).Draw(t, "services") {
		v6 := rapid.Bool().Draw(t, "v6")
		host := func() string {
			if v6 {
				return fmt.Sprintf("[2001:db8::%x]", rapid.IntRange(0, 0xffff).Draw(t, "host"))
			}
			return fmt.Sprintf("10.0.0.%d", rapid.IntRange(0, 255).Draw(t, "host"))
		}
		port := rapid.IntRange(1, 65535)
		name := rapid.SampledFrom([]string{"-t", "-u", "--sctp-service", "-f"}).Draw(t, "kind")
		if name == "-f" {
			name += fmt.Sprintf(" %d", rapid.Uint32Range(1, 1<<32-1).Draw(t, "mark"))
			if v6 {
				name += " -6"
			}
		} else {
			name += fmt.Sprintf(" %s:%d", host(), port.Draw(t, "port"))
		}
		line := "-A " + name + " -s " + rapid.SampledFrom([]string{"rr", "wlc", "sh -b sh-port", "mh -b mh-fallback,mh-port", "rr -b flag-1,flag-3"}).Draw(t, "scheduler")
		if rapid.Bool().Draw(t, "persistent") {
			mask := "255.255.255.0"
			if v6 {
				mask = "64"
			}
			line += fmt.Sprintf(" -p %d -M %s --pe sip", rapid.IntRange(1, maxTimeout).Draw(t, "timeout"), mask)
		}
		do := func(line string) {
			r, err := parseLetters(book{}, strings.Fields(line))
			if err != nil {
				t.Fatal(err)
			}
			p.do(r.change())
		}
		do(line)
		for range rapid.IntRange(0, 4).Draw(t, "servers") {
			method := rapid.SampledFrom([]string{"-m", "-g", "-i", "-i --tun-type gue --tun-port 9 --tun-remcsum", "-i --tun-type gre --tun-csum", "-i --tun-type gre"}).Draw(t, "method")
			upper := rapid.IntRange(0, 1000).Draw(t, "upper")
			do(fmt.Sprintf("-a %s -r %s:%d %s -w %d -x %d -y %d", name, host(), port.Draw(t, "port"), method, rapid.IntRange(0, 1<<31-1).Draw(t, "weight"), upper, rapid.IntRange(0, upper).Draw(t, "lower")))
		}
	}
	return p.services
}

// What save writes, restore reads as the same table; the difference to it is empty.
func TestSaveIsReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		table := drawTable(t)
		var b bytes.Buffer
		for i := range table {
			writeRules(&b, &table[i], printer{}, true)
		}
		again, err := readTable(book{}, &b)
		if err != nil || !reflect.DeepEqual(again, table) {
			t.Fatalf("%v\n%s", err, cmp.Diff(table, again))
		}
		if changes := tableDifference(table, again, true); len(changes) > 0 {
			t.Fatalf("still to do: %v", changes)
		}
	})
}

// The lines of diff lead from one table to the other.
func TestDiffIsAScript(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		have, want := drawTable(t), drawTable(t)
		x := tool{&fake{plan: plan{services: have}}}
		changes := tableDifference(have, want, true)
		var lines strings.Builder
		for i := range changes {
			lines.WriteString(describe(&changes[i], printer{}) + "\n")
		}
		if _, complaint, status := x.run(lines.String(), "-R"); status != 0 || complaint != "" {
			t.Fatalf("status %d: %s\n%s", status, complaint, &lines)
		}
		if rest := tableDifference(x.kernel.services, want, true); len(rest) > 0 {
			t.Fatalf("still to do: %v", rest)
		}
	})
}

// Whatever a file says, it is a table or there is a line number in the error.
func FuzzRestore(f *testing.F) {
	f.Add("-A -t 10.0.0.1:80 -s sh -b sh-port -p 5 -M 255.0.0.0 --pe sip\n-a -t 10.0.0.1:80 -r 10.1.0.1 -i --tun-type gue --tun-port 1 -w 3\n")
	f.Add("ipvsadm -A -f 1 -6 -p -M 64\n# comment\n-E -f 1 -6 -o\n-D -f 1 -6\n-C\n")
	f.Add("-A -t [::1]:http -s 'r r' \\\n-A --tcp-service=0x1.2:080 -p=3\n-At\"10.1:1\"\n--sctp-service\n--set 1 2 3")
	f.Fuzz(func(t *testing.T, text string) {
		table, err := readTable(book{}, strings.NewReader(text))
		if err != nil {
			if !strings.Contains(err.Error(), "line ") && len(text) < maxLine {
				t.Fatalf("no line in %q", err)
			}
			return
		}
		var b bytes.Buffer
		for i := range table {
			if strings.ContainsAny(table[i].Scheduler+table[i].PersistName, " \t\r\"'\\#") {
				return // nothing that a kernel has
			}
			writeRules(&b, &table[i], printer{}, true)
		}
		again, err := readTable(book{}, strings.NewReader(b.String()))
		if err != nil {
			t.Fatalf("%v in\n%s", err, &b)
		}
		if len(again) != len(table) {
			t.Fatalf("%d services became %d", len(table), len(again))
		}
	})
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := "testdata/" + name
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("%s (-want +got):\n%s", path, d)
	}
}

const someTable = `-A -t 10.0.0.1:80 -s wrr -p 300 -M 255.255.255.0
-a -t 10.0.0.1:80 -r 10.1.0.1:8080 -m -w 2 -x 100 -y 50
-a -t 10.0.0.1:80 -r 10.1.0.2 -i --tun-type gue --tun-port 6080 --tun-csum
-A -u 192.168.0.1:53 -s rr -o
-A -f 9 -6 -s mh -b mh-port
-a -f 9 -6 -r [2001:db8::9]:80 -g
`

// -R goes on behind what the kernel refuses, ends at what has no meaning, and
// says which line it was; the status is that of the last line.
func TestLinesOneByOne(t *testing.T) {
	for name, tc := range map[string]struct {
		in, complaint, table string
		status               int
	}{
		"refused":        {"-A -t 10.0.0.1:80\n\n-A -t 10.0.0.1:80\nipvsadm -A -f 1\n", "halbd ipvs: line 3: add virtual service tcp 10.0.0.1:80: it exists already\n", "-A -t 10.0.0.1:80 -s wlc\n-A -f 1 -s wlc\n", 0},
		"refused last":   {"-A -f 1\n-D -f 2", "halbd ipvs: line 2: delete virtual service fwmark 2: there is no such service\n", "-A -f 1 -s wlc\n", 255},
		"no meaning":     {"-A -f 1\n-A -f 2 -w 5\n-A -f 3\n", "halbd ipvs: line 2: -w has no meaning with add-service\n", "-A -f 1 -s wlc\n", 2},
		"unknown option": {"-A -f 1\r\n-A -f 2 --bogus\n-A -f 3\n", "halbd ipvs: line 2: --bogus: unknown option\n", "-A -f 1 -s wlc\n", 255},
		"quoted":         {"-A -t \"10.0.0.1:80\" -s 'rr'  # and so on\n", "", "-A -t 10.0.0.1:80 -s rr\n", 0},
	} {
		x := tool{newFake()}
		_, complaint, status := x.run(tc.in, "-R")
		if table := x.must(t, "", "save"); table != tc.table || complaint != tc.complaint || status != tc.status {
			t.Errorf("%s: status %d, %q, the table is\n%s", name, status, complaint, table)
		}
	}
}

// All that list can say in JSON; the names of fields are promised.
func TestJSON(t *testing.T) {
	x := tool{newFake()}
	x.must(t, someTable, "restore")
	x.must(t, "", "start-daemon master --mcast-interface d0 --syncid 3")
	var all strings.Builder
	for _, line := range []string{"list --json", "list --timeout --json", "list --daemon --json", "-Lnc --json"} {
		out := x.must(t, "", line)
		if !json.Valid([]byte(out)) {
			t.Errorf("%s prints no JSON", line)
		}
		all.WriteString("$ " + line + "\n" + out)
	}
	golden(t, "json.txt", all.String())
}

// moving is a kernel whose table is another one each time.
type moving struct {
	*fake
	tables [][]ipvs.Usage
}

func (m *moving) Usage() ([]ipvs.Usage, error) {
	now := m.tables[0]
	if len(m.tables) > 1 {
		m.tables = m.tables[1:]
	}
	return now, nil
}

func movingTables(t *testing.T) [][]ipvs.Usage {
	t.Helper()
	x := tool{newFake()}
	x.must(t, someTable, "restore")
	first, _ := x.kernel.Usage()
	x.must(t, "", "edit server -t 10.0.0.1:80 -r 10.1.0.1:8080 -m -w 7")
	x.must(t, "", "delete server -t 10.0.0.1:80 -r 10.1.0.2")
	x.must(t, "", "add server -t 10.0.0.1:80 -r 10.1.0.3")
	x.must(t, "", "delete service -u 192.168.0.1:53")
	second, _ := x.kernel.Usage()
	first[0].Stats = ipvs.Stats{Conns: 100, InPkts: 1000, InBytes: 1e9, CPS: 3}
	first[0].Servers[0].Stats = ipvs.Stats{Conns: 100, InPkts: 1000, InBytes: 1e9, CPS: 3}
	second[0].Stats = ipvs.Stats{Conns: 140, InPkts: 2000, InBytes: 2e9, CPS: 3}
	second[0].Servers[0].Stats = ipvs.Stats{Conns: 140, InPkts: 2000, InBytes: 2e9}
	second[0].Dests[0].ActiveConns = 40
	return [][]ipvs.Usage{first, second}
}

// Samples of watch, two seconds apart, on no terminal: rates come from the
// difference of counters, changes are marked, what has gone is said once.
func TestWatch(t *testing.T) {
	time.Local = time.UTC // for the title
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		s := &session{out: &out, names: book{}, kernel: &moving{newFake(), movingTables(t)}}
		r, err := parse(book{}, []string{"watch", "--interval", "2s", "--count", "3"})
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		if err := s.watchOn(t.Context(), r, nil); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took != 4*time.Second {
			t.Errorf("three samples took %v, want 4s", took)
		}
		golden(t, "watch.txt", out.String())
	})
}

// A frame fits the terminal, whatever its size.
func TestFrame(t *testing.T) {
	tables := movingTables(t)
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	before := &sample{at, tables[0]}
	v := (&sample{at.Add(2 * time.Second), tables[1]}).picture(before).View()
	golden(t, "frame.txt", strings.ReplaceAll(v.Frame(140, 24, 0), "\x1b", "ESC"))
	for width := 1; width < 140; width += 7 {
		for height := 1; height < 12; height++ {
			frame := v.Frame(width, height, v.Limit(99, height))
			for _, sequence := range []string{live.Bold, live.Reverse, live.Normal, "\x1b[H", "\x1b[K", "\x1b[J"} {
				frame = strings.ReplaceAll(frame, sequence, "")
			}
			lines := strings.Split(frame, "\r\n")
			if len(lines) > max(height, 2) {
				t.Fatalf("%d lines on a terminal of %d", len(lines), height)
			}
			for _, l := range lines {
				if len(l) > width {
					t.Fatalf("a line of %d columns on a terminal of %d: %q", len(l), width, l)
				}
			}
		}
	}
}

// Shells complete verbs, options and what an option can be.
func TestComplete(t *testing.T) {
	for before, want := range map[string]string{"": "add", "add": "server\tadd a server to a service", "add service": "--scheduler", "add server -t 10.0.0.1:80 --tun-type": "gue", "start-daemon": "master", "-A": "--pe"} {
		list := Complete(strings.Fields(before), "")
		if !slices.ContainsFunc(list, func(s string) bool { return strings.HasPrefix(s, want) }) {
			t.Errorf("behind %q: %q, want %q", before, list, want)
		}
	}
}

// Every command and every option is in the help.
func TestHelp(t *testing.T) {
	x := tool{newFake()}
	overview := x.must(t, "", "--help")
	for _, c := range commands() {
		if !strings.Contains(overview, "  "+c.verb) {
			t.Errorf("%s is not in the overview", c.verb)
		}
		if text := x.must(t, "", "help "+c.verb); !strings.Contains(text, c.help) {
			t.Errorf("help of %s:\n%s", c.verb, text)
		}
	}
}
