package healthcheck

import (
	"fmt"
	"log/slog"
	"slices"
	"time"

	"halbd/conf"
	"halbd/ipvs"
)

// table keeps the kernel's IPVS table equal to what the core wants, by the
// difference between the two, at start, on every change and after a failure.
type table struct {
	kernel  ipvs.Kernel
	core    *Core
	log     *slog.Logger
	have    map[Key]*ipvs.Service // our services in the kernel, as far as we know
	global  *conf.Global
	before  ipvs.Timeouts // the kernel's own, restored at the end
	retryAt Time          // when to look again after a failure; 0: not needed
	pause   time.Duration
}

const (
	firstPause = time.Second
	maxPause   = 30 * time.Second
)

// openTable adopts what an earlier run left in the kernel.
func openTable(k ipvs.Kernel, core *Core, g *conf.Global, log *slog.Logger) (*table, error) {
	t := &table{kernel: k, core: core, log: log, have: map[Key]*ipvs.Service{}, pause: firstPause}
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
	want := t.before
	for _, v := range []struct {
		to   *time.Duration
		from time.Duration
	}{{&want.TCP, g.LVSTimeouts.TCP}, {&want.TCPFin, g.LVSTimeouts.TCPFin}, {&want.UDP, g.LVSTimeouts.UDP}} {
		if v.from > 0 {
			*v.to = v.from
		}
	}
	if now, err := t.kernel.Timeouts(); err == nil && now == want {
		return
	}
	if err := t.kernel.SetTimeouts(want); err != nil {
		t.log.Error("lvs_timeouts: " + err.Error())
	}
}

// update makes some services what they should be.
func (t *table) update(keys []Key, now Time) {
	var changes []ipvs.Change
	for _, k := range keys {
		want, exists := t.core.Desired(k)
		if !exists {
			changes = ipvs.Diff(changes, t.have[k], nil)
			delete(t.have, k)
			continue
		}
		changes = ipvs.Diff(changes, t.have[k], &want)
		t.have[k] = &want
	}
	if len(changes) == 0 {
		return
	}
	if err := t.kernel.Apply(changes); err != nil {
		t.log.Error(fmt.Sprintf("IPVS refuses a change, trying again in %v: %v", t.pause, err))
		t.retryAt = now + t.pause
		t.pause = min(2*t.pause, maxPause)
	}
}

func (t *table) due(now Time) bool { return t.retryAt > 0 && t.retryAt <= now }

// resync reads the kernel's table again and repairs every difference.
func (t *table) resync(now Time) {
	t.retryAt = 0
	services, err := t.kernel.Services()
	if err != nil {
		t.log.Error("read the IPVS table: " + err.Error())
		t.retryAt = now + t.pause
		return
	}
	ours := t.have
	t.have = map[Key]*ipvs.Service{}
	for i := range services {
		if s := &services[i]; t.core.Owned(s.ServiceKey) {
			t.have[s.ServiceKey] = s
		}
	}
	var keys []Key
	for k := range ours {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b Key) int { return compareKeys(a, b) })
	t.update(keys, now)
	if t.retryAt == 0 {
		t.pause = firstPause
	}
}

func compareKeys(a, b Key) int {
	if c := a.Addr.Compare(b.Addr); c != 0 {
		return c
	}
	return int(int64(a.Port)-int64(b.Port))*4 + int(int64(a.Fwmark)-int64(b.Fwmark))
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
