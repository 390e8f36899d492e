package ipvs

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"

	"golang.org/x/sys/unix"
)

// View looks for services that somebody else has changed. IPVS tells nobody of
// a change, so this is done again and again and must cost little: the text of
// /proc/net/ip_vs, without counters, is made in a fraction of the time of a
// dump over netlink. What the text does not show (thresholds, tunnels, flags of
// schedulers, fwmark families) is read over netlink, some services at a time.
type View struct {
	client *Client
	proc   *os.File
	counts *os.File // the same text, for Connections
	buf    []byte
	state  map[ServiceKey]*watched
	order  []ServiceKey
	turn   int     // of order: where the thorough look goes on
	at     uint64  // version of what is wanted
	moved  bool    // the places must be read again
	dump   Service // memory of the thorough look
}

// Wanted is what the services should be. Services that are not in it are
// nobody's business. A changed table has another version.
type Wanted struct {
	Version  uint64
	Services map[ServiceKey]*Service
}

// watched is what is known of a wanted service.
type watched struct {
	want     *Service
	brief    uint64 // sum over the destinations of what the text shows
	complete uint64 // sum over the destinations of everything
	seen     bool   // in the text, this time
	place    int    // in the kernel's order, when that was read last
	suspect  bool
}

// thoroughDests is how many destinations a look reads over netlink (a millisecond).
const thoroughDests = 400

// OpenView opens a view of the network namespace of the calling thread.
func OpenView(options ...Option) (*View, error) {
	c, err := Dial(options...)
	if err != nil {
		return nil, err
	}
	const text = "/proc/thread-self/net/ip_vs"
	f, err := os.Open(text)
	if err != nil {
		c.Close()
		return nil, fmt.Errorf("look at the IPVS table: %w", err)
	}
	again, err := os.Open(text)
	if err != nil {
		f.Close()
		c.Close()
		return nil, fmt.Errorf("look at the IPVS table: %w", err)
	}
	return &View{client: c, proc: f, counts: again, buf: make([]byte, 64<<10), state: map[ServiceKey]*watched{}}, nil
}

// Close releases the view.
func (v *View) Close() error { return errors.Join(v.client.Close(), v.proc.Close(), v.counts.Close()) }

// Suspects lists services that are not as they should be. A change of our own
// that happens meanwhile makes a suspect too.
func (v *View) Suspects(want Wanted) ([]ServiceKey, error) {
	v.learn(want)
	for _, w := range v.state {
		w.seen, w.suspect = false, false
	}
	if v.moved {
		if err := v.readPlaces(); err != nil {
			return nil, err
		}
	}
	if err := v.readText(); err != nil {
		return nil, err
	}
	if err := v.readThoroughly(); err != nil {
		return nil, err
	}
	var list []ServiceKey
	for _, k := range v.order {
		if v.state[k].suspect {
			list = append(list, k)
		}
	}
	slices.SortStableFunc(list, func(a, b ServiceKey) int { return cmp.Compare(v.state[b].place, v.state[a].place) })
	v.moved = v.moved || len(list) > 0
	return list, nil
}

// readPlaces learns in which order the kernel goes through its services. When
// it has emptied its table it keeps the servers for two minutes, and looks
// through all of them for each one that is added. It finds first what it has
// deleted last; so that is what should be put back first.
func (v *View) readPlaces() error {
	v.moved = false
	place := 0
	return v.client.dump(cmdGetService, nil, func(b []byte) error {
		s, err := decodeService(b)
		if w := v.state[s.ServiceKey]; w != nil {
			place++
			w.place = place
		}
		return err
	})
}

// learn takes a new version of what is wanted.
func (v *View) learn(want Wanted) {
	if want.Version == v.at {
		return
	}
	v.at, v.moved = want.Version, true
	for k := range v.state {
		if want.Services[k] == nil {
			delete(v.state, k)
		}
	}
	for k, s := range want.Services {
		if w := v.state[k]; w == nil || w.want != s {
			was := w
			w = &watched{want: s}
			if was != nil {
				w.place = was.place
			}
			for i := range s.Dests {
				w.brief += s.Dests[i].brief()
				w.complete += s.Dests[i].complete()
			}
			v.state[k] = w
		}
	}
	v.order = v.order[:0]
	for k := range v.state {
		v.order = append(v.order, k)
	}
	slices.SortFunc(v.order, ServiceKey.Compare)
}

// readText compares with /proc/net/ip_vs.
func (v *View) readText() error {
	if _, err := v.proc.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("look at the IPVS table: %w", err)
	}
	t := textReader{find: func(k ServiceKey) *watched { return v.state[k] }}
	rest := 0 // bytes of an incomplete line
	for {
		n, err := v.proc.Read(v.buf[rest:])
		if n == 0 || err != nil {
			t.endService()
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return err
		}
		b := v.buf[:rest+n]
		for {
			line, after, found := bytes.Cut(b, []byte{'\n'})
			if !found {
				break
			}
			t.line(line)
			b = after
		}
		if rest = copy(v.buf, b); rest == len(v.buf) {
			rest = 0 // no line is that long
		}
	}
}

