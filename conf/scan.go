package conf

import "strings"

// MaxLine is the longest line content (bytes) that keepalived reads whole.
const MaxLine = maxLine

// Line is one line of a file as it stands there, for tools that rewrite text.
type Line struct {
	Code    string // without comment and without blanks around
	Comment string // from # or ! on, without blanks behind; "" if there is none
	Pieces  []Piece
	// Fixed lines must be kept as they are: the preprocessor reads them
	// (@id, $NAME=, ~SEQ, ~LST, include), they have references, escapes or single
	// quotes (scripts are read once more, from the text as it stands), or a double
	// quote without its end. Their Pieces are the braces that they are sure to have.
	Fixed     bool
	Continues bool // the value of a definition goes on in the next line
	Doubtful  bool // keepalived's processes disagree on where its comment begins, and with it on its braces
}

// Piece is a run of words, or a brace.
type Piece struct {
	Words  []Word
	Brace  byte
	Column int
}

// ScanLine reads one line. more says that it belongs to the value of the
// definition above.
func ScanLine(text string, more bool) Line {
	code := cutComment(text, true)
	line := Line{Code: trimBlanks(code)}
	offset := strings.Index(code, line.Code)
	switch {
	case strings.Contains(text, `\#`), strings.Contains(text, `\!`):
		other := trimBlanks(cutComment(text, false))
		line.Fixed = true
		line.scan(line.Code, offset, more)
		second := Line{}
		second.scan(other, offset, more)
		line.Doubtful = braces(line.Pieces) != braces(second.Pieces) || line.Continues != second.Continues
		line.Code = trimBlanks(text)
	default:
		line.Comment = trimBlanks(text[len(code):])
		line.scan(line.Code, offset, more)
	}
	return line
}

func braces(pieces []Piece) string {
	var b []byte
	for _, p := range pieces {
		if p.Brace != 0 {
			b = append(b, p.Brace)
		}
	}
	return string(b)
}

// scan finds the pieces of code, which begins at offset, as the preprocessor does.
func (line *Line) scan(code string, offset int, more bool) {
	if more {
		line.Fixed, line.Continues = true, strings.HasSuffix(code, `\`)
		return
	}
	if code == "" {
		return
	}
	if code[0] == '@' {
		line.Fixed = true
		_, rest := cutBlank(code)
		line.scan(rest, offset+len(code)-len(rest), false)
		return
	}
	if isDefinition(code) {
		line.Fixed, line.Continues = true, strings.HasSuffix(code, `\`)
		return
	}
	if isInclude(code) {
		line.Fixed = true
		return
	}
	if isRepetition(code) {
		line.Fixed = true
		_, rest, _ := strings.Cut(code, ")")
		rest = trimBlanks(rest)
		line.scan(rest, offset+len(code)-len(rest), false)
		return
	}
	if strings.IndexByte(code, '$') >= 0 {
		line.Fixed = true
		code = withoutReferences(code)
	}
	var lex lexer
	lex.start(code, offset, false)
	for lex.next() {
		s := lex.seg
		line.Pieces = append(line.Pieces, Piece{s.words, s.brace, s.col})
		if rest, at := lex.rest(); s.brace != 0 && ofPreprocessor(rest) {
			line.Fixed = true
			line.scan(rest, at, false)
			return
		}
		line.Fixed = line.Fixed || glued(code, s.words, offset)
		// At the beginning of a line of its own, or with other blanks, the preprocessor might take it.
		if s.words != nil && !s.words[0].Quoted && ownOfPreprocessor(s.words[0].Text) {
			line.Fixed = true
		}
	}
	line.Fixed = line.Fixed || lex.openQuote > 0 || strings.Contains(code, `'`) || strings.Contains(code, `\"`)
}

// glued reports a quoted word without a blank before or behind it.
func glued(code string, words []Word, offset int) bool {
	for i, w := range words {
		if !w.Quoted {
			continue
		}
		start := w.Column - 1 - offset
		end := start + len(w.Text) + len(`""`)
		if i > 0 && !isBlank(code[start-1]) || i+1 < len(words) && !isBlank(code[end]) {
			return true
		}
	}
	return false
}

func ownOfPreprocessor(word string) bool {
	return word[0] == '@' || word[0] == '~' || strings.HasPrefix(word, "include")
}

func isDefinition(text string) bool {
	name, _, found := strings.Cut(text, "=")
	name, dollar := strings.CutPrefix(name, "$")
	return found && dollar && isName(name)
}

func isInclude(text string) bool {
	word, pattern := cutBlank(text)
	suffix, is := strings.CutPrefix(word, "include")
	_, known := includeSuffix[suffix]
	return is && pattern != "" && (suffix == "" || known)
}

func isRepetition(text string) bool {
	return strings.HasPrefix(text, "~SEQ(") || strings.HasPrefix(text, "~SEQx(") || strings.HasPrefix(text, "~LST(")
}

// withoutReferences hides the braces of ${NAME}.
func withoutReferences(s string) string {
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(s, "${")
		b.WriteString(before)
		end := strings.IndexByte(rest, '}')
		if !found || end < 0 {
			b.WriteString(s[len(before):])
			return b.String()
		}
		b.WriteString(strings.Repeat("_", len("${}")+end))
		s = rest[end+1:]
	}
}
