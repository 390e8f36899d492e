package vrrp

import (
	"fmt"
	"log/slog"
	"time"

	"halbd/event"
)

// A host may not run for a while: a suspended virtual machine, a stopped
// process, a starved one. What the others did meanwhile may never have reached
// it. A BACKUP that slept does not claim, a MASTER that slept does not
// advertise or announce, before they have listened.

// highestBackup is the priority of the backup that would take over soonest.
const highestBackup = 254

// skewTime is RFC 9568 section 6.1's Skew_Time; version 2 counts in seconds.
func skewTime(version, priority uint8, interval time.Duration) time.Duration {
	if version != 3 {
		interval = time.Second
	}
	return time.Duration(256-int(priority)) * interval / 256
}

// replacedAfter is how long a MASTER may be silent until a backup of a priority
// takes over.
func (in *instance) replacedAfter(priority uint8) time.Duration {
	return time.Duration(in.cfg.DownTimerAdverts)*in.cfg.AdvertInterval + skewTime(in.cfg.Version, priority, in.cfg.AdvertInterval)
}

// wait starts the wait for a master to fall silent. The timer half way shows
// that this process runs: who sleeps from there to the end has heard nothing
// because it did not listen.
func (c *Core) wait(in *instance, now Time) {
	d := in.masterDownInterval()
	in.at[timerAwake] = now + d/2
	c.set(in, timerMain, now+d)
}

// slept reports whether a BACKUP whose wait has ended slept through the end of it.
func (in *instance) slept(late Time) bool {
	return in.at[timerAwake] != never || late > in.masterDownInterval()
}

// listenAgain lets a BACKUP that slept wait once more, with its sync group:
// what its other members heard is as old.
func (c *Core) listenAgain(in *instance, now, late Time) {
	c.logf(slog.LevelWarn, "(%s) did not run for a while, at least until %v after its master-down time: listening again before it claims anything",
		in.cfg.Name, late)
	c.wait(in, now)
	if in.group == nil {
		return
	}
	for _, m := range in.group.members {
		if m.state == event.Backup && m.expired && !m.instant {
			m.expired = false
			c.wait(m, now)
		}
	}
}

// wake looks whether a MASTER whose advert is late was silent for so long that
// a backup may have taken over. If so it listens for an advertisement interval
// and its skew, in which a new master must have advertised, or with
// timer_expired_backup leaves the role to it.
func (c *Core) wake(in *instance, now, late Time) bool {
	silent := late + in.cfg.AdvertInterval
	if in.listening || late <= 0 || silent <= in.replacedAfter(highestBackup) {
		return false
	}
	if p := in.cfg.ExpiredBackup; p > 0 && in.cfg.NoPreempt && silent > in.replacedAfter(p) {
		c.leaveToBackup(in, now, fmt.Sprintf("did not advertise for %v: a backup of priority %d may have taken over (timer_expired_backup)", silent, p))
		return true
	}
	d := in.cfg.AdvertInterval + skewTime(in.cfg.Version, in.priority, in.cfg.AdvertInterval)
	c.logf(slog.LevelWarn, "(%s) did not advertise for %v: a backup may have taken over; listening for %v", in.cfg.Name, silent, d)
	c.stopTimers(in)
	in.listening = true
	c.set(in, timerMain, now+d)
	return true
}

// leaveToBackup ends the role of a MASTER, and of its group, whose successor is
// at work already: nothing is said to it.
func (c *Core) leaveToBackup(in *instance, now Time, cause string) {
	if in.group != nil {
		for _, m := range in.group.members {
			m.listening = m.state == event.Master
		}
	}
	c.becomeBackup(in, now, cause)
	c.syncBackup(in, now)
}

// resume ends the listening of a MASTER that nobody better has replaced. Who
// may have replaced it has told the network so: it announces everything again.
func (c *Core) resume(in *instance, now Time) {
	in.listening = false
	c.logf(slog.LevelInfo, "(%s) still MASTER: advertising and announcing again", in.cfg.Name)
	c.advertise(in, in.priority)
	c.set(in, timerMain, now+in.cfg.AdvertInterval)
	c.announceRole(in, now)
}
