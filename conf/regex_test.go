package conf

import (
	"strings"
	"testing"
)

// A pattern that does not compile, or asks for what halbd does not have, is
// told with its place and left out; -t ends as keepalived's does.
func TestRegexDiagnostics(t *testing.T) {
	for body, want := range map[string]string{
		`regex "(hello"`: "keepalived.conf:8:7: error: Invalid regex: '(hello' missing closing parenthesis at offset 6",
		`regex "(?R)"`:   "not supported by halbd",
		`regex "a\\1"`:   "reference to non-existent subpattern",
		`regex_no_match`: "regex parameters specified without regex",
		"regex \"a\"\nregex_options utf never_utf":            "using UTF is disabled",
		"regex \"a\"\nregex_min_offset 9\nregex_max_offset 5": "regex min offset 9 > regex_max_offset 5",
		`regex "(?<=a)b|\\d+"`:                                "",
	} {
		_, found := loadText(t, "virtual_server 10.0.0.1 80 {\nprotocol TCP\nlvs_sched rr\nlvs_method NAT\nreal_server 10.0.1.1 80 {\nHTTP_GET {\nurl {\n"+body+"\npath /\n}\n}\n}\n}\n", nil)
		all := ""
		for _, d := range found {
			all += d.String() + "\n"
		}
		if want == "" && strings.Contains(all, "egex") || !strings.Contains(all, want) || found.ExitStatus() != 0 {
			t.Errorf("%s: exit status %d, %s", body, found.ExitStatus(), all)
		}
	}
}
