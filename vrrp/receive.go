package vrrp

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"halbd/conf"
	"halbd/event"
)

// receive finds the instance that a packet is for, checks the packet (RFC 9568
// section 7.1 and keepalived's rules) and lets the state machine have it.
func (c *Core) receive(now Time, p *PacketReceived) {
	v6 := p.Src.Is6()
	if len(p.Payload) < headerLen {
		c.strayf("packet of %d bytes from %v on %s is too short for VRRP", len(p.Payload), p.Src, p.Interface)
		return
	}
	in := c.recipient(p, v6)
	if in == nil {
		if c.cfg.Global.LogUnknownVRIDs {
			c.strayf("advert for unknown VRID %d from %v on %s", p.Payload[1], p.Src, p.Interface)
		}
		return
	}
	if in.deafUntil > now || p.Src == in.source && !in.cfg.Unicast {
		return
	}
	a, err := c.checked(in, p, v6)
	if err != nil {
		c.complain(in, fmt.Sprintf("advert from %v dropped: %v", p.Src, err))
		return
	}
	if a == nil {
		return
	}
	switch in.state {
	case event.Backup:
		c.advertWhileBackup(in, now, p.Src, a)
	case event.Master:
		c.advertWhileMaster(in, now, p.Src, a)
	}
}

// maxStrays bounds what is remembered of packets that are for nobody.
const maxStrays = 64

// strayf logs about a packet that is for nobody, each text once until a reload.
func (c *Core) strayf(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if c.strays[text] || len(c.strays) >= maxStrays {
		return
	}
	c.strays[text] = true
	c.logf(true, "%s", text)
}

// recipient is the instance of the packet's interface, family, VRID and
// destination: multicast and unicast instances do not hear each other.
func (c *Core) recipient(p *PacketReceived, v6 bool) *instance {
	for _, in := range c.routers[routerID{p.Interface, v6, p.Payload[1]}] {
		if !in.cfg.Unicast && p.Dst == in.cfg.Destination {
			return in
		}
		if in.cfg.Unicast && !p.Dst.IsMulticast() && (!in.source.IsValid() || p.Dst == in.source) {
			return in
		}
	}
	return nil
}

var (
	errTTL      = errors.New("the TTL is not 255")
	errType     = errors.New("not an advertisement")
	errAuthType = errors.New("the authentication type is another")
	errPassword = errors.New("the password is wrong")
	errPeer     = errors.New("the sender is not in unicast_peer")
	errPeerTTL  = errors.New("the TTL is outside the peer's limits")
)

// checked returns the advert, or why it is dropped.
func (c *Core) checked(in *instance, p *PacketReceived, v6 bool) (*Advert, error) {
	cfg := in.cfg
	a, err := ParseAdvert(p.Payload, v6)
	if err != nil {
		return nil, err
	}
	if !cfg.Unicast && p.TTL >= 0 && p.TTL != 255 {
		return nil, fmt.Errorf("TTL %d: %w", p.TTL, errTTL)
	}
	if cfg.Unicast && cfg.CheckUnicastSrc {
		if err := checkPeer(cfg, p); err != nil {
			return nil, err
		}
	}
	if a.Version != cfg.Version {
		return nil, fmt.Errorf("version %d, not %d: %w", a.Version, cfg.Version, ErrVersion)
	}
	if !c.checksumValid(in, p, &a) {
		return nil, ErrChecksum
	}
	if a.Type != 1 {
		return nil, fmt.Errorf("type %d: %w", a.Type, errType)
	}
	if a.Version == 2 {
		if err := checkVersion2(cfg, &a); err != nil {
			return nil, err
		}
	}
	if cfg.OwnerIgnore && a.Priority == 255 {
		return nil, nil
	}
	c.compareAddresses(in, p.Src, &a)
	return &a, nil
}

func checkPeer(cfg *conf.Instance, p *PacketReceived) error {
	for i := range cfg.UnicastPeers {
		peer := &cfg.UnicastPeers[i]
		if peer.Addr != p.Src {
			continue
		}
		if p.TTL >= 0 && (peer.MinTTL > 0 && p.TTL < peer.MinTTL || peer.MaxTTL > 0 && p.TTL > peer.MaxTTL) {
			return fmt.Errorf("TTL %d: %w", p.TTL, errPeerTTL)
		}
		return nil
	}
	return errPeer
}

// checkVersion2 does what only RFC 3768 (and 2338's password) asks for.
func checkVersion2(cfg *conf.Instance, a *Advert) error {
	if a.Auth != nil || a.AuthType != uint8(conf.AuthNone) {
		if a.AuthType != uint8(cfg.AuthType) {
			return fmt.Errorf("type %d, not %d: %w", a.AuthType, cfg.AuthType, errAuthType)
		}
	}
	if cfg.AuthType == conf.AuthPass {
		var want [authLen]byte
		copy(want[:], cfg.AuthPass)
		if a.Auth == nil || !bytes.Equal(a.Auth, want[:]) {
			return errPassword
		}
	}
	if want := uint16(cfg.AdvertInterval / time.Second); a.Interval != want {
		return fmt.Errorf("its advertisement interval is %d s, not %d s", a.Interval, want)
	}
	return nil
}

// checksumValid also recognises keepalived's old unicast checksum, and follows
// the peer that uses it.
func (c *Core) checksumValid(in *instance, p *PacketReceived, a *Advert) bool {
	cfg := in.cfg
	if cfg.ChecksumAsV2 && cfg.Version == 3 {
		return true
	}
	pdu := p.Payload[:a.Len()]
	if checksum(pdu, checksumRule(cfg, p.Src, p.Dst, in.oldChecksum)) == 0 {
		return true
	}
	if !cfg.Unicast || cfg.Version != 3 || cfg.Family != conf.IPv4 || cfg.OldChecksum != conf.OldChecksumDetect || in.oldChecksum {
		return false
	}
	if checksum(pdu, checksumRule(cfg, p.Src, p.Dst, true)) != 0 {
		return false
	}
	in.oldChecksum = true
	c.logf(true, "(%s) %v uses keepalived's old unicast checksum: so does this instance from now on", cfg.Name, p.Src)
	return true
}

