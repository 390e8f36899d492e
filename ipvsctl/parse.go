package ipvsctl

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"halbd/ipvs"
)

// Exit statuses, which are ipvsadm's.
const (
	statusOK      = 0
	statusNone    = 1   // the service to list is not there
	statusUsage   = 2   // the words have no meaning, or there is no IPVS
	statusRefused = 255 // unknown option, or the kernel refuses
)

// statusError is an error with the exit status that it leads to.
type statusError struct {
	status int
	err    error
}

func (e *statusError) Error() string { return e.err.Error() }
func (e *statusError) Unwrap() error { return e.err }

func usagef(format string, args ...any) error {
	return &statusError{statusUsage, fmt.Errorf(format, args...)}
}

// unknownf is for words that are not even options.
func unknownf(format string, args ...any) error {
	return &statusError{statusRefused, fmt.Errorf(format, args...)}
}

// statusOf is the exit status of an error; what has none was refused by the kernel.
func statusOf(err error) int {
	var s *statusError
	switch {
	case err == nil:
		return statusOK
	case errors.As(err, &s):
		return s.status
	}
	return statusRefused
}

// request is what a command line asks for.
type request struct {
	command  *command
	names    names
	verb     bool // called by halbd's name for the command
	seen     map[string]string
	operands []string

	service ipvs.Service
	mask    string
	flags   []string
	dest    ipvs.Destination
	server  string
	daemon  ipvs.Daemon

	resolve, json bool
	clear         bool
	list          struct{ exact bool }
	save          struct{ thresholds bool }
	watch         struct {
		interval time.Duration
		count    int
	}
}

func newRequest(c *command, n names, verb bool) *request {
	r := &request{command: c, names: n, verb: verb, seen: map[string]string{}}
	r.service.Scheduler = "wlc"
	r.dest.Method, r.dest.Weight = ipvs.DirectRoute, 1
	r.watch.interval = time.Second
	r.resolve = !verb
	return r
}

// has reports whether an option of that name was written.
func (r *request) has(name string) bool { return r.seen[name] != "" }

// parse reads a command line: a verb or one of ipvsadm's commands, then options
// in any order.
func parse(n names, args []string) (*request, error) {
	if len(args) == 0 {
		args = []string{"-L"}
	}
	if c, length := findVerb(args); c != nil {
		r := newRequest(c, n, true)
		return r, r.parse(args[length:])
	}
	return parseLetters(n, args)
}

// parseLetters reads a command line in ipvsadm's grammar.
func parseLetters(n names, args []string) (*request, error) {
	c, rest := findCommand(args)
	if c == nil {
		return nil, unknownf("%q is no command (halbd ipvs --help)", strings.Join(args, " "))
	}
	r := newRequest(c, n, false)
	return r, r.parse(rest)
}

// findCommand takes the command from the first word, and leaves what is
// attached to it.
func findCommand(args []string) (*command, []string) {
	if len(args) == 0 {
		return nil, nil
	}
	first, rest := args[0], args[1:]
	list := commands()
	for i := range list {
		c := &list[i]
		name, value, attached := strings.Cut(first, "=")
		if c.long != "" && name == "--"+c.long {
			if attached {
				rest = append([]string{value}, rest...)
			}
			return c, rest
		}
		if c.letter == 0 || len(first) < 2 || first[0] != '-' || first[1] != c.letter && !(c.letter == 'L' && first[1] == 'l') {
			continue
		}
		if len(first) > 2 {
			rest = append([]string{"-" + first[2:]}, rest...)
		}
		return c, rest
	}
	return nil, nil
}

// parse reads the options behind the command by popt's rules: full long names,
// arguments attached with or without "=", clusters of letters.
func (r *request) parse(args []string) error {
	table := options()
	for len(args) > 0 {
		word := args[0]
		args = args[1:]
		var err error
		switch {
		case word == "--":
			r.operands, args = append(r.operands, args...), nil
		case strings.HasPrefix(word, "--"):
			args, err = r.parseLong(table, word[2:], args)
		case len(word) > 1 && word[0] == '-':
			args, err = r.parseCluster(table, word[1:], args)
		default:
			r.operands = append(r.operands, word)
		}
		if err != nil {
			return err
		}
	}
	return r.finish()
}

