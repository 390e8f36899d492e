package track

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"halbd/conf"
)

// What keepalived 2.2.7 counts, seen with processes of these names and
// arguments. An argument is an element of args; args[0] is what the program
// was called by.
func TestMatches(t *testing.T) {
	one := []string{"/opt/alpha", "1000"}
	two := []string{"/opt/alpha", "1000", "2000"}
	for _, row := range []struct {
		process string
		match   conf.ParamMatch // with params and "", exact, as conf resolves it
		full    bool
		comm    string
		args    []string
		want    bool
	}{
		{"alpha", "", false, "alpha", one, true},
		{"/opt/alpha", "", false, "alpha", one, false}, // the name has no path
		{"alpha", "", true, "alpha", one, false},       // the command line has one
		{"/opt/alpha", "", true, "alpha", one, true},
		{"/opt/alpha", "", true, "alpha", two, true},
		{"/opt/alph", "", true, "alpha", one, false},
		{"abcdefghijklmnop", "", false, "abcdefghijklmno", one, false}, // the kernel keeps 15 bytes
		{"alpha 1000", conf.MatchExact, false, "alpha", one, false},
		{"/opt/alpha 1000", conf.MatchExact, false, "alpha", one, true},
		{"/opt/alpha 1000", conf.MatchExact, false, "alpha", two, false},
		{"/opt/alpha", conf.MatchExact, true, "alpha", one, false}, // exactly no parameters
		{"/opt/alpha", conf.MatchExact, false, "alpha", []string{"/opt/alpha"}, true},
		{"/opt/alpha", conf.MatchPartial, false, "alpha", one, true},
		{"/opt/alp", conf.MatchPartial, false, "alpha", one, false},
		{"/opt/alpha", conf.MatchInitial, false, "alpha", one, true},
		{"/opt/alp", conf.MatchInitial, false, "alpha", one, false},
		{"/opt/alpha 1000", conf.MatchPartial, false, "alpha", two, true},
		{"/opt/alpha 10", conf.MatchPartial, false, "alpha", two, false},
		{"/opt/alpha 1000 2000 3", conf.MatchPartial, false, "alpha", two, false},
		{"/opt/alpha 10", conf.MatchInitial, false, "alpha", one, true},
		{"/opt/alpha 10", conf.MatchInitial, false, "alpha", two, true},
		{"/opt/alpha 1000 20", conf.MatchInitial, false, "alpha", two, true},
		{"/opt/alpha 10 20", conf.MatchInitial, false, "alpha", two, false},
		{"kthreadd", "", false, "kthreadd", nil, true}, // has no command line at all
	} {
		words := strings.Fields(row.process)
		m := newMatcher(&conf.TrackProcess{Process: words[0], Params: words[1:], Match: row.match, FullCommand: row.full})
		command := strings.Join(row.args, "\x00") + "\x00"
		command = command[:min(len(command), max(m.commandLimit(), 0))] // no more is read
		if got := m.matches(row.comm, []byte(command)); got != row.want {
			t.Errorf("process %q match %q full %v against %s %q: %v", row.process, row.match, row.full, row.comm, row.args, got)
		}
	}
}

// What keepalived takes and can never match is told.
func TestHopelessNames(t *testing.T) {
	for process, want := range map[string]bool{"httpd": false, "fifteen-letters": false, "sixteen-letters-": true, "/usr/sbin/httpd": true, "kworker/0:1": false} {
		named, full := newMatcher(&conf.TrackProcess{Process: process}), newMatcher(&conf.TrackProcess{Process: process, FullCommand: true})
		if got := named.hopeless() != ""; got != want || full.hopeless() != "" {
			t.Errorf("%s: %q, with full_command %q", process, named.hopeless(), full.hopeless())
		}
	}
}

// ledger drives a census with a clock of its own and writes verdicts down.
type ledger struct {
	*census
	now time.Time
	out []string
}

func newLedger(p conf.TrackProcess) *ledger {
	l := &ledger{now: time.Unix(0, 0)}
	l.census = newCensus([]conf.TrackProcess{p}, func(q *quorum) {
		l.out = append(l.out, fmt.Sprintf("%v %v %s", l.now.Sub(time.Unix(0, 0)), q.good, q.why()))
	})
	l.judgeAll(l.now)
	return l
}

// at lets time pass; what has to wait is settled at its time exactly.
func (l *ledger) at(d time.Duration) *ledger {
	end := time.Unix(0, 0).Add(d)
	for {
		due, ok := l.deadline()
		if !ok || due.After(end) {
			l.now = end
			return l
		}
		l.now = due
		l.expire(due)
	}
}

func (l *ledger) set(pid int, runs bool, why cause) *ledger {
	m := member{}
	if runs {
		m.of = l.quorums
	}
	l.place(pid, m, why, l.now)
	return l
}

func (l *ledger) want(t *testing.T, lines ...string) {
	t.Helper()
	if !slices.Equal(l.out, lines) {
		t.Errorf("got\n  %s\nwant\n  %s", strings.Join(l.out, "\n  "), strings.Join(lines, "\n  "))
	}
}

