package conf

import (
	"math"
	"strconv"
	"strings"
)

// rawRule is a routing rule whose interfaces finish looks at.
type rawRule struct {
	RoutingRule
	pos    Pos
	wanted []string
}

// firstAutoPriority is what the first rule without a priority gets.
const firstAutoPriority = 16384

// ruleReader reads one line of virtual_rules or static_rules.
type ruleReader struct {
	itemReader
	RoutingRule
	hasPriority, hasRealms bool
}

var ruleSynonyms = map[string]string{
	"dev": "iif", "preference": "priority", "order": "priority", "dsfield": "tos", "sup_pl": "suppress_prefixlength", "sup_group": "suppress_ifgroup",
	// actions have a message of their own
}

func addStaticRule(b *builder, _ *Keyword, s Statement) {
	if r, ok := b.rule(s, "static_rules/item"); ok {
		b.staticRules = append(b.staticRules, r)
	}
}

func addVirtualRule(b *builder, _ *Keyword, s Statement) {
	if r, ok := b.rule(s); ok {
		b.inst.rules = append(b.inst.rules, r)
	}
}

// rule reads a rule; ok is false when it is to be left out.
func (b *builder) rule(s Statement, more ...string) (rawRule, bool) {
	r := ruleReader{
		itemReader:  itemReader{b: b, s: s, what: "rule", synonyms: ruleSynonyms, blocks: append(more, "virtual_rules/item")},
		RoutingRule: RoutingRule{Protocol: protocolKeepalived},
	}
	for ; r.i < len(s.Words) && !r.out; r.i++ {
		option := r.word()
		read := ruleOptions[option]
		if read == nil && ruleAction(option) != 0 {
			read = (*ruleReader).readAction
		}
		if !isAction(option) && !r.known() || read == nil {
			r.unknown()
			break
		}
		read(&r)
	}
	if !r.out {
		r.finish()
	}
	return rawRule{r.RoutingRule, s.Pos, r.wanted}, !r.out && !r.left
}

// isAction tells whether a word is an action, of which a second one is refused.
func isAction(word string) bool {
	return word == "table" || word == "lookup" || word == "l3mdev" || ruleAction(word) != 0
}

// ruleOptions read an option of a rule with its values.
var ruleOptions = map[string]func(r *ruleReader){
	"inet":  func(r *ruleReader) { r.forceFamily() },
	"inet6": func(r *ruleReader) { r.forceFamily() },
	"from": func(r *ruleReader) {
		if r.value() {
			r.From, _ = r.selector("from")
		}
	},
	"to": func(r *ruleReader) {
		if r.value() {
			r.To, _ = r.selector("to")
		}
	},
	"not":                   func(r *ruleReader) { r.Not = true },
	"preference":            (*ruleReader).readPriority,
	"order":                 (*ruleReader).readPriority,
	"priority":              (*ruleReader).readPriority,
	"tos":                   (*ruleReader).readTOS,
	"dsfield":               (*ruleReader).readTOS,
	"fwmark":                (*ruleReader).readMark,
	"realms":                (*ruleReader).readRealms,
	"suppress_prefixlength": (*ruleReader).readSuppressLength,
	"sup_pl":                (*ruleReader).readSuppressLength,
	"suppress_ifgroup":      (*ruleReader).readSuppressGroup,
	"sup_group":             (*ruleReader).readSuppressGroup,
	"table":                 (*ruleReader).readTable,
	"lookup":                (*ruleReader).readTable,
	"l3mdev": func(r *ruleReader) {
		if r.act(RuleTable) {
			r.L3MDev = true
		}
	},
	"dev": func(r *ruleReader) { r.device(&r.Input) },
	"iif": func(r *ruleReader) { r.device(&r.Input) },
	"oif": func(r *ruleReader) { r.device(&r.Output) },
	"tunnel-id": func(r *ruleReader) {
		if n, ok := r.numberValue(); ok {
			r.TunnelID = n
		}
	},
	"uidrange":    (*ruleReader).readUIDs,
	"protocol":    (*ruleReader).readProtocol,
	"ipproto":     (*ruleReader).readIPProtocol,
	"sport":       func(r *ruleReader) { r.readPorts(&r.SourcePorts) },
	"dport":       func(r *ruleReader) { r.readPorts(&r.DestPorts) },
	"goto":        (*ruleReader).readAction,
	"nop":         (*ruleReader).readAction,
	"blackhole":   (*ruleReader).readAction,
	"unreachable": (*ruleReader).readAction,
	"prohibit":    (*ruleReader).readAction,
	"type": func(r *ruleReader) {
		switch {
		case !r.value():
		case ruleAction(r.word()) == 0:
			r.unknown()
		default:
			r.readAction()
		}
	},
	"no_track": func(r *ruleReader) { r.NoTrack = true },
	"track_group": func(r *ruleReader) {
		if r.value() {
			r.trackGroup(&r.TrackGroup)
		}
	},
}

// ruleActions are the actions that may stand behind type.
var ruleActions = map[string]RuleAction{
	"goto": RuleGoto, "nop": RuleNop, "blackhole": RuleBlackhole, "unreachable": RuleUnreachable, "prohibit": RuleProhibit,
}

