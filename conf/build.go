package conf

import (
	"net/netip"
	"strings"
	"time"
)

// builder turns statements into a Config. It is the handler of the walker:
// statements store raw values in file order, finish resolves defaults,
// inheritance and references once everything is known.
type builder struct {
	cfg   *Config
	opt   Options
	diags Diagnostics
	table *tableIndex

	global    rawGlobal
	controlAt Pos // of control_listen
	scripts   []*rawScript
	scriptOf  map[string]*rawScript
	bfds      []*rawBFD
	bfdOf     map[string]*rawBFD // by name; a dropped session is there too
	bfdPaths  map[bfdPath]*rawBFD
	files     []*rawFile
	fileOf    map[string]*rawFile
	groups    []*rawGroup
	groupOf   map[string]*rawGroup
	insts     []*rawInstance
	instOf    map[string]*rawInstance
	servers   []*rawServer
	vsgs      map[string]*rawServerGroup
	commands  []*rawCommand
	hooked    map[**Command]*rawCommand // the commands by what they are for
	seenReals map[netip.AddrPort]bool   // the real servers of the virtual one that is being finished
	links     map[string]string         // the instances by the interfaces that they make
	statics   []rawAddress
	written   []writing   // by row: where a keyword was given last
	blocks    []openBlock // innermost last
	serial    int
	rawRouting

	processes []*rawProcess
	processOf map[string]*rawProcess
	linkLists rawLinks
	overruled []namedAccount // accounts that a later statement replaced: keepalived looks them up

	// What is open at the moment.
	script      *rawScript
	process     *rawProcess
	bfd         *rawBFD
	file        *rawFile
	group       *rawGroup
	inst        *rawInstance
	vsg         *rawServerGroup
	vs          *rawServer
	rs          *rawReal
	check       *rawCheck
	url         *rawURL
	ssl         *TLSClient // of the last SSL block
	keyPos      Pos        // of its key
	items       int        // of the list that is open
	ends        Pos        // the } of the block that is being closed
	noInterface bool       // an interface that is needed does not exist
	refuse      bool       // set by an opening setter: skip the block
}

type blockName struct{ block, name string }

// statement judges a simple statement by its row and stores it.
func (b *builder) statement(kw *Keyword, s Statement) {
	if !b.inside(kw) || !b.judge(kw, s) {
		return
	}
	before := len(b.diags)
	if kw.set != nil {
		kw.set(b, kw, s)
	}
	b.judgeRepetition(kw, s, before)
}

// open begins a block or list; false asks the walker to skip it.
func (b *builder) open(kw *Keyword, s Statement) bool {
	if !b.inside(kw) || !b.judge(kw, s) {
		return false
	}
	b.refuse, b.items = false, 0
	b.enter(kw)
	switch {
	case kw.Shape == Block && kw.set != nil:
		kw.set(b, kw, s)
	case kw.Shape == List && len(s.Words) > 1 && !strings.HasPrefix(kw.Args, "<"):
		b.report(wordsBeforeBlock, s.PosOf(1), "Block %s has extra parameters %s ...", kw.Name, s.Words[1].Text)
	}
	if begin := kw.inner.kind.begin; begin != nil {
		begin(b, s)
	}
	if b.refuse {
		b.leave()
	}
	return !b.refuse
}

// inside tells whether the block that a keyword stores into is open. With
// braces out of balance a keyword can come after the end of its block.
func (b *builder) inside(kw *Keyword) bool {
	within := kw.home.kind.within
	return kw.set == nil || within == nil || within(b)
}

// item stores one line of a list.
func (b *builder) item(kw *Keyword, s Statement) {
	if !b.inside(kw) {
		return
	}
	b.items++
	before := len(b.diags)
	if kw.set != nil {
		kw.set(b, kw, s)
	}
	b.hintOpenList(kw, s, before)
}

// hintOpenList tells of a list that is not closed, when what was refused as an
// item is a keyword of the blocks around it.
func (b *builder) hintOpenList(kw *Keyword, s Statement, before int) {
	if len(b.diags) == before {
		return
	}
	_, here := kw.home.rows[s.Keyword()]
	_, above := b.table.root.rows[s.Keyword()]
	if here || above {
		b.diags[len(b.diags)-1].fix("'%s' is a keyword: write the '}' of %s above this line", s.Keyword(), kw.Name)
	}
}

// close ends what open began.
func (b *builder) close(kw *Keyword, pos Pos) {
	b.leave()
	b.ends = pos
	kind := &kw.inner.kind
	if kind.end != nil {
		kind.end(b)
	}
	if kind.notEmpty && b.items == 0 {
		b.report(emptyList, pos, "empty %s block", kw.Name)
	}
}

