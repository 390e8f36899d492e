package conf

import (
	"cmp"
	"slices"
	"sync"
)

// Options says how a file is read.
type Options struct {
	ConfigID       string              // -i: the id of @id lines; "" means the host name up to the first dot
	StrictIncludes bool                // -e: every include problem is an error
	Getenv         func(string) string // for ${_ENV NAME}; nil means no variable is set
	Host           Host                // nil: nothing about this host is checked (halbd check without --host)
	Copy           *Copy               // nil: nobody wants the text as it was read
	Peers          []*Config           // of the other nodes of the pair; nodes that the file's @ID lines tell of need not be here

	ids map[string]bool // filled while reading: the ids of @ID lines
}

// reader walks the statements of a file.
type reader func(path string, opt Options, table *tableIndex, h handler) Diagnostics

// load reads a configuration file with everything that it includes. The
// Config is never nil: it holds what could be understood, so that a caller
// may act on a file with warnings, and refuse one by its diagnostics.
func load(path string, opt Options, read reader) (*Config, Diagnostics) {
	opt.ids = map[string]bool{}
	if opt.Host != nil {
		opt.Host = newOnceHost(opt.Host)
	}
	b, found := build(path, opt, read)
	b.review(sync.OnceValue(func() (nodes []node) {
		for _, c := range append(slices.Clone(opt.Peers), otherNodes(path, opt, read)...) {
			nodes = append(nodes, newNode(c))
		}
		return nodes
	}))
	all := append(found, b.diags...)
	slices.SortStableFunc(all, func(x, y Diagnostic) int { return comparePos(&x.Pos, &y.Pos) })
	return b.cfg, all
}

// build reads a file and resolves what it says.
func build(path string, opt Options, read reader) (*builder, Diagnostics) {
	table := keywordIndex()
	b := newBuilder(opt, table)
	found := read(path, opt, table, b)
	b.finish()
	return b, found
}

// maxNodes bounds the number of other nodes that a file is read for.
const maxNodes = 8

// otherNodes reads the file as the other nodes do that its @ID lines tell of.
func otherNodes(path string, opt Options, read reader) []*Config {
	var ids []string
	for id := range opt.ids {
		if id != opt.ConfigID {
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 && len(opt.ids) > 0 { // only @^ID lines of this node: any other id is another one
		ids = append(ids, "^"+opt.ConfigID)
	}
	slices.Sort(ids)
	var peers []*Config
	for _, id := range ids[:min(len(ids), maxNodes)] {
		other := opt
		other.ConfigID, other.Host, other.Copy, other.ids = id, nil, nil, nil
		b, _ := build(path, other, read)
		peers = append(peers, b.cfg)
	}
	return peers
}

func newBuilder(opt Options, table *tableIndex) *builder {
	return &builder{
		cfg: &Config{}, opt: opt, table: table,
		scriptOf: map[string]*rawScript{}, fileOf: map[string]*rawFile{}, groupOf: map[string]*rawGroup{},
		instOf: map[string]*rawInstance{}, vsgs: map[string]*rawServerGroup{}, links: map[string]string{},
		bfdOf: map[string]*rawBFD{}, bfdPaths: map[bfdPath]*rawBFD{}, processOf: map[string]*rawProcess{}, hooked: map[**Command]*rawCommand{},
	}
}

// comparePos orders positions as the text is read, included files at the
// place of their include statement. Diagnostics without a line come last.
func comparePos(x, y *Pos) int {
	if (x.Line == 0) != (y.Line == 0) {
		return cmp.Compare(y.Line, x.Line)
	}
	for depth(x) > depth(y) {
		x = x.From
	}
	for depth(y) > depth(x) {
		y = y.From
	}
	for x.From != nil && y.From != nil && *x.From != *y.From {
		x, y = x.From, y.From
	}
	return cmp.Or(cmp.Compare(x.Line, y.Line), cmp.Compare(x.Column, y.Column))
}

// depth counts the includes above a position.
func depth(p *Pos) int {
	n := 0
	for ; p.From != nil; p = p.From {
		n++
	}
	return n
}
