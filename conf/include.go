package conf

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// includeCheck says which problems of an include are errors.
type includeCheck uint8

const (
	checkRead     includeCheck = 1 << iota // a match cannot be read, is a directory or executable
	checkMatch                             // a literal name is missing
	checkWildcard                          // a wildcard matches nothing
	checkBrace                             // one of the {a,b} alternatives is missing
	checkAll      = checkRead | checkMatch | checkWildcard | checkBrace
)

var includeSuffix = map[string]includeCheck{
	"r": checkRead,
	"m": checkRead | checkMatch,
	"w": checkRead | checkMatch | checkWildcard,
	"b": checkRead | checkBrace,
	"a": checkAll,
}

var includeWords = map[string]includeCheck{
	"read": checkRead, "match": checkMatch, "wildcard_match": checkWildcard, "brace_match": checkBrace,
}

// setIncludeCheck applies the words of include_check; bare, it means all.
func (p *preprocessor) setIncludeCheck(s Statement) {
	pos, words := s.Pos, s.Args()
	if len(words) == 0 {
		p.check = checkAll
		return
	}
	if c := words[0].Text; !strings.HasPrefix(c, "+") && !strings.HasPrefix(c, "-") {
		p.check = 0
	}
	for _, w := range words {
		name, remove := strings.CutPrefix(strings.TrimPrefix(w.Text, "+"), "-")
		bit, known := includeWords[name]
		switch {
		case !known:
			pos.Column = w.Column
			p.found.report(badInclude, pos, "Unknown include_check type '%s': use read, match, wildcard_match or brace_match", w.Text)
		case remove:
			p.check &^= bit
		default:
			p.check |= bit
		}
	}
}

// include takes an include line of any spelling. Relative names are relative
// to the file that names them.
func (p *preprocessor) include(text string, pos Pos) bool {
	if !isInclude(text) {
		return false
	}
	word, pattern := cutBlank(text)
	bit := includeSuffix[word[len("include"):]]
	pattern, _, err := p.expand(pattern, pos)
	if err != nil {
		p.found.report(endlessText, pos, "%v", err)
		return true
	}
	for _, name := range p.match(pattern, p.check|bit, pos) {
		p.includeFile(name, p.check|bit, pos)
	}
	return true
}

// match expands braces and wildcards, and reports what is missing.
func (p *preprocessor) match(pattern string, check includeCheck, pos Pos) []string {
	alternatives := expandBraces(pattern)
	var names []string
	missing := 0
	for _, alt := range alternatives {
		full := alt
		if !filepath.IsAbs(full) {
			full = filepath.Join(p.dir(), full)
			if strings.HasSuffix(alt, "/") {
				full += "/"
			}
		}
		found, err := filepath.Glob(full)
		if err != nil {
			p.found.report(badInclude, pos, "include pattern '%s' is malformed", alt)
			return nil
		}
		if len(found) == 0 && !strings.ContainsAny(alt, "*?[") {
			if _, err := os.Lstat(full); err == nil {
				found = []string{full}
			}
		}
		if len(found) == 0 {
			missing++
		}
		names = append(names, found...)
	}
	wild := strings.ContainsAny(pattern, "*?[")
	switch {
	case missing == 0:
	case len(alternatives) > 1 && missing < len(alternatives):
		p.includeProblem(includeMissing, pos, check&checkBrace != 0, "Some config files are missing: '%s'", pattern)
	case wild:
		p.includeProblem(includeMissing, pos, check&checkWildcard != 0, "Config files missing: nothing matches '%s'", pattern)
	default:
		p.includeProblem(includeMissing, pos, check&(checkMatch) != 0 || len(alternatives) > 1 && check&checkBrace != 0, "Config file '%s' is missing", pattern)
	}
	slices.Sort(names)
	return names
}

// includeProblem reports an include that fails, or only complains.
func (p *preprocessor) includeProblem(c Code, pos Pos, fails bool, format string, args ...any) {
	d := p.found.report(c, pos, format, args...)
	if fails {
		d.Severity, d.Class, d.NoStart = Error, ClassSecurity, true
	}
}

func (p *preprocessor) includeFile(name string, check includeCheck, pos Pos) {
	if !p.afford(fileEffort, pos) {
		return
	}
	complain := func(format string, args ...any) {
		d := p.found.report(includeCycle, pos, format, args...)
		if check&checkRead != 0 {
			d.Class, d.NoStart = ClassSecurity, true
		}
	}
	path := absolute(name)
	if slices.ContainsFunc(p.files, func(f *source) bool { return f.path == path }) {
		complain("'%s' includes itself - the include is skipped", name)
		return
	}
	if len(p.files) > maxIncludes {
		complain("'%s' is included too deeply: more than %d files inside each other - the include is skipped", name, maxIncludes)
		return
	}
	s, err := readSource(name, &pos)
	if err != nil {
		p.includeProblem(includeSkipped, pos, check&checkRead != 0, "Config file skipped: %v", err)
		return
	}
	multi := p.multi
	p.multi = ""
	p.read(s)
	p.multi = multi
}

// workingDirectory is ${_PWD}: the directory of the current file.
func (p *preprocessor) workingDirectory() string { return absolute(p.dir()) }

// absolute gives an absolute name where there is one.
func absolute(name string) string {
	if path, err := filepath.Abs(name); err == nil {
		return path
	}
	return name
}

// maxAlternatives bounds what nested braces may expand to.
const maxAlternatives = 4096

// expandBraces expands {a,b} as glob(3) does with GLOB_BRACE.
func expandBraces(s string) []string {
	open := strings.IndexByte(s, '{')
	if open < 0 {
		return []string{s}
	}
	depth, start := 0, open+1
	var parts []string
	for i := open; i < len(s); i++ {
		switch s[i] {
		case '{':
			depth++
		case ',':
			if depth == 1 {
				parts = append(parts, s[start:i])
				start = i + 1
			}
		case '}':
			depth--
			if depth > 0 {
				continue
			}
			parts = append(parts, s[start:i])
			var out []string
			for _, part := range parts {
				for _, rest := range expandBraces(part + s[i+1:]) {
					if len(out) >= maxAlternatives {
						return out
					}
					out = append(out, s[:open]+rest)
				}
			}
			return out
		}
	}
	return []string{s}
}
