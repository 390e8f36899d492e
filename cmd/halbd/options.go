package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"halbd/supervise"
)

// request is what the command line asks for.
type request struct {
	supervise.Options
	action  action
	testLog string // -tFILE
	signum  string
	notes   []string // accepted options that do nothing yet: said in the log
}

type action uint8

const (
	runDaemon action = iota
	testConfig
	printSignal
	printVersion
	printHelp
)

// options is the table of keepalived's options.
func (r *request) options() []option {
	flag := func(p *bool) func(string) error { return func(string) error { *p = true; return nil } }
	text := func(p *string) func(string) error { return func(v string) error { *p = v; return nil } }
	act := func(a action) func(string) error { return func(string) error { r.action = a; return nil } }
	idle := func(what string) func(string) error {
		return func(string) error { r.notes = append(r.notes, what); return nil }
	}
	return []option{
		{'f', "use-file", required, "FILE", "read this configuration file", text(&r.File)},
		{'P', "vrrp", none, "", "run the VRRP process only", flag(&r.OnlyVRRP)},
		{'C', "check", none, "", "run the checker process only", flag(&r.OnlyChecker)},
		{'B', "no_bfd", none, "", "run no BFD process", flag(&r.NoBFD)},
		{0, "all", none, "", "start every process even without configuration for it", flag(&r.All)},
		{'l', "log-console", none, "", "log to standard error too", flag(&r.LogConsole)},
		{'D', "log-detail", none, "", "log in detail", flag(&r.LogDetail)},
		{'S', "log-facility", required, "0-7|local0-7|user|daemon", "syslog facility", r.setFacility},
		{'g', "log-file", optional, "FILE", "not available", func(string) error { return fmt.Errorf("-g needs a log file option that this build does not have") }},
		{'G', "no-syslog", none, "", "do not log to syslog", flag(&r.NoSyslog)},
		{'u', "umask", required, "MODE", "umask of files that are made", r.setUmask},
		{'X', "release-vips", none, "", "drop addresses on transition from a signal (always done)", func(string) error { return nil }},
		{'V', "dont-release-vrrp", none, "", "leave addresses in place on stop", flag(&r.DontReleaseVRRP)},
		{'I', "dont-release-ipvs", none, "", "leave IPVS entries in place on stop", flag(&r.DontReleaseIPVS)},
		{'R', "dont-respawn", none, "", "stop when a process dies instead of starting it again", flag(&r.DontRespawn)},
		{'n', "dont-fork", none, "", "stay in the foreground", flag(&r.Foreground)},
		{'d', "dump-conf", none, "", "log the parsed configuration at start", flag(&r.DumpConfig)},
		{'p', "pid", required, "FILE", "pid file of the parent", text(&r.PIDFile)},
		{'r', "vrrp_pid", required, "FILE", "pid file of the VRRP process", text(&r.VRRPPIDFile)},
		{'c', "checkers_pid", required, "FILE", "pid file of the checker process", text(&r.CheckerPIDFile)},
		{'b', "bfd_pid", required, "FILE", "pid file of the BFD process", text(&r.BFDPIDFile)},
		{'T', "genhash", none, "", "act as genhash; must come first", func(string) error { return usagef("-T, --genhash must be the first option") }},
		{'a', "address-monitoring", none, "", "log every address that the kernel adds or deletes", flag(&r.LogAddresses)},
		{'x', "snmp", none, "", "not acted on yet", idle("-x: SNMP is not served yet")},
		{'A', "snmp-agent-socket", required, "SOCKET", "not acted on yet", idle("-A: SNMP is not served yet")},
		{'s', "namespace", required, "NAME", "run in this network namespace, whatever net_namespace says", text(&r.Namespace)},
		{'m', "core-dump", none, "", "allow core dumps", idle("-m: a Go program leaves a trace in the log, not a core file")},
		{'M', "core-dump-pattern", optional, "PATTERN", "allow core dumps", idle("-M: a Go program leaves a trace in the log, not a core file")},
		{'e', "all-config", none, "", "a missing include or configuration file is an error", flag(&r.StrictIncludes)},
		{0, "strict", none, "", "refuse a configuration of which something is not honoured", flag(&r.Strict)},
		{'i', "config-id", required, "ID", "id of @ID lines, default the host name up to the first dot", text(&r.ConfigID)},
		{0, "ignore-sigint", none, "", "ignore the INT signal", flag(&r.IgnoreINT)},
		{0, "signum", required, "NAME", "print the number of signal RELOAD, STOP, DATA, STATS, STATS_CLEAR or JSON", func(v string) error {
			r.action, r.signum = printSignal, v
			return nil
		}},
		{'t', "config-test", optional, "LOG", "check the configuration, then exit", func(v string) error {
			r.action, r.testLog = testConfig, v
			return nil
		}},
		{'v', "version", none, "", "print the version", act(printVersion)},
		{'h', "help", none, "", "print this text", act(printHelp)},
	}
}

// setFacility takes -S. An unknown facility is a complaint, not an end.
func (r *request) setFacility(v string) error {
	switch {
	case v == "user":
		r.Facility = supervise.FacilityUser
	case v == "daemon":
		r.Facility = supervise.FacilityDaemon
	default:
		n, err := strconv.ParseUint(strings.TrimPrefix(v, "local"), 10, 8)
		if err != nil || n > 7 {
			r.Complaints = append(r.Complaints, fmt.Sprintf("-S %s is no log facility; use 0-7, local0-7, user or daemon", v))
			return nil
		}
		r.Facility = supervise.FacilityLocal0 + int(n)
	}
	return nil
}

// setUmask takes -u; a bad value leaves the default, as keepalived does.
func (r *request) setUmask(v string) error {
	n, err := strconv.ParseUint(v, 0, 32)
	if err != nil || n > 0o777 {
		r.notes = append(r.notes, fmt.Sprintf("-u %s is no umask between 0 and 0777; it is not used", v))
		return nil
	}
	mask := int(n)
	r.Umask = &mask
	return nil
}

// usage prints the table.
func (r *request) usage(w io.Writer) {
	fmt.Fprintln(w, `Usage: halbd [OPTION...]            run the daemon
       halbd check [--host] FILE    print every diagnostic of a configuration
       halbd keywords --json        print the keyword table
       halbd ipvs COMMAND           look at and change the kernel's IPVS table`)
	fmt.Fprintln(w)
	for _, o := range r.options() {
		short := "    "
		if o.short != 0 {
			short = fmt.Sprintf("-%c, ", o.short)
		}
		long := "--" + o.long
		switch o.arg {
		case required:
			long += "=" + o.name
		case optional:
			long += "[=" + o.name + "]"
		}
		fmt.Fprintf(w, "  %s%-28s %s\n", short, long, o.help)
	}
}

// signals are the names of --signum, with the numbers that keepalived uses.
var signals = map[string]int{"RELOAD": 1, "STOP": 15, "DATA": 10, "STATS": 12, "STATS_CLEAR": 63, "JSON": 36}
