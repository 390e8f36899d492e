package main

import (
	"fmt"
	"os"
	"strings"
	"time"

	"halbd/control"
	"halbd/internal/live"
	"halbd/status"
)

// shortestInterval keeps a mistyped interval from occupying the daemon.
const shortestInterval = 100 * time.Millisecond

// watchStatus shows the status again and again.
func watchStatus(c *control.Client, interval time.Duration) error {
	if interval < shortestInterval {
		return fmt.Errorf("--interval %v is below %v", interval, shortestInterval)
	}
	ctx, stop := live.UntilSignal()
	defer stop()
	var before *status.Status
	w := live.Watch{Interval: interval, Out: os.Stdout, Take: func() (live.Page, error) {
		s, err := c.Status(ctx)
		if err != nil {
			return nil, err
		}
		p := statusPage{s, s.Rates(before)}
		before = s
		return p, nil
	}}
	t, err := live.Open(os.Stdin, os.Stdout)
	if err != nil {
		return err
	}
	w.Terminal = t
	return w.Run(ctx)
}

// statusPage is one picture of halbd status --watch.
type statusPage struct {
	*status.Status
	rates string
}

func (p statusPage) text(colour bool) string {
	var b strings.Builder
	p.Text(&b, colour)
	if p.rates != "" {
		fmt.Fprintln(&b, "\n"+p.rates)
	}
	return b.String()
}

// Plain ends with the time: one picture follows the other.
func (p statusPage) Plain() string {
	return p.text(false) + "\n--- " + p.At.Format(time.DateTime) + "\n\n"
}

// View has the first line of the tables as its title.
func (p statusPage) View() live.View {
	title, rest, _ := strings.Cut(strings.TrimSuffix(p.text(onTerminal(os.Stdout)), "\n"), "\n")
	return live.View{Title: title, Rows: strings.Split(rest, "\n")}
}
