package conf

// walker follows the block structure: it looks statements up in the language
// and hands them to the handler. A brace that belongs to an unknown word is
// not understood, as in keepalived: its } closes the block around it.
type walker struct {
	lang   language
	h      handler
	blocks []openedBlock
	wait   *waiting // a block's keyword whose { has not come yet
	found  *Diagnostics
}

// openedBlock is a block that a { has opened.
type openedBlock struct {
	path string
	kw   *Keyword
	skip bool // the handler does not want it: only braces are counted
	deep int  // of a skipped block: braces inside
}

// waiting is a block's statement before its {.
type waiting struct {
	kw   *Keyword
	stmt Statement
}

// path is the block that statements are looked up in.
func (w *walker) path() string {
	if n := len(w.blocks); n > 0 {
		return w.blocks[n-1].path
	}
	return "root"
}

// global reports whether the parent's own statements are read (root and
// global_defs), where keepalived honours \# and \!.
func (w *walker) global() bool {
	if w.wait != nil && len(w.blocks) == 0 {
		return w.wait.kw.Name == "global_defs"
	}
	return len(w.blocks) == 0 || w.blocks[0].path == "global_defs"
}

func (w *walker) segment(pos Pos, s segment) {
	pos.Column = s.col
	switch s.brace {
	case '{':
		w.openBrace(pos)
	case '}':
		w.closeBrace(pos)
	default:
		w.words(Statement{Pos: pos, Words: s.words})
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
	kw := w.wait.kw
	path := kw.Name
	if parent := w.path(); parent != "root" {
		path = parent + "/" + kw.Name
	}
	ok := w.h.open(kw, w.wait.stmt)
	w.blocks = append(w.blocks, openedBlock{path: path, kw: kw, skip: !ok})
	w.wait = nil
}

func (w *walker) closeBrace(pos Pos) {
	if w.wait != nil {
		w.missingBrace()
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

// missingBrace opens a block whose { was forgotten: keepalived uses it all the same.
func (w *walker) missingBrace() {
	w.found.report(missingOpen, w.wait.stmt.Pos, "Missing '{' after '%s'", w.wait.kw.Name)
	w.enter()
}

func (w *walker) words(s Statement) {
	if w.wait != nil {
		w.missingBrace()
	}
	if n := len(w.blocks); n > 0 {
		b := &w.blocks[n-1]
		if b.skip {
			return
		}
		if b.kw.Shape == List {
			w.h.item(b.kw, s)
			return
		}
	}
	kw, ok := w.lang.lookup(w.path(), s.Keyword())
	if !ok {
		w.unknown(s)
		return
	}
	if kw.Shape == Simple {
		w.h.statement(kw, s)
		return
	}
	w.wait = &waiting{kw, s}
}

func (w *walker) unknown(s Statement) {
	where := ""
	if p := w.path(); p != "root" {
		where = " in " + p
	}
	d := w.found.report(unknownKeyword, s.Pos, "Unknown keyword '%s'%s - the line is skipped", s.Keyword(), where)
	if near := w.lang.nearest(w.path(), s.Keyword()); near != "" {
		d.fix("did you mean '%s'?", near)
	}
}

// end closes what is still open at the end of the configuration.
func (w *walker) end(pos Pos) {
	if w.wait != nil {
		w.missingBrace()
	}
	if n := len(w.blocks); n > 0 {
		w.found.report(missingClose, pos, "There are %d missing '}'s or extra '{'s: '%s' is still open", n, w.blocks[n-1].kw.Name)
	}
	for n := len(w.blocks); n > 0; n = len(w.blocks) {
		b := w.blocks[n-1]
		w.blocks = w.blocks[:n-1]
		if !b.skip {
			w.h.close(b.kw, pos)
		}
	}
}
