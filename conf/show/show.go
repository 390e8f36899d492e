// Package show writes a Config as a keepalived.conf that means the same:
// includes and definitions resolved, inherited values and defaults written
// out. Reading the text back gives the same Config, which a test holds it to.
//
// It knows nothing of files and of the text that the Config came from.
package show

import (
	"bytes"
	"io"
	"strings"

	"halbd/conf"
)

// Write writes c as a configuration file.
func Write(w io.Writer, c *conf.Config) error {
	p := &printer{}
	p.global(&c.Global)
	p.trackGroups(c.TrackGroups)
	p.addresses("static_ipaddress", c.StaticAddresses)
	p.routes("static_routes", c.StaticRoutes)
	p.rules("static_rules", c.StaticRules)
	p.trackers(c)
	p.groups(c)
	p.instances(c)
	p.servers(c)
	_, err := w.Write(p.text.Bytes())
	return err
}

// printer collects lines with the indentation of their block.
type printer struct {
	text  bytes.Buffer
	depth int
}

// line writes one statement. Words must be quoted where they need it.
func (p *printer) line(words ...string) {
	p.text.WriteString(strings.Repeat("    ", p.depth))
	p.text.WriteString(strings.Join(words, " "))
	p.text.WriteByte('\n')
}

// block writes head { body }.
func (p *printer) block(head string, body func()) {
	p.line(head, "{")
	p.depth++
	body()
	p.depth--
	p.line("}")
}

// quote makes s one word of the language.
func quote(s string) string {
	if s == "" || strings.ContainsAny(s, " \t\f\v\r#!{}\"") {
		return `"` + s + `"`
	}
	return s
}
