package engine

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

	"halbd/internal/inetsum"
	"halbd/netstate"
)

// announcement is one set of gratuitous ARPs and unsolicited NAs.
type announcement struct {
	link   netstate.Link
	base   string // the interface under a VMAC, or the link itself: it has the pace
	addrs  []netip.Addr
	repeat int
	alive  *atomic.Bool // false: the addresses were given up meanwhile
	pacer  *pacer
}

// announcer sends the announcements of one family on one interface from a
// goroutine of its own, so that a long burst delays no advert, and the pace of
// one family not the other.
type announcer struct {
	jobs     chan *announcement
	done     chan struct{}
	quit     <-chan struct{} // closed: wait for nothing any more
	conn     *packet.Conn
	index    int
	complain func(error)
}

// announcerQueue is far more sets than an interface can have waiting; beyond
// it a set is dropped and said so.
const announcerQueue = 8192

// announcers has an announcer for each interface and family. One goroutine uses it.
type announcers struct {
	byLink   map[announcerKey]*announcer
	paces    paces
	pacers   map[string]*pacer // by base interface
	quit     chan struct{}
	complain func(error)
}

type announcerKey struct {
	iface string
	v6    bool
}

func newAnnouncers(complain func(error)) *announcers {
	return &announcers{byLink: map[announcerKey]*announcer{}, pacers: map[string]*pacer{}, quit: make(chan struct{}), complain: complain}
}

// pace sets the gaps between the packets that are queued from now on.
func (s *announcers) pace(p paces) { s.paces, s.pacers = p, map[string]*pacer{} }

// send queues a set. It never blocks.
func (s *announcers) send(a announcement) {
	if !a.link.Ether {
		return // nobody on that link has a table to correct
	}
	a.pacer = s.paces.find(s.pacers, a.base)
	all := a.addrs
	for _, v6 := range []bool{false, true} {
		a.addrs = make([]netip.Addr, 0, len(all))
		for _, addr := range all {
			if addr.Is6() == v6 {
				a.addrs = append(a.addrs, addr)
			}
		}
		if len(a.addrs) > 0 {
			s.queue(announcerKey{a.link.Name, v6}, a)
		}
	}
}

func (s *announcers) queue(k announcerKey, a announcement) {
	w := s.byLink[k]
	if w == nil {
		w = &announcer{jobs: make(chan *announcement, announcerQueue), done: make(chan struct{}), quit: s.quit, complain: s.complain}
		s.byLink[k] = w
		go w.run()
	}
	select {
	case w.jobs <- &a:
	default:
		s.complain(fmt.Errorf("announcements on %s: the queue is full", a.link.Name))
	}
}

// close waits for what is being sent, but not for the time of the next.
func (s *announcers) close() {
	close(s.quit)
	for _, w := range s.byLink {
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
func (w *announcer) waiting(first *announcement) []*announcement {
	sets := []*announcement{first}
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
func (w *announcer) burst(sets []*announcement) error {
	rounds := 0
	for i := range sets {
		rounds = max(rounds, sets[i].repeat)
	}
	for round := range rounds {
		for i := range sets {
			if round < sets[i].repeat {
				if err := w.once(sets[i]); err != nil {
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
		if !a.alive.Load() || !w.pause(a, addr) || !a.alive.Load() {
			return nil
		}
		frame, err := w.frame(a, addr, router)
		if err != nil {
			return err
		}
		if _, err := w.conn.WriteTo(frame, &packet.Addr{HardwareAddr: frame[:6]}); err != nil {
			return err
		}
	}
	return nil
}

// pause waits for the time of an address; false: the announcer is to end.
func (w *announcer) pause(a *announcement, addr netip.Addr) bool {
	c := &a.pacer.garp
	if addr.Is6() {
		c = &a.pacer.na
	}
	wait := c.after(time.Now())
	if wait == 0 {
		return true
	}
	t := time.NewTimer(wait)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-w.quit:
		return false
	}
}

// frame builds the packet of one address.
func (w *announcer) frame(a *announcement, addr netip.Addr, router bool) ([]byte, error) {
	if addr.Is6() {
		return naFrame(a.link.MAC, addr, router), nil
	}
	return garpFrame(a.link.MAC, addr)
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
	binary.BigEndian.PutUint16(b[start+2:], inetsum.WithPseudoHeader(icmp6, b[start:], addr, all))
	return b
}