// ruleAction gives the action of a word, or of the number of a route's type
// that is one, as in keepalived.
func ruleAction(word string) RuleAction {
	if neg, n, ok := cNumber(word); ok && !neg && n >= uint64(RuleBlackhole) && n <= uint64(RuleProhibit) {
		return RuleAction(n)
	}
	return ruleActions[word]
}

func (r *ruleReader) readAction() {
	if a := ruleAction(r.word()); r.act(a) && a == RuleGoto {
		n, _ := r.numberValue()
		r.Goto = uint32(n)
	}
}

// act sets the action, unless there is one.
func (r *ruleReader) act(a RuleAction) bool {
	if r.Action != 0 {
		r.drop(secondAction, "rule has two actions: '%s' is the second", r.word())
		return false
	}
	r.Action = a
	return true
}

// readPriority takes decimal, octal and hexadecimal numbers.
func (r *ruleReader) readPriority() {
	option := r.word()
	if !r.value() {
		return
	}
	neg, n, ok := cNumber(r.word())
	kw := r.row(option)
	v := valueSpec{kind: valueUint}
	v.setRange(kw.Min, kw.Max)
	switch {
	case !ok:
		d := r.b.report(badNumber, r.pos(), "%s: invalid number '%s'", option, r.word())
		if r.word() == "" {
			d.Class = ClassNone // keepalived reads 0
			r.hasPriority = true
		}
		r.leave(d)
	case !v.inRange(neg, n):
		r.drop(outOfRange, "%s: number '%s' outside range [%s, %s]", option, r.word(), kw.Min, kw.Max)
	default:
		r.Priority, r.hasPriority = uint32(n), true
	}
}

func (r *ruleReader) readTOS() {
	option := r.word()
	if r.value() {
		n, _ := r.named(NameDSField, option)
		r.TOS = uint8(n)
	}
}

// readMark reads "<mark>[/<mask>]". An empty part counts as 0, as in keepalived.
func (r *ruleReader) readMark() {
	if !r.value() {
		return
	}
	mark, mask, two := strings.Cut(r.word(), "/")
	if !two {
		mask = "0xffffffff"
	} else if mark == "" || mask == "" {
		r.b.report(badValue, r.pos(), "fwmark: '%s' lacks a part, which is taken as 0", r.word()).Class = ClassNone
	}
	var part [2]uint64
	for i, text := range []string{mark, mask} {
		if text == "" {
			continue
		}
		neg, n, ok := cNumber(text)
		if !ok || neg || n > math.MaxUint32 {
			r.drop(badValue, "fwmark: '%s' is not MARK[/MASK]", r.word())
			return
		}
		part[i] = n
	}
	r.FwMark, r.FwMask = uint32(part[0]), uint32(part[1])
	if r.FwMask == 0 {
		r.FwMark = 0 // every mark fits
	}
}

func (r *ruleReader) readRealms() {
	if !r.value() {
		return
	}
	realms, d := r.realms("realms")
	switch {
	case d != nil:
		r.leave(d)
	case r.family == IPv6:
		r.drop(wrongFamily, "realms is only valid for IPv4")
	default:
		r.family, r.Realms, r.hasRealms = IPv4, realms, true
	}
}

func (r *ruleReader) readSuppressLength() {
	if n, ok := r.numberValue(); ok {
		length := uint32(n)
		r.SuppressLength = &length
	}
}

func (r *ruleReader) readSuppressGroup() {
	option := r.word()
	if !r.value() {
		return
	}
	if n, ok := r.named(NameGroup, option); ok {
		r.SuppressGroup = &n
	}
}

// readTable reads the table to look up.
func (r *ruleReader) readTable() {
	option := r.word()
	if !r.act(RuleTable) || !r.value() {
		return
	}
	r.Table, _ = r.named(NameTable, option)
}

// twoNumbers reads "<low>-<high>" with numbers up to most; form is false when
// it is none. keepalived does not look behind the second number, nor whether
// the range goes upwards.
func (r *ruleReader) twoNumbers(option string, most uint64) (low, high uint64, form, fits bool) {
	lowNeg, low, rest, ok1 := leadingNumber(r.word())
	rest, dash := strings.CutPrefix(rest, "-")
	highNeg, high, rest, ok2 := leadingNumber(rest)
	form = dash && ok1 && ok2
	fits = form && !lowNeg && !highNeg && low <= high && high <= most
	if fits && rest != "" {
		r.b.report(badValue, r.pos(), "%s: '%s' is read as %d-%d", option, r.word(), low, high).Class = ClassNone
	}
	return low, high, form, fits
}

// leadingNumber reads the decimal number that a text begins with, as C's scanf does.
func leadingNumber(text string) (neg bool, n uint64, rest string, ok bool) {
	text = strings.TrimLeft(text, " \t")
	if text != "" && (text[0] == '-' || text[0] == '+') {
		neg, text = text[0] == '-', text[1:]
	}
	digits := len(text) - len(strings.TrimLeft(text, "0123456789"))
	_, n, _ = scaled(text[:digits], 0)
	return neg, n, text[digits:], digits > 0
}

