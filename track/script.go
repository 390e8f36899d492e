package track

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"halbd/conf"
	"halbd/notify"
)

// script runs one vrrp_script at start, start + interval, ... Runs never
// overlap: while one takes longer, those that fall due are left out.
type script struct {
	conf    *conf.TrackScript
	delay   time.Duration // before the first run, so that not all start at once
	shift   time.Duration // of the rhythm after it
	report  func(Result)
	log     *slog.Logger
	verdict verdict
	late    bool // it was said that runs are left out
}

func (s *script) run(ctx context.Context) {
	s.verdict = verdict{rise: s.conf.Rise, fall: s.conf.Fall}
	first := Result{Kind: Script, Name: s.conf.Name}
	if s.conf.InitFail {
		first.Value, first.Why = 1, "init_fail" // it counts as bad, and is no result yet
	}
	s.report(first)
	due := time.Now().Add(s.delay)
	timer := time.NewTimer(s.delay)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
		case <-ctx.Done():
			return
		}
		s.once(ctx)
		if ctx.Err() != nil {
			return
		}
		due = s.next(due.Add(s.shift), time.Now())
		s.shift = 0
		timer.Reset(time.Until(due))
	}
}

// next is the first due time after now in the script's rhythm.
func (s *script) next(due, now time.Time) time.Time {
	interval := max(s.conf.Interval, time.Millisecond)
	due = due.Add(interval)
	behind := now.Sub(due)
	if behind <= 0 {
		return due
	}
	if !s.late {
		s.late = true
		s.log.Warn(fmt.Sprintf("VRRP_Script(%s) takes longer than its interval %v: runs are left out", s.conf.Name, interval))
	}
	return due.Add((behind + interval - 1) / interval * interval)
}

// once runs the script once. The verdict is told at the limit; then the script
// and its children are ended before anything else happens.
func (s *script) once(ctx context.Context) {
	r, err := notify.Start(s.conf.Command)
	if err != nil {
		s.judge("could not run: " + err.Error())
		return
	}
	err = r.Wait(ctx, s.limit())
	switch {
	case ctx.Err() != nil:
		r.Kill(ctx)
	case errors.Is(err, notify.ErrLimit):
		s.judge(err.Error())
		r.Kill(ctx)
	case err != nil:
		s.judge(err.Error())
	default:
		s.judge("")
	}
}

func (s *script) limit() time.Duration {
	if s.conf.Timeout > 0 {
		return s.conf.Timeout
	}
	return s.conf.Interval
}

// judge takes the outcome of one run, "" for success, and tells a verdict that is new.
func (s *script) judge(failure string) {
	if !s.verdict.add(failure == "") {
		return
	}
	r := Result{Kind: Script, Name: s.conf.Name, Known: true}
	if failure == "" {
		s.log.Info(fmt.Sprintf("VRRP_Script(%s) succeeded", s.conf.Name))
	} else {
		r.Value, r.Why = 1, failure
		s.log.Info(fmt.Sprintf("VRRP_Script(%s) failed: %s", s.conf.Name, failure))
	}
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
