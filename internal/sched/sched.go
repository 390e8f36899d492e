// Package sched applies the scheduling settings of a child process
// (vrrp_priority, checker_rt_priority and their kin). It decides nothing.
package sched

import (
	"log/slog"
	"runtime"

	"golang.org/x/sys/unix"

	"halbd/conf"
)

// LimitRealTime bounds the processor time that a real-time thread may use
// without sleeping (RLIMIT_RTTIME), so that one gone wild cannot hold a
// processor for ever: the kernel ends the process, and the parent starts it
// again. As keepalived's, the soft limit is half of it; the runtime ignores
// its signal. Without the keyword there is no limit.
func LimitRealTime(p *conf.Process, prefix string, log *slog.Logger) {
	if p.RTLimit == 0 {
		return
	}
	limit := uint64(p.RTLimit.Microseconds())
	if err := unix.Setrlimit(unix.RLIMIT_RTTIME, &unix.Rlimit{Cur: max(limit/2, 1), Max: limit}); err != nil {
		log.Warn(prefix+"rlimit_rttime has no effect", "err", err)
	}
}

// Apply sets nice value, CPU affinity and real-time class of the calling
// goroutine's thread, and locks the memory of the process. A goroutine whose
// thread gets any of them keeps that thread for good; without them it stays
// free, because to wake a certain thread takes longer. prefix is the keyword's
// ("vrrp_", "checker_"). What the system refuses is logged and otherwise
// ignored: a slower daemon is better than none.
// It tells whether the goroutine has a thread of its own now.
func Apply(p *conf.Process, prefix string, log *slog.Logger) (ownThread bool) {
	warn := func(keyword string, err error) {
		if err != nil {
			log.Warn(prefix+keyword+" has no effect", "err", err)
		}
	}
	ownThread = p.Nice != 0 || len(p.CPUs) > 0 || p.RTPriority > 0
	if ownThread {
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
	}
	if p.Nice != 0 {
		warn("priority", unix.Setpriority(unix.PRIO_PROCESS, 0, p.Nice))
	}
	if len(p.CPUs) > 0 {
		var set unix.CPUSet
		for _, c := range p.CPUs {
			set.Set(c)
		}
		warn("cpu_affinity", unix.SchedSetaffinity(0, &set))
	}
	if p.RTPriority > 0 {
		attr := &unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_RR, Priority: uint32(p.RTPriority)}
		warn("rt_priority", unix.SchedSetAttr(0, attr, 0))
	}
	if p.NoSwap {
		// On fault: only what is used is locked, not all that the runtime has reserved.
		warn("no_swap", unix.Mlockall(unix.MCL_CURRENT|unix.MCL_FUTURE|unix.MCL_ONFAULT))
	}
	return ownThread
}
