package conf

import "strings"

// class says what a byte is to the lexer.
type class uint8

const (
	inWord class = iota
	blank
	quote
	brace
	comment
)

var classOf = func() (t [256]class) {
	for _, c := range " \t\f\v\r" {
		t[c] = blank
	}
	t['"'], t['{'], t['}'], t['#'], t['!'] = quote, brace, brace, comment, comment
	return t
}()

// isBlank reports a separator between words.
func isBlank(c byte) bool { return classOf[c] == blank }

func trimBlanks(s string) string {
	for len(s) > 0 && isBlank(s[0]) {
		s = s[1:]
	}
	for len(s) > 0 && isBlank(s[len(s)-1]) {
		s = s[:len(s)-1]
	}
	return s
}

// cutBlank splits a line at its first blank; the rest has none around it.
func cutBlank(s string) (word, rest string) {
	for i := 0; i < len(s); i++ {
		if isBlank(s[i]) {
			return s[:i], trimBlanks(s[i:])
		}
	}
	return s, ""
}

// cutComment removes a comment: # or ! anywhere outside double quotes. Where
// escapes are honoured, \# and \! stand for the character.
func cutComment(s string, escapes bool) string {
	var b strings.Builder
	quoted, copied := false, 0
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '\\' && i+1 < len(s) && classOf[s[i+1]] == comment:
			if !escapes { // keepalived undoes the escape first and then finds a comment
				return s[:i]
			}
			b.WriteString(s[copied:i])
			i++
			copied = i
		case classOf[c] == comment:
			if copied == 0 {
				return s[:i]
			}
			b.WriteString(s[copied:i])
			return b.String()
		}
	}
	if copied == 0 {
		return s
	}
	b.WriteString(s[copied:])
	return b.String()
}

// segment is a run of words, or a brace.
type segment struct {
	words []Word // nil for a brace
	brace byte   // '{' or '}'
	col   int
	cut   bool // of words: a quote without its end follows
}

// lexer cuts a line into words and braces. A double quote starts a word of
// its own and protects everything up to the next one; of an unterminated one
// the text up to the end of the line is lost.
type lexer struct {
	text      string
	at        int
	seg       segment // that next has read
	offset    int     // is added to the columns
	comments  bool    // # and ! begin a comment: where they came out of a definition
	words     wordArena
	openQuote int // column of a quote that does not end on the line, or 0
}

// start begins a line.
func (l *lexer) start(text string, offset int, comments bool) {
	l.text, l.at, l.offset, l.comments, l.openQuote = text, 0, offset, comments, 0
}

// next reads the next segment of the line into seg; false at its end.
func (l *lexer) next() bool {
	for l.at < len(l.text) {
		i := l.at
		switch c := l.text[i]; classOf[c] {
		case blank:
			l.at++
		case brace:
			if l.statement() {
				return true
			}
			l.at++
			l.seg = segment{brace: c, col: l.offset + i + 1}
			return true
		case quote:
			end := strings.IndexByte(l.text[i+1:], '"')
			if end < 0 {
				l.at, l.openQuote = len(l.text), l.offset+i+1
				continue
			}
			l.words.add(Word{Text: l.text[i+1 : i+1+end], Quoted: true, Column: l.offset + i + 1})
			l.at += end + 2
		case comment:
			if l.comments {
				l.at = len(l.text)
				continue
			}
			l.word()
		default:
			l.word()
		}
	}
	return l.statement()
}

// statement makes a segment of the words that were read, if there are any.
func (l *lexer) statement() bool {
	words := l.words.take()
	if words == nil {
		return false
	}
	l.seg = segment{words: words, col: words[0].Column, cut: l.openQuote > 0}
	return true
}

// rest is what follows the last segment on the line, and its column - 1.
func (l *lexer) rest() (string, int) {
	for l.at < len(l.text) && isBlank(l.text[l.at]) {
		l.at++
	}
	return l.text[l.at:], l.offset + l.at
}

// word takes an unquoted word.
func (l *lexer) word() {
	start, text := l.at, l.text
	for l.at++; l.at < len(text); l.at++ {
		if c := classOf[text[l.at]]; c != inWord && (c != comment || l.comments) {
			break
		}
	}
	l.words.add(Word{Text: text[start:l.at], Column: l.offset + start + 1})
}

// wordArena allocates the words of many statements at a time. What it has
// given away is never used again: handlers may keep it.
type wordArena struct{ free []Word }

const arenaWords = 1024

func (a *wordArena) add(w Word) {
	if len(a.free) == cap(a.free) {
		a.free = append(make([]Word, 0, max(arenaWords, 2*len(a.free))), a.free...)
	}
	a.free = append(a.free, w)
}

// take gives the words that were added since the last take; nil if there are none.
func (a *wordArena) take() []Word {
	n := len(a.free)
	if n == 0 {
		return nil
	}
	words := a.free[:n:n]
	a.free = a.free[n:]
	return words
}
