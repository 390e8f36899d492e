package diff

import (
	"fmt"
	"net/netip"
	"testing"

	"halbd/conf"
)

// BenchmarkCompare changes every instance in place. ns/instance stays the same
// as long as the work is linear.
func BenchmarkCompare(b *testing.B) {
	for _, n := range []int{1000, 16000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			from, to := manyInstances(n, 100), manyInstances(n, 101)
			for b.Loop() {
				if got := Compare(from, to); len(got) != n || got[n-1].Risk == "" {
					b.Fatalf("%d changes, the last one %+v", len(got), got[len(got)-1])
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/instance")
		})
	}
}

func manyInstances(n int, priority uint8) *conf.Config {
	c := &conf.Config{}
	for i := range n {
		c.Instances = append(c.Instances, conf.Instance{
			Name: fmt.Sprint("VI_", i), Interface: fmt.Sprint("eth", i/250), VRID: uint8(i%250 + 1), Priority: priority,
			Destination: netip.AddrFrom4([4]byte{224, 0, 0, 18}),
		})
	}
	return c
}
