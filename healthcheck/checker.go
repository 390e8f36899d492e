package healthcheck

import (
	"fmt"
	"net/netip"
	"time"

	"halbd/conf"
	"halbd/internal/duequeue"
)

// checker is the state of one health check of one real server.
type checker struct {
	id     CheckerID
	conf   *conf.Checker
	server *server

	up      bool
	proven  bool // has succeeded at least once: only then are retries granted
	running bool
	tries   int  // failed attempts since the last success or verdict
	url     int  // which url the next probe asks for
	good    int  // consecutive good urls while down; a full cycle is needed for UP
	idle    bool // the last probe was skipped, and that has been logged
	asked   int  // weight that misc_dynamic asks for; noWish: the configured one

	subject subject // what a FILE_CHECK or BFD_CHECK follows; the others probe
	delta   int64   // what FILE_CHECK adds to the weight
	lastAt  Time    // of the last result; 0: none yet
	lastWhy string  // why it failed; "": it did not

	phase          Time // the regular checks happen at phase + n*delay_loop
	duequeue.Place      // in the queue while it waits; ordered by age
}

// noWish is the value of asked when the configured weight holds.
const noWish = -1

// target is where the check goes.
func (k *checker) target() netip.AddrPort {
	if k.conf.Connect.IsValid() {
		return k.conf.Connect
	}
	return k.server.conf.Addr
}

// judge applies one result: it sets up, asked and the next due time, and
// reports whether the server's state or weight may have changed.
func (k *checker) judge(r *Result, logAll bool, now Time, do func(Action)) bool {
	k.idle = false
	if k.isGood(r) {
		return k.succeeded(r, now, do)
	}
	return k.failed(r, logAll || k.conf.LogAllFailures, now, do)
}

// note keeps a result for the status.
func (k *checker) note(r *Result, now Time) {
	k.lastAt, k.lastWhy = now, r.Detail
	if k.isGood(r) {
		k.lastWhy = ""
	}
}

// skip leaves everything as it is until the next regular time.
func (k *checker) skip(why string, now Time, do func(Action)) {
	if !k.idle {
		do(LogLine{Warning: true, Text: fmt.Sprintf("%s cannot be made, the state stays as it is: %s", k.describe(), why)})
	}
	k.idle = true
	k.Due = k.nextPhase(now)
}

// isGood knows MISC_CHECK's exit statuses: 0 is good, 2..255 too with misc_dynamic.
func (k *checker) isGood(r *Result) bool {
	if k.conf.Kind != conf.MiscCheck {
		return r.OK
	}
	return r.Exit == 0 || k.conf.Misc.Dynamic && r.Exit >= 2
}

func (k *checker) succeeded(r *Result, now Time, do func(Action)) bool {
	wasUp, oldAsked := k.up, k.asked
	recovered := k.tries
	k.tries, k.proven = 0, true
	k.asked = k.dynamicWeight(r)
	urls := k.urls()
	k.url = (k.url + 1) % urls
	if !k.up {
		k.good++
		k.up = k.good >= urls
	}
	if recovered > 0 && k.up && wasUp {
		do(LogLine{Text: fmt.Sprintf("%s succeeded after %d failed attempts", k.describe(), recovered)})
	}
	if !k.up && k.conf.HTTP != nil && k.conf.HTTP.FastRecovery {
		k.Due = now
	} else {
		k.Due = k.nextPhase(now)
	}
	return k.up != wasUp || k.asked != oldAsked
}

func (k *checker) failed(r *Result, logAll bool, now Time, do func(Action)) bool {
	k.good = 0
	if k.up && k.proven && k.tries < k.conf.Retry {
		k.tries++
		k.Due = now + k.conf.RetryDelay
		if logAll {
			do(LogLine{Warning: true, Text: fmt.Sprintf("%s failed (%s), attempt %d of %d", k.describe(), r.Detail, k.tries, k.conf.Retry+1)})
		}
		return false
	}
	retries, wasUp := k.tries, k.up
	k.tries, k.up = 0, false
	k.Due = k.nextPhase(now)
	if k.conf.HTTP != nil && k.conf.RetryDelay > k.conf.DelayLoop {
		k.Due = now + k.conf.RetryDelay
	}
	switch {
	case wasUp && k.proven && k.conf.Retry > 0:
		do(LogLine{Warning: true, Text: fmt.Sprintf("%s failed after %d retries: %s", k.describe(), retries, r.Detail)})
	case wasUp || logAll:
		do(LogLine{Warning: true, Text: fmt.Sprintf("%s failed: %s", k.describe(), r.Detail)})
	}
	return wasUp
}

// dynamicWeight is what the exit status of a misc_dynamic program asks for:
// 2..255 mean the weight status-2, 0 the configured one.
func (k *checker) dynamicWeight(r *Result) int {
	if k.conf.Kind != conf.MiscCheck || !k.conf.Misc.Dynamic || r.Exit < 2 {
		return noWish
	}
	return r.Exit - 2
}

// nextPhase is the first regular time after now. A slow probe skips checks, it
// does not shift the ones to come.
func (k *checker) nextPhase(now Time) Time {
	loop := max(k.conf.DelayLoop, time.Microsecond)
	if now < k.phase {
		return k.phase
	}
	return k.phase + ((now-k.phase)/loop+1)*loop
}

func (k *checker) urls() int {
	if k.conf.HTTP == nil {
		return 1
	}
	return max(1, len(k.conf.HTTP.URLs))
}

func (k *checker) describe() string {
	return fmt.Sprintf("%s of %s for %s", k.conf.Kind, serverName(k.server.service.conf, k.server.conf), k.server.service.name)
}

// cause words the reason of a change of the server for its event.
func (k *checker) cause(r *Result) string {
	switch {
	case !k.up && r.Detail != "":
		return string(k.conf.Kind) + ": " + r.Detail
	case !k.up:
		return string(k.conf.Kind) + " failed"
	case k.conf.Kind == conf.MiscCheck && k.conf.Misc.Dynamic && r.Exit >= 2:
		return fmt.Sprintf("%s exited with %d", k.conf.Kind, r.Exit)
	}
	return string(k.conf.Kind) + " succeeded"
}