// compareAddresses warns when the peer advertises other addresses; the advert counts all the same.
func (c *Core) compareAddresses(in *instance, src netip.Addr, a *Advert) {
	if in.cfg.SkipCheckAddr && src == in.master {
		return
	}
	var own [64 * 16]byte
	want := appendAddresses(own[:0], in.cfg)
	if bytes.Equal(want, a.Addrs) || sameSet(want, a.Addrs, len(want)/max(1, len(in.cfg.Addresses))) {
		return
	}
	c.complain(in, fmt.Sprintf("%v advertises %d addresses that are not the %d configured here; both configurations must list the same",
		src, a.Count, len(in.cfg.Addresses)))
}

// sameSet compares two lists of addresses regardless of order.
func sameSet(a, b []byte, size int) bool {
	if len(a) != len(b) || size == 0 {
		return false
	}
	x, y := slices.Collect(slices.Chunk(a, size)), slices.Collect(slices.Chunk(b, size))
	slices.SortFunc(x, bytes.Compare)
	slices.SortFunc(y, bytes.Compare)
	return slices.EqualFunc(x, y, bytes.Equal)
}

// maxComplaints bounds what is remembered of an instance's bad packets.
const maxComplaints = 16

// complain logs a fault of received packets once, until a master changes or
// the configuration does.
func (c *Core) complain(in *instance, text string) {
	if in.complaints[text] || len(in.complaints) >= maxComplaints {
		return
	}
	if in.complaints == nil {
		in.complaints = map[string]bool{}
	}
	in.complaints[text] = true
	c.logf(true, "(%s) %s", in.cfg.Name, text)
}

func (c *Core) advertWhileBackup(in *instance, now Time, src netip.Addr, a *Advert) {
	switch {
	case a.Priority == 0:
		in.heard(src, a)
		in.resigned = true
		c.set(in, timerMain, now+in.skew())
		return
	case in.instant:
		return
	case a.Priority >= in.priority:
		in.preemptAt = 0
	case in.cfg.NoPreempt:
	case in.cfg.PreemptDelay > 0 && in.preemptAt == 0:
		in.preemptAt = now + in.cfg.PreemptDelay
		c.logf(false, "(%s) %v has the lower priority %d: preempting it after %v", in.cfg.Name, src, a.Priority, in.cfg.PreemptDelay)
	case in.cfg.PreemptDelay > 0 && now < in.preemptAt:
	default:
		c.complain(in, fmt.Sprintf("%v has the lower priority %d, not %d: its adverts do not count", src, a.Priority, in.priority))
		return
	}
	if in.master != src {
		in.complaints = nil
	}
	in.heard(src, a)
	c.set(in, timerMain, now+in.masterDownInterval())
}

// heard notes who is master. Version 3 adopts the master's interval (RFC 9568
// section 6.4.2); 0 would be no time to wait at all and is not adopted.
func (in *instance) heard(src netip.Addr, a *Advert) {
	in.master, in.expired, in.resigned = src, false, false
	if a.Version == 3 && a.Interval > 0 {
		in.masterInterval = time.Duration(a.Interval) * 10 * time.Millisecond
	}
}

func (c *Core) advertWhileMaster(in *instance, now Time, src netip.Addr, a *Advert) {
	switch {
	case a.Priority == 0:
		c.advertise(in, in.priority)
		c.set(in, timerMain, now+in.cfg.AdvertInterval)
	case a.Priority > in.priority || a.Priority == in.priority && in.source.Less(src):
		c.yield(in, now, src, a)
	default:
		c.defend(in, now, src, a)
	}
}

// yield gives way to a better master at once.
func (c *Core) yield(in *instance, now Time, src netip.Addr, a *Advert) {
	if in.cfg.HigherPrioAdv {
		c.advertise(in, in.priority)
	}
	cause := fmt.Sprintf("%v advertises priority %d, higher than %d", src, a.Priority, in.priority)
	if a.Priority == in.priority {
		cause = fmt.Sprintf("%v advertises the same priority %d and has the higher address", src, a.Priority)
	}
	in.complaints = nil
	in.heard(src, a)
	c.becomeBackup(in, now, cause)
	in.master = src
	c.syncBackup(in, now)
}

// defend answers a second master that must give way, and repairs what it has
// told the network: the neighbours may have its address in their tables.
func (c *Core) defend(in *instance, now Time, src netip.Addr, a *Advert) {
	if !in.cfg.LowerPrioNoAdv {
		c.advertise(in, in.priority)
		c.set(in, timerMain, now+in.cfg.AdvertInterval)
	}
	if g := &in.cfg.GARP; g.LowerPrioRepeat > 0 {
		c.announce(in, g.LowerPrioRepeat)
		if g.LowerPrioDelay > 0 {
			c.set(in, timerLower, now+g.LowerPrioDelay)
		}
	}
	cause := fmt.Sprintf("%v advertises priority %d, lower than %d", src, a.Priority, in.priority)
	if a.Priority == in.priority {
		cause = fmt.Sprintf("%v advertises the same priority %d and has the lower address", src, a.Priority)
	}
	c.acts.Events = append(c.acts.Events, event.Event{Kind: event.Instance, Name: in.cfg.Name, State: event.RxLowerPri,
		Previous: in.state, Priority: int(in.priority), Cause: cause})
}
