package conf

// walker follows the block structure: it looks statements up in the language
// and hands them to the handler. A brace that belongs to an unknown word is
// not understood, as in keepalived: its } closes the block around it.
type walker struct {
	table   *tableIndex
	h       handler
	blocks  []openedBlock
	wait    *Keyword  // a block's keyword whose { has not come yet
	waiting Statement // of wait
	found   *Diagnostics
	outside outsider

	suggested map[unknownWord]string

	// The keywords that the preprocessor must know of, and what is called for them.
	includeCheck, randomSeed     *Keyword
	onIncludeCheck, onRandomSeed func(Statement)
}

// openedBlock is a block that a { has opened.
type openedBlock struct {
	kw   *Keyword
	line int  // of its keyword
	skip bool // the handler does not want it: only braces are counted
	deep int  // of a skipped block: braces inside
}

// global reports whether the parent's own statements are read (root and
// global_defs), where keepalived honours \# and \!.
func (w *walker) global() bool {
	switch {
	case len(w.blocks) > 0:
		return w.blocks[0].kw.Name == "global_defs"
	case w.wait != nil:
		return w.wait.Name == "global_defs"
	}
	return true
}

// segment takes the next words or brace. pos is where it stands.
func (w *walker) segment(pos Pos, s *segment) {
	switch s.brace {
	case '{':
		w.openBrace(pos)
		w.outside.openBrace(w, pos)
	case '}':
		w.closeBrace(pos)
		w.outside.closeBrace(w, pos)
	default:
		stmt := Statement{Pos: pos, Words: s.words, Cut: s.cut}
		w.words(stmt)
		w.outside.words(w, stmt)
	}
}

func (w *walker) openBrace(pos Pos) {
	if w.wait != nil {
		w.enter()
		return
	}
	if n := len(w.blocks); n > 0 && w.blocks[n-1].skip {
		w.blocks[n-1].deep++
		return
	}
	w.found.report(unexpectedBrace, pos, "Unexpected '{' is ignored: no block begins here")
}

// enter opens the block that waits for its brace.
func (w *walker) enter() {
	kw := w.wait
	w.wait = nil
	ok := w.h.open(kw, w.waiting)
	w.blocks = append(w.blocks, openedBlock{kw: kw, line: w.waiting.Pos.Line, skip: !ok})
}

func (w *walker) closeBrace(pos Pos) {
	if w.wait != nil {
		w.missingBrace(pos)
	}
	n := len(w.blocks)
	if n == 0 {
		w.found.report(extraBrace, pos, "Extra '}' found: no block is open here")
		return
	}
	b := &w.blocks[n-1]
	if b.skip && b.deep > 0 {
		b.deep--
		return
	}
	w.blocks = w.blocks[:n-1]
	if !b.skip {
		w.h.close(b.kw, pos)
	}
}

// missingBrace opens a block whose { was forgotten: keepalived uses it all the
// same, and names the line of the statement at pos, before which the { is missing.
func (w *walker) missingBrace(pos Pos) {
	d := w.found.report(missingOpen, w.waiting.Pos, "Missing '{': '%s' begins a block", w.wait.Name)
	d.fix("write '{' behind '%s'", lastWord(w.waiting))
	if pos.File == w.waiting.Pos.File {
		d.End = pos.Line
	}
	if w.wait.Shape == List {
		d.Class = ClassNone // keepalived -t notices it by the count of braces only
	}
	w.enter()
}

func lastWord(s Statement) string { return s.Words[len(s.Words)-1].Text }

func (w *walker) words(s Statement) {
	if w.wait != nil {
		w.missingBrace(s.Pos)
	}
	table := w.table.root
	if n := len(w.blocks); n > 0 {
		b := &w.blocks[n-1]
		switch {
		case b.skip:
			return
		case b.kw.Shape == List:
			w.h.item(b.kw, s)
			return
		}
		table = b.kw.inner
	}
	kw := table.rows[s.Words[0].Text]
	switch {
	case kw == nil:
		w.unknown(table, s)
	case kw.Shape == Simple:
		switch kw {
		case w.includeCheck:
			w.onIncludeCheck(s)
		case w.randomSeed:
			w.onRandomSeed(s)
		}
		w.h.statement(kw, s)
	default:
		w.wait, w.waiting = kw, s
	}
}

func (w *walker) unknown(table *blockTable, s Statement) {
	where := ""
	if table != w.table.root {
		where = " in " + table.path
	}
	d := w.found.report(unknownKeyword, s.Pos, "Unknown keyword '%s'%s - the line is skipped", s.Keyword(), where)
	if fix := w.suggestion(table, s.Keyword()); fix != "" {
		d.Fix = fix
	}
}

// maxSuggestions is how many unknown words are compared with the whole language.
const maxSuggestions = 500

type unknownWord struct {
	table *blockTable
	word  string
}

// suggestion finds out once what was meant by a word. A file with very many
// unknown words is not about words.
func (w *walker) suggestion(table *blockTable, word string) string {
	key := unknownWord{table, word}
	fix, known := w.suggested[key]
	if !known && len(w.suggested) < maxSuggestions {
		if w.suggested == nil {
			w.suggested = map[unknownWord]string{}
		}
		fix = w.table.suggest(table, word)
		w.suggested[key] = fix
	}
	return fix
}

// end closes what is still open at the end of the configuration.
func (w *walker) end(pos Pos) {
	if w.wait != nil {
		w.missingBrace(pos)
	}
	if n := len(w.blocks); n > 0 {
		d := w.found.report(missingClose, pos, "There are %d missing '}'s or extra '{'s: '%s' of line %d is still open", n, w.blocks[n-1].kw.Name, w.blocks[n-1].line)
		if w.outside.open == 0 {
			d.Class = ClassNone // a '{' is missing too, and keepalived -t only counts
		}
	}
	for n := len(w.blocks); n > 0; n = len(w.blocks) {
		b := w.blocks[n-1]
		w.blocks = w.blocks[:n-1]
		if !b.skip {
			w.h.close(b.kw, pos)
		}
	}
}

// outsider reads the file as those processes of keepalived read it that a
// block is not for: from the block's { they count braces, up to its end.
// Where the braces are in balance it agrees with the walker. Without the { of
// a block these processes take its lines for words of the top level, and say so.
type outsider struct {
	deep int  // braces that are open
	wait bool // a block's keyword has come, its { has not
	open int  // braces that are open, those that begin no block too
}

func (o *outsider) openBrace(w *walker, pos Pos) {
	o.open++
	if o.deep == 0 && !o.wait {
		o.stray(w, pos, "{")
		return
	}
	o.deep++
	o.wait = false
}

func (o *outsider) closeBrace(w *walker, pos Pos) {
	o.wait = false
	o.open = max(0, o.open-1)
	if o.deep == 0 {
		o.stray(w, pos, "}")
		return
	}
	o.deep--
}

func (o *outsider) words(w *walker, s Statement) {
	if o.deep > 0 {
		return
	}
	kw := w.table.root.rows[s.Words[0].Text]
	o.wait = kw != nil && kw.Shape != Simple
	if kw == nil {
		o.stray(w, s.Pos, s.Words[0].Text)
	}
}

// stray complains once per line, unless the walker has something to say about it.
func (o *outsider) stray(w *walker, pos Pos, text string) {
	if n := len(*w.found); n > 0 {
		if last := &(*w.found)[n-1]; last.Pos.Line == pos.Line && last.Pos.File == pos.File && last.Class != ClassNone {
			return
		}
	}
	w.found.report(outsideBlock, pos, "'%s' stands outside of every block for the processes of keepalived that only count braces", text)
}
