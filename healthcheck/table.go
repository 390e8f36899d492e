package healthcheck

import (
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"halbd/conf"
	"halbd/ipvs"
)

// table keeps the kernel's IPVS table equal to what the core wants, by the
// difference between the two, at start, on every change, after a failure, and
// when somebody else has changed it.
type table struct {
	kernel  ipvs.Kernel
	core    *Core
	log     *slog.Logger
	drift   *drift
	global  *conf.Global
	before  ipvs.Timeouts // the kernel's own, restored at the end
	wanted  ipvs.Timeouts // lvs_timeouts; zero: not ours
	refused map[Key]bool  // services with a change that the kernel has refused
	adopted int           // services of an earlier run
	retryAt Time          // when to look again after a failure; 0: not needed
	pause   time.Duration

	mu      sync.Mutex            // guards what the watch reads
	have    map[Key]*ipvs.Service // our services in the kernel, as far as we know; a Service never changes
	version uint64
	copied  ipvs.Wanted // have, as of its version
}

const (
	firstPause = time.Second
	maxPause   = 30 * time.Second
)

// batch is how many changes are collected before the kernel gets them.
const batch = 1024

// openTable adopts what an earlier run left in the kernel.
func openTable(k ipvs.Kernel, core *Core, g *conf.Global, log *slog.Logger) (*table, error) {
	t := &table{kernel: k, core: core, log: log, drift: &drift{}, have: map[Key]*ipvs.Service{}, refused: map[Key]bool{}, pause: firstPause}
	services, err := k.Services()
	if err != nil {
		return nil, err
	}
	var flush []ipvs.Change
	for i := range services {
		s := &services[i]
		switch {
		case core.Owned(s.ServiceKey):
			t.have[s.ServiceKey] = s
		case g.LVSFlush:
			flush = ipvs.Diff(flush, s, nil)
		}
	}
	t.adopted = len(t.have)
	if err := k.Apply(flush); err != nil {
		log.Error("lvs_flush: " + err.Error())
	}
	if t.before, err = k.Timeouts(); err != nil {
		return nil, err
	}
	t.configure(g)
	return t, nil
}

// configure applies lvs_timeouts; a timeout that is no longer configured gets
// the kernel's former value.
func (t *table) configure(g *conf.Global) {
	t.global = g
	was := t.wanted
	t.wanted = ipvs.Timeouts(g.LVSTimeouts)
	now, err := t.kernel.Timeouts()
	if err != nil {
		t.log.Error("lvs_timeouts: " + err.Error())
		return
	}
	if was == (ipvs.Timeouts{}) {
		t.before = now
	}
	back := t.before // of those that are no longer configured
	for _, v := range []struct{ to, was *time.Duration }{{&back.TCP, &was.TCP}, {&back.TCPFin, &was.TCPFin}, {&back.UDP, &was.UDP}} {
		if *v.was == 0 {
			*v.to = 0
		}
	}
	goal := t.wanted.Or(back).Or(now)
	if goal == now {
		return
	}
	if err := t.kernel.SetTimeouts(goal); err != nil {
		t.log.Error("lvs_timeouts: " + err.Error())
	}
}

// update makes some services what they should be.
func (t *table) update(keys []Key, now Time) {
	adopted := t.adopted
	t.adopted = 0
	var changes []ipvs.Change
	for _, k := range keys {
		was := t.have[k]
		begin := len(changes)
		want, exists := t.core.Desired(k)
		if exists {
			changes = ipvs.Diff(changes, was, &want)
			t.know(k, &want)
		} else {
			changes = ipvs.Diff(changes, was, nil)
			t.know(k, nil)
		}
		if adopted > 0 && was != nil {
			t.drift.note(changes[begin:], was)
		}
		if len(changes) >= batch {
			t.apply(changes, now)
			changes = changes[:0]
		}
	}
	t.apply(changes, now)
	if adopted > 0 {
		t.log.Info(fmt.Sprintf("IPVS: %d virtual servers of an earlier run are kept with their connections%s", adopted, t.drift.adopted()))
	}
}

// know notes what a service is; nil: it is not there.
func (t *table) know(k Key, s *ipvs.Service) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.version++
	if s == nil {
		delete(t.have, k)
	} else {
		t.have[k] = s
	}
}