// readThoroughly asks the kernel for what the text does not show as it should
// be (it leaves out services while other namespaces have some, and the family
// of fwmarks always), and for the next ones of the others.
func (v *View) readThoroughly() error {
	for _, k := range v.order {
		if w := v.state[k]; w.suspect || !w.seen {
			if err := v.compare(w); err != nil {
				return err
			}
		}
	}
	for done, n := 0, 0; done < thoroughDests && n < len(v.order); n++ {
		v.turn = (v.turn + 1) % len(v.order)
		w := v.state[v.order[v.turn]]
		if w.suspect || !w.seen {
			continue
		}
		if err := v.compare(w); err != nil {
			return err
		}
		done += len(w.want.Dests) + 1
	}
	return nil
}

func (v *View) compare(w *watched) error {
	s, err := v.client.settings(w.want.ServiceKey)
	if errors.Is(err, unix.ESRCH) {
		w.suspect = true
		return nil
	}
	if err != nil {
		return err
	}
	s.Dests = v.dump.Dests
	if err := v.client.destinations(&s); err != nil {
		return err
	}
	v.dump = s
	sum := uint64(0)
	for i := range s.Dests {
		sum += s.Dests[i].complete()
	}
	w.suspect = !s.sameSettings(w.want) || len(s.Dests) != len(w.want.Dests) || sum != w.complete
	return nil
}

// textReader goes through the lines of /proc/net/ip_vs.
type textReader struct {
	find    func(ServiceKey) *watched
	current *watched
	dests   int
	sum     uint64
}

func (t *textReader) line(b []byte) {
	if rest, ok := bytes.CutPrefix(b, []byte("  -> ")); ok {
		if t.current == nil {
			return // a service that is not ours, or the title
		}
		d, ok := destLine(rest)
		if !ok {
			t.current.suspect = true
			return
		}
		t.dests++
		t.sum += d.brief()
		return
	}
	t.endService()
	k, rest, ok := serviceLine(b)
	if !ok {
		return
	}
	if t.current = t.find(k); t.current != nil {
		t.current.seen = true
		t.current.suspect = !sameHead(rest, t.current.want)
	}
}

func (t *textReader) endService() {
	if w := t.current; w != nil && (t.dests != len(w.want.Dests) || t.sum != w.brief) {
		w.suspect = true
	}
	t.current, t.dests, t.sum = nil, 0, 0
}

// serviceLine reads "TCP  0A000001:0050 wrr ..."; what follows the address is the rest.
func serviceLine(b []byte) (k ServiceKey, rest []byte, ok bool) {
	proto, b, _ := bytes.Cut(b, []byte("  "))
	switch string(proto) {
	case "TCP":
		k.Protocol = unix.IPPROTO_TCP
	case "UDP":
		k.Protocol = unix.IPPROTO_UDP
	case "SCTP":
		k.Protocol = unix.IPPROTO_SCTP
	default:
		return k, nil, false
	}
	if k.Addr, k.Port, rest, ok = hexEndpoint(b); !ok {
		return k, nil, false
	}
	k.IPv6 = k.Addr.Is6()
	return k, rest, true
}

// sameHead compares " wrr ops persistent 300 FFFFFFFF". IPv6 services do not
// show their one-packet flag, and their prefix length unlike others.
func sameHead(b []byte, want *Service) bool {
	scheduler, b := word(b)
	var seen Service
	w, b := word(b)
	if string(w) == "ops" {
		seen.Flags |= FlagOnePacket
		w, b = word(b)
	}
	mask := []byte(nil)
	if string(w) == "persistent" {
		seen.Flags |= FlagPersistent
		w, b = word(b)
		seen.Timeout = decimal(w)
		mask, _ = word(b)
	}
	shown := uint32(FlagPersistent | FlagOnePacket)
	if want.IPv6 {
		shown = FlagPersistent
	}
	if string(scheduler) != want.Scheduler || (seen.Flags^want.Flags)&shown != 0 {
		return false
	}
	if mask == nil {
		return true
	}
	n, ok := hexNumber(mask)
	return seen.Timeout == want.Timeout && (want.IPv6 || ok && uint32(n) == want.Netmask)
}

// destLine reads "0A000001:0050      Masq    1      0          0".
func destLine(b []byte) (d Destination, ok bool) {
	if d.Addr, d.Port, b, ok = hexEndpoint(b); !ok {
		return d, false
	}
	method, b := word(b)
	switch string(method) {
	case "Masq":
		d.Method = Masquerade
	case "Local":
		d.Method = LocalNode
	case "Tunnel":
		d.Method = Tunnel
	case "Route":
		d.Method = DirectRoute
	default:
		return d, false
	}
	weight, _ := word(b)
	n, err := strconv.ParseInt(string(weight), 10, 32)
	d.Weight = int32(n)
	return d, err == nil
}
