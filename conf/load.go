package conf

import (
	"cmp"
	"net/netip"
	"slices"
	"sync"
)

// Options says how a file is read.
type Options struct {
	ConfigID       string              // -i: the id of @id lines; "" means the host name up to the first dot
	StrictIncludes bool                // -e: every include problem is an error
	Getenv         func(string) string // for ${_ENV NAME}; nil means no variable is set
	Host           Host                // nil: nothing about this host is checked (halbd check without --host)
	Peers          []*Config           // of the other nodes of the pair; nodes that the file's @ID lines tell of need not be here

	ids map[string]bool // filled while reading: the ids of @ID lines
}

// Host is what the configuration must know of the machine it is for.
type Host interface {
	// InterfaceExists reports whether the kernel has an interface of that name.
	InterfaceExists(name string) bool
	// LookupUser resolves an account to its uid and primary gid; numeric names are accepted.
	LookupUser(name string) (uid, gid uint32, err error)
	// LookupGroup resolves a group name or number.
	LookupGroup(name string) (gid uint32, err error)
	// CheckScript judges a script's path: not found, not executable, or not
	// safe to be run by root. It returns the command to run (symlinks resolved,
	// Shell set for a file without #!).
	CheckScript(c Command) (Command, ScriptVerdict)
	// DirectoryExists reports whether a path is a directory.
	DirectoryExists(path string) bool
	// LookupName gives the number of a name. dirs are the directories of
	// iproute2's files, the ones looked at first in front; none means the usual ones.
	LookupName(kind NameKind, name string, dirs ...string) (uint32, error)
}

// LinkHost is what a Host may know of links beyond their names. Without it
// names of links that exist are taken as they are.
type LinkHost interface {
	// ReusableLink reports whether the link that has the name is one that an
	// instance may take over: a private macvlan, or an ipvlan in L2 mode.
	ReusableLink(name string, ipvlan bool) bool
	// PrimaryAddress gives the address that adverts leave from unless one is configured.
	PrimaryAddress(name string, f Family) netip.Addr
	// MTU gives the largest packet of a link in bytes; 0 when there is no such link.
	MTU(name string) int
}

// NameKind says what a name stands for.
type NameKind uint8

const (
	NameTable      NameKind = iota // routing table, rt_tables
	NameProtocol                   // origin of a route, rt_protos
	NameScope                      // rt_scopes
	NameRealm                      // rt_realms
	NameDSField                    // rt_dsfield
	NameGroup                      // interface group, group
	NameIPProtocol                 // /etc/protocols
	NameVRF                        // VRF device: its routing table
)

// ScriptVerdict is what CheckScript found.
type ScriptVerdict struct {
	Missing  bool   // no such file, or not executable: the script is dropped
	Insecure bool   // a path component may be written by someone else than root
	Reason   string // names the component and its mode
}

// reader walks the statements of a file.
type reader func(path string, opt Options, table *tableIndex, h handler) Diagnostics

// load reads a configuration file with everything that it includes. The
// Config is never nil: it holds what could be understood, so that a caller
// may act on a file with warnings, and refuse one by its diagnostics.
func load(path string, opt Options, read reader) (*Config, Diagnostics) {
	opt.ids = map[string]bool{}
	b, found := build(path, opt, read)
	b.review(sync.OnceValue(func() []*Config { return append(slices.Clone(opt.Peers), otherNodes(path, opt, read)...) }))
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
		other.ConfigID, other.Host, other.ids = id, nil, nil
		b, _ := build(path, other, read)
		peers = append(peers, b.cfg)
	}
	return peers
}

func newBuilder(opt Options, table *tableIndex) *builder {
	return &builder{
		cfg: &Config{}, opt: opt, table: table,
		scriptOf: map[string]*rawScript{}, fileOf: map[string]*rawFile{}, groupOf: map[string]*rawGroup{},
		instOf: map[string]*rawInstance{}, vsgs: map[string]*rawServerGroup{}, names: map[blockName]bool{}, links: map[string]string{},
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
