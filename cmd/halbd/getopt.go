package main

import (
	"fmt"
	"strings"
)

// argument says whether an option takes one. An optional argument must be
// attached (-tFILE, --config-test=FILE), as getopt_long(3) has it.
type argument uint8

const (
	none argument = iota
	required
	optional
)

// option is one row of the command line. keepalived parses its own with
// getopt_long, whose rules (attached optional arguments, unambiguous prefixes
// of long names, clusters of short ones) pflag does not share.
type option struct {
	short byte // 0: long only
	long  string
	arg   argument
	name  string // of the argument, for --help
	help  string
	set   func(value string) error
}

// parseOptions reads args by getopt_long's rules and returns the words that
// are no options. It stops at the first error.
func parseOptions(table []option, args []string) (rest []string, err error) {
	for len(args) > 0 {
		a := args[0]
		args = args[1:]
		switch {
		case a == "--":
			return append(rest, args...), nil
		case strings.HasPrefix(a, "--"):
			args, err = parseLong(table, a[2:], args)
		case strings.HasPrefix(a, "-") && len(a) > 1:
			args, err = parseShort(table, a[1:], args)
		default:
			rest = append(rest, a)
		}
		if err != nil {
			return nil, err
		}
	}
	return rest, nil
}

func parseLong(table []option, word string, args []string) ([]string, error) {
	name, value, attached := strings.Cut(word, "=")
	o, err := findLong(table, name)
	if err != nil {
		return nil, err
	}
	switch {
	case attached && o.arg == none:
		return nil, usagef("option --%s takes no argument", o.long)
	case attached && value == "":
		return nil, usagef("Missing parameter for option --%s=", o.long)
	case !attached && o.arg == required:
		if len(args) == 0 {
			return nil, usagef("Missing parameter for option --%s", o.long)
		}
		value, args = args[0], args[1:]
	}
	return args, o.set(value)
}

// findLong accepts a full name or a prefix that only one option has.
func findLong(table []option, name string) (*option, error) {
	var found *option
	for i := range table {
		o := &table[i]
		if o.long == name {
			return o, nil
		}
		if name != "" && strings.HasPrefix(o.long, name) {
			if found != nil {
				return nil, usagef("Unknown option --%s: --%s or --%s?", name, found.long, o.long)
			}
			found = o
		}
	}
	if found == nil {
		return nil, usagef("Unknown option --%s", name)
	}
	return found, nil
}

func parseShort(table []option, cluster string, args []string) ([]string, error) {
	for i := 0; i < len(cluster); i++ {
		o := findShort(table, cluster[i])
		if o == nil {
			return nil, usagef("Unknown option -%c", cluster[i])
		}
		attached := cluster[i+1:]
		switch o.arg {
		case none:
			if err := o.set(""); err != nil {
				return nil, err
			}
			continue
		case required:
			if attached == "" {
				if len(args) == 0 {
					return nil, usagef("Missing parameter for option -%c", o.short)
				}
				attached, args = args[0], args[1:]
			}
		}
		return args, o.set(attached)
	}
	return args, nil
}

func findShort(table []option, c byte) *option {
	for i := range table {
		if table[i].short == c && c != 0 {
			return &table[i]
		}
	}
	return nil
}

// usageError is what is wrong with the command line, in the words that
// keepalived prints.
type usageError string

func (e usageError) Error() string { return string(e) }

func usagef(format string, args ...any) error { return usageError(fmt.Sprintf(format, args...)) }
