package engine

import (
	"fmt"
	"slices"
	"testing"

	"golang.org/x/sys/unix"

	"halbd/vrrp"
)

// An instance is silenced when none of its adverts leaves: one unicast peer
// that cannot be reached is no reason to give up the others.
func TestSilenced(t *testing.T) {
	list := []vrrp.SendAdvert{{Instance: "A"}, {Instance: "A"}, {Instance: "B"}, {Instance: "C"}, {Instance: "C"}}
	lost := []unsent{{&list[0], unix.EPERM}, {&list[2], fmt.Errorf("send: %w", unix.EPERM)}, {&list[3], unix.EPERM}, {&list[4], unix.ENOBUFS}}
	want := []vrrp.SendFailure{{Instance: "B", Kind: vrrp.SendRefused, Text: "operation not permitted"}, {Instance: "C", Kind: vrrp.SendBusy, Text: "no buffer space available"}}
	if got := silenced(list, lost); !slices.Equal(got, want) {
		t.Errorf("got %v", got)
	}
	if silenced(list, nil) != nil {
		t.Error("nothing was lost")
	}
}

func TestSendFailureKinds(t *testing.T) {
	for err, want := range map[error]vrrp.SendFailureKind{unix.EPERM: vrrp.SendRefused, unix.EACCES: vrrp.SendRefused, errNoSocket: vrrp.SendRefused,
		unix.ENOBUFS: vrrp.SendBusy, unix.EAGAIN: vrrp.SendBusy, unix.ENETDOWN: vrrp.SendLink, unix.ENETUNREACH: vrrp.SendRoute} {
		if got := sendFailureKind(err); got != want {
			t.Errorf("%v is of kind %d, not %d", err, got, want)
		}
	}
}
