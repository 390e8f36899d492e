package notify

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"halbd/conf"
)

// The groups of the accounts of this host are those that id(1) knows.
func TestSupplementaryGroups(t *testing.T) {
	for _, user := range []string{"root", "daemon", "mail", "nobody", "www-data"} {
		uid, gid, err := SystemHost{}.LookupUser(user)
		out, failed := exec.Command("id", "-G", user).Output()
		if err != nil || failed != nil {
			continue
		}
		want := strings.Fields(string(out))
		got := []string{strconv.Itoa(int(gid))}
		for _, g := range (SystemHost{}).SupplementaryGroups(uid) {
			if g != gid {
				got = append(got, strconv.Itoa(int(g)))
			}
		}
		slices.Sort(want)
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("%s: %v, id says %v", user, got, want)
		}
	}
}

func TestScriptRunsWithItsGroups(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can change groups")
	}
	out := filepath.Join(t.TempDir(), "groups")
	for _, groups := range [][]uint32{nil, {12, 34}} {
		c := conf.Command{Args: []string{"/bin/sh", "-c", "id -G > " + out}, Groups: groups}
		if err := RunScript(t.Context(), c, 1e10); err != nil {
			t.Fatal(err)
		}
		b, _ := os.ReadFile(out)
		want := "0"
		if groups != nil {
			want = "0 12 34"
		}
		if got := strings.TrimSpace(string(b)); got != want {
			t.Errorf("groups %v: the script has %q", groups, got)
		}
	}
}
