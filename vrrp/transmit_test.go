package vrrp

import (
	"slices"
	"testing"

	"halbd/conf"
)

// refuseAll makes every advert of an instance fail from now on; "" ends it.
func (p *script) refuseAll(name string, kind SendFailureKind, text string) *script {
	p.refuse = func(a *SendAdvert) *SendFailure {
		if text == "" || a.Instance != name {
			return nil
		}
		return &SendFailure{Instance: name, Kind: kind, Text: text}
	}
	return p
}

func causes(a *Actions) (list []string) {
	for _, e := range a.Events {
		list = append(list, string(e.State)+": "+e.Cause)
	}
	return list
}

// A node that cannot send never becomes MASTER and never has the addresses; it
// says why, tries again and takes part again.
func TestClaimThatCannotBeSent(t *testing.T) {
	p := play(t, config(router("A", 1, 150))).refuseAll("A", SendRefused, "operation not permitted")
	p.until(6*s).want(
		"0s INSTANCE A BACKUP",
		"3.4140625s A advert 150 to 224.0.0.18",
		"3.4140625s INSTANCE A FAULT",
		"4.4140625s probe to 224.0.0.18",
		"5.4140625s probe to 224.0.0.18")
	p.refuse = nil
	p.until(10*s).want(
		"6.4140625s probe to 224.0.0.18",
		"6.4140625s INSTANCE A BACKUP",
		"9.828125s A advert 150 to 224.0.0.18",
		"9.828125s hold [10.0.0.101]",
		"9.828125s A announce x5",
		"9.828125s INSTANCE A MASTER")
}

func TestFaultSaysWhyAdvertsCannotBeSent(t *testing.T) {
	p := play(t, config(router("A", 1, 150)))
	p.until(3 * s)
	p.now = 3*s + 106*s/256
	if a := p.c.Step(p.now, Tick{}); !a.Confirm || len(a.Adverts) != 1 || len(a.Gained) != 0 {
		t.Fatalf("the claim: %+v", a)
	}
	got := causes(p.c.Sent(p.now, []SendFailure{{Instance: "A", Text: "operation not permitted"}}))
	if want := []string{"FAULT: adverts cannot be sent on eth0: operation not permitted"}; !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}

func TestOwnerThatCannotSend(t *testing.T) {
	cfg := config(router("A", 1, 255))
	p := &script{t: t, c: NewCore(cfg)}
	p.refuseAll("A", SendRefused, "operation not permitted")
	p.c.Step(0, eth0("10.0.0.1"))
	p.note(p.c.Start(0))
	p.until(1500*ms).want("0s A advert 255 to 224.0.0.18", "0s INSTANCE A FAULT", "1s probe to 224.0.0.18")
	p.refuse = nil
	p.until(2*s).want("2s probe to 224.0.0.18", "2s A advert 255 to 224.0.0.18", "2s hold [10.0.0.101]",
		"2s A announce x5", "2s INSTANCE A MASTER")
}

