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
	Acts       bool // false: parsed and checked, but halbd does not act on it yet; its use draws one warning

	index int                                        // in the table
	words int                                        // the most that Args allows; -1: any number
	value valueSpec                                  // what Args, Min and Max say about the first argument
	set   func(b *builder, kw *Keyword, s Statement) // stores a statement, or opens a block
}

// Keywords returns every row of the language, in the order of the reference.
func Keywords() []Keyword { return slices.Clone(keywordIndex().rows) }

// tableIndex finds rows by block and word. It is the language of the walker.
type tableIndex struct {
	rows   []Keyword
	blocks map[string]map[string]*Keyword
	words  map[string][]string // the words of a block, in table order
}

// keywordIndex builds the index at first use: a program that reads no
// configuration (the vrrp and checker processes) does not pay for it.
var keywordIndex = sync.OnceValue(newTableIndex)

func newTableIndex() *tableIndex {
	rows := slices.Concat(tableRoot, tableGlobal, tableVRRP, tableAddress, tableRoutes, tableServer, tableCheck, tableValues, tableHalbd)
	t := &tableIndex{rows: rows, blocks: map[string]map[string]*Keyword{}, words: map[string][]string{}}
	setters := allSetters()
	for i := range rows {
		k := &rows[i]
		if k.Status == "" {
			k.Status = "current"
		}
		k.index, k.words, k.value = i, mostWords(k.Args), parseValueSpec(k)
		k.set = setters[setterKey{k.Block, k.Name}]
		if t.blocks[k.Block] == nil {
			t.blocks[k.Block] = map[string]*Keyword{}
		}
		t.blocks[k.Block][k.Name] = k
		t.words[k.Block] = append(t.words[k.Block], k.Name)
	}
	return t
}

func (t *tableIndex) lookup(block, word string) (*Keyword, bool) {
	k, ok := t.blocks[block][word]
	return k, ok
}

// nearest gives the word of the block with the smallest edit distance, as long
// as that is small enough for the two to be the same word mistyped.
func (t *tableIndex) nearest(block, word string) string {
	best, limit := "", 1+len(word)/4
	if len(word) > 64 {
		return ""
	}
	for _, w := range t.words[block] {
		if strings.HasPrefix(w, "<") {
			continue // stands for any word
		}
		if d := editDistance(word, w); d <= limit {
			best, limit = w, d-1
		}
	}
	return best
}

// editDistance counts insertions, deletions, replacements and swaps of
// neighbours that turn a into b.
func editDistance(a, b string) int {
	before, prev, cur := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(a); i++ {
		cur[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			cur[j] = min(prev[j]+1, cur[j-1]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				cur[j] = min(cur[j], before[j-2]+1)
			}
		}
		before, prev, cur = prev, cur, before
	}
	return prev[len(b)]
}
