package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"halbd/supervise"
)

func parse(args string) (request, []string, error) {
	var r request
	rest, err := parseOptions(r.options(), strings.Fields(args))
	return r, rest, err
}

// The grammar is getopt_long's, as keepalived uses it.
func TestOptionGrammar(t *testing.T) {
	for _, tc := range []struct {
		args string
		want supervise.Options
		rest []string
	}{
		{"-f a.conf", supervise.Options{File: "a.conf"}, nil},
		{"-fa.conf -n", supervise.Options{File: "a.conf", Foreground: true}, nil},
		{"--use-file=a.conf", supervise.Options{File: "a.conf"}, nil},
		{"--use-file a.conf --dont-fork", supervise.Options{File: "a.conf", Foreground: true}, nil},
		{"-nlD -p /p -r /r -c /c -b /b", supervise.Options{Foreground: true, LogConsole: true, LogDetail: true,
			PIDFile: "/p", VRRPPIDFile: "/r", CheckerPIDFile: "/c", BFDPIDFile: "/b"}, nil},
		{"-nf a.conf word", supervise.Options{Foreground: true, File: "a.conf"}, []string{"word"}},
		{"-B", supervise.Options{NoBFD: true}, nil},
		{"-P -- -C", supervise.Options{OnlyVRRP: true}, []string{"-C"}},
		{"--check --vrrp --all", supervise.Options{OnlyChecker: true, OnlyVRRP: true, All: true}, nil},
		{"-S 3", supervise.Options{Facility: supervise.FacilityLocal0 + 3}, nil},
		{"-S local7", supervise.Options{Facility: supervise.FacilityLocal0 + 7}, nil},
		{"-S user -G", supervise.Options{Facility: supervise.FacilityUser, NoSyslog: true}, nil},
		{"--dont-release-v -I -V", supervise.Options{DontReleaseVRRP: true, DontReleaseIPVS: true}, nil},
	} {
		r, rest, err := parse(tc.args)
		if err != nil {
			t.Errorf("%s: %v", tc.args, err)
			continue
		}
		if d := cmp.Diff(tc.want, r.Options); d != "" {
			t.Errorf("%s: %s", tc.args, d)
		}
		if d := cmp.Diff(tc.rest, rest); d != "" {
			t.Errorf("%s: words: %s", tc.args, d)
		}
	}
}

func TestOptionalArgumentIsAttached(t *testing.T) {
	for args, want := range map[string]string{"-t": "", "-t log": "", "-tlog": "log", "--config-test=log": "log", "--config-test log": ""} {
		r, rest, err := parse(args)
		if err != nil || r.action != testConfig || r.testLog != want {
			t.Errorf("%s: action %d, log %q, %v; want log %q", args, r.action, r.testLog, err, want)
		}
		if strings.HasSuffix(args, " log") != (len(rest) == 1) {
			t.Errorf("%s: words %q", args, rest)
		}
	}
}

func TestWrongOptionsEndWithOneLine(t *testing.T) {
	for _, args := range []string{"--bogus", "-Z", "-f", "--use-file=", "--use-file", "--pid", "--log", "-nZ", "--vrrp=yes", "-T", "-g"} {
		if _, _, err := parse(args); err == nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: got %v, want one line", args, err)
		}
	}
}

func TestHelpNamesEveryOption(t *testing.T) {
	var r request
	var b bytes.Buffer
	r.usage(&b)
	for _, o := range r.options() {
		if !strings.Contains(b.String(), "--"+o.long) {
			t.Errorf("--help does not name --%s", o.long)
		}
	}
}
