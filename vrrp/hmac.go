package vrrp

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"log/slog"
	"net/netip"
	"slices"
	"time"

	"halbd/conf"
)

// The trailer that auth_hmac puts behind an advert (bytes): type, key id, two
// reserved, sequence, tag.
const (
	trailerLen  = 28
	trailerHead = 12
	trailerType = 1
	tagLen      = 16
)

// sequence orders the signed adverts of a sender: 32 bits Unix seconds, 16
// bits of 1/65536 s, 16 bits counter.
type sequence uint64

func (s sequence) seconds() int64 { return int64(s >> 32) }

// sequenceAt is the sequence of a time since the Unix epoch.
func sequenceAt(wall time.Duration) sequence {
	wall = max(wall, 0)
	return sequence(wall/time.Second)<<32 | sequence(wall%time.Second*65536/time.Second)<<16
}

// signer is auth_hmac of one instance.
type signer struct {
	cfg     *conf.AuthHMAC
	macs    []hash.Hash // of cfg.Keys
	last    sequence    // sent
	marks   []mark      // least recently used first
	scratch []byte
}

// mark is the highest sequence that a sender has used.
type mark struct {
	src netip.Addr
	sequence
	heard Time
}

// age is how far a sequence is behind the sender's own clock, as its last
// advert told it, in seconds; negative: ahead of it.
func (m *mark) age(sent sequence, now Time) int64 {
	return m.seconds() + int64((now-m.heard)/time.Second) - sent.seconds()
}

// multicastMarks is how many senders of a multicast instance are remembered.
const multicastMarks = 4

// rekey takes over a configuration; sequence and marks stay, so that the
// rotation of a key opens no gap for a repetition.
func (s *signer) rekey(cfg *conf.AuthHMAC) {
	s.cfg, s.macs = cfg, s.macs[:0]
	for i := range cfg.Keys {
		s.macs = append(s.macs, hmac.New(sha256.New, cfg.Keys[i].Key))
	}
}

// mac is the keyed hash of a key id, nil for one that is not configured.
func (s *signer) mac(id uint8) hash.Hash {
	for i := range s.cfg.Keys {
		if s.cfg.Keys[i].ID == id {
			return s.macs[i]
		}
	}
	return nil
}

// next is the sequence of an advert that is sent at wall: the time, or what
// follows the last one if that is more. In time mode a sequence that has run
// too far ahead, because the clock was set back, falls back to the clock.
func (s *signer) next(wall time.Duration) sequence {
	clock := sequenceAt(wall)
	n := max(clock, s.last+1)
	if !s.cfg.Monotonic && n.seconds()-clock.seconds() > s.window() {
		n = clock
	}
	s.last = n
	return n
}

// window is time_window in seconds.
func (s *signer) window() int64 { return int64(s.cfg.TimeWindow / time.Second) }

// sign appends the trailer of an advert; the destination is not part of the
// tag, so that one serves for every peer.
func (s *signer) sign(b, pdu []byte, src netip.Addr, wall time.Duration) []byte {
	start := len(b)
	b = append(b, trailerType, s.cfg.ActiveKey, 0, 0)
	b = binary.BigEndian.AppendUint64(b, uint64(s.next(wall)))
	return append(b, s.tag(s.mac(s.cfg.ActiveKey), src, pdu, b[start:])...)
}

// tag is the keyed hash of an advert: over a block that names the virtual
// router and the sender, the PDU with checksum 0, and the trailer with tag 0.
func (s *signer) tag(mac hash.Hash, src netip.Addr, pdu, trailer []byte) []byte {
	b := append(s.scratch[:0], 6, pdu[0]>>4, pdu[1], 0)
	if src.Is4() {
		b[0] = 4
		a := src.As4()
		b = append(append(b, a[:]...), make([]byte, 12)...)
	} else {
		a := src.As16()
		b = append(b, a[:]...)
	}
	b = append(b, pdu[:6]...)
	b = append(b, 0, 0)
	b = append(b, pdu[headerLen:]...)
	b = append(b, trailer[:trailerHead]...)
	b = append(b, make([]byte, tagLen)...)
	mac.Reset()
	mac.Write(b)
	b = mac.Sum(b)
	s.scratch = b
	return b[len(b)-sha256.Size:][:tagLen]
}

