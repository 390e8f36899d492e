package conf

import "strings"

// isBlank reports a separator between words.
func isBlank(c byte) bool {
	return c == ' ' || c == '\t' || c == '\f' || c == '\v' || c == '\r'
}

func trimBlanks(s string) string { return strings.Trim(s, " \t\f\v\r") }

// cutBlank splits a line at its first blank; the rest has none around it.
func cutBlank(s string) (word, rest string) {
	if i := strings.IndexAny(s, " \t\f\v\r"); i >= 0 {
		return s[:i], trimBlanks(s[i:])
	}
	return s, ""
}

// cutComment removes a comment: # or ! anywhere outside double quotes. Where
// escapes are honoured, \# and \! stand for the character.
func cutComment(s string, escapes bool) string {
	if !strings.ContainsAny(s, "#!") {
		return s
	}
	var b strings.Builder
	quoted := false
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == '\\' && !quoted && i+1 < len(s) && (s[i+1] == '#' || s[i+1] == '!') {
			if !escapes { // keepalived undoes the escape first and then finds a comment
				return b.String()
			}
			b.WriteByte(s[i+1])
			i++
			continue
		}
		if c == '"' {
			quoted = !quoted
		}
		if (c == '#' || c == '!') && !quoted {
			return b.String()
		}
		b.WriteByte(c)
	}
	return b.String()
}

// segment is a run of words, or a brace.
type segment struct {
	words []Word // nil for a brace
	brace byte   // '{' or '}'
	col   int
}

// lexLine cuts a line into words and braces. A double quote starts a word of
// its own and protects everything up to the next one; an unterminated one
// loses its statement. offset is added to the columns.
func lexLine(s string, offset int, comments bool) (segs []segment, unterminated int) {
	var words []Word
	flush := func() {
		if len(words) > 0 {
			segs = append(segs, segment{words: words, col: words[0].Column})
			words = nil
		}
	}
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case isBlank(c):
			i++
		case comments && (c == '#' || c == '!'):
			flush()
			return segs, 0
		case c == '{' || c == '}':
			flush()
			segs = append(segs, segment{brace: c, col: offset + i + 1})
			i++
		case c == '"':
			end := strings.IndexByte(s[i+1:], '"')
			if end < 0 {
				return segs, offset + i + 1
			}
			words = append(words, Word{Text: s[i+1 : i+1+end], Quoted: true, Column: offset + i + 1})
			i += end + 2
		default:
			start := i
			for i < len(s) && !endsWord(s[i], comments) {
				i++
			}
			words = append(words, Word{Text: s[start:i], Column: offset + start + 1})
		}
	}
	flush()
	return segs, 0
}

func endsWord(c byte, comments bool) bool {
	return isBlank(c) || c == '"' || c == '{' || c == '}' || comments && (c == '#' || c == '!')
}
