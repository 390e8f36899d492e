package vrrp

import (
	"encoding/binary"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"halbd/internal/inetsum"
	"halbd/internal/pcap"
)

// captures are what keepalived 2.4.3 sent. They are no part of this repository.
const captures = "../../shared/reference/pcap"

// captureStart is the time of a capture's first frame: the hosts in it have
// begun earlier.
const captureStart = 100 * time.Second

// wireFrame is a captured advert or announcement.
type wireFrame struct {
	at       Time
	mac      [6]byte
	src, dst netip.Addr // of an announcement: the address that it is of
	ttl      int
	advert   bool
	ah       bool
	header   []byte // of IP
	payload  []byte // behind it, without Ethernet's padding
}

// frames reads a capture: every VRRP packet, gratuitous ARP and unsolicited NA.
func frames(t testing.TB, name string) []wireFrame {
	t.Helper()
	if _, err := os.Stat(captures); err != nil {
		t.Skipf("not compared with keepalived's packets: %v", err)
	}
	out := capturedFrames(name)
	if len(out) == 0 {
		t.Fatalf("%s/%s.pcap has no frame that concerns VRRP", captures, name)
	}
	return out
}

// capturedFrames is empty when the capture is not there.
func capturedFrames(name string) (out []wireFrame) {
	list, err := pcap.ReadFile(filepath.Join(captures, name+".pcap"))
	if err != nil {
		return nil
	}
	for _, f := range list {
		if w, ok := decodeFrame(f.Data); ok {
			w.at = captureStart + f.At - list[0].At
			out = append(out, w)
		}
	}
	return out
}

// Neighbour advertisement (RFC 4861 section 4.4).
const icmp6, naType = 58, 136

func decodeFrame(b []byte) (wireFrame, bool) {
	w := wireFrame{mac: [6]byte(b[6:12])}
	switch ip := b[14:]; binary.BigEndian.Uint16(b[12:]) {
	case unix.ETH_P_ARP:
		w.src, w.dst = netip.AddrFrom4([4]byte(ip[14:18])), netip.AddrFrom4([4]byte(ip[24:28]))
		return w, w.src == w.dst
	case unix.ETH_P_IP:
		size := int(binary.BigEndian.Uint16(ip[2:]))
		w.src, w.dst, w.ttl = netip.AddrFrom4([4]byte(ip[12:16])), netip.AddrFrom4([4]byte(ip[16:20])), int(ip[8])
		w.header, w.payload, w.ah = ip[:IPv4HeaderLen], ip[IPv4HeaderLen:size], ip[9] == AHProtocol
		w.advert = true
		return w, ip[9] == Protocol || w.ah
	case unix.ETH_P_IPV6:
		size := 40 + int(binary.BigEndian.Uint16(ip[4:]))
		w.src, w.dst, w.ttl = netip.AddrFrom16([16]byte(ip[8:24])), netip.AddrFrom16([16]byte(ip[24:40])), int(ip[7])
		w.header, w.payload = ip[:40], ip[40:size]
		w.advert = ip[6] == Protocol
		unsolicited := ip[6] == icmp6 && w.payload[0] == naType && w.dst == netip.MustParseAddr("ff02::1")
		return w, w.advert || unsolicited
	}
	return w, false
}

// received is the frame as a socket hands it to a core.
func (w *wireFrame) received() *PacketReceived {
	p := &PacketReceived{Interface: "eth0", Src: w.src, Dst: w.dst, TTL: w.ttl, AH: w.ah, Payload: w.payload}
	if w.src.Is4() {
		p.Header = w.header
	}
	return p
}

// packet4 is what the kernel makes of an advert: header with checksum, payload.
func packet4(a *SendAdvert) []byte {
	b := AppendIPv4Header(nil, a)
	binary.BigEndian.PutUint16(b[10:], inetsum.Of(b))
	return append(b, a.Payload...)
}

// host is a core that takes part in a capture.
type host struct {
	t       *testing.T
	c       *Core
	now     Time
	mute    bool // the link is down: nothing leaves
	adverts []sentAdvert
	said    []announced
	pace    time.Duration // garp_interval
}

type sentAdvert struct {
	at Time
	SendAdvert
}

type announced struct {
	at   Time
	addr netip.Addr
}

// act carries actions out: what would leave is kept.
func (h *host) act(a *Actions) {
	for _, ad := range a.Adverts {
		if h.mute {
			continue
		}
		ad.Payload = append([]byte(nil), ad.Payload...)
		h.adverts = append(h.adverts, sentAdvert{h.now, ad})
	}
	announce := append([]Announce(nil), a.Announce...)
	if a.Confirm {
		h.act(h.c.Sent(h.now, nil))
	}
	for i := range announce {
		h.announce(&announce[i])
	}
}

// announce expands a set as the announcer does.
func (h *host) announce(a *Announce) {
	for _, in := range h.c.instances {
		if in.cfg.Name != a.Instance || !in.held || h.mute {
			continue
		}
		var addrs []netip.Addr
		for _, p := range in.cfg.Addresses {
			addrs = append(addrs, p.Prefix.Addr())
		}
		for _, p := range in.cfg.Excluded {
			addrs = append(addrs, p.Prefix.Addr())
		}
		for range a.Repeat {
			for _, addr := range addrs {
				if a.Only == nil || contains(a.Only, addr) {
					h.said = append(h.said, announced{h.slot(), addr})
				}
			}
		}
	}
}

func contains(list []netip.Addr, a netip.Addr) bool {
	for _, b := range list {
		if a == b {
			return true
		}
	}
	return false
}

// slot is when the next announcement may leave.
func (h *host) slot() Time {
	at := h.now
	if n := len(h.said); n > 0 && h.pace > 0 {
		at = max(at, h.said[n-1].at+h.pace)
	}
	return at
}

// until lets the time pass.
func (h *host) until(end Time) {
	for {
		d, ok := h.c.Deadline()
		if !ok || d > end {
			h.now = end
			return
		}
		h.now = d
		h.act(h.c.Step(d, Tick{}))
	}
}