// checkHMAC verifies the trailer of an advert, or that it may do without.
func (c *Core) checkHMAC(in *instance, now Time, p *arrival, a *Advert) drop {
	s := in.hmac
	if a.Trailer == nil {
		if s.cfg.Mode == conf.HMACEnforce {
			return drop{kind: flawMissing}
		}
		return drop{}
	}
	t, clock := a.Trailer, sequenceAt(now+c.wall)
	if t[0] != trailerType || t[2] != 0 || t[3] != 0 {
		return drop{kind: flawMalformed}
	}
	sent := sequence(binary.BigEndian.Uint64(t[4:]))
	skew := distance(clock.seconds() - sent.seconds())
	if !s.cfg.Monotonic && skew > s.window() && !s.continues(p.Src, sent, now) {
		return drop{kind: flawStale, got: int(skew)}
	}
	mac := s.mac(t[1])
	if mac == nil {
		return drop{kind: flawUnknownKey, got: int(t[1])}
	}
	if !hmac.Equal(t[trailerHead:], s.tag(mac, p.Src, p.pdu[:a.Len()], t)) {
		return drop{kind: flawHMAC, got: int(t[1])}
	}
	if !s.advance(mark{p.Src, sent, now}, clock, in.marksKept()) {
		return drop{kind: flawReplay}
	}
	if !s.cfg.Monotonic && 2*skew > s.window() && in.first(flawSkew, p.Src) {
		c.logf(slog.LevelWarn, "(%s) the clock of %v is %d s away from the one here; beyond %d s its adverts are dropped", in.cfg.Name, p.Src, skew, s.window())
	}
	return drop{}
}

// marksKept is how many senders are remembered: each unicast peer, or some.
func (in *instance) marksKept() int {
	if in.cfg.Unicast {
		return len(in.cfg.UnicastPeers)
	}
	return multicastMarks
}

// continues reports whether an advert is as old as it should be by the clock of
// its sender, who is known. If it is, and the time here says otherwise, then the
// time was set here, which must not make a second master.
func (s *signer) continues(src netip.Addr, sent sequence, now Time) bool {
	i := s.find(src)
	return i >= 0 && distance(s.marks[i].age(sent, now)) <= s.window()
}

func (s *signer) find(src netip.Addr) int {
	return slices.IndexFunc(s.marks, func(m mark) bool { return m.src == src })
}

func distance(seconds int64) int64 { return max(seconds, -seconds) }

// advance moves the mark of a sender; false: the sequence is not above it. In
// time mode a mark that is older than the window, by the time of day and by
// when it was heard, protects from nothing more.
func (s *signer) advance(m mark, clock sequence, keep int) bool {
	if i := s.find(m.src); i >= 0 {
		old := s.marks[i]
		outdated := !s.cfg.Monotonic && clock.seconds()-old.seconds() > s.window() && old.age(old.sequence, m.heard) > s.window()
		if m.sequence <= old.sequence && !outdated {
			return false
		}
		s.marks = slices.Delete(s.marks, i, i+1)
	}
	if len(s.marks) >= keep {
		s.marks = slices.Delete(s.marks, 0, len(s.marks)-keep+1)
	}
	s.marks = append(s.marks, m)
	return true
}

// sameHMAC reports whether two configurations sign and accept alike.
func sameHMAC(a, b *conf.AuthHMAC) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.ActiveKey == b.ActiveKey && a.TimeWindow == b.TimeWindow && a.Monotonic == b.Monotonic && a.Mode == b.Mode &&
		slices.EqualFunc(a.Keys, b.Keys, func(x, y conf.HMACKey) bool { return x.ID == y.ID && bytes.Equal(x.Key, y.Key) })
}
