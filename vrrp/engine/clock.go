package engine

import (
	"time"

	"halbd/conf"
	"halbd/vrrp"
)

// signs reports whether any instance needs the time of day.
func signs(cfg *conf.Config) bool {
	for i := range cfg.Instances {
		if cfg.Instances[i].HMAC != nil {
			return true
		}
	}
	return false
}

// clockGrain is far above what lies between reading two clocks, and far below
// what matters to time_window.
const clockGrain = time.Millisecond

// tellTime lets the core know when the time of day was set: otherwise it runs
// beside the monotonic clock.
func (e *engine) tellTime() {
	if !e.signs {
		return
	}
	now := monotonic()
	offset := time.Duration(time.Now().UnixNano()) - now
	if (offset - e.offset).Abs() < clockGrain {
		return
	}
	e.offset = offset
	e.act(e.core.Step(now, vrrp.WallClock{Offset: offset}))
}
