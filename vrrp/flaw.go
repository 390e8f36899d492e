package vrrp

import (
	"fmt"
	"log/slog"
	"net/netip"
)

// flaw is what is wrong with a received packet.
type flaw uint8

const (
	flawNone flaw = iota
	flawLength
	flawTTL
	flawVersion
	flawAuthUnknown
	flawAuthType
	flawPassword
	flawInterval
	flawType
	flawChecksum
	flawNotPeer
	flawPeerTTL
	flawSPI
	flawICV
	flawSequence
	flawMissing
	flawMalformed
	flawStale
	flawUnknownKey
	flawHMAC
	flawReplay
	// What is wrong with these does not cost the packet its effect.
	flawAddresses
	flawPriority
	flawSkew
	flawOtherInterval
	flawOwner
)

// drop says why a received packet has no effect; the zero value is that it has one.
type drop struct {
	kind      flaw
	got, want int // what stands in the packet and what should, where the kind is about a number
}

func (d drop) ok() bool { return d.kind == flawNone }

// Error words the reason. It is only asked for when the line is written.
func (d drop) Error() string {
	switch d.kind {
	case flawLength:
		return fmt.Sprintf("it has %d bytes, not %d", d.got, d.want)
	case flawTTL:
		return fmt.Sprintf("TTL %d: the TTL is not 255, so it has passed a router", d.got)
	case flawVersion:
		return fmt.Sprintf("it is of version %d, not %d", d.got, d.want)
	case flawAuthUnknown:
		return fmt.Sprintf("its authentication type %d is unknown", d.got)
	case flawAuthType:
		return fmt.Sprintf("its authentication type is %s, not %s", authName(d.got), authName(d.want))
	case flawPassword:
		return "the password is wrong"
	case flawInterval:
		return fmt.Sprintf("its advertisement interval is %d s, not %d s", d.got, d.want)
	case flawType:
		return fmt.Sprintf("it is of type %d, no advertisement", d.got)
	case flawChecksum:
		return "the checksum is wrong"
	case flawNotPeer:
		return "the sender is not in unicast_peer"
	case flawPeerTTL:
		return fmt.Sprintf("TTL %d is outside the limits of the peer", d.got)
	case flawSPI:
		return "the SPI of its authentication header is not its source address"
	case flawICV:
		return "its authentication header does not verify: the password is another, or it was changed on its way"
	case flawSequence:
		return fmt.Sprintf("the sequence number %d of its authentication header is not above %d: it is a repetition", d.got, d.want)
	case flawMissing:
		return "it is not signed; auth_hmac mode enforce accepts signed adverts only"
	case flawMalformed:
		return "the form of its auth_hmac trailer is unknown"
	case flawStale:
		return fmt.Sprintf("it was signed %d s away from the time here, beyond time_window: are the clocks synchronised?", d.got)
	case flawUnknownKey:
		return fmt.Sprintf("it is signed with key %d, which is not configured", d.got)
	case flawHMAC:
		return fmt.Sprintf("its signature with key %d is wrong: the key is another, or it was changed on its way", d.got)
	case flawReplay:
		return "its signature is not newer than the last one: it is a repetition"
	}
	return "it is as expected"
}

func authName(kind int) string {
	switch kind {
	case 0:
		return "none"
	case 1:
		return "PASS"
	}
	return "AH"
}

// counter is the one that a flaw moves; nil for those that keepalived does not count.
func (k *Counters) counter(f flaw) *uint64 {
	switch f {
	case flawLength:
		return &k.Length
	case flawTTL, flawPeerTTL:
		return &k.TTL
	case flawType:
		return &k.InvalidType
	case flawAddresses:
		return &k.AddressList
	case flawAuthUnknown:
		return &k.InvalidAuthType
	case flawAuthType:
		return &k.AuthTypeMismatch
	case flawPassword, flawSPI, flawICV, flawSequence:
		return &k.AuthFailure
	case flawMissing:
		return &k.HMACMissing
	case flawMalformed:
		return &k.HMACMalformed
	case flawUnknownKey:
		return &k.HMACUnknownKey
	case flawHMAC:
		return &k.HMACInvalid
	case flawStale:
		return &k.HMACStale
	case flawReplay:
		return &k.HMACReplay
	}
	return nil
}

func (k *Counters) count(f flaw) {
	if n := k.counter(f); n != nil {
		*n++
	}
}

// complaint is what was said of one sender.
type complaint struct {
	kind flaw
	src  netip.Addr
}

// maxComplaints bounds what is remembered of an instance's bad packets.
const maxComplaints = 64

// first reports whether a flaw of a sender's packets is to be logged: once,
// until a master changes or the configuration does.
func (in *instance) first(kind flaw, src netip.Addr) bool {
	c := complaint{kind, src}
	if in.complaints[c] || len(in.complaints) >= maxComplaints {
		return false
	}
	if in.complaints == nil {
		in.complaints = map[complaint]bool{}
	}
	in.complaints[c] = true
	return true
}

// newSubject forgets what was said of all senders but the new master.
func (in *instance) newSubject(master netip.Addr) {
	for c := range in.complaints {
		if c.src != master {
			delete(in.complaints, c)
		}
	}
}

// dropped counts a packet that has no effect, and says so once.
func (c *Core) dropped(in *instance, src netip.Addr, d drop) {
	in.counters.count(d.kind)
	if in.first(d.kind, src) {
		c.logf(slog.LevelWarn, "(%s) advert from %v dropped: %v", in.cfg.Name, src, d)
	}
}
