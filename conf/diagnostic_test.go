package conf

import "testing"

func diag(sev Severity, text string, line int) Diagnostic {
	return Diagnostic{Severity: sev, Text: text, Class: ClassConfig, Pos: Pos{File: "f", Line: line}}
}

// A reload is judged by the errors that the running file did not have,
// wherever they stand.
func TestOnlyNewErrorsRefuseAReload(t *testing.T) {
	running := Diagnostics{diag(Error, "a", 1), diag(Warning, "w", 2)}
	for name, tc := range map[string]struct {
		now  Diagnostics
		want int
	}{
		"same error, moved":      {Diagnostics{diag(Error, "a", 9)}, 0},
		"error gone":             {nil, 0},
		"new warning":            {Diagnostics{diag(Error, "a", 1), diag(Warning, "v", 2)}, 0},
		"new error":              {Diagnostics{diag(Error, "a", 1), diag(Error, "b", 2)}, 1},
		"the same one once more": {Diagnostics{diag(Error, "a", 1), diag(Error, "a", 2)}, 1},
	} {
		if got := tc.now.NewErrors(running); len(got) != tc.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestSummaryCountsAndNamesWhatIsLost(t *testing.T) {
	for want, ds := range map[string]Diagnostics{
		"0 errors, 0 warnings, 0 hints":                    nil,
		"0 errors, 0 warnings, 1 hint":                     {{Severity: Hint, Code: unusedObject}},
		"2 errors, 1 warning, 0 hints (HB0101 x2, HB0801)": {{Severity: Error, Code: unknownKeyword}, {Severity: Warning, Code: notActedOn}, {Severity: Error, Code: unknownKeyword}},
	} {
		if got := ds.Summary(); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}
