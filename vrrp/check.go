package vrrp

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"time"

	"halbd/conf"
	"halbd/event"
)

// arrival is a received packet, taken apart.
type arrival struct {
	*PacketReceived
	ah  []byte // the authentication header, if there is one
	pdu []byte // from the VRRP header on
}

// open takes a packet apart as far as to its VRID; false: it is no VRRP packet.
func (p *PacketReceived) open() (arrival, bool) {
	a := arrival{PacketReceived: p, pdu: p.Payload}
	if p.AH {
		if len(p.Payload) < ahLen || p.Payload[0] != Protocol || !p.Src.Is4() || len(p.Header) < IPv4HeaderLen {
			return a, false
		}
		a.ah, a.pdu = p.Payload[:ahLen], p.Payload[ahLen:]
	}
	return a, len(a.pdu) >= headerLen
}

// checked parses a packet and puts it through every check, in keepalived's
// order, as the order decides which counter moves.
func (c *Core) checked(in *instance, now Time, p *arrival) (Advert, drop) {
	cfg := in.cfg
	a, d := parseAdvert(p.pdu, p.Src.Is6())
	switch {
	case !d.ok():
		return a, d
	case a.Trailer != nil && in.hmac == nil, p.AH && len(p.pdu) != a.Len(): // behind AH no packet is short enough for padding
		return a, drop{flawLength, len(p.pdu), a.Len()}
	case !cfg.Unicast && p.TTL >= 0 && p.TTL != 255:
		return a, drop{kind: flawTTL, got: p.TTL}
	case a.Version != cfg.Version:
		return a, drop{flawVersion, int(a.Version), int(cfg.Version)}
	}
	if in.hmac != nil {
		if d := c.checkHMAC(in, now, p, &a); !d.ok() {
			return a, d
		}
	}
	if a.Version == 2 {
		if d := in.checkVersion2(p, &a); !d.ok() {
			return a, d
		}
	}
	switch {
	case a.Type != 1:
		return a, drop{kind: flawType, got: int(a.Type)}
	case !c.checksumValid(in, p, &a):
		return a, drop{kind: flawChecksum}
	}
	c.compareAddresses(in, p.Src, &a)
	in.counters.AdvertsReceived++
	if a.Priority == 0 {
		in.counters.PriorityZeroRcvd++
	}
	if cfg.Unicast && cfg.CheckUnicastSrc {
		return a, checkPeer(cfg, p)
	}
	return a, drop{}
}

// checkPeer lets only configured peers speak, from as far away as they may be.
func checkPeer(cfg *conf.Instance, p *arrival) drop {
	for i := range cfg.UnicastPeers {
		peer := &cfg.UnicastPeers[i]
		if peer.Addr != p.Src {
			continue
		}
		if p.TTL >= 0 && (peer.MinTTL > 0 && p.TTL < peer.MinTTL || peer.MaxTTL > 0 && p.TTL > peer.MaxTTL) {
			return drop{kind: flawPeerTTL, got: p.TTL}
		}
		return drop{}
	}
	return drop{kind: flawNotPeer}
}

// isPeer reports whether an address is among the unicast peers.
func (in *instance) isPeer(src netip.Addr) bool {
	return slices.ContainsFunc(in.cfg.UnicastPeers, func(p conf.UnicastPeer) bool { return p.Addr == src })
}

// checkVersion2 does what only version 2 has: authentication (RFC 2338
// section 5.3.6) and an interval that must be the same everywhere.
func (in *instance) checkVersion2(p *arrival, a *Advert) drop {
	cfg := in.cfg
	switch {
	case a.AuthType > uint8(conf.AuthAH):
		return drop{kind: flawAuthUnknown, got: int(a.AuthType)}
	case a.AuthType != uint8(cfg.AuthType), (cfg.AuthType == conf.AuthAH) != p.AH:
		return drop{flawAuthType, int(a.AuthType), int(cfg.AuthType)}
	}
	switch cfg.AuthType {
	case conf.AuthPass:
		if cfg.Family == conf.IPv6 {
			break // has no room for a password: to insist on one would make both routers MASTER
		}
		var want [authLen]byte
		copy(want[:], cfg.AuthPass)
		if !bytes.Equal(a.Auth, want[:]) {
			return drop{kind: flawPassword}
		}
	case conf.AuthAH:
		if d := in.ah.check(cfg, p); !d.ok() {
			return d
		}
	}
	if want := uint16(cfg.AdvertInterval / time.Second); a.Interval != want {
		return drop{flawInterval, int(a.Interval), int(want)}
	}
	return drop{}
}

// checksumValid also recognises keepalived's old unicast checksum, and follows
// the peer that uses it.
func (c *Core) checksumValid(in *instance, p *arrival, a *Advert) bool {
	cfg := in.cfg
	if cfg.ChecksumAsV2 && cfg.Version == 3 && cfg.Family == conf.IPv4 {
		return true
	}
	pdu := p.pdu[:a.Len()]
	if cfg.Family == conf.IPv6 {
		pdu = p.pdu // as the kernel's own sums, this one covers what is behind the PDU, too
	}
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
	c.logf(slog.LevelWarn, "(%s) %v uses keepalived's old unicast checksum: so does this instance from now on", cfg.Name, p.Src)
	return true
}

// compareAddresses warns when the peer advertises other addresses; the advert counts all the same.
func (c *Core) compareAddresses(in *instance, src netip.Addr, a *Advert) {
	if in.cfg.SkipCheckAddr && src == in.master && in.state == event.Backup {
		return
	}
	c.own = appendAddresses(c.own[:0], in.cfg)
	want := c.own
	if bytes.Equal(want, a.Addrs) || sameSet(want, a.Addrs, len(want)/max(1, len(in.cfg.Addresses))) {
		return
	}
	in.counters.count(flawAddresses)
	if in.first(flawAddresses, src) {
		c.logf(slog.LevelWarn, "(%s) %s", in.cfg.Name, fmt.Sprintf("%v advertises %d addresses that are not the %d configured here; both configurations must list the same",
			src, a.Count, len(in.cfg.Addresses)))
	}
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
