package ipvsctl

import (
	"context"
	"time"

	"halbd/internal/live"
)

// watch is the command watch.
func (s *session) watch(r *request) error {
	t, err := s.terminal()
	if err != nil {
		return err
	}
	ctx, stop := live.UntilSignal()
	defer stop()
	return s.watchOn(ctx, r, t)
}

// watchOn shows each sample with what has changed since the one before.
func (s *session) watchOn(ctx context.Context, r *request, t *live.Terminal) error {
	var before *sample
	w := live.Watch{Interval: r.watch.interval, Count: r.watch.count, Out: s.out, Terminal: t, Take: func() (live.Page, error) {
		table, err := s.usage(r)
		if err != nil {
			return nil, err
		}
		now := &sample{time.Now(), table}
		p := now.picture(before)
		before = now
		return p, nil
	}}
	return w.Run(ctx)
}
