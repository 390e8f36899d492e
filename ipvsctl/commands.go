package ipvsctl

import (
	"slices"
	"strings"
)

// command is a row of the table of commands.
type command struct {
	letter byte   // ipvsadm's, 0 for none
	long   string // ipvsadm's, "" for none
	verb   string // halbd's
	help   string
	// name is what errors call it.
	name string
	// operands are the words that are no options.
	operands    string // for help
	low, high   int
	needs       []string // names of options that must be there
	takes       []string // names of options that may be there
	ignores     []string // names of options that ipvsadm takes to no effect
	perform     func(*session, *request) error
	onTable     bool // a line of a restored file may be such a command
	verbOptions []string
}

var (
	serviceOptions = []string{optFamily, "scheduler", "persistent", "netmask", "pe", "sched-flags", "ops"}
	serverOptions  = []string{optFamily, optForward, "tun-type", "tun-port", "tun-nocsum", "tun-csum", "tun-remcsum", "weight", "u-threshold", "l-threshold"}
	daemonOptions  = []string{"syncid", "sync-maxlen", "mcast-interface", "mcast-group", "mcast-port", "mcast-ttl"}
	oneService     = []string{optService}
	oneServer      = []string{optService, optServer}
)

func commands() []command {
	return []command{
		{letter: 'A', long: "add-service", verb: "add service", help: "add a virtual service", needs: oneService, takes: serviceOptions, perform: (*session).change, onTable: true},
		{letter: 'E', long: "edit-service", verb: "edit service", help: "change a virtual service: what is not said gets its default", needs: oneService, takes: serviceOptions, perform: (*session).change, onTable: true},
		{letter: 'D', long: "delete-service", verb: "delete service", help: "delete a virtual service with its servers", needs: oneService, takes: []string{optFamily}, perform: (*session).change, onTable: true},
		{letter: 'a', long: "add-server", verb: "add server", help: "add a server to a service", needs: oneServer, takes: serverOptions, perform: (*session).change, onTable: true},
		{letter: 'e', long: "edit-server", verb: "edit server", help: "change a server: what is not said gets its default", needs: oneServer, takes: serverOptions, perform: (*session).change, onTable: true},
		{letter: 'd', long: "delete-server", verb: "delete server", help: "delete a server from a service", needs: oneServer, takes: []string{optFamily}, perform: (*session).change, onTable: true},
		{letter: 'C', long: "clear", verb: "clear", help: "delete every service", name: "flush", perform: (*session).flush, onTable: true},
		{letter: 'L', long: "list", verb: "list", help: "print the table", perform: (*session).print, verbOptions: []string{"resolve"},
			takes: []string{optService, optFamily, optConnection, optTimeout, optDaemon, optStats, optRate, optThresholds, optPersistent, optTunInfo, "exact", optSort, optNoSort, "numeric", "json"}, ignores: []string{"syncid"}},
		{letter: 'S', long: "save", verb: "save", help: "print the table as lines for restore", perform: (*session).saveTable, takes: []string{"numeric", optSort}, verbOptions: []string{"resolve", optThresholds}},
		{letter: 'R', long: "restore", verb: "restore", help: "make the table what a file or standard input says, by the difference", perform: (*session).replay,
			operands: "[FILE]", verbOptions: []string{"clear"}},
		{verb: "diff", help: "print what restore would change", perform: (*session).preview, operands: "[FILE]", high: 1, takes: []string{"clear"}},
		{letter: 'Z', long: "zero", verb: "zero", help: "set counters to zero, of one service or of all", takes: []string{optService, optFamily}, perform: (*session).zero},
		{long: "set", verb: "set timeouts", help: "set the timeouts of connections in seconds; 0 leaves one as it is", name: "set", operands: "TCP TCPFIN UDP", low: 3, high: 3, perform: (*session).setTimeouts},
		{long: "start-daemon", verb: "start-daemon", help: "start a synchronisation daemon", operands: "master|backup", low: 1, high: 1, takes: daemonOptions, perform: (*session).startDaemon},
		{long: "stop-daemon", verb: "stop-daemon", help: "stop a synchronisation daemon", operands: "master|backup", low: 1, high: 1, ignores: []string{"syncid"}, perform: (*session).stopDaemon},
		{verb: "watch", help: "show services and servers live, with rates; q ends", takes: []string{"interval", "count", optNoSort}, perform: (*session).watch},
	}
}

// title is what errors call the command.
func (c *command) title() string {
	switch {
	case c.name != "":
		return c.name
	case c.long != "":
		return c.long
	}
	return c.verb
}

// legal reports whether the command takes an option; verb says that it was
// called by halbd's name for it.
func (c *command) legal(name string, verb bool) bool {
	return name == optSort || slices.Contains(c.ignores, name) || c.offers(name) && (verb || !slices.Contains(c.verbOptions, name))
}

// offers reports whether an option is of use with the command.
func (c *command) offers(name string) bool {
	return slices.Contains(c.needs, name) || slices.Contains(c.takes, name) || slices.Contains(c.verbOptions, name)
}

// findVerb finds a command by halbd's name for it, and how many words that is.
func findVerb(words []string) (found *command, length int) {
	list := commands()
	for i := range list {
		verb := strings.Fields(list[i].verb)
		if len(words) >= len(verb) && slices.Equal(words[:len(verb)], verb) {
			return &list[i], len(verb)
		}
	}
	return nil, 0
}
