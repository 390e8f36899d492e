package ipvsctl

import (
	"context"
	"io"
	"os/signal"
	"time"

	"golang.org/x/sys/unix"
)

// watch is the command watch.
func (s *session) watch(r *request) error {
	ctx, stop := signal.NotifyContext(context.Background(), unix.SIGINT, unix.SIGTERM, unix.SIGHUP)
	defer stop()
	t, err := s.terminal()
	if err != nil {
		return err
	}
	if t == nil {
		return s.watchPlain(ctx, r)
	}
	defer t.Close()
	return s.watchTerminal(ctx, r, t)
}

// take reads the table.
func (s *session) take(r *request) (*sample, error) {
	table, err := s.usage(r)
	return &sample{time.Now(), table}, err
}

// watchPlain prints each sample below the one before.
func (s *session) watchPlain(ctx context.Context, r *request) error {
	tick := time.NewTicker(r.watch.interval)
	defer tick.Stop()
	var before *sample
	for n := 1; ; n++ {
		now, err := s.take(r)
		if err != nil {
			return err
		}
		if _, err := io.WriteString(s.out, now.picture(before).plain()); err != nil {
			return err
		}
		if n == r.watch.count {
			return nil
		}
		before = now
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// watchTerminal draws each sample over the one before, until q is pressed.
func (s *session) watchTerminal(ctx context.Context, r *request, t *terminal) error {
	tick := time.NewTicker(r.watch.interval)
	defer tick.Stop()
	before, err := s.take(r)
	if err != nil {
		return err
	}
	shown := before.picture(nil)
	for n, offset := 1, 0; ; {
		width, height := t.Size()
		offset = shown.limit(offset, height)
		if err := t.Draw(shown.frame(width, height, offset)); err != nil {
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
			offset += scroll(key, height)
		case <-tick.C:
			if n++; n > r.watch.count && r.watch.count > 0 {
				return nil
			}
			now, err := s.take(r)
			if err != nil {
				return err
			}
			shown, before = now.picture(before), now
		}
	}
}

// scroll is by how many lines a key moves the view.
func scroll(key string, height int) int {
	page := max(1, height-fixedLines)
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