// readUIDs reads a range of user ids. keepalived takes a reversed range, and
// the kernel then refuses the rule.
func (r *ruleReader) readUIDs() {
	if !r.value() {
		return
	}
	low, high, form, fits := r.twoNumbers("uidrange", math.MaxUint32)
	switch {
	case !form:
		r.drop(badValue, "uidrange: '%s' is not LOW-HIGH in numbers", r.word())
	case !fits:
		d := r.b.report(badValue, r.pos(), "uidrange: '%s' does not go upwards within %d", r.word(), uint32(math.MaxUint32))
		d.Class = ClassNone
		r.leave(d)
	default:
		r.UIDs = &UIDRange{uint32(low), uint32(high)}
	}
}

// readPorts reads a range of ports. keepalived ignores a malformed one, so
// that the rule is for every port.
func (r *ruleReader) readPorts(field *PortRange) {
	option := r.word()
	kw := r.row(option)
	if !r.value() {
		return
	}
	v := valueSpec{}
	v.setRange(kw.Min, kw.Max)
	low, high, form, fits := r.twoNumbers(option, v.high)
	switch {
	case !form:
		r.b.report(badValue, r.pos(), "invalid %s range %s - ignoring: the rule is for every port", option, r.word()).
			fix("write %s LOW-HIGH, as in %s 80-80 for one port", option, option)
	case !fits:
		r.b.report(badValue, r.pos(), "%s range %s does not go upwards within %d - ignoring: the rule is for every port", option, r.word(), v.high).Class = ClassNone
	default:
		*field = PortRange{uint16(low), uint16(high)}
	}
}

// readProtocol reads the origin of the rule; a malformed one is ignored.
func (r *ruleReader) readProtocol() {
	kw := r.row(r.word())
	if !r.value() {
		return
	}
	if _, n, ok := r.b.numberArg(kw.Name, kw.value, r.s, r.i); ok {
		r.Protocol = uint8(n)
	}
}

// readIPProtocol reads a decimal number or a name; keepalived ignores others,
// so that the rule is for every protocol.
func (r *ruleReader) readIPProtocol() {
	kw := r.row(r.word())
	if !r.value() {
		return
	}
	_, high := nameRange(kw)
	n, err := strconv.ParseUint(strings.TrimPrefix(r.word(), "+"), 10, 64)
	if err != nil {
		found, ok := r.b.lookupName(NameIPProtocol, r.word())
		if !ok {
			r.b.report(unknownName, r.pos(), "ipproto: no IP protocol has the name '%s' - ignoring: the rule is for every protocol", r.word())
			return
		}
		n = uint64(found)
	}
	if n > high {
		r.b.report(outOfRange, r.pos(), "ipproto: number '%s' outside range [0, %d] - ignoring: the rule is for every protocol", r.word(), high)
		return
	}
	r.IPProtocol = uint8(n)
}

// finish checks what only the whole line tells.
func (r *ruleReader) finish() {
	refuse := func(c Code, format string, args ...any) {
		r.b.report(c, r.s.Pos, format+" - leaving the rule out", args...)
		r.out = true
	}
	switch {
	case r.Action == 0:
		refuse(noAction, "No action specified for rule")
	case r.Action != RuleTable && (r.hasRealms || r.SuppressLength != nil || r.SuppressGroup != nil):
		refuse(wrongPlace, "realms and suppress_ options go with table only, not with %s", r.Action)
	case r.Action == RuleGoto && !r.hasPriority:
		refuse(gotoBackwards, "goto %d without a priority of its own", r.Goto)
	case r.Action == RuleGoto && r.Goto <= r.Priority:
		refuse(gotoBackwards, "goto %d does not lead behind priority %d", r.Goto, r.Priority)
	}
	if r.out {
		return
	}
	if r.Family = r.family; r.Family == 0 {
		r.Family = IPv4
	}
	if !r.hasPriority {
		r.Priority = firstAutoPriority - r.b.autoPriorities
		r.b.autoPriorities++
		r.b.report(autoPriority, r.s.Pos, "Rule has no preference specified - setting to %d. This is probably not what you want.", r.Priority)
	}
	r.ownProtocol(&r.Protocol, r.NoTrack)
	switch {
	case r.TrackGroup == "":
	case r.Input == "":
		r.b.report(untracked, r.s.Pos, "Static rule cannot have track_group %s if dev/iif not specified - not tracking", r.TrackGroup).
			fix("write iif and the interface, or remove track_group")
		r.TrackGroup = ""
	case r.NoTrack:
		d := r.b.report(untracked, r.s.Pos, "rule is not tracked: its track_group %s has no effect", r.TrackGroup)
		d.Class = ClassNone
		d.fix("remove no_track or track_group")
		r.TrackGroup = ""
	}
}

// finishRules complains about interfaces that do not exist.
func (b *builder) finishRules(list []rawRule) []RoutingRule {
	var out []RoutingRule
	for _, r := range list {
		for _, name := range r.wanted {
			b.wantInterface(r.pos, name, "rule")
		}
		out = append(out, r.RoutingRule)
	}
	return out
}
