package conf

import "strings"

// suggest gives the Fix for a word that a block does not know, or "".
func (t *tableIndex) suggest(block *blockTable, word string) string {
	if near := t.nearest(block.path, word); near != "" {
		return "did you mean '" + near + "'?"
	}
	return ""
}

// nearest gives the word of the block with the smallest edit distance, as long
// as that is small enough for the two to be the same word mistyped.
func (t *tableIndex) nearest(block, word string) string {
	b := t.blocks[block]
	if b == nil || len(word) > 64 {
		return ""
	}
	best, limit := "", 1+len(word)/4
	for _, w := range b.words {
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
