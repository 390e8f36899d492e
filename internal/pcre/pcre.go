// Package pcre reads patterns in the language of PCRE2 (pcre2pattern(3)), with
// its options and its messages, into a tree that says what is to be matched
// without any option left. It matches nothing itself: package match does.
package pcre

import (
	"fmt"
	"slices"
)

// Options are PCRE2's compile flags that change what a pattern means. The zero
// value is PCRE2's default: bytes, ASCII, newline is LF.
type Options struct {
	Caseless, Multiline, DotAll, Extended, Ungreedy, NoAutoCapture, DupNames bool

	AllowEmptyClass, AltBSUX, AltCircumflex, DollarEndOnly, FirstLine, MatchUnsetBackref bool

	UTF, UCP, NeverUTF, NeverUCP, NeverBackslashC bool
}

// An optionName is a word of regex_options. One without field steers how PCRE2
// works and changes no verdict: callouts without a callout function, what its
// optimizer may do, how verbs are named, that an offset limit will be given.
type optionName struct {
	name  string
	field func(*Options) *bool
}

var optionNames = []optionName{
	{"allow_empty_class", func(o *Options) *bool { return &o.AllowEmptyClass }},
	{"alt_bsux", func(o *Options) *bool { return &o.AltBSUX }},
	{"alt_circumflex", func(o *Options) *bool { return &o.AltCircumflex }},
	{"alt_verbnames", nil},
	{"auto_callout", nil},
	{"caseless", func(o *Options) *bool { return &o.Caseless }},
	{"dollar_endonly", func(o *Options) *bool { return &o.DollarEndOnly }},
	{"dotall", func(o *Options) *bool { return &o.DotAll }},
	{"dupnames", func(o *Options) *bool { return &o.DupNames }},
	{"extended", func(o *Options) *bool { return &o.Extended }},
	{"firstline", func(o *Options) *bool { return &o.FirstLine }},
	{"match_unset_backref", func(o *Options) *bool { return &o.MatchUnsetBackref }},
	{"multiline", func(o *Options) *bool { return &o.Multiline }},
	{"never_backslash_c", func(o *Options) *bool { return &o.NeverBackslashC }},
	{"never_ucp", func(o *Options) *bool { return &o.NeverUCP }},
	{"never_utf", func(o *Options) *bool { return &o.NeverUTF }},
	{"no_auto_capture", func(o *Options) *bool { return &o.NoAutoCapture }},
	{"no_auto_possess", nil},
	{"no_dotstar_anchor", nil},
	{"no_start_optimize", nil},
	{"ucp", func(o *Options) *bool { return &o.UCP }},
	{"ungreedy", func(o *Options) *bool { return &o.Ungreedy }},
	{"use_offset_limit", nil},
	{"utf", func(o *Options) *bool { return &o.UTF }},
}

// ParseOptions takes words of regex_options.
func ParseOptions(words []string) (Options, error) {
	var o Options
	for _, w := range words {
		i := slices.IndexFunc(optionNames, func(n optionName) bool { return n.name == w })
		if i < 0 {
			return o, fmt.Errorf("unknown regex option %q", w)
		}
		if field := optionNames[i].field; field != nil {
			*field(&o) = true
		}
	}
	return o, nil
}

// Error is what is wrong with a pattern, in PCRE2's words where PCRE2 refuses
// it too.
type Error struct {
	Offset      int // bytes of the pattern that were read
	Text        string
	Unsupported bool // PCRE2 takes the pattern
}

func (e *Error) Error() string { return fmt.Sprintf("%s at offset %d", e.Text, e.Offset) }

// Pattern is a pattern that has been read.
type Pattern struct {
	Root          *Node
	Groups        int  // capture groups
	UTF           bool // subjects are UTF-8, otherwise bytes
	Words         Set  // word characters
	FirstLine     bool // a match begins before or at the first newline
	AltCircumflex bool // BeginLine matches behind a newline at the very end
	Behind        int  // how far lookbehinds look, in characters
	Regular       bool // an automaton can match it: nothing looks around or back
}

// Op says what a Node is.
type Op uint8

const (
	Empty        Op = iota // matches the empty string
	Char                   // one character of Set
	Concat                 // Sub one after another
	Alternate              // one of Sub
	Repeat                 // Sub[0], Min to Max times; Max -1: no limit
	Capture                // Sub[0] is group Group
	Atomic                 // Sub[0], without going back into it
	Look                   // Sub[0] matches ahead or, with Behind, before; or not, with Negative
	Backref                // what the first set of Groups has matched
	Conditional            // Sub[0] if one of Groups is set, else Sub[1]
	Begin                  // \A
	BeginLine              // ^ with multiline
	End                    // \z
	EndLast                // \Z: the end, or before a newline there
	EndLine                // $ with multiline
	WordBoundary           // \b
	NoBoundary             // \B
	call                   // a subroutine call to Group; gone after Parse
)

// Node is a node of the tree. Which fields count depends on Op.
type Node struct {
	Op         Op
	Sub        []*Node
	Set        Set
	Min, Max   int
	Lazy       bool
	Possessive bool
	Group      int
	Groups     []int
	Behind     bool
	Negative   bool
	Caseless   bool // Backref: compares without case
	Optional   bool // Backref: to a group that is not set, matches the empty string

	names string // Backref, call, Conditional: a name that is resolved at the end
	at    int    // offset for messages
}