const second = time.Second

// The delays, as keepalived 2.2.7 applies them: fork_delay to what a fork
// changes, terminate_delay to what an end changes, none to a program's start;
// a change that is undone in time is not told.
func TestDelays(t *testing.T) {
	p := conf.TrackProcess{Quorum: 2, QuorumMax: -1, ForkDelay: second, TerminateDelay: 2 * second}
	l := newLedger(p)
	l.at(second).set(1, true, causeStart).at(4*second).set(2, true, causeFork)
	l.at(7*second).set(2, false, causeExit)
	l.at(11*second).set(3, true, causeFork).at(11500*time.Millisecond).set(3, false, causeExit) // too short
	l.at(15*second).set(4, true, causeFork).at(18*second).set(4, false, causeExit).at(19*second).set(5, true, causeFork).at(30 * second)
	l.want(t, "0s false 0 instances, quorum 2", "5s true 2 instances, quorum 2", "9s false 1 instance, quorum 2",
		"16s true 2 instances, quorum 2")

	p = conf.TrackProcess{Quorum: 1, QuorumMax: 1, ForkDelay: second, TerminateDelay: 2 * second}
	l = newLedger(p)
	l.at(second).set(1, true, causeStart).at(2*second).set(2, true, causeFork).at(5*second).set(2, false, causeExit)
	l.at(10*second).set(3, true, causeStart).at(11*second).set(3, false, causeExit).at(20 * second)
	l.want(t, "0s false 0 instances, quorum 1", "1s true 1 instance, quorum 1 to 1", "3s false 2 instances, quorum 1 to 1",
		"7s true 1 instance, quorum 1 to 1", "10s false 2 instances, quorum 1 to 1", "13s true 1 instance, quorum 1 to 1")

	none := newLedger(conf.TrackProcess{Quorum: 0, QuorumMax: 0})
	none.at(second).set(1, true, causeStart).at(2*second).set(1, false, causeExit)
	none.want(t, "0s true 0 instances, quorum 0 to 0", "1s false 1 instance, quorum 0 to 0", "2s true 0 instances, quorum 0 to 0")
}

// Whatever happens to processes, the count is the number of members, and
// without delays the verdict is what the count says.
func TestCensusCountsMembers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		verdict := false
		c := newCensus([]conf.TrackProcess{{Quorum: rapid.IntRange(0, 3).Draw(t, "quorum"), QuorumMax: rapid.IntRange(-1, 4).Draw(t, "max")}},
			func(q *quorum) { verdict = q.good })
		c.judgeAll(time.Time{})
		alive := map[int]bool{}
		for range 50 {
			pid, runs := rapid.IntRange(1, 6).Draw(t, "pid"), rapid.Bool().Draw(t, "runs")
			m := member{}
			if runs {
				m.of = c.quorums
				alive[pid] = true
			} else {
				delete(alive, pid)
			}
			c.place(pid, m, cause(rapid.IntRange(0, 2).Draw(t, "cause")), time.Time{})
			if q := c.quorums[0]; q.count != len(alive) || verdict != q.met() {
				t.Fatalf("count %d of %d, verdict %v", q.count, len(alive), verdict)
			}
		}
	})
}

func TestParseStat(t *testing.T) {
	b, err := os.ReadFile("/proc/self/stat")
	if err != nil {
		t.Fatal(err)
	}
	s, ok := parseStat(b)
	if !ok || s.parent != os.Getppid() || s.dead || s.start == 0 {
		t.Errorf("own: %+v %v", s, ok)
	}
	line := "7 (a) Z (b) 3 x) Z 42 7 7 0 -1 4 0 0 0 0 0 0 0 0 20 0 1 0 99 0 0"
	if s, ok = parseStat([]byte(line)); !ok || s != (stat{dead: true, parent: 42, start: 99}) {
		t.Errorf("a name with parentheses: %+v %v", s, ok)
	}
}

func FuzzParseStat(f *testing.F) {
	f.Add([]byte("7 (a b) S 42 7 7 0 -1 4 0 0 0 0 0 0 0 0 20 0 1 0 99 0 0"))
	f.Fuzz(func(t *testing.T, b []byte) { parseStat(b) })
}

// event builds a datagram of the connector.
func event(what uint32, words ...uint32) []byte {
	b := make([]byte, dataOffset+24)
	put := binary.NativeEndian.PutUint32
	put(b[connectorOffset:], cnIdxProc)
	put(b[connectorOffset+4:], cnValProc)
	put(b[eventOffset:], what)
	for i, w := range words {
		put(b[dataOffset+4*i:], w)
	}
	return b
}

