package conf

import (
	"net/netip"
	"strings"
	"time"
)

// longestBFD is the longest name of a BFD session in bytes.
const longestBFD = 31

// slowBFD is the interval from which on a session is too slow to be meant.
const slowBFD = 10 * time.Second

// rawBFD is a bfd_instance that is being read.
type rawBFD struct {
	BFDInstance
	pos     Pos
	ttl     maybe[uint8]
	hops    maybe[int]
	dropped bool // without a neighbour that it could talk to
}

func openBFD(b *builder, _ *Keyword, s Statement) {
	name := s.Words[1].Text
	switch {
	case len(name) > longestBFD:
		b.report(longName, s.PosOf(1), "bfd_instance: name '%s' has more than %d bytes - ignoring the block", name, longestBFD)
		b.refuse = true
		return
	case b.bfdOf[name] != nil:
		b.report(duplicateName, s.PosOf(1), "bfd_instance %s already defined - ignoring", name)
		b.refuse = true
		return
	}
	b.bfd = &rawBFD{pos: s.Pos, BFDInstance: BFDInstance{
		Name: name, MinRx: 10 * time.Millisecond, MinTx: 10 * time.Millisecond, IdleTx: time.Second, Multiplier: 5,
	}}
	b.bfds = append(b.bfds, b.bfd)
	b.bfdOf[name] = b.bfd
}

func bfdSetters() blockSetters {
	return blockSetters{
		"source_ip": func(b *builder, kw *Keyword, s Statement) {
			if a, ok := b.bfdAddress(kw, s); ok {
				b.bfd.Source = a
			}
		},
		"neighbor_ip":  setNeighbor,
		"neighbour_ip": setNeighbor,
		"min_rx":       setMilliseconds(func(b *builder) *time.Duration { return &b.bfd.MinRx }),
		"min_tx":       setMilliseconds(func(b *builder) *time.Duration { return &b.bfd.MinTx }),
		"idle_tx":      setMilliseconds(func(b *builder) *time.Duration { return &b.bfd.IdleTx }),
		"multiplier":   setUint8(func(b *builder) *uint8 { return &b.bfd.Multiplier }),
		"passive":      setTrue(func(b *builder) *bool { return &b.bfd.Passive }),
		"ttl":          setVersion(func(b *builder) *maybe[uint8] { return &b.bfd.ttl }),
		"hoplimit":     setVersion(func(b *builder) *maybe[uint8] { return &b.bfd.ttl }),
		"max_hops": func(b *builder, kw *Keyword, s Statement) {
			if n, ok := b.intArg(kw, s); ok {
				b.bfd.hops = some(n)
			}
		},
		"multihop": setBool(func(b *builder) *bool { return &b.bfd.Multihop }),
		"weight":   func(b *builder, kw *Keyword, s Statement) { b.weight(kw, s, &b.bfd.Weight, &b.bfd.Reverse) },
		"vrrp":     setTrue(func(b *builder) *bool { return &b.bfd.VRRP }),
		"checker":  setTrue(func(b *builder) *bool { return &b.bfd.Checker }),
	}
}

// setMilliseconds makes a setter of a time that is written in milliseconds.
func setMilliseconds(field func(*builder) *time.Duration) setter {
	return func(b *builder, kw *Keyword, s Statement) {
		n, ok := b.uintArg(kw, s, 1)
		if !ok {
			return
		}
		d := seconds(n, 3+kw.value.places)
		if d > slowBFD {
			b.report(slowSession, s.PosOf(1), "%s: %s ms is %.3g seconds: a failure is noticed late", kw.Name, s.Words[1].Text, d.Seconds())
		}
		*field(b) = d
	}
}

func setNeighbor(b *builder, kw *Keyword, s Statement) {
	a, ok := b.bfdAddress(kw, s)
	if !ok {
		b.bfd.dropped = true
		return
	}
	b.bfd.Neighbor = a
}

// bfdPath is what tells two sessions apart.
type bfdPath struct{ neighbor, source netip.Addr }

func (b *builder) bfdAddress(kw *Keyword, s Statement) (netip.Addr, bool) {
	a, err := parseHostAddr(s.Words[1].Text)
	if err != nil || strings.Contains(s.Words[1].Text, "%") {
		b.report(badAddress, s.PosOf(1), "BFD instance %s: %s '%s' is not an address - ignoring", b.bfd.Name, kw.Name, s.Words[1].Text)
		return a, false
	}
	return a, true
}

// closeBFD completes the session that ends.
func (b *builder) closeBFD() {
	s := b.bfd
	b.bfd = nil
	if s == nil || s.dropped {
		return
	}
	if !s.Neighbor.IsValid() {
		b.reportEnd(incompleteBlock, s.pos, "BFD instance %s has no neighbor_ip - disabling it", s.Name)
		s.dropped = true
		return
	}
	if s.Source.IsValid() && familyOf(s.Source) != familyOf(s.Neighbor) {
		b.reportEnd(wrongFamily, s.pos, "BFD instance %s: source %s and neighbor %s are of two families - disabling it", s.Name, s.Source, s.Neighbor)
		s.dropped = true
		return
	}
	path := bfdPath{s.Neighbor, s.Source}
	if other := b.bfdPaths[path]; other != nil {
		b.reportEnd(duplicateItem, s.pos, "BFD instance %s: %s is the neighbor of %s already - ignoring the instance", s.Name, s.Neighbor, other.Name)
		s.dropped = true
		return
	}
	b.bfdPaths[path] = s
	s.TTL = s.ttl.or(255)
	if !s.ttl.set && familyOf(s.Neighbor) == IPv6 {
		s.TTL = 64
	}
	hops := s.hops.or(0)
	if hops < 0 {
		hops = 255
	}
	if hops > int(s.TTL) {
		b.reportEnd(clampedNumber, s.pos, "BFD instance %s: max_hops %d is above ttl %d - setting to %d", s.Name, hops, s.TTL, s.TTL)
		hops = int(s.TTL)
	}
	s.MaxHops = uint8(hops)
	if !s.VRRP && !s.Checker {
		s.VRRP, s.Checker = true, true
	}
}

// bfdRuns tells whether a session is there for those that track it.
func (b *builder) bfdRuns(name string) bool { return !b.bfdOf[name].dropped }

func (b *builder) finishBFDs() {
	for _, s := range b.bfds {
		if !s.dropped {
			b.cfg.BFDs = append(b.cfg.BFDs, s.BFDInstance)
		}
	}
}
