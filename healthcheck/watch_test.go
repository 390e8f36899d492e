package healthcheck

import (
	"context"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"halbd/ipvs"
)

// slowView takes its time for a look.
type slowView struct {
	kernel ipvs.Memory
	cost   time.Duration
}

func (v *slowView) Suspects(want ipvs.Wanted) ([]Key, error) {
	time.Sleep(v.cost)
	return v.kernel.Suspects(want)
}

// However long a look takes, a theft is known within a second, and looking
// costs little: a sixtieth of the time, or no more than is needed for that.
func TestTheftIsSeenInTime(t *testing.T) {
	for _, cost := range []time.Duration{10 * time.Microsecond, time.Millisecond, 8 * time.Millisecond, 100 * time.Millisecond} {
		synctest.Test(t, func(t *testing.T) {
			want := kernelService("10.0.0.1", kernelDest("10.1.0.1", 1))
			view := &slowView{cost: cost}
			view.kernel.Apply(ipvs.Diff(nil, nil, want))
			ctx, cancel := context.WithCancel(t.Context())
			seen := make(chan time.Time, 1)
			w := newWatch(view, slog.New(slog.DiscardHandler))
			looks := 0
			done := make(chan struct{})
			go func() {
				defer close(done)
				w.run(ctx, func() ipvs.Wanted {
					return ipvs.Wanted{Version: 1, Services: map[Key]*ipvs.Service{want.ServiceKey: want}}
				}, func(m any) {
					s := m.(suspicion)
					looks++
					if len(s.keys) > 0 {
						view.kernel.Apply(ipvs.Diff(nil, nil, want))
						seen <- time.Now()
					}
					s.judged <- struct{}{}
				})
			}()
			time.Sleep(time.Minute)
			synctest.Wait()
			if share := float64(looks) * cost.Seconds() / 60; share > 1.0/60 && cost < 10*time.Millisecond {
				t.Errorf("a look of %v takes %.3f of the time", cost, share)
			}
			for range 20 {
				begin := time.Now()
				view.kernel.Apply(ipvs.Diff(nil, want, nil))
				if took := (<-seen).Sub(begin); took > time.Second {
					t.Errorf("a look of %v: seen after %v", cost, took)
				}
				time.Sleep(37 * time.Millisecond)
			}
			begin := time.Now()
			view.kernel.Apply(ipvs.Diff(nil, want, nil))
			w.now()
			if took := (<-seen).Sub(begin); took > 2*cost {
				t.Errorf("asked for a look: seen after %v", took)
			}
			cancel()
			<-done
		})
	}
}
