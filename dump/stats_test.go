package dump

import (
	"os"
	"strings"
	"testing"

	"halbd/vrrp"
)

// What keepalived 2.4.3 wrote for two instances, byte for byte.
func TestStatsLayout(t *testing.T) {
	want, err := os.ReadFile(reference + "keepalived.stats")
	if err != nil {
		t.Skipf("not compared with keepalived's file: %v", err)
	}
	k := vrrp.Counters{AdvertsSent: 4, BecameMaster: 1}
	var got strings.Builder
	Stats(&got, []vrrp.InstanceStatus{{Name: "V", Counters: k}, {Name: "V6", Counters: k}})
	if got.String() != string(want) {
		t.Errorf("got\n%s\nwant\n%s", got.String(), want)
	}
}

// Each counter has a line of its own.
func TestStatsCounters(t *testing.T) {
	var k vrrp.Counters
	for i, n := range []*uint64{&k.AdvertsReceived, &k.AdvertsSent, &k.BecameMaster, &k.ReleasedMaster, &k.Length, &k.TTL, &k.InvalidType,
		&k.AdvertInterval, &k.AddressList, &k.InvalidAuthType, &k.AuthTypeMismatch, &k.AuthFailure, &k.HMACMissing, &k.HMACMalformed,
		&k.HMACUnknownKey, &k.HMACInvalid, &k.HMACStale, &k.HMACReplay, &k.PriorityZeroRcvd, &k.PriorityZeroSent} {
		*n = uint64(101 + i)
	}
	var got strings.Builder
	Stats(&got, []vrrp.InstanceStatus{{Name: "V", Counters: k}})
	var values []string
	for line := range strings.Lines(got.String()) {
		if _, value, ok := strings.Cut(line, ": 1"); ok {
			values = append(values, "1"+strings.TrimSpace(value))
		}
	}
	const want = "101 102 103 104 105 106 107 108 109 110 111 112 113 114 115 116 117 118 119 120"
	if strings.Join(values, " ") != want {
		t.Errorf("in order %v", values)
	}
}
