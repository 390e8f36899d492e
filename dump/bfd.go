package dump

import (
	"io"
	"time"

	"halbd/bfd"
	"halbd/conf"
	"halbd/status"
)

// BFD writes keepalived_bfd.data: the configuration and the state of sessions.
func BFD(w io.Writer, cfg *conf.Config, s *status.Status) error {
	o := &sheet{w: w}
	o.global(cfg, false, time.Time{})
	o.title("BFD Topology")
	for i := range cfg.BFDs {
		for j := range s.BFD {
			if s.BFD[j].Name == cfg.BFDs[i].Name {
				o.session(&cfg.BFDs[i], &s.BFD[j])
			}
		}
	}
	return o.err
}

func (o *sheet) session(c *conf.BFDInstance, st *bfd.SessionStatus) {
	o.linef(" BFD Instance = %s", c.Name)
	o.linef("   Neighbor IP = %v", c.Neighbor)
	if c.Source.IsValid() {
		o.linef("   Source IP = %v", c.Source)
	}
	o.linef("   Required min RX interval = %d us", c.MinRx.Microseconds())
	o.linef("   Desired min TX interval = %d us", c.MinTx.Microseconds())
	o.linef("   Desired idle TX interval = %d us", c.IdleTx.Microseconds())
	o.linef("   Detection multiplier = %d", c.Multiplier)
	o.linef("   TTL = %d", c.TTL)
	o.linef("   max_hops = %d", c.MaxHops)
	o.linef("   passive = %t", c.Passive)
	o.linef("   send event to VRRP process = %s", yes(c.VRRP, "Yes", "No"))
	o.linef("   send event to checker process = %s", yes(c.Checker, "Yes", "No"))
	o.linef("   local state = %s", st.State)
	o.linef("   remote state = %s", st.RemoteSays)
	o.linef("   local discriminator = 0x%x", st.Local)
	o.linef("   remote discriminator = 0x%x", st.Remote)
	o.linef("   local diag = %s", st.Diag)
	o.linef("   local tx intv = %d us", micros(st.Interval))
	o.linef("   local detection time = %d us", micros(st.Detection))
}

// micros turns seconds into microseconds.
func micros(seconds float64) int64 { return int64(seconds*float64(time.Second/time.Microsecond) + 0.5) }