// judge does what the row alone can tell: whether halbd acts on the keyword,
// whether its argument is there, and for rows without a setter whether it is
// a valid one. False means that the statement is not to be stored.
func (b *builder) judge(kw *Keyword, s Statement) bool {
	switch {
	case kw.Acts || b.inner().idle:
	case kw.Status == "obsolete":
		b.report(obsoleteWord, s.Pos, "%s has no effect, in keepalived neither", kw.Name)
	default:
		b.report(notActedOn, s.Pos, "%s is understood but not acted on yet", kw.Name)
	}
	if name := kw.deprecated(); name != "" && !kw.Quiet && !kw.home.old {
		b.report(deprecatedName, s.Pos, "%s is deprecated - please use '%s'", kw.Name, name)
	}
	if len(s.Words) < 2 {
		return b.judgeMissing(kw, s)
	}
	b.judgeSurplus(kw, s)
	if kw.set == nil && kw.Shape == Simple {
		if p := kw.value.check(s.Words[1].Text); p.code != 0 {
			b.report(p.code, s.PosOf(1), "%s: %s - ignoring", kw.Name, p.text)
		}
	}
	return true
}

func (b *builder) judgeMissing(kw *Keyword, s Statement) bool {
	switch {
	case kw.value.kind == valueNone || kw.value.optional:
		return true
	case s.Cut && strings.HasPrefix(kw.Args, "<script"): // the quote is complained about, and keepalived goes on
	case kw.Shape == Block && kw.Tolerant:
		b.report(missingValue, s.Pos, "%s must have a name", kw.Name)
	case kw.Tolerant:
		d := b.report(missingValue, s.Pos, "%s: argument missing - ignoring", kw.Name)
		if kw.Quiet {
			d.Class = ClassNone
		}
	default:
		b.report(missingArgument, s.Pos, "%s is missing a parameter - keepalived ends here", kw.Name)
	}
	return false
}

// reportEnd records a diagnostic of the block that began at pos and ends now:
// keepalived names its }.
func (b *builder) reportEnd(c Code, pos Pos, format string, args ...any) {
	d := b.report(c, pos, format, args...)
	if b.ends.File == pos.File {
		d.End = b.ends.Line
	}
}

// report records a diagnostic.
func (b *builder) report(c Code, pos Pos, format string, args ...any) *Diagnostic {
	return b.diags.report(c, pos, format, args...)
}

// uintArg reads word i of s in the range of kw.
func (b *builder) uintArg(kw *Keyword, s Statement, i int) (uint64, bool) {
	_, n, ok := b.numberArg(kw.Name, kw.value, s, i)
	return n, ok
}

// numberArg reads word i of s, complaining about a number that v does not allow.
func (b *builder) numberArg(name string, v valueSpec, s Statement, i int) (neg bool, n uint64, ok bool) {
	neg, n, ok, p := v.number(s.Words[i].Text)
	if p.code != 0 {
		consequence := "ignoring"
		if ok {
			consequence = "rounding"
		}
		d := b.report(p.code, s.PosOf(i), "%s: %s - %s", name, p.text, consequence)
		if s.Words[i].Text == "" && v.inRange(false, 0) {
			d.Class = ClassNone // to keepalived "" is 0
		}
	}
	return neg, n, ok
}

// intArg reads word 1 of s as a signed number.
func (b *builder) intArg(kw *Keyword, s Statement) (int, bool) {
	neg, n, ok := b.numberArg(kw.Name, kw.value, s, 1)
	if neg {
		return -int(n), ok
	}
	return int(n), ok
}

// atLeastOne reads a number for which keepalived takes 1 in place of 0.
func (b *builder) atLeastOne(kw *Keyword, s Statement) (uint64, bool) {
	if neg, n, ok := scaled(s.Words[1].Text, kw.value.places); ok && !neg && n == 0 {
		b.report(zeroTaken, s.PosOf(1), "%s must be greater than 0, setting to 1", kw.Name)
		return seconds1(kw.value.places), true
	}
	return b.uintArg(kw, s, 1)
}

// seconds1 is 1 in units of the last of places decimals.
func seconds1(places int) uint64 { return uint64(time.Second) / uint64(seconds(1, places)) }

// durationArg reads a number of seconds.
func (b *builder) durationArg(kw *Keyword, s Statement) (time.Duration, bool) {
	n, ok := b.uintArg(kw, s, 1)
	return seconds(n, kw.value.places), ok
}

// boolArg reads an optional boolean; without a word it is true.
func (b *builder) boolArg(kw *Keyword, s Statement) (value, ok bool) {
	if len(s.Words) < 2 {
		return true, true
	}
	value, ok = parseBool(s.Words[1].Text)
	if !ok {
		b.report(badBoolean, s.PosOf(1), "%s: invalid boolean '%s' - ignoring", kw.Name, s.Words[1].Text)
	}
	return value, ok
}
