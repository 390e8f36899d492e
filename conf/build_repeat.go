package conf

import "strings"

// writing is where a keyword was given last: in which block, and at which line.
type writing struct {
	block int
	line  int
}

// openBlock is a block that is being read.
type openBlock struct {
	serial int
	idle   bool // its keyword has no effect yet, and so have those inside
}

// inner is the innermost open block; outside of all blocks it is number 0.
func (b *builder) inner() openBlock {
	if n := len(b.blocks); n > 0 {
		return b.blocks[n-1]
	}
	return openBlock{}
}

// enter notes that a block of kw has begun. All global_defs are one block.
func (b *builder) enter(kw *Keyword) {
	b.serial++
	n := b.serial
	if kw.Name == "global_defs" {
		n = 0
	}
	b.blocks = append(b.blocks, openBlock{n, !kw.Acts || b.inner().idle})
}

// leave ends the innermost block.
func (b *builder) leave() {
	if n := len(b.blocks); n > 0 {
		b.blocks = b.blocks[:n-1]
	}
}

// judgeRepetition warns of a value that an earlier one of the same block loses
// to. before is the number of diagnostics before the statement was stored: a
// setter that refuses a second one has said so itself.
func (b *builder) judgeRepetition(kw *Keyword, s Statement, before int) {
	if kw.Repeatable || kw.value.kind == valueNone {
		return
	}
	for _, d := range b.diags[before:] {
		if d.Severity == Error || d.Code == overwritten {
			return // it was refused, or has been told of
		}
	}
	block := b.inner().serial
	if b.written == nil {
		b.written = make([]writing, len(b.table.rows))
	}
	w := &b.written[kw.index]
	first, again := w.line, w.line > 0 && w.block == block
	*w = writing{block, s.Pos.Line}
	if again {
		b.report(overwritten, s.Pos, "%s is set twice: line %d has no effect", kw.Name, first)
	}
}

// judgeSurplus warns of words behind a complete statement.
func (b *builder) judgeSurplus(kw *Keyword, s Statement) {
	if kw.words < 0 || len(s.Words) <= kw.words+1 || kw.Shape == List {
		return
	}
	rest := wordTexts(s.Words[kw.words+1:])
	if kw.secret() {
		b.report(surplusWord, s.PosOf(kw.words+1), "%s takes %s: what follows has no effect", kw.Name, numberOfWords(kw.words))
		return
	}
	d := b.report(surplusWord, s.PosOf(kw.words+1), "%s takes %s: '%s' has no effect", kw.Name, numberOfWords(kw.words), strings.Join(rest, " "))
	if _, known := b.table.lookup(kw.Block, rest[0]); known {
		d.fix("write '%s' on a line of its own", strings.Join(rest, " "))
	}
}

// secret tells whether the words of a keyword must not be shown.
func (k *Keyword) secret() bool {
	return k.Name == "auth_pass" || k.Name == "smtp_auth" || k.Name == "notify_webhook" || k.Name == "key" && k.Block == "vrrp_instance/auth_hmac"
}

func numberOfWords(n int) string {
	switch n {
	case 0:
		return "no word"
	case 1:
		return "one word"
	}
	return "at most " + string(rune('0'+n)) + " words"
}

// mostWords counts the words that an argument grammar allows; -1 is any number.
func mostWords(grammar string) int {
	grammar, _, _ = strings.Cut(grammar, " {")
	grammar, _, _ = strings.Cut(grammar, " (")
	switch {
	case strings.Contains(grammar, "..."), strings.Contains(grammar, "spaces allowed"),
		strings.Contains(grammar, "nibble"), strings.Contains(grammar, "pattern"): // their setters look at every word
		return -1
	case grammar == "none", strings.HasPrefix(grammar, "{"):
		return 0
	}
	most := 0
	for alternative := range strings.SplitSeq(outsideAngles(grammar), " | ") {
		most = max(most, len(strings.Fields(alternative)))
	}
	return most
}

// outsideAngles replaces what stands between < and > by one letter.
func outsideAngles(s string) string {
	var out strings.Builder
	deep := 0
	for _, c := range s {
		switch {
		case c == '<':
			deep++
			out.WriteByte('x')
		case c == '>':
			deep--
		case deep == 0:
			out.WriteRune(c)
		}
	}
	return out.String()
}
