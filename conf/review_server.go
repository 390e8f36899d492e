package conf

// reviewServer looks at one virtual server with its real servers.
func (b *builder) reviewServer(v *rawServer) {
	checked, slow := false, false
	for _, r := range v.reals {
		checked = checked || len(r.checks) > 0
		if r.UpperThreshold > 0 && r.LowerThreshold > r.UpperThreshold {
			b.report(swappedLimits, r.pos, "real server %s: lthreshold %d is above uthreshold %d", r.Addr, r.LowerThreshold, r.UpperThreshold)
		}
		for _, c := range r.checks {
			if !slow && c.ConnectTimeout > 0 && c.ConnectTimeout > c.DelayLoop {
				slow = true // once for a virtual server is enough
				b.report(slowCheck, c.pos, "%s of %s: connect_timeout %v is above delay_loop %v", c.Kind, r.Addr, c.ConnectTimeout, c.DelayLoop)
			}
		}
	}
	for _, r := range v.reals {
		if checked && len(r.checks) == 0 {
			b.report(uncheckedServer, r.pos, "real server %s has no checker, while others of the virtual server have", r.Addr)
		}
	}
}
