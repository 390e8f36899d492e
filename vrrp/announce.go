package vrrp

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/mdlayher/arp"
	"github.com/mdlayher/packet"
	"golang.org/x/sys/unix"

	"halbd/netstate"
)

// announcement is one set of gratuitous ARPs and unsolicited NAs.
type announcement struct {
	link   netstate.Link
	addrs  []netip.Addr
	repeat int
	alive  *atomic.Bool // false: the addresses were given up meanwhile
}

// announcer sends the announcements of one interface from a goroutine of its
// own, so that a long burst delays no advert.
type announcer struct {
	jobs     chan announcement
	done     chan struct{}
	garp, na time.Duration // garp_interval, gna_interval
	conn     *packet.Conn
	index    int
	complain func(error)
}

// announcerQueue is far more sets than an interface can have waiting; beyond
// it a set is dropped and said so.
const announcerQueue = 8192

// announcers has one announcer for each interface. One goroutine uses it.
type announcers struct {
	byName   map[string]*announcer
	garp, na time.Duration
	complain func(error)
}

func newAnnouncers(complain func(error)) *announcers {
	return &announcers{byName: map[string]*announcer{}, complain: complain}
}

// pace sets the gaps between the packets of one interface.
func (s *announcers) pace(garp, na time.Duration) { s.garp, s.na = garp, na }

// send queues a set. It never blocks.
func (s *announcers) send(a announcement) {
	if !a.link.Ether {
		return // nobody on that link has a table to correct
	}
	w := s.byName[a.link.Name]
	if w == nil || w.garp != s.garp || w.na != s.na {
		if w != nil {
			close(w.jobs)
		}
		w = &announcer{jobs: make(chan announcement, announcerQueue), done: make(chan struct{}), garp: s.garp, na: s.na, complain: s.complain}
		s.byName[a.link.Name] = w
		go w.run()
	}
	select {
	case w.jobs <- a:
	default:
		s.complain(fmt.Errorf("announcements on %s: the queue is full", a.link.Name))
	}
}

// close waits for what is being sent.
func (s *announcers) close() {
	for _, w := range s.byName {
		close(w.jobs)
		<-w.done
	}
}

func (w *announcer) run() {
	defer close(w.done)
	for first := range w.jobs {
		if err := w.burst(w.waiting(first)); err != nil {
			w.complain(fmt.Errorf("announce on %s: %w", first.link.Name, err))
		}
	}
	if w.conn != nil {
		w.conn.Close()
	}
}

// waiting adds every set that waits behind the first one.
func (w *announcer) waiting(first announcement) []announcement {
	sets := []announcement{first}
	for len(w.jobs) > 0 {
		a, ok := <-w.jobs
		if !ok {
			break
		}
		sets = append(sets, a)
	}
	return sets
}

// burst sends each address of every set once, then again, as keepalived
// interleaves the addresses of one instance: after a take-over of many
// instances each address is known to the network before any is repeated.
func (w *announcer) burst(sets []announcement) error {
	rounds := 0
	for i := range sets {
		rounds = max(rounds, sets[i].repeat)
	}
	for round := range rounds {
		for i := range sets {
			if round < sets[i].repeat {
				if err := w.once(&sets[i]); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// once sends every address of a set, unless they were given up meanwhile.
func (w *announcer) once(a *announcement) error {
	if err := w.open(&a.link); err != nil {
		return err
	}
	router := slices.ContainsFunc(a.addrs, netip.Addr.Is6) && forwards(a.link.Name)
	for _, addr := range a.addrs {
		if !a.alive.Load() {
			return nil
		}
		frame, gap, err := w.frame(a, addr, router)
		if err != nil {
			return err
		}
		if _, err := w.conn.WriteTo(frame, &packet.Addr{HardwareAddr: frame[:6]}); err != nil {
			return err
		}
		if gap > 0 {
			time.Sleep(gap)
		}
	}
	return nil
}

// frame builds the packet of one address, and says how long the next must wait.
func (w *announcer) frame(a *announcement, addr netip.Addr, router bool) ([]byte, time.Duration, error) {
	if addr.Is6() {
		return naFrame(a.link.MAC, addr, router), w.na, nil
	}
	b, err := garpFrame(a.link.MAC, addr)
	return b, w.garp, err
}

func (w *announcer) open(l *netstate.Link) error {
	if w.conn != nil && w.index == l.Index {
		return nil
	}
	if w.conn != nil {
		w.conn.Close()
		w.conn = nil
	}
	// Protocol 0: this socket receives nothing.
	c, err := packet.Listen(&net.Interface{Index: l.Index, Name: l.Name, HardwareAddr: l.MAC[:]}, packet.Raw, 0, nil)
	if err != nil {
		return err
	}
	w.conn, w.index = c, l.Index
	return nil
}

// forwards says whether this host is an IPv6 router on the interface.
func forwards(iface string) bool {
	b, err := os.ReadFile("/proc/sys/net/ipv6/conf/" + iface + "/forwarding")
	return err == nil && strings.TrimSpace(string(b)) != "0"
}

var broadcast = net.HardwareAddr{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}

// garpFrame is an Ethernet frame with an ARP request for one's own address (RFC 5227 section 3).
func garpFrame(mac [6]byte, addr netip.Addr) ([]byte, error) {
	p, err := arp.NewPacket(arp.OperationRequest, mac[:], addr, broadcast, addr)
	if err != nil {
		return nil, fmt.Errorf("gratuitous ARP for %v: %w", addr, err)
	}
	b, err := p.MarshalBinary()
	if err != nil {
		return nil, fmt.Errorf("gratuitous ARP for %v: %w", addr, err)
	}
	return append(ethernet(broadcast, mac, unix.ETH_P_ARP), b...), nil
}

func ethernet(dst net.HardwareAddr, src [6]byte, kind uint16) []byte {
	b := make([]byte, 0, 128)
	b = append(b, dst...)
	b = append(b, src[:]...)
	return binary.BigEndian.AppendUint16(b, kind)
}

// Neighbour advertisement (RFC 4861 section 4.4).
const (
	icmp6             = 58
	naType            = 136
	naRouter          = 0x80
	naOverride        = 0x20
	naLen             = 32
	targetLinkAddress = 2
)

// naFrame is an unsolicited neighbour advertisement of an address to all nodes.
func naFrame(mac [6]byte, addr netip.Addr, router bool) []byte {
	all := netip.MustParseAddr("ff02::1")
	b := ethernet(net.HardwareAddr{0x33, 0x33, 0, 0, 0, 1}, mac, unix.ETH_P_IPV6)
	b = append(b, 0x60, 0, 0, 0, 0, naLen, icmp6, 255)
	b = append(b, addr.AsSlice()...)
	b = append(b, all.AsSlice()...)
	start := len(b)
	flags := byte(naOverride)
	if router {
		flags |= naRouter
	}
	b = append(b, naType, 0, 0, 0, flags, 0, 0, 0)
	b = append(b, addr.AsSlice()...)
	b = append(b, targetLinkAddress, 1)
	b = append(b, mac[:]...)
	binary.BigEndian.PutUint16(b[start+2:], checksumOf(icmp6, b[start:], pseudo{src: addr, dst: all}))
	return b
}
