package conf

import (
	"cmp"
	"slices"
)

// Options says how a file is read.
type Options struct {
	ConfigID       string              // -i: the id of @id lines; "" means the host name up to the first dot
	StrictIncludes bool                // -e: every include problem is an error
	Getenv         func(string) string // for ${_ENV NAME}; nil means no variable is set
	Host           Host                // nil: nothing about this host is checked (halbd check without --host)
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
	// LookupName gives the number of a name. dirs are the directories of
	// iproute2's files, the ones looked at first in front; none means the usual ones.
	LookupName(kind NameKind, name string, dirs ...string) (uint32, error)
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
type reader func(path string, opt Options, lang language, h handler) Diagnostics

// load reads a configuration file with everything that it includes. The
// Config is never nil: it holds what could be understood, so that a caller
// may act on a file with warnings, and refuse one by its diagnostics.
func load(path string, opt Options, read reader) (*Config, Diagnostics) {
	table := keywordIndex()
	b := newBuilder(opt, table)
	found := read(path, opt, table, b)
	if !b.dead {
		b.finish()
	}
	all := append(found, b.diags...)
	slices.SortStableFunc(all, func(x, y Diagnostic) int { return comparePos(&x.Pos, &y.Pos) })
	return b.cfg, all
}

func newBuilder(opt Options, table *tableIndex) *builder {
	return &builder{
		cfg: &Config{}, opt: opt, table: table,
		scriptOf: map[string]*rawScript{}, fileOf: map[string]*rawFile{}, groupOf: map[string]*rawGroup{},
		instOf: map[string]*rawInstance{}, vsgs: map[string]*rawServerGroup{}, names: map[blockName]bool{}, hooked: map[**Command]*rawCommand{},
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
