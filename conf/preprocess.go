package conf

import (
	"os"
	"path/filepath"
	"strings"
)

// preprocessor turns the lines of a file and of its includes into segments
// for the walker: conditions, definitions, sequences and includes are gone.
type preprocessor struct {
	opt    Options
	walk   *walker
	found  Diagnostics
	defs   map[string][]string // a definition's lines; more than one for a multi-line value
	multi  string              // the multi-line definition that is being read, or ""
	check  includeCheck        // of the plain include
	files  []*source           // being read, main file first
	nested int                 // lines that stand inside the expansion of others
}

// Limits against files that would never end.
const (
	maxExpansion = 1023    // bytes of a line after substitution, as in keepalived
	maxReplaced  = 10_000  // substitutions in one line
	maxSequence  = 100_000 // repetitions of one ~SEQ
	maxNesting   = 200     // definitions and sequences inside each other
)

// parse reads a configuration and drives h with its statements.
func parse(path string, opt Options, lang language, h handler) Diagnostics {
	p := &preprocessor{opt: opt, defs: map[string][]string{}}
	p.walk = &walker{lang: lang, h: h, found: &p.found}
	if opt.StrictIncludes {
		p.check = checkAll
	}
	data, err := os.ReadFile(path)
	if err != nil {
		p.found.report(noMainFile, Pos{}, "configuration file cannot be read: %v", err)
		return p.found
	}
	s := &source{name: path, data: data}
	p.read(s)
	p.walk.end(Pos{File: path, Line: max(s.line, 1), Column: 1})
	return p.found
}

// Load reads a configuration file with everything that it includes. The
// Config is never nil: it holds what could be understood.
func Load(path string, opt Options) (*Config, Diagnostics) { return load(path, opt, parse) }

// read processes every line of a file.
func (p *preprocessor) read(s *source) {
	p.files = append(p.files, s)
	for {
		l, ok := s.next(&p.found)
		if !ok {
			break
		}
		text := cutComment(l.text, p.walk.global())
		trimmed := trimBlanks(text)
		if p.multi != "" {
			p.continueDefinition(trimmed)
			continue
		}
		if trimmed != "" {
			p.line(trimmed, l.pos, strings.Index(text, trimmed))
		}
	}
	p.files = p.files[:len(p.files)-1]
}

// dir is the directory of the file that is being read.
func (p *preprocessor) dir() string { return filepath.Dir(p.files[len(p.files)-1].name) }

// line processes one line, as read or as it came out of a definition or a
// sequence. offset is where it starts in the line of the file.
func (p *preprocessor) line(text string, pos Pos, offset int) {
	pos.Column = offset + 1
	if p.nested > maxNesting {
		p.found.report(endlessText, pos, "definitions or sequences are nested too deeply: one of them expands to itself")
		return
	}
	p.nested++
	defer func() { p.nested-- }()
	if text[0] == '@' {
		rest, at := p.condition(text)
		if rest == "" {
			return
		}
		text, offset = rest, offset+at
	}
	switch {
	case p.define(text):
	case p.include(text, pos):
	case strings.HasPrefix(text, "~SEQ"), strings.HasPrefix(text, "~LST("):
		p.repeat(text, pos, offset)
	default:
		p.statement(text, pos, offset)
	}
}

// condition evaluates @id and @^id and returns what it guards, "" if that does
// not apply, and where that begins.
func (p *preprocessor) condition(text string) (string, int) {
	id, rest := cutBlank(text[1:])
	id, negated := strings.CutPrefix(id, "^")
	if p.opt.ids != nil && id != "" {
		p.opt.ids[id] = true
	}
	if rest == "" || id == "" || (id == p.opt.ConfigID) == negated {
		return "", 0
	}
	return rest, len(text) - len(rest)
}

// define takes a $NAME=value line.
func (p *preprocessor) define(text string) bool {
	name, value, found := strings.Cut(text, "=")
	name, dollar := strings.CutPrefix(name, "$")
	if !found || !dollar || !isName(name) {
		return false
	}
	value = trimBlanks(value)
	first, more := strings.CutSuffix(value, `\`)
	if !more {
		p.defs[name] = []string{value}
		return true
	}
	p.defs[name] = nil
	if first = trimBlanks(first); first != "" {
		p.defs[name] = []string{first}
	}
	p.multi = name
	return true
}

// continueDefinition takes the next line of a multi-line value. A blank line
// or a comment ends it.
func (p *preprocessor) continueDefinition(line string) {
	name := p.multi
	line, more := strings.CutSuffix(line, `\`)
	if line = trimBlanks(line); line != "" {
		p.defs[name] = append(p.defs[name], line)
	}
	if !more {
		p.multi = ""
		if len(p.defs[name]) == 0 {
			p.defs[name] = []string{""}
		}
	}
}

// statement substitutes definitions and gives the words to the walker.
func (p *preprocessor) statement(text string, pos Pos, offset int) {
	expanded, more, err := p.expand(text, pos)
	if err != nil {
		p.found.report(endlessText, pos, "%v", err)
		return
	}
	segs, quote := lexLine(expanded, offset, expanded != text)
	for _, s := range segs {
		if s.words != nil && p.walk.path() == "global_defs" && s.words[0].Text == "include_check" {
			p.setIncludeCheck(pos, s.words[1:])
		}
		p.walk.segment(pos, s)
	}
	if quote > 0 {
		pos.Column = quote
		p.found.report(openQuote, pos, "Unterminated quote: '%s' - the words from the quote on are lost", expanded)
	}
	for _, l := range more {
		p.line(l, pos, offset)
	}
}
