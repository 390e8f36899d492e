package conf

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
)

// removed are words of former versions that no row knows, with what to do.
var removed = map[string]string{
	"lvs_id":   "write router_id",
	"nat_mask": "remove the line: NAT needs no mask",
}

// suggest gives the Fix for a word that a block does not know, or "".
func (t *tableIndex) suggest(block *blockTable, word string) string {
	if near := t.nearest(block.path, word); near != "" {
		if now := block.rows[near].deprecated(); now != "" {
			return "did you mean '" + near + "'? Write '" + now + "' instead"
		}
		return "did you mean '" + near + "'?"
	}
	if fix := removed[word]; fix != "" {
		return fix
	}
	plain := plainWord(word)
	if fix := t.elsewhere(block, word, func(k *Keyword) bool { return plainWord(k.Name) == plain }); fix != "" {
		return fix
	}
	typos := len(word) / 8
	if typos == 0 || len(word) > 64 {
		return ""
	}
	return t.elsewhere(block, word, func(k *Keyword) bool { return editDistance(word, k.Name) <= typos })
}

// elsewhere gives the Fix for a word that is a keyword of other blocks, or "".
func (t *tableIndex) elsewhere(block *blockTable, word string, same func(*Keyword) bool) string {
	var found *Keyword
	var homes []string
	for i := range t.rows {
		k := &t.rows[i]
		if !isKeyword(k) || !same(k) {
			continue
		}
		if now := lastName(k.current()); block.rows[now] != nil && now != word { // an old name of something that this block has too
			return "did you mean '" + now + "'?"
		}
		if found == nil || k.Name == found.Name {
			found, homes = k, append(homes, k.Block)
		}
	}
	if found == nil {
		return ""
	}
	fix := belongs(block.path, found.Name, homes)
	if now := found.deprecated(); now != "" {
		fix += " And write '" + now + "' instead"
	}
	return fix
}

// lastName is the keyword at the end of a path of blocks.
func lastName(path string) string { return path[strings.LastIndexByte(path, '/')+1:] }

// belongs says which blocks know a word: those nearest to where it stands.
func belongs(path, word string, homes []string) string {
	const most = 3
	slices.SortStableFunc(homes, func(a, b string) int { return common(b, path) - common(a, path) })
	homes = homes[:min(len(homes), most)]
	for i, h := range homes {
		if h == "root" {
			homes[i] = "the top level"
		}
	}
	return "'" + word + "' belongs in " + strings.Join(homes, " or ") + ": is a brace missing, or one too many?"
}

// common counts the blocks that two paths begin with.
func common(a, b string) int {
	x, y := strings.Split(a, "/"), strings.Split(b, "/")
	n := 0
	for n < len(x) && n < len(y) && x[n] == y[n] {
		n++
	}
	return n
}

// isKeyword tells the first words of statements from items, options and values.
func isKeyword(k *Keyword) bool {
	last := lastName(k.Block)
	return last != "item" && last != "option" && last != "value" && k.Block != "any (lexer)" && !strings.HasPrefix(k.Name, "<")
}

// current is the name that the keyword has by now.
func (k *Keyword) current() string { return cmp.Or(k.deprecated(), k.Name) }

// plainWord takes away what people vary: letter case and the signs between words.
func plainWord(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '_' || r == '-' {
			return -1
		}
		return unicode.ToLower(r)
	}, s)
}

// nearest gives the word of the block that was meant: one that differs in
// letter case or signs only, else the one with the smallest edit distance, as
// long as that is small enough for the two to be the same word mistyped.
func (t *tableIndex) nearest(block, word string) string {
	b := t.blocks[block]
	if b == nil || len(word) > 64 {
		return ""
	}
	plain := plainWord(word)
	best, limit := "", 1+len(word)/4
	for _, w := range b.words {
		if strings.HasPrefix(w, "<") {
			continue // stands for any word
		}
		if plainWord(w) == plain {
			best = w
			break
		}
		if d := editDistance(word, w); d <= limit && d < max(len(word), len(w)) {
			best, limit = w, d-1
		}
	}
	if k := b.rows[best]; k != nil && b.rows[k.current()] != nil {
		return k.current()
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
