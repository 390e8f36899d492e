package ipvsctl

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"golang.org/x/sys/unix"

	"halbd/ipvs"
)

// replay is the command restore: by halbd's name the difference to a file, as
// -R the lines one after the other.
func (s *session) replay(r *request) error {
	if !r.verb {
		return s.execute(s.in)
	}
	changes, err := s.difference(r)
	if err != nil || len(changes) == 0 {
		return err
	}
	return s.kernel.Apply(changes)
}

// preview is the command diff.
func (s *session) preview(r *request) error {
	changes, err := s.difference(r)
	if err != nil {
		return err
	}
	for i := range changes {
		fmt.Fprintln(s.out, describe(&changes[i], printer{s.names, false}))
	}
	return nil
}

// describe writes a change as the command line that makes it.
func describe(c *ipvs.Change, p printer) string {
	name := p.serviceWords(c.Service.ServiceKey)
	letter := map[ipvs.Op]string{ipvs.AddService: "-A", ipvs.SetService: "-E", ipvs.DelService: "-D", ipvs.AddDest: "-a", ipvs.SetDest: "-e", ipvs.DelDest: "-d"}[c.Op]
	line := letter + " " + name
	if d := c.Dest; d != nil {
		line += " -r " + p.at(d.Addr, d.Port, "")
		if c.Op != ipvs.DelDest {
			line += serverWords(d)
			if d.UpperThreshold != 0 {
				line += fmt.Sprintf(" -x %d", d.UpperThreshold)
			}
			if d.LowerThreshold != 0 {
				line += fmt.Sprintf(" -y %d", d.LowerThreshold)
			}
		}
	} else if c.Op != ipvs.DelService {
		line += serviceWords(c.Service)
	}
	return line
}

// difference is what leads from the kernel's table to the file's. Services
// that the file does not have stay, unless they are to be cleared.
func (s *session) difference(r *request) ([]ipvs.Change, error) {
	in, name := s.in, "standard input"
	if len(r.operands) > 0 && r.operands[0] != "-" {
		f, err := os.Open(r.operands[0])
		if err != nil {
			return nil, usagef("%w", err)
		}
		defer f.Close()
		in, name = f, r.operands[0]
	}
	want, err := readTable(s.names, in)
	if err != nil {
		return nil, &statusError{statusUsage, fmt.Errorf("%s: nothing was changed:\n%w", name, err)}
	}
	have, err := s.kernel.Services()
	if err != nil {
		return nil, err
	}
	return tableDifference(have, want, r.clear), nil
}

// tableDifference lists removals behind additions, so that a service that
// moves is missed as shortly as can be.
func tableDifference(have, want []ipvs.Service, clear bool) []ipvs.Change {
	index := make(map[ipvs.ServiceKey]*ipvs.Service, len(have))
	for i := range have {
		index[have[i].ServiceKey] = &have[i]
	}
	var changes []ipvs.Change
	for i := range want {
		changes = ipvs.Diff(changes, index[want[i].ServiceKey], &want[i])
		delete(index, want[i].ServiceKey)
	}
	if clear {
		for i := range have { // in a stable order
			changes = ipvs.Diff(changes, index[have[i].ServiceKey], nil)
		}
	}
	return changes
}

// readTable reads the table that lines make of an empty one. The error has
// every bad line.
func readTable(n names, in io.Reader) ([]ipvs.Service, error) {
	var p plan
	var bad error
	err := eachLine(n, in, func(line int, r *request, err error) error {
		if err == nil {
			err = p.follow(r)
		}
		if err != nil {
			bad = errors.Join(bad, fmt.Errorf("line %d: %w", line, err))
		}
		return nil
	})
	return p.services, errors.Join(bad, err)
}

