// Package report writes diagnostics for people, for programs and for code
// hosts. It decides nothing: what is an error is the configuration's matter.
package report

import (
	"encoding/json"
	"fmt"
	"io"

	"halbd/conf"
)

// Format is a way to write diagnostics.
type Format string

const (
	Text  Format = "text"  // file:line:column: level: text, one on each line
	JSON  Format = "json"  // one object, see Report
	SARIF Format = "sarif" // SARIF 2.1.0, which code hosts display
)

// Report is the JSON form of a check.
type Report struct {
	File             string    `json:"file"`
	Errors           int       `json:"errors"`
	Warnings         int       `json:"warnings"`
	Hints            int       `json:"hints"`
	KeepalivedStatus int       `json:"keepalived_exit_status"` // of keepalived -t
	StartRefused     bool      `json:"start_refused"`
	Diagnostics      []Finding `json:"diagnostics"`
}

// Finding is one diagnostic of a Report. Line and Column are 0 where the file
// as a whole is meant.
type Finding struct {
	File         string        `json:"file,omitempty"`
	Line         int           `json:"line,omitempty"`
	Column       int           `json:"column,omitempty"`
	Level        conf.Severity `json:"level"`
	Code         conf.Code     `json:"code"`
	Text         string        `json:"text"`
	Fix          string        `json:"fix,omitempty"`
	IncludedFrom []string      `json:"included_from,omitempty"` // file:line, innermost first
}

// Write writes the diagnostics that a file drew.
func Write(w io.Writer, f Format, file string, found conf.Diagnostics) error {
	switch f {
	case Text:
		return writeText(w, file, found)
	case JSON:
		return WriteJSON(w, newReport(file, found))
	case SARIF:
		return WriteJSON(w, newSARIF(found))
	}
	return fmt.Errorf("unknown format %q: write text, json or sarif", f)
}

func writeText(w io.Writer, file string, found conf.Diagnostics) error {
	for _, d := range found {
		if _, err := fmt.Fprintln(w, d); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(w, "%s: %s\n", file, found.Summary())
	return err
}

// WriteJSON writes any value as indented JSON.
func WriteJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

func newReport(file string, found conf.Diagnostics) Report {
	r := Report{File: file, KeepalivedStatus: found.ExitStatus(), StartRefused: found.StartRefused(), Diagnostics: []Finding{}}
	for _, d := range found {
		switch d.Severity {
		case conf.Error:
			r.Errors++
		case conf.Warning:
			r.Warnings++
		default:
			r.Hints++
		}
		f := Finding{File: d.Pos.File, Line: d.Pos.Line, Column: d.Pos.Column, Level: d.Severity, Code: d.Code, Text: d.Text, Fix: d.Fix}
		for p := d.Pos.From; p != nil; p = p.From {
			f.IncludedFrom = append(f.IncludedFrom, fmt.Sprintf("%s:%d", p.File, p.Line))
		}
		r.Diagnostics = append(r.Diagnostics, f)
	}
	return r
}