func (r *request) parseLong(table []option, word string, args []string) ([]string, error) {
	name, value, attached := strings.Cut(word, "=")
	i := slices.IndexFunc(table, func(o option) bool { return o.long == name && r.known(&o) })
	if i < 0 {
		if c, _ := findCommand([]string{"--" + name}); c != nil {
			return nil, usagef("--%s: there is a command already", name)
		}
		return nil, unknownf("--%s: unknown option", name)
	}
	return r.take(&table[i], "--"+name, value, attached, args)
}

func (r *request) parseCluster(table []option, cluster string, args []string) ([]string, error) {
	for len(cluster) > 0 {
		word := "-" + cluster[:1]
		i := slices.IndexFunc(table, func(o option) bool { return o.letter == cluster[0] })
		if i < 0 {
			if c, _ := findCommand([]string{word}); c != nil {
				return nil, usagef("%s: there is a command already", word)
			}
			return nil, unknownf("%s: unknown option", word)
		}
		cluster = cluster[1:]
		if table[i].arg != none {
			return r.take(&table[i], word, strings.TrimPrefix(cluster, "="), cluster != "", args)
		}
		if _, err := r.take(&table[i], word, "", false, nil); err != nil {
			return nil, err
		}
	}
	return args, nil
}

// known reports whether an option exists at all in the grammar in use: some of
// those that halbd adds come with its verbs only.
func (r *request) known(o *option) bool {
	switch o.name {
	case "resolve", "clear", "interval", "count":
		return r.verb
	}
	return true
}

// take applies an option, with its argument from the word or the next one.
func (r *request) take(o *option, word, value string, attached bool, args []string) ([]string, error) {
	switch {
	case o.arg == none && attached:
		return nil, unknownf("%s takes no argument", word)
	case o.arg == required && !attached:
		if len(args) == 0 {
			return nil, unknownf("%s: missing argument", word)
		}
		value, args = args[0], args[1:]
	case o.arg == optional && !attached && len(args) > 0 && !strings.HasPrefix(args[0], "-"):
		value, args = args[0], args[1:]
	}
	if before := r.seen[o.name]; before != "" && o.name != optSort {
		return nil, usagef("%s after %s: only one of the kind (%s) can be", word, before, o.name)
	}
	r.seen[o.name] = word
	return args, o.set(r, value)
}

// finish judges what was read as a whole.
func (r *request) finish() error {
	for _, o := range options() { // in the table's order, so that the message is always the same
		if r.has(o.name) && !r.command.legal(o.name, r.verb) {
			return usagef("%s has no meaning with %s", r.seen[o.name], r.command.title())
		}
	}
	for _, name := range r.command.needs {
		if !r.has(name) {
			return usagef("%s needs a %s", r.command.title(), name)
		}
	}
	high := r.command.high
	if r.verb && r.command.letter == 'R' {
		high = 1
	}
	switch n := len(r.operands); {
	case n > high:
		return usagef("unexpected argument %q", r.operands[high])
	case n < r.command.low:
		// ipvsadm knows too few timeouts from a missing role.
		if r.command.long == "set" {
			return usagef("set timeouts needs three: %s", r.command.operands)
		}
		return unknownf("%s needs %s", r.command.title(), r.command.operands)
	}
	if err := r.exclusive(); err != nil {
		return err
	}
	if err := r.finishService(); err != nil {
		return err
	}
	if r.has(optServer) {
		return r.finishServer()
	}
	return nil
}

// exclusive refuses listings of two tables at once.
func (r *request) exclusive() error {
	tables := []string{optConnection, optTimeout, optDaemon, optService}
	if r.command.letter != 'L' {
		return nil
	}
	for i, a := range tables[:3] {
		if !r.has(a) {
			continue
		}
		others := append(slices.Clone(tables[i+1:]), optStats, optRate, optThresholds)
		if a != optConnection {
			others = append(others, optPersistent)
		}
		for _, b := range others {
			if r.has(b) {
				return usagef("%s and %s exclude each other", r.seen[a], r.seen[b])
			}
		}
	}
	return nil
}

