package supervise

import (
	"testing"

	"halbd/conf"
)

func TestProcessNames(t *testing.T) {
	own := conf.Global{ProcessNames: true, ProcessName: "director"}
	own.VRRP.Name = "vip"
	for _, tc := range []struct {
		role role
		g    conf.Global
		want string
	}{
		{"", conf.Global{}, "halbd"}, {roleVRRP, conf.Global{}, "halbd"},
		{"", conf.Global{ProcessNames: true}, "halbd"}, {roleVRRP, conf.Global{ProcessNames: true}, "keepalived_vrrp"},
		{roleChecker, conf.Global{ProcessNames: true}, "keepalived_ipvs"}, {roleBFD, conf.Global{ProcessNames: true}, "keepalived_bfd"},
		{"", own, "director"}, {roleVRRP, own, "vip"}, {roleChecker, own, "keepalived_ipvs"},
	} {
		if got := processName(tc.role, &tc.g); got != tc.want {
			t.Errorf("%q of %+v: %q, want %q", tc.role, tc.g, got, tc.want)
		}
	}
}
