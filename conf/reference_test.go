package conf

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// place makes a file around one statement of a block, or "" for blocks that
// the comparison does not cover.
func place(block, statement string) string {
	vrrp := func(s string) string { return instanceWith(s) }
	server := func(s string) string {
		return "virtual_server 10.0.0.200 80 {\nprotocol TCP\nlvs_sched rr\nlvs_method NAT\nreal_server 10.0.0.2 80 {\n" + s + "\n}\n}\n"
	}
	switch block {
	case "root":
		return statement + "\n"
	case "global_defs":
		statement = strings.Replace(statement, "smtp_server ", "smtp_server 127.0.0.1 ", 1) // the range is that of the port
		return "global_defs {\n" + statement + "\n}\n"
	case "vrrp_script":
		return "vrrp_script X {\nscript /bin/x\n" + statement + "\n}\n"
	case "bfd_instance":
		return "bfd_instance X {\nneighbor_ip 192.0.2.1\n" + statement + "\n}\n"
	case "vrrp_track_process":
		return "vrrp_track_process X {\nprocess x\n" + statement + "\n}\n"
	case "garp_group":
		return "garp_group {\ninterface eth0\n" + statement + "\n}\n"
	case "track_file", "vrrp_track_file":
		return block + " X {\nfile /x\n" + statement + "\n}\n"
	case "vrrp_instance":
		if strings.HasPrefix(statement, "unicast_ttl ") {
			statement += "\nunicast_peer {\n10.0.0.7\n}"
		}
		return vrrp(statement)
	case "vrrp_instance/unicast_peer/item":
		return vrrp("unicast_peer {\n10.0.0.7 " + statement + "\n}")
	case "vrrp_instance/track_interface/item":
		return vrrp("track_interface {\neth1 " + statement + "\n}")
	case "virtual_ipaddress/item":
		return vrrp("virtual_ipaddress {\n10.0.0.77 " + statement + "\n}")
	case "virtual_server":
		return serverWith(statement)
	case "virtual_server/real_server":
		return server(statement)
	case "global_defs/lvs_sync_daemon/option":
		return "global_defs {\nlvs_sync_daemon eth0 " + statement + "\n}\n"
	case "global_defs/lvs_timeouts/option":
		return "global_defs {\nlvs_timeouts " + statement + "\n}\n"
	}
	parts := strings.Split(block, "/")
	if len(parts) < 3 || parts[1] != "real_server" {
		return ""
	}
	body := statement
	switch {
	case len(parts) == 4 && parts[3] == "url":
		body = "url {\npath /\n" + statement + "\n}"
	case len(parts) == 4 && parts[3] == "host":
		body = "host {\n" + statement + "\n}"
	case parts[2] == string(FileCheck):
		return "track_file X {\nfile /x\n}\n" + server("FILE_CHECK {\ntrack_file X\n"+statement+"\n}")
	case parts[2] == string(MiscCheck):
		body = "misc_path /bin/x\n" + statement
	case parts[2] == string(HTTPGet) || parts[2] == string(SSLGet):
		body = "url {\npath /\n}\n" + statement
	}
	return server(parts[2] + " {\n" + body + "\n}")
}

var rejectedValue = regexp.MustCompile(`(-?[0-9.]+): `)

// The verdicts of keepalived at and beyond the ends of every range.
func TestRangesAgree(t *testing.T) {
	table := keywordIndex()
	host := fakeHost{scripts: true, users: true}
	compared := 0
	for _, r := range reference(t, "../../shared/reference/ranges.tsv") {
		block, name := r[0], r[1]
		kw, ok := table.lookup(block, name)
		if !ok || !kw.Acts && kw.set == nil || place(block, "") == "" || name == "nb_get_retry" || strings.HasSuffix(block, "lvs_method/option") || name == "lvs_timeouts" || name == "lvs_sync_daemon" {
			continue
		}
		values := []string{"", r[2], r[3], ""}
		for part := range strings.SplitSeq(r[8], " | ") {
			if m := rejectedValue.FindStringSubmatch(part); m != nil && m[1] != r[2] && m[1] != r[3] {
				if values[0] == "" && strings.HasPrefix(r[8], part) && r[4] == "reject" {
					values[0] = m[1]
				} else {
					values[3] = m[1]
				}
			}
		}
		for n, value := range values {
			if value == "" {
				continue
			}
			if name == "smtp_server" { // the range is that of its port
				value = "10.0.0.25 " + value
			}
			_, ds := loadText(t, place(block, name+" "+value), host)
			reject := false
			for _, d := range ds {
				reject = reject || (d.Class == ClassConfig || d.Class == ClassArgument) && d.Code != deprecatedName
			}
			compared++
			if want := r[4+n] == "reject"; reject != want {
				t.Errorf("%s %s %s: rejected %v, keepalived %v: %v", block, name, value, reject, want, ds)
			}
		}
	}
	t.Logf("%d verdicts compared", compared)
}

// Real files of other people: none may panic, and most end as with keepalived.
func TestCorpus(t *testing.T) {
	const dir = "../../shared/corpus"
	var agree, agreeScripts, total int
	for _, r := range reference(t, filepath.Join(dir, "reference-243.tsv")) {
		if strings.Contains(r[0], "/") {
			continue
		}
		path := filepath.Join(dir, r[0])
		if _, err := os.Stat(path); err != nil {
			continue
		}
		plain := regexp.MustCompile(`^[a-z][a-z0-9_.:-]*$`)
		has := func(name string) bool {
			return plain.MatchString(name) && !strings.Contains(r[3], "interface "+name+" for")
		}
		total++
		_, bare := Load(path, Options{ConfigID: "lb1", Host: fakeHost{has: has, scripts: strings.Contains(r[3], "SECURITY")}})
		_, full := Load(path, Options{ConfigID: "lb1", Host: fakeHost{has: has, scripts: true, users: true}})
		if fmt.Sprint(bare.ExitStatus()) == r[1] {
			agree++
		} else {
			t.Logf("%s: status %d, keepalived %s (%.160s)", r[0], bare.ExitStatus(), r[1], r[3])
			t.Logf("    %.400v", bare)
		}
		if fmt.Sprint(full.ExitStatus()) == r[5] {
			agreeScripts++
		} else {
			t.Logf("%s with scripts: status %d, keepalived %s", r[0], full.ExitStatus(), r[5])
		}
	}
	t.Logf("%d of %d files end as with keepalived, %d when their scripts and accounts exist", agree, total, agreeScripts)
	if agree*100 < total*90 {
		t.Errorf("only %d of %d files end as with keepalived", agree, total)
	}
}
