package rowcases

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// ConfigID is what -i is given with every case.
const ConfigID = "rowcases"

// Record is a recorded verdict.
type Record struct {
	Status int
	Lines  []int  // relative to the statement: 0 is its first line
	Source string // the version of keepalived
}

// ID names a case in the file of verdicts.
func (c Case) ID() string { return c.Key() + "\t" + string(c.Variant) }

// WriteVerdicts writes one line for each case that has a record, behind a line
// that says for which cases it was recorded. The rows that all variants of a
// keyword share are written once: their status, source and lines.
func WriteVerdicts(w io.Writer, cases []Case, records map[string]Record) error {
	b := bufio.NewWriter(w)
	fmt.Fprintf(b, "%s%s\n", digestMark, Digest(cases))
	var lines []string
	for _, c := range cases {
		if r, ok := records[c.ID()]; ok {
			lines = append(lines, fmt.Sprintf("%s\t%d\t%s\t%s", c.ID(), r.Status, joinLines(r.Lines), r.Source))
		}
	}
	slices.Sort(lines)
	for _, line := range lines {
		fmt.Fprintln(b, line)
	}
	return b.Flush()
}

// digestMark begins the first line of the file.
const digestMark = "# block, keyword, variant, exit status, lines named (0 is the statement's), keepalived; cases "

// ReadVerdicts reads what WriteVerdicts wrote, by the cases' IDs.
func ReadVerdicts(r io.Reader) (digest string, records map[string]Record, err error) {
	records = map[string]Record{}
	s := bufio.NewScanner(r)
	for s.Scan() {
		if d, ok := strings.CutPrefix(s.Text(), digestMark); ok {
			digest = d
			continue
		}
		f := strings.Split(s.Text(), "\t")
		if len(f) != 6 {
			return "", nil, fmt.Errorf("verdicts: %q has %d fields", s.Text(), len(f))
		}
		rec := Record{Source: f[5]}
		if rec.Status, err = strconv.Atoi(f[3]); err != nil {
			return "", nil, err
		}
		if rec.Lines, err = splitLines(f[4]); err != nil {
			return "", nil, err
		}
		records[strings.Join(f[:3], "\t")] = rec
	}
	return digest, records, s.Err()
}

func joinLines(lines []int) string {
	var words []string
	for _, n := range lines {
		words = append(words, strconv.Itoa(n))
	}
	return strings.Join(words, ",")
}

func splitLines(s string) ([]int, error) {
	var lines []int
	for word := range strings.SplitSeq(s, ",") {
		if word == "" {
			continue
		}
		n, err := strconv.Atoi(word)
		if err != nil {
			return nil, err
		}
		lines = append(lines, n)
	}
	return lines, nil
}

// BlockStart gives the line where the block begins that ends at a line; other
// lines are their own. keepalived notices at the } that a block is incomplete:
// halbd names the block, or what is wrong inside (docs/differences.md).
func BlockStart(text string, line int) int {
	lines := strings.Split(text, "\n")
	if line < 1 || line > len(lines) || strings.TrimSpace(lines[line-1]) != "}" {
		return line
	}
	for open := 0; line > 0; line-- {
		open += strings.Count(lines[line-1], "}") - strings.Count(lines[line-1], "{")
		if open == 0 {
			return line
		}
	}
	return 1
}
