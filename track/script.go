package track

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"halbd/conf"
	"halbd/notify"
)

// script runs one vrrp_script. Runs never overlap: one that takes longer than
// the interval delays the next.
type script struct {
	conf    *conf.TrackScript
	report  func(Result)
	log     *slog.Logger
	verdict verdict
}

func (s *script) run(ctx context.Context) {
	s.verdict = verdict{rise: s.conf.Rise, fall: s.conf.Fall}
	if s.conf.InitFail {
		s.verdict.known = true
		s.tell("init_fail")
	}
	tick := time.NewTicker(max(s.conf.Interval, time.Millisecond))
	defer tick.Stop()
	for {
		err := notify.RunScript(ctx, s.conf.Command, s.limit())
		if ctx.Err() != nil {
			return
		}
		if s.verdict.add(err == nil) {
			why := "exit status 0"
			if err != nil {
				why = err.Error()
			}
			s.tell(why)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

func (s *script) limit() time.Duration {
	if s.conf.Timeout > 0 {
		return s.conf.Timeout
	}
	return s.conf.Interval
}

func (s *script) tell(why string) {
	r := Result{Kind: Script, Name: s.conf.Name, Known: true, Value: 1}
	word := "failed"
	if s.verdict.good {
		r.Value, word = 0, "succeeded"
	}
	s.log.Info(fmt.Sprintf("VRRP_Script(%s) %s: %s", s.conf.Name, word, why))
	s.report(r)
}

// verdict applies rise and fall: so many equal results in a row change it. The
// first result decides at once.
type verdict struct {
	rise, fall  int
	known, good bool
	against     int // results in a row that contradict it
}

// add takes one result and reports whether the verdict is new.
func (v *verdict) add(good bool) bool {
	if !v.known {
		v.known, v.good = true, good
		return true
	}
	if good == v.good {
		v.against = 0
		return false
	}
	v.against++
	need := v.fall
	if good {
		need = v.rise
	}
	if v.against < need {
		return false
	}
	v.good, v.against = good, 0
	return true
}
