package conf

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
)

// preprocessor turns the lines of a file and of its includes into segments
// for the walker: conditions, definitions, sequences and includes are gone.
type preprocessor struct {
	opt    Options
	walk   walker
	lex    lexer
	found  Diagnostics
	defs   map[string][]string // a definition's lines; more than one for a multi-line value
	multi  string              // the multi-line definition that is being read, or ""
	check  includeCheck        // of the plain include
	seed   *rand.Rand          // of ${_RANDOM}; nil: the numbers are of no row
	files  []*source           // being read, main file first
	nested int                 // lines that stand inside the expansion of others
	spent  int                 // of the effort
}

// Limits against files that would never end.
const (
	maxExpansion = 1023       // bytes of a line after substitution, as in keepalived
	maxReplaced  = 10_000     // substitutions in one line
	maxSequence  = 100_000    // repetitions of one ~SEQ
	maxNesting   = 200        // definitions and sequences inside each other
	maxIncludes  = 250        // files inside each other
	effort       = 10_000_000 // of all substitutions (1 each), lines that definitions and sequences make, and includes
	lineEffort   = 10
	fileEffort   = 500
)

// parse reads a configuration and drives h with its statements.
func parse(path string, opt Options, table *tableIndex, h handler) Diagnostics {
	p := &preprocessor{opt: opt, defs: map[string][]string{}}
	p.walk = walker{table: table, h: h, found: &p.found}
	p.walk.includeCheck, _ = table.lookup("global_defs", "include_check")
	p.walk.onIncludeCheck = p.setIncludeCheck
	p.walk.randomSeed, _ = table.lookup("global_defs", "random_seed")
	p.walk.onRandomSeed = p.setSeed
	if opt.StrictIncludes {
		p.check = checkAll
	}
	data, err := os.ReadFile(path)
	if err != nil {
		p.found.report(noMainFile, Pos{}, "configuration file cannot be read: %v", err)
		return p.found
	}
	s := newSource(path, nil, data)
	p.read(s)
	p.walk.end(Pos{File: path, Line: max(s.line, 1), Column: 1})
	return p.found
}

// Load reads a configuration file with everything that it includes. The
// Config is never nil: it holds what could be understood.
func Load(path string, opt Options) (*Config, Diagnostics) { return load(path, opt, parse) }

// read processes every line of a file.
func (p *preprocessor) read(s *source) {
	s.inspect(&p.found)
	if n := len(p.files); n > 0 {
		p.opt.Copy.take(p.files[n-1], p.files[n-1].here)
		defer func() { p.files[n-1].kept = p.files[n-1].at }()
	}
	p.files = append(p.files, s)
	for {
		l, ok := s.next(&p.found)
		if !ok {
			break
		}
		text := l.text
		if l.comments {
			text = cutComment(text, p.walk.global())
		}
		if l.quotes {
			p.countQuotes(text, s)
		}
		offset := 0
		for offset < len(text) && isBlank(text[offset]) {
			offset++
		}
		text = trimBlanks(text[offset:])
		switch {
		case p.multi != "":
			p.continueDefinition(text)
		case text != "":
			p.line(text, s.pos(1), offset)
		}
	}
	p.opt.Copy.take(s, len(s.text))
	p.files = p.files[:len(p.files)-1]
}

// countQuotes complains of a quote that does not end on its line, whatever
// the line is for.
func (p *preprocessor) countQuotes(text string, s *source) {
	if strings.Count(text, `"`)%2 == 1 {
		p.unterminated(text, s.pos(1+strings.LastIndexByte(text, '"')))
	}
}

// unterminated names the keyword only: what is quoted may be a password.
func (p *preprocessor) unterminated(text string, pos Pos) {
	word, _ := cutBlank(trimBlanks(text))
	p.found.report(openQuote, pos, "Unterminated quote behind '%s' - the words from the quote on are lost", word)
}

