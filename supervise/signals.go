package supervise

import (
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"
)

// jsonSignal and statsClearSignal are keepalived's SIGRTMIN+2 and SIGRTMAX-1.
const (
	jsonSignal       = syscall.Signal(36)
	statsClearSignal = syscall.Signal(63)
)

// watchSignals delivers signals to the inbox.
func (p *parent) watchSignals() chan os.Signal {
	sigs := make(chan os.Signal, 16)
	signal.Notify(sigs, unix.SIGTERM, unix.SIGINT, unix.SIGHUP, unix.SIGUSR1, unix.SIGUSR2, jsonSignal, statsClearSignal)
	// Not signal.Ignore: scripts would inherit that, and a pipe's writer among them would not end.
	unheard := make(chan os.Signal, 1)
	signal.Notify(unheard, unix.SIGPIPE)
	if p.opt.IgnoreINT {
		signal.Ignore(unix.SIGINT)
	}
	go func() {
		for s := range sigs {
			p.inbox <- s
		}
	}()
	return sigs
}

func (p *parent) onSignal(s os.Signal) {
	switch s {
	case unix.SIGTERM, unix.SIGINT:
		p.stop(statusOK)
	case unix.SIGHUP:
		p.startReload()
	case unix.SIGUSR2:
		p.dumpStats(false)
	case statsClearSignal:
		p.dumpStats(true)
	case unix.SIGUSR1:
		p.dumpData()
		p.logHonoured()
	case jsonSignal:
		p.dumpJSON()
	}
}
