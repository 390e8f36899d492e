package supervise

import (
	"fmt"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"

	"halbd/status"
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
	quit, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(interval / looksInTime)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
			case <-quit:
				return
			}
			select {
			case p.inbox <- watchdogTick{interval}:
			case <-quit:
				return
			}
		}
	}()
	return func() {
		close(quit)
		<-done
	}
}

// onWatchdog kills what has been silent for too long, and asks all the others.
// The service manager hears of it when all of them have answered.
func (p *parent) onWatchdog(m watchdogTick) {
	if p.stopping { // it has a time limit of its own
		daemon.SdNotify(false, daemon.SdNotifyWatchdog)
		return
	}
	for _, c := range p.children {
		if silent := c.silent(time.Now()); silent > m.interval/killsInTime {
			p.log.Error(fmt.Sprintf("the %s process has not answered for %v; it is killed", c.role, silent.Round(time.Second)))
			c.kill()
		}
	}
	p.askPicture(pictureRequest{then: func(s *status.Status) {
		for _, c := range s.Daemon.Processes {
			if c.Problem != "" {
				return
			}
		}
		daemon.SdNotify(false, daemon.SdNotifyWatchdog)
	}})
}
