package match

import (
	"bufio"
	"encoding/hex"
	"encoding/json"
	"errors"
	"math"
	"os"
	"strings"
	"testing"

	"halbd/internal/pcre"
)

// recorded is what PCRE2 10.42 made of a pattern and a subject.
type recorded struct {
	Pattern string   `json:"p"` // in hex
	Options []string `json:"o"`
	Subject string   `json:"s"` // in hex
	Min     uint64   `json:"min"`
	Max     *uint64  `json:"max"`
	Error   string   `json:"err"` // it does not compile
	Offset  int      `json:"off"`
	Code    int      `json:"rc"` // the match failed
	Match   bool     `json:"m"`
}

// search gives the subject in pieces of a size.
func search(p *Program, b Bounds, subject []byte, size int) (bool, error) {
	s := p.Search(b)
	for rest := subject; len(rest) > 0; {
		n := min(size, len(rest))
		s.Write(rest[:n])
		rest = rest[n:]
	}
	return s.Matched()
}

// The verdicts are those of PCRE2, in any pieces.
func TestRecorded(t *testing.T) {
	path := "testdata/pcre2.jsonl"
	if p := os.Getenv("PCRE2_RECORDED"); p != "" {
		path = p
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	unsupported, total, wrong := 0, 0, 0
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var r recorded
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			t.Fatal(err)
		}
		pattern, _ := hex.DecodeString(r.Pattern)
		subject, _ := hex.DecodeString(r.Subject)
		o, err := pcre.ParseOptions(r.Options)
		if err != nil {
			t.Fatal(err)
		}
		total++
		p, err := pcre.Parse(string(pattern), o)
		var e *pcre.Error
		switch {
		case errors.As(err, &e) && e.Unsupported:
			unsupported++
			continue
		case err == nil && strings.HasPrefix(r.Error, "lookbehind"):
			continue // PCRE2 10.43 takes it
		case (err != nil) != (r.Error != ""):
			wrong++
			t.Errorf("%q %v: got %v, want %q at offset %d", pattern, r.Options, err, r.Error, r.Offset)
			continue
		case err != nil:
			if e.Text != r.Error || e.Offset != r.Offset {
				t.Logf("%q: says %v, PCRE2 %s at offset %d", pattern, err, r.Error, r.Offset)
			}
			continue
		case r.Code != 0:
			continue
		}
		m, err := Compile(p)
		if err != nil {
			t.Errorf("%q: %v", pattern, err)
			continue
		}
		b := Bounds{r.Min, math.MaxUint64}
		if r.Max != nil {
			b.Max = *r.Max
		}
		for _, size := range []int{1, 3, 100} {
			if got, err := search(m, b, subject, size); err != nil || got != r.Match {
				wrong++
				t.Errorf("%q %v in %q from %d to %d by %d: got %v %v, want %v (backtracks %v)", pattern, r.Options, subject, b.Min, b.Max, size, got, err, r.Match, m.Backtracks())
				break
			}
		}
	}
	t.Logf("%d of %d are not supported, %d are wrong", unsupported, total, wrong)
}
