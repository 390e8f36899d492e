package report

import (
	"fmt"
	"io"
	"strings"

	"halbd/conf"
)

// Explain writes what an operator wants to know of one code.
func Explain(w io.Writer, r conf.Rule) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s (%s): %s\n\n%s\n\n%s\n", r.Code, r.Severity, r.Title, r.Explain, "What to do: "+r.Fix+".")
	fmt.Fprintf(&b, "\nkeepalived -t: %s.\n", verdict(r))
	if r.Example != "" {
		b.WriteString("\nA file that draws it:\n\n")
		for line := range strings.Lines(r.Example) {
			b.WriteString("    " + line)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// verdict says what keepalived makes of it.
func verdict(r conf.Rule) string {
	switch {
	case r.Class == conf.ClassNone:
		return "does not notice"
	case r.NoStart:
		return fmt.Sprintf("exit status %d, and the daemon does not start", r.Class)
	}
	return fmt.Sprintf("exit status %d", r.Class)
}

// WriteRules writes the list of all diagnostics as Markdown, for docs/diagnostics.md.
func WriteRules(w io.Writer) error {
	var b strings.Builder
	b.WriteString(`# Diagnostics

Every diagnostic of a configuration has a code that stays the same. ` + "`halbd explain CODE`" + ` prints its entry with an example.
An *error* means that a statement is lost or damaged, a *warning* that something is not done as it is written, a *hint* is advice.
`)
	for _, r := range conf.Rules() {
		fmt.Fprintf(&b, "\n## %s %s\n\n*%s*; keepalived -t: %s.\n\n%s\n\nWhat to do: %s.\n", r.Code, r.Title, r.Severity, verdict(r), r.Explain, r.Fix)
	}
	_, err := io.WriteString(w, b.String())
	return err
}
