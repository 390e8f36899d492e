package status

import (
	"testing"
	"time"
)

// Rates come from the difference of two pictures; counters may begin anew.
func TestRates(t *testing.T) {
	a, b := sample(), sample()
	b.At = a.At.Add(2 * time.Second)
	if got := b.Rates(nil); got != "" {
		t.Errorf("without a picture before: %s", got)
	}
	a.VRRP.Instances[0].Counters.AdvertsSent, b.VRRP.Instances[0].Counters.AdvertsSent = 10, 31
	a.VRRP.Instances[1].Counters.AdvertsReceived, b.VRRP.Instances[1].Counters.AdvertsReceived = 100, 4
	b.VRRP.Instances[1].Counters.TTL, b.VRRP.Instances[1].Counters.HMACReplay = 1, 1
	if got, want := b.Rates(a), "adverts: 10.5/s sent, 2.0/s received, 1.0/s refused"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