func TestMasterThatCannotSend(t *testing.T) {
	t.Run("refused: FAULT at once", func(t *testing.T) {
		master(t).refuseAll("A", SendRefused, "operation not permitted").until(9500*ms).want(
			"9.4140625s A advert 150 to 224.0.0.18",
			"9.4140625s A advert 0 to 224.0.0.18", "9.4140625s hold []", "9.4140625s INSTANCE A FAULT")
	})
	t.Run("no room, twice: nothing", func(t *testing.T) {
		p := master(t).refuseAll("A", SendBusy, "no buffer space available").until(11 * s)
		p.refuse = nil
		p.until(12*s).refuseAll("A", SendBusy, "no buffer space available").until(14 * s)
		if len(only(p.out, "INSTANCE")) != 0 {
			t.Errorf("got %q", p.out)
		}
	})
	t.Run("no room for as many as a peer waits for: FAULT", func(t *testing.T) {
		p := master(t).refuseAll("A", SendBusy, "no buffer space available").until(12 * s)
		if got := only(p.out, "INSTANCE"); !slices.Equal(got, []string{"11.4140625s INSTANCE A FAULT"}) {
			t.Errorf("got %q", got)
		}
	})
	t.Run("interface down, dont_track_primary: stays MASTER", func(t *testing.T) {
		p := master(t, func(i *conf.Instance) { i.DontTrackPrimary = true }).refuseAll("A", SendLink, "network is down").until(20 * s)
		if len(only(p.out, "INSTANCE")) != 0 {
			t.Errorf("got %q", p.out)
		}
	})
	t.Run("no route, dont_track_primary: stays MASTER", func(t *testing.T) {
		p := master(t, func(i *conf.Instance) { i.DontTrackPrimary = true }).refuseAll("A", SendRoute, "network is unreachable").until(20 * s)
		if len(only(p.out, "INSTANCE")) != 0 {
			t.Errorf("got %q", p.out)
		}
	})
	t.Run("interface down: FAULT at once", func(t *testing.T) {
		p := master(t).refuseAll("A", SendLink, "network is down").until(9500 * ms)
		if got := only(p.out, "INSTANCE"); !slices.Equal(got, []string{"9.4140625s INSTANCE A FAULT"}) {
			t.Errorf("got %q", got)
		}
	})
	t.Run("no route for as many as a peer waits for: FAULT", func(t *testing.T) {
		p := master(t).refuseAll("A", SendRoute, "network is unreachable").until(12 * s)
		if got := only(p.out, "INSTANCE"); !slices.Equal(got, []string{"11.4140625s INSTANCE A FAULT"}) {
			t.Errorf("got %q", got)
		}
	})
	t.Run("interface back: tried at once", func(t *testing.T) {
		p := master(t).refuseAll("A", SendRefused, "operation not permitted").until(9500 * ms)
		p.out, p.refuse = nil, nil
		p.step(InterfaceState{Name: "eth0"}).step(eth0("10.0.0.1")).until(9600*ms).want("9.5s probe to 224.0.0.18", "9.5s INSTANCE A BACKUP")
	})
}

func TestClaimWithoutRoomIsTriedAgain(t *testing.T) {
	p := play(t, config(router("A", 1, 150))).refuseAll("A", SendBusy, "no buffer space available").until(3450 * ms)
	p.refuse = nil
	p.until(4*s).want(
		"0s INSTANCE A BACKUP",
		"3.4140625s A advert 150 to 224.0.0.18",
		"3.5140625s A advert 150 to 224.0.0.18", "3.5140625s hold [10.0.0.101]",
		"3.5140625s A announce x5", "3.5140625s INSTANCE A MASTER")
}

// A sync group claims with every member or with none: the member whose advert
// did leave takes its word back.
func TestGroupMemberThatCannotSend(t *testing.T) {
	p := pair(t).refuseAll("A", SendRefused, "operation not permitted").until(4 * s)
	p.want("0s GROUP G BACKUP", "0s INSTANCE A BACKUP", "0s INSTANCE B BACKUP",
		"3.453125s B advert 140 to 224.0.0.18", "3.453125s A advert 150 to 224.0.0.18",
		"3.453125s B advert 0 to 224.0.0.18",
		"3.453125s INSTANCE A FAULT", "3.453125s INSTANCE B FAULT", "3.453125s GROUP G FAULT")
	p.refuse = nil
	p.until(5*s).want("4.453125s probe to 224.0.0.18",
		"4.453125s INSTANCE A BACKUP", "4.453125s INSTANCE B BACKUP", "4.453125s GROUP G BACKUP")
	p.until(8 * s)
	if got := only(p.out, "GROUP"); !slices.Equal(got, []string{"7.90625s GROUP G MASTER"}) {
		t.Errorf("got %q", got)
	}
}

// What a probe says concerns no virtual router.
func TestProbeIsForNobody(t *testing.T) {
	p := play(t, config(router("A", 1, 150))).refuseAll("A", SendRefused, "x").until(4 * s)
	a := p.c.Step(4414*ms+62500*1000, Tick{})
	if len(a.Adverts) != 1 || a.Adverts[0].Payload[1] != 0 {
		t.Fatalf("got %+v", a.Adverts)
	}
	peer := play(t, config(router("A", 1, 100))).until(5 * s)
	peer.out = nil
	peer.step(&PacketReceived{Interface: "eth0", Src: a.Adverts[0].Src, Dst: a.Adverts[0].Dst, TTL: 255, Payload: a.Adverts[0].Payload}).want()
}