// execute carries lines out one after the other. A line without a meaning
// ends that; what the kernel refuses does not, and as with ipvsadm the status
// is that of the last line.
func (s *session) execute(in io.Reader) error {
	var refused error // of the line before
	err := eachLine(s.names, in, func(line int, r *request, err error) error {
		if refused != nil {
			s.complain(refused)
			refused = nil
		}
		if err == nil && r.command.letter == 'R' {
			err = usagef("restore within restore")
		}
		if err == nil {
			err = r.command.perform(s, r)
		}
		if err == nil {
			return nil
		}
		err = fmt.Errorf("line %d: %w", line, err)
		var meaning *statusError
		if errors.As(err, &meaning) {
			return err
		}
		refused = err
		return nil
	})
	if err != nil {
		return err
	}
	return refused
}

// eachLine reads command lines, with or without "ipvsadm" before them; blank
// lines and comments are skipped. It ends when visit, which gets what a line
// asks for or why it cannot be read, returns an error.
func eachLine(n names, in io.Reader, visit func(line int, r *request, err error) error) error {
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, maxLine)
	for number := 1; lines.Scan(); number++ {
		var r *request
		words, err := splitWords(lines.Text())
		if len(words) > 0 && words[0] == "ipvsadm" {
			words = words[1:]
		}
		if err == nil && len(words) == 0 {
			continue
		}
		if err == nil {
			r, err = parseLetters(n, words)
		}
		if err := visit(number, r, err); err != nil {
			return err
		}
	}
	if err := lines.Err(); err != nil {
		return usagef("%w", err)
	}
	return nil
}

// maxLine bounds a line in bytes.
const maxLine = 64 << 10

// splitWords splits a line at blanks. Quotes keep blanks, a backslash the
// character behind it. A word that begins with "#" begins a comment.
func splitWords(line string) ([]string, error) {
	var words []string
	var word []byte
	inside, quote := false, byte(0)
	for i := 0; i < len(line); i++ {
		c := line[i]
		switch {
		case quote != 0 && c == quote:
			quote = 0
		case c == '\\' && quote != '\'' && i+1 < len(line):
			i++
			word, inside = append(word, line[i]), true
		case quote != 0:
			word = append(word, c)
		case c == '"' || c == '\'':
			quote, inside = c, true
		case c == ' ' || c == '\t' || c == '\r':
			if inside {
				words, word, inside = append(words, string(word)), nil, false
			}
		case c == '#' && !inside:
			return words, nil
		default:
			word, inside = append(word, c), true
		}
	}
	if quote != 0 {
		return nil, usagef("a quote (%c) is not closed", quote)
	}
	if inside {
		words = append(words, string(word))
	}
	return words, nil
}

// plan is a table in the making. It refuses what the kernel would.
type plan struct{ services []ipvs.Service }

// follow does what a line asks for.
func (p *plan) follow(r *request) error {
	if !r.command.onTable {
		return usagef("%s does not belong in a table", r.command.title())
	}
	if r.command.letter == 'C' {
		p.services = nil
		return nil
	}
	c := r.change()
	return refusal(&c, p.do(c))
}

func (p *plan) do(c ipvs.Change) error {
	i := slices.IndexFunc(p.services, func(s ipvs.Service) bool { return s.ServiceKey == c.Service.ServiceKey })
	if c.Op == ipvs.AddService {
		if i >= 0 {
			return unix.EEXIST
		}
		added := *c.Service
		added.Dests = nil // they are changes of their own
		p.services = append(p.services, added)
		return nil
	}
	if i < 0 {
		return unix.ESRCH
	}
	s := &p.services[i]
	switch c.Op {
	case ipvs.SetService:
		changed := *c.Service
		changed.Dests = s.Dests
		*s = changed
		return nil
	case ipvs.DelService:
		p.services = slices.Delete(p.services, i, i+1)
		return nil
	}
	at := slices.IndexFunc(s.Dests, func(d ipvs.Destination) bool { return d.Endpoint() == c.Dest.Endpoint() })
	switch {
	case c.Op == ipvs.AddDest && at >= 0:
		return unix.EEXIST
	case c.Op == ipvs.AddDest:
		s.Dests = append(s.Dests, *c.Dest)
	case at < 0:
		return unix.ENOENT
	case c.Op == ipvs.SetDest:
		s.Dests[at] = *c.Dest
	default:
		s.Dests = slices.Delete(s.Dests, at, at+1)
	}
	return nil
}
