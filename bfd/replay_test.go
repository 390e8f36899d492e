package bfd

import (
	"encoding/binary"
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"halbd/conf"
)

// captures is where recordings of keepalived 2.4.3 lie, outside the repository.
const captures = "../../shared/reference/pcap"

// captured is one BFD packet of a recording.
type captured struct {
	at       Time
	src, dst netip.Addr
	ttl      int
	port     int
	payload  []byte
}

// readCapture reads the UDP packets of a little-endian pcap file of Ethernet frames.
func readCapture(t *testing.T, name string) []captured {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(captures, name))
	if errors.Is(err, os.ErrNotExist) {
		t.Skip("the recordings are not here")
	}
	if err != nil {
		t.Fatal(err)
	}
	var list []captured
	for b = b[24:]; len(b) >= 16; {
		u32 := binary.LittleEndian.Uint32
		at, n := Time(u32(b))*time.Second+Time(u32(b[4:]))*time.Microsecond, u32(b[8:])
		if c, ok := udp(b[16 : 16+n]); ok {
			c.at = at
			list = append(list, c)
		}
		b = b[16+n:]
	}
	first := list[0].at
	for i := range list {
		list[i].at -= first
	}
	return list
}

func udp(frame []byte) (c captured, ok bool) {
	kind, ip := binary.BigEndian.Uint16(frame[12:]), frame[14:]
	var rest []byte
	switch {
	case kind == 0x0800 && ip[9] == 17:
		c.src, c.dst, c.ttl = netip.AddrFrom4([4]byte(ip[12:16])), netip.AddrFrom4([4]byte(ip[16:20])), int(ip[8])
		rest = ip[20:]
	case kind == 0x86dd && ip[6] == 17:
		c.src, c.dst, c.ttl = netip.AddrFrom16([16]byte(ip[8:24])), netip.AddrFrom16([16]byte(ip[24:40])), int(ip[7])
		rest = ip[40:]
	default:
		return c, false
	}
	c.port = int(binary.BigEndian.Uint16(rest[2:]))
	c.payload = rest[8:binary.BigEndian.Uint16(rest[4:])]
	return c, true
}

// A session in the place of a recorded keepalived hears what that one heard:
// whenever keepalived said something, what we said last is the same but for
// the discriminator and the P bit. (RFC 5880 has both ends of a new session
// poll; keepalived's second end leaves it at its final packet.)
func TestRecordedPeers(t *testing.T) {
	for name, me := range map[string]string{"bfd_async.pcap": "10.0.0.1", "bfd_passive.pcap": "10.0.0.1", "bfd6.pcap": "fd00::1", "bfd_multihop.pcap": "10.0.0.1"} {
		t.Run(name, func(t *testing.T) {
			list := readCapture(t, name)
			r := &replay{t: t, me: netip.MustParseAddr(me), discriminator: map[uint32]uint32{}}
			r.start(list, name == "bfd_passive.pcap")
			for i := range list {
				r.packet(&list[i])
			}
			if r.compared < 20 || r.finals < 1 {
				t.Errorf("only %d packets and %d answers to polls were compared", r.compared, r.finals)
			}
		})
	}
}

type replay struct {
	t                *testing.T
	me               netip.Addr
	core             *Core
	last             Packet            // what we said
	final            []Packet          // our answers to polls that keepalived has not given yet
	discriminator    map[uint32]uint32 // keepalived's -> ours
	compared, finals int
}

func (r *replay) packet(c *captured) {
	p, err := ParsePacket(c.payload)
	if err != nil {
		r.t.Fatalf("a recorded packet is refused: %v", err)
	}
	if b := p.Bytes(); string(b[:]) != string(c.payload) {
		r.t.Errorf("%v: encoded %x, recorded %x", c.at, b, c.payload)
	}
	for at, ok := r.core.Deadline(); ok && at <= c.at; at, ok = r.core.Deadline() {
		r.said(r.core.Step(at, Tick{}))
	}
	if c.src == r.me {
		r.compare(c, &p)
		return
	}
	if p.Your != 0 {
		p.Your = r.discriminator[p.Your]
	}
	b := p.Bytes()
	r.said(r.core.Step(c.at, &PacketReceived{Src: c.src, Dst: c.dst, TTL: c.ttl, Multihop: c.port == multihopPort, Payload: b[:]}))
}

// start configures our session as the recorded one's first packet says.
func (r *replay) start(list []captured, passive bool) {
	i := slices.IndexFunc(list, func(c captured) bool { return c.src == r.me })
	c := list[i]
	p, err := ParsePacket(c.payload)
	if err != nil {
		r.t.Fatal(err)
	}
	interval := fromMicros(p.RequiredRx) // min_tx is the same
	r.core = NewCore(counter())
	r.said(r.core.Start(0, config(conf.BFDInstance{Name: "B", Neighbor: c.dst, Source: c.src, Multihop: c.port == multihopPort,
		MinRx: interval, MinTx: interval, IdleTx: time.Second, Multiplier: p.Multiplier, TTL: uint8(c.ttl), Passive: passive})))
}

func (r *replay) said(a *Actions) {
	for _, s := range a.Packets {
		p, err := ParsePacket(s.Payload[:])
		if err != nil {
			r.t.Error(err)
		}
		if p.Final {
			r.final = append(r.final, p)
		}
		r.last = p
	}
}

func (r *replay) compare(c *captured, p *Packet) {
	ours := r.last
	if p.Final {
		if len(r.final) != 1 {
			r.t.Fatalf("%v: keepalived answers a poll, we gave %d answers", c.at, len(r.final))
		}
		ours, r.final = r.final[0], nil
		r.finals++
	} else if len(r.final) > 0 {
		r.t.Errorf("%v: we answered a poll, keepalived did not", c.at)
	} else {
		ours.Final = false
	}
	if _, known := r.discriminator[p.My]; !known {
		r.discriminator[p.My] = ours.My
	}
	if r.discriminator[p.My] != ours.My {
		r.t.Errorf("%v: our discriminator changed when keepalived's did not", c.at)
	}
	want := *p
	want.My, want.Poll, ours.Poll = ours.My, false, false
	if ours != want {
		r.t.Errorf("%v: we said %s, keepalived %s", c.at, text(ours), text(want))
	}
	r.compared++
}
