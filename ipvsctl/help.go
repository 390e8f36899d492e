package ipvsctl

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// wantsHelp finds the words that ask for it.
func wantsHelp(args []string) bool {
	return len(args) > 0 && args[0] == "help" || slices.Contains(args, "--help") || len(args) > 0 && args[0] == "-h"
}

// writeHelp prints all commands, or one with its options.
func writeHelp(w io.Writer, args []string) {
	args = slices.DeleteFunc(slices.Clone(args), func(a string) bool { return a == "help" })
	c, _ := findVerb(args)
	if c == nil {
		c, _ = findCommand(args)
	}
	if c == nil {
		writeOverview(w)
		return
	}
	fmt.Fprintf(w, "halbd ipvs %s", c.verb)
	if c.letter != 0 || c.long != "" {
		fmt.Fprintf(w, " (%s)", letters(c.letter, c.long))
	}
	fmt.Fprintf(w, ": %s\n\n  halbd ipvs %s [OPTION...] %s\n\n", c.help, c.verb, c.operands)
	for _, o := range options() {
		if c.offers(o.name) {
			fmt.Fprintf(w, "  %-36s %s\n", usage(&o), o.help)
		}
	}
}

// usage is how an option is written.
func usage(o *option) string {
	text := letters(o.letter, o.long)
	switch o.arg {
	case required:
		text += " " + o.value
	case optional:
		text += " [" + o.value + "]"
	}
	return text
}

func letters(letter byte, long string) string {
	switch {
	case letter == 0:
		return "--" + long
	case long == "":
		return "-" + string(letter)
	}
	return fmt.Sprintf("-%c, --%s", letter, long)
}

func writeOverview(w io.Writer) {
	fmt.Fprint(w, `halbd ipvs COMMAND [OPTION...]: the kernel's IPVS table, in this network namespace

ipvsadm's own words work too (halbd ipvs -A -t 10.0.0.1:80 -s rr, -Ln, -Sn, -R ...), with its exit statuses.
list and save print numbers unless --resolve is given; -L and -S print names unless -n is given, as ipvsadm does.
Services of a running halbd are put back by it when they are changed by hand.

`)
	for _, c := range commands() {
		old := ""
		if c.letter != 0 {
			old = "-" + string(c.letter)
		} else if c.long != "" {
			old = "--" + c.long
		}
		fmt.Fprintf(w, "  %-30s %-15s %s\n", strings.TrimSpace(c.verb+" "+c.operands), old, c.help)
	}
	fmt.Fprintln(w, "\nhalbd ipvs help COMMAND lists its options.")
}

// Complete lists what can stand behind the words, each with its help behind a
// tab, for shell completion.
func Complete(before []string, _ string) []string {
	var list []string
	c, length := findVerb(before)
	if c == nil {
		for _, c := range commands() {
			verb := strings.Fields(c.verb)
			if len(before) < len(verb) && slices.Equal(before, verb[:len(before)]) {
				list = append(list, verb[len(before)]+"\t"+c.help)
			}
		}
		if len(before) == 0 {
			return list
		}
		var rest []string
		if c, rest = findCommand(before); c == nil {
			return list
		}
		length = len(before) - len(rest)
	}
	table := options()
	if last := before[len(before)-1]; len(before) > length {
		for i := range table {
			if o := &table[i]; o.arg == required && (last == "--"+o.long || o.letter != 0 && last == "-"+string(o.letter)) {
				return append(list, o.values()...)
			}
		}
	}
	if strings.Contains(c.operands, "|") && len(before) == length {
		list = append(list, strings.Split(c.operands, "|")...)
	}
	for i := range table {
		if o := &table[i]; c.offers(o.name) {
			list = append(list, "--"+o.long+"\t"+o.help)
		}
	}
	return list
}

// values are the words that an option's argument can be, if they are few.
func (o *option) values() []string {
	switch o.name {
	case "scheduler":
		return []string{"rr", "wrr", "lc", "wlc", "lblc", "lblcr", "dh", "sh", "sed", "nq", "fo", "ovf", "mh"}
	case "tun-type":
		return []string{"ipip", "gue", "gre"}
	case "pe":
		return []string{"sip"}
	}
	return nil
}
