package conf

import (
	"strconv"
	"strings"
)

// repeat processes ~SEQ, ~SEQx and ~LST: the rest of the line once for each
// value of the variable, which keeps its last value.
func (p *preprocessor) repeat(text string, pos Pos, offset int) {
	head, hex := "~SEQ", false
	if strings.HasPrefix(text, "~LST") {
		head = "~LST"
	} else if strings.HasPrefix(text, "~SEQx") {
		head, hex = "~SEQx", true
	}
	args, ok := strings.CutPrefix(text[len(head):], "(")
	if !ok { // some other word that begins with ~
		p.statement(text, pos, offset)
		return
	}
	end := strings.IndexByte(args, ')')
	if end < 0 {
		p.found.report(badSequence, pos, "%s lacks its ')': '%s'", head, text)
		return
	}
	rest := trimBlanks(args[end+1:])
	args, _, err := p.expand(args[:end], pos)
	if err != nil {
		p.found.report(endlessText, pos, "%v", err)
		return
	}
	offset += len(text) - len(rest)
	if head == "~LST" {
		p.list(text, args, rest, pos, offset)
	} else {
		p.sequence(text, args, rest, hex, pos, offset)
	}
}

func isName(s string) bool { return s != "" && nameLength(s) == len(s) }

// sequence is ~SEQ(var,end), (var,start,end) or (var,start,step,end).
func (p *preprocessor) sequence(text, args, rest string, hex bool, pos Pos, offset int) {
	words := strings.Split(args, ",")
	name := trimBlanks(words[0])
	var n []int64
	for _, w := range words[1:] {
		v, err := strconv.ParseInt(trimBlanks(w), 0, 64)
		if err != nil {
			p.found.report(badSequence, pos, "Invalid ~SEQ definition: '%s' is no number in '%s'", trimBlanks(w), text)
			return
		}
		n = append(n, v)
	}
	if !isName(name) || len(n) < 1 || len(n) > 3 {
		p.found.report(badSequence, pos, "Invalid ~SEQ definition '%s': write ~SEQ(NAME,[start,[step,]]end)", text)
		return
	}
	start, step, end := int64(1), int64(1), n[len(n)-1]
	if end < 0 {
		start = -1
	}
	if len(n) > 1 {
		start = n[0]
	}
	if end < start {
		step = -1
	}
	if len(n) == 3 {
		step = n[1]
	}
	switch {
	case step == 0 || (end > start) && step < 0 || (end < start) && step > 0:
		p.found.report(badSequence, pos, "Invalid ~SEQ values: step %d never leads from %d to %d in '%s'", step, start, end, text)
	case hex && (start < 0 || end < 0):
		p.found.report(badSequence, pos, "~SEQx takes no negative numbers: '%s'", text)
	case distance(start, end)/distance(0, step) >= maxSequence:
		p.found.report(badSequence, pos, "~SEQ repeats more than %d times: '%s'", maxSequence, text)
	default:
		base := 10
		if hex {
			base = 16
		}
		times := int64(distance(start, end) / distance(0, step))
		for i := range times + 1 {
			p.defs[name] = []string{strconv.FormatInt(start+i*step, base)}
			p.again(rest, pos, offset)
		}
	}
}

// distance is |a-b|, which may not fit an int64.
func distance(a, b int64) uint64 {
	if a > b {
		a, b = b, a
	}
	return uint64(b) - uint64(a)
}

// list is ~LST(var,a,b) or ~LST({v,w},{a,1},{b,2}).
func (p *preprocessor) list(text, args, rest string, pos Pos, offset int) {
	tuples, ok := splitTuples(args)
	if !ok || len(tuples) < 2 {
		p.found.report(badList, pos, "Invalid ~LST specification '%s': write ~LST(NAME,value,...) or ~LST({NAME,...},{value,...},...)", text)
		return
	}
	names := tuples[0]
	for _, n := range names {
		if !isName(n) {
			p.found.report(badList, pos, "Invalid ~LST specification: '%s' is no name in '%s'", n, text)
			return
		}
	}
	for _, t := range tuples[1:] {
		if len(t) > len(names) {
			p.found.report(badList, pos, "~LST specification has too many values: %d for %d name(s) in '%s'", len(t), len(names), text)
			return
		}
	}
	for _, t := range tuples[1:] {
		for i, n := range names {
			value := ""
			if i < len(t) {
				value = t[i]
			}
			p.defs[n] = []string{value}
		}
		p.again(rest, pos, offset)
	}
}

// splitTuples cuts "{a,b},{c,d}" or "a,b" at the commas outside braces.
func splitTuples(s string) ([][]string, bool) {
	if strings.ContainsAny(s, " \t\"") {
		return nil, false
	}
	var out [][]string
	for s != "" {
		var word string
		if s[0] == '{' {
			end := strings.IndexByte(s, '}')
			if end < 0 {
				return nil, false
			}
			word, s = s[1:end], s[end+1:]
			out = append(out, strings.Split(word, ","))
			if s != "" && s[0] != ',' {
				return nil, false
			}
			s = strings.TrimPrefix(s, ",")
			continue
		}
		word, s, _ = strings.Cut(s, ",")
		out = append(out, []string{word})
	}
	return out, true
}
