package vrrp

import (
	"log/slog"

	"golang.org/x/sys/unix"

	"halbd/conf"
)

// applyProcess sets the scheduling that the configuration asks for
// (vrrp_priority, vrrp_rt_priority, vrrp_no_swap, vrrp_cpu_affinity) on the
// calling thread, which keeps the adverts' time, or on the process.
func applyProcess(p *conf.Process, log *slog.Logger) {
	warn := func(what string, err error) {
		if err != nil {
			log.Warn(what+" has no effect", "err", err)
		}
	}
	if p.Nice != 0 {
		warn("vrrp_priority", unix.Setpriority(unix.PRIO_PROCESS, 0, p.Nice))
	}
	if len(p.CPUs) > 0 {
		var set unix.CPUSet
		for _, c := range p.CPUs {
			set.Set(c)
		}
		warn("vrrp_cpu_affinity", unix.SchedSetaffinity(0, &set))
	}
	if p.RTPriority > 0 {
		attr := &unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_RR, Priority: uint32(p.RTPriority)}
		warn("vrrp_rt_priority", unix.SchedSetAttr(0, attr, 0))
	}
	if p.NoSwap {
		// On fault: only what is used is locked, not all that the runtime has reserved.
		warn("vrrp_no_swap", unix.Mlockall(unix.MCL_CURRENT|unix.MCL_FUTURE|unix.MCL_ONFAULT))
	}
}
