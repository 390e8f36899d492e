package supervise

import (
	"context"
	"fmt"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
)

// The service manager restarts a daemon that does not show in time that it is
// alive (WatchdogSec). A restart costs the role, so it is the last means: a
// process that hangs is killed long before, and started again alone.
const (
	looksInTime = 6 // questions within the service manager's time
	killsInTime = 3 // a process may be silent for this part of it
)

// watchdogTick says that it is time to look at the processes.
type watchdogTick struct{ interval time.Duration }

// startWatchdog looks at the processes again and again if a service manager
// wants to hear of them, until the returned function is called.
func (p *parent) startWatchdog() (stop func()) {
	interval, err := daemon.SdWatchdogEnabled(false)
	if err != nil {
		p.log.Warn("watchdog of the service manager: " + err.Error())
	}
	if interval <= 0 {
		return func() {}
	}
	return inBackground(func(ctx context.Context) {
		tick := time.NewTicker(interval / looksInTime)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
			case <-ctx.Done():
				return
			}
			select {
			case p.inbox <- watchdogTick{interval}:
			case <-ctx.Done():
				return
			}
		}
	})
}

// onWatchdog tells the service manager that all is well when the loop of every
// process has answered the last question, kills what has owed its answer for
// too long, and asks the others again. A process that has died is at its pause
// before the next start: the daemon does what it can, and a checker that keeps
// dying must not cost the role.
func (p *parent) onWatchdog(m watchdogTick) {
	if p.stopping { // it has a time limit of its own
		daemon.SdNotify(false, daemon.SdNotifyWatchdog)
		return
	}
	alive := true
	for _, c := range p.children {
		if c.owes.IsZero() {
			c.owes = time.Now()
			c.conn.Send(msgAlive, nil)
			continue
		}
		alive = false
		if silent := time.Since(c.owes); silent > m.interval/killsInTime {
			p.log.Error(fmt.Sprintf("the %s process has not answered for %v; it is killed", c.role, silent.Round(time.Second)))
			c.kill()
		}
	}
	if alive {
		daemon.SdNotify(false, daemon.SdNotifyWatchdog)
	}
}
