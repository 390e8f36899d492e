package diff

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"halbd/conf"
)

func load(t *testing.T, text string) *conf.Config {
	t.Helper()
	path := filepath.Join(t.TempDir(), "keepalived.conf")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, _ := conf.Load(path, conf.Options{ConfigID: "test"})
	return cfg
}

// A part of the Config without a name here would be compared under no keyword.
func TestEveryPartHasItsKeyword(t *testing.T) {
	config := reflect.TypeFor[conf.Config]()
	parts := 0
	for i := range config.NumField() {
		tag, _, _ := strings.Cut(config.Field(i).Tag.Get("json"), ",")
		if tag == "-" { // it is in other parts already
			continue
		}
		parts++
		if kinds[tag] == "" {
			t.Errorf("%s has no keyword", tag)
		}
	}
	if len(kinds) != parts {
		t.Errorf("%d keywords for %d parts", len(kinds), parts)
	}
}

func TestUnchangedFileChangesNothing(t *testing.T) {
	files, _ := filepath.Glob("../testdata/golden/*.conf")
	for _, f := range append(files, "../../keepalived.conf.example") {
		one, _ := conf.Load(f, conf.Options{ConfigID: "lb1"})
		two, _ := conf.Load(f, conf.Options{ConfigID: "lb1"})
		if got := Compare(one, two); len(got) != 0 {
			t.Errorf("%s: %+v", f, got)
		}
	}
}

// What moves the role, and what does not.
func TestRisk(t *testing.T) {
	with := func(lines string) string {
		return "vrrp_script chk {\nscript /bin/true\n}\nvrrp_instance VI_1 {\ninterface eth0\nvirtual_router_id 51\n" + lines + "\nvirtual_ipaddress {\n10.0.0.1\n}\n}\n"
	}
	base := with("priority 100")
	for name, c := range map[string]struct{ now, want string }{
		"lower priority":  {with("priority 90"), "priority falls from 100 to 90"},
		"higher priority": {with("priority 110"), "priority rises from 100 to 110"},
		"higher, patient": {with("priority 110\nnopreempt"), ""},
		"version":         {with("priority 100\nversion 3"), "version changed"},
		"interval":        {with("priority 100\nadvert_int 2"), "advert_int changed"},
		"password":        {with("priority 100\nauthentication {\nauth_type PASS\nauth_pass x\n}"), "authentication changed"},
		"peers":           {with("priority 100\nunicast_peer {\n10.0.0.3\n}"), "another virtual router"},
		"tracker":         {with("priority 100\ntrack_script {\nchk\n}"), "what it tracks changed"},
		"hook":            {with("priority 100\nnotify /bin/true"), ""},
		"VRID":            {strings.Replace(base, "51", "52", 1), "another virtual router"},
	} {
		t.Run(name, func(t *testing.T) {
			risk := ""
			for _, ch := range Compare(load(t, base), load(t, c.now)) {
				risk += ch.Risk
			}
			if !strings.Contains(risk, c.want) || c.want == "" && risk != "" {
				t.Errorf("risk %q, want %q", risk, c.want)
			}
		})
	}
}

// Two objects of one identity are a mistake; they are compared in their order all the same.
func TestObjectsOfOneIdentityMeetInOrder(t *testing.T) {
	const text = "vrrp_instance %s {\ninterface eth0\nvirtual_router_id 5\npriority %s\nvirtual_ipaddress {\n10.0.0.%s\n}\n}\n"
	instance := func(name, priority, octet string) string {
		return strings.NewReplacer("vrrp_instance %s", "vrrp_instance "+name, "priority %s", "priority "+priority, "10.0.0.%s", "10.0.0."+octet).Replace(text)
	}
	from := load(t, instance("A", "100", "1")+instance("B", "90", "2"))
	to := load(t, instance("A", "100", "1")+instance("B", "80", "2"))
	got := Compare(from, to)
	if len(got) != 1 || !strings.HasPrefix(got[0].Name, "B ") || len(got[0].Fields) != 1 || !strings.Contains(got[0].Risk, "falls from 90 to 80") {
		t.Errorf("%+v", got)
	}
	if got = Compare(from, load(t, instance("A", "100", "1"))); len(got) != 1 || got[0].Action != Removed || !strings.HasPrefix(got[0].Name, "B ") {
		t.Errorf("%+v", got)
	}
}

// What may be secret is compared and not shown.
func TestSecretsAreNotShown(t *testing.T) {
	var one, two conf.Global
	two.Mail.Password, two.NotifyWebhooks = "sesame", []string{"https://hooks.example.org/sesame"}
	got := compareFields(one, two)
	if text := fmt.Sprint(got); len(got) != 2 || strings.Contains(text, "sesame") {
		t.Error(text)
	}
}
