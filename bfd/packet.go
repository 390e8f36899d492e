package bfd

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// State is the state of a session (RFC 5880, 4.1), as it stands in a packet.
type State uint8

const (
	AdminDown State = iota
	Down
	Init
	Up
)

func (s State) String() string {
	return [...]string{"AdminDown", "Down", "Init", "Up"}[s&3]
}

// Diag is the reason of the last change of a session's state (RFC 5880, 4.1).
type Diag uint8

const (
	NoDiag         Diag = 0
	TimeExpired    Diag = 1
	NeighborSignal Diag = 3
	Administrative Diag = 7
)

var diagText = [...]string{"no diagnostic", "control detection time expired", "echo function failed", "neighbor signaled session down",
	"forwarding plane reset", "path down", "concatenated path down", "administratively down", "reverse concatenated path down"}

func (d Diag) String() string {
	if int(d) < len(diagText) {
		return fmt.Sprintf("diag %d, %s", d, diagText[d])
	}
	return fmt.Sprintf("diag %d", d)
}

const (
	version   = 1
	packetLen = 24
	authLen   = packetLen + 2 // the shortest packet with an authentication section
)

// Packet is a control packet (RFC 5880, 4.1) without authentication. Intervals
// are in microseconds, as on the wire.
type Packet struct {
	Diag         Diag
	State        State
	Poll, Final  bool
	Independent  bool // the C bit: does not share fate with the control plane
	Demand       bool
	Multiplier   uint8
	My, Your     uint32 // discriminators
	DesiredMinTx uint32
	RequiredRx   uint32
	RequiredEcho uint32
}

// Flags of the second byte, below the state.
const (
	flagPoll        = 0x20
	flagFinal       = 0x10
	flagIndependent = 0x08
	flagAuth        = 0x04
	flagDemand      = 0x02
	flagMultipoint  = 0x01
)

// ParsePacket decodes a control packet and makes the tests of RFC 5880, 6.8.6,
// that need no session.
func ParsePacket(b []byte) (Packet, error) {
	if len(b) < packetLen {
		return Packet{}, fmt.Errorf("%d bytes, fewer than %d", len(b), packetLen)
	}
	flags := b[1]
	p := Packet{
		Diag: Diag(b[0] & 0x1f), State: State(flags >> 6),
		Poll: flags&flagPoll != 0, Final: flags&flagFinal != 0, Independent: flags&flagIndependent != 0, Demand: flags&flagDemand != 0,
		Multiplier: b[2], My: binary.BigEndian.Uint32(b[4:]), Your: binary.BigEndian.Uint32(b[8:]),
		DesiredMinTx: binary.BigEndian.Uint32(b[12:]), RequiredRx: binary.BigEndian.Uint32(b[16:]), RequiredEcho: binary.BigEndian.Uint32(b[20:]),
	}
	switch v, length := b[0]>>5, int(b[3]); {
	case v != version:
		return p, fmt.Errorf("version %d, not %d", v, version)
	case length < packetLen || flags&flagAuth != 0 && length < authLen:
		return p, fmt.Errorf("length field %d is too short", length)
	case length > len(b):
		return p, fmt.Errorf("length field %d in %d bytes", length, len(b))
	case p.Multiplier == 0:
		return p, errors.New("multiplier 0")
	case flags&flagMultipoint != 0:
		return p, errors.New("the multipoint bit is set")
	case p.My == 0:
		return p, errors.New("my discriminator is 0")
	case p.Your == 0 && p.State > Down:
		return p, fmt.Errorf("your discriminator is 0 in state %v", p.State)
	case flags&flagAuth != 0:
		return p, errors.New("it is authenticated, and no session here is")
	}
	return p, nil
}

// Bytes encodes a packet.
func (p *Packet) Bytes() (b [packetLen]byte) {
	b[0] = version<<5 | byte(p.Diag)&0x1f
	b[1] = byte(p.State) << 6
	for _, f := range []struct {
		set bool
		bit byte
	}{{p.Poll, flagPoll}, {p.Final, flagFinal}, {p.Independent, flagIndependent}, {p.Demand, flagDemand}} {
		if f.set {
			b[1] |= f.bit
		}
	}
	b[2], b[3] = p.Multiplier, packetLen
	for i, v := range []uint32{p.My, p.Your, p.DesiredMinTx, p.RequiredRx, p.RequiredEcho} {
		binary.BigEndian.PutUint32(b[4+4*i:], v)
	}
	return b
}
