package report

import "halbd/conf"

// The part of SARIF 2.1.0 (OASIS) that code hosts read.
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool    sarifTool     `json:"tool"`
		Results []sarifResult `json:"results"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name  string      `json:"name"`
		Rules []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID      string    `json:"id"`
		Short   sarifText `json:"shortDescription"`
		Full    sarifText `json:"fullDescription"`
		Help    sarifText `json:"help"`
		Default struct {
			Level string `json:"level"`
		} `json:"defaultConfiguration"`
	}
	sarifText struct {
		Text string `json:"text"`
	}
	sarifResult struct {
		RuleID    string          `json:"ruleId"`
		Level     string          `json:"level"`
		Message   sarifText       `json:"message"`
		Locations []sarifLocation `json:"locations,omitempty"`
	}
	sarifLocation struct {
		Physical struct {
			Artifact struct {
				URI string `json:"uri"`
			} `json:"artifactLocation"`
			Region sarifRegion `json:"region"`
		} `json:"physicalLocation"`
	}
	sarifRegion struct {
		StartLine   int `json:"startLine"`
		StartColumn int `json:"startColumn"`
	}
)

// sarifLevel is SARIF's word for a level; it calls a hint a note.
func sarifLevel(s conf.Severity) string {
	if s == conf.Hint {
		return "note"
	}
	return s.String()
}

func newSARIF(found conf.Diagnostics) sarifLog {
	run := sarifRun{Tool: sarifTool{sarifDriver{Name: "halbd"}}, Results: []sarifResult{}}
	for _, r := range conf.Rules() {
		rule := sarifRule{ID: r.Code.String(), Short: sarifText{r.Title}, Full: sarifText{r.Explain}, Help: sarifText{r.Fix}}
		rule.Default.Level = sarifLevel(r.Severity)
		run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, rule)
	}
	for _, d := range found {
		res := sarifResult{RuleID: d.Code.String(), Level: sarifLevel(d.Severity), Message: sarifText{d.Text}}
		if d.Fix != "" {
			res.Message.Text += "; " + d.Fix
		}
		if d.Pos.File != "" {
			var l sarifLocation
			l.Physical.Artifact.URI = d.Pos.File
			l.Physical.Region = sarifRegion{StartLine: max(d.Pos.Line, 1), StartColumn: max(d.Pos.Column, 1)}
			res.Locations = []sarifLocation{l}
		}
		run.Results = append(run.Results, res)
	}
	return sarifLog{Schema: "https://json.schemastore.org/sarif-2.1.0.json", Version: "2.1.0", Runs: []sarifRun{run}}
}