// expected is what the kernel should have, for another goroutine.
func (t *table) expected() ipvs.Wanted {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.copied.Version != t.version {
		t.copied = ipvs.Wanted{Version: t.version, Services: maps.Clone(t.have)}
	}
	return t.copied
}

// apply carries changes out. What the kernel refuses may be refused because
// somebody else has changed the service, so that is looked at once.
func (t *table) apply(changes []ipvs.Change, now Time) {
	if len(changes) == 0 {
		return
	}
	err := t.kernel.Apply(changes)
	var refused ipvs.Refused
	if errors.As(err, &refused) {
		for i := range refused { // a service that cannot be made was not taken by anybody
			if c := &refused[i].Change; c.Op == ipvs.AddService {
				t.refused[c.Service.ServiceKey] = true
			}
		}
		keys := refused.Services()
		err = t.mend(keys)
		for _, k := range keys {
			delete(t.refused, k)
		}
	}
	if err != nil {
		t.postpone(err, now)
	}
}

// postpone notes which services the kernel refuses to change, and when to try again.
func (t *table) postpone(err error, now Time) {
	var refused ipvs.Refused
	if errors.As(err, &refused) {
		for _, k := range refused.Services() {
			t.refused[k] = true
		}
	}
	t.log.Error(fmt.Sprintf("IPVS refuses a change, trying again in %v: %v", t.pause, err))
	t.retryAt = now + t.pause
	t.pause = min(2*t.pause, maxPause)
}

// mend compares services with the kernel's and repairs every difference.
func (t *table) mend(keys []Key) error {
	var changes []ipvs.Change
	for _, k := range keys {
		want := t.have[k]
		if want == nil && !t.refused[k] {
			continue // it is somebody else's, or it has gone since
		}
		is, err := t.kernel.Service(k)
		if err != nil {
			return err
		}
		begin := len(changes)
		changes = ipvs.Diff(changes, is, want)
		if !t.refused[k] {
			t.drift.note(changes[begin:], is)
		}
	}
	if len(changes) == 0 {
		return nil
	}
	return t.kernel.Apply(changes)
}

// repair answers the watch: services that may have been changed by somebody
// else. What the kernel refuses anyhow waits for its own time.
func (t *table) repair(suspects []Key, now Time) {
	suspects = slices.DeleteFunc(suspects, func(k Key) bool { return t.refused[k] })
	if err := t.mend(suspects); err != nil {
		t.postpone(err, now)
	}
	if t.wanted == (ipvs.Timeouts{}) {
		return
	}
	is, err := t.kernel.Timeouts()
	if err != nil || t.wanted.Or(is) == is {
		return
	}
	t.drift.timeouts(is, t.wanted)
	if err := t.kernel.SetTimeouts(t.wanted); err != nil {
		t.log.Error("lvs_timeouts: " + err.Error())
	}
}

func (t *table) due(now Time) bool { return t.retryAt > 0 && t.retryAt <= now }

// resync compares every service again after a failure.
func (t *table) resync(now Time) {
	t.retryAt = 0
	keys := slices.Collect(maps.Keys(t.have))
	for k := range t.refused { // also what should have been deleted
		if t.have[k] == nil {
			keys = append(keys, k)
		}
	}
	slices.SortFunc(keys, Key.Compare)
	if err := t.mend(keys); err != nil {
		t.postpone(err, now)
		return
	}
	clear(t.refused)
	t.pause = firstPause
}

// release removes our services and restores the timeouts.
func (t *table) release() {
	var changes []ipvs.Change
	services := make([]*ipvs.Service, 0, len(t.have))
	for _, s := range t.have {
		services = append(services, s)
	}
	if t.global.LVSFlushOnStop == conf.FlushAll {
		if all, err := t.kernel.Services(); err == nil {
			services = services[:0]
			for i := range all {
				services = append(services, &all[i])
			}
		}
	}
	for _, s := range services {
		changes = ipvs.Diff(changes, s, nil)
	}
	if err := t.kernel.Apply(changes); err != nil {
		t.log.Error("remove our virtual services: " + err.Error())
	}
	if t.global.LVSTimeouts != (conf.LVSTimeouts{}) {
		if err := t.kernel.SetTimeouts(t.before); err != nil {
			t.log.Error("restore the IPVS timeouts: " + err.Error())
		}
	}
}
