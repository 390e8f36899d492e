package status

import "fmt"

// Rates is a line about what has happened for each second since a picture
// before; "" when nothing can be said of it.
func (s *Status) Rates(before *Status) string {
	if before == nil || len(s.VRRP.Instances) == 0 {
		return ""
	}
	span := s.At.Sub(before.At).Seconds()
	if span <= 0 {
		return ""
	}
	sent, received, refused := s.adverts()
	sentBefore, receivedBefore, refusedBefore := before.adverts()
	each := func(now, before uint64) float64 {
		if now < before { // the counters, or the process, have begun anew
			before = 0
		}
		return float64(now-before) / span
	}
	return fmt.Sprintf("adverts: %.1f/s sent, %.1f/s received, %.1f/s refused", each(sent, sentBefore), each(received, receivedBefore), each(refused, refusedBefore))
}

// adverts sums over all instances.
func (s *Status) adverts() (sent, received, refused uint64) {
	for i := range s.VRRP.Instances {
		c := &s.VRRP.Instances[i].Counters
		sent += c.AdvertsSent
		received += c.AdvertsReceived
		for _, r := range refusals(c) {
			refused += r.n
		}
	}
	return sent, received, refused
}
