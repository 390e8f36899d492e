package pcre

import (
	"slices"
	"unicode"
)

// Set is a set of characters: ranges in order that do not touch.
type Set []Range

// Range is inclusive.
type Range struct{ Low, High rune }

// Contains looks a character up.
func (s Set) Contains(c rune) bool {
	_, found := slices.BinarySearchFunc(s, c, func(r Range, c rune) int {
		switch {
		case r.High < c:
			return -1
		case r.Low > c:
			return 1
		}
		return 0
	})
	return found
}

func single(c rune) Set { return Set{{c, c}} }

// normal sorts and joins ranges.
func normal(s Set) Set {
	slices.SortFunc(s, func(a, b Range) int { return int(a.Low - b.Low) })
	out := s[:0]
	for _, r := range s {
		if n := len(out); n > 0 && r.Low <= out[n-1].High+1 {
			out[n-1].High = max(out[n-1].High, r.High)
			continue
		}
		out = append(out, r)
	}
	return out
}

func union(sets ...Set) Set {
	var all Set
	for _, s := range sets {
		all = append(all, s...)
	}
	return normal(all)
}

// negate gives what is in 0..top and not in s.
func (s Set) negate(top rune) Set {
	var out Set
	next := rune(0)
	for _, r := range s {
		if r.Low > next {
			out = append(out, Range{next, r.Low - 1})
		}
		next = r.High + 1
	}
	if next <= top {
		out = append(out, Range{next, top})
	}
	return out
}

// clip drops what is above top.
func (s Set) clip(top rune) Set {
	var out Set
	for _, r := range s {
		if r.Low <= top {
			out = append(out, Range{r.Low, min(r.High, top)})
		}
	}
	return out
}

// foldASCII adds the other case of the letters of ASCII.
func (s Set) foldASCII() Set {
	out := slices.Clone(s)
	for _, r := range s {
		for _, letters := range []struct {
			low, high rune
			other     rune
		}{{'a', 'z', 'A' - 'a'}, {'A', 'Z', 'a' - 'A'}} {
			if low, high := max(r.Low, letters.low), min(r.High, letters.high); low <= high {
				out = append(out, Range{low + letters.other, high + letters.other})
			}
		}
	}
	return normal(out)
}

// foldUnicode adds the other cases of every letter, by Unicode's simple folding.
func (s Set) foldUnicode() Set {
	out := slices.Clone(s)
	for _, r := range s {
		if r.Low == 0 && r.High >= unicode.MaxRune-1 {
			return s
		}
		for c := r.Low; c <= min(r.High, 0x1e943); c++ { // no letter with case lies above
			for o := unicode.SimpleFold(c); o != c; o = unicode.SimpleFold(o) {
				out = append(out, Range{o, o})
			}
		}
	}
	return normal(out)
}

func ofTables(tables ...*unicode.RangeTable) Set {
	var out Set
	for _, t := range tables {
		for _, r := range t.R16 {
			out = appendStride(out, rune(r.Lo), rune(r.Hi), rune(r.Stride))
		}
		for _, r := range t.R32 {
			out = appendStride(out, rune(r.Lo), rune(r.Hi), rune(r.Stride))
		}
	}
	return normal(out)
}

func appendStride(s Set, low, high, stride rune) Set {
	if stride == 1 {
		return append(s, Range{low, high})
	}
	for c := low; c <= high; c += stride {
		s = append(s, Range{c, c})
	}
	return s
}

var (
	digits     = Set{{'0', '9'}}
	spaces     = Set{{'\t', '\r'}, {' ', ' '}}
	words      = Set{{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}}
	horizontal = Set{{'\t', '\t'}, {' ', ' '}, {0xa0, 0xa0}, {0x1680, 0x1680}, {0x180e, 0x180e}, {0x2000, 0x200a}, {0x202f, 0x202f}, {0x205f, 0x205f}, {0x3000, 0x3000}}
	vertical   = Set{{'\n', '\r'}, {0x85, 0x85}, {0x2028, 0x2029}}
	newline    = single('\n')
)

// posix gives the classes of [:name:] in the C locale; nil for another name.
func posix(name string) Set {
	switch name {
	case "alpha":
		return Set{{'A', 'Z'}, {'a', 'z'}}
	case "lower":
		return Set{{'a', 'z'}}
	case "upper":
		return Set{{'A', 'Z'}}
	case "alnum":
		return Set{{'0', '9'}, {'A', 'Z'}, {'a', 'z'}}
	case "ascii":
		return Set{{0, 127}}
	case "blank":
		return Set{{'\t', '\t'}, {' ', ' '}}
	case "cntrl":
		return Set{{0, 31}, {127, 127}}
	case "digit":
		return digits
	case "graph":
		return Set{{33, 126}}
	case "print":
		return Set{{32, 126}}
	case "punct":
		return Set{{33, 47}, {58, 64}, {91, 96}, {123, 126}}
	case "space":
		return spaces
	case "word":
		return words
	case "xdigit":
		return Set{{'0', '9'}, {'A', 'F'}, {'a', 'f'}}
	}
	return nil
}

// unicodePosix are the classes that UCP gives another meaning.
func unicodePosix(name string) (Set, bool) {
	switch name {
	case "alpha":
		return ofTables(unicode.L), true
	case "lower":
		return ofTables(unicode.Ll), true
	case "upper":
		return ofTables(unicode.Lu), true
	case "alnum":
		return ofTables(unicode.L, unicode.N), true
	case "digit":
		return ofTables(unicode.Nd), true
	case "space":
		return union(ofTables(unicode.Z), spaces, single(0x85)), true
	case "word":
		return unicodeWords(), true
	case "blank":
		return horizontal, true
	case "cntrl":
		return ofTables(unicode.Cc), true
	}
	return nil, false
}

// unicodeWords are the word characters under UCP.
func unicodeWords() Set { return union(ofTables(unicode.L, unicode.N), single('_')) }
