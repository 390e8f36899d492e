package live

import (
	"context"
	"fmt"
	"io"
	"os/signal"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Page is what is shown at one moment.
type Page interface {
	Plain() string // where there is no terminal
	View() View
}

// View is a page for a terminal. Its parts may hold the sequences of ECMA-48
// that colour text.
type View struct {
	Title   string   // the first line; what is shown of the rows is added
	Heading string   // the second line, reversed; "": none
	Rows    []string // they scroll
}

// Watch shows pages: one, and one more after each interval, count of them (0:
// until q is pressed or the context ends). Without a terminal they go to out.
type Watch struct {
	Interval time.Duration
	Count    int
	Out      io.Writer
	Terminal *Terminal // nil: none
	Take     func() (Page, error)
}

// UntilSignal is a context that ends as an operator ends a program.
func UntilSignal() (ctx context.Context, stop context.CancelFunc) {
	return signal.NotifyContext(context.Background(), unix.SIGINT, unix.SIGTERM, unix.SIGHUP)
}

// Run watches until the end, and closes the terminal.
func (w *Watch) Run(ctx context.Context) error {
	show := w.plain
	if w.Terminal != nil {
		defer w.Terminal.Close()
		show = w.onTerminal
	}
	err := show(ctx)
	if ctx.Err() != nil { // what was being taken is of no interest any more
		return nil
	}
	return err
}

// plain prints each page below the one before.
func (w *Watch) plain(ctx context.Context) error {
	tick := time.NewTicker(w.Interval)
	defer tick.Stop()
	for n := 1; ; n++ {
		page, err := w.Take()
		if err != nil {
			return err
		}
		if _, err := io.WriteString(w.Out, page.Plain()); err != nil {
			return err
		}
		if n == w.Count {
			return nil
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// onTerminal draws each page over the one before.
func (w *Watch) onTerminal(ctx context.Context) error {
	tick := time.NewTicker(w.Interval)
	defer tick.Stop()
	page, err := w.Take()
	if err != nil {
		return err
	}
	shown, t := page.View(), w.Terminal
	for n, offset := 1, 0; ; {
		width, height := t.Size()
		offset = shown.Limit(offset, height)
		if err := t.Draw(shown.Frame(width, height, offset)); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-t.Resized:
		case key := <-t.Keys:
			if key == "q" || key == "Q" {
				return nil
			}
			offset += scroll(key, height-shown.fixed())
		case <-tick.C:
			if n++; n > w.Count && w.Count > 0 {
				return nil
			}
			page, err := w.Take()
			if err != nil {
				return err
			}
			shown = page.View()
		}
	}
}

// scroll is by how many rows a key moves the view of so many rows.
func scroll(key string, rows int) int {
	page := max(1, rows)
	switch key {
	case "j", "\x1b[B", "\x1bOB":
		return 1
	case "k", "\x1b[A", "\x1bOA":
		return -1
	case " ", "\x1b[6~":
		return page
	case "b", "\x1b[5~":
		return -page
	case "g", "\x1b[H":
		return -1 << 30
	case "G", "\x1b[F":
		return 1 << 30
	}
	return 0
}

// Sequences of ECMA-48.
const (
	Bold, Reverse, Normal  = "\x1b[1m", "\x1b[7m", "\x1b[0m"
	home, endOfLine, below = "\x1b[H", "\x1b[K", "\x1b[J"
)

// fixed is how many lines do not scroll.
func (v *View) fixed() int {
	if v.Heading == "" {
		return 1
	}
	return 2
}

// Limit keeps an offset such that the screen is filled.
func (v *View) Limit(offset, height int) int {
	return max(0, min(offset, len(v.Rows)-max(0, height-v.fixed())))
}

// Frame draws the view, from the row at offset on.
func (v *View) Frame(width, height, offset int) string {
	b := &strings.Builder{}
	b.WriteString(home)
	rows := v.Rows[offset:min(len(v.Rows), offset+max(0, height-v.fixed()))]
	title := v.Title
	if len(rows) < len(v.Rows) {
		title += fmt.Sprintf("  rows %d-%d of %d", offset+1, offset+len(rows), len(v.Rows))
	}
	b.WriteString(cut(title+"  q: quit", width) + endOfLine)
	if v.Heading != "" {
		b.WriteString("\r\n" + Reverse + cut(v.Heading, width) + Normal + endOfLine)
	}
	for _, r := range rows {
		b.WriteString("\r\n" + cut(r, width) + endOfLine)
	}
	b.WriteString(below)
	return b.String()
}

// cut keeps so many columns of a line, and every sequence that colours it.
func cut(line string, width int) string {
	var b strings.Builder
	escape := false
	for _, r := range line {
		switch {
		case r == '\x1b':
			escape = true
		case escape:
			escape = r != 'm'
		case width == 0:
			continue
		default:
			width--
			b.WriteRune(r)
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}
