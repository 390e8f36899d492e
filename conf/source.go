package conf

import (
	"bytes"
	"fmt"
	"os"
)

// maxLine is the longest line content (bytes) that keepalived reads whole.
const maxLine = 1022

// rawLine is one line of a file as it stands there, without its newline.
type rawLine struct {
	text string
	pos  Pos // column 1
}

// source is one file that is being read.
type source struct {
	name string
	from *Pos
	data []byte
	line int // of the line that next returns, after it returned
}

// readSource reads a whole file.
func readSource(name string, from *Pos) (*source, error) {
	st, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if st.IsDir() {
		return nil, fmt.Errorf("%s is a directory", name)
	}
	if !st.Mode().IsRegular() || st.Mode()&0o111 != 0 {
		return nil, fmt.Errorf("%s is not a regular non-executable file", name)
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	return &source{name: name, from: from, data: data}, nil
}

// next returns the next usable line. Lines that keepalived does not read
// whole, or not at all, are complained about: of a line that is too long the
// rest is read as a line of its own, as keepalived does it.
func (s *source) next(found *Diagnostics) (rawLine, bool) {
	for len(s.data) > 0 {
		s.line++
		pos := Pos{File: s.name, Line: s.line, Column: 1, From: s.from}
		content, rest, newline := bytes.Cut(s.data, []byte{'\n'})
		s.data = rest
		if len(content) > maxLine {
			found.report(longLine, pos, "line too long: %d bytes are ignored, a line may have %d", (len(content)/(maxLine+1))*(maxLine+1), maxLine)
			content = content[len(content)/(maxLine+1)*(maxLine+1):]
		}
		if bytes.IndexByte(content, 0) >= 0 {
			if newline || len(content) > 1 {
				found.report(nulByte, pos, "line contains a NUL byte and is ignored")
			}
			continue
		}
		return rawLine{string(content), pos}, true
	}
	return rawLine{}, false
}
