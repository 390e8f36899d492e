package report

import (
	_ "embed"
	"fmt"
	"io"
	"strings"

	"halbd/conf"
)

// manIntro is what the manual says before its list of keywords.
//
//go:embed halbd.conf.intro
var manIntro string

// WriteMan writes the manual page halbd.conf(5): the language and every keyword.
func WriteMan(w io.Writer) error {
	var b strings.Builder
	b.WriteString(manIntro)
	block := ""
	for _, k := range conf.Keywords() {
		if k.Block != block {
			block = k.Block
			fmt.Fprintf(&b, ".SH %s\n", strings.ToUpper(roff(title(block))))
		}
		manKeyword(&b, k)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// title is the head of a block's section.
func title(block string) string {
	switch {
	case block == "root":
		return "top level"
	case block == "any (lexer)":
		return "preprocessor"
	case strings.HasSuffix(block, "/value"):
		return "values of " + strings.TrimSuffix(block, "/value")
	case strings.HasSuffix(block, "/option"):
		return "options of " + strings.TrimSuffix(block, "/option")
	case strings.HasSuffix(block, "/item"):
		return "items of " + strings.TrimSuffix(block, "/item")
	}
	return block
}

func manKeyword(b *strings.Builder, k conf.Keyword) {
	fmt.Fprintf(b, ".TP\n.B %s\n", roff(k.Name))
	if k.Args != "" && k.Args != "none" {
		fmt.Fprintf(b, ".I %s\n.br\n", roff(k.Args))
	}
	fmt.Fprintf(b, "%s.\n", roff(k.Doc))
	var facts []string
	if k.Min != "" || k.Max != "" {
		facts = append(facts, fmt.Sprintf("from %s to %s", k.Min, k.Max))
	}
	if k.Unit != "" {
		facts = append(facts, "unit: "+k.Unit)
	}
	if k.Default != "" {
		facts = append(facts, "default: "+k.Default)
	}
	if k.Repeatable {
		facts = append(facts, "may be repeated")
	}
	if k.Status != "current" {
		facts = append(facts, k.Status)
	}
	if !k.Acts {
		facts = append(facts, "no effect yet")
	}
	if len(facts) > 0 {
		fmt.Fprintf(b, "(%s)\n", roff(strings.Join(facts, "; ")))
	}
}

// roff protects what troff would read as its own: backslashes, hyphens, and a
// dot or quote at the start of a line.
func roff(s string) string {
	s = strings.NewReplacer(`\`, `\e`, "-", `\-`).Replace(s)
	if strings.HasPrefix(s, ".") || strings.HasPrefix(s, "'") {
		s = `\&` + s
	}
	return s
}
