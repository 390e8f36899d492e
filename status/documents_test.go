package status

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// exposed is the text that Prometheus would read of the sample.
func exposed(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	if err := sample().Metrics(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// docs/metrics.md lists every metric; -update writes it.
func TestMetricsDocument(t *testing.T) {
	labels := map[string][]string{}
	for _, m := range regexp.MustCompile(`(?m)^(\w+)\{(.*)\} `).FindAllStringSubmatch(exposed(t), -1) {
		name := strings.TrimSuffix(strings.TrimSuffix(m[1], "_sum"), "_count")
		for _, l := range regexp.MustCompile(`(\w+)="`).FindAllStringSubmatch(m[2], -1) {
			if !slices.Contains(labels[name], l[1]) {
				labels[name] = append(labels[name], l[1])
			}
		}
	}
	var b strings.Builder
	b.WriteString("# Every metric\n\n<!-- from the code: go test ./status -update -->\n\n" +
		"`/metrics` of the control socket, and of `control_listen`, in the text format of Prometheus. Times are in seconds, points in time in seconds since 1970.\n" +
		"A metric whose objects are not configured is left out. `vrrp_instance` is an instance of VRRP: Prometheus itself adds `instance`, the host.\n" +
		"`contrib/prometheus/halbd.rules.yml` has alert rules, `contrib/grafana/halbd.json` a dashboard.\n\n" +
		"| metric | kind | labels | it is |\n| --- | --- | --- | --- |\n")
	for _, m := range regexp.MustCompile(`(?m)^# HELP (\w+) (.*)\n# TYPE \w+ (\w+)$`).FindAllStringSubmatch(exposed(t), -1) {
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", m[1], m[3], strings.Join(labels[m[1]], ", "), m[2])
	}
	golden(t, "../docs/metrics.md", b.String())
}

// Dashboard and alert rules ask for metrics and labels that exist, and Prometheus
// takes the rules.
func TestContributions(t *testing.T) {
	known := exposed(t)
	for _, path := range []string{"../contrib/prometheus/halbd.rules.yml", "../contrib/grafana/halbd.json"} {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(path, ".json") && !json.Valid(b) {
			t.Errorf("%s is no JSON", path)
		}
		for _, m := range regexp.MustCompile(`\bhalbd_\w+`).FindAllString(string(b), -1) {
			if !strings.Contains(known, "\n"+m+"{") && !strings.Contains(known, "\n"+m+" ") {
				t.Errorf("%s asks for %s, which does not exist", path, m)
			}
		}
		for _, m := range regexp.MustCompile(`(?:\{\{ ?\$labels\.|\{\{)(\w+) ?\}\}`).FindAllStringSubmatch(string(b), -1) {
			if l := m[1]; l != "instance" && l != "job" && !strings.Contains(known, l+`="`) {
				t.Errorf("%s shows the label %s, which no metric has", path, l)
			}
		}
	}
	if _, err := exec.LookPath("promtool"); err != nil {
		t.Skip(err)
	}
	if out, err := exec.Command("promtool", "check", "rules", "../contrib/prometheus/halbd.rules.yml").CombinedOutput(); err != nil {
		t.Errorf("promtool: %v\n%s", err, out)
	}
}

// docs/events.md tells of every kind and state of an event.
func TestEventsDocument(t *testing.T) {
	text, err := os.ReadFile("../docs/events.md")
	if err != nil {
		t.Fatal(err)
	}
	f, err := parser.ParseFile(token.NewFileSet(), "../event/event.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	ast.Inspect(f, func(node ast.Node) bool {
		v, ok := node.(*ast.ValueSpec)
		if !ok || len(v.Values) != 1 {
			return true
		}
		if lit, ok := v.Values[0].(*ast.BasicLit); ok && lit.Kind == token.STRING {
			n++
			if word, _ := strconv.Unquote(lit.Value); !strings.Contains(string(text), "`"+word+"`") {
				t.Errorf("docs/events.md does not tell of %s", word)
			}
		}
		return true
	})
	if n < 20 {
		t.Errorf("only %d kinds and states were found", n)
	}
}
