package match

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"runtime"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"halbd/internal/pcre"
)

var everywhere = Bounds{0, math.MaxUint64}

func compile(t testing.TB, pattern string, options ...string) *Program {
	t.Helper()
	o, err := pcre.ParseOptions(options)
	if err != nil {
		t.Fatal(err)
	}
	p, err := pcre.Parse(pattern, o)
	if err != nil {
		t.Fatal(err)
	}
	m, err := Compile(p)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// The pieces in which a subject arrives do not matter, for either engine.
func TestPiecesDoNotMatter(t *testing.T) {
	programs := map[string]*Program{}
	for _, pattern := range []string{"ab", "^a.*b$", `\bab\b`, "a{2,3}b", "(?m)^b$", `(a|b)\1`, "(?<=a)b", "a(?!b)", "é+", "a++b"} {
		for _, options := range [][]string{nil, {"utf"}, {"utf", "caseless", "firstline"}} {
			programs[fmt.Sprint(pattern, options)] = compile(t, pattern, options...)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		subject := []byte(strings.Join(rapid.SliceOf(rapid.SampledFrom([]string{"a", "b", "A", "\n", "é", "É", "\xc3", " "})).Draw(t, "subject"), ""))
		size := rapid.IntRange(1, 5).Draw(t, "size")
		b := Bounds{rapid.Uint64Range(0, 6).Draw(t, "min"), rapid.Uint64Range(0, 12).Draw(t, "max")}
		for name, p := range programs {
			whole, err1 := search(p, b, subject, len(subject)+1)
			parts, err2 := search(p, b, subject, size)
			if whole != parts || err1 != nil || err2 != nil {
				t.Errorf("%s in %q from %d to %d: whole %v %v, in pieces of %d %v %v", name, subject, b.Min, b.Max, whole, err1, size, parts, err2)
			}
		}
	})
}

// A pattern that goes back and forth for ever ends, and says so; one that is
// regular needs no limit however it is written.
func TestCatastrophicPatterns(t *testing.T) {
	subject := []byte(strings.Repeat("a", 5000) + "b")
	start := time.Now()
	if found, err := search(compile(t, "(a+)+$"), everywhere, subject, 1000); found || err != nil {
		t.Errorf("regular: %v %v", found, err)
	}
	found, err := search(compile(t, `(?:(a+)+)+\1c$`), everywhere, subject, 1000)
	if found || !errors.Is(err, ErrTimeout) {
		t.Errorf("backtracking: %v %v", found, err)
	}
	if d := time.Since(start); d > 10*Limit {
		t.Errorf("they took %v", d)
	}
}

// Matches are found wherever they lie in a long subject, and little of it is kept.
func TestLongSubjects(t *testing.T) {
	const size = 24 << 20
	filler := bytes.Repeat([]byte("lorem ipsum "), 1<<16/12)
	for pattern, want := range map[string]bool{"needle$": true, `n(e)+dle\z`: true, `(?<=hay )needle$`: true, `(e)\1dle`: true, `(?<!hay )needle`: false, "^lorem": true, `^needle`: false} {
		m := compile(t, pattern)
		s := m.Search(everywhere)
		for n := 0; n < size; n += len(filler) {
			s.Write(filler)
		}
		s.Write([]byte("hay needle"))
		var mem runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&mem)
		if mem.HeapAlloc > 16<<20 {
			t.Errorf("%s: %d MB are kept", pattern, mem.HeapAlloc>>20)
		}
		if found, err := s.Matched(); found != want || err != nil {
			t.Errorf("%s: %v %v, want %v", pattern, found, err, want)
		}
	}
}

// Every subject and pattern ends with a verdict.
func FuzzMatch(f *testing.F) {
	f.Add("(a|b)*c", []byte("ababc"), 2, false)
	f.Add(`(a+)\1$`, []byte("aaaa\n"), 1, false)
	f.Add(`é|\bx`, []byte("\xc3\xa9 x"), 1, true)
	f.Fuzz(func(t *testing.T, pattern string, subject []byte, size int, utf bool) {
		p, err := pcre.Parse(pattern, pcre.Options{UTF: utf})
		if err != nil {
			return
		}
		m, err := Compile(p)
		if err != nil {
			return
		}
		one, err1 := search(m, everywhere, subject, len(subject)+1)
		two, err2 := search(m, everywhere, subject, max(1, size))
		if err1 == nil && err2 == nil && one != two {
			t.Errorf("%q in %q: %v in one piece, %v in pieces of %d", pattern, subject, one, two, size)
		}
	})
}

func BenchmarkAutomaton(b *testing.B) {
	m := compile(b, "status.*(ok|green)")
	body := bytes.Repeat([]byte("lorem ipsum status dolor\n"), 1000)
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		s := m.Search(everywhere)
		s.Write(body)
		s.Matched()
	}
}
