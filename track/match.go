package track

import (
	"bytes"
	"fmt"
	"strings"

	"halbd/conf"
)

// matcher tells whether a process is one of a vrrp_track_process: by its name
// as the kernel keeps it (15 bytes, /proc/PID/comm), or by its command line
// (/proc/PID/cmdline: every argument with a NUL behind it).
type matcher struct {
	name    string // "": by the command line
	command []byte
	exact   bool // nothing may follow command
}

// newMatcher: parameters, param_match or full_command make it the command line
// that is compared; its first word must be the whole first argument.
func newMatcher(p *conf.TrackProcess) matcher {
	if !p.FullCommand && p.Match == conf.MatchNone {
		return matcher{name: p.Process}
	}
	m := matcher{command: append([]byte(p.Process), 0), exact: p.Match == conf.MatchExact}
	for _, a := range p.Params {
		m.command = append(append(m.command, a...), 0)
	}
	if p.Match == conf.MatchInitial && len(p.Params) > 0 {
		m.command = m.command[:len(m.command)-1] // the last one may go on
	}
	return m
}

// nameLimit is what the kernel keeps of a name (TASK_COMM_LEN without its NUL).
const nameLimit = 15

// hopeless words why no process can ever match; "" if one can.
func (m *matcher) hopeless() string {
	switch {
	case strings.HasPrefix(m.name, "/"):
		return m.name + " is a path, and names have none: add full_command"
	case len(m.name) > nameLimit:
		return fmt.Sprintf("the kernel keeps %d bytes of a name: write %s, or the whole path with full_command", nameLimit, m.name[:nameLimit])
	}
	return ""
}

func (m *matcher) byName() bool { return m.name != "" }

// matches compares. command need not be longer than commandLimit.
func (m *matcher) matches(name string, command []byte) bool {
	switch {
	case m.byName():
		return m.name == name
	case m.exact:
		return bytes.Equal(command, m.command)
	}
	return bytes.HasPrefix(command, m.command)
}

// commandLimit is how much of a command line must be read to decide.
func (m *matcher) commandLimit() int {
	if m.byName() {
		return 0
	}
	return len(m.command) + 1
}