func TestDecodeEvent(t *testing.T) {
	for _, row := range []struct {
		b    []byte
		want procEvent
		ok   bool
	}{
		{event(eventFork, 10, 9, 20, 20), procEvent{eventFork, 20, 9}, true},
		{event(eventFork, 10, 9, 21, 20), procEvent{}, false}, // a thread
		{event(eventExec, 20, 20), procEvent{eventExec, 20, 0}, true},
		{event(eventExit, 21, 20), procEvent{}, false},
		{event(eventComm, 20, 20), procEvent{eventComm, 20, 0}, true},
		{event(eventAck), procEvent{}, false},
		{event(4, 20, 20), procEvent{}, false},
		{event(eventExec, 20, 20)[:dataOffset+4], procEvent{}, false},
	} {
		got, ok := decodeEvent(row.b)
		if ok != row.ok || ok && got != row.want {
			t.Errorf("%x: %+v %v", row.b[dataOffset:], got, ok)
		}
	}
}

func FuzzDecodeEvent(f *testing.F) {
	f.Add(event(eventFork, 1, 2, 3, 3))
	f.Add(event(eventExit, 1, 1))
	f.Fuzz(func(t *testing.T, b []byte) {
		e, ok := decodeEvent(b)
		if _, ack := ackError(b, 1); ok && ack {
			t.Errorf("%x is an event and an acknowledgement", b)
		}
		if !ok && e.what == eventExec && bytes.Equal(b, event(eventExec, uint32(e.pid), uint32(e.pid))) {
			t.Errorf("%x: a good event is refused", b)
		}
	})
}

// A tracked program as the trackers see it, with the kernel's events where
// they are to be had and with /proc alone.
func TestProcessesAreFollowed(t *testing.T) {
	for _, mode := range []string{"events", "scan"} {
		t.Run(mode, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, fmt.Sprintf("hbd%d%s", os.Getpid()%10000, mode))
			must(t, copyFile("/bin/sleep", path))
			results := make(chan Result, 10)
			p := newProcesses(func(r Result) { results <- r }, slog.New(slog.DiscardHandler))
			if mode == "scan" {
				p.open = func(conf.Buffer) (*eventSocket, error) { return nil, errNoEvents }
			} else if s, err := openEvents(conf.Buffer{}); err != nil {
				t.Skip(err)
			} else {
				s.close()
			}
			name := filepath.Base(path)
			list := []conf.TrackProcess{
				{Name: "name", Process: name, Quorum: 1, QuorumMax: -1},
				{Name: "two", Process: path, Params: []string{"1000"}, Match: conf.MatchExact, Quorum: 2, QuorumMax: -1},
			}
			stop := serve(t, p)
			defer stop()
			p.reload(processConf{list: list})
			want := func(name string, value int) {
				t.Helper()
				if r := next(t, results); r.Name != name || r.Value != value || !r.Known {
					t.Fatalf("%+v, want %s %d", r, name, value)
				}
			}
			want("name", 1)
			want("two", 1)
			first := run(t, path, "1000")
			want("name", 0)
			second := run(t, path, "1000")
			want("two", 0)
			p.reload(processConf{list: list}) // the same again: nothing to tell
			killed := time.Now()
			second.Process.Kill()
			want("two", 1)
			t.Logf("seen %v after the kill", time.Since(killed))
			first.Process.Kill()
			want("name", 1)
			first.Wait()
			second.Wait()
		})
	}
}

// serve runs the watcher; the function that it returns ends it and waits.
func serve(t *testing.T, p *processes) func() {
	ctx, cancel := contextOf(t)
	done := make(chan struct{})
	go func() { defer close(done); p.run(ctx) }()
	return func() { cancel(); <-done }
}

func run(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(args[0], args[1:]...)
	must(t, cmd.Start())
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	return cmd
}

// When the kernel had to drop events all of /proc is read again, and what was
// missed is found.
func TestLostEventsAreRepaired(t *testing.T) {
	s, err := openEvents(conf.Buffer{Bytes: 1}) // as small as the kernel allows
	if err != nil {
		t.Skip(err)
	}
	defer s.close()
	path := filepath.Join(t.TempDir(), fmt.Sprintf("hbl%d", os.Getpid()%10000))
	must(t, copyFile("/bin/sleep", path))
	var told []Result
	p := newProcesses(func(r Result) { told = append(told, r) }, slog.New(slog.DiscardHandler))
	p.open = func(conf.Buffer) (*eventSocket, error) { return nil, errNoEvents }
	p.configure(processConf{list: []conf.TrackProcess{{Name: "p", Process: filepath.Base(path), Quorum: 1, QuorumMax: -1}}})
	cmd := run(t, path, "1000")
	for range 50 {
		must(t, exec.Command("/bin/true").Run())
	}
	_, lost, err := s.receive(nil)
	if err != nil || !lost {
		t.Fatalf("lost %v, %v", lost, err)
	}
	p.apply(batch{lost: true})
	if len(told) != 2 || told[0].Value != 1 || told[1].Value != 0 {
		t.Fatalf("a program that was started meanwhile: %+v", told)
	}
	cmd.Process.Kill()
	cmd.Wait()
	p.apply(batch{lost: true})
	if len(told) != 3 || told[2].Value != 1 {
		t.Fatalf("and ended: %+v", told)
	}
	p.unwatch()
	close(p.ended)
	p.readers.Wait()
}
