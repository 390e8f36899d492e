package conf

import (
	"slices"
	"strings"
	"sync"
)

// Keyword is one row of the language: the only place where a keyword, its
// arguments and its default are written down. Parser, validation, suggestions
// and the printed reference all come from it.
type Keyword struct {
	Block      string // "root", "vrrp_instance", "virtual_server/real_server", "any (lexer)", ".../item", ".../value"
	Name       string // as in keepalived's reference; "<ip>" and the like for positional items
	Args       string // argument grammar, e.g. "<uint>", "[<bool>]", "{ <address item> ... }"
	Unit       string
	Min, Max   string // "" when the value has no range
	Default    string
	Repeatable bool
	Status     string // "current", "obsolete", "deprecated alias of X", "halbd" for a word of halbd's own; a row leaves out "current"
	Doc        string
	Shape      Shape
	Tolerant   bool // a missing argument is complained about and the statement ignored; keepalived ends at once for the others
	Quiet      bool // keepalived -t says nothing of the old name, or of the missing argument
	Acts       bool // false: parsed and checked, but halbd does not act on it yet; its use draws one warning

	index int                                        // in the table
	home  *blockTable                                // of the block that it stands in
	inner *blockTable                                // of the block that it opens
	words int                                        // the most that Args allows; -1: any number
	value valueSpec                                  // what Args, Min and Max say about the first argument
	set   func(b *builder, kw *Keyword, s Statement) // stores a statement, or opens a block
}

// deprecated gives the name to write instead of an old one; "" for a current one.
func (k *Keyword) deprecated() string {
	name, ok := strings.CutPrefix(k.Status, "deprecated alias of ")
	if !ok {
		return ""
	}
	return name
}

// Keywords returns every row of the language, in the order of the reference.
func Keywords() []Keyword { return slices.Clone(keywordIndex().rows) }

// tableIndex finds rows by block and word. It is the language of the walker.
type tableIndex struct {
	rows   []Keyword
	blocks map[string]*blockTable
	root   *blockTable
}

// blockTable holds the keywords of one block.
type blockTable struct {
	path  string
	old   bool // the keyword that opens it is deprecated
	kind  blockKind
	rows  map[string]*Keyword
	words []string // in table order
}

// keywordIndex builds the index at first use: a program that reads no
// configuration (the vrrp and checker processes) does not pay for it.
var keywordIndex = sync.OnceValue(newTableIndex)

func newTableIndex() *tableIndex {
	rows := slices.Concat(tableRoot, tableGlobal, tableVRRP, tableAddress, tableRoutes, tableServer, tableCheck, tableValues, tableHalbd)
	t := &tableIndex{rows: rows, blocks: make(map[string]*blockTable, 128)}
	for path, kind := range blockKinds() {
		t.block(path).kind = kind
	}
	t.root = t.block("root")
	for i := range rows {
		k := &rows[i]
		if k.Status == "" {
			k.Status = "current"
		}
		k.index, k.words, k.value = i, mostWords(k.Args), parseValueSpec(k)
		home := t.block(k.Block)
		k.home = home
		for _, m := range home.kind.setters {
			if set := m[k.Name]; set != nil {
				k.set = set
			}
		}
		home.rows[k.Name] = k
		home.words = append(home.words, k.Name)
		switch {
		case k.Shape == Simple:
		case home == t.root:
			k.inner = t.block(k.Name)
		default:
			k.inner = t.block(k.Block + "/" + k.Name)
		}
		if k.inner != nil {
			k.inner.old = k.deprecated() != ""
		}
	}
	return t
}

// block gives the table of a block, an empty one at first.
func (t *tableIndex) block(path string) *blockTable {
	b := t.blocks[path]
	if b == nil {
		b = &blockTable{path: path, rows: map[string]*Keyword{}}
		t.blocks[path] = b
	}
	return b
}

func (t *tableIndex) lookup(block, word string) (*Keyword, bool) {
	b := t.blocks[block]
	if b == nil {
		return nil, false
	}
	k, ok := b.rows[word]
	return k, ok
}
