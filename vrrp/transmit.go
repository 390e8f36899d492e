package vrrp

import (
	"fmt"
	"slices"
	"time"

	"halbd/event"
)

// A router that cannot be heard must not claim a role: the others would claim
// it too. So the advert of a claim is sent first, and only when Sent reports
// that it left this host do the addresses follow.

const (
	// probePause is how often a router that cannot send tries whether it can again.
	probePause = time.Second
	// claimPause is how long a claim waits that the kernel had no room for.
	claimPause = 100 * time.Millisecond
)

// probeVRID is in the packet that tries whether adverts can be sent. No virtual
// router has the number 0, so whoever hears the packet ignores it.
const probeVRID = 0

// SendFailure says that not one of an instance's adverts could be sent.
type SendFailure struct {
	Instance string
	Kind     SendFailureKind
	Text     string // "operation not permitted"
}

// SendFailureKind says what an error of sending means.
type SendFailureKind uint8

const (
	SendRefused SendFailureKind = iota // a firewall or the lack of a right: a fault at once
	SendBusy                           // no room for the moment: a fault when as many adverts in a row are lost as make a master down
	SendRoute                          // no way for the moment: as SendBusy, but nothing with dont_track_primary
	SendLink                           // the interface is down or gone: a fault at once, but nothing with dont_track_primary
)

// claim is a role that is asked for, until Sent grants or denies it.
type claim struct {
	pending bool
	late    Time
	cause   string
}

// transmit is what is known of an instance's ability to send.
type transmit struct {
	lost int    // adverts in a row that found no room
	mute string // the fault: adverts cannot be sent; "": they can
}

// claimRole sends the advert that claims the role.
func (c *Core) claimRole(in *instance, now, late Time, cause string) {
	in.masterInterval = in.cfg.AdvertInterval
	in.claim = claim{true, late, cause}
	c.claims = append(c.claims, in)
	c.acts.Confirm = true
	c.advertise(in, in.priority)
	c.set(in, timerMain, never)
}

// Sent tells the core what became of the adverts of the last Actions. It must
// be called when one of them could not be sent, and whenever Actions.Confirm
// asks for it, before the next event.
func (c *Core) Sent(now Time, failed []SendFailure) *Actions {
	tried := c.senders()
	claims := slices.Clone(c.claims)
	c.begin(now)
	c.claims = c.claims[:0]
	if c.stopped {
		return &c.acts
	}
	var concerned []*instance
	for _, in := range tried {
		i := slices.IndexFunc(failed, func(f SendFailure) bool { return f.Instance == in.cfg.Name })
		changed := false
		if i < 0 {
			changed = in.canSend()
		} else {
			changed = in.cannotSend(&failed[i])
		}
		if changed {
			concerned = append(concerned, in)
		}
	}
	c.deny(claims, tried, now)
	for _, in := range concerned {
		c.review(in, now)
		if in.mute != "" {
			c.stopTimers(in)
			c.set(in, timerProbe, now+probePause)
		}
	}
	for _, in := range claims {
		if in.claim.pending {
			c.becomeMaster(in, now)
		}
	}
	return c.end()
}

// senders lists the instances whose adverts the last Actions had.
func (c *Core) senders() []*instance {
	var list []*instance
	seen := map[*instance]bool{}
	for i := range c.acts.Adverts {
		in := c.byName[c.acts.Adverts[i].Instance]
		if in != nil && !seen[in] {
			seen[in] = true
			list = append(list, in)
		}
	}
	return list
}

// canSend notes that an advert left; true if that ends a fault.
func (in *instance) canSend() bool {
	was := in.mute
	in.transmit = transmit{}
	return was != ""
}

// cannotSend notes a failure; true if it begins a fault. In FAULT only a probe
// can tell something new: that the last words of a MASTER were lost is no
// other fault than the one that ended the role.
func (in *instance) cannotSend(f *SendFailure) bool {
	if in.mute != "" || in.state == event.Fault && !in.claim.pending {
		return false
	}
	if in.cfg.DontTrackPrimary && (f.Kind == SendRoute || f.Kind == SendLink) {
		in.lost = 0
		return false
	}
	if f.Kind == SendRoute || f.Kind == SendBusy {
		if in.lost++; in.lost < in.cfg.DownTimerAdverts {
			return false
		}
	}
	in.mute = fmt.Sprintf("adverts cannot be sent on %s: %s", in.cfg.SendInterface(), f.Text)
	return true
}

// deny takes back claims whose advert did not leave. A sync group claims with
// every member or with none: those whose advert did leave resign.
func (c *Core) deny(claims, tried []*instance, now Time) {
	for _, in := range claims {
		if in.mute == "" && in.lost == 0 {
			continue
		}
		together := []*instance{in}
		if in.group != nil {
			together = in.group.members
		}
		for _, m := range together {
			if !m.claim.pending {
				continue
			}
			m.claim = claim{}
			c.set(m, timerMain, now+min(claimPause, m.cfg.AdvertInterval))
			if m.mute == "" && m.lost == 0 && slices.Contains(tried, m) {
				c.advertise(m, 0)
			}
		}
	}
}

// probe tries whether adverts can be sent again.
func (c *Core) probe(in *instance, now Time) {
	c.set(in, timerProbe, now+probePause)
	cfg := in.cfg
	nobody := *cfg
	nobody.VRID = probeVRID
	in.cfg = &nobody
	c.advertise(in, 0)
	in.cfg = cfg
	c.acts.Confirm = true
}
