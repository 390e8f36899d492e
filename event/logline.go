package event

import "log/slog"

// LogLine is a message for the operator that is no transition.
type LogLine struct {
	Level slog.Level
	Text  string
}
