package conf

// Word is one word of a statement. A quoted word keeps its text without the quotes.
type Word struct {
	Text   string
	Quoted bool
	Column int // 1-based byte column of the word in its line
}

// Statement is a keyword with its arguments, or an item of a list block, where
// it stands. Words is never empty.
type Statement struct {
	Pos   Pos
	Words []Word
	Cut   bool // a quote that does not end has taken the words behind
}

// Keyword returns the first word.
func (s Statement) Keyword() string { return s.Words[0].Text }

// Args returns the words after the first.
func (s Statement) Args() []Word { return s.Words[1:] }

// PosOf returns the position of word i.
func (s Statement) PosOf(i int) Pos {
	p := s.Pos
	if i < len(s.Words) {
		p.Column = s.Words[i].Column
	}
	return p
}

// Shape says how a keyword is followed.
type Shape uint8

const (
	Simple Shape = iota // keyword and arguments on one line
	Block               // keyword, arguments, then a block of further keywords
	List                // keyword, then a block whose lines are items (virtual_ipaddress)
)

// handler receives what the walker finds, in file order.
type handler interface {
	statement(kw *Keyword, s Statement)
	// open begins a block or a list; false means that the block is to be
	// skipped (a second block of the same name).
	open(kw *Keyword, s Statement) bool
	item(kw *Keyword, s Statement)
	// close ends a block or list; pos is its }, or the end of the text.
	close(kw *Keyword, pos Pos)
}
