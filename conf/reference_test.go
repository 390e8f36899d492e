package conf

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

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