// dir is the directory of the file that is being read.
func (p *preprocessor) dir() string { return filepath.Dir(p.files[len(p.files)-1].name) }

// line processes one line, as read or as it came out of a definition or a
// sequence. offset is where it starts in the line of the file.
func (p *preprocessor) line(text string, pos Pos, offset int) {
	pos.Column = offset + 1
	if text[0] == '@' {
		rest, at := p.condition(text, pos)
		if rest == "" {
			return
		}
		text, offset = rest, offset+at
	}
	switch text[0] {
	case '$':
		if p.define(text) {
			return
		}
	case 'i':
		if p.include(text, pos) {
			return
		}
	case '~':
		if strings.HasPrefix(text, "~SEQ") || strings.HasPrefix(text, "~LST(") {
			p.repeat(text, pos, offset)
			return
		}
	}
	p.statement(text, pos, offset)
}

// again processes a line that a definition or a sequence has made.
func (p *preprocessor) again(text string, pos Pos, offset int) {
	switch {
	case text == "" || !p.afford(lineEffort, pos):
	case p.nested > maxNesting:
		p.found.report(endlessText, pos, "definitions or sequences are nested too deeply: one of them expands to itself")
	default:
		p.nested++
		p.line(text, pos, offset)
		p.nested--
	}
}

// afford counts what definitions, sequences and includes cost, and ends them
// with one complaint where they would go on for very long.
func (p *preprocessor) afford(cost int, pos Pos) bool {
	before := p.spent
	p.spent = min(p.spent+cost, effort)
	if p.spent == effort && before < effort {
		p.found.report(endlessText, pos, "definitions, sequences and includes multiply to more than %d lines or %d files: what they still make is ignored", effort/lineEffort, effort/fileEffort)
	}
	return p.spent < effort
}

// condition evaluates @id and @^id and returns what it guards, "" if that does
// not apply, and where that begins.
func (p *preprocessor) condition(text string, pos Pos) (string, int) {
	id, rest := cutBlank(text[1:])
	if rest == "" || strings.HasSuffix(id, "@") {
		p.found.report(leftover, pos, "'%s' is taken as the condition of a line, and the line is dropped", text[:1+len(id)])
	}
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
	if !isDefinition(text) {
		return false
	}
	name, value, _ := strings.Cut(text[1:], "=")
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
	var more []string
	expanded := text
	if strings.IndexByte(text, '$') >= 0 {
		var err error
		p.undefined(text, pos, offset)
		if expanded, more, err = p.expand(text, pos); err != nil {
			p.found.report(endlessText, pos, "%v", err)
			return
		}
	}
	wide := p.files[len(p.files)-1].wide
	p.lex.start(expanded, offset, expanded != text)
	for p.lex.next() {
		s := &p.lex.seg
		if wide {
			p.oddBlanks(pos, s.words)
		}
		pos.Column = s.col
		p.walk.segment(pos, s)
		if s.brace != 0 && p.afterBrace(pos) {
			break
		}
	}
	if p.lex.openQuote > 0 && expanded != text {
		pos.Column = p.lex.openQuote
		p.unterminated(expanded, pos)
	}
	pos.Column = offset + 1
	for _, l := range more {
		p.again(l, pos, offset)
	}
}

// afterBrace processes what follows a brace on its line where that is for the
// preprocessor: keepalived reads it as it reads the beginning of a line.
func (p *preprocessor) afterBrace(pos Pos) bool {
	rest, offset := p.lex.rest()
	if !ofPreprocessor(rest) {
		return false
	}
	p.again(rest, pos, offset)
	return true
}

// ofPreprocessor reports a line that the preprocessor does not leave to the walker.
func ofPreprocessor(text string) bool {
	switch {
	case text == "":
		return false
	case text[0] == '@':
		return true
	case text[0] == '$':
		return isDefinition(text)
	case text[0] == 'i':
		return isInclude(text)
	}
	return isRepetition(text)
}
