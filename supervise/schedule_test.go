package supervise

import (
	"testing"
	"time"
)

// The formats that keepalived takes, to the letter; in the zone of the host or in UTC.
func TestReloadTime(t *testing.T) {
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Skip(err)
	}
	now := time.Date(2026, 3, 28, 12, 0, 0, 0, zone) // the day before the clocks go forward
	for line, want := range map[string]string{
		"12:00:01":             "2026-03-28T12:00:01+01:00",
		"12:00:00":             "2026-03-29T12:00:00+02:00",
		"11:00:01Z":            "2026-03-28T11:00:01Z",
		"10:59:59Z":            "2026-03-29T10:59:59Z",
		"26-12-24 18:00:00":    "2026-12-24T18:00:00+01:00",
		"70-12-24 18:00:00Z":   "2070-12-24T18:00:00Z",
		"2026-12-24 18:00:00Z": "2026-12-24T18:00:00Z",
		"2026-03-28 12:00:00":  "",
		"2026-02-30 12:00:00":  "",
		"":                     "",
		"Z":                    "",
		" 12:00:01":            "",
		"12:00:01 ":            "",
		"12:00:01ZZ":           "",
		"12:00":                "",
		"24:00:00":             "",
		"2:00:001":             "",
		"12:00:0.1":            "",
		"2026-12-24  8:00:00":  "",
		"2026-12-24T18:00:00":  "",
	} {
		at, daily, err := reloadTime(line, now)
		got := ""
		if err == nil {
			got = at.Format(time.RFC3339)
		}
		if got != want || err == nil && daily != (len(line) < 10) {
			t.Errorf("%q: %s, daily %t, %v; want %s", line, got, daily, err, want)
		}
	}
}