func (r *request) finishService() error {
	s := &r.service
	var err error
	if s.Netmask, err = parseMask(s.IPv6, r.mask); err != nil {
		return err
	}
	flags, err := schedulerFlags(s.Scheduler, r.flags)
	if err != nil {
		return err
	}
	s.Flags |= flags
	if !slices.Contains(r.command.takes, "ops") { // no settings of a service
		return nil
	}
	if s.Flags&ipvs.FlagOnePacket != 0 && s.Fwmark == 0 && s.Protocol != protocols["UDP"] {
		return usagef("--ops is for UDP and for firewall marks")
	}
	if s.Fwmark == 0 && s.Port == 0 && s.Flags&ipvs.FlagPersistent == 0 {
		return usagef("port 0, which is any port, needs a persistent service (-p)")
	}
	return nil
}

// finishServer resolves the server's address with the service's port, and
// judges its settings.
func (r *request) finishServer() error {
	d := &r.dest
	at, err := parseHostPort(r.names, protocolName(r.service.Protocol), r.server, r.service.Port)
	if err != nil {
		return usagef("real server %q: %w", r.server, err)
	}
	d.Addr, d.Port = at.Addr(), at.Port()
	if !slices.Contains(r.command.takes, optForward) { // to be deleted
		return nil
	}
	if d.Method != ipvs.Masquerade && r.service.Fwmark == 0 {
		d.Port = r.service.Port // packets are forwarded as they are
	}
	if d.Method != ipvs.Tunnel && d.Addr.Is6() != r.service.IPv6 {
		return usagef("real server %s is of another address family than its service, which needs a tunnel (-i)", d.Addr)
	}
	return r.checkTunnel()
}

// checkTunnel judges which options a type of tunnel has.
func (r *request) checkTunnel() error {
	var written []string
	for _, name := range []string{"tun-port", "tun-nocsum", "tun-csum", "tun-remcsum"} {
		if r.has(name) {
			written = append(written, name)
		}
	}
	if r.dest.Method != ipvs.Tunnel && (len(written) > 0 || r.has("tun-type")) {
		return usagef("tunnel options need the forwarding method -i")
	}
	legal := map[uint8][]string{tunnelGUE: {"tun-port", "tun-nocsum", "tun-csum", "tun-remcsum"}, tunnelGRE: {"tun-nocsum", "tun-csum"}}[r.dest.TunnelType]
	sums := 0
	for _, name := range written {
		if !slices.Contains(legal, name) {
			return usagef("--%s has no meaning for a tunnel of type %s", name, tunnelName(r.dest.TunnelType))
		}
		if name != "tun-port" {
			sums++
		}
	}
	switch {
	case sums > 1:
		return usagef("--tun-nocsum, --tun-csum and --tun-remcsum exclude each other")
	case r.dest.TunnelType == tunnelGUE && !r.has("tun-port"):
		return usagef("a tunnel of type gue needs --tun-port")
	}
	return nil
}

// change is what the request does to the table.
func (r *request) change() ipvs.Change {
	ops := map[byte]ipvs.Op{'A': ipvs.AddService, 'E': ipvs.SetService, 'D': ipvs.DelService, 'a': ipvs.AddDest, 'e': ipvs.SetDest, 'd': ipvs.DelDest}
	c := ipvs.Change{Op: ops[r.command.letter], Service: &r.service}
	if r.has(optServer) {
		c.Dest = &r.dest
	}
	return c
}

// master reads the role of a synchronisation daemon.
func (r *request) master() (bool, error) {
	switch r.operands[0] {
	case "master":
		return true, nil
	case "backup":
		return false, nil
	}
	return false, usagef("%q: a daemon is master or backup", r.operands[0])
}

// parseMask reads the granularity of persistence; "" is a single client.
func parseMask(v6 bool, word string) (uint32, error) {
	switch {
	case v6 && word == "":
		return 128, nil
	case v6:
		n, err := number("IPv6 netmask", word, 1, 128)
		return uint32(n), err
	case word == "":
		return 1<<32 - 1, nil
	}
	a, ok := parseAton(word)
	if !ok {
		return 0, usagef("%q is no netmask", word)
	}
	b := a.As4()
	return uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3]), nil
}
