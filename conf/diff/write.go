package diff

import (
	"fmt"
	"io"
	"strings"
)

// Write writes changes for people: one object on a line, + - or ~ before it,
// and below it what is changed and why a role is at risk.
func Write(w io.Writer, changes []Change) error {
	var b strings.Builder
	mark := map[Action]string{Added: "+", Removed: "-", Changed: "~"}
	for _, c := range changes {
		fmt.Fprintf(&b, "%s %s %s\n", mark[c.Action], c.Kind, c.Name)
		for _, f := range c.Fields {
			fmt.Fprintf(&b, "    %s: %s -> %s\n", f.Path, shown(f.Old), shown(f.New))
		}
		if c.Risk != "" {
			fmt.Fprintf(&b, "    ! role at risk: %s\n", c.Risk)
		}
	}
	if len(changes) == 0 {
		b.WriteString("A reload changes nothing.\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// shown is a value as it is printed.
func shown(value string) string {
	if value == "" {
		return "(not set)"
	}
	return value
}
